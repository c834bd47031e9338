/**
 * Equivalence of a window and its replacement.
 *
 *   in:   what holds before and what is observed after (WindowContext), the source's and the candidate's instructions
 *   out:  Verdict: equivalent (and how it was proven), different (with an input that shows it), unknown (and why)
 *
 *   1  canonical forms         the same code is equivalent
 *   2  cache                   the same question was asked before
 *   3  symbolic runs           of both, on the same start (execute.ts), accesses to shared memory compared (accesses.ts)
 *   4  normal forms            every equation (obligations.ts) whose sides meet is proven
 *   5  samples                 concrete inputs refute most of the rest
 *   6  solver                  decides what is left; its counterexamples are replayed by concrete runs of both windows
 */
import type { Insn } from '../isa/insn.ts';
import { specOf } from '../isa/semantics.ts';
import type { Program } from '../program/program.ts';
import {
  type Assignment,
  assignmentOf,
  createSolver,
  Evaluator,
  Op,
  type Solver,
  type Term,
} from '../solver/index.ts';
import { accessProblem } from './accesses.ts';
import { CHECKER_VERSION, contextKey, VerdictCache } from './cache.ts';
import { canonical, codeKey } from './canonical.ts';
import type { WindowContext } from './context.ts';
import { execute, type Role } from './execute.ts';
import { contextProvider } from './facts.ts';
import { MemoryReader } from './memory.ts';
import { type Obligation, obligations } from './obligations.ts';
import { type Merging, mergingFor } from './regions.ts';
import { counterexampleOf, type ReplayCase, replay } from './replay.ts';
import { sample } from './samples.ts';
import { Session } from './session.ts';
import type { Verdict, Window } from './types.ts';
import { Refused, Unsupported } from './unsupported.ts';

export interface WindowVerifierOptions {
  /** Facts about a window of a program; by default from analysis/ (facts.ts). */
  contextOf?: (program: Program, window: Window) => WindowContext;
  /** Solver budget per check, in its resource units. */
  rlimit?: number;
  /** Inputs to try before the solver. */
  samples?: number;
  /** Default: a new embedded Z3. */
  solver?: Solver;
  cache?: VerdictCache;
}

/** How many checks ended at which stage, and their total milliseconds. */
export interface StageStats {
  [stage: string]: { checks: number; ms: number };
}

export interface WindowVerifier {
  /** Is the program the same with `replacement` in place of the window? */
  check(program: Program, window: Window, replacement: readonly Insn[]): Verdict;
  /** The same question with the context given. */
  checkIn(context: WindowContext, source: readonly Insn[], replacement: readonly Insn[]): Verdict;
  readonly stats: StageStats;
  readonly cache: VerdictCache;
  close(): void;
}

/** Terms beyond which a session's store is given up. */
const MAX_TERMS = 200_000;
const MAX_REFUTERS = 32;
const MAX_SESSIONS = 64;

export async function createWindowVerifier(options: WindowVerifierOptions = {}): Promise<WindowVerifier> {
  return new Verifier(options, options.solver ?? (await createSolver()));
}

class Verifier implements WindowVerifier {
  readonly stats: StageStats = {};
  readonly cache: VerdictCache;
  private readonly options: WindowVerifierOptions;
  private readonly solver: Solver;
  private readonly rlimit: number;
  private readonly sessions = new Map<string, Session>();
  private readonly keys = new WeakMap<WindowContext, string>();
  private readonly contexts = new WeakMap<Program, Map<string, WindowContext>>();
  private readonly contextOf: (program: Program, window: Window) => WindowContext;

  constructor(options: WindowVerifierOptions, solver: Solver) {
    this.options = options;
    this.solver = solver;
    this.contextOf = options.contextOf ?? contextProvider();
    this.rlimit = options.rlimit ?? 3_000_000;
    this.cache = options.cache ?? new VerdictCache();
  }

  close(): void {
    this.solver.close();
  }

  check(program: Program, window: Window, replacement: readonly Insn[]): Verdict {
    let context: WindowContext;
    try {
      context = this.contextFor(program, window);
    } catch (e) {
      if (e instanceof Unsupported) return { kind: 'unknown', reason: e.message, ms: 0 };
      throw e;
    }
    return this.checkIn(context, program.insns.slice(window.start, window.end), replacement);
  }

