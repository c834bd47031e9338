/**
 * Two programs path by path: what one of them shares and the other does not makes no difference then.
 *
 *   source     every path from its start to its end, with the outcomes of the branches on it
 *   candidate  every path on which these outcomes are possible: one, mostly, because they decide its branches
 *              too
 *   proof      of each such pair, under the conditions of both: the same accesses and calls in order, the
 *              same left behind
 *
 * Every input takes one path of the source and one of the candidate, so what is proven of all pairs is proven
 * of the programs. Nothing is merged: addresses and values are those of one path. Programs with many paths
 * are left alone.
 */
import type { Insn } from '../../isa/insn.ts';
import type { MemoryModel } from '../../program/contracts/shared-memory.ts';
import { Op, type Solver, type Term } from '../../solver/index.ts';
import { Refused, Unsupported } from '../errors.ts';
import { Choices } from '../symbolic/choices.ts';
import { execute } from '../symbolic/execute.ts';
import { CandidateInterference, NO_JOINS, SourceInterference } from '../symbolic/interference.ts';
import { LookupFacts } from '../symbolic/lookups.ts';
import { countPaths } from '../symbolic/order.ts';
import { type AliasPartition, isAligned, mergingFor } from '../symbolic/regions.ts';
import type { ExecutionEnv, Role, SymbolicRun } from '../symbolic/run.ts';
import { type Accelerations, mergingUnder } from './accelerations.ts';
import { type Obligation, openObligations } from './obligations.ts';
import { accessProblem } from './plain-accesses.ts';
import type { RunPlan, Session } from './session.ts';
import { alignAccesses } from './strict-accesses.ts';

/** Ways through a program beyond which it is left alone; most of them no input takes. */
const MAX_PATHS = 200_000;
/** Runs of either program; a run costs as much as its program is long. */
const MAX_STEPS = 150_000;
/**
 * Terms in all questions to the solver together, and how often its budget for one check may be spent in all.
 */
const MAX_ASKED = 30_000;
const BUDGETS = 4;
/** How often the proof starts again, with regions kept apart less or with more accesses that are one. */
const MAX_ROUNDS = 8;
/** Largest formula that a solver is asked about. */
const MAX_TERMS = 5_000;

export interface ProgramSide {
  insns: readonly Insn[];
  program: NonNullable<Role['program']>;
  /** Index of the first instruction in the program; 0: its entry. */
  base?: number;
}

export interface PathProofOptions {
  solver: Solver;
  /** Solver budget of the whole question. */
  rlimit: number;
  accelerations: Accelerations;
  memoryModel: MemoryModel;
}

type How = 'normal-form' | 'solver';

/** How it was proven; undefined when it was not. */
export function provePaths(
  session: Session,
  source: ProgramSide,
  candidate: ProgramSide,
  o: PathProofOptions,
): How | undefined {
  if ([source, candidate].some((side) => hasTooMany(side))) return undefined;
  let plan: RunPlan = {
    merging: mergingUnder(o.accelerations, 'none'),
    ...(o.memoryModel === 'strict' ? { joins: NO_JOINS } : {}),
  };
  for (let round = 0; ; round++) {
    const proof = new PathProof(session, source, candidate, o, plan);
    const how = proof.prove();
    if (proof.wanted === plan || round === MAX_ROUNDS) return how;
    plan = proof.wanted;
  }
}

function hasTooMany({ insns }: ProgramSide): boolean {
  try {
    return countPaths(insns) > MAX_PATHS;
  } catch (e) {
    if (e instanceof Unsupported) return true;
    throw e;
  }
}

/** One path, or why it could not be followed. */
interface Path {
  run: SymbolicRun | Refused | Unsupported;
  choices: Choices;
}

/**
 * What is known of a path: nothing; that both do the same on it; or that its first conditions cannot hold
 * together.
 */
type PathOutcome = 'open' | { impossible?: number };

class PathProof {
  /** How runs have to be made; when that is otherwise than was tried, the proof has to start again. */
  wanted: RunPlan;
  private readonly session: Session;
  private readonly source: ProgramSide;
  private readonly candidate: ProgramSide;
  private readonly options: PathProofOptions;
  private readonly plan: RunPlan;
  private steps = 0;
  private asked = 0;
  private spent = 0;

  constructor(
    session: Session,
    source: ProgramSide,
    candidate: ProgramSide,
    options: PathProofOptions,
    plan: RunPlan,
  ) {
    this.session = session;
    this.source = source;
    this.candidate = candidate;
    this.options = options;
    this.plan = plan;
    this.wanted = plan;
  }

  prove(): How | undefined {
    const { session, plan } = this;
    const { normalizer } = session;
    const token = (key: string): number => session.pathToken(`${plan.merging}|${key}`);
    for (let script: readonly boolean[] | undefined = []; script !== undefined; ) {
      const choices: Choices = new Choices(normalizer, [], script, token);
      const assumptions: Term[] = [...this.session.inputs.assumptions];
      const facts = new LookupFacts(normalizer, assumptions);
      const around = { ...this.session.around(plan), facts };
      const others = plan.joins && new SourceInterference(plan.joins);
      const path = this.follow(this.source, choices, around, { others });
      const same = this.compare(path, around, assumptions);
      if (same === 'open') return undefined;
      script = choices.next(same.impossible);
    }
    return this.asked > 0 ? 'solver' : 'normal-form';
  }

  private follow(
    { insns, program, base = 0 }: ProgramSide,
    choices: Choices,
    around: ExecutionEnv,
    role: Role = {},
  ): Path {
    this.steps += insns.length;
    let run: Path['run'];
    try {
      const start = this.session.start(this.plan.merging);
      run = execute(insns, start, around, { program, base, path: choices, ...role });
    } catch (e) {
      if (!(e instanceof Refused || e instanceof Unsupported)) throw e;
      run = e;
    }
    return { run, choices };
  }

