/**
 * Decides whether a rewrite may reach the output.
 *
 *   in:   a program, a window of it, replacement instructions; or two whole programs
 *   out:  Verdict (types.ts): equivalent, different with a counterexample, unknown with a reason
 *
 * The steps are drawn in window.ts.
 */

export { type CacheStats, VerdictCache } from './cache/cache.ts';
export { FileVerdictCache } from './cache/cache-file.ts';
export type { WindowContext } from './context.ts';
export { type OutcomeDifference, outcomeDifferences, outcomeDifferenceText } from './outcome-diff.ts';
export { deepDifference, whyIncomparable } from './program.ts';
export { type Accelerations, ALL_ACCELERATIONS } from './proof/accelerations.ts';
export type { Counterexample, Proof, Verdict, Window } from './types.ts';
export {
  createWindowVerifier,
  type StageStats,
  type Transcript,
  type WindowVerifier,
  type WindowVerifierOptions,
} from './window.ts';
export { type ContextProvider, contextProvider } from './window-context.ts';
