/**
 * A worker process: takes cells by message, answers with progress and outcomes, one cell at a time.
 * Started by pool.ts with the URL of the optimizer's module as its argument.
 */

import type { CellOutcome } from '../results/result.ts';
import { type Optimize, runCell } from './cell.ts';
import type { Request, Response } from './pool.ts';

/** At most so often, in milliseconds. */
const PROGRESS_EVERY = 200;

// Ctrl-C reaches the whole process group; the parent decides what ends.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(1));

const send = (message: Response): void => {
  process.send?.(message);
};

let optimize: Optimize | undefined;
const moduleUrl = process.argv[2] as string;

process.on('message', async ({ cell, seconds }: Request) => {
  const before = process.cpuUsage();
  const answer = (outcome: CellOutcome): void => {
    const { user, system } = process.cpuUsage(before);
    send({ kind: 'outcome', outcome, cpuSeconds: Math.round((user + system) / 1000) / 1000 });
  };
  try {
    optimize ??= ((await import(moduleUrl)) as { optimizeProgram: Optimize }).optimizeProgram;
    const deadline = Date.now() + seconds * 1000;
    let last = 0;
    const outcome = await runCell(cell, optimize, {
      stop: () => Date.now() > deadline,
      onProgress: ({ step, steps, slots }) => {
        const now = Date.now();
        if (now - last < PROGRESS_EVERY) return;
        last = now;
        send({ kind: 'progress', step, steps, slots });
      },
    });
    answer(outcome);
  } catch (e) {
    const error = e instanceof Error ? e : new Error(String(e));
    const log = error.stack ?? error.message;
    answer({ status: 'failed', reason: `bug: ${error.message}`, log });
  }
});
