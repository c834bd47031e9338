/**
 * The best proven version of a program, and how it came about.
 *
 *   rewrite --decide--> take --> best, rewrites, convergence --(every few)--> checkpoint: static safety and
 *     kernel of the whole
 */
import { formatInsn, type Names } from '../../isa/disasm.ts';
import { sizeInSlots } from '../../isa/insn.ts';
import { namesOf } from '../../program/listing.ts';
import type { Program } from '../../program/program.ts';
import type { Window } from '../../verify/types.ts';
import type { AppliedRewrite } from '../types.ts';
import { applyAll, changesOf, lastFirst, proveAll, suspects } from './batch.ts';
import { type Accepted, decide, type Refusal, rewriteKey } from './gate.ts';
import type { AcceptedRewrite, Change, GateTools, Proven, Rewrite, RewriteSource } from './rewrite.ts';
import { Transaction } from './transaction.ts';

const takenAs = ({ program, verdict }: Accepted): AcceptedRewrite => ({ program, how: verdict.how });

/** Rewrites that were applied to `base` at once. */
interface Batch {
  base: Program;
  rewrites: readonly Proven[];
  program: Program;
}

/** Fewest rewrites between two examinations of a whole program, and instructions of it for each more. */
const BATCH = 16;
const INSNS_PER_REWRITE = 128;

export class AcceptedRewrites {
  /** Proposals spent so far, which the record of a rewrite names. */
  step = 0;
  readonly rewrites: AppliedRewrite[] = [];
  /** The program after each of them, if they are kept. */
  readonly versions: (Program | undefined)[] = [];
  /** What each of them was made of, if that is kept. */
  readonly sources: RewriteSource[] = [];
  readonly convergence: [number, number][] = [];
  private current: Program;
  private readonly tools: GateTools;
  /** The last program that was examined as a whole, and the rewrites since. */
  private settled: Program;
  private unchecked: Rewrite[] = [];
  private checkpointing = false;
  /** Batches that were taken since, on top of each other. */
  private batches: Batch[] = [];
  private objections: ReadonlySet<string> = new Set();
  private readonly refusals = new Map<string, number>();

  constructor(program: Program, tools: GateTools) {
    this.tools = tools;
    this.current = program;
    this.settled = program;
    this.convergence.push([0, sizeInSlots(program.insns)]);
  }

  get best(): Program {
    return this.current;
  }

  private set best(program: Program) {
    this.current = program;
    this.tools.changed(program);
  }

  /** Proven rewrites that were turned down, and why. */
  get notes(): string[] {
    return [...this.refusals].map(([why, n]) => `${n} proven rewrites were turned down: ${why}`);
  }

  /**
   * Keys of rewrites (rewriteKey) that were taken and turned out to be unsafe. Another set whenever there is
   * one more.
   */
  get objected(): ReadonlySet<string> {
    return this.objections;
  }

  /** Tries a rewrite; takes it when every check passes. */
  adopt(rewrite: Rewrite): boolean {
    const { window, replacement } = rewrite;
    if (this.objected.has(rewriteKey(this.best, window, replacement))) return false;
    const decision = decide(this.best, window, replacement, this.tools.checks);
    if (decision.accepted) this.take(rewrite, takenAs(decision));
    else if (decision.verdict?.kind === 'equivalent') this.refuse(decision);
    return decision.accepted;
  }

  /**
   * Proves rewrites of the best version one by one, and takes as many as go together at once: one analysis
   * for all of them. What the whole program is still to be asked is left to `checkpoint`.
   * @returns true when the best version is another one
   */
  adoptAll(proposals: Iterable<Rewrite>): boolean {
    if (this.unchecked.length > 0) this.checkpoint();
    const base = this.best;
    const { checks, keepsSources } = this.tools;
    // Proofs that are written down follow one another.
    if (keepsSources === true) {
      for (const rewrite of proposals) if (fits(rewrite, this.best)) this.adopt(rewrite);
      return this.best !== base;
    }
    const proven = proveAll(base, proposals, checks.verify, this.objected);
    const batch = this.largest(base, proven, (program) => {
      for (const by of ['tests', 'safety', 'kernel', 'cost'] as const) {
        const reason = checks[by](program);
        if (reason !== undefined) return { by, reason };
      }
      return undefined;
    });
    if (batch === undefined) return false;
    this.takeBatch(batch);
    return true;
  }

