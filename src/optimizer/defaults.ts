/** What the optimizer does when it is told nothing. Apart from the rest, so that reading it loads nothing. */
import { DEFAULT_MEMORY_MODEL } from '../program/contracts/shared-memory.ts';
import type { OptimizeOptions } from './types.ts';

export const OPTIMIZE_DEFAULTS: OptimizeOptions = {
  goal: 'balanced',
  seed: 1,
  settings: 'default',
  tests: 32,
  windowLength: 8,
  kernel: 'auto',
  diffRuns: 1000,
  memoryModel: DEFAULT_MEMORY_MODEL,
};

/** Proposals for a small program, which take it half a minute, and for each slot. */
const LEAST_STEPS = 4_000_000;
const STEPS_PER_SLOT = 500;

/** Proposals in all for a program of so many slots. */
export function budgetOf(options: Pick<OptimizeOptions, 'steps'>, slots: number): number {
  return options.steps ?? LEAST_STEPS + STEPS_PER_SLOT * slots;
}
