/**
 * Path conditions under which both versions access shared memory: written differently, do they mean the same?
 * And what may be assumed of terms.
 */

import { Op, type Solver, type Term, TermEvaluator } from '../../solver/index.ts';
import { repaired } from '../refute/local-search.ts';
import { sample } from '../refute/samples.ts';
import type { SharedAccess } from '../symbolic/access.ts';
import type { RunPlan, Session } from './session.ts';

const SIGNATURE_SAMPLES = 12;
/** Path conditions that a solver may compare per question, and the part of the budget that each may take. */
const MAX_CONDITIONS = 8;
const CONDITION_SHARE = 10;
/** Largest formula that a solver is asked about. */
export const MAX_TERMS = 20_000;

/**
 * Path conditions of the candidate that are written otherwise than in the source, and proven to mean the
 * same.
 * @param isAllowed may the candidate make its accesses in place of the source's?
 */
export function equalConditions(
  solver: Solver,
  budget: number,
  session: Session,
  plan: RunPlan,
  source: readonly SharedAccess[],
  candidate: readonly SharedAccess[],
  isAllowed: (source: readonly SharedAccess[], candidate: readonly SharedAccess[]) => boolean,
): Map<Term, Term> {
  const theirs = [...new Set(source.map((a) => a.condition))];
  const mine = [...new Set(candidate.map((a) => a.condition))].filter((t) => !theirs.includes(t));
  const same = new Map<Term, Term>();
  const rlimit = budget / CONDITION_SHARE;
  let questions = MAX_CONDITIONS;
  const b = session.normalizer.build;
  if (mine.length === 0 || b.store.reachable([...mine, ...theirs]).length > MAX_TERMS) return same;
  const signature = signatures(session, [...theirs, ...mine]);
  if (!couldHelp(source, candidate, signature, isAllowed)) return same;
  for (const t of mine)
    for (const u of theirs) {
      if (signature.get(t) !== signature.get(u) || questions-- <= 0) continue;
      const differ = b.not(b.eq(t, u));
      const assumptions = relevant(session, plan, [t, u]);
      const normal = session.normalizer.normalize(differ);
      if (session.normalizer.store.constant(normal) !== 0n && isTold(session, t, u, assumptions)) continue;
      if (
        session.normalizer.store.constant(normal) === 0n ||
        solver.check(b.store, [...assumptions, differ], { rlimit }).result === 'unsat'
      ) {
        same.set(t, u);
        break;
      }
    }
  return same;
}

/** With all conditions that look alike taken for the same, would the candidate's accesses be allowed? */
function couldHelp(
  source: readonly SharedAccess[],
  candidate: readonly SharedAccess[],
  signature: ReadonlyMap<Term, string>,
  isAllowed: (source: readonly SharedAccess[], candidate: readonly SharedAccess[]) => boolean,
): boolean {
  const first = new Map<string, Term>();
  for (const [t, values] of signature) if (!first.has(values)) first.set(values, t);
  const alike = (a: SharedAccess): SharedAccess => ({
    ...a,
    condition: first.get(signature.get(a.condition)!)!,
  });
  return isAllowed(source.map(alike), candidate.map(alike));
}

/**
 * Assumptions about variables that occur in the terms; the others can always be met and only get in the way.
 */
export function relevant(session: Session, plan: RunPlan, terms: readonly Term[]): Term[] {
  const { store } = session.normalizer;
  const used = new Set(store.reachable(terms));
  return session
    .assumptions(plan)
    .filter((a) => store.reachable([a]).some((t) => store.op(t) === Op.Var && used.has(t)));
}

/** Values on a few samples, as text. */
function signatures(session: Session, terms: readonly Term[]): Map<Term, string> {
  const e = new TermEvaluator(session.normalizer.store, terms);
  const found = new Map(terms.map((t) => [t, '']));
  for (let n = 0; n < SIGNATURE_SAMPLES; n++) {
    e.run(sample(n, session.constants, session.inputs.hints));
    for (const t of terms) found.set(t, `${found.get(t)}${e.value(t)},`);
  }
  return found;
}

/** An input shows that two conditions are not the same. */
function isTold(session: Session, t: Term, u: Term, assumptions: readonly Term[]): boolean {
  const base = sample(0, session.constants, session.inputs.hints);
  const [found] = repaired(session.normalizer.store, [[t, u]], assumptions, base);
  return found !== undefined;
}