  /**
   * As many of the rewrites as nobody objects to: all, or else what is left when each half is tried, and so
   * on.
   */
  private largest(
    base: Program,
    rewrites: readonly Proven[],
    objects: (program: Program) => Refusal | undefined,
  ): Batch | undefined {
    let best: Batch | undefined;
    const groups = rewrites.length === 0 ? [] : [rewrites];
    for (let group = groups.pop(); group !== undefined; group = groups.pop()) {
      const made = applyAll(base, [...(best?.rewrites ?? []), ...group].sort(lastFirst), this.tools.facts);
      if (made === undefined) continue;
      const refusal = objects(made.program);
      if (refusal === undefined) {
        if (made.rewrites.length > (best?.rewrites.length ?? 0)) best = { base, ...made };
        continue;
      }
      const blamed = suspects(made.rewrites, refusal.at ?? []).filter((r) => group.includes(r));
      if (group.length === 1 || blamed.length === group.length)
        for (const { rewrite } of group) this.object(base, rewrite, refusal);
      else groups.push(...parts(group, blamed));
    }
    return best;
  }

  private object(base: Program, { window, replacement }: Rewrite, refusal: Refusal): void {
    this.objections = new Set([...this.objections, rewriteKey(base, window, replacement)]);
    this.refuse(refusal);
  }

  private takeBatch(batch: Batch): void {
    const { base, rewrites, program } = batch;
    this.takeAll(changesOf(base, rewrites, program), program);
    this.batches.push(batch);
  }

  private takeAll(changes: readonly Change[], program: Program): void {
    const names = namesOf(this.best);
    for (const change of changes) this.note(change, names);
    this.best = program;
  }

  /** Several changes that pay off together: they are tried on a copy, and kept all at once. */
  transaction(): Transaction {
    this.checkpoint();
    // What the steps cost is asked of all of them together (keep).
    const checks = { ...this.tools.checks, cost: () => undefined };
    return new Transaction(this.best, { ...this.tools, checks }, this.objected);
  }

  /** Takes the changes of a transaction of the best version where they make it smaller, and safe. */
  keep({ program, changes, refused }: Transaction): boolean {
    for (const refusal of refused) this.refuse(refusal);
    if (changes.length === 0 || sizeInSlots(program.insns) >= sizeInSlots(this.best.insns)) return false;
    const objection = this.tools.objection(program);
    if (objection !== undefined) {
      this.refuse(objection);
      return false;
    }
    this.takeAll(changes, program);
    this.settled = this.best;
    return true;
  }

  /** Makes a rewrite that all checks accepted of the best version the best version. */
  take(rewrite: Rewrite, taken: AcceptedRewrite): void {
    this.record(rewrite, taken);
    if (!this.checkpointing) this.unchecked.push(rewrite);
    if (!this.checkpointing && this.unchecked.length >= this.batch) this.checkpoint();
  }

  /** So that the examinations of all of them take time in proportion to the length. */
  private get batch(): number {
    return Math.max(BATCH, Math.floor(this.best.insns.length / INSNS_PER_REWRITE));
  }

  private record(rewrite: Rewrite, { program, how }: AcceptedRewrite): void {
    const slots = sizeInSlots(program.insns);
    this.takeAll([{ rewrite, how, before: this.best, slots, program }], program);
  }

  private note({ rewrite, how, before, slots, program }: Change, names: Names): void {
    const { window, replacement, by, arranged } = rewrite;
    // Copies: what others know of a program (its analysis above all) lives as long as the program itself.
    if (this.tools.keepsVersions) this.versions.push(program && { ...program });
    if (this.tools.keepsSources === true)
      this.sources.push({
        program: { ...before },
        window: { ...window },
        replacement: [...replacement],
        arranged,
      });
    this.convergence.push([this.step, slots]);
    this.rewrites.push({
      window: { ...window },
      before: before.insns.slice(window.start, window.end).map((i) => formatInsn(i, names)),
      after: replacement.map((i) => formatInsn(i, names)),
      by,
      how,
      step: this.step,
      slotsAfter: slots,
    });
  }

