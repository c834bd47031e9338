/**
 * Named baselines: `<folder>/<name>/` holds a result store without what a comparison does not need (listings,
 * rewrites) and without paths, small enough to be committed.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../base/errors.ts';
import { writeWhole } from '../../base/files.ts';
import { hintFor } from '../../base/text.ts';
import type { Definition } from '../definition/definition.ts';
import { publicRows, withoutInstructions } from './publish.ts';
import type { Row } from './result.ts';
import { currentRows, readRows, readStoredDefinition, writeDefinition } from './store.ts';

/** Where baselines are, relative to the working directory. */
export const BASELINES = 'baselines';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

export interface BaselineInfo {
  name: string;
  experiment: string;
  rows: number;
  code: string;
  date: string;
}

export interface StoredResults {
  folder: string;
  rows: Row[];
  definition: Definition;
  warnings: string[];
}

/** The rows of a result folder that its definition wants. @throws UserError */
export function readResults(folder: string): StoredResults {
  const { keys, definition } = readStoredDefinition(folder);
  const { rows, warnings } = readRows(folder);
  return { folder, rows: currentRows(rows, keys), definition, warnings };
}

/** A result folder, or the name of a baseline. @throws UserError when it is neither */
export function resolveResults(word: string, baselines = BASELINES): StoredResults {
  if (existsSync(join(word, 'definition.json'))) return readResults(word);
  const folder = join(baselines, word);
  if (NAME.test(word) && existsSync(join(folder, 'definition.json'))) return readResults(folder);
  const names = listBaselines(baselines).map((b) => b.name);
  throw new UserError(
    `'${word}' is neither a folder with results nor a baseline.`,
    '',
    names.length === 0
      ? `There are no baselines in ${baselines} yet: k2 baseline save NAME RESULTS.`
      : hintFor(word, names) || 'See k2 baseline list.',
  );
}

/** Replaces a baseline of the same name. @throws UserError when there is nothing to save */
export function saveBaseline(name: string, results: string, baselines = BASELINES): BaselineInfo {
  if (!NAME.test(name))
    throw new UserError(`'${name}' cannot be a name.`, '', 'Use letters, digits, . _ and -.');
  const stored = readStoredDefinition(results);
  const { rows } = readResults(results);
  if (rows.length === 0)
    throw new UserError('there are no current rows to save.', results, 'Run it first: k2 run');
  const folder = join(baselines, name);
  writeWhole(
    join(folder, 'cells.jsonl'),
    publicRows(rows)
      .map((r) => `${JSON.stringify(withoutInstructions(r))}\n`)
      .join(''),
  );
  writeDefinition(folder, { ...stored, keys: rows.map((r) => r.key) });
  return infoOf(name, folder);
}

export function listBaselines(baselines = BASELINES): BaselineInfo[] {
  if (!existsSync(baselines)) return [];
  return readdirSync(baselines, { withFileTypes: true })
    .filter((e) => e.isDirectory() && existsSync(join(baselines, e.name, 'definition.json')))
    .map((e) => infoOf(e.name, join(baselines, e.name)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function infoOf(name: string, folder: string): BaselineInfo {
  const { definition } = readStoredDefinition(folder);
  const { rows } = readResults(folder);
  const last = rows.toSorted((a, b) => (a.date < b.date ? -1 : 1)).at(-1);
  return {
    name,
    experiment: definition.name,
    rows: rows.length,
    code: last?.provenance.code ?? '',
    date: last?.date ?? '',
  };
}
