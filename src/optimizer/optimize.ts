/**
 * The pipeline for one program.
 *
 *   tests --> dead code --> Markov chains over windows, round by round --> dead code --> final word of the kernel
 *
 * Every change goes through `judge`. The result does not depend on time: budgets are steps.
 */

import { examine } from '../analysis/safety.ts';
import type { Value } from '../analysis/values.ts';
import { formatInsn } from '../isa/disasm.ts';
import { type Insn, sizeInSlots, slotsOf } from '../isa/insn.ts';
import { levelOf, linuxOf, type Target } from '../isa/levels.ts';
import { withoutNops } from '../program/edit.ts';
import { UserError } from '../program/errors.ts';
import type { Program } from '../program/program.ts';
import { type ChainStats, emptyStats, runChain } from '../search/chain.ts';
import { lower, loweredCost, loweredSlots, raise } from '../search/flow.ts';
import { buildPools } from '../search/pools.ts';
import { type ChainSettings, settingNamed } from '../search/settings.ts';
import { wellFormed } from '../search/wellformed.ts';
import { branchingWindows, slidingWindows, straightRuns } from '../search/windows.ts';
import type { WindowContext } from '../verify/index.ts';
import type { Window } from '../verify/types.ts';
import { priceOf } from '../vm/latency.ts';
import { Rng } from '../vm/random.ts';
import { Bench } from './bench.ts';
import { budgetOf } from './defaults.ts';
import { type Consents, finalWord } from './kernelword.ts';
import { learn } from './learn.ts';
import { type Accepted, type Judgement, type Judges, judge } from './pass.ts';
import type { AppliedRewrite, OptimizeOptions, OptimizeResult, Progress } from './types.ts';

interface Rewrite {
  window: Window;
  replacement: readonly Insn[];
  by: string;
}

/** Facts about a window; the same that the verifier uses, so that each program is analysed once. */
type ContextOf = (program: Program, window: Window) => WindowContext;

/** Nanoseconds that count as one slot in a price: an ordinary ALU instruction's. */
const UNIT_NS = 0.37;
/** What a slot costs besides its time, so that of two equally fast windows the shorter one wins. */
const SLOT_SHARE = 0.02;
/** Differences of modeled nanoseconds below this are rounding. */
const SAME_TIME = 1e-9;

/** Price of a window with the goal latency: its modeled time, in units of an ordinary instruction. */
function loweredTime(window: readonly Insn[]): number {
  return loweredCost(window, (i) => priceOf(i) / UNIT_NS + SLOT_SHARE * slotsOf(i));
}

export interface Control {
  onProgress?(p: Progress): void;
  /** Polled often; true ends the search, and what is proven so far is returned. */
  stop?(): boolean;
}

/**
 * Steps that a chain spends on a window before the next one gets its turn: few in the first round, which finds what is
 * easy everywhere, twice as many in each later one.
 */
const FIRST_VISIT = 4000;
const LONGEST_VISIT = 64_000;
/** Longest program whose safety is asked for every rewrite: examining it takes about as long as a proof. */
const EAGER_SAFETY = 400;
/** Rewrites of a large program between two examinations of its safety. */
const BATCH = 16;
/** Lengths of windows with branches, round by round, as multiples of those of straight-line windows. */
const BRANCHING = [1, 2, 1.5, 6, 4] as const;
/** Instructions around a window whose constants are drawn from. */
const CONTEXT = 8;

export class Optimization {
  private readonly options: OptimizeOptions;
  private readonly steps: number;
  private readonly settings: ChainSettings;
  private readonly target: Target;
  private readonly control: Control;
  private readonly judges: Judges;
  private readonly bench: Bench;
  private best: Program;
  /** The last program that static safety has seen, and the rewrites since. */
  private settled: Program;
  private unsettled: Rewrite[] = [];
  private settling = false;
  /** Rewrites that static safety objected to after they had been taken. */
  private readonly objected = new Set<string>();
  private readonly safety: (candidate: Program) => string | undefined;
  private readonly contexts: ContextOf;
  private readonly unreached = new Set<number>();
  private step = 0;
  private interrupted = false;
  private readonly rewrites: AppliedRewrite[] = [];
  private readonly convergence: [number, number][] = [];
  private readonly stats: ChainStats = emptyStats();
  private readonly refusals = new Map<string, number>();

