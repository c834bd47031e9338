/**
 * Statistics over seeds and programs. Everything is deterministic: resampling is seeded.
 *
 *   samples --median, geometricMean--> one number --bootstrapInterval--> how sure
 *   samples x samples --mannWhitney--> p, A12 --judge--> better | worse | unsure | same
 */
import { cumulativeStdNormalProbability, geometricMean, median, quantile } from 'simple-statistics';
import { Rng } from './random.ts';

export { geometricMean, median, quantile };

export interface Interval {
  low: number;
  high: number;
}

export interface BootstrapOptions {
  /** Share of resamples inside the interval. */
  level?: number;
  resamples?: number;
  seed?: number;
}

/**
 * Percentile bootstrap (Efron 1979) of a statistic of one sample. A sample of one gives an interval of one
 * point.
 */
export function bootstrapInterval(
  sample: readonly number[],
  statistic: (sample: number[]) => number = median,
  options: BootstrapOptions = {},
): Interval {
  return bootstrapIntervalOf([sample], ([one]) => statistic(one!), options);
}

/** As `bootstrapInterval`, of several samples that are resampled independently, e.g. a ratio of medians. */
export function bootstrapIntervalOf(
  samples: readonly (readonly number[])[],
  statistic: (samples: number[][]) => number,
  { level = 0.95, resamples = 2000, seed = 1 }: BootstrapOptions = {},
): Interval {
  if (samples.some((s) => s.length === 0)) throw new RangeError('a sample is empty');
  const rng = new Rng('bootstrap', seed);
  const values = Array.from({ length: resamples }, () =>
    statistic(samples.map((s) => Array.from(s, () => rng.pick(s)))),
  );
  const tail = (1 - level) / 2;
  return { low: quantile(values, tail), high: quantile(values, 1 - tail) };
}

export interface RankTest {
  /** Pairs in which a is larger; ties count half. */
  u: number;
  /** Two-sided probability of ranks at least as lopsided when both come from one distribution. */
  p: number;
  /**
   * Vargha and Delaney's effect size: probability that a value of a is larger than one of b; ties count half.
   */
  a12: number;
}

/** Largest number of values for which the distribution of the ranks is counted instead of approximated. */
const EXACT = 60;

/**
 * Mann-Whitney U with ties: the exact permutation distribution of the rank sum, for many values its normal
 * limit.
 */
export function mannWhitney(a: readonly number[], b: readonly number[]): RankTest {
  if (a.length === 0 || b.length === 0) throw new RangeError('a sample is empty');
  const ranks = doubledRanks([...a, ...b]);
  const sum = ranks.slice(0, a.length).reduce((s, r) => s + r, 0);
  const u = (sum - a.length * (a.length + 1)) / 2;
  const a12 = u / (a.length * b.length);
  const n = ranks.length;
  const mean = a.length * (n + 1);
  const distance = Math.abs(sum - mean);
  if (distance === 0) return { u, p: 1, a12 };
  const p = n <= EXACT ? exactTail(ranks, a.length, mean, distance) : normalTail(ranks, a.length, distance);
  return { u, p: Math.min(1, p), a12 };
}

/** Twice the midranks, so that they are whole numbers. */
function doubledRanks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => values[i]! - values[j]!);
  const ranks = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1]!] === values[order[from]!]) to++;
    for (let k = from; k <= to; k++) ranks[order[k]!] = from + to + 2;
    from = to + 1;
  }
  return ranks;
}

/** Share of all ways to choose `size` ranks whose sum is at least so far from the mean. */
function exactTail(ranks: readonly number[], size: number, mean: number, distance: number): number {
  const total = ranks.reduce((s, r) => s + r, 0);
  // ways[k][s]: subsets of k ranks with sum s.
  const ways = Array.from({ length: size + 1 }, () => new Float64Array(total + 1));
  ways[0]![0] = 1;
  for (const r of ranks)
    for (let k = size; k >= 1; k--) {
      const [from, to] = [ways[k - 1]!, ways[k]!];
      for (let s = total; s >= r; s--) to[s]! += from[s - r]!;
    }
  let all = 0;
  let far = 0;
  ways[size]!.forEach((count, s) => {
    all += count;
    if (Math.abs(s - mean) >= distance) far += count;
  });
  return far / all;
}

