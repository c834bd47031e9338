/** Which ranges of a program the chain may work on. */
import type { Window } from '../verify/types.ts';

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
