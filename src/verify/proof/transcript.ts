/**
 * A proof for others: the equations of a question as one SMT-LIB 2 script, as they were before any normal
 * form.
 *
 *   assumptions, equations --> (assert assumption)... (assert (or (not equation)...)) --> unsat where they
 *     all hold
 */
import { Op, printScript, type Term, type TermBuilder } from '../../solver/index.ts';
import type { Obligation } from './obligations.ts';

export interface ProofTranscript {
  /**
   * What each equation is about, in order; an equation that the two sides share as one term is left out of
   * the script.
   */
  readonly equations: readonly string[];
  /** SMT-LIB 2, logic QF_BV; the answer is unsat. */
  readonly script: string;
}

export function transcriptOf(
  b: TermBuilder,
  assumptions: readonly Term[],
  equations: readonly Obligation[],
): ProofTranscript {
  const differ = equations
    .filter((o) => o.source !== o.candidate)
    .map((o) => b.not(b.eq(o.source, o.candidate)));
  const some = differ.reduce((x, y) => b.binary(Op.Or, x, y), b.false);
  return {
    equations: equations.map((o) => o.where),
    script: printScript(b.store, [...assumptions, some]).text,
  };
}