function normalTail(ranks: readonly number[], size: number, distance: number): number {
  const n = ranks.length;
  const other = n - size;
  const tied = new Map<number, number>();
  for (const r of ranks) tied.set(r, (tied.get(r) ?? 0) + 1);
  const ties = [...tied.values()].reduce((s, t) => s + t ** 3 - t, 0);
  const variance = ((size * other) / 12) * (n + 1 - ties / (n * (n - 1)));
  // Ranks are doubled; the continuity correction is half a rank.
  const z = Math.max(0, distance / 2 - 0.5) / Math.sqrt(variance);
  return 2 * (1 - cumulativeStdNormalProbability(z));
}

export type ChangeVerdict = 'better' | 'worse' | 'unsure' | 'same';

export interface SampleComparison {
  judgement: ChangeVerdict;
  base: number;
  new: number;
  /** Change of the median. */
  change: number;
  /** The change in percent of the base; absent where the base is 0 and the change is not. */
  percent?: number;
  /**
   * Of the change: in percent, or in the metric's unit where `percent` is absent; a point where both are
   * exact.
   */
  interval: Interval;
  p?: number;
  a12?: number;
}

export interface CompareSamplesOptions {
  /** The numbers do not depend on time or machine: any difference between equal seeds is one. */
  exact?: boolean;
  /** Of p. */
  alpha?: number;
}

/**
 * Is `now` better than `base`, where less is better? Exact numbers of the same seeds are compared as they
 * are; all else is only better or worse when the test is significant and the interval of the change does not
 * contain 0.
 */
export function compareSamples(
  base: readonly number[],
  now: readonly number[],
  { exact = false, alpha = 0.05 }: CompareSamplesOptions = {},
): SampleComparison {
  const [from, to] = [median([...base]), median([...now])];
  const change = to - from;
  const percent = percentOf(from, to);
  const head = { base: from, new: to, change, ...(percent === undefined ? {} : { percent }) };
  const size = percent ?? change;
  const equal = base.length === now.length && base.every((x, i) => x === now[i]);
  if (equal) return { ...head, judgement: 'same', interval: { low: 0, high: 0 } };
  if (exact) {
    const total = (xs: readonly number[]): number => xs.reduce((s, x) => s + x, 0);
    // Some seed changed: where the medians agree, their sum says which way.
    const direction = change !== 0 ? change : total(now) - total(base);
    const judgement = direction < 0 ? 'better' : direction > 0 ? 'worse' : 'unsure';
    return { ...head, judgement, interval: { low: size, high: size } };
  }
  const { p, a12 } = mannWhitney(now, base);
  const interval = changeInterval(base, now, from);
  const sure = p < alpha && (interval.low > 0 || interval.high < 0);
  return { ...head, judgement: !sure ? 'unsure' : change < 0 ? 'better' : 'worse', interval, p, a12 };
}

/**
 * A resample may have the median 0 where the sample has not: such samples are compared by their differences.
 */
function changeInterval(base: readonly number[], now: readonly number[], from: number): Interval {
  if (base.every((x) => x > 0))
    return bootstrapIntervalOf([base, now], ([b, n]) => percentOf(median(b!), median(n!))!);
  const { low, high } = bootstrapIntervalOf([base, now], ([b, n]) => median(n!) - median(b!));
  const unit = from === 0 ? 1 : 100 / from;
  return { low: low * unit, high: high * unit };
}

/** Undefined for a change from 0, which is no share of anything. */
export function percentOf(from: number, to: number): number | undefined {
  if (to === from) return 0;
  return from === 0 ? undefined : ((to - from) / from) * 100;
}

/** Best value after so many steps, one step function per seed. */
export type Curve = readonly (readonly [step: number, value: number])[];

/** Value of a step function. */
export function valueAt(curve: Curve, step: number): number | undefined {
  let value: number | undefined;
  for (const [at, v] of curve) {
    if (at > step) break;
    value = v;
  }
  return value;
}

/**
 * Median and interval over seeds of the best value so far, at every step at which one of the curves changes.
 */
export function timeToBest(
  curves: readonly Curve[],
  options: BootstrapOptions = {},
): { step: number; median: number; interval: Interval }[] {
  const steps = [...new Set(curves.flatMap((c) => c.map(([at]) => at)))].sort((x, y) => x - y);
  return steps.flatMap((step) => {
    const values = curves.flatMap((c) => valueAt(c, step) ?? []);
    if (values.length < curves.length) return [];
    return [{ step, median: median(values), interval: bootstrapInterval(values, median, options) }];
  });
}

/** First step at which a curve has its last value. */
export function stepOfBest(curve: Curve): number | undefined {
  const best = curve.at(-1)?.[1];
  return curve.find(([, v]) => v === best)?.[0];
}
