/**
 * Values that a register still holds are used again (search/rewrites/values/), until nothing more comes of
 * it.
 */

import { valueReuses } from '../../search/rewrites/values/value-reuse.ts';
import type { AcceptedRewrites } from '../acceptance/accepted-rewrites.ts';

/** What one reuse leaves behind may make another one possible; few programs have a third. */
const PASSES = 3;

/** @returns true when the program has changed */
export function reuseValues(accepted: AcceptedRewrites, stop: () => boolean): boolean {
  const before = accepted.best;
  for (let pass = 0; pass < PASSES; pass++) {
    const start = accepted.best;
    // Last first, so that the others stay where they are.
    for (const { window, replacement } of valueReuses(start)) {
      if (stop()) break;
      accepted.adopt({ window, replacement, by: 'value reuse' });
    }
    accepted.checkpoint();
    if (accepted.best === start) break;
  }
  return accepted.best !== before;
}
