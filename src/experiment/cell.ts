/** One cell: load the program, optimize it, measure. Runs inside a worker process. */
import type { OptimizeOptions, OptimizeResult, Progress } from '../optimizer/types.ts';
import { UserError } from '../program/errors.ts';
import type { Program } from '../program/program.ts';
import { entryOf, loadEntry, openCorpus } from './corpus.ts';
import type { Cell } from './expand.ts';
import { outcomeOf } from './measure.ts';
import type { CellOutcome } from './result.ts';

export interface Control {
  onProgress?(p: Progress): void;
  stop?(): boolean;
}

export type Optimize = (
  program: Program,
  options: OptimizeOptions,
  control?: Control,
) => Promise<OptimizeResult>;

/** Never throws for what a program can do wrong; what it throws is a bug, and its worker says so. */
export async function runCell(cell: Cell, optimize: Optimize, control: Control = {}): Promise<CellOutcome> {
  try {
    const corpus = openCorpus(cell.program.corpus);
    const loaded = loadEntry(corpus, entryOf(corpus, cell.program.id), cell.program.variant);
    if (loaded.status !== 'ok') return { status: 'skipped', reason: `${loaded.status}: ${loaded.reason}` };
    const result = await optimize(loaded.program, cell.options, control);
    return outcomeOf(loaded.program, result, cell.options.goal);
  } catch (e) {
    if (e instanceof UserError) return { status: 'skipped', reason: e.message };
    throw e;
  }
}