  constructor(
    program: Program,
    options: OptimizeOptions,
    control: Control,
    judges: Pick<Judges, 'verify' | 'kernel'> & { contextOf: ContextOf },
  ) {
    this.contexts = judges.contextOf;
    const settings = settingNamed(options.settings);
    if (settings === undefined)
      throw new UserError(
        `no chain settings are named "${options.settings}"`,
        '',
        '`default` and `k2-1` to `k2-5` exist.',
      );
    this.options = options;
    this.settings = settings;
    this.steps = budgetOf(options, sizeInSlots(program.insns));
    this.control = control;
    this.best = program;
    this.target = {
      level: options.level ?? (Math.max(3, levelOf(program.insns)) as Target['level']),
      linux: options.linux ?? Math.max(504, linuxOf(program.insns)),
    };
    this.bench = new Bench(program, options.seed, options.tests, settings);
    this.settled = program;
    const known = new Set(this.findings(program));
    // What the checker already holds against the original is its own false alarm.
    this.safety = (candidate) => this.findings(candidate).find((reason) => !known.has(reason));
    const eager = program.insns.length <= EAGER_SAFETY;
    this.judges = {
      ...judges,
      tests: (candidate) => this.bench.disagreement(candidate) ?? this.slower(candidate),
      safety: (candidate) => (eager ? this.safety(candidate) : undefined),
    };
  }

  /** With the goal latency: why the modeled time along the executed paths forbids a rewrite that a window's sum allows. */
  private slower(candidate: Program): string | undefined {
    if (this.options.goal !== 'latency') return undefined;
    const [now, then] = [this.bench.latency(this.best).path, this.bench.latency(candidate).path];
    return then > now + SAME_TIME ? 'slower along the executed paths' : undefined;
  }

  private findings(program: Program): string[] {
    return examine(program, { linux: this.target.linux }).findings.map((f) => f.reason);
  }

  run(kernel: Consents): OptimizeResult {
    const original = this.best;
    const latencyBefore = this.bench.latency(original);
    this.convergence.push([0, sizeInSlots(original.insns)]);
    this.removeDeadCode();
    this.searchWindows();
    this.removeDeadCode();
    const optimized = withoutNops(this.best);
    const word = finalWord(original, optimized, kernel, this.options);
    const objected = word.kernel.status === 'refused' || word.differential.status === 'differ';
    const program = objected ? original : optimized;
    return {
      program,
      slotsBefore: sizeInSlots(original.insns),
      slotsAfter: sizeInSlots(program.insns),
      insnsBefore: original.insns.length,
      insnsAfter: program.insns.length,
      latencyBefore,
      latencyAfter: this.bench.latency(program),
      rewrites: objected ? [] : this.rewrites,
      convergence: this.convergence,
      stats: this.stats,
      ...word,
      notes: this.notes(),
      interrupted: this.interrupted,
    };
  }

  private notes(): string[] {
    const notes = [...this.refusals].map(([why, n]) => `${n} proven rewrites were turned down: ${why}`);
    if (this.bench.faulty.length > 0)
      notes.push(
        `${this.bench.faulty.length} of ${this.bench.tests.length} tests fault in the interpreter and decide nothing`,
      );
    if (this.unreached.size > 0)
      notes.push(`no test reaches ${this.unreached.size} windows, which were not searched`);
    if (this.best.pinned.size > 0)
      notes.push(`${this.best.pinned.size} instructions with load-time values stay as they are`);
    return notes;
  }

  /** Tries a rewrite; adopts it when every judge agrees. */
  private adopt(window: Window, replacement: readonly Insn[], by: string): boolean {
    if (this.objected.has(this.keyOf(window, replacement))) return false;
    const judgement = judge(this.best, window, replacement, this.judges);
    if (judgement.accepted) this.commit({ window, replacement, by }, judgement);
    else this.countRefusal(judgement);
    return judgement.accepted;
  }

  private commit(rewrite: Rewrite, judgement: Accepted): void {
    const { window, replacement, by } = rewrite;
    const before = this.best;
    this.best = judgement.program;
    this.bench.setSource(this.best);
    if (!this.settling) this.unsettled.push(rewrite);
    const slots = sizeInSlots(this.best.insns);
    this.convergence.push([this.step, slots]);
    this.rewrites.push({
      window: { ...window },
      before: before.insns.slice(window.start, window.end).map((i) => formatInsn(i)),
      after: replacement.map((i) => formatInsn(i)),
      by,
      how: judgement.verdict.how,
      step: this.step,
      slotsAfter: slots,
    });
    this.progress(window);
    if (!this.settling && this.unsettled.length >= BATCH) this.settle();
  }

