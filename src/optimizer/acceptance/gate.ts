/**
 * The one gate through which a program changes.
 *
 *   rewrite --window verifier--> proven --tests--> agrees --static safety--> safe --running kernel-->
 *     accepted --cost--> no dearer than the goal allows
 *
 * A rewrite that fails at any stage changes nothing.
 */
import { EditError } from '../../isa/edit.ts';
import type { Insn } from '../../isa/insn.ts';
import { replaceProblem, replaceRange } from '../../program/edit.ts';
import type { Program } from '../../program/program.ts';
import { bisimilar } from '../../verify/bisimulation.ts';
import type { Verdict, Window } from '../../verify/types.ts';

/** Everything that may say no to one rewrite. All but the first return undefined for yes, or their reason. */
export interface GateChecks {
  verify(program: Program, window: Window, replacement: readonly Insn[]): Verdict;
  tests(candidate: Program): string | undefined;
  /**
   * This one and the next two are asked of long programs for several rewrites at once (accepted-rewrites.ts).
   */
  safety(candidate: Program): string | undefined;
  kernel(candidate: Program): string | undefined;
  /** Does it cost more than it may? */
  cost(candidate: Program): string | undefined;
}

export interface Accepted {
  accepted: true;
  program: Program;
  verdict: Extract<Verdict, { kind: 'equivalent' }>;
}

/** Who said no, and why. */
export interface Refusal {
  by: keyof GateChecks | 'edit';
  reason: string;
  /** Instructions of the candidate that it is about. */
  at?: readonly number[];
}

export type GateDecision = Accepted | ({ accepted: false; verdict?: Verdict } & Refusal);

/** Names a rewrite by what it replaces with what. */
export function rewriteKey(program: Program, { start, end }: Window, replacement: readonly Insn[]): string {
  return JSON.stringify([program.insns.slice(start, end), replacement]);
}

/** Tries one rewrite of `program`; does not decide whether it is worth having. */
export function decide(
  program: Program,
  window: Window,
  replacement: readonly Insn[],
  checks: GateChecks,
): GateDecision {
  const problem = replaceProblem(program, window.start, window.end, replacement);
  if (problem !== undefined) return { accepted: false, by: 'edit', reason: problem };
  const verdict = checks.verify(program, window, replacement);
  if (verdict.kind !== 'equivalent') {
    const reason = verdict.kind === 'unknown' ? verdict.reason : verdict.where;
    return { accepted: false, by: 'verify', reason, verdict };
  }
  // The whole program is made for what is proven only: it takes time that grows with its length.
  try {
    return others(replaceRange(program, window.start, window.end, replacement), verdict, checks);
  } catch (e) {
    if (e instanceof EditError) return { accepted: false, by: 'edit', reason: e.message };
    throw e;
  }
}

/**
 * Tries the same code in another arrangement: the whole program, whose proof is that it runs the same
 * instructions.
 */
export function decideArrangement(program: Program, candidate: Program, checks: GateChecks): GateDecision {
  if (!bisimilar(program, candidate))
    return { accepted: false, by: 'verify', reason: 'it does not run the same instructions' };
  return others(candidate, { kind: 'equivalent', how: 'identical', ms: 0 }, checks);
}

function others(candidate: Program, verdict: Accepted['verdict'], checks: GateChecks): GateDecision {
  for (const by of ['tests', 'safety', 'kernel', 'cost'] as const) {
    const reason = checks[by](candidate);
    if (reason !== undefined) return { accepted: false, by, reason, verdict };
  }
  return { accepted: true, program: candidate, verdict };
}
