/**
 * Many rewrites of one program, each proven by itself, applied all at once.
 *
 *   program, proposals --proveAll--> those that are proven and do not overlap --applyAll--> the program with
 *     those that go together
 *
 * Each proof compares a window with its replacement from the states of the program as it was, on all that is
 * read behind the window in the program as it was. Applied together they are proven when in the result
 * nothing more is read behind any of the windows, but for what neither the window nor its replacement writes:
 * then the states of both versions agree, step by step, on all that the result still reads.
 */
import { ALL_STACK, type LiveSet, stackBytes } from '../../analysis/index.ts';
import { EditError } from '../../isa/edit.ts';
import { CALLER_SAVED, registersWritten } from '../../isa/effects.ts';
import { jumpTarget, slotOffsets } from '../../isa/flow.ts';
import { type Insn, OP_CALL, R10, sizeInSlots } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';
import { replaceProblem } from '../../program/edit.ts';
import { replaceRanges } from '../../program/edit-many.ts';
import type { Program } from '../../program/program.ts';
import type { Window } from '../../verify/types.ts';
import { type GateChecks, rewriteKey } from './gate.ts';
import type { Change, Facts, Proven, Rewrite } from './rewrite.ts';

/** The order of a batch. */
export const lastFirst = (a: Proven, b: Proven): number => b.rewrite.window.start - a.rewrite.window.start;

/**
 * Proves proposals one by one in the program as it is; of those that overlap the first that is proven. Last
 * window first.
 */
export function proveAll(
  program: Program,
  proposals: Iterable<Rewrite>,
  verify: GateChecks['verify'],
  objected: ReadonlySet<string>,
): Proven[] {
  const proven: Proven[] = [];
  const taken = new Uint8Array(program.insns.length);
  for (const rewrite of proposals) {
    const { window, replacement } = rewrite;
    if (window.start === window.end || taken.subarray(window.start, window.end).includes(1)) continue;
    if (replaceProblem(program, window.start, window.end, replacement) !== undefined) continue;
    if (objected.size > 0 && objected.has(rewriteKey(program, window, replacement))) continue;
    const verdict = verify(program, window, replacement);
    if (verdict.kind !== 'equivalent') continue;
    taken.fill(1, window.start, window.end);
    proven.push({ rewrite, how: verdict.how });
  }
  return proven.sort(lastFirst);
}

/**
 * The program with the rewrites that go together, and these; undefined where not even one is left.
 * @param rewrites last window first
 */
export function applyAll(
  program: Program,
  rewrites: readonly Proven[],
  facts: Facts,
): { program: Program; rewrites: readonly Proven[] } | undefined {
  let left = rewrites;
  while (left.length > 0) {
    const result = applied(program, left);
    if (result === undefined)
      return left.length === 1 ? undefined : applyAll(program, left.slice(0, left.length >> 1), facts);
    const apart = left.length === 1 ? [] : interfering(program, result, left, facts);
    if (apart.length === 0) return { program: result, rewrites: left };
    // One alone is proven by its own proof.
    left = apart.length === left.length ? left.slice(0, 1) : left.filter((r) => !apart.includes(r));
  }
  return undefined;
}

/** The program with all rewrites; undefined where they cannot be put in together. */
function applied(program: Program, rewrites: readonly Proven[]): Program | undefined {
  const edits = rewrites.map(({ rewrite: { window, replacement } }) => ({ ...window, insns: replacement }));
  try {
    return replaceRanges(program, edits.reverse());
  } catch (e) {
    if (e instanceof EditError) return undefined;
    throw e;
  }
}

/** Rewrites whose proof does not hold in the result, because more is read behind them there. */
function interfering(before: Program, after: Program, rewrites: readonly Proven[], facts: Facts): Proven[] {
  const offsets = slotOffsets(before.insns);
  const ends = rewrites.map(({ rewrite }) => ({ end: rewrite.window.end, grown: grown(rewrite) }));
  const moved = placesAfter(before.insns.length, ends);
  return rewrites.filter(({ rewrite }) => {
    const { window, replacement } = rewrite;
    const source = before.insns.slice(window.start, window.end);
    const written = writtenBy([...source, ...replacement]);
    const unset =
      mask(source, registersWritten) & ~mask(replacement, registersWritten) & neverSet(before, window, facts);
    return placesBehind(before, rewrite, offsets).some((place) => {
      const old = facts.liveBefore(before, place);
      const now = facts.liveBefore(after, moved[place]!);
      if (old === undefined || now === undefined || !covers(old, now, written)) return true;
      // Nothing depends on it, but the kernel's verifier lets nobody read what was never written.
      return (now.registers & unset) !== 0;
    });
  });
}

