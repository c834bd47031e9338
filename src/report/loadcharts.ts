/** Throughput, latency and drops against offered load, one panel per program (the paper's figure H). */
import type { TopLevelSpec } from 'vega-lite';
import { hasResult } from '../experiment/result.ts';
import type { Chart } from './charts.ts';
import { CHART_LOOK, VEGA_LITE } from './look.ts';
import type { Line } from './summary.ts';

interface Point {
  program: string;
  version: string;
  /** Mpps. */
  offered: number;
  throughput: number;
  /** Microseconds. */
  latency: number;
  /** Percent. */
  drops: number;
}

const KINDS = [
  { field: 'throughput', title: 'Throughput against offered load', axis: 'Mpps' },
  { field: 'latency', title: 'Average latency against offered load', axis: 'us' },
  { field: 'drops', title: 'Drops against offered load', axis: '% of packets' },
] as const;

export function loadCharts(lines: readonly Line[]): Chart[] {
  const values = lines.flatMap(pointsOf);
  if (values.length === 0) return [];
  return KINDS.map(({ field, title, axis }) => ({
    id: `load-${field}`,
    title,
    description: `Lines: ${title.toLowerCase()}, clang's version and ours, one panel per program.`,
    spec: spec(values, field, title, axis),
  }));
}

function pointsOf(l: Line): Point[] {
  const traffic = hasResult(l.row) ? l.row.extra?.traffic : undefined;
  if (traffic?.status !== 'measured') return [];
  const [input] = traffic.versions;
  const shown = traffic.versions.filter((v) => v === input || v.name === 'ours');
  return shown.flatMap((v) =>
    v.curve.map((c) => ({
      program: l.program.id,
      version: v.name === 'ours' ? 'ours' : 'clang -O2',
      offered: round(c.rate / 1e6),
      throughput: round(c.throughput / 1e6),
      latency: round(c.meanNs / 1000),
      drops: round(c.loss * 100),
    })),
  );
}

function round(x: number): number {
  return Math.round(x * 1000) / 1000;
}

function spec(values: readonly Point[], field: string, title: string, axis: string): TopLevelSpec {
  return {
    $schema: VEGA_LITE,
    config: CHART_LOOK,
    title,
    data: { values: [...values] },
    columns: 3,
    facet: { field: 'program', type: 'nominal', title: null, sort: null },
    resolve: { scale: { x: 'independent', y: 'independent' } },
    spec: {
      width: 250,
      height: 170,
      mark: { type: 'line', point: { size: 18 } },
      encoding: {
        x: { field: 'offered', type: 'quantitative', title: 'offered Mpps' },
        y: { field, type: 'quantitative', title: axis },
        color: {
          field: 'version',
          type: 'nominal',
          title: null,
          scale: { domain: ['clang -O2', 'ours'], range: ['#8a919c', '#1f77b4'] },
          legend: { orient: 'top' },
        },
        strokeDash: { field: 'version', type: 'nominal', title: null, sort: ['ours', 'clang -O2'] },
        tooltip: [
          { field: 'program', type: 'nominal' },
          { field: 'version', type: 'nominal' },
          { field: 'offered', type: 'quantitative', title: 'offered Mpps' },
          { field, type: 'quantitative', title: axis },
        ],
      },
    },
  };
}
