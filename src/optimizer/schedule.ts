/**
 * Which window is searched when, and for how long: rounds over all windows until the budget is spent, straight-line code
 * first, then windows with branches. Each round shifts the windows and varies their length.
 */
import type { Program } from '../program/program.ts';
import { branchingWindows, slidingWindows, straightRuns } from '../search/windows.ts';
import type { Window } from '../verify/types.ts';

/**
 * Steps that a chain spends on a window before the next one gets its turn: few in the first round, which finds what is
 * easy everywhere, twice as many in each later one.
 */
const FIRST_VISIT = 4000;
const LONGEST_VISIT = 64_000;
/** Lengths of windows with branches, round by round, as multiples of those of straight-line windows. */
const BRANCHING = [1, 2, 1.5, 6, 4] as const;

export interface Round {
  number: number;
  /** Steps per window. */
  visit: number;
  /** In program order; neighbours overlap. */
  cut(program: Program): Window[];
}

/** @param windowLength longest straight-line window, in instructions */
export function roundOf(number: number, windowLength: number): Round {
  const half = number >> 1;
  const length = Math.max(2, windowLength - (half % 3));
  return {
    number,
    visit: Math.min(LONGEST_VISIT, FIRST_VISIT * 2 ** half),
    cut: (program) =>
      number % 2 === 0
        ? slidingWindows(straightRuns(program), length)
        : branchingWindows(program, BRANCHING[half % BRANCHING.length]! * windowLength, half),
  };
}

/** Walks over a round's windows, which are cut anew whenever the program has changed. */
export function* walk(round: Round, best: () => Program): Generator<{ window: Window; visit: number }> {
  let cursor = 0;
  let cutFor: Program | undefined;
  let windows: Window[] = [];
  for (let visit = 0; ; visit++) {
    if (cutFor !== best()) windows = round.cut((cutFor = best()));
    const window = windows.find((w) => w.start >= cursor);
    if (window === undefined) return;
    cursor = window.start + 1;
    yield { window, visit };
  }
}
