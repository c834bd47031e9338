/** Cells in worker processes of this machine, each taking the next cell of one list. */

import { gatherProvenance } from '../results/provenance.ts';
import type { Execute } from './execute.ts';
import { type PoolOptions, Worker } from './pool.ts';

export interface LocalOptions extends Pick<PoolOptions, 'optimizer' | 'grace'> {
  workers: number;
}

export function executeHere({ workers: wanted, ...pool }: LocalOptions): Execute {
  return async ({ cells, budget, code, signal, onProgress, onFinished }) => {
    const provenance = gatherProvenance(code);
    const queue = [...cells];
    const count = Math.max(1, Math.min(wanted, queue.length));
    const options = { ...pool, seconds: budget.cellSeconds, memoryMb: budget.memoryMb };
    const workers = Array.from({ length: count }, () => new Worker(options));
    // Interrupted, or a row could not be written: workers are killed, and their words do not count.
    let isOver = signal?.aborted === true;
    const closeAll = (): void => {
      isOver = true;
      for (const w of workers) w.close();
    };
    const serve = async (worker: Worker): Promise<void> => {
      for (let cell = queue.shift(); cell !== undefined; cell = queue.shift()) {
        if (isOver) return;
        const current = cell;
        const start = performance.now();
        const worked = await worker.run(current, (p) => onProgress(current, p.step, p.steps, p.slots));
        if (isOver) return;
        onFinished(current, { ...worked, seconds: (performance.now() - start) / 1000, provenance });
      }
    };
    signal?.addEventListener('abort', closeAll);
    try {
      await Promise.all(workers.map(serve));
    } finally {
      signal?.removeEventListener('abort', closeAll);
      closeAll();
    }
  };
}
