/** Slots against proposals: of every cell, and over seeds the median with its interval. */
import { type Curve, timeToBest, valueAt } from '../../base/statistics.ts';
import { hasResult } from '../../experiment/results/result.ts';
import { byConfiguration } from '../tables/seeds.ts';
import type { SummaryLine } from '../tables/summary.ts';

/** Points of a curve that is drawn. */
const POINTS = 60;
/** For an interval that is drawn, not quoted. */
const RESAMPLES = 200;

/** Best proven slots of a cell after so many proposals, to the end of its budget; thinned. */
export function curveOf(l: SummaryLine): Curve {
  if (!hasResult(l.row) || l.after === undefined) return [];
  const { convergence, options } = l.row;
  // Rewrites of one moment belong together: some make room for others.
  const settled = convergence.filter(([step], i) => i === 0 || step !== convergence[i + 1]?.[0]);
  const every = Math.max(1, Math.ceil(settled.length / POINTS));
  const kept = settled.filter((_, i) => i % every === 0 || i === settled.length - 1);
  const last = kept.at(-1)?.[0] ?? 0;
  const end = options.steps ?? stepsOf(l.row.stats) ?? last;
  return end > last ? [...kept, [end, l.after] as const] : kept;
}

function stepsOf(stats: Record<string, unknown>): number | undefined {
  return typeof stats.steps === 'number' ? stats.steps : undefined;
}

export interface Median {
  configuration: string;
  seeds: number;
  points: { step: number; median: number; low: number; high: number }[];
}

/** Time to best over seeds, one per configuration that has several. */
export function mediansOf(lines: readonly SummaryLine[]): Median[] {
  return [...byConfiguration(lines)].flatMap(([configuration, own]) => {
    const curves = own.map(curveOf).filter((c) => c.length > 0);
    if (curves.length < 2) return [];
    const points = timeToBest(thinned(curves), { resamples: RESAMPLES });
    return [
      {
        configuration,
        seeds: curves.length,
        points: points.map((p) => ({
          step: p.step,
          median: p.median,
          low: p.interval.low,
          high: p.interval.high,
        })),
      },
    ];
  });
}

/** Curves of many seeds change at many steps: the same values, asked at few of them. */
function thinned(curves: readonly Curve[]): Curve[] {
  const steps = [...new Set(curves.flatMap((c) => c.map(([at]) => at)))].sort((a, b) => a - b);
  if (steps.length <= POINTS) return [...curves];
  const asked = Array.from(
    { length: POINTS },
    (_, k) => steps[Math.round((k * (steps.length - 1)) / (POINTS - 1))]!,
  );
  return curves.map((c) =>
    [...new Set(asked)].flatMap((step) => {
      const value = valueAt(c, step);
      return value === undefined ? [] : [[step, value] as const];
    }),
  );
}
