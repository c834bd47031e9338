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
import {
  type LateConstant,
  lateConstants,
  setsConstant,
  settingOnTheWay,
} from '../../search/rewrites/constant-sinking.ts';
import { type Likening, likenings } from '../../search/rewrites/register-renaming.ts';
import { type TailCopy, tailCopies } from '../../search/rewrites/tail-duplication.ts';
import { shareCode } from '../../search/rewrites/tail-merging.ts';
import type { Rewriting } from '../acceptance/accepted-rewrites.ts';
import type { Oracles } from '../acceptance/checks.ts';
import type { Trial } from '../acceptance/transaction.ts';

/** Most jumps that set a constant on their way: each is a proof in a program of its own. */
const MOST_JUMPS = 24;

/** @returns true when the program has changed */
export function share(rewriting: Rewriting, contextOf: Oracles['contextOf'], stop: () => boolean): boolean {
  const before = rewriting.best;
  const some = <T>(list: readonly T[], attempt: (t: T) => boolean): boolean =>
    list.some((t) => !stop() && attempt(t));
  for (let again = true; again && !stop(); ) {
    const { best } = rewriting;
    const trial = rewriting.trial();
    again =
      (arrange(trial) && rewriting.keep(trial)) ||
      some(likenings(best), (l) => liken(rewriting, l)) ||
      some(tailCopies(best), (c) => copyTail(rewriting, c)) ||
      some(late(rewriting, contextOf), (c) => setLate(rewriting, c));
  }
  return rewriting.best !== before;
}

function arrange(trial: Trial): boolean {
  const shared = shareCode(trial.program);
  return shared !== undefined && trial.arrange(shared, 'shared code');
}

function liken(rewriting: Rewriting, { window, replacement }: Likening): boolean {
  const { best } = rewriting;
  if (replaceProblem(best, window.start, window.end, replacement) !== undefined) return false;
  const shared = shareCode(replaceRange(best, window.start, window.end, replacement));
  if (shared === undefined || sizeInSlots(shared.insns) >= sizeInSlots(best.insns)) return false;
  const trial = rewriting.trial();
  trial.rewrite({ window, replacement, by: 'registers as elsewhere' });
  return arrange(trial) && rewriting.keep(trial);
}

function copyTail(rewriting: Rewriting, { arrangement, window, replacement }: TailCopy): boolean {
  const shorter = replaceRange(arrangement, window.start, window.end, replacement);
  const least = shareCode(shorter) ?? shorter;
  if (sizeInSlots(least.insns) >= sizeInSlots(rewriting.best.insns)) return false;
  const trial = rewriting.trial();
  const proven =
    trial.arrange(arrangement, 'tail copied') && trial.rewrite({ window, replacement, by: 'tail copied' });
  if (!proven) return false;
  arrange(trial);
  return rewriting.keep(trial);
}

function late(rewriting: Rewriting, contextOf: Oracles['contextOf']): LateConstant[] {
  const { best } = rewriting;
  return lateConstants(best, (index, register) => {
    const v = contextOf(best, { start: index, end: index + 1 }).registers[register];
    if (v?.kind !== 'scalar' || v.umin !== v.umax) return undefined;
    const constant = Number(BigInt.asIntN(64, v.umin));
    return constant === (constant | 0) ? constant : undefined;
  });
}

function setLate(rewriting: Rewriting, constant: LateConstant): boolean {
  if (constant.jumps.length > MOST_JUMPS) return false;
  const by = 'constant set late';
  const trial = rewriting.trial();
  // Those behind first, so that the others stay where they are.
  for (const at of [...constant.jumps].reverse()) {
    const replacement = settingOnTheWay(trial.program, at, constant);
    if (replacement !== undefined) trial.rewrite({ window: { start: at, end: at + 1 }, replacement, by });
  }
  if (trial.changes.length === 0) return false;
  arrange(trial);
  for (let at = trial.program.insns.length - 1; at >= 0; at--)
    if (setsConstant(trial.program.insns[at]!, constant.register, constant.constant))
      trial.rewrite({ window: { start: at, end: at + 1 }, replacement: [], by: 'dead code' });
  arrange(trial);
  return rewriting.keep(trial);
}
