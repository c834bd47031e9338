/**
 * The pipeline for one program.
 *
 *   tests --> dead code, shared code, values reused, peepholes --> Markov chains over windows, round by round
 *         --> dead code, shared code --> final word of the kernel
 *
 * Every change goes through `decide` (gate.ts). The result does not depend on time: budgets are steps.
 */
import { sizeInSlots } from '../isa/insn.ts';
import { isKept, replaceRange, withoutNops } from '../program/edit.ts';
import type { Program } from '../program/program.ts';
import { type ChainStats, emptyStats } from '../search/chain/chain.ts';
import type { Window } from '../verify/types.ts';
import { AcceptedRewrites } from './acceptance/accepted-rewrites.ts';
import { type GateOracles, safetyOfResult } from './acceptance/checks.ts';
import { finalKernelCheck, type LoadVerdicts } from './acceptance/kernel-check.ts';
import { budgetOf } from './defaults.ts';
import { hoistAddresses } from './passes/address-hoisting.ts';
import { removeDeadCode } from './passes/dead-code.ts';
import { peephole } from './passes/peephole.ts';
import { share } from './passes/tail-merging.ts';
import { reuseValues } from './passes/value-reuse.ts';
import { proofsOf } from './proofs.ts';
import { nextRound, type Position, Schedule, START } from './search/schedule.ts';
import { SearchPool, type SearchThreads } from './search/search-pool.ts';
import { searchTools } from './search/search-tools.ts';
import { localSearcher, type Searcher } from './search/searcher.ts';
import type { SearchTools, WindowTask } from './search/window-search.ts';
import { CounterexamplePool } from './states/counterexample-pool.ts';
import { TestBench } from './states/test-bench.ts';
import type { OptimizeOptions, OptimizeResult, Progress, Version } from './types.ts';
import { approved, candidatesOf, type ProvenVersion, ranked } from './versions.ts';

export interface OptimizeControl {
  onProgress?(p: Progress): void;
  /** Polled often; true ends the search, and what is proven so far is returned. */
  stop?(): boolean;
  /** Threads that search windows; 1, the default: the calling one. Decides nothing but the time. */
  workers?: number;
  /**
   * Every program of a file in a thread of its own (program-pool.ts): then stopping takes no longer than
   * `grace`.
   */
  threaded?: boolean;
  /** Milliseconds that a thread has to answer once the search is to stop. */
  grace?: number;
  /** Writes down the proof of each rewrite. */
  proofs?: boolean;
}

export class Optimization {
  private readonly original: Program;
  private readonly options: OptimizeOptions;
  private readonly steps: number;
  private readonly control: OptimizeControl;
  private readonly bench: TestBench;
  private readonly accepted: AcceptedRewrites;
  private readonly tools: SearchTools;
  private readonly safety: (candidate: Program) => string | undefined;
  private readonly schedule: Schedule;
  private readonly unreached = new Set<number>();
  private readonly pooled = new CounterexamplePool();
  private readonly stats: ChainStats = emptyStats();
  private interrupted = false;
  /** The version in which there is nothing more to share, and that without dead code. */
  private arranged: Program | undefined;
  private pruned: Program | undefined;

  constructor(program: Program, options: OptimizeOptions, control: OptimizeControl, oracles: GateOracles) {
    this.original = program;
    this.options = options;
    this.steps = budgetOf(options, sizeInSlots(program.insns));
    this.control = control;
    this.bench = new TestBench(program, options);
    const { safety, objection, ...tools } = searchTools(program, options, this.bench, oracles, () =>
      this.stopped(),
    );
    this.tools = tools;
    this.safety = safety;
    this.accepted = new AcceptedRewrites(program, {
      checks: tools.checks,
      facts: tools,
      objection,
      changed: (best) => this.bench.setSource(best),
      forget: tools.forget,
      keepsVersions: options.topK !== undefined,
      keepsSources: control.proofs === true,
    });
    this.schedule = new Schedule(options.windowLength, options.windows);
  }

  /** Runs once. */
  async search(threads?: SearchThreads): Promise<void> {
    const searcher = this.searcher(threads);
    try {
      this.removeDeadCode();
      this.share();
      this.reuseValues();
      this.peephole();
      await this.searchWindows(searcher);
    } finally {
      await searcher.close();
    }
    this.removeDeadCode();
    this.share();
    // Also when it was stopped.
    this.accepted.checkpoint();
  }

  /** Every proven version on the way. */
  candidates(): ProvenVersion[] {
    return candidatesOf(this.accepted, this.bench);
  }

  /** What the kernel says of a proven version; undefined where static safety objects. */
  word(program: Program, kernel: LoadVerdicts): Pick<Version, 'kernel' | 'differential'> | undefined {
    return this.safety(program) === undefined
      ? finalKernelCheck(this.original, program, kernel, this.options)
      : undefined;
  }

  /** The best version, and as many others as were asked for. */
  result(kernel: LoadVerdicts): OptimizeResult {
    const { original, accepted, bench, options } = this;
    const optimized = withoutNops(accepted.best);
    const word = finalKernelCheck(original, optimized, kernel, options);
    const unsafe = safetyOfResult(original, this.tools.target, optimized);
    const objected =
      unsafe !== undefined || word.kernel.status === 'refused' || word.differential.status === 'differ';
    const notes = unsafe === undefined ? this.notes() : [...this.notes(), `the result is unsafe: ${unsafe}`];
    const program = objected ? original : optimized;
    return {
      program,
      slotsBefore: sizeInSlots(original.insns),
      slotsAfter: sizeInSlots(program.insns),
      insnsBefore: original.insns.length,
      insnsAfter: program.insns.length,
      latencyBefore: bench.latency(original),
      latencyAfter: bench.latency(program),
      rewrites: objected ? [] : accepted.rewrites,
      convergence: accepted.convergence,
      stats: this.stats,
      ...word,
      notes,
      interrupted: this.interrupted,
      ...(this.control.proofs === true && !objected
        ? { proofs: proofsOf(accepted.rewrites, accepted.sources, this.tools.transcript) }
        : {}),
      ...(options.topK === undefined
        ? {}
        : {
            versions: approved(ranked(this.candidates(), options.goal), options.topK, (p) =>
              this.word(p, kernel),
            ),
          }),
    };
  }

