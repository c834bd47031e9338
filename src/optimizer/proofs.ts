/**
 * The proofs of a result's rewrites, for others to confirm: each with its windows as text, what is assumed
 * around them and the equations as an SMT-LIB 2 script.
 */
import type { WindowVerifier } from '../verify/index.ts';
import type { RewriteSource } from './acceptance/rewrite.ts';
import type { AppliedRewrite, RewriteProof } from './types.ts';

const SAME_INSTRUCTIONS =
  'both versions run the same instructions in the same order, which the control flow shows without a formula';

/** One per rewrite, in order. */
export function proofsOf(
  rewrites: readonly AppliedRewrite[],
  sources: readonly RewriteSource[],
  transcript: WindowVerifier['transcript'],
): RewriteProof[] {
  return rewrites.map((rewrite, n): RewriteProof => {
    const { program, window, replacement, arranged } = sources[n]!;
    if (arranged === true) return { rewrite, without: SAME_INSTRUCTIONS };
    const made = transcript(program, window, replacement);
    return 'reason' in made ? { rewrite, without: made.reason } : { rewrite, ...made };
  });
}