  checkIn(context: WindowContext, source: readonly Insn[], replacement: readonly Insn[]): Verdict {
    const began = performance.now();
    const [verdict, stage] = this.decide(context, source, replacement);
    const ms = performance.now() - began;
    const s = (this.stats[stage] ??= { checks: 0, ms: 0 });
    s.checks++;
    s.ms += ms;
    return { ...verdict, ms };
  }

  private contextFor(program: Program, window: Window): WindowContext {
    let known = this.contexts.get(program);
    if (known === undefined) this.contexts.set(program, (known = new Map()));
    const key = `${window.start}-${window.end}`;
    let context = known.get(key);
    if (context === undefined) known.set(key, (context = this.contextOf(program, window)));
    return context;
  }

  private decide(
    context: WindowContext,
    source: readonly Insn[],
    replacement: readonly Insn[],
  ): [Verdict, string] {
    const live = liveMask(context);
    const [from, to] = [canonical(source, live), canonical(replacement, live)];
    const code = codeKey(from);
    const candidateCode = codeKey(to);
    if (code === candidateCode) return [{ kind: 'equivalent', how: 'identical', ms: 0 }, 'identical'];
    const sessionKey = `${this.contextKey(context)}|${code}`;
    const key = `${CHECKER_VERSION}|${this.rlimit}|${sessionKey}|${candidateCode}`;
    const known = this.cache.get(key);
    if (known !== undefined)
      return [known.kind === 'equivalent' ? { ...known, how: 'cache' } : known, 'cache'];
    let result: [Verdict, string];
    try {
      result = this.prove(context, this.session(sessionKey, context, from), from, to);
    } catch (e) {
      if (e instanceof Unsupported) result = [{ kind: 'unknown', reason: e.message, ms: 0 }, 'unsupported'];
      else if (e instanceof Refused) result = [{ kind: 'different', where: e.message, ms: 0 }, 'refused'];
      else throw e;
    }
    this.cache.set(key, result[0]);
    return result;
  }

  private contextKey(context: WindowContext): string {
    let key = this.keys.get(context);
    if (key === undefined) this.keys.set(context, (key = contextKey(context)));
    return key;
  }

  private session(key: string, context: WindowContext, source: readonly Insn[]): Session {
    let s = this.sessions.get(key);
    if (s === undefined || s.size > MAX_TERMS) {
      this.sessions.delete(key);
      if (this.sessions.size >= MAX_SESSIONS) this.sessions.delete(this.sessions.keys().next().value!);
      s = new Session(context, source);
      this.sessions.set(key, s);
    }
    return s;
  }

  private prove(
    context: WindowContext,
    session: Session,
    source: readonly Insn[],
    candidate: readonly Insn[],
  ): [Verdict, string] {
    let merging = mergingFor(sourceRun(session, 'none').touched);
    const against = (): Role => ({ reference: sourceRun(session, merging).calls });
    let run = execute(candidate, session.start(merging), session.around(merging), against());
    const wanted = mergingFor([...sourceRun(session, merging).touched, ...run.touched]);
    if (wanted !== merging) {
      merging = wanted;
      run = execute(candidate, session.start(merging), session.around(merging), against());
    }
    const reference = sourceRun(session, merging);
    const problem = accessProblem(session.normalizer.store, reference.accesses, run.accesses);
    if (problem !== undefined) return [{ kind: 'different', where: problem, ms: 0 }, 'accesses'];

    const comparison = {
      normalizer: session.normalizer,
      reader: new MemoryReader(session.normalizer, session.knownBytes()),
      context,
      start: session.start(merging),
      stackMemory: session.stackMemory(merging),
      framePointer: session.framePointer,
    };
    const open = obligations(comparison, reference, run).filter(
      (o) =>
        o.source !== o.candidate &&
        session.normalizer.normalize(o.source) !== session.normalizer.normalize(o.candidate),
    );
    if (open.length === 0) return [{ kind: 'equivalent', how: 'normal-form', ms: 0 }, 'normal-form'];
    const c: ReplayCase = {
      session,
      context,
      merging,
      source: { insns: source, run: reference },
      candidate: { insns: candidate, run },
    };
    const q: Query = { c, open, assumptions: relevant(session, merging, open) };
    return this.refuteBySamples(q) ?? this.ask(q);
  }

