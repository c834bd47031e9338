/**
 * Stands in for the optimizer in tests of the runner: how it shall
 * misbehave is told by `steps`, so that a definition can ask for it. Says that one instruction fewer is needed.
 */
import { appendFileSync, existsSync } from 'node:fs';

const steps = { crash: 666, bug: 667, memory: 668, hang: 669, slow: 670, once: 671, stuck: 672 };
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

export async function optimizeProgram(program, options, control) {
  if (process.env.FAKE_LOG) appendFileSync(process.env.FAKE_LOG, `${program.name} ${options.seed}\n`);
  switch (options.steps) {
    case steps.crash:
      process.kill(process.pid, 'SIGSEGV');
      await wait(60_000);
      break;
    case steps.bug:
      throw new TypeError('a mistake in the optimizer');
    case steps.memory: {
      const kept = [];
      for (;;) kept.push(new Array(1_000_000).fill(kept.length));
    }
    case steps.hang:
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      break;
    case steps.slow:
      for (let i = 0; i < 1000 && !control.stop(); i++) await wait(20);
      break;
    case steps.once:
      if (!existsSync(process.env.FAKE_FLAG)) {
        appendFileSync(process.env.FAKE_FLAG, '');
        throw new Error('the first time it fails');
      }
      break;
    case steps.stuck:
      if (!existsSync(process.env.FAKE_FLAG)) {
        appendFileSync(process.env.FAKE_FLAG, '');
        await wait(600_000);
      }
  }
  const slots = program.insns.length;
  control.onProgress?.({ step: 1, steps: options.steps, slots });
  return {
    program,
    slotsBefore: slots,
    slotsAfter: slots - 1,
    insnsBefore: slots,
    insnsAfter: slots - 1,
    latencyBefore: { path: 10, staticSum: 20 },
    latencyAfter: { path: 9, staticSum: 19 },
    rewrites: [],
    convergence: [
      [0, slots],
      [1, slots - 1],
    ],
    stats: { steps: 1 },
    kernel: { status: 'not checked', reason: 'a test' },
    differential: { status: 'not run', reason: 'a test' },
    notes: [],
    interrupted: options.steps === steps.slow,
  };
}
