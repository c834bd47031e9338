/**
 * Time: how long versions of a program take in the running kernel, and which differences can be claimed.
 *
 *   versions, tests --rounds: reload all, each twice--> samples, interleaved --minimum per load, mean over
 *     tests-->
 *     one figure per version, copy and round --bootstrap over the rounds--> ratio, interval, verdict
 *
 * Every version is loaded twice in each round: the difference of the two copies is what this machine calls a
 * difference where there is none (the null pair). No claim is made below it.
 */

import { intervalOf, resamples, trimmedMean } from '../../base/sampling.ts';
import type { Interval } from '../../base/statistics.ts';
import type { Program } from '../../program/program.ts';
import type { TestCase } from '../../vm/types.ts';
import { accepts } from '../run/load.ts';
import { onOneCpu } from '../run/run.ts';
import { asksForRoutes, withRoutes } from '../syscall/netns.ts';
import { emptyBody, type TimedAs, timedAs } from './harness.ts';
import { Stopwatch } from './stopwatch.ts';

export interface TimeOptions {
  /** Reloads: the place of the code in memory matters, so one load says little. At least 8. */
  rounds?: number;
  /** Timed runs per load and test, of which the fastest counts. */
  samples?: number;
  /** Nanoseconds that one timed run is meant to take. */
  runNs?: number;
  /** Of the bootstrap. */
  seed?: number;
}

export type TimeVerdict = 'faster' | 'slower' | 'cannot tell';

/** One version, per run of the program, without the harness' own time. */
export interface VersionTime {
  /** Nanoseconds, mean over the tests. */
  ns: number;
  interval: Interval;
  /** Nanoseconds on each test. */
  perTest: readonly number[];
  /**
   * Against the first version: quotient, its 95 % interval, and what may be said. Absent for the first
   * version.
   */
  against?: { ratio: number; interval: Interval; differenceNs: number; verdict: TimeVerdict };
}

export interface TimeReport {
  status: 'timed';
  /** Type of the harness, e.g. `xdp`, and whether the body got a record instead of the context. */
  as: TimedAs;
  versions: readonly VersionTime[];
  /** Nanoseconds that the harness takes by itself: subtracted everywhere. */
  harnessNs: number;
  /** Largest difference, in nanoseconds, between two copies of one version (bound of its 95 % interval). */
  nullNs: number;
  /** Differences up to this many nanoseconds are not claimed: the null pair's, 0.5 ns or 2 %. */
  floorNs: number;
  tests: number;
  /** Tests that the kernel could not play, with its reason. */
  skipped: Readonly<Record<string, number>>;
  rounds: number;
}

export type TimeResult = TimeReport | { status: 'cannot time'; reason: string };

const DEFAULTS = { rounds: 8, samples: 6, runNs: 60_000, seed: 1 } as const;
/** Never claimed on any machine. */
const FLOOR_NS = 0.5;
const FLOOR_SHARE = 0.02;
const DRAWS = 1000;
const MAX_COUNT = 4_000_000;
const MIN_COUNT = 16;

/** Figures of one version: per copy, round and test, nanoseconds of an iteration. */
type Figures = number[][][];

/**
 * Times versions of one program (same maps, same hook) against the first of them.
 * @param tests inputs that are played to all of them; each counts the same
 */
export function kernelTime(
  programs: readonly Program[],
  tests: readonly TestCase[],
  options: TimeOptions = {},
): TimeResult {
  const [first] = programs;
  if (first === undefined) return { status: 'cannot time', reason: 'no programs' };
  const names = (p: Program): string => p.maps.map((m) => m.name).join(', ');
  for (const p of programs) {
    if (p.hook !== first.hook) return { status: 'cannot time', reason: `${first.hook} against ${p.hook}` };
    if (names(p) !== names(first))
      return { status: 'cannot time', reason: `the maps differ: ${names(first)}; ${names(p)}` };
    const as = timedAs(p);
    if ('reason' in as) return { status: 'cannot time', reason: as.reason };
  }
  // The harness hides some errors (a called function may read what its caller left in r2 to r5).
  for (const [k, p] of programs.entries()) {
    const verdict = accepts(p);
    if (verdict.status !== 'accepted')
      return { status: 'cannot time', reason: `version ${k} is ${verdict.status}: ${verdict.reason}` };
  }
  const as = timedAs(first) as TimedAs;
  const run = (): TimeResult => onOneCpu(() => measure(programs, tests, as, { ...DEFAULTS, ...options }));
  return asksForRoutes(first) ? withRoutes(run) : run();
}

interface TimingRun {
  test: TestCase;
  count: number;
}

/** Tests that can be played, each with the number of iterations that fills a run. */
function jobs(
  watch: Stopwatch,
  tests: readonly TestCase[],
  runNs: number,
): { jobs: TimingRun[]; skipped: Record<string, number> } {
  const found: TimingRun[] = [];
  const skipped: Record<string, number> = {};
  for (const test of tests) {
    let best = Number.POSITIVE_INFINITY;
    let reason: string | undefined;
    for (let k = 0; k < 3 && reason === undefined; k++) {
      const r = watch.run(0, test, 256);
      if (r.ok) best = Math.min(best, Math.max(1, r.ns));
      else reason = r.reason;
    }
    if (reason === undefined)
      found.push({ test, count: Math.min(MAX_COUNT, Math.max(MIN_COUNT, Math.round(runNs / best))) });
    else skipped[reason] = (skipped[reason] ?? 0) + 1;
  }
  return { jobs: found, skipped };
}