  private refuteBySamples({ c, open, assumptions }: Query): [Verdict, string] | undefined {
    const { session } = c;
    const e = new Evaluator(session.normalizer.store, [
      ...assumptions,
      ...open.flatMap((o) => [o.source, o.candidate]),
    ]);
    const tryOne = (input: Assignment): Obligation | undefined => {
      e.run(input);
      if (assumptions.some((t) => e.value(t) === 0n)) return undefined;
      return open.find((o) => e.value(o.source) !== e.value(o.candidate));
    };
    for (const input of session.refuters) {
      const o = tryOne(input);
      if (o !== undefined) return this.different(c, open, o.where, input, 'refuter');
    }
    for (let n = 0; n < (this.options.samples ?? 48); n++) {
      const input = sample(n, session.constants, session.inputs.hints);
      const o = tryOne(input);
      if (o === undefined) continue;
      if (n > 0) this.remember(session, input);
      return this.different(c, open, o.where, input, 'sample');
    }
    return undefined;
  }

  private remember(session: Session, input: Assignment): void {
    session.refuters.unshift(input);
    if (session.refuters.length > MAX_REFUTERS) session.refuters.pop();
  }

  private different(
    c: ReplayCase,
    open: readonly Obligation[],
    where: string,
    input: Assignment,
    stage: string,
  ): [Verdict, string] {
    // The results of calls are unknowns of the question, which no concrete run gives.
    const opaque = c.source.insns.concat(c.candidate.insns).some((i) => isOpaque(i));
    if (!opaque && replay(c, input) === undefined)
      throw new Error(`counterexample at ${where} does not replay: terms and concrete runs disagree`);
    const roots = open.flatMap((o) => [o.source, o.candidate]);
    return [{ kind: 'different', counterexample: counterexampleOf(c, input, roots), where, ms: 0 }, stage];
  }

  private ask({ c, open, assumptions }: Query): [Verdict, string] {
    const { session } = c;
    const b = session.normalizer.build;
    const differ = open.map((o) => b.not(b.eq(o.source, o.candidate)));
    const some = differ.reduce((x: Term, y) => b.binary(Op.Or, x, y));
    const result = this.solver.check(b.store, [...assumptions, some], { rlimit: this.rlimit });
    if (result.result === 'unsat')
      return [{ kind: 'equivalent', how: 'solver', ms: 0, rlimit: result.rlimit }, 'solver'];
    if (result.result === 'unknown')
      return [{ kind: 'unknown', reason: `solver: ${result.reason}`, ms: 0 }, 'solver'];
    const input = assignmentOf(result.model);
    const e = new Evaluator(b.store, [...assumptions, ...open.flatMap((o) => [o.source, o.candidate])]);
    e.run(input);
    const o = open.find((x) => e.value(x.source) !== e.value(x.candidate));
    if (o === undefined || assumptions.some((t) => e.value(t) === 0n))
      throw new Error('the solver gave a model that is none');
    this.remember(session, input);
    return this.different(c, open, o.where, input, 'solver');
  }
}

/** Equations that are still open, and what may be assumed of their variables. */
interface Query {
  c: ReplayCase;
  open: readonly Obligation[];
  assumptions: readonly Term[];
}

/** Assumptions about variables that occur in the equations; the others can always be met and only get in the way. */
function relevant(session: Session, merging: Merging, open: readonly Obligation[]): Term[] {
  const { store } = session.normalizer;
  const used = new Set(store.reachable(open.flatMap((o) => [o.source, o.candidate])));
  return session
    .assumptions(merging)
    .filter((a) => store.reachable([a]).some((t) => store.op(t) === Op.Var && used.has(t)));
}

/** The source's own run; what the checker refuses there lies beyond it. */
function sourceRun(session: Session, merging: Parameters<Session['sourceRun']>[0]) {
  try {
    return session.sourceRun(merging);
  } catch (e) {
    if (e instanceof Refused) throw new Unsupported(`source: ${e.message}`);
    throw e;
  }
}

function isOpaque(i: Insn): boolean {
  const kind = specOf(i)?.kind;
  return kind === 'call' || kind === 'ldabs';
}

function liveMask(context: WindowContext): number {
  let mask = 1 << 10;
  context.liveRegisters.forEach((bits, r) => {
    if (bits !== 0n) mask |= 1 << r;
  });
  return mask;
}
