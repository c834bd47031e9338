/** Which ranges of a program the chain may work on. */
import { calleeOf, jumpTarget, slotOffsets } from '../isa/flow.ts';
import type { Insn } from '../isa/insn.ts';
import { specOf } from '../isa/semantics.ts';
import type { Program } from '../program/program.ts';
import type { Window } from '../verify/types.ts';

/**
 * Maximal ranges without jumps, calls or jump targets in their middle, in program order. Instructions that are pinned
 * (CO-RE and the like) end a run as well.
 */
export function straightRuns(program: Program): Window[] {
  const { insns } = program;
  const offsets = slotOffsets(insns);
  const starts = new Set<number>(program.functions.map((f) => f.start));
  insns.forEach((_, index) => {
    const target = jumpTarget(insns, index, offsets) ?? calleeOf(insns, index, offsets);
    if (target !== undefined) starts.add(target);
  });
  const runs: Window[] = [];
  let start = 0;
  const close = (end: number): void => {
    if (end > start) runs.push({ start, end });
  };
  insns.forEach((i, index) => {
    if (starts.has(index)) {
      close(index);
      start = index;
    }
    if (isStraight(i, index) && !program.pinned.has(program.origin[index] as number)) return;
    close(index);
    start = index + 1;
  });
  close(insns.length);
  return runs;

  function isStraight(i: Insn, index: number): boolean {
    const spec = specOf(i);
    switch (spec?.kind) {
      case 'alu':
      case 'load':
      case 'store':
      case 'atomic':
        return true;
      case 'ldimm64':
        return calleeOf(insns, index, offsets) === undefined;
      default:
        return false;
    }
  }
}

/**
 * Cuts straight-line runs into overlapping windows.
 *
 * @param runs maximal straight-line ranges, [start, end)
 * @param length most instructions in a window
 * @returns windows in program order; neighbours overlap by half, so a rewrite that spans a border is found as well
 */
export function slidingWindows(runs: readonly Window[], length: number): Window[] {
  const windows: Window[] = [];
  const stride = Math.max(1, length >> 1);
  for (const run of runs) {
    for (let start = run.start; start < run.end; start += stride) {
      const end = Math.min(run.end, start + length);
      windows.push({ start, end });
      if (end === run.end) break;
    }
  }
  return windows;
}
