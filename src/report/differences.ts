/** What the paper's figures and ours are apart, drawn around zero. */
import type { Chart } from './chart.ts';
import { CHART_LOOK, CHART_WIDTH, OTHERS, OURS, THEIRS, VEGA_LITE } from './look.ts';
import { column, type DataTable, num, word } from './tables.ts';

const COLORS = [OURS, THEIRS, ...OTHERS];

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
    description: `${d.title}, ${d.unit}, per row of the table above${several ? ', one mark per ' + 'kind' : ''}; at zero they agree.`,
    spec: {
      $schema: VEGA_LITE,
      config: CHART_LOOK,
      width: CHART_WIDTH,
      height: { step: several ? 20 : 17 },
      data: { values },
      encoding: {
        y: {
          field: 'row',
          type: 'nominal',
          title: null,
          sort: null,
          axis: { labelLimit: 260, grid: several, domain: false, ticks: false },
        },
        x: { field: 'value', type: 'quantitative', title: `${d.title}, ${d.unit}` },
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
                color: {
                  field: 'series',
                  type: 'nominal',
                  title: null,
                  scale: { domain: series, range: series.map((_, k) => COLORS[k % COLORS.length]!) },
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