  private countRefusal(judgement: Judgement): void {
    if (judgement.accepted || judgement.by === 'verify' || judgement.by === 'edit') return;
    const why = `${judgement.by}: ${judgement.reason}`;
    this.refusals.set(why, (this.refusals.get(why) ?? 0) + 1);
  }

  /**
   * Static safety of a large program is asked once for several rewrites, because it costs as much as many proofs. When it
   * objects, they are undone and taken again half by half, without those that it objects to.
   */
  private settle(): void {
    const pending = this.unsettled;
    this.unsettled = [];
    if (pending.length > 0 && this.safety(this.best) !== undefined) {
      this.settling = true;
      this.undo(pending.length);
      const skipped: Rewrite[] = [];
      this.retake(pending, skipped);
      this.settling = false;
    }
    this.settled = this.best;
  }

  /** Goes back to the settled program, which the last `count` rewrites came after. */
  private undo(count: number): void {
    this.best = this.settled;
    this.bench.setSource(this.best);
    this.rewrites.length -= count;
    this.convergence.length -= count;
  }

  /** Takes rewrites again, if static safety objects to none of them; else each half by itself. */
  private retake(pending: readonly Rewrite[], skipped: Rewrite[]): void {
    this.settled = this.best;
    const left: Rewrite[] = [];
    let taken = 0;
    for (const rewrite of pending) {
      const window = [...skipped, ...left].reduce<Window | undefined>(without, rewrite.window);
      const judgement = window && judge(this.best, window, rewrite.replacement, this.judges);
      if (window === undefined || judgement?.accepted !== true) {
        if (window !== undefined) left.push({ ...rewrite, window });
        continue;
      }
      this.commit({ ...rewrite, window }, judgement);
      taken++;
    }
    const reason = taken === 0 ? undefined : this.safety(this.best);
    if (reason === undefined) {
      skipped.push(...left);
      return;
    }
    this.undo(taken);
    if (pending.length > 1) {
      const half = pending.length >> 1;
      this.retake(pending.slice(0, half), skipped);
      this.retake(pending.slice(half), skipped);
      return;
    }
    const rewrite = pending[0]!;
    const window = skipped.reduce<Window | undefined>(without, rewrite.window) ?? rewrite.window;
    skipped.push({ ...rewrite, window });
    this.objected.add(this.keyOf(window, rewrite.replacement));
    this.countRefusal({ accepted: false, by: 'safety', reason });
  }

  private keyOf({ start, end }: Window, replacement: readonly Insn[]): string {
    return JSON.stringify([this.best.insns.slice(start, end), replacement]);
  }

  private progress(window?: Window): void {
    this.control.onProgress?.({
      step: this.step,
      steps: this.steps,
      slots: sizeInSlots(this.best.insns),
      window,
    });
  }

  private stopped(): boolean {
    if (!this.interrupted && this.control.stop?.()) this.interrupted = true;
    return this.interrupted;
  }

  /** Takes out, one by one and last first, instructions whose effect nobody sees. */
  private removeDeadCode(): void {
    for (let again = true; again && !this.stopped(); ) {
      again = false;
      for (const run of straightRuns(this.best).reverse())
        for (let index = run.end - 1; index >= run.start && !this.stopped(); index--)
          if (this.adopt({ start: index, end: index + 1 }, [], 'dead code')) again = true;
      this.settle();
    }
  }

  /**
   * Rounds over all windows until the budget is spent: straight-line code first, then windows with branches. Each round
   * shifts the windows and varies their length.
   */
  private searchWindows(): void {
    for (let round = 0; this.step < this.steps && !this.stopped(); round++) {
      const visit = Math.min(LONGEST_VISIT, FIRST_VISIT * 2 ** (round >> 1));
      const spent = this.step;
      const length = Math.max(2, this.options.windowLength - ((round >> 1) % 3));
      this.sweep(round, visit, (program) =>
        round % 2 === 0
          ? slidingWindows(straightRuns(program), length)
          : branchingWindows(
              program,
              BRANCHING[(round >> 1) % BRANCHING.length]! * this.options.windowLength,
              round >> 1,
            ),
      );
      this.settle();
      // Nothing to search in.
      if (this.step === spent && round > 0) break;
    }
  }

