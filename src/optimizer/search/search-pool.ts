/**
 * Windows searched on several threads, with the result that one thread would have had.
 *
 *   wanted task, and those that follow if it finds nothing --first come, first served--> threads --> results
 *     kept until wanted
 *
 * Most windows give nothing. So while one is searched, its successors already are, on the assumption that the
 * program will still be the same. Where it is not, their results are thrown away: only time depends on the
 * number of threads.
 */
import { Worker } from 'node:worker_threads';
import type { Program } from '../../program/program.ts';
import type { OptimizeOptions } from '../types.ts';
import type { Searcher } from './searcher.ts';
import type { WindowResult, WindowTask } from './window-search.ts';

/** What every task of a program has in common. */
export interface SearchSetup {
  original: Program;
  options: OptimizeOptions;
}

/** A task; setup, program and objections only when they are others than in the last message. */
export type SearchRequest = Omit<WindowTask, 'program' | 'objected'> &
  Partial<Pick<WindowTask, 'program' | 'objected'>> & { setup?: SearchSetup };

export type SearchResponse =
  | { kind: 'result'; result: WindowResult }
  | { kind: 'bug'; message: string; stack: string };

/** Tasks that may wait for a thread or to be wanted, per thread: a slow one must not keep the others idle. */
const AHEAD = 4;
/** Milliseconds between two looks at whether the search shall end. */
const POLL = 50;

interface WindowJob {
  task: WindowTask;
  state: 'waiting' | 'running' | 'done';
  result: Promise<WindowResult>;
  resolve(result: WindowResult): void;
  reject(error: Error): void;
}

interface Thread {
  worker: Worker;
  /** Shared with it: other than 0 ends the search of the window at hand. */
  cancel: Int32Array;
  /** What it was sent last. */
  setup?: SearchSetup;
  program?: Program;
  objected?: ReadonlySet<string>;
  job?: WindowJob;
}

/**
 * Threads that search windows, of one program after the other: starting one takes as long as searching some
 * windows.
 */
export class SearchThreads {
  readonly all: readonly Thread[];

  constructor(count: number) {
    this.all = Array.from({ length: count }, () => {
      const cancel = new SharedArrayBuffer(4);
      const url = new URL('./search-worker.js', import.meta.url);
      return {
        worker: new Worker(url, { workerData: cancel, stdout: true }),
        cancel: new Int32Array(cancel),
      };
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map(({ worker }) => worker.terminate()));
  }
}

/** The searcher of one program, on threads that nobody else uses meanwhile. */
export class SearchPool implements Searcher {
  private readonly setup: SearchSetup;
  private readonly threads: readonly Thread[];
  private readonly stop: () => boolean;
  private readonly listening: readonly (() => void)[];
  /** In the order in which they are wanted. */
  private jobs: WindowJob[] = [];
  private failure: Error | undefined;

  constructor(original: Program, options: OptimizeOptions, threads: SearchThreads, stop: () => boolean) {
    this.setup = { original, options };
    this.threads = threads.all;
    this.stop = stop;
    this.listening = this.threads.map((thread) => this.listen(thread));
  }

  async search(task: WindowTask, ahead: () => Iterable<WindowTask>): Promise<WindowResult> {
    const wanted = [task];
    for (const next of ahead()) {
      if (wanted.length >= AHEAD * this.threads.length) break;
      wanted.push(next);
    }
    this.jobs = wanted.map((t) => this.jobs.find((job) => isSame(job.task, t)) ?? newJob(t));
    this.cancelUnwanted();
    this.dispatch();
    const timer = setInterval(() => {
      if (this.stop()) for (const { cancel } of this.threads) Atomics.store(cancel, 0, 1);
    }, POLL);
    try {
      if (this.failure !== undefined) throw this.failure;
      return await this.jobs[0]!.result;
    } finally {
      clearInterval(timer);
    }
  }

  /** Waits for what still runs, so that the threads are free. */
  async close(): Promise<void> {
    this.jobs = [];
    this.cancelUnwanted();
    await Promise.allSettled(this.threads.map(({ job }) => job?.result));
    for (const deafen of this.listening) deafen();
  }

  private listen(thread: Thread): () => void {
    const onMessage = (m: SearchResponse): void => {
      if (m.kind === 'bug') this.fail(Object.assign(new Error(m.message), { stack: m.stack }));
      else this.finish(thread, m.result);
    };
    const onError = (e: Error): void => this.fail(e);
    const onExit = (code: number): void => this.fail(new Error(`a search thread ended with code ${code}`));
    const { worker } = thread;
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    // Not all listeners: a worker without its own ones delivers no messages any more.
    return () => worker.off('message', onMessage).off('error', onError).off('exit', onExit);
  }

  private cancelUnwanted(): void {
    for (const { job, cancel } of this.threads)
      if (job !== undefined && !this.jobs.includes(job)) Atomics.store(cancel, 0, 1);
  }

  private dispatch(): void {
    for (const thread of this.threads) {
      if (thread.job !== undefined) continue;
      const job = this.jobs.find((j) => j.state === 'waiting');
      if (job === undefined) return;
      job.state = 'running';
      thread.job = job;
      Atomics.store(thread.cancel, 0, 0);
      const { program, objected, ...rest } = job.task;
      const request: SearchRequest = rest;
      if (thread.setup !== this.setup) request.setup = thread.setup = this.setup;
      if (thread.program !== program) [thread.program, request.program] = [program, withoutBtf(program)];
      if (thread.objected !== objected) request.objected = thread.objected = objected;
      thread.worker.postMessage(request);
    }
  }

  private finish(thread: Thread, result: WindowResult): void {
    const { job } = thread;
    thread.job = undefined;
    if (job !== undefined) {
      job.state = 'done';
      job.resolve(result);
    }
    this.dispatch();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const job of this.jobs) job.reject(error);
    for (const { job } of this.threads) job?.reject(error);
  }
}

/** A thread has it from the setup. */
function withoutBtf({ btf: _, ...program }: Program): Program {
  return program;
}

function newJob(task: WindowTask): WindowJob {
  let resolve: WindowJob['resolve'] = () => {};
  let reject: WindowJob['reject'] = () => {};
  const result = new Promise<WindowResult>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // Those that nobody waits for yet must not end the process.
  result.catch(() => {});
  return { task, state: 'waiting', result, resolve, reject };
}

function isSame(a: WindowTask, b: WindowTask): boolean {
  return (
    a.program === b.program &&
    a.objected === b.objected &&
    a.steps === b.steps &&
    a.window.start === b.window.start &&
    a.window.end === b.window.end &&
    a.stream.length === b.stream.length &&
    a.stream.every((part, n) => part === b.stream[n]) &&
    a.pooled.length === b.pooled.length &&
    a.pooled.every((p, n) => p === b.pooled[n])
  );
}