function measure(
  programs: readonly Program[],
  tests: readonly TestCase[],
  as: TimedAs,
  options: Required<TimeOptions>,
): TimeResult {
  const COPIES = 2;
  // Copies are loaded a whole set apart; the empty body comes last.
  const loaded = [...programs, ...programs, emptyBody(programs[0]!)];
  const figures: Figures = loaded.map(() => []);
  let work: TimingRun[] | undefined;
  let skipped: Record<string, number> = {};
  for (let round = 0; round < options.rounds; round++) {
    const opened = Stopwatch.open(loaded, as);
    if (!opened.ok) return { status: 'cannot time', reason: opened.reason };
    try {
      if (work === undefined) {
        const found = jobs(opened.watch, tests, options.runNs);
        work = found.jobs;
        skipped = found.skipped;
        if (work.length === 0)
          return { status: 'cannot time', reason: Object.keys(skipped).join('; ') || 'no tests' };
      }
      const times = oneRound(opened.watch, loaded.length, work, options.samples, round);
      if (typeof times === 'string') return { status: 'cannot time', reason: times };
      for (const [v, perTest] of times.entries()) figures[v]!.push(perTest);
    } finally {
      opened.watch.close();
    }
  }
  const n = programs.length;
  const perVersion = programs.map((_, v) => Array.from({ length: COPIES }, (_, c) => figures[v + c * n]!));
  return {
    status: 'timed',
    as,
    ...timeVerdict(perVersion, figures.at(-1)!, options),
    tests: work?.length ?? 0,
    skipped,
    rounds: options.rounds,
  };
}

/** Fastest sample per version and test. Every version takes every place in the order. */
function oneRound(
  watch: Stopwatch,
  versions: number,
  work: readonly TimingRun[],
  samples: number,
  round: number,
): number[][] | string {
  const best = Array.from({ length: versions }, () => work.map(() => Number.POSITIVE_INFINITY));
  for (let s = 0; s < samples; s++)
    for (const [t, { test, count }] of work.entries())
      for (let k = 0; k < versions; k++) {
        const v = (k + s + t + round) % versions;
        const r = watch.run(v, test, count);
        if (!r.ok) return r.reason;
        best[v]![t] = Math.min(best[v]![t]!, r.ns);
      }
  return best;
}

const mean = (xs: readonly number[]): number => xs.reduce((s, x) => s + x, 0) / xs.length;

/** From nanoseconds per version, copy, round and test to intervals and verdicts. */
export function timeVerdict(
  versions: readonly Figures[],
  empty: readonly (readonly number[])[],
  options: { seed: number },
): Pick<TimeReport, 'versions' | 'harnessNs' | 'nullNs' | 'floorNs'> {
  const rounds = empty.length;
  const draws = resamples(rounds, DRAWS, options.seed);
  const all = empty.map((_, r) => r);
  const byRound = (f: readonly (readonly number[])[]): number[] => f.map(mean);
  const harnessByRound = byRound(empty);
  const copies = versions.map((v) => v.map(byRound));
  // A round's figure of a version is the mean of its copies.
  const raw = copies.map((c) => all.map((r) => mean(c.map((x) => x[r]!))));
  const at = (values: readonly number[], rows: readonly number[]): number =>
    trimmedMean(rows.map((r) => values[r]!));
  const spread = (values: readonly number[]): Interval => intervalOf(draws.map((rows) => at(values, rows)));
  const minus = (a: readonly number[], b: readonly number[]): number[] => a.map((x, r) => x - b[r]!);

  const harnessNs = at(harnessByRound, all);
  const net = raw.map((v) => at(v, all) - harnessNs);
  const nullNs = Math.max(
    ...copies.map(([a, b]) => {
      const { low, high } = spread(minus(a!, b!));
      return Math.max(Math.abs(low), Math.abs(high));
    }),
  );
  const floorNs = Math.max(FLOOR_NS, FLOOR_SHARE * net[0]!, nullNs);
  const times = versions.map((v, k): VersionTime => {
    const perTest = v[0]![0]!.map((_, t) =>
      trimmedMean(all.map((r) => mean(v.map((c) => c[r]![t]!)) - empty[r]![t]!)),
    );
    const own = { ns: net[k]!, interval: spread(minus(raw[k]!, harnessByRound)), perTest };
    if (k === 0) return own;
    const difference = minus(raw[k]!, raw[0]!);
    const differenceNs = at(difference, all);
    const verdict = verdictOf(differenceNs, spread(difference), floorNs);
    const quotient = (rows: readonly number[]): number => {
      const h = at(harnessByRound, rows);
      return positive(at(raw[k]!, rows) - h) / positive(at(raw[0]!, rows) - h);
    };
    return {
      ...own,
      against: { ratio: quotient(all), interval: intervalOf(draws.map(quotient)), differenceNs, verdict },
    };
  });
  return { versions: times, harnessNs, nullNs, floorNs };
}

/** A body can come out as nothing, never as less. */
const positive = (ns: number): number => Math.max(ns, 0.01);

/** Claims only what is larger than the floor and whose interval excludes "no difference". */
export function verdictOf(differenceNs: number, interval: Interval, floorNs: number): TimeVerdict {
  if (Math.abs(differenceNs) <= floorNs) return 'cannot tell';
  if (interval.high < 0) return 'faster';
  return interval.low > 0 ? 'slower' : 'cannot tell';
}
