/** In which order a symbolic run visits instructions, and how places outside of the window are named. */
import { fallsThrough, jumpTarget, slotOffsets } from '../../isa/flow.ts';
import type { Insn } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';
import { Unsupported } from '../errors.ts';

/**
 * Instructions that control can reach, each after all that lead to it, in an order that does not depend on
 * where blocks lie.
 * @throws Unsupported when there is a loop
 */
export function executionOrder(insns: readonly Insn[], offsets: Int32Array): number[] {
  const OPEN = 1;
  const DONE = 2;
  const mark = new Uint8Array(insns.length + 1);
  const order: number[] = [];
  const stack: { index: number; next: number[] }[] = [];
  const enter = (index: number): void => {
    if (index >= insns.length || mark[index] === DONE) return;
    if (mark[index] === OPEN) throw new Unsupported('a loop inside the window');
    mark[index] = OPEN;
    const target = specOf(insns[index]!)?.kind === 'call' ? undefined : jumpTarget(insns, index, offsets);
    const next = fallsThrough(insns[index]!) ? [index + 1] : [];
    stack.push({ index, next: target === undefined ? next : [target, ...next] });
  };
  enter(0);
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const next = top.next.shift();
    if (next !== undefined) {
      enter(next);
      continue;
    }
    mark[top.index] = DONE;
    order.push(top.index);
    stack.pop();
  }
  return order.reverse();
}

/**
 * How many ways lead from the first instruction to an end, calls not followed. @throws Unsupported when there
 * is a loop
 */
export function countPaths(insns: readonly Insn[]): number {
  const offsets = slotOffsets(insns);
  const ways = new Array<number>(insns.length + 1).fill(1);
  for (const index of executionOrder(insns, offsets).reverse()) {
    const next = specOf(insns[index]!)?.kind === 'call' ? undefined : jumpTarget(insns, index, offsets);
    const after = next === undefined ? [] : [next];
    if (fallsThrough(insns[index]!)) after.push(index + 1);
    if (after.length > 0) ways[index] = after.reduce((sum, to) => sum + (ways[to] ?? 1), 0);
  }
  return ways[0]!;
}

/** A slot outside of code with these offsets, as in ExitPoint. */
export function outOf(offsets: Int32Array, slot: number): number {
  const end = offsets[offsets.length - 1]!;
  return slot > end ? slot - end : slot;
}
