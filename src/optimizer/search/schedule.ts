/**
 * Which window is searched when, and for how long: rounds over all windows, straight-line code first, then
 * windows with branches. Each round shifts the windows and varies their length.
 */
import type { Program } from '../../program/program.ts';
import { branchingWindows, slidingWindows, straightRuns } from '../../search/windows.ts';
import type { Window } from '../../verify/types.ts';

/**
 * Steps that a chain spends on a window before the next one gets its turn: few in the first round, which
 * finds what is easy everywhere, twice as many in each later one.
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
  private readonly ranges: readonly Window[] | undefined;
  private readonly cuts = new WeakMap<Program, Map<number, readonly Window[]>>();

  /**
   * @param windowLength longest straight-line window, in instructions
   * @param ranges as in `within`
   */
  constructor(windowLength: number, ranges?: readonly Window[]) {
    this.windowLength = windowLength;
    this.ranges = ranges;
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
    if (round % 2 === 1) {
      const length = BRANCHING[half % BRANCHING.length]! * this.windowLength;
      return within(program, branchingWindows(program, length, half), this.ranges, 'branching');
    }
    const runs = within(program, straightRuns(program), this.ranges);
    return slidingWindows(runs, Math.max(2, this.windowLength - (half % 3)));
  }
}

/**
 * What of some windows lies in chosen ranges. A window stays one when it is cut at its end, and at its start
 * where nothing jumps into it; others must start in a range.
 *
 * @param ranges instructions of the program as it was loaded, which their origins lead to; undefined:
 *   everything
 */
export function within(
  program: Program,
  windows: readonly Window[],
  ranges: readonly Window[] | undefined,
  kind: 'straight' | 'branching' = 'straight',
): Window[] {
  if (ranges === undefined) return [...windows];
  const now = ranges.map((range) => rangeNow(program, range));
  return windows.flatMap((w) =>
    now.flatMap((r) => {
      const start = kind === 'straight' ? Math.max(w.start, r.start) : w.start;
      const end = Math.min(w.end, r.end);
      return start >= r.start && start < end ? [{ start, end }] : [];
    }),
  );
}

/** Instructions of ours count to the range that they are between. */
function rangeNow({ origin }: Program, { start, end }: Window): Window {
  const first = origin.findLastIndex((o) => o >= 0 && o < start) + 1;
  const last = origin.findIndex((o) => o >= end);
  return { start: first, end: last < 0 ? origin.length : last };
}
