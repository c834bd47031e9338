/** What the optimizer does when it is told nothing. Apart from the rest, so that reading it loads nothing. */
import type { OptimizeOptions } from './types.ts';

export const OPTIMIZE_DEFAULTS: OptimizeOptions = {
  goal: 'size',
  steps: 2_000_000,
  seed: 1,
  settings: 'default',
  tests: 32,
  windowLength: 8,
  kernel: 'auto',
  diffRuns: 1000,
};
