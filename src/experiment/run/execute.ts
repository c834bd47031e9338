/** Who runs cells: processes of this machine (local.ts), or workers anywhere (queue/). */
import type { Definition } from '../definition/definition.ts';
import type { Cell } from '../definition/expand.ts';
import type { Provenance } from '../results/provenance.ts';
import type { Worked } from './pool.ts';

/** What a cell came to, and where. */
export interface Finished extends Worked {
  /** Wall clock. */
  seconds: number;
  provenance: Provenance;
}

export interface Work {
  cells: readonly Cell[];
  budget: Definition['budget'];
  /** Of the optimizer's code, see provenance.ts: nobody else's results will do. */
  code: string;
  /** Ends the work; cells without a result by then are still to do. */
  signal?: AbortSignal | undefined;
  onProgress(cell: Cell, step: number, steps: number, slots: number): void;
  /** The result is on the disk when it returns. May throw, which ends the work. */
  onFinished(cell: Cell, finished: Finished): void;
  /** Something to tell whoever waits. */
  onNote(text: string): void;
}

/** Ends when every cell is finished, or with the signal. */
export type Execute = (work: Work) => Promise<void>;
