/**
 * Keeps once what stands in several places of a program.
 *
 *   program --shareCode--> the same instructions in another arrangement --judge--> smaller program
 *           --likenings--> a window in the registers of another place --judge--> then share that
 */
import { sizeInSlots } from '../isa/insn.ts';
import { replaceProblem, replaceRange } from '../program/edit.ts';
import { type Likening, likenings } from '../search/likeness.ts';
import { shareCode } from '../search/sharing.ts';
import type { Rewriting } from './rewriting.ts';

/** @returns true when the program has changed */
export function share(rewriting: Rewriting, stop: () => boolean): boolean {
  const before = rewriting.best;
  rewriting.settle();
  for (let again = true; again && !stop(); ) {
    const arranged = shareCode(rewriting.best);
    again = arranged !== undefined && rewriting.arrange(arranged, 'shared code');
    if (!again) again = likenings(rewriting.best).some((l) => !stop() && liken(rewriting, l));
  }
  return rewriting.best !== before;
}

/** Writes a place in other registers where that makes the program smaller. */
function liken(rewriting: Rewriting, { window, replacement }: Likening): boolean {
  const { best } = rewriting;
  if (replaceProblem(best, window.start, window.end, replacement) !== undefined) return false;
  const shared = shareCode(replaceRange(best, window.start, window.end, replacement));
  if (shared === undefined || sizeInSlots(shared.insns) >= sizeInSlots(best.insns)) return false;
  if (!rewriting.adopt({ window, replacement, by: 'registers as elsewhere' })) return false;
  rewriting.settle();
  return rewriting.arrange(shared, 'shared code');
}