/** Registers (bit n = rn) that hold nothing before a window. */
function neverSet(program: Program, window: Window, { contextOf }: Facts): number {
  const { registers } = contextOf(program, window);
  return registers.reduce((bits, v, n) => (v.kind === 'uninit' ? bits | (1 << n) : bits), 0);
}

function mask(insns: readonly Insn[], of: (i: Insn) => number): number {
  return insns.reduce((bits, i) => bits | of(i), 0);
}

/**
 * What instructions may change: registers (bit n = rn), and bytes of the own stack frame, as `LiveSet` has
 * them.
 */
interface Written {
  registers: number;
  stack: bigint;
}

function writtenBy(insns: readonly Insn[]): Written {
  return insns.reduce<Written>(
    (all, i) => ({
      registers: all.registers | registersWritten(i) | (i.op === OP_CALL ? CALLER_SAVED : 0),
      stack: all.stack | stackWritten(i),
    }),
    { registers: 0, stack: 0n },
  );
}

function stackWritten(i: Insn): bigint {
  const spec = specOf(i);
  if (spec?.kind === 'call') return ALL_STACK;
  if (spec?.kind !== 'store' && spec?.kind !== 'atomic') return 0n;
  return i.dst === R10 ? stackBytes(i.off, i.off + spec.size) : ALL_STACK;
}

/** Where each place between instructions is once windows that end at some of them have grown or shrunk. */
function placesAfter(length: number, ends: readonly { end: number; grown: number }[]): Int32Array {
  const grown = new Int32Array(length + 1);
  for (const { end, grown: by } of ends) grown[end]! += by;
  let sum = 0;
  return grown.map((by, place) => place + (sum += by));
}

/** Where control goes from a window: its end, and the targets of its jumps. */
function placesBehind(program: Program, { window }: Rewrite, offsets: Int32Array): number[] {
  const { start, end } = window;
  const places = new Set<number>();
  if (program.functions.some((f) => end > f.start && end < f.end)) places.add(end);
  for (let index = start; index < end; index++) {
    const to = jumpTarget(program.insns, index, offsets);
    if (to !== undefined && (to < start || to > end)) places.add(to);
  }
  return [...places];
}

/** Is all that is read now read before as well, or never written between? */
function covers(old: LiveSet, now: LiveSet, { registers, stack }: Written): boolean {
  if ((now.stack & ~old.stack & stack) !== 0n) return false;
  return now.bits.every((bits, n) => ((registers >> n) & 1) === 0 || (bits & ~old.bits[n]!) === 0n);
}

/**
 * The rewrites that objections to their result may be due to: of each instruction the last rewrite before it.
 * @param rewrites last window first
 */
export function suspects(rewrites: readonly Proven[], instructions: readonly number[]): Proven[] {
  let place = rewrites.reduce((sum, { rewrite }) => sum + grown(rewrite), 0);
  const starts = rewrites.map((proven) => {
    place -= grown(proven.rewrite);
    return { proven, start: proven.rewrite.window.start + place };
  });
  return rewrites.filter((proven) =>
    instructions.some((index) => starts.find(({ start }) => start <= index)?.proven === proven),
  );
}

/** Instructions that the replacement has more. */
function grown({ window, replacement }: Rewrite): number {
  return replacement.length - (window.end - window.start);
}

/** The rewrites of a batch one by one; only with the last of them the program is what is proven. */
export function changesOf(before: Program, rewrites: readonly Proven[], program: Program): Change[] {
  let slots = sizeInSlots(before.insns);
  return rewrites.map(({ rewrite, how }, n) => {
    const { window, replacement } = rewrite;
    const old = before.insns.slice(window.start, window.end);
    slots += sizeInSlots(replacement) - sizeInSlots(old);
    return { rewrite, how, before, slots, program: n === rewrites.length - 1 ? program : undefined };
  });
}