  /** One visit to each window. Windows are cut anew after each rewrite. */
  private sweep(round: number, visit: number, cut: (program: Program) => Window[]): void {
    let cursor = 0;
    let cutFor: Program | undefined;
    let windows: Window[] = [];
    for (let n = 0; this.step < this.steps && !this.stopped(); n++) {
      if (cutFor !== this.best) windows = cut((cutFor = this.best));
      const window = windows.find((w) => w.start >= cursor);
      if (window === undefined) break;
      cursor = window.start + 1;
      this.searchWindow(window, new Rng(this.options.seed, 'chain', this.best.name, round, n), visit);
    }
  }

  private searchWindow(window: Window, rng: Rng, visit: number): void {
    const source = this.best.insns.slice(window.start, window.end);
    const context = this.contexts(this.best, window);
    const exits = context.exits.map((e) => e.to);
    const raised = raise(source, exits);
    if (raised === undefined) return;
    const machine = this.bench.open(window, raised.insns, context, rng);
    if (machine === undefined) {
      this.unreached.add(window.start);
      return;
    }
    const mask = (test: (v: Value) => boolean): number =>
      context.registers.reduce((bits, v, r) => (test(v) ? bits | (1 << r) : bits), 0);
    const entry = {
      defined: mask((v) => v.kind !== 'uninit'),
      pointers: mask((v) => v.kind === 'pointer'),
      context: mask((v) => v.kind === 'pointer' && v.region.kind === 'ctx'),
      nullable: mask((v) => v.kind === 'pointer' && v.nullable),
    };
    const pointers = context.registers.flatMap((v, r) => (v.kind === 'pointer' ? [r] : []));
    const around = this.best.insns.slice(Math.max(0, window.start - CONTEXT), window.end + CONTEXT);
    let found: { replacement: Insn[]; judgement: Accepted } | undefined;
    const result = runChain({
      source: raised.insns,
      frozen: new Set(),
      settings: this.settings,
      pools: buildPools(source, around, pointers, this.target, exits.length),
      rng,
      steps: Math.min(visit, this.steps - this.step),
      evaluator: {
        tests: machine.size,
        set: (w) => machine.setCandidate(w),
        patch: (at, i) => machine.patch(at, i),
        error: (limit) => machine.evaluate(limit).error,
      },
      wellFormed: (w) => wellFormed(w, entry),
      price: this.options.goal === 'latency' ? loweredTime : loweredSlots,
      prove: (w) => {
        const short = lower(w, exits);
        if (this.objected.has(this.keyOf(window, short))) return 'different';
        const judgement = judge(this.best, window, short, this.judges);
        if (judgement.accepted) {
          found = { replacement: short, judgement };
          return 'equivalent';
        }
        this.countRefusal(judgement);
        const { verdict } = judgement;
        if (verdict?.kind === 'unknown') return 'unknown';
        const input = verdict?.kind === 'different' ? verdict.counterexample : undefined;
        return input !== undefined && learn(machine, context, input) ? 'counterexample added' : 'different';
      },
      stop: () => this.stopped(),
    });
    this.step += result.stats.steps;
    this.add(result.stats);
    if (found !== undefined)
      this.commit(
        { window, replacement: found.replacement, by: `chain ${this.settings.name}` },
        found.judgement,
      );
    this.progress(window);
  }

  private add(stats: ChainStats): void {
    this.stats.steps += stats.steps;
    this.stats.evaluated += stats.evaluated;
    this.stats.accepted += stats.accepted;
    if (stats.foundAt > 0) this.stats.foundAt = this.step - stats.steps + stats.foundAt;
    for (const key of Object.keys(stats.proofs) as (keyof ChainStats['proofs'])[])
      this.stats.proofs[key] += stats.proofs[key];
    for (const key of Object.keys(stats.acceptedByRule) as (keyof ChainStats['acceptedByRule'])[])
      this.stats.acceptedByRule[key] += stats.acceptedByRule[key];
  }
}

/** The window of a later rewrite when an earlier one is left out; undefined when they meet. */
function without(window: Window | undefined, { window: gone, replacement }: Rewrite): Window | undefined {
  if (window === undefined || window.end <= gone.start) return window;
  const delta = gone.end - gone.start - replacement.length;
  if (window.start < gone.start + replacement.length) return undefined;
  return { start: window.start + delta, end: window.end + delta };
}
