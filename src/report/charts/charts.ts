/** The charts of an experiment. */
import type { TopLevelSpec } from 'vega-lite';
import type { Summary, SummaryLine } from '../tables/summary.ts';
import { column, num, word } from '../tables/tables.ts';
import type { Chart } from './chart.ts';
import { curveOf } from './curves.ts';
import { loadCharts } from './load-charts.ts';
import { CHART_LOOK, CHART_WIDTH, OTHERS, OURS, THEIRS, VEGA_LITE } from './theme.ts';

/** Lines that a chart can show; of more, the smallest per program. */
const MOST_LINES = 60;

/** Only the charts that have something to show. */
export function chartsOf(summary: Summary): Chart[] {
  const done = summary.lines.filter((l) => l.before !== undefined);
  if (done.length === 0) return [];
  const best = done.length <= MOST_LINES ? done : smallestPerProgram(done);
  const drawn = best.slice(0, MOST_LINES);
  const which = done.length <= MOST_LINES ? '' : selection(best.length);
  return [
    ...loadCharts(drawn),
    sizeChart(summary, drawn, which),
    latencyChart(summary, drawn, which),
    convergenceChart(summary, drawn, which),
  ];
}

function selection(programs: number): string {
  const part = programs > MOST_LINES ? `, the first ${MOST_LINES} of ${programs} programs` : '';
  return ` Drawn: the smallest result of every program${part}.`;
}

/** Of every program the smallest result, in the order of the programs. */
function smallestPerProgram(lines: readonly SummaryLine[]): SummaryLine[] {
  const best = new Map<string, SummaryLine>();
  for (const l of lines) {
    const key = `${l.program.corpus}/${l.program.id}/${l.program.variant}`;
    const known = best.get(key);
    if (known === undefined || l.after! < known.after!) best.set(key, l);
  }
  return [...best.values()];
}

/** Names of the lines of a chart: the program's alone where that says which. */
function namesOf(s: Summary, drawn: readonly SummaryLine[]): (l: SummaryLine) => string {
  const programs = new Set(drawn.map((l) => l.program.id));
  return programs.size === drawn.length ? (l) => l.program.id : (l) => lineName(s, l);
}

/** Name of a line among all. */
export function lineName(s: Summary, l: SummaryLine): string {
  const parts = [l.program.id];
  if (s.hasConfigurations) parts.push(l.configuration);
  if (s.hasSeeds) parts.push(`seed ${l.seed}`);
  return parts.join(', ');
}

interface Dot {
  program: string;
  build: string;
  /** Drawn in this order, the last on top. */
  rank: number;
  value: number;
  shown: number;
}

/** One row per program, one mark per version: differences show where bars would hide them. */
function dots(
  values: readonly Dot[],
  builds: readonly { label: string; color: string; shape: string }[],
  x: { title: string; unit: string; zero: boolean },
): TopLevelSpec {
  const y = {
    field: 'program',
    type: 'nominal',
    title: null,
    sort: null,
    axis: { grid: true, domain: false, ticks: false },
  } as const;
  const domain = builds.map((b) => b.label);
  return {
    $schema: VEGA_LITE,
    config: CHART_LOOK,
    width: CHART_WIDTH,
    height: { step: 19 },
    data: { values: [...values] },
    encoding: { y },
    layer: [
      {
        mark: { type: 'rule', opacity: 0.35, color: 'currentColor' },
        encoding: {
          x: { aggregate: 'min', field: 'value', type: 'quantitative' },
          x2: { aggregate: 'max', field: 'value' },
        },
      },
      {
        mark: { type: 'point', filled: true, size: 75, opacity: 1 },
        encoding: {
          x: { field: 'value', type: 'quantitative', title: x.title, scale: { zero: x.zero, nice: true } },
          color: {
            field: 'build',
            type: 'nominal',
            title: null,
            scale: { domain, range: builds.map((b) => b.color) },
            legend: { orient: 'top' },
          },
          shape: {
            field: 'build',
            type: 'nominal',
            title: null,
            scale: { domain, range: builds.map((b) => b.shape) },
          },
          order: { field: 'rank', type: 'quantitative' },
          tooltip: [
            { field: 'program', type: 'nominal', title: 'program' },
            { field: 'build', type: 'nominal', title: 'version' },
            { field: 'shown', type: 'quantitative', title: x.unit },
          ],
        },
      },
    ],
  };
}

const SHAPES = ['square', 'triangle-up', 'triangle-down', 'cross', 'triangle-right'] as const;

