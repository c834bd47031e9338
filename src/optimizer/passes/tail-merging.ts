/**
 * What changes a program in several places at once, and pays off only together.
 *
 *   shared code          what stands in several places is kept once
 *   registers as elsewhere    a place is written in the registers of another one, then both are shared
 *   constants set late   jumps set a constant on their way, that is shared, and what set it before is dead
 *   tails copied         a place gets its own copy of short code, where less of it is needed
 */
import { sizeInSlots } from '../../isa/insn.ts';
import { replaceProblem, replaceRange } from '../../program/edit.ts';
import { type Likening, likenings } from '../../search/rewrites/register-renaming.ts';
import { type TailCopy, tailCopies } from '../../search/rewrites/tail-duplication.ts';
import { shareCode } from '../../search/rewrites/tail-merging.ts';
import type { AcceptedRewrites } from '../acceptance/accepted-rewrites.ts';
import type { GateOracles } from '../acceptance/checks.ts';
import type { Transaction } from '../acceptance/transaction.ts';
import { lateConstantsOf, setLate } from './constant-sinking.ts';

/** @returns true when the program has changed */
export function share(
  accepted: AcceptedRewrites,
  contextOf: GateOracles['contextOf'],
  stop: () => boolean,
): boolean {
  const before = accepted.best;
  const some = <T>(list: readonly T[], attempt: (t: T) => boolean): boolean =>
    list.some((t) => !stop() && attempt(t));
  for (let again = true; again && !stop(); ) {
    const { best } = accepted;
    const transaction = accepted.transaction();
    again =
      (arrange(transaction) && accepted.keep(transaction)) ||
      some(likenings(best), (l) => liken(accepted, l)) ||
      some(tailCopies(best), (c) => copyTail(accepted, c)) ||
      some(lateConstantsOf(accepted.best, contextOf), (c) => setLate(accepted, c));
  }
  return accepted.best !== before;
}

function arrange(transaction: Transaction): boolean {
  const shared = shareCode(transaction.program);
  return shared !== undefined && transaction.arrange(shared, 'shared code');
}

function liken(accepted: AcceptedRewrites, { window, replacement }: Likening): boolean {
  const { best } = accepted;
  if (replaceProblem(best, window.start, window.end, replacement) !== undefined) return false;
  const shared = shareCode(replaceRange(best, window.start, window.end, replacement));
  if (shared === undefined || sizeInSlots(shared.insns) >= sizeInSlots(best.insns)) return false;
  const transaction = accepted.transaction();
  transaction.rewrite({ window, replacement, by: 'registers as elsewhere' });
  return arrange(transaction) && accepted.keep(transaction);
}

function copyTail(accepted: AcceptedRewrites, { arrangement, window, replacement }: TailCopy): boolean {
  const shorter = replaceRange(arrangement, window.start, window.end, replacement);
  const least = shareCode(shorter) ?? shorter;
  if (sizeInSlots(least.insns) >= sizeInSlots(accepted.best.insns)) return false;
  const transaction = accepted.transaction();
  const proven =
    transaction.arrange(arrangement, 'tail copied') &&
    transaction.rewrite({ window, replacement, by: 'tail copied' });
  if (!proven) return false;
  arrange(transaction);
  return accepted.keep(transaction);
}
