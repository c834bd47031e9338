/**
 * Which window is searched when, and for how long: rounds over all windows, straight-line code first, then windows with
 * branches. Each round shifts the windows and varies their length.
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

/** Where in its rounds a search is. */
export interface Position {
  readonly round: number;
  /** Windows of this round that have been visited. */
  readonly visits: number;
  /** Windows that start before this instruction have had their turn. */
  readonly cursor: number;
}

export const START: Position = { round: 0, visits: 0, cursor: 0 };

export function nextRound({ round }: Position): Position {
  return { round: round + 1, visits: 0, cursor: 0 };
}

export class Schedule {
  private readonly windowLength: number;
  private readonly cuts = new WeakMap<Program, Map<number, readonly Window[]>>();

  /** @param windowLength longest straight-line window, in instructions */
  constructor(windowLength: number) {
    this.windowLength = windowLength;
  }

  /** Steps for each window of a round. */
  steps(round: number): number {
    return Math.min(LONGEST_VISIT, FIRST_VISIT * 2 ** (round >> 1));
  }

  /** The window that is next, and the position after it; undefined at the end of the round. */
  next(program: Program, at: Position): { window: Window; after: Position } | undefined {
    const window = this.windows(program, at.round).find((w) => w.start >= at.cursor);
    return window && { window, after: { ...at, visits: at.visits + 1, cursor: window.start + 1 } };
  }

  /** A round's windows in program order; neighbours overlap. */
  private windows(program: Program, round: number): readonly Window[] {
    let rounds = this.cuts.get(program);
    if (rounds === undefined) this.cuts.set(program, (rounds = new Map()));
    let windows = rounds.get(round);
    if (windows === undefined) rounds.set(round, (windows = this.cut(program, round)));
    return windows;
  }

  private cut(program: Program, round: number): Window[] {
    const half = round >> 1;
    if (round % 2 === 1)
      return branchingWindows(program, BRANCHING[half % BRANCHING.length]! * this.windowLength, half);
    return slidingWindows(straightRuns(program), Math.max(2, this.windowLength - (half % 3)));
  }
}
