/**
 * Takes cells from a queue in Redis and runs them in worker processes, as a local run does.
 *
 *   Redis --job--> free process (pool.ts) --outcome--> Redis
 *
 * While it runs a cell it says so every few seconds; when it falls silent (killed, unplugged), another worker
 * takes the cell over.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, Worker as QueueWorker, WaitingError } from 'bullmq';
import { UserError } from '../../../base/errors.ts';
import { entryOf, loadEntry, openCorpus } from '../../corpus/corpus.ts';
import type { Cell } from '../../definition/expand.ts';
import { gatherProvenance, optimizerCode } from '../../results/provenance.ts';
import { type PoolOptions, Worker } from '../pool.ts';
import { type JobData, type JobProgress, PREFIX, type QueueJobResult, queueName } from './jobs.ts';
import { connect } from './redis.ts';

export interface ServeOptions extends Pick<PoolOptions, 'optimizer' | 'grace'> {
  /** Cells at a time. */
  workers: number;
  /** Seconds of silence after which a worker counts as gone. */
  lostAfter: number;
  signal: AbortSignal;
  onReady(code: string): void;
  onNote(text: string): void;
  onFinished(cell: Cell, result: QueueJobResult): void;
}

/** A cell whose workers vanish so often is not tried again: it may be what kills them. */
const MAX_VANISHED = 3;
/** Milliseconds between two words of progress. */
const PROGRESS_EVERY = 1000;

/** Ends with the signal: running cells go back to the queue. @throws UserError when there is no Redis */
export async function serveQueue(url: string, options: ServeOptions): Promise<void> {
  const { signal, lostAfter, workers } = options;
  const redis = await connect(url, options.onNote);
  const server = new QueueServer(options);
  const queue = new QueueWorker<JobData, QueueJobResult>(
    queueName(server.code),
    (job, token) => server.work(job, token),
    {
      connection: redis,
      prefix: PREFIX,
      concurrency: workers,
      lockDuration: lostAfter * 1000,
      stalledInterval: lostAfter * 500,
      maxStalledCount: MAX_VANISHED,
    },
  );
  queue.on('error', () => {}); // connect() says what is wrong with the connection
  try {
    await queue.waitUntilReady();
    options.onReady(server.code);
    if (!signal.aborted) await new Promise((done) => signal.addEventListener('abort', done, { once: true }));
    server.close();
    // Without a connection there is nobody to give the cells back to: the silence will tell.
    await Promise.race([queue.close(), sleep(3000, undefined, { ref: false })]);
  } finally {
    server.close();
    redis.disconnect();
  }
}

interface Process {
  worker: Worker;
  /** Its limits. */
  budget: string;
}

class QueueServer {
  readonly code = optimizerCode();
  readonly #options: ServeOptions;
  readonly #provenance = gatherProvenance(this.code);
  readonly #free: Process[] = [];
  readonly #busy = new Set<Process>();

  constructor(options: ServeOptions) {
    this.#options = options;
  }

  async work(job: Job<JobData, QueueJobResult>, token: string | undefined): Promise<QueueJobResult> {
    const { signal, onFinished } = this.#options;
    const { cell, budget, isThere } = job.data;
    const start = performance.now();
    const problem = isThere ? whyNotHere(cell) : undefined;
    const process = this.#take(budget);
    let last = 0;
    const onProgress = ({ step, steps, slots }: JobProgress): void => {
      const now = performance.now();
      if (now - last < PROGRESS_EVERY) return;
      last = now;
      job.updateProgress({ step, steps, slots }).catch(() => {});
    };
    const worked =
      problem === undefined
        ? await process.worker.run(cell, onProgress)
        : { outcome: { status: 'failed' as const, reason: problem } };
    this.#busy.delete(process);
    this.#free.push(process);
    if (signal.aborted) {
      await job.moveToWait(token);
      throw new WaitingError();
    }
    const seconds = (performance.now() - start) / 1000;
    const result = { ...worked, seconds, provenance: this.#provenance };
    onFinished(cell, result);
    return result;
  }

  /** Kills what runs. */
  close(): void {
    for (const { worker } of [...this.#free, ...this.#busy]) worker.close();
  }

  #take({ cellSeconds: seconds, memoryMb }: JobData['budget']): Process {
    const { optimizer, grace } = this.#options;
    const budget = JSON.stringify([seconds, memoryMb]);
    let process = this.#free.pop();
    if (process?.budget !== budget) {
      process?.worker.close();
      const more = {
        ...(optimizer === undefined ? {} : { optimizer }),
        ...(grace === undefined ? {} : { grace }),
      };
      process = { budget, worker: new Worker({ seconds, memoryMb, ...more }) };
    }
    this.#busy.add(process);
    return process;
  }
}

/** Why a program that is there for whoever asks is not there for us. */
function whyNotHere({ program: { corpus, id, variant } }: Cell): string | undefined {
  const where = 'the worker does not have the program';
  try {
    const opened = openCorpus(corpus);
    const loaded = loadEntry(opened, entryOf(opened, id), variant);
    return loaded.status === 'ok' ? undefined : `${where}: ${loaded.reason}`;
  } catch (e) {
    if (e instanceof UserError) return `${where}: ${e.message}`;
    throw e;
  }
}
