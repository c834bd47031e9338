/** Which ranges of a program the chain may work on. */

import { calleeOf, jumpTarget, slotOffsets } from '../isa/flow.ts';
import type { Insn } from '../isa/insn.ts';
import { specOf } from '../isa/semantics.ts';
import type { Program } from '../program/program.ts';
import { endsProgram, helperById } from '../program/tables/helpers.ts';
import type { Window } from '../verify/types.ts';

/**
 * Maximal ranges without jumps, calls or jump targets in their middle, in program order. Instructions that
 * are pinned (CO-RE and the like) end a run as well.
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
 * @returns windows in program order; neighbours overlap by half, so a rewrite that spans a border is found as
 *   well
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

/**
 * What a window may contain besides straight-line code: forward jumps and jumps out of it, `exit`, helper
 * calls.
 */
function mayBranch(i: Insn): boolean {
  const spec = specOf(i);
  switch (spec?.kind) {
    case 'jump':
    case 'exit':
      return true;
    case 'goto':
      return spec.distance === 'off';
    case 'call':
      return spec.target === 'helper' && !endsProgram(helperById(i.imm));
    default:
      return false;
  }
}

/**
 * Windows with branches: the longest ranges up to `length` instructions that are entered at their start only
 * and contain no loop. Neighbours overlap by three quarters. Ranges of straight-line code alone are left out,
 * as are those inside an earlier one.
 *
 * @param shift moves all starts, so that other rounds see other windows
 */
export function branchingWindows(program: Program, length: number, shift = 0): Window[] {
  const { insns } = program;
  const offsets = slotOffsets(insns);
  const straight = new Uint8Array(insns.length);
  for (const run of straightRuns(program)) straight.fill(1, run.start, run.end);
  const allowed = insns.map(
    (i, at) => straight[at] === 1 || (mayBranch(i) && !program.pinned.has(program.origin[at] as number)),
  );
  /** First and last instruction that jumps here. */
  const first = new Int32Array(insns.length + 1).fill(insns.length);
  const last = new Int32Array(insns.length + 1).fill(-1);
  insns.forEach((_, at) => {
    const target = jumpTarget(insns, at, offsets);
    if (target === undefined) return;
    first[target] = Math.min(first[target]!, at);
    last[target] = Math.max(last[target]!, at);
  });
  const stride = Math.max(1, length >> 2);
  const windows: Window[] = [];
  let reach = 0;
  for (const f of program.functions) {
    let next = f.start;
    for (let start = f.start; start < f.end; start++) {
      const end = longest(start, f.end);
      if (start < next || end <= reach || end - start < 2) continue;
      if (insns.slice(start, end).every((_, k) => straight[start + k] === 1)) continue;
      next = start + (start === f.start ? 1 + (shift % stride) : stride);
      reach = end;
      windows.push({ start, end });
    }
  }
  return windows;

  function longest(start: number, limit: number): number {
    let best = start;
    let entered = -1;
    for (let end = start + 1; end <= limit && end - start <= length && allowed[end - 1] === true; end++) {
      const at = end - 1;
      // Entered from before the window, or by a jump back from inside it.
      if (at > start && first[at]! < start) break;
      if (at > start) entered = Math.max(entered, last[at]!);
      const target = jumpTarget(insns, at, offsets);
      if (target !== undefined && target >= start && target <= at) break;
      // All jumps into the middle come from inside.
      if (entered < end) best = end;
    }
    return best;
  }
}
