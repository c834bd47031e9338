/**
 * Equivalence of a window and its replacement.
 *
 *   in:   what holds before and what is observed after (WindowContext), the source's and the candidate's
 *         instructions
 *   out:  Verdict: equivalent (and how it was proven), different (with an input that shows it), unknown (and
 *         why)
 *
 *   1  canonical forms         the same code is equivalent
 *   2  cache                   the same question was asked before
 *   3 to 6                     the proof (prover.ts)
 */

import type { LiveSet } from '../analysis/index.ts';
import { EditError } from '../isa/edit.ts';
import type { Insn } from '../isa/insn.ts';
import { DEFAULT_MEMORY_MODEL, type MemoryModel } from '../program/contracts/shared-memory.ts';
import { replaceRange } from '../program/edit.ts';
import type { FunctionRange, Program } from '../program/program.ts';
import { type Solver, solverNamed } from '../solver/index.ts';
import { CHECKER_VERSION, contextKey, VerdictCache } from './cache/cache.ts';
import { canonical, codeKey } from './cache/canonical.ts';
import type { WindowContext } from './context.ts';
import { contextText } from './context-text.ts';
import { Unsupported } from './errors.ts';
import {
  addPacketFacts,
  checkComparable,
  entryContext,
  firstDifference,
  functionContext,
  openFunctions,
  testOf,
} from './program.ts';
import { type Accelerations, ALL_ACCELERATIONS, accelerationsKey } from './proof/accelerations.ts';
import { type ProofTask, Prover, type Staged } from './proof/prover.ts';
import { Session } from './proof/session.ts';
import type { ProofTranscript } from './proof/transcript.ts';
import type { Verdict, Window } from './types.ts';
import { type ContextProvider, contextProvider } from './window-context.ts';

export interface WindowVerifierOptions {
  /** Facts about a window of a program; by default from analysis/ (window-context.ts). */
  contextOf?: ((program: Program, window: Window) => WindowContext) & Partial<ContextProvider>;
  /** Solver budget per check, in its resource units. */
  rlimit?: number;
  /** Inputs to try before the solver. */
  samples?: number;
  /** A solver, or its name (solver/named.ts); default: a new embedded Z3. */
  solver?: Solver | string;
  cache?: VerdictCache;
  /** What others may do to memory that they share with the program; default: strict. */
  memoryModel?: MemoryModel;
  /** Default: all on. */
  accelerations?: Partial<Accelerations>;
  /** Test cases that two programs run on when normal forms do not settle it. */
  tests?: number;
}

/** How many checks ended at which stage, and their total milliseconds. */
export interface StageStats {
  [stage: string]: { checks: number; ms: number };
}

/** A rewrite's equations and what is assumed where the window starts, or why there are none. */
export type Transcript = (ProofTranscript & { context: readonly string[] }) | { reason: string };

export interface WindowVerifier {
  /** The one that verdicts are given under. */
  readonly memoryModel: MemoryModel;
  /** Is the program the same with `replacement` in place of the window? */
  check(program: Program, window: Window, replacement: readonly Insn[]): Verdict;
  /** The same question with the context given. */
  checkIn(context: WindowContext, source: readonly Insn[], replacement: readonly Insn[]): Verdict;
  /** Do two loop-free programs for one hook, with the same maps, do the same? */
  checkPrograms(a: Program, b: Program): Verdict;
  /** The facts that it works on; throws Unsupported for what is no window. */
  contextOf(program: Program, window: Window): WindowContext;
  /** What is read from an instruction on; undefined where whoever gives the contexts does not say. */
  liveBefore(program: Program, index: number): LiveSet | undefined;
  readonly stats: StageStats;
  readonly cache: VerdictCache;
  /** The equations that a rewrite of a window stands on, for other solvers. */
  transcript(program: Program, window: Window, replacement: readonly Insn[]): Transcript;
  transcriptIn(context: WindowContext, source: readonly Insn[], replacement: readonly Insn[]): Transcript;
  /**
   * Forgets the questions asked so far, so that the next verdict, its proof and its counterexample depend on
   * none of them.
   */
  forget(): void;
  close(): void;
}

/** Terms beyond which a session's store is given up. */
const MAX_TERMS = 200_000;
const MAX_SESSIONS = 16;
/** No packet is longer; far more than there are. */
const LONGEST_PACKET = 0x7fff_ffffn;

export async function createWindowVerifier(options: WindowVerifierOptions = {}): Promise<WindowVerifier> {
  const { solver } = options;
  return new Verifier(options, typeof solver === 'object' ? solver : await solverNamed(solver));
}

