/**
 * Values that a register still holds are used again (search/rewrites/values/), until nothing more comes of
 * it.
 */

import type { Program } from '../../program/program.ts';
import { valueReuses } from '../../search/rewrites/values/value-reuse.ts';
import type { AcceptedRewrites } from '../acceptance/accepted-rewrites.ts';
import type { Rewrite } from '../acceptance/rewrite.ts';

/** What one reuse leaves behind may make another one possible; few programs have a third. */
const PASSES = 3;

/** @returns true when the program has changed */
export function reuseValues(accepted: AcceptedRewrites, stop: () => boolean): boolean {
  const before = accepted.best;
  for (let pass = 0; pass < PASSES && !stop(); pass++) {
    const start = accepted.best;
    accepted.adoptAll(proposals(start, stop));
    accepted.checkpoint();
    if (accepted.best === start) break;
  }
  return accepted.best !== before;
}

function* proposals(program: Program, stop: () => boolean): Generator<Rewrite> {
  for (const { window, replacement } of valueReuses(program)) {
    if (stop()) return;
    yield { window, replacement, by: 'value reuse' };
  }
}
