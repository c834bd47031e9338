/** How well the traffic model's constants fit the paper's figures: residuals, shown and not hidden. */

import { latencyPoints, paperServer } from '../../../experiment/measure/traffic.ts';
import type { PaperFigures } from '../../../experiment/paper.ts';
import { effectiveQueue, fitDispatch, fitLatency } from '../../../traffic/index.ts';
import { column, type DataTable, group, num, word } from '../tables.ts';

export interface CalibratedProgram {
  id: string;
  programNs: number;
  actions: Readonly<Record<string, number | undefined>>;
}

export function calibrationTables(programs: readonly CalibratedProgram[], paper: PaperFigures): DataTable[] {
  return [...dispatchTable(programs, paper), latencyTable(paper)];
}

/** One constant for all programs, and one per action. */
function dispatchTable(programs: readonly CalibratedProgram[], paper: PaperFigures): DataTable[] {
  const points = programs.flatMap(({ id, programNs, actions }) => {
    const p = paper.table2[id];
    const [action] = Object.entries(actions).sort(([, a], [, b]) => (b ?? 0) - (a ?? 0));
    return p === undefined
      ? []
      : [{ name: id, programNs, measuredNs: 1000 / p.O2, action: action?.[0] ?? '' }];
  });
  if (points.length === 0) return [];
  const one = fitDispatch(points);
  const byAction = new Map(
    [...new Set(points.map((p) => p.action))].map((a) => [
      a,
      fitDispatch(points.filter((p) => p.action === a)),
    ]),
  );
  return [
    {
      id: 'calibration-dispatch',
      title: 'Calibration: time per packet around the program',
      note: `From the paper's throughput of clang -O2. One constant for all programs would be ${one.dispatchNs.toFixed(0)} ns; its residuals, and those of one constant per most frequent action, show that what follows the program (transmit, redirect, route lookup in helpers) decides more than the program does, so each program has its own.`,
      columns: [
        column('program', false),
        column('action', false),
        ...group('ns per packet', ['paper', 'program', 'own constant']),
        ...group('one constant for all', ['residual']),
        ...group('one per action', ['constant', 'residual']),
      ],
      rows: points.map((p, k) => {
        const fit = byAction.get(p.action);
        const rest = fit?.residuals.find((r) => r.name === p.name);
        return [
          word(p.name),
          word(p.action),
          num(p.measuredNs, 1),
          num(p.programNs, 1),
          num(p.measuredNs - p.programNs, 1),
          num(one.residuals[k]?.residual, 1, true),
          num(fit?.dispatchNs, 1),
          num(rest?.residual, 1, true),
        ];
      }),
    },
  ];
}

function latencyTable(paper: PaperFigures): DataTable {
  const points = latencyPoints(paper);
  const fit = fitLatency(points.map((p) => ({ ...p, latencyNs: p.low })));
  const { ring, baseNs, baseBatch } = paperServer(paper);
  return {
    id: 'calibration-latency',
    title: 'Calibration: base latency and queue',
    note: `From the paper's latencies of clang's versions. At low load: ${(baseNs / 1000).toFixed(1)} us + ${baseBatch} times the time per packet (R2 ${fit.r2.toFixed(3)}; NAPI polls 64 packets at a time). Saturated, the rest is a ring of ${ring} packets on average. Throughput times latency at saturation is what is in flight in all: about 950.`,
    columns: [
      column('program', false),
      column('ns per packet'),
      ...group('low load, us', ['paper', 'fitted', 'residual']),
      ...group('saturated, us', ['paper', 'fitted', 'residual']),
      column('in flight'),
    ],
    rows: points.map((p, k) => {
      const low = fit.residuals[k]!;
      const saturated = baseNs + (baseBatch + ring) * p.serviceNs;
      return [
        word(p.name),
        num(p.serviceNs, 1),
        num(p.low / 1000, 1),
        num(low.modeled / 1000, 1),
        num(low.residual / 1000, 1, true),
        num(p.saturating / 1000, 1),
        num(saturated / 1000, 1),
        num((p.saturating - saturated) / 1000, 1, true),
        num(effectiveQueue(1e9 / p.serviceNs, p.saturating)),
      ];
    }),
  };
}