  /** Counts what was proven and turned down all the same. */
  refuse({ by, reason }: Refusal): void {
    const why = `${by}: ${reason}`;
    this.refusals.set(why, (this.refusals.get(why) ?? 0) + 1);
  }

  /**
   * Static safety of a large program, and the kernel, are asked once for several rewrites, because they cost
   * as much as many proofs. When one objects, they are undone and taken again half by half, without those
   * that are objected to.
   */
  checkpoint(): void {
    if (this.batches.length > 0) this.checkpointBatches();
    const pending = this.unchecked;
    this.unchecked = [];
    if (pending.length > 0 && this.tools.objection(this.best) !== undefined) {
      this.checkpointing = true;
      this.tools.forget();
      this.undo(pending.length);
      this.bisect(pending, []);
      this.checkpointing = false;
    }
    this.settled = this.best;
  }

  /**
   * The first batch that somebody objects to is taken without what they object to; later ones are left to be
   * found again.
   */
  private checkpointBatches(): void {
    const { batches } = this;
    this.batches = [];
    if (this.tools.objection(this.best) !== undefined) {
      this.tools.forget();
      this.undo(batches.reduce((sum, { rewrites }) => sum + rewrites.length, 0));
      for (const { base, rewrites, program } of batches) {
        const batch = this.largest(base, rewrites, (program) => this.tools.objection(program));
        const isWhole = batch?.rewrites.length === rewrites.length;
        // The same object as before, which the next batch was proven in.
        if (batch !== undefined) this.takeBatch(isWhole ? { ...batch, program } : batch);
        if (!isWhole) break;
      }
    }
    this.batches = [];
    this.settled = this.best;
  }

  /** Goes back to the settled program, which the last `count` rewrites came after. */
  private undo(count: number): void {
    this.best = this.settled;
    this.rewrites.length -= count;
    if (this.tools.keepsVersions) this.versions.length -= count;
    if (this.tools.keepsSources === true) this.sources.length -= count;
    this.convergence.length -= count;
  }

  /** Takes rewrites again, if nobody objects to them; else each half by itself. */
  private bisect(pending: readonly Rewrite[], skipped: Rewrite[]): void {
    this.settled = this.best;
    const left: Rewrite[] = [];
    let taken = 0;
    for (const rewrite of pending) {
      const window = [...skipped, ...left].reduce<Window | undefined>(without, rewrite.window);
      const decision = window && decide(this.best, window, rewrite.replacement, this.tools.checks);
      if (window === undefined || decision?.accepted !== true) {
        if (window !== undefined) left.push({ ...rewrite, window });
        continue;
      }
      this.take({ ...rewrite, window }, takenAs(decision));
      taken++;
    }
    const objection = taken === 0 ? undefined : this.tools.objection(this.best);
    if (objection === undefined) {
      skipped.push(...left);
      return;
    }
    this.undo(taken);
    if (pending.length > 1) {
      const half = pending.length >> 1;
      this.bisect(pending.slice(0, half), skipped);
      this.bisect(pending.slice(half), skipped);
      return;
    }
    const rewrite = pending[0]!;
    const window = skipped.reduce<Window | undefined>(without, rewrite.window) ?? rewrite.window;
    skipped.push({ ...rewrite, window });
    this.objections = new Set([...this.objections, rewriteKey(this.best, window, rewrite.replacement)]);
    this.refuse(objection);
  }
}

/** The rest before those that are blamed, or, where nobody is, halves; the last one is tried first. */
function parts(group: readonly Proven[], blamed: readonly Proven[]): [readonly Proven[], readonly Proven[]] {
  const half = group.length >> 1;
  if (blamed.length === 0) return [group.slice(half), group.slice(0, half)];
  return [blamed, group.filter((r) => !blamed.includes(r))];
}

/** The window of a later rewrite when an earlier one is left out; undefined when they meet. */
function without(window: Window | undefined, { window: gone, replacement }: Rewrite): Window | undefined {
  if (window === undefined || window.end <= gone.start) return window;
  const delta = gone.end - gone.start - replacement.length;
  if (window.start < gone.start + replacement.length) return undefined;
  return { start: window.start + delta, end: window.end + delta };
}

function fits({ window }: Rewrite, { insns }: Program): boolean {
  return window.start < window.end && window.end <= insns.length;
}
