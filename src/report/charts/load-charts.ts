/**
 * Throughput, latency and drops against offered load (the paper's figure H): of all programs in panels, and
 * of one program with the closed form beside the simulation.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { TrafficResult } from '../../experiment/measure/traffic.ts';
import { hasResult } from '../../experiment/results/result.ts';
import { md1Wait } from '../../traffic/queueing.ts';
import type { SummaryLine } from '../tables/summary.ts';
import { column, num, word } from '../tables/tables.ts';
import type { Chart } from './chart.ts';
import { CHART_LOOK, CHART_WIDTH, OTHERS, OURS, VEGA_LITE } from './theme.ts';

type MeasuredTraffic = Extract<TrafficResult, { status: 'measured' }>;

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
const VERSIONS = ['input', 'ours'] as const;
const COLORS = [OTHERS[0], OURS];

export function trafficOf(l: SummaryLine): MeasuredTraffic | undefined {
  const traffic = hasResult(l.row) ? l.row.extra?.traffic : undefined;
  return traffic?.status === 'measured' ? traffic : undefined;
}

/** One chart per quantity, with a panel per program. */
export function loadCharts(lines: readonly SummaryLine[]): Chart[] {
  const values = lines.flatMap(pointsOf);
  if (values.length === 0) return [];
  return KINDS.map(({ field, title, axis }) => ({
    id: `load-${field}`,
    table: 'paper-figureH',
    title,
    description: `Simulated, of the input (clang's) and of ours, one panel per program.`,
    spec: panels(values, field, axis),
    data: {
      columns: [column('program', false), column('version', false), column('offered Mpps'), column(axis)],
      rows: values.map((v) => [word(v.program), word(v.version), num(v.offered, 3), num(v[field], 3)]),
    },
  }));
}

function pointsOf(l: SummaryLine): Point[] {
  const [input, ours] = versionsOf(trafficOf(l));
  return [input, ours].flatMap((v, k) =>
    (v?.curve ?? []).map((c) => ({
      program: l.program.id,
      version: VERSIONS[k]!,
      offered: round(c.rate / 1e6),
      throughput: round(c.throughput / 1e6),
      latency: round(c.meanNs / 1000),
      drops: round(c.loss * 100),
    })),
  );
}

/** The input's, and ours. */
function versionsOf(t: MeasuredTraffic | undefined): (MeasuredTraffic['versions'][number] | undefined)[] {
  return [t?.versions[0], t?.versions.find((v) => v.name === 'ours')];
}

function round(x: number): number {
  return Math.round(x * 1000) / 1000;
}

const color = {
  field: 'version',
  type: 'nominal',
  title: null,
  scale: { domain: [...VERSIONS], range: COLORS },
  legend: { orient: 'top' },
} as const;

function panels(values: readonly Point[], field: string, axis: string): TopLevelSpec {
  return {
    $schema: VEGA_LITE,
    config: CHART_LOOK,
    data: { values: [...values] },
    columns: 3,
    facet: { field: 'program', type: 'nominal', title: null, sort: null },
    resolve: { scale: { x: 'independent', y: 'independent' } },
    spec: {
      width: 225,
      height: 170,
      mark: { type: 'line', point: { size: 18 } },
      encoding: {
        x: { field: 'offered', type: 'quantitative', title: 'offered Mpps' },
        y: { field, type: 'quantitative', title: axis },
        color,
        strokeDash: { field: 'version', type: 'nominal', title: null, sort: ['ours', 'input'] },
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

/**
 * Average latency without bursts and drops: what every packet has (base, a batch of service times, its own
 * service) and the wait in an M/D/1 queue; past the limit the ring is full. @returns ns
 */
export function closedForm(server: MeasuredTraffic['server'], serviceNs: number, rate: number): number {
  const idle = Math.max(0, 1 - (rate / 1e9) * serviceNs);
  const always = server.baseNs + (server.baseBatch + 1) * serviceNs + idle * server.wakeNs;
  return always + Math.min(md1Wait(rate / 1e9, serviceNs), server.ring * serviceNs);
}

/** Of one program: simulated points, closed form as a line. */
export function programLoadChart(l: SummaryLine): Chart | undefined {
  const traffic = trafficOf(l);
  const points = pointsOf(l);
  if (traffic === undefined || points.length === 0) return undefined;
  const most = Math.max(...points.map((p) => p.offered));
  const lines = versionsOf(traffic).flatMap((v, k) =>
    v === undefined
      ? []
      : Array.from({ length: 100 }, (_, i) => {
          const offered = (most * (i + 1)) / 100;
          const ns = closedForm(traffic.server, v.serviceNs, offered * 1e6);
          return { version: VERSIONS[k]!, offered, closed: round(ns / 1000) };
        }).filter((p) => Number.isFinite(p.closed)),
  );
  const x = { field: 'offered', type: 'quantitative', title: 'offered Mpps' } as const;
  return {
    id: 'load',
    title: 'Average latency against offered load',
    description:
      'Points: simulated. Lines: closed form of an M/D/1 queue with the mean time per packet, and a full ring past the limit, which a short simulation close to it does not fill.',
    spec: {
      $schema: VEGA_LITE,
      config: CHART_LOOK,
      width: CHART_WIDTH,
      height: 300,
      layer: [
        {
          data: { values: lines },
          mark: { type: 'line', strokeWidth: 1.5 },
          encoding: { x, y: { field: 'closed', type: 'quantitative', title: 'us' }, color },
        },
        {
          data: { values: points },
          mark: { type: 'point', filled: true, size: 45, opacity: 1 },
          encoding: {
            x,
            y: { field: 'latency', type: 'quantitative', title: 'us' },
            color,
            shape: {
              field: 'version',
              type: 'nominal',
              title: null,
              scale: { domain: [...VERSIONS], range: ['square', 'circle'] },
            },
            tooltip: [
              { field: 'version', type: 'nominal' },
              { field: 'offered', type: 'quantitative', title: 'offered Mpps' },
              { field: 'throughput', type: 'quantitative', title: 'throughput Mpps' },
              { field: 'latency', type: 'quantitative', title: 'us' },
              { field: 'drops', type: 'quantitative', title: 'drops %' },
            ],
          },
        },
      ],
    },
    data: {
      columns: [
        column('version', false),
        ...['offered Mpps', 'throughput Mpps', 'simulated us', 'closed form us', 'drops %'].map((c) =>
          column(c),
        ),
      ],
      rows: points.map((p) => {
        const service = versionsOf(traffic)[p.version === 'ours' ? 1 : 0]!.serviceNs;
        return [
          word(p.version),
          num(p.offered, 3),
          num(p.throughput, 3),
          num(p.latency, 1),
          num(closedForm(traffic.server, service, p.offered * 1e6) / 1000, 1),
          num(p.drops, 2),
        ];
      }),
    },
  };
}