  /** The candidate, wherever the source takes this path. */
  private compare(source: Path, around: ExecutionEnv, assumptions: readonly Term[]): PathOutcome {
    if (source.run instanceof Unsupported) return 'open';
    const given = source.choices.holds;
    if (source.run instanceof Refused) return this.impossible(given, assumptions);
    const reference = source.run.calls;
    const { accesses } = source.run;
    for (let script: readonly boolean[] | undefined = []; script !== undefined; ) {
      if (this.steps > MAX_STEPS) return 'open';
      const choices: Choices = new Choices(this.session.normalizer, given, script, noToken);
      const others = this.plan.joins && new CandidateInterference(accesses);
      const path = this.follow(this.candidate, choices, around, { reference, others });
      const isSame = this.isPair(source.run, path, around, assumptions);
      if (this.wanted !== this.plan) return 'open';
      const outcome = isSame ? {} : this.impossible(choices.holds, assumptions);
      if (outcome === 'open') return outcome;
      const { impossible } = outcome;
      if (impossible !== undefined && impossible <= given.length) return outcome;
      script = choices.next(impossible === undefined ? undefined : impossible - given.length);
    }
    return {};
  }

  /** How many of the conditions, from the first, cannot hold together. */
  private impossible(holds: readonly Term[], assumptions: readonly Term[]): PathOutcome {
    const isPossible = (n: number): boolean =>
      !this.isUnsatisfiable(this.session.normalizer.build.true, [...holds.slice(0, n), ...assumptions]);
    if (isPossible(holds.length)) return 'open';
    let [low, high] = [0, holds.length];
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if (isPossible(middle)) low = middle;
      else high = middle;
    }
    return { impossible: high };
  }

  private isPair(
    reference: SymbolicRun,
    { run, choices }: Path,
    around: ExecutionEnv,
    assumptions: readonly Term[],
  ): boolean {
    if (run instanceof Error) return false;
    const { session, plan } = this;
    const needed = mergingFor([...reference.touched, ...run.touched]);
    const merging = mergingUnder(this.options.accelerations, coarser(plan.merging, needed));
    if (merging !== plan.merging) {
      this.wanted = { ...plan, merging };
      return false;
    }
    if (!this.areAllowed(reference, run, around)) return false;
    let open: readonly Obligation[];
    try {
      open = openObligations(session.comparison(plan, around), reference, run);
    } catch (e) {
      if (e instanceof Refused) return false;
      throw e;
    }
    open = open.filter((o) => choices.simplified(o.source) !== choices.simplified(o.candidate));
    if (open.length === 0) return true;
    const b = session.normalizer.build;
    const differ = open
      .map((o) => b.not(b.eq(o.source, o.candidate)))
      .reduce((x, y) => b.binary(Op.Or, x, y));
    return this.isUnsatisfiable(differ, [...choices.holds, ...assumptions]);
  }

  /** May the candidate make its accesses to shared memory in place of the source's? */
  private areAllowed(reference: SymbolicRun, run: SymbolicRun, around: ExecutionEnv): boolean {
    const { normalizer } = this.session;
    const [theirs, mine] = [reference.accesses, run.accesses];
    const { joins } = this.plan;
    if (joins === undefined) return accessProblem(normalizer.store, theirs, mine) === undefined;
    if ([...theirs, ...mine].every((a) => a.kind === 'call')) return true;
    const { problem, joins: more } = alignAccesses(normalizer, isAligned(around), theirs, mine);
    const missing = more.filter((j) => !joins.has(j));
    if (missing.length > 0) this.wanted = { ...this.plan, joins: new Set([...joins, ...missing]) };
    return problem === undefined && more.length === 0;
  }

  private isUnsatisfiable(t: Term, given: readonly Term[]): boolean {
    const { store } = this.session.normalizer;
    const all = store.isConst(t) ? given : [t, ...connected(this.session, t, given)];
    const size = store.reachable(all).length;
    if (size > MAX_TERMS || this.asked + size > MAX_ASKED) return false;
    const { solver, rlimit } = this.options;
    if (this.spent >= BUDGETS * rlimit) return false;
    this.asked += size;
    const answer = solver.check(store, all, { rlimit });
    this.spent += answer.rlimit;
    return answer.result === 'unsat';
  }
}

/** Of the candidate's calls; they have those of the source. */
function noToken(): number {
  throw new Error('a call of the candidate that stands for none');
}

function coarser(x: AliasPartition, y: AliasPartition): AliasPartition {
  if (x === 'all' || y === 'all') return 'all';
  return x === 'maps' ? x : y;
}

/** Those of the conditions that share a variable or byte with the term, or with one that does. */
function connected({ normalizer: { store } }: Session, t: Term, conditions: readonly Term[]): Term[] {
  const symbols = (x: Term): Term[] =>
    store.reachable([x]).filter((y) => store.op(y) === Op.Var || store.op(y) === Op.Read);
  const reached = new Set(symbols(t));
  let rest = [...new Set(conditions)].map((term) => ({ term, symbols: symbols(term) }));
  const taken: Term[] = [];
  for (let grew = true; grew; ) {
    const touching = rest.filter((c) => c.symbols.some((x) => reached.has(x)));
    rest = rest.filter((c) => !touching.includes(c));
    for (const c of touching) {
      taken.push(c.term);
      for (const x of c.symbols) reached.add(x);
    }
    grew = touching.length > 0;
  }
  return taken;
}
