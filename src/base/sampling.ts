/** Statistics of repeated measurements: robust means, bootstrap intervals, ranks. */
import { Rng } from './random.ts';
import type { Interval } from './statistics.ts';

/** Mean without the lowest and highest quarter: few values, some of them disturbed. */
export function trimmedMean(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const cut = Math.floor(sorted.length / 4);
  const kept = sorted.slice(cut, sorted.length - cut);
  return kept.reduce((s, v) => s + v, 0) / kept.length;
}

/** The interval that holds `confidence` of the values. */
export function intervalOf(values: readonly number[], confidence = 0.95): Interval {
  const sorted = [...values].sort((a, b) => a - b);
  const last = sorted.length - 1;
  const tail = (1 - confidence) / 2;
  return { low: sorted[Math.round(tail * last)]!, high: sorted[Math.round((1 - tail) * last)]! };
}

/** `draws` resamples of the row numbers 0 .. n-1, with replacement. */
export function resamples(n: number, draws: number, seed: number): number[][] {
  const rng = new Rng(seed, 'bootstrap', n);
  return Array.from({ length: draws }, () => Array.from({ length: n }, () => rng.below(n)));
}

/** Ranks from 1; equal values share the mean of theirs. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const out = values.map(() => 0);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let k = from; k < to; k++) out[order[k]!] = (from + 1 + to) / 2;
    from = to;
  }
  return out;
}

/** Pearson's correlation; 0 when one side is constant. */
export function correlation(x: readonly number[], y: readonly number[]): number {
  const mx = x.reduce((s, v) => s + v, 0) / x.length;
  const my = y.reduce((s, v) => s + v, 0) / y.length;
  let [xy, xx, yy] = [0, 0, 0];
  for (const [i, v] of x.entries()) {
    const [dx, dy] = [v - mx, y[i]! - my];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xx === 0 || yy === 0 ? 0 : xy / Math.sqrt(xx * yy);
}

/** Spearman's rank correlation. */
export function rankCorrelation(x: readonly number[], y: readonly number[]): number {
  return correlation(ranks(x), ranks(y));
}
