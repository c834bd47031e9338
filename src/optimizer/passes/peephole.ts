/**
 * Rewrites that are known to pay (search/rewrites/peephole.ts), then what they leave behind: registers that
 * nobody reads.
 */

import type { Target } from '../../isa/levels.ts';
import { specOf } from '../../isa/semantics.ts';
import { peepholes } from '../../search/rewrites/peephole.ts';
import type { AcceptedRewrites } from '../acceptance/accepted-rewrites.ts';
import type { GateOracles } from '../acceptance/checks.ts';

/** Changes that only prepare others may be there; so many passes find what comes of them. */
const PASSES = 3;

/** @returns true when the program has changed */
export function peephole(
  accepted: AcceptedRewrites,
  target: Target,
  contextOf: GateOracles['contextOf'],
  stop: () => boolean,
): boolean {
  const before = accepted.best;
  for (let pass = 0; pass < PASSES; pass++) {
    const start = accepted.best;
    let limit = Number.POSITIVE_INFINITY;
    for (const { window, replacement } of peepholes(start, target)) {
      if (stop()) break;
      if (window.end > limit || !accepted.adopt({ window, replacement, by: 'peephole' })) continue;
      limit = window.start;
    }
    dropUnread(accepted, contextOf, stop);
    accepted.checkpoint();
    if (accepted.best === start) break;
  }
  return accepted.best !== before;
}

/** Takes out what computes a register that is not read, last first. */
function dropUnread(
  accepted: AcceptedRewrites,
  contextOf: GateOracles['contextOf'],
  stop: () => boolean,
): void {
  for (let at = accepted.best.insns.length - 1; at >= 0 && !stop(); at--) {
    const { best } = accepted;
    const i = best.insns[at]!;
    const kind = specOf(i)?.kind;
    if (kind !== 'alu' && kind !== 'ldimm64') continue;
    const window = { start: at, end: at + 1 };
    if (best.pinned.has(best.origin[at]!) || contextOf(best, window).liveRegisters[i.dst] !== 0n) continue;
    accepted.adopt({ window, replacement: [], by: 'dead code' });
  }
}
