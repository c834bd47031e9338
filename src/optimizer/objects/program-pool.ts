/**
 * The programs of a file, each in a thread of its own, several at a time.
 *
 *   programs --first come, first served--> threads --> outcomes, in the order of the programs
 *
 * A program's result depends on nothing but the program and the options, so the number of threads decides the
 * time only. When the search is to stop, threads that have not answered after a while are ended, and their
 * programs have no result.
 */
import { Worker } from 'node:worker_threads';
import { UserError } from '../../base/errors.ts';
import type { Program } from '../../program/program.ts';
import type { OptimizeControl } from '../pipeline.ts';
import type { OptimizeOptions, Progress } from '../types.ts';
import { NOT_BEGUN, NOT_FINISHED, type ProgramOutcome } from './optimize-one.ts';

/** What all programs of a thread have in common. */
export interface ProgramSetup {
  options: OptimizeOptions;
  pareto: boolean;
  proofs: boolean;
  /** Threads that search windows. */
  workers: number;
  /** Shared: other than 0 ends the search. */
  stop: SharedArrayBuffer;
}

export type ProgramMessage =
  | { kind: 'progress'; progress: Progress }
  | { kind: 'outcome'; outcome: ProgramOutcome }
  | { kind: 'user-error'; message: string };

/** Milliseconds between two looks at whether to stop, and until threads are ended that have not. */
const POLL = 50;
const GRACE = 2000;
/** MiB for young objects of a thread: an analysis makes many that live as long as it takes. */
const YOUNG_MIB = 64;

export async function optimizePrograms(
  programs: readonly Program[],
  task: Pick<ProgramSetup, 'options' | 'pareto'>,
  control: OptimizeControl,
): Promise<ProgramOutcome[]> {
  const outcomes = programs.map(() => NOT_BEGUN);
  const stop = new SharedArrayBuffer(4);
  const flag = new Int32Array(stop);
  const lanes = new Set<Lane>();
  let next = 0;
  const { workers = 1, proofs = false } = control;
  const threads = Math.max(1, Math.min(workers, programs.length));
  // What is left of the threads searches windows.
  const searchers = Math.max(1, Math.floor(workers / threads));
  const setup: ProgramSetup = { ...task, proofs, workers: searchers, stop };
  const isStopped = (): boolean => Atomics.load(flag, 0) !== 0 || control.stop?.() === true;
  let grace: NodeJS.Timeout | undefined;
  const watch = setInterval(() => {
    if (grace !== undefined || !isStopped()) return;
    Atomics.store(flag, 0, 1);
    grace = setTimeout(() => {
      for (const lane of lanes) lane.end();
    }, control.grace ?? GRACE);
  }, POLL);
  const work = async (): Promise<void> => {
    let lane: Lane | undefined;
    while (next < programs.length && !isStopped()) {
      const n = next++;
      if (lane?.isAlive !== true) lanes.add((lane = new Lane(setup, control)));
      outcomes[n] = await lane.optimize(programs[n]!);
    }
  };
  try {
    await Promise.all(Array.from({ length: threads }, work));
  } finally {
    clearInterval(watch);
    clearTimeout(grace);
    await Promise.all([...lanes].map((lane) => lane.close()));
  }
  return outcomes;
}

/** One thread, which optimizes one program after the other. */
class Lane {
  isAlive = true;
  private readonly worker: Worker;
  private resolve: (outcome: ProgramOutcome) => void = () => {};
  private reject: (error: Error) => void = () => {};

  constructor(setup: ProgramSetup, control: OptimizeControl) {
    this.worker = new Worker(new URL('./program-worker.js', import.meta.url), {
      workerData: setup,
      stdout: true,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
    });
    this.worker.on('message', (m: ProgramMessage) => {
      if (m.kind === 'progress') control.onProgress?.(m.progress);
      else if (m.kind === 'outcome') this.resolve(m.outcome);
      else this.reject(new UserError(m.message));
    });
    const fail = (what: string): void => {
      this.isAlive = false;
      this.resolve({ status: 'skipped', reason: `internal error: ${what}` });
    };
    this.worker.on('error', (e) => fail(e.message));
    this.worker.on('exit', (code) => fail(`its thread ended with code ${code}`));
  }

  optimize(program: Program): Promise<ProgramOutcome> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      this.worker.postMessage(program);
    });
  }

  /** Gives up the program at hand. */
  end(): void {
    this.isAlive = false;
    this.resolve(NOT_FINISHED);
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }
}
