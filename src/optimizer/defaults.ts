/** What the optimizer does when it is told nothing. Apart from the rest, so that reading it loads nothing. */
import type { OptimizeOptions } from './types.ts';

export const OPTIMIZE_DEFAULTS: OptimizeOptions = {
  goal: 'size',
  seed: 1,
  settings: 'default',
  tests: 32,
  windowLength: 8,
  kernel: 'auto',
  diffRuns: 1000,
};

/** Proposals per slot, and at least. */
const STEPS_PER_SLOT = 20_000;
const LEAST_STEPS = 4_000_000;

/** Proposals in all for a program of so many slots. */
export function budgetOf(options: Pick<OptimizeOptions, 'steps'>, slots: number): number {
  return options.steps ?? Math.max(LEAST_STEPS, STEPS_PER_SLOT * slots);
}
