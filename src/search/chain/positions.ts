/**
 * Windows with branches, in the form that the chain works on.
 *
 *   program's instructions --raise--> positions --(chain)--> positions --lower--> instructions without what
 *     does nothing
 *
 * A window is a fixed number `n` of positions; NOP stands for nothing. In this form the distance of a jump
 * counts positions, so that no change of one instruction moves the target of another:
 *
 *     0 .. n-1      the window's positions (only forward jumps)
 *     n             the instruction after the window
 *     n + 1 + k     place number k outside that the source jumps to
 *
 * `exit` stays `exit`.
 */
import { indexOfSlot, slotOffsets } from '../../isa/flow.ts';
import { type Insn, isNop, nop, OP_EXIT, OP_JA, slotsOf } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';

/**
 * Slots from the window's end to a place after it, or minus those from a place before it to its start
 * (ExitPoint.to).
 */
export type ExitPlace = number;

export interface WindowPositions {
  insns: Insn[];
  exits: readonly ExitPlace[];
}

/** Distance of a jump that a window may contain; undefined for every other instruction. */
export function jumpDistance(i: Insn): number | undefined {
  if (i.op === OP_JA) return i.off;
  return specOf(i)?.kind === 'jump' ? i.off : undefined;
}

/** Control does not go on behind it. */
export function isEnd(i: Insn): boolean {
  return i.op === OP_EXIT || (i.op === OP_JA && i.off !== 0);
}

/**
 * @param window the source's instructions; jumps in it are forward or leave it
 * @returns undefined for jumps that this form cannot hold
 */
export function raise(window: readonly Insn[], exits: readonly ExitPlace[]): WindowPositions | undefined {
  const offsets = slotOffsets(window);
  const n = window.length;
  const insns: Insn[] = [];
  for (const [index, i] of window.entries()) {
    const off = jumpDistance(i);
    if (off === undefined) {
      insns.push({ ...i });
      continue;
    }
    const slot = offsets[index]! + 1 + off;
    const inside = indexOfSlot(offsets, slot);
    const k = exits.indexOf(slot > offsets[n]! ? slot - offsets[n]! : slot);
    const target = inside ?? (k < 0 ? undefined : n + 1 + k);
    if (target === undefined || target <= index) return undefined;
    insns.push({ ...i, off: target - index - 1 });
  }
  return { insns, exits };
}

/**
 * What of a window can run and does something. NOPs, jumps to the next such instruction, and code that
 * nothing leads to are left out.
 * @returns per position the position of the next kept one, itself included (n: none)
 */
function keptFrom(window: readonly Insn[]): Int32Array {
  const n = window.length;
  const reached = new Uint8Array(n + 1);
  reached[0] = 1;
  for (let at = 0; at < n; at++) {
    if (reached[at] === 0) continue;
    const i = window[at]!;
    const off = jumpDistance(i);
    if (off !== undefined && at + 1 + off <= n) reached[at + 1 + off] = 1;
    if (!isEnd(i)) reached[at + 1] = 1;
  }
  const next = new Int32Array(n + 1);
  next[n] = n;
  for (let at = n - 1; at >= 0; at--) {
    const i = window[at]!;
    const off = jumpDistance(i);
    const idle = off !== undefined && at + 1 + off <= n && next[at + 1 + off] === next[at + 1];
    next[at] = reached[at] === 0 || isNop(i) || idle ? next[at + 1]! : at;
  }
  return next;
}

/** Sum over the instructions that the lowered window keeps. */
export function loweredCost(window: readonly Insn[], costOf: (i: Insn) => number): number {
  let cost = 0;
  if (!window.some((i) => i.op === OP_EXIT || (jumpDistance(i) !== undefined && !isNop(i)))) {
    for (const i of window) if (!isNop(i)) cost += costOf(i);
    return cost;
  }
  const next = keptFrom(window);
  for (let at = 0; at < window.length; at++) if (next[at] === at) cost += costOf(window[at]!);
  return cost;
}

/** Slots of the lowered window. */
export function loweredSlots(window: readonly Insn[]): number {
  return loweredCost(window, slotsOf);
}

/** The window as it goes into a program. */
export function lower(window: readonly Insn[], exits: readonly ExitPlace[]): Insn[] {
  const n = window.length;
  const next = keptFrom(window);
  const slot = new Int32Array(n + 1);
  let slots = 0;
  for (let at = 0; at <= n; at++) {
    slot[at] = slots;
    if (at < n && next[at] === at) slots += slotsOf(window[at]!);
  }
  return window.flatMap((i, at) => {
    if (next[at] !== at) return [];
    const off = jumpDistance(i);
    if (off === undefined) return [i];
    const target = at + 1 + off;
    const place = exits[target - n - 1] ?? 0;
    const to = target <= n ? slot[next[target]!]! : place > 0 ? slots + place : place;
    return [{ ...i, off: to - slot[at]! - 1 }];
  });
}

/**
 * A window of `length` positions or more that holds `insns` and then nothing; places outside stay what they
 * are.
 */
export function widened({ insns, exits }: WindowPositions, length: number): WindowPositions {
  const n = insns.length;
  const more = Math.max(0, length - n);
  const moved = insns.map((i, at) => {
    const off = jumpDistance(i);
    return off !== undefined && at + 1 + off > n ? { ...i, off: off + more } : i;
  });
  return { insns: [...moved, ...Array.from({ length: more }, nop)], exits };
}