class Verifier implements WindowVerifier {
  readonly stats: StageStats = {};
  readonly cache: VerdictCache;
  readonly memoryModel: MemoryModel;
  private readonly solver: Solver;
  private readonly prover: Prover;
  private readonly accelerations: Accelerations;
  private readonly tests: number;
  private readonly rlimit: number;
  private readonly sessions = new Map<string, Session>();
  private readonly keys = new WeakMap<WindowContext, string>();
  private readonly contexts = new WeakMap<Program, Map<string, WindowContext>>();
  private readonly provider: NonNullable<WindowVerifierOptions['contextOf']>;

  constructor(options: WindowVerifierOptions, solver: Solver) {
    this.solver = solver;
    this.tests = options.tests ?? 64;
    this.accelerations = { ...ALL_ACCELERATIONS, ...options.accelerations };
    this.provider = options.contextOf ?? contextProvider();
    this.rlimit = options.rlimit ?? 3_000_000;
    this.cache = options.cache ?? new VerdictCache();
    const { rlimit, accelerations } = this;
    this.memoryModel = options.memoryModel ?? DEFAULT_MEMORY_MODEL;
    const { memoryModel } = this;
    const samples = options.samples ?? 48;
    this.prover = new Prover({ solver, rlimit, samples, accelerations, memoryModel });
  }

  forget(): void {
    this.sessions.clear();
    this.cache.clear();
    this.solver.forget?.();
  }

  liveBefore(program: Program, index: number): LiveSet | undefined {
    return this.provider.liveBefore?.(program, index);
  }

  close(): void {
    this.cache.flush();
    this.solver.close();
  }

  check(program: Program, window: Window, replacement: readonly Insn[]): Verdict {
    if (!this.accelerations.windows) return this.checkWhole(program, window, replacement);
    let context: WindowContext;
    try {
      context = this.contextOf(program, window);
    } catch (e) {
      if (e instanceof Unsupported) return { kind: 'unknown', reason: e.message, ms: 0 };
      throw e;
    }
    return this.checkIn(context, program.insns.slice(window.start, window.end), replacement);
  }

  checkIn(context: WindowContext, source: readonly Insn[], replacement: readonly Insn[]): Verdict {
    return this.timed(() => this.decide(context, source, replacement));
  }

  transcript(program: Program, window: Window, replacement: readonly Insn[]): Transcript {
    let context: WindowContext;
    try {
      context = this.contextOf(program, window);
    } catch (e) {
      if (e instanceof Unsupported) return { reason: e.message };
      throw e;
    }
    return this.transcriptIn(context, program.insns.slice(window.start, window.end), replacement);
  }

  transcriptIn(context: WindowContext, source: readonly Insn[], replacement: readonly Insn[]): Transcript {
    const asWritten = this.transcriptOf(context, source, replacement);
    if (!('reason' in asWritten)) return asWritten;
    // What the checker does not model may be dead, and then goes with the canonical form.
    const live = liveMask(context);
    return this.transcriptOf(context, canonical(source, live), canonical(replacement, live));
  }

  private transcriptOf(
    context: WindowContext,
    source: readonly Insn[],
    candidate: readonly Insn[],
  ): Transcript {
    // A session of its own: the names of its terms depend on this question alone.
    const session = new Session(context, source, {}, this.accelerations.offsets);
    addPacketFacts(session, LONGEST_PACKET);
    const made = this.prover.transcript({ context, session, source, candidate });
    return 'reason' in made ? made : { ...made, context: contextText(context) };
  }

  checkPrograms(a: Program, b: Program): Verdict {
    return this.timed(() => this.decidePrograms(a, b));
  }

  /** The window's program against the one with the replacement in it. */
  private checkWhole(program: Program, window: Window, replacement: readonly Insn[]): Verdict {
    try {
      return this.checkPrograms(program, replaceRange(program, window.start, window.end, replacement));
    } catch (e) {
      if (e instanceof EditError) return { kind: 'unknown', reason: e.message, ms: 0 };
      throw e;
    }
  }

  private timed(decide: () => Staged): Verdict {
    const began = performance.now();
    const [verdict, stage] = decide();
    const ms = performance.now() - began;
    const s = (this.stats[stage] ??= { checks: 0, ms: 0 });
    s.checks++;
    s.ms += ms;
    return { ...verdict, ms };
  }