function sizeChart(s: Summary, done: readonly SummaryLine[], which: string): Chart {
  const name = namesOf(s, done);
  // Where there is nothing else to compare with, the input.
  const others = s.baselines.length > 0 ? s.baselines : [{ id: 'input', label: 'input' }];
  const builds = [
    ...others.map((b, i) =>
      b.id === 'paper:k2'
        ? { label: b.label, color: THEIRS, shape: 'diamond' }
        : { label: b.label, color: OTHERS[i % OTHERS.length]!, shape: SHAPES[i % SHAPES.length]! },
    ),
    { label: 'ours', color: OURS, shape: 'circle' },
  ];
  const slotsOf = (l: SummaryLine): (number | undefined)[] => [
    ...others.map((b) => (b.id === 'input' ? l.before : l.baselines[b.id])),
    l.after,
  ];
  const values = done.flatMap((l) =>
    slotsOf(l).flatMap((slots, i): Dot[] =>
      slots === undefined
        ? []
        : [
            {
              program: name(l),
              build: builds[i]!.label,
              rank: i,
              value: Math.round((slots / l.before!) * 1000) / 10,
              shown: slots,
            },
          ],
    ),
  );
  return {
    id: 'size',
    title: 'Size, in percent of the input',
    description: `Each program at ${builds.map((b) => b.label).join(', ')}; less is better.${which}`,
    spec: dots(values, builds, { title: '% of the input', unit: 'slots', zero: false }),
    data: {
      columns: [
        column('program', false),
        column('input slots'),
        ...builds.map((b) => column(`${b.label} %`)),
      ],
      rows: done.map((l) => [
        word(name(l)),
        num(l.before),
        ...slotsOf(l).map((x) => num(x === undefined ? undefined : (x / l.before!) * 100, 1)),
      ]),
    },
  };
}

function latencyChart(s: Summary, done: readonly SummaryLine[], which: string): Chart {
  const name = namesOf(s, done);
  const builds = [
    { label: 'input', color: OTHERS[0], shape: 'square' },
    { label: 'ours', color: OURS, shape: 'circle' },
  ];
  const values = done.flatMap((l) =>
    [l.latencyBefore, l.latencyAfter].flatMap((ns, i): Dot[] =>
      ns === undefined
        ? []
        : [
            {
              program: name(l),
              build: builds[i]!.label,
              rank: i,
              value: Math.round(ns * 100) / 100,
              shown: Math.round(ns * 100) / 100,
            },
          ],
    ),
  );
  return {
    id: 'latency',
    title: 'Modeled latency, in ns per run',
    description: `Along the executed path, mean over the test cases, of the input and of ours; less is better.${which}`,
    spec: dots(values, builds, { title: 'ns per run', unit: 'ns', zero: true }),
    data: {
      columns: [column('program', false), column('input ns'), column('our ns')],
      rows: done.map((l) => [word(name(l)), num(l.latencyBefore, 2), num(l.latencyAfter, 2)]),
    },
  };
}

function convergenceChart(s: Summary, done: readonly SummaryLine[], which: string): Chart {
  const name = namesOf(s, done);
  const points = done.flatMap((l) =>
    curveOf(l).map(([step, slots]) => ({
      program: name(l),
      step,
      slots,
      percent: Math.round((slots / l.before!) * 1000) / 10,
    })),
  );
  const first = Math.max(1, Math.min(...points.filter((p) => p.step > 0).map((p) => p.step), 1000));
  return {
    id: 'convergence',
    title: 'Convergence: best proven size against proposals',
    description: `In percent of the input; one line per result, its name on pointing at it.${which}`,
    spec: {
      $schema: VEGA_LITE,
      config: CHART_LOOK,
      width: CHART_WIDTH,
      height: 320,
      // The logarithmic axis has no place for the start.
      data: { values: points.map((p) => ({ ...p, step: Math.max(first, p.step) })) },
      params: [{ name: 'one', select: { type: 'point', fields: ['program'], on: 'pointerover' } }],
      mark: { type: 'line', interpolate: 'step-after', strokeWidth: 2 },
      encoding: {
        x: {
          field: 'step',
          type: 'quantitative',
          title: 'proposals',
          scale: { type: 'log', nice: false },
          axis: { format: '~s' },
        },
        y: { field: 'percent', type: 'quantitative', title: '% of the input', scale: { zero: false } },
        detail: { field: 'program' },
        color: { condition: { param: 'one', empty: false, value: THEIRS }, value: OURS },
        opacity: { condition: { param: 'one', empty: false, value: 1 }, value: 0.6 },
        tooltip: [
          { field: 'program', type: 'nominal' },
          { field: 'step', type: 'quantitative', title: 'proposals', format: ',' },
          { field: 'slots', type: 'quantitative' },
        ],
      },
    },
    data: {
      columns: [column('program', false), column('proposals'), column('slots'), column('% of the input')],
      rows: points.map((p) => [word(p.program), num(p.step), num(p.slots), num(p.percent, 1)]),
    },
  };
}
