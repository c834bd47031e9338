/** What the paper's figures and ours are apart, drawn around zero. */

import { column, type DataTable, num, word } from '../tables/tables.ts';
import type { Chart } from './chart.ts';
import { CHART_LOOK, CHART_WIDTH, OTHERS, OURS, THEIRS, VEGA_LITE } from './theme.ts';

const COLORS = [OURS, THEIRS, ...OTHERS];

/** Ours and the paper's look the same in all charts. */
function colorOf(series: string, k: number): string {
  if (series.startsWith('ours')) return OURS;
  return series.endsWith('(paper)') ? THEIRS : COLORS[k % COLORS.length]!;
}

/** Undefined where there is nothing to draw. */
export function differenceChart(t: DataTable): Chart | undefined {
  const d = t.differences;
  if (d === undefined || d.values.length === 0) return undefined;
  const series = [...new Set(d.values.map((v) => v.series ?? ''))];
  const several = series.length > 1;
  const values = d.values.map((v) => ({
    ...v,
    series: v.series ?? '',
    value: Math.round(v.value * 1000) / 1000,
  }));
  return {
    id: `difference-${t.id}`,
    title: d.title,
    description: `${d.title}, ${d.unit}, per row of the table above${several ? ', one mark per kind' : ''}${d.areValues === true ? '' : '; at zero they agree'}.`,
    spec: {
      $schema: VEGA_LITE,
      config: CHART_LOOK,
      width: CHART_WIDTH,
      height: several ? { step: Math.max(6, 20 / series.length), for: 'offset' } : { step: 17 },
      data: { values },
      encoding: {
        y: {
          field: 'row',
          type: 'nominal',
          title: null,
          sort: null,
          axis: { grid: several, domain: false, ticks: false },
        },
        x: {
          field: 'value',
          type: 'quantitative',
          title: `${d.title}, ${d.unit}`,
          axis: { tickCount: 8 },
        },
        tooltip: [
          { field: 'row', type: 'nominal', title: 'row' },
          ...(several ? [{ field: 'series', type: 'nominal' as const, title: 'kind' }] : []),
          { field: 'value', type: 'quantitative', title: d.unit },
        ],
      },
      layer: [
        {
          mark: { type: 'rule', color: 'currentColor', opacity: 0.6 },
          encoding: { x: { datum: 0 }, y: { value: 0 }, y2: { value: 'height' }, tooltip: { value: null } },
        },
        several
          ? {
              mark: { type: 'point', filled: true, size: 60, opacity: 1 },
              encoding: {
                yOffset: { field: 'series', type: 'nominal', sort: series },
                color: {
                  field: 'series',
                  type: 'nominal',
                  title: null,
                  scale: { domain: series, range: series.map(colorOf) },
                  legend: { orient: 'top' },
                },
                shape: { field: 'series', type: 'nominal', title: null, scale: { domain: series } },
              },
            }
          : {
              mark: { type: 'bar', height: 9 },
              encoding: { color: { condition: { test: 'datum.value > 0', value: THEIRS }, value: OURS } },
            },
      ],
    },
    data: {
      columns: [column('row', false), ...(several ? [column('kind', false)] : []), column(d.unit)],
      rows: d.values.map((v) => [
        word(v.row),
        ...(several ? [word(v.series ?? '')] : []),
        num(v.value, 2, true),
      ]),
    },
  };
}
