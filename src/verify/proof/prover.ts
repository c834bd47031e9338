/**
 * The proof of one question: two pieces of code from the same start.
 *
 *   3  symbolic runs   of both (execute.ts), accesses to shared memory compared (strict-accesses.ts,
 *      plain-accesses.ts)
 *   4  normal forms    every equation (obligations.ts) whose sides meet is proven
 *   5  samples         concrete inputs refute most of the rest
 *   6  solver          decides what is left; its counterexamples are replayed by concrete runs of both
 *      windows
 *
 * Steps 1 and 2 are in window.ts.
 */
import type { Insn } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';
import type { MemoryModel } from '../../program/contracts/shared-memory.ts';
import type { Program } from '../../program/program.ts';
import {
  assignmentOf,
  Op,
  type Solver,
  type Term,
  type TermAssignment,
  TermEvaluator,
} from '../../solver/index.ts';
import type { WindowContext } from '../context.ts';
import { Refused, Unsupported } from '../errors.ts';
import { repaired } from '../refute/local-search.ts';
import { sample } from '../refute/samples.ts';
import type { SharedAccess } from '../symbolic/access.ts';
import { execute } from '../symbolic/execute.ts';
import { CandidateInterference, type Joins, NO_JOINS } from '../symbolic/interference.ts';
import { type AliasPartition, isAligned, mergingFor } from '../symbolic/regions.ts';
import type { Role, SymbolicRun } from '../symbolic/run.ts';
import type { Counterexample, Verdict } from '../types.ts';
import { type Accelerations, mergingUnder } from './accelerations.ts';
import { allObligations, type Obligation, openObligations } from './obligations.ts';
import { provePaths } from './path-by-path.ts';
import { equalConditions, MAX_TERMS, relevant } from './path-conditions.ts';
import { accessProblem } from './plain-accesses.ts';
import { counterexampleOf, type ReplayCase, replay } from './replay.ts';
import type { RunPlan, Session } from './session.ts';
import { type Alignment, alignAccesses } from './strict-accesses.ts';
import { type ProofTranscript, transcriptOf } from './transcript.ts';

const MAX_REFUTERS = 32;
/** Part of the budget that an input may cost when the answer is no in any case. */
const ANYWAY_SHARE = 10;

export interface ProverOptions {
  solver: Solver;
  /** Solver budget per check, in its resource units. */
  rlimit: number;
  /** Inputs to try before the solver. */
  samples: number;
  accelerations: Accelerations;
  memoryModel: MemoryModel;
}

export interface ProofTask {
  context: WindowContext;
  session: Session;
  source: readonly Insn[];
  candidate: readonly Insn[];
  /** The programs that they are, when their calls are to be followed. */
  programs?: readonly [source: Program, candidate: Program];
  /** Where `source` and `candidate` begin in them. */
  bases?: readonly [source: number, candidate: number];
  /** Turns an input into a counterexample, and says whether it is one. By default both windows run on it. */
  counterexample?(
    input: TermAssignment,
    source: SymbolicRun,
    merging: AliasPartition,
  ): Counterexample | undefined;
  /** Runs both on tests of its own; asked once, when normal forms did not settle the question. */
  test?(): { counterexample: Counterexample; where: string } | undefined;
}

/** A verdict and the stage that gave it. */
export type Staged = [Verdict, string];

/** Equations that are still open, and what may be assumed of their variables. */
interface Query {
  c: ReplayCase;
  open: readonly Obligation[];
  assumptions: readonly Term[];
  question: ProofTask;
}

/** Symbolic runs of both, made in the same way. */
interface Runs {
  plan: RunPlan;
  reference: SymbolicRun;
  run: SymbolicRun;
}

/** How often the source runs again because the candidate makes one access of several. */
const MAX_ROUNDS = 4;
const DIFFERENT_ACCESSES = 'accesses to shared memory differ';

export class Prover {
  private readonly options: ProverOptions;

  constructor(options: ProverOptions) {
    this.options = options;
  }

  /** Never throws for what lies beyond the checker: that is an unknown, or a refused candidate. */
  prove(question: ProofTask): Staged {
    try {
      const { runs, problem } = this.comparableRuns(question);
      const q = problem === undefined ? this.query(question, runs) : undefined;
      if (q?.open.length === 0) return [{ kind: 'equivalent', how: 'normal-form', ms: 0 }, 'normal-form'];
      return this.otherwise(question) ?? orElse(() => this.solve(question, runs, q));
    } catch (e) {
      const verdict = beyond(e);
      return this.otherwise(question) ?? verdict;
    }
  }

