/**
 * The result store: `results/<experiment>/cells.jsonl`, one line per cell, appended and never rewritten.
 *
 * A line is written with one call and flushed; whatever a power cut leaves of it is one damaged line at the
 * end, which the next reader reports and skips, and the next writer fences off with a newline.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../base/errors.ts';
import { asUserError, makeFolder, readText, writeWhole } from '../../base/files.ts';
import type { Definition } from '../definition/definition.ts';
import { parseRow, type Row } from './result.ts';

export interface StoredRows {
  rows: Row[];
  /** One sentence per line that was skipped. */
  warnings: string[];
}

const CELLS = 'cells.jsonl';
const DEFINITION = 'definition.json';

/** All rows, oldest first. A file that is not there has none. */
export function readRows(folder: string): StoredRows {
  const file = join(folder, CELLS);
  // A device has no rows, and reading one may never end.
  if (!existsSync(file) || !statSync(file).isFile()) return { rows: [], warnings: [] };
  const rows: Row[] = [];
  const warnings: string[] = [];
  for (const [index, line] of readText(file).split('\n').entries()) {
    if (line === '') continue;
    const parsed = parseRow(line);
    if (parsed.ok) rows.push(parsed.row);
    else warnings.push(`${file}, line ${index + 1}: ${parsed.reason}; the line is skipped`);
  }
  return { rows, warnings };
}

/** What the rows were made for: the definition of the last run. */
export interface StoredDefinition {
  definition: Definition;
  hash: string;
  /** Keys of the cells, in order. */
  keys: string[];
}

/** @throws UserError */
export function writeDefinition(folder: string, stored: StoredDefinition): void {
  writeWhole(join(folder, DEFINITION), `${JSON.stringify(stored, null, 2)}\n`);
}

/** @throws UserError when the folder holds no results */
export function readStoredDefinition(folder: string): StoredDefinition {
  const file = join(folder, DEFINITION);
  if (!existsSync(file))
    throw new UserError('there are no results here.', folder, 'Run an experiment first: k2 run FILE');
  try {
    return JSON.parse(readText(file)) as StoredDefinition;
  } catch (e) {
    if (e instanceof SyntaxError) throw new UserError('this is no JSON.', file, 'Run the experiment again.');
    throw e;
  }
}

/** The definition of earlier results, if any can be read. */
export function earlierDefinition(folder: string): StoredDefinition | undefined {
  try {
    return readStoredDefinition(folder);
  } catch (e) {
    if (e instanceof UserError) return undefined;
    throw e;
  }
}

/** Appends rows. Close it. */
export class RowWriter {
  readonly #file: string;
  readonly #fd: number;

  /** @throws UserError */
  constructor(folder: string) {
    makeFolder(folder);
    this.#file = join(folder, CELLS);
    try {
      this.#fd = openSync(this.#file, 'a+');
      this.#fence();
    } catch (e) {
      asUserError(e, this.#file, 'write');
    }
  }

  /** The row is on the disk when this returns. @throws UserError; the file is then as it was before */
  append(row: Row): void {
    const { size } = fstatSync(this.#fd);
    try {
      this.#write(`${JSON.stringify(row)}\n`);
    } catch (e) {
      try {
        ftruncateSync(this.#fd, size);
      } catch {
        // A device such as /dev/full cannot be cut; readers skip what is damaged.
      }
      asUserError(e, this.#file, 'write');
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #write(text: string): void {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    if (fstatSync(this.#fd).isFile()) fsyncSync(this.#fd);
  }

  #fence(): void {
    const { size } = fstatSync(this.#fd);
    if (size === 0) return;
    const last = Buffer.alloc(1);
    readSync(this.#fd, last, 0, 1, size - 1);
    if (last[0] !== 0x0a) this.#write('\n');
  }
}

/** The last row of each key, in the order of the keys. */
export function currentRows(rows: readonly Row[], keys: readonly string[]): Row[] {
  const byKey = new Map(rows.map((r) => [r.key, r]));
  return keys.flatMap((key) => byKey.get(key) ?? []);
}
