/** A thread that optimizes programs, one after the other. Started by program-pool.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { UserError } from '../../base/errors.ts';
import type { Program } from '../../program/program.ts';
import { createWindowVerifier } from '../../verify/index.ts';
import { threadsFor, verifierOptions } from '../program.ts';
import { optimizeOne } from './optimize-one.ts';
import type { ProgramMessage, ProgramSetup } from './program-pool.ts';

/** Milliseconds between two reports. */
const REPORT = 100;

const { options, pareto, proofs, workers, stop } = workerData as ProgramSetup;
const flag = new Int32Array(stop);
const shared = {
  verifier: await createWindowVerifier(verifierOptions(options)),
  threads: threadsFor({ workers }, options),
};
let last = 0;

function post(message: ProgramMessage): void {
  parentPort?.postMessage(message);
}

const control = {
  proofs,
  stop: () => Atomics.load(flag, 0) !== 0,
  onProgress: (progress: Extract<ProgramMessage, { kind: 'progress' }>['progress']) => {
    const now = performance.now();
    if (now - last < REPORT) return;
    last = now;
    post({ kind: 'progress', progress });
  },
};

parentPort?.on('message', async (program: Program) => {
  try {
    post({ kind: 'outcome', outcome: await optimizeOne(program, options, pareto, control, shared) });
  } catch (e) {
    if (!(e instanceof UserError)) throw e;
    post({ kind: 'user-error', message: e.message });
  }
});