  /**
   * Every equation of a question, settled or not, for other solvers; a reason when the question is beyond
   * this checker.
   */
  transcript(question: ProofTask): ProofTranscript | { reason: string } {
    try {
      const { session } = question;
      const { runs } = this.comparableRuns(question);
      const { plan, reference, run } = runs;
      const same = this.sameConditions(question, runs);
      const { problem, joins } = this.alignment(question, runs, same);
      if (problem !== undefined || joins.length > 0) return { reason: problem ?? DIFFERENT_ACCESSES };
      const equations = [
        ...allObligations(session.comparison(plan), reference, run),
        ...[...same].map(([candidate, source]) => ({ where: 'condition of an access', source, candidate })),
      ];
      const assumptions = relevant(session, plan, sides(equations));
      return transcriptOf(session.normalizer.build, assumptions, equations);
    } catch (e) {
      if (e instanceof Unsupported || e instanceof Refused) return { reason: e.message };
      throw e;
    }
  }

  /** Programs: what shows a difference, or proves that there is none, without a formula of all paths. */
  private otherwise(question: ProofTask): Staged | undefined {
    return this.refuteByTests(question) ?? this.proveByPaths(question);
  }

  private proveByPaths({ session, source, candidate, programs, bases }: ProofTask): Staged | undefined {
    if (programs === undefined) return undefined;
    const [a, b] = programs;
    const [from, to] = bases ?? [0, 0];
    const how = provePaths(
      session,
      { insns: source, program: a, base: from },
      { insns: candidate, program: b, base: to },
      this.options,
    );
    return how && [{ kind: 'equivalent', how, ms: 0 }, 'paths'];
  }

  private refuteByTests(question: ProofTask): Staged | undefined {
    const found = question.test?.();
    return found && [{ kind: 'different', ...found, ms: 0 }, 'test'];
  }

  /** Both under the memory model, and what is wrong with the candidate's accesses to shared memory. */
  private comparableRuns(question: ProofTask): { runs: Runs; problem: string | undefined } {
    const isStrict = this.options.memoryModel === 'strict';
    for (let joins = isStrict ? NO_JOINS : undefined, round = 0; ; round++) {
      const runs = this.runs(question, joins);
      const { problem, joins: more } = this.alignment(question, runs);
      const missing = more.filter((j) => joins?.has(j) !== true);
      if (missing.length === 0 || round === MAX_ROUNDS)
        return {
          runs,
          problem: problem ?? (more.length > 0 ? DIFFERENT_ACCESSES : undefined),
        };
      joins = new Set([...joins!, ...missing]);
    }
  }

  private alignment(
    { session }: ProofTask,
    { reference, run, plan }: Runs,
    same?: ReadonlyMap<Term, Term>,
  ): Alignment {
    const { normalizer } = session;
    const [theirs, mine] = [reference.accesses, run.accesses];
    if ([...theirs, ...mine].every((a) => a.kind === 'call')) return { joins: [] };
    if (plan.joins !== undefined)
      return alignAccesses(normalizer, isAligned(session.around(plan)), theirs, mine, same);
    const problem = accessProblem(normalizer.store, theirs, mine, same);
    return { ...(problem === undefined ? {} : { problem }), joins: [] };
  }

  /** Conditions of accesses that are written otherwise and mean the same. */
  private sameConditions(question: ProofTask, runs: Runs): ReadonlyMap<Term, Term> {
    const { solver, rlimit } = this.options;
    const isAllowed = (x: readonly SharedAccess[], y: readonly SharedAccess[]): boolean => {
      const { problem, joins } = this.alignment(question, {
        ...runs,
        reference: { ...runs.reference, accesses: x },
        run: { ...runs.run, accesses: y },
      });
      return problem === undefined && joins.length === 0;
    };
    const [theirs, mine] = [runs.reference.accesses, runs.run.accesses];
    return equalConditions(solver, rlimit, question.session, runs.plan, theirs, mine, isAllowed);
  }