  private notes(): string[] {
    const { bench, accepted, unreached } = this;
    const { notes } = accepted;
    if (bench.faulty.length > 0)
      notes.push(
        `${bench.faulty.length} of ${bench.tests.length} tests fault in the interpreter and decide nothing`,
      );
    if (unreached.size > 0) notes.push(`no test reaches ${unreached.size} windows, which were not searched`);
    const loadTime = [...accepted.best.pinned.values()].filter((pin) => !isKept(pin)).length;
    if (loadTime > 0) notes.push(`${loadTime} instructions with load-time values stay as they are`);
    return notes;
  }

  private progress(window?: Window): void {
    const { step, best } = this.accepted;
    const { name } = best;
    this.control.onProgress?.({ name, step, steps: this.steps, slots: sizeInSlots(best.insns), window });
  }

  private stopped(): boolean {
    if (!this.interrupted && this.control.stop?.()) this.interrupted = true;
    return this.interrupted;
  }

  private removeDeadCode(): void {
    if (this.pruned === this.accepted.best) return;
    this.tools.forget();
    const stop = (): boolean => this.stopped();
    if (removeDeadCode(this.accepted, this.tools, this.options.windows, stop)) this.progress();
    this.pruned = this.accepted.best;
  }

  private share(): void {
    const { accepted } = this;
    this.tools.forget();
    // It moves code about, in ranges that were chosen and out of them.
    if (this.options.windows !== undefined || this.arranged === accepted.best) accepted.checkpoint();
    else if (share(accepted, this.tools.contextOf, () => this.stopped())) this.progress();
    this.arranged = accepted.best;
  }

  private reuseValues(): void {
    // In chosen ranges only what the chains find there.
    if (this.options.windows !== undefined) return;
    this.tools.forget();
    const stop = (): boolean => this.stopped();
    if (reuseValues(this.accepted, stop)) this.progress();
    if (hoistAddresses(this.accepted, stop)) this.progress();
  }

  private peephole(): void {
    const { target, forget } = this.tools;
    // In chosen ranges only what the chains find there.
    if (this.options.windows !== undefined) return;
    forget();
    if (!peephole(this.accepted, target, this.tools, () => this.stopped())) return;
    this.progress();
    this.share();
  }

  private searcher(threads: SearchThreads | undefined): Searcher {
    if (threads === undefined) return localSearcher(this.tools);
    return new SearchPool(this.original, this.options, threads, () => this.stopped());
  }

  private async searchWindows(searcher: Searcher): Promise<void> {
    const { accepted, schedule } = this;
    let at = START;
    let spent = 0;
    while (accepted.step < this.steps && !this.stopped()) {
      const next = schedule.next(accepted.best, at);
      if (next === undefined) {
        this.share();
        // Nothing to search in.
        if (accepted.step === spent && at.round > 0) break;
        spent = accepted.step;
        at = nextRound(at);
        continue;
      }
      const { window, after } = next;
      const task = this.taskOf(window, at, accepted.step);
      const result = await searcher.search(task, () => this.ahead(after, accepted.step + task.steps));
      const { found, stats, refused, learned, isUnreached } = result;
      this.pooled.add(task.program, window, at.round, learned);
      if (isUnreached === true) this.unreached.add(window.start);
      for (const refusal of refused) accepted.refuse(refusal);
      accepted.step += stats.steps;
      this.add(stats);
      if (found !== undefined) {
        const { replacement, how } = found;
        const changed = replaceRange(task.program, window.start, window.end, replacement);
        accepted.take(
          { window, replacement, by: `chain ${this.options.settings}` },
          { program: changed, how },
        );
      }
      this.progress(window);
      at = after;
    }
    this.share();
  }

  private taskOf(window: Window, { round, visits }: Position, step: number): WindowTask {
    const { best: program, objected } = this.accepted;
    return {
      program,
      window,
      stream: [this.options.seed, 'chain', program.name, round, visits],
      steps: Math.min(this.schedule.steps(round), this.steps - step),
      objected,
      pooled: this.pooled.known(program, window, round),
    };
  }

  /** What is searched from a position on if nothing is found. */
  private *ahead(from: Position, step: number): Generator<WindowTask> {
    let [at, empty] = [from, false];
    while (step < this.steps) {
      const next = this.schedule.next(this.accepted.best, at);
      if (next === undefined) {
        // Two rounds without a window: there are none.
        if (empty) return;
        empty = true;
        at = nextRound(at);
        continue;
      }
      empty = false;
      const task = this.taskOf(next.window, at, step);
      yield task;
      step += task.steps;
      at = next.after;
    }
  }

  private add(stats: ChainStats): void {
    this.stats.steps += stats.steps;
    this.stats.evaluated += stats.evaluated;
    this.stats.accepted += stats.accepted;
    if (stats.foundAt > 0) this.stats.foundAt = this.accepted.step - stats.steps + stats.foundAt;
    for (const key of Object.keys(stats.proofs) as (keyof ChainStats['proofs'])[])
      this.stats.proofs[key] += stats.proofs[key];
    for (const key of Object.keys(stats.acceptedByRule) as (keyof ChainStats['acceptedByRule'])[])
      this.stats.acceptedByRule[key] += stats.acceptedByRule[key];
  }
}
