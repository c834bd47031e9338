/**
 * Cells that workers anywhere take from a queue in Redis (BullMQ).
 *
 *   cells --jobs, one per key--> Redis --workers (worker.ts)--> results in Redis --polled--> rows --> jobs
 *     removed
 *
 * A result stays in Redis until its row is on the disk. Jobs of a run that was killed are found again by
 * their keys, wherever they are by then: waiting, running or finished. What Redis forgets is asked again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, Queue } from 'bullmq';
import { isThere } from '../../corpus/corpus.ts';
import type { Cell } from '../../definition/expand.ts';
import { gatherProvenance } from '../../results/provenance.ts';
import type { Execute, Finished, Work } from '../execute.ts';
import { type JobData, type JobProgress, jobIdOf, PREFIX, type QueueJobResult, queueName } from './jobs.ts';
import { connect, withoutPassword } from './redis.ts';

/** Milliseconds between looks at the queue. */
const POLL = 300;
/** Looks between two counts of what is there at all. */
const RECOUNT = 20;
/** Seconds that results wait for whoever asked. */
const KEPT = 7 * 24 * 3600;

type CellJob = Job<JobData, QueueJobResult>;

export function executeOnQueue(url: string): Execute {
  return async (work) => {
    if (work.cells.length === 0) return;
    const redis = await connect(url, work.onNote);
    const queue = new Queue<JobData, QueueJobResult>(queueName(work.code), {
      connection: redis,
      prefix: PREFIX,
    });
    queue.on('error', () => {}); // connect() says what is wrong with the connection
    try {
      await new Collector(queue, work, withoutPassword(url)).run();
      if (redis.status === 'ready') await queue.close();
    } finally {
      redis.disconnect();
    }
  };
}

class Collector {
  readonly #queue: Queue<JobData, QueueJobResult>;
  readonly #work: Work;
  readonly #pending: Map<string, Cell>;
  readonly #url: string;
  #isWarned = false;

  constructor(queue: Queue<JobData, QueueJobResult>, work: Work, url: string) {
    this.#queue = queue;
    this.#work = work;
    this.#url = url;
    this.#pending = new Map(work.cells.map((c) => [jobIdOf(c), c]));
  }

  async run(): Promise<void> {
    const { signal } = this.#work;
    // A connection that is lost answers when it is back: Ctrl-C does not wait for that.
    const gate = new AbortController();
    const aborted = new Promise<'aborted'>((resolve) => {
      if (signal?.aborted === true) resolve('aborted');
      signal?.addEventListener('abort', () => resolve('aborted'), { signal: gate.signal });
    });
    try {
      const collected = this.#collect();
      if ((await Promise.race([collected, aborted])) !== 'aborted') return;
      await Promise.race([
        Promise.all([collected, this.#withdraw()]),
        sleep(2000, undefined, { ref: false }),
      ]);
    } finally {
      gate.abort();
    }
  }

  async #collect(): Promise<void> {
    const { signal } = this.#work;
    await this.#add([...this.#pending.values()]);
    for (let look = 1; this.#pending.size > 0 && signal?.aborted !== true; look++) {
      const jobs = await this.#queue.getJobs(['completed', 'failed', 'active']);
      for (const job of jobs) await this.#see(job);
      if (look % RECOUNT === 0) await this.#recount(jobs.length);
      if (this.#pending.size > 0) await sleep(POLL, undefined, { signal }).catch(() => {});
    }
  }

  async #add(cells: readonly Cell[]): Promise<void> {
    const { budget } = this.#work;
    await this.#queue.addBulk(
      cells.map((cell) => ({
        name: cell.program.id,
        data: { cell, budget, isThere: isThere(cell.program) },
        opts: { jobId: jobIdOf(cell), removeOnComplete: { age: KEPT }, removeOnFail: { age: KEPT } },
      })),
    );
  }

  async #see(job: CellJob | undefined): Promise<void> {
    const { onProgress, onFinished, signal } = this.#work;
    const cell = this.#pending.get(job?.id ?? '');
    if (job === undefined || cell === undefined || signal?.aborted === true) return;
    if (job.finishedOn === undefined) {
      if (typeof job.progress !== 'object' || !('step' in job.progress)) return;
      const { step, steps, slots } = job.progress as JobProgress;
      onProgress(cell, step, steps, slots);
      return;
    }
    onFinished(cell, job.returnvalue ?? this.#vanished(job));
    this.#pending.delete(jobIdOf(cell));
    await job.remove();
  }

  /** The queue gave up on it. */
  #vanished({ failedReason, processedOn, finishedOn }: CellJob): Finished {
    const reason = `the workers that ran it vanished, one after the other (${failedReason})`;
    return {
      outcome: { status: 'failed', reason },
      seconds: ((finishedOn ?? 0) - (processedOn ?? finishedOn ?? 0)) / 1000,
      provenance: gatherProvenance(this.#work.code),
    };
  }

  /** Asks again for what is not there any more, and says when nobody works. */
  async #recount(busy: number): Promise<void> {
    const all = await this.#queue.getJobs(['waiting', 'delayed', 'active', 'completed', 'failed']);
    const ids = new Set(all.map((j) => j?.id));
    const lost = [...this.#pending].flatMap(([id, cell]) => (ids.has(id) ? [] : [cell]));
    if (lost.length > 0) await this.#add(lost);
    if (this.#isWarned || busy > 0 || (await this.#queue.getWorkersCount()) > 0) return;
    this.#isWarned = true;
    this.#work.onNote(
      `no worker of k2 ${this.#work.code} takes these cells yet; start some: k2 worker --queue ${this.#url}`,
    );
  }

  /** What nobody works on is not wanted any more. Running cells end; the next run finds their results. */
  async #withdraw(): Promise<void> {
    for (const job of await this.#queue.getJobs(['waiting', 'delayed']))
      if (job !== undefined && this.#pending.has(job.id ?? '')) await job.remove().catch(() => {});
  }
}
