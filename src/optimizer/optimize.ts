/**
 * The pipeline for one program.
 *
 *   tests --> dead code, shared code --> Markov chains over windows, round by round --> the same --> final word of the kernel
 *
 * Every change goes through `judge` (pass.ts). The result does not depend on time: budgets are steps.
 */
import { sizeInSlots } from '../isa/insn.ts';
import { withoutNops } from '../program/edit.ts';
import { UserError } from '../program/errors.ts';
import type { Program } from '../program/program.ts';
import { type ChainStats, emptyStats } from '../search/chain.ts';
import { type ChainSettings, settingNamed } from '../search/settings.ts';
import { straightRuns } from '../search/windows.ts';
import type { Window } from '../verify/types.ts';
import { Rng } from '../vm/random.ts';
import { Bench } from './bench.ts';
import { budgetOf } from './defaults.ts';
import { judgesOf, type Oracles, safetyOf, targetOf } from './judges.ts';
import { type Consents, finalWord } from './kernelword.ts';
import { Rewriting } from './rewriting.ts';
import { type Round, roundOf, walk } from './schedule.ts';
import { share } from './share.ts';
import type { OptimizeOptions, OptimizeResult, Progress } from './types.ts';
import { type SearchTools, searchWindow } from './windowsearch.ts';

export interface Control {
  onProgress?(p: Progress): void;
  /** Polled often; true ends the search, and what is proven so far is returned. */
  stop?(): boolean;
}

export class Optimization {
  private readonly original: Program;
  private readonly options: OptimizeOptions;
  private readonly steps: number;
  private readonly control: Control;
  private readonly bench: Bench;
  private readonly rewriting: Rewriting;
  private readonly search: SearchTools;
  private readonly unreached = new Set<number>();
  private readonly stats: ChainStats = emptyStats();
  private interrupted = false;

  constructor(program: Program, options: OptimizeOptions, control: Control, oracles: Oracles) {
    const settings = settingsOf(options);
    this.original = program;
    this.options = options;
    this.steps = budgetOf(options, sizeInSlots(program.insns));
    this.control = control;
    this.bench = new Bench(program, options.seed, options.tests, settings);
    const target = targetOf(program, options);
    const safety = safetyOf(program, target);
    const judges = judgesOf(program, options.goal, this.bench, safety, oracles);
    this.rewriting = new Rewriting(program, {
      judges,
      safety,
      changed: (best) => this.bench.setSource(best),
    });
    this.search = {
      contextOf: oracles.contextOf,
      bench: this.bench,
      judges,
      settings,
      target,
      goal: options.goal,
      isObjected: (window, replacement) => this.rewriting.isObjected(window, replacement),
      stop: () => this.stopped(),
    };
  }

  run(kernel: Consents): OptimizeResult {
    const { original, rewriting } = this;
    const latencyBefore = this.bench.latency(original);
    this.removeDeadCode();
    this.share();
    this.searchWindows();
    this.removeDeadCode();
    this.share();
    const optimized = withoutNops(rewriting.best);
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
      rewrites: objected ? [] : rewriting.rewrites,
      convergence: rewriting.convergence,
      stats: this.stats,
      ...word,
      notes: this.notes(),
      interrupted: this.interrupted,
    };
  }

  private notes(): string[] {
    const { bench, rewriting, unreached } = this;
    const { notes } = rewriting;
    if (bench.faulty.length > 0)
      notes.push(
        `${bench.faulty.length} of ${bench.tests.length} tests fault in the interpreter and decide nothing`,
      );
    if (unreached.size > 0) notes.push(`no test reaches ${unreached.size} windows, which were not searched`);
    if (rewriting.best.pinned.size > 0)
      notes.push(`${rewriting.best.pinned.size} instructions with load-time values stay as they are`);
    return notes;
  }

  private progress(window?: Window): void {
    const { step, best } = this.rewriting;
    this.control.onProgress?.({ step, steps: this.steps, slots: sizeInSlots(best.insns), window });
  }

  private stopped(): boolean {
    if (!this.interrupted && this.control.stop?.()) this.interrupted = true;
    return this.interrupted;
  }

  /** Takes out, one by one and last first, instructions whose effect nobody sees. */
  private removeDeadCode(): void {
    const { rewriting } = this;
    for (let again = true; again && !this.stopped(); ) {
      again = false;
      for (const run of straightRuns(rewriting.best).reverse())
        for (let index = run.end - 1; index >= run.start && !this.stopped(); index--) {
          const window = { start: index, end: index + 1 };
          if (!rewriting.adopt({ window, replacement: [], by: 'dead code' })) continue;
          again = true;
          this.progress(window);
        }
      rewriting.settle();
    }
  }

  private share(): void {
    if (share(this.rewriting, () => this.stopped())) this.progress();
  }

  private searchWindows(): void {
    const { rewriting } = this;
    for (let number = 0; rewriting.step < this.steps && !this.stopped(); number++) {
      const spent = rewriting.step;
      this.sweep(roundOf(number, this.options.windowLength));
      this.share();
      // Nothing to search in.
      if (rewriting.step === spent && number > 0) break;
    }
  }

  /** One visit to each window. */
  private sweep(round: Round): void {
    const { rewriting } = this;
    for (const { window, visit } of walk(round, () => rewriting.best)) {
      if (rewriting.step >= this.steps || this.stopped()) break;
      const program = rewriting.best;
      const rng = new Rng(this.options.seed, 'chain', program.name, round.number, visit);
      const steps = Math.min(round.visit, this.steps - rewriting.step);
      const { found, stats, refused, isUnreached } = searchWindow(
        { program, window, rng, steps },
        this.search,
      );
      if (isUnreached === true) this.unreached.add(window.start);
      for (const judgement of refused) rewriting.refuse(judgement);
      rewriting.step += stats.steps;
      this.add(stats);
      if (found !== undefined) {
        const { replacement, judgement } = found;
        rewriting.take({ window, replacement, by: `chain ${this.options.settings}` }, judgement);
      }
      this.progress(window);
    }
  }

  private add(stats: ChainStats): void {
    this.stats.steps += stats.steps;
    this.stats.evaluated += stats.evaluated;
    this.stats.accepted += stats.accepted;
    if (stats.foundAt > 0) this.stats.foundAt = this.rewriting.step - stats.steps + stats.foundAt;
    for (const key of Object.keys(stats.proofs) as (keyof ChainStats['proofs'])[])
      this.stats.proofs[key] += stats.proofs[key];
    for (const key of Object.keys(stats.acceptedByRule) as (keyof ChainStats['acceptedByRule'])[])
      this.stats.acceptedByRule[key] += stats.acceptedByRule[key];
  }
}

function settingsOf(options: OptimizeOptions): ChainSettings {
  const settings = settingNamed(options.settings);
  if (settings !== undefined) return settings;
  throw new UserError(
    `no chain settings are named "${options.settings}"`,
    '',
    '`default` and `k2-1` to `k2-5` exist.',
  );
}
