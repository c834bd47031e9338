/**
 * The charts of one program: slots against proposals, over seeds where there are several; latency against
 * load.
 */

import type { SummaryLine } from '../tables/summary.ts';
import { column, num, word } from '../tables/tables.ts';
import type { Chart } from './chart.ts';
import { curveOf, type Median, mediansOf } from './curves.ts';
import { programLoadChart } from './load-charts.ts';
import { CHART_LOOK, CHART_WIDTH, OTHERS, OURS, THEIRS, VEGA_LITE } from './theme.ts';

/** Single curves in one chart. */
const MOST_CURVES = 40;

/** @param lines results of one program, the best first */
export function programCharts(lines: readonly SummaryLine[]): Chart[] {
  const done = lines.filter((l) => l.after !== undefined);
  if (done.length === 0) return [];
  const load = done.flatMap((l) => programLoadChart(l) ?? [])[0];
  return [searchChart(done), ...(load === undefined ? [] : [load])];
}

const steps = {
  field: 'step',
  type: 'quantitative',
  title: 'proposals',
  scale: { type: 'log', nice: false },
  axis: { format: '~s' },
} as const;
const COLORS = [OURS, THEIRS, ...OTHERS];

function searchChart(done: readonly SummaryLine[]): Chart {
  const medians = mediansOf(done);
  const drawn = done.slice(0, MOST_CURVES);
  const points = drawn.flatMap((l) =>
    curveOf(l).map(([step, slots]) => ({
      result: `${l.configuration}, seed ${l.seed}`,
      configuration: l.configuration,
      step,
      slots,
    })),
  );
  const first = Math.max(1, Math.min(1000, ...points.filter((p) => p.step > 0).map((p) => p.step)));
  const at = <T extends { step: number }>(p: T): T => ({ ...p, step: Math.max(first, p.step) });
  const names = [...new Set(done.map((l) => l.configuration))];
  const color = {
    field: 'configuration',
    type: 'nominal',
    title: null,
    scale: { domain: names, range: names.map((_, k) => COLORS[k % COLORS.length]!) },
    legend: names.length > 1 ? { orient: 'top' as const, symbolOpacity: 1 } : null,
  } as const;
  const y = {
    type: 'quantitative',
    title: 'slots',
    scale: { zero: false },
    axis: { tickMinStep: 1, format: ',d' },
  } as const;
  const over = medians.length > 0;
  const overPoints = medians.flatMap((m) =>
    m.points.map((p) => at({ ...p, configuration: m.configuration })),
  );
  return {
    id: 'search',
    title: over ? 'Time to best over seeds' : 'Convergence: best proven size against proposals',
    description: over
      ? 'Best proven slots after so many proposals. Thick: median over seeds; band: its 95 % bootstrap interval; thin: single seeds.'
      : 'Best proven slots after so many proposals, one line per configuration.',
    spec: {
      $schema: VEGA_LITE,
      config: CHART_LOOK,
      width: CHART_WIDTH,
      height: 260,
      layer: [
        ...(over
          ? [
              {
                data: { values: overPoints },
                mark: { type: 'area' as const, interpolate: 'step-after' as const, opacity: 0.2 },
                encoding: { x: steps, y: { field: 'low', ...y }, y2: { field: 'high' }, color },
              },
            ]
          : []),
        {
          data: { values: points.map(at) },
          mark: {
            type: 'line' as const,
            interpolate: 'step-after' as const,
            strokeWidth: over ? 1 : 2,
            opacity: over ? 0.45 : 1,
          },
          encoding: {
            x: steps,
            y: { field: 'slots', ...y },
            detail: { field: 'result' },
            color,
            tooltip: [
              { field: 'result', type: 'nominal' as const },
              { field: 'step', type: 'quantitative' as const, title: 'proposals', format: ',' },
              { field: 'slots', type: 'quantitative' as const },
            ],
          },
        },
        ...(over
          ? [
              {
                data: { values: overPoints },
                mark: { type: 'line' as const, interpolate: 'step-after' as const, strokeWidth: 3 },
                encoding: { x: steps, y: { field: 'median', ...y }, color },
              },
            ]
          : []),
      ],
    },
    data: over ? medianTable(medians) : pointTable(points),
  };
}

function medianTable(medians: readonly Median[]): Chart['data'] {
  return {
    columns: [
      column('configuration', false),
      column('seeds'),
      column('proposals'),
      column('median slots'),
      column('low'),
      column('high'),
    ],
    rows: medians.flatMap((m) =>
      m.points.map((p) => [
        word(m.configuration),
        num(m.seeds),
        num(p.step),
        num(p.median, 1),
        num(p.low, 1),
        num(p.high, 1),
      ]),
    ),
  };
}

function pointTable(points: readonly { result: string; step: number; slots: number }[]): Chart['data'] {
  return {
    columns: [column('result', false), column('proposals'), column('slots')],
    rows: points.map((p) => [word(p.result), num(p.step), num(p.slots)]),
  };
}
