/** The charts of a report as vega-lite specifications; server-side as SVG, in the page interactive. */
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { hasResult } from '../experiment/result.ts';
import { loadCharts } from './loadcharts.ts';
import { CHART_LOOK as LOOK, VEGA_LITE as SCHEMA } from './look.ts';
import type { Line, Summary } from './summary.ts';

export interface Chart {
  id: string;
  title: string;
  /** What the reader sees, for those who do not see it. */
  description: string;
  spec: TopLevelSpec;
}

const WIDTH = 760;
/** Lines that a chart can show; of more, the smallest per program. */
const MOST_LINES = 120;
/** Points of a convergence curve in the page. */
const CURVE_POINTS = 200;

/** Only the charts that have something to show. */
export function chartsOf(summary: Summary): Chart[] {
  const done = summary.lines.filter((l) => l.before !== undefined);
  if (done.length === 0) return [];
  const drawn = done.length <= MOST_LINES ? done : smallestPerProgram(done).slice(0, MOST_LINES);
  return [
    ...loadCharts(done),
    sizeChart(summary, drawn),
    latencyChart(summary, drawn),
    convergenceChart(summary, drawn),
  ];
}

/** Of every program the smallest result, in the order of the programs. */
function smallestPerProgram(lines: readonly Line[]): Line[] {
  const best = new Map<string, Line>();
  for (const l of lines) {
    const key = `${l.program.corpus}/${l.program.id}/${l.program.variant}`;
    const known = best.get(key);
    if (known === undefined || l.after! < known.after!) best.set(key, l);
  }
  return [...best.values()];
}

/** Name of a line on an axis. */
export function lineName(s: Summary, l: Line): string {
  const parts = [l.program.id];
  if (s.hasConfigurations) parts.push(l.configuration);
  if (s.hasSeeds) parts.push(`seed ${l.seed}`);
  return parts.join(', ');
}

const names = {
  field: 'program',
  type: 'nominal',
  title: null,
  sort: null,
  axis: { labelLimit: 260 },
} as const;

function bars(
  title: string,
  description: string,
  values: readonly object[],
  order: readonly string[],
  x: { field: string; title: string },
  tooltip: readonly { field: string; type: 'nominal' | 'quantitative'; title: string; format?: string }[],
): TopLevelSpec {
  return {
    $schema: SCHEMA,
    config: LOOK,
    title,
    description,
    width: WIDTH,
    height: { step: order.length > 3 ? 7 : 9 },
    data: { values: [...values] },
    mark: { type: 'bar' },
    encoding: {
      y: names,
      yOffset: { field: 'build', type: 'nominal', sort: [...order] },
      x: { ...x, type: 'quantitative' },
      color: {
        field: 'build',
        type: 'nominal',
        sort: [...order],
        title: null,
        scale: { domain: [...order], range: palette(order.length) },
        legend: { orient: 'top' },
      },
      tooltip: [...tooltip],
    },
  };
}

/** Greys for the baselines, a colour for ours: readable in print, and without telling red from green. */
function palette(n: number): string[] {
  const greys = ['#c8ccd2', '#9aa1ab', '#6f7782', '#b3a58c', '#8d7f66'];
  return [...Array.from({ length: n - 1 }, (_, i) => greys[i % greys.length]!), '#1f77b4'];
}

function sizeChart(s: Summary, done: readonly Line[]): Chart {
  const order = [...s.baselines.map((b) => b.label), 'ours'];
  const values = done.flatMap((l) => {
    const bar = (build: string, slots: number | undefined): object[] =>
      slots === undefined
        ? []
        : [{ program: lineName(s, l), build, slots, percent: Math.round((slots / l.before!) * 1000) / 10 }];
    return [...s.baselines.flatMap((b) => bar(b.label, l.baselines[b.id])), ...bar('ours', l.after)];
  });
  const title = 'Size, in percent of the input';
  const description = `Bars: size of each program at ${order.join(', ')}, as a share of the program that was optimized.`;
  return {
    id: 'size',
    title,
    description,
    spec: bars(title, description, values, order, { field: 'percent', title: '% of the input' }, [
      { field: 'program', type: 'nominal', title: 'program' },
      { field: 'build', type: 'nominal', title: 'build' },
      { field: 'slots', type: 'quantitative', title: 'slots' },
      { field: 'percent', type: 'quantitative', title: '%' },
    ]),
  };
}

function latencyChart(s: Summary, done: readonly Line[]): Chart {
  const order = ['before', 'ours'];
  const values = done.flatMap((l) => [
    { program: lineName(s, l), build: 'before', ns: l.latencyBefore },
    { program: lineName(s, l), build: 'ours', ns: l.latencyAfter },
  ]);
  const title = 'Modeled latency';
  const description = 'Bars: modeled nanoseconds per run before and after, mean over the test cases.';
  return {
    id: 'latency',
    title,
    description,
    spec: bars(title, description, values, order, { field: 'ns', title: 'ns per run' }, [
      { field: 'program', type: 'nominal', title: 'program' },
      { field: 'build', type: 'nominal', title: 'version' },
      { field: 'ns', type: 'quantitative', title: 'ns', format: '.1f' },
    ]),
  };
}

function convergenceChart(s: Summary, done: readonly Line[]): Chart {
  const values = done.flatMap((l) =>
    curveOf(l).map(([step, slots]) => ({
      program: lineName(s, l),
      step,
      slots,
      percent: Math.round((slots / l.before!) * 1000) / 10,
    })),
  );
  const title = 'Convergence: best proven size against proposals';
  const description =
    'Steps: size of the best proven program in percent of the input, after so many proposals.';
  return {
    id: 'convergence',
    title,
    description,
    spec: {
      $schema: SCHEMA,
      config: LOOK,
      title,
      description,
      width: WIDTH,
      height: 320,
      data: { values },
      params: [{ name: 'one', select: { type: 'point', fields: ['program'], on: 'pointerover' } }],
      mark: { type: 'line', interpolate: 'step-after' },
      encoding: {
        x: { field: 'step', type: 'quantitative', title: 'proposals' },
        y: { field: 'percent', type: 'quantitative', title: '% of the input', scale: { zero: false } },
        detail: { field: 'program' },
        color: { condition: { param: 'one', empty: false, value: '#d1495b' }, value: '#1f77b4' },
        opacity: { condition: { param: 'one', empty: false, value: 1 }, value: 0.45 },
        tooltip: [
          { field: 'program', type: 'nominal' },
          { field: 'step', type: 'quantitative', title: 'proposals' },
          { field: 'slots', type: 'quantitative' },
        ],
      },
    },
  };
}

/** Steps and sizes of a line, from the first proposal to the last, thinned. */
function curveOf(l: Line): (readonly [number, number])[] {
  if (!hasResult(l.row)) return [];
  const { convergence, options } = l.row;
  const every = Math.max(1, Math.ceil(convergence.length / CURVE_POINTS));
  const kept = convergence.filter((_, i) => i % every === 0 || i === convergence.length - 1);
  return [...kept, [options.steps ?? convergence.at(-1)?.[0] ?? 0, l.after!] as const];
}

/** The chart as an SVG document. */
export async function svgOf(chart: Chart): Promise<string> {
  const { spec } = compile({ ...chart.spec, background: 'white' });
  const view = new vega.View(vega.parse(spec), { renderer: 'none', logLevel: vega.Error });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
