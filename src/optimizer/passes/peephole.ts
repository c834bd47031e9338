/**
 * Rewrites that are known to pay (search/rewrites/peephole.ts), then what they leave behind: registers that
 * nobody reads.
 */

import { linux } from '../../base/linux.ts';
import type { Insn } from '../../isa/insn.ts';
import type { Target } from '../../isa/levels.ts';
import { specOf } from '../../isa/semantics.ts';
import type { Program } from '../../program/program.ts';
import { peepholes } from '../../search/rewrites/peephole.ts';
import type { Window } from '../../verify/types.ts';
import type { AcceptedRewrites } from '../acceptance/accepted-rewrites.ts';
import type { Facts, Rewrite } from '../acceptance/rewrite.ts';
import { dropUnread } from './dead-code.ts';

/** Changes that only prepare others may be there; so many passes find what comes of them. */
const PASSES = 3;

/** @returns true when the program has changed */
export function peephole(
  accepted: AcceptedRewrites,
  target: Target,
  facts: Facts,
  stop: () => boolean,
): boolean {
  const before = accepted.best;
  for (let pass = 0; pass < PASSES && !stop(); pass++) {
    const start = accepted.best;
    accepted.adoptAll(proposals(start, target, facts, stop));
    dropUnread(accepted, facts, undefined, stop);
    accepted.checkpoint();
    if (accepted.best === start) break;
  }
  return accepted.best !== before;
}

function* proposals(
  program: Program,
  target: Target,
  { contextOf }: Facts,
  stop: () => boolean,
): Generator<Rewrite> {
  const before604 = target.linux < linux(6, 4);
  for (const { window, replacement } of peepholes(program, target)) {
    if (stop()) return;
    if (
      before604 &&
      replacement.some((i) => storesConstant(i) && mayBeContext(contextOf, program, window, i))
    )
      continue;
    yield { window, replacement, by: 'peephole' };
  }
}

function storesConstant(i: Insn): boolean {
  const spec = specOf(i);
  return spec?.kind === 'store' && spec.operand === 'K';
}

/** Before Linux 6.4 constants cannot be stored to the context: only where it is another place for certain. */
function mayBeContext(
  contextOf: Facts['contextOf'],
  program: Program,
  { start }: Window,
  { dst }: Insn,
): boolean {
  const to = contextOf(program, { start, end: start + 1 }).registers[dst];
  return to?.kind !== 'pointer' || to.region.kind === 'ctx';
}