  /** Both run, with regions as far apart as both allow. */
  private runs(question: ProofTask, joins: Joins | undefined): Runs {
    const { session, candidate } = question;
    const program = question.programs?.[1];
    const planFor = (m: AliasPartition): RunPlan => ({
      merging: mergingUnder(this.options.accelerations, m),
      ...(joins === undefined ? {} : { joins }),
    });
    const base = question.bases?.[1] ?? 0;
    let plan = planFor('none');
    plan = planFor(mergingFor(sourceRun(session, plan).touched));
    const runCandidate = (): SymbolicRun => {
      const reference = sourceRun(session, plan);
      const others = joins && new CandidateInterference(reference.accesses);
      const role: Role = { reference: reference.calls, program, base, others };
      return execute(candidate, session.start(plan.merging), session.around(plan), role);
    };
    let run = runCandidate();
    const wanted = planFor(mergingFor([...sourceRun(session, plan).touched, ...run.touched]));
    if (wanted.merging !== plan.merging) {
      plan = wanted;
      run = runCandidate();
    }
    return { plan, reference: sourceRun(session, plan), run };
  }

  /** @param asked the equations that are open; undefined when accesses to shared memory differ in form */
  private solve(question: ProofTask, runs: Runs, asked: Query | undefined): Staged {
    if (asked !== undefined) return this.decide(question, runs, asked);
    const same = this.sameConditions(question, runs);
    const { problem, joins } = this.alignment(question, runs, same);
    if (problem !== undefined || joins.length > 0) {
      const found = this.refuteAnyway(question, runs);
      if (found !== undefined) return found;
      throw new Refused(problem ?? DIFFERENT_ACCESSES);
    }
    const q = this.query(question, runs);
    if (q.open.length === 0) return [{ kind: 'equivalent', how: 'normal-form', ms: 0 }, 'normal-form'];
    return this.decide(question, runs, q);
  }

  /** Equations that are open, of runs whose accesses to shared memory correspond. */
  private decide(question: ProofTask, runs: Runs, q: Query): Staged {
    if (runs.reference.groups.size === 0) return this.refuteBySamples(q) ?? this.ask(q);
    // An input on which both part although nobody else is there says most.
    const alone = this.query(question, this.runs(question, undefined));
    if (alone.open.length > 0) {
      const found = this.refuteBySamples(alone) ?? this.ask(alone);
      if (found[0].kind !== 'equivalent') return found;
    }
    return this.ask(q);
  }

  /** Of whole programs: an input that shows a difference says more than that accesses differ. */
  private refuteAnyway(question: ProofTask, runs: Runs): Staged | undefined {
    if (question.test === undefined) return undefined;
    try {
      const q = this.query(question, runs.plan.joins ? this.runs(question, undefined) : runs);
      const found =
        q.open.length === 0
          ? undefined
          : (this.refuteBySamples(q) ?? this.ask(q, this.options.rlimit / ANYWAY_SHARE));
      return found?.[0].kind === 'different' ? found : undefined;
    } catch (e) {
      if (e instanceof Refused) return undefined;
      throw e;
    }
  }

  /** The equations that normal forms leave open. */
  private query(question: ProofTask, { plan, reference, run }: Runs): Query {
    const { session, context, source, candidate } = question;
    const { merging } = plan;
    const open = openObligations(session.comparison(plan), reference, run);
    const c: ReplayCase = {
      session,
      context,
      merging,
      source: { insns: source, run: reference },
      candidate: { insns: candidate, run },
    };
    return { c, open, assumptions: relevant(session, plan, sides(open)), question };
  }

  private refuteBySamples(q: Query): Staged | undefined {
    const { c, open, assumptions } = q;
    const { session } = c;
    if (session.normalizer.store.reachable(sides(open)).length > MAX_TERMS) return undefined;
    const e = new TermEvaluator(session.normalizer.store, [
      ...assumptions,
      ...open.flatMap((o) => [o.source, o.candidate]),
    ]);
    const tryOne = (input: TermAssignment): Obligation | undefined => {
      e.run(input);
      if (assumptions.some((t) => e.value(t) === 0n)) return undefined;
      return open.find((o) => e.value(o.source) !== e.value(o.candidate));
    };
    for (const input of session.refuters) {
      const o = tryOne(input);
      const found = o && this.different(q, o.where, input, 'refuter');
      if (found !== undefined) return found;
    }
    for (let n = 0; n < this.options.samples; n++) {
      const input = sample(n, session.constants, session.inputs.hints);
      const o = tryOne(input);
      const found = o && this.different(q, o.where, input, 'sample');
      if (found === undefined) continue;
      if (n > 0) this.remember(session, input);
      return found;
    }
    const { store } = session.normalizer;
    const equations = open.map((x) => [x.source, x.candidate] as const);
    for (const input of repaired(
      store,
      equations,
      assumptions,
      sample(0, session.constants, session.inputs.hints),
    )) {
      const o = tryOne(input);
      const found = o && this.different(q, o.where, input, 'search');
      if (found === undefined) continue;
      this.remember(session, input);
      return found;
    }
    return undefined;
  }

