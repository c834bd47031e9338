/** The folder with the K2 paper's programs and figures, beside the repository or where K2_SHARED says. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HookName } from '../../src/program/tables/hook-types.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const SHARED = join(root, process.env.K2_SHARED ?? '../shared');
const CORPUS = join(SHARED, 'corpora', 'k2-paper');

interface Entry {
  id: number;
  name: string;
  programType: HookName;
  files: Record<string, string>;
}

/** Undefined when the folder is not there: tests then skip. */
export const K2_PAPER: readonly Entry[] | undefined = existsSync(join(CORPUS, 'manifest.json'))
  ? (JSON.parse(readFileSync(join(CORPUS, 'manifest.json'), 'utf8')) as Entry[])
  : undefined;

export const corpusFile = (name: string): string => join(CORPUS, name);

/** Slots of each program at -O2, by the number of the program: table 1 of the paper. */
export function paperSlots(): Map<number, number> {
  const facts = JSON.parse(readFileSync(join(SHARED, 'facts', 'k2-paper.json'), 'utf8')) as {
    table1_columns: string[];
    table1: (number | string | null)[][];
  };
  const column = facts.table1_columns.indexOf('O2O3');
  return new Map(facts.table1.map((row) => [Number(row[0]), Number(row[column])]));
}
