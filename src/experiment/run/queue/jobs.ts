/** What travels through the queue. */
import type { Definition } from '../../definition/definition.ts';
import type { Cell } from '../../definition/expand.ts';
import type { Finished } from '../execute.ts';

/** Before all keys of ours in Redis. */
export const PREFIX = 'k2';

/** Workers only take cells for their own code, so that results are those of a local run. */
export function queueName(code: string): string {
  return `cells-${code}`;
}

export interface JobData {
  cell: Cell;
  budget: Definition['budget'];
  /** Whoever asks could read the program: a worker that cannot lacks a corpus. */
  isThere: boolean;
}

export type QueueJobResult = Finished;

/** Last words of a running cell. */
export interface JobProgress {
  step: number;
  steps: number;
  slots: number;
}

/** Equal cells are one job, whoever asks: a run that was killed finds its cells again. */
export function jobIdOf(cell: Cell): string {
  return `cell-${cell.key}`;
}