  private remember(session: Session, input: TermAssignment): void {
    session.refuters.unshift(input);
    if (session.refuters.length > MAX_REFUTERS) session.refuters.pop();
  }

  /** Undefined when the input shows no difference in the question's own eyes. */
  private different(q: Query, where: string, input: TermAssignment, stage: string): Staged | undefined {
    const { c, open, question } = q;
    if (question.counterexample !== undefined) {
      const counterexample = question.counterexample(input, c.source.run, c.merging);
      return counterexample && [{ kind: 'different', counterexample, where, ms: 0 }, stage];
    }
    // The results of calls are unknowns of the question, which no concrete run gives.
    const opaque = c.source.insns.concat(c.candidate.insns).some((i) => isOpaque(i));
    if (!opaque && replay(c, input) === undefined) {
      // In a memory of several objects, an input may lay one over another, which no real run does.
      if (c.merging !== 'none') return undefined;
      throw new Error(`counterexample at ${where} does not replay: terms and concrete runs disagree`);
    }
    const roots = open.flatMap((o) => [o.source, o.candidate]);
    return [{ kind: 'different', counterexample: counterexampleOf(c, input, roots), where, ms: 0 }, stage];
  }

  private ask(q: Query, rlimit = this.options.rlimit): Staged {
    const { c, open, assumptions } = q;
    const { session } = c;
    const b = session.normalizer.build;
    const differ = open.map((o) => b.not(b.eq(o.source, o.candidate)));
    if (b.store.reachable(differ).length > MAX_TERMS)
      return [{ kind: 'unknown', reason: `a formula of more than ${MAX_TERMS} terms`, ms: 0 }, 'solver'];
    const some = differ.reduce((x: Term, y) => b.binary(Op.Or, x, y));
    const result = this.options.solver.check(b.store, [...assumptions, some], {
      rlimit,
    });
    if (result.result === 'unsat')
      return [{ kind: 'equivalent', how: 'solver', ms: 0, rlimit: result.rlimit }, 'solver'];
    if (result.result === 'unknown')
      return [{ kind: 'unknown', reason: `solver: ${result.reason}`, exhausted: true, ms: 0 }, 'solver'];
    const input = assignmentOf(result.model);
    const e = new TermEvaluator(b.store, [...assumptions, ...open.flatMap((o) => [o.source, o.candidate])]);
    e.run(input);
    const o = open.find((x) => e.value(x.source) !== e.value(x.candidate));
    if (o === undefined || assumptions.some((t) => e.value(t) === 0n))
      throw new Error('the solver gave a model that is none');
    if (c.source.run.groups.size > 0) {
      const where = `${o.where}, when others change shared memory meanwhile`;
      return [{ kind: 'different', where, ms: 0 }, 'solver'];
    }
    const found = this.different(q, o.where, input, 'solver');
    if (found === undefined)
      return [
        { kind: 'unknown', reason: `no input was found that shows a difference at ${o.where}`, ms: 0 },
        'solver',
      ];
    this.remember(session, input);
    return found;
  }
}

/** What lies beyond the checker as a verdict. */
function beyond(e: unknown): Staged {
  if (e instanceof Unsupported) return [{ kind: 'unknown', reason: e.message, ms: 0 }, 'unsupported'];
  if (e instanceof Refused) return [{ kind: 'different', where: e.message, ms: 0 }, 'refused'];
  throw e;
}

function orElse(decide: () => Staged): Staged {
  try {
    return decide();
  } catch (e) {
    return beyond(e);
  }
}

function sides(open: readonly Obligation[]): Term[] {
  return open.flatMap((o) => [o.source, o.candidate]);
}

/** The source's own run; what the checker refuses there lies beyond it. */
function sourceRun(session: Session, plan: RunPlan): SymbolicRun {
  try {
    return session.sourceRun(plan);
  } catch (e) {
    if (e instanceof Refused) throw new Unsupported(`source: ${e.message}`);
    throw e;
  }
}

function isOpaque(i: Insn): boolean {
  const kind = specOf(i)?.kind;
  return kind === 'call' || kind === 'ldabs';
}