  contextOf(program: Program, window: Window): WindowContext {
    let known = this.contexts.get(program);
    if (known === undefined) this.contexts.set(program, (known = new Map()));
    const key = `${window.start}-${window.end}`;
    let context = known.get(key);
    if (context === undefined) known.set(key, (context = this.provider(program, window)));
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
    return this.cached(`${sessionKey}|${candidateCode}`, () => {
      const session = this.session(sessionKey, () => {
        const made = new Session(context, from, {}, this.accelerations.offsets);
        addPacketFacts(made, LONGEST_PACKET);
        return made;
      });
      return { context, session, source: from, candidate: to };
    });
  }

  private decidePrograms(a: Program, b: Program): Staged {
    try {
      checkComparable(a, b);
    } catch (e) {
      if (e instanceof Unsupported) return [{ kind: 'unknown', reason: e.message, ms: 0 }, 'unsupported'];
      throw e;
    }
    const [code, other] = [programKey(a), programKey(b)];
    if (code === other) return [{ kind: 'equivalent', how: 'identical', ms: 0 }, 'identical'];
    let answer = this.decideFunction(a, b, entryOf(a), entryOf(b));
    // Calls of functions that others may replace are not followed: these are proven one by one.
    for (const f of openFunctions(a)) {
      if (answer[0].kind !== 'equivalent') break;
      const g = openFunctions(b).find(({ name }) => name === f.name)!;
      const [verdict, stage] = this.decideFunction(a, b, f, g);
      if (verdict.kind === 'equivalent') continue;
      const why = verdict.kind === 'unknown' ? verdict.reason : verdict.where;
      answer = [{ kind: 'unknown', reason: `function ${f.name}: ${why}`, ms: 0 }, stage];
    }
    return answer;
  }

  /** Does a function of both, which nobody in the programs calls in the terms of another one, do the same? */
  private decideFunction(a: Program, b: Program, f: FunctionRange, g: FunctionRange): Staged {
    const isEntry = f.start === 0;
    const context = isEntry ? entryContext(a) : functionContext(a, f);
    const sessionKey = `${a.hook}|${this.contextKey(context)}|${f.start}|${programKey(a)}`;
    return this.cached(`${sessionKey}|${programKey(b)}`, () => {
      const source = a.insns.slice(f.start, f.end);
      const session = this.session(sessionKey, () => {
        const made = new Session(context, source, { program: a, base: f.start }, this.accelerations.offsets);
        addPacketFacts(made, isEntry ? undefined : LONGEST_PACKET);
        return made;
      });
      const question = {
        context,
        session,
        source,
        candidate: b.insns.slice(g.start, g.end),
        programs: [a, b] as const,
        bases: [f.start, g.start] as const,
      };
      // Only the hook's own inputs can be tried.
      if (!isEntry) return { ...question, counterexample: () => undefined };
      return {
        ...question,
        counterexample: (input, run, merging) => {
          const test = testOf(session, a, run, merging, input);
          return test && firstDifference(a, b, [test])?.counterexample;
        },
        test: () => firstDifference(a, b, this.tests),
      };
    });
  }

  /** The verdict under a key, or the answer to the question. */
  private cached(question: string, ask: () => ProofTask): Staged {
    if (!this.accelerations.cache) return this.prover.prove(ask());
    const key = `${CHECKER_VERSION}|${this.solver.name}|${this.rlimit}|${accelerationsKey(this.accelerations)}|${this.memoryModel}|${question}`;
    const known = this.cache.get(key);
    if (known !== undefined)
      return [known.kind === 'equivalent' ? { ...known, how: 'cache' } : known, 'cache'];
    const result = this.prover.prove(ask());
    this.cache.set(key, result[0]);
    return result;
  }

  private contextKey(context: WindowContext): string {
    let key = this.keys.get(context);
    if (key === undefined) this.keys.set(context, (key = contextKey(context)));
    return key;
  }

  private session(key: string, make: () => Session): Session {
    let s = this.sessions.get(key);
    if (s === undefined || s.size > MAX_TERMS) {
      this.sessions.delete(key);
      if (this.sessions.size >= MAX_SESSIONS) this.sessions.delete(this.sessions.keys().next().value!);
      s = make();
      this.sessions.set(key, s);
    }
    return s;
  }
}

function entryOf(p: Program): FunctionRange {
  return p.functions[0] ?? { name: p.name, start: 0, end: p.insns.length };
}

function programKey(p: Program): string {
  const open = new Set(openFunctions(p));
  return `${p.functions.map((f) => `${f.start}${open.has(f) ? f.name : ''}`).join(',')}:${codeKey(p.insns)}`;
}

function liveMask(context: WindowContext): number {
  let mask = 1 << 10;
  context.liveRegisters.forEach((bits, r) => {
    if (bits !== 0n) mask |= 1 << r;
  });
  return mask;
}
