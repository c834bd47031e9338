/** Tables 2 and 3, and figure H: throughput, latency and drops. */

import type { TrafficResult, VersionTraffic } from '../../../experiment/measure/traffic.ts';
import type { PaperLoad } from '../../../experiment/paper.ts';
import { column, type DataTable, group, num, word } from '../tables.ts';
import { calibrationTables } from './calibration.ts';
import { comparisonSentence, residualSentence } from './findings.ts';
import { type Build, gain, type ProgramRows } from './group.ts';

type MeasuredTraffic = Extract<TrafficResult, { status: 'measured' }>;

/** Programs whose traffic was measured: clang's version and the result with the highest throughput. */
function trafficOf(
  groups: readonly ProgramRows[],
): { id: string; t: MeasuredTraffic; input: VersionTraffic; ours: VersionTraffic }[] {
  return groups.flatMap((g) => {
    const all = g.rows.flatMap((r) => {
      const t = r.extra?.traffic;
      if (t?.status !== 'measured') return [];
      const ours = t.versions.find((v) => v.name === 'ours');
      const [input] = t.versions;
      return ours === undefined || input === undefined ? [] : [{ id: g.id, t, input, ours }];
    });
    const [first, ...rest] = all;
    if (first === undefined) return [];
    return [rest.reduce((a, b) => (b.ours.maxRate.lossFree > a.ours.maxRate.lossFree ? b : a), first)];
  });
}

const mpps = (
  v: VersionTraffic | undefined,
  which: 'lossFree' | 'halfPercent' = 'lossFree',
): number | undefined => (v === undefined ? undefined : v.maxRate[which] / 1e6);

export const table2: Build = (groups, paper) => {
  const measured = trafficOf(groups);
  const rows = measured.map(({ id, input, ours }) => {
    const p = paper.table2[id];
    const ourGain = (ours.maxRate.lossFree / input.maxRate.lossFree - 1) * 100;
    // The paper compares with the faster of -O1 and -O2.
    const clang = p === undefined ? undefined : Math.max(p.O1 ?? 0, p.O2);
    const paperGain = p === undefined || clang === undefined ? undefined : (p.k2 / clang - 1) * 100;
    return { id, input, ours, p, ourGain, paperGain };
  });
  return [
    {
      id: 'paper-table2',
      title: 'Table 2 of the paper: throughput in Mpps on one core',
      note: "Paper: measured, loss-free (RFC 2544). Ours: simulated from modeled ns per packet; what the system spends around the program is set so that clang's -O2 has the paper's throughput, so only the differences between versions are predictions. Gains are against clang, the paper's against the faster of its two.",
      columns: [
        column('program', false),
        ...group('measured in the paper, Mpps', ['-O1', '-O2', 'K2']),
        ...group('modeled, Mpps', ['-O2', 'ours', 'ours, 0.5 % loss']),
        ...group('gain %', ['K2', 'ours', 'ours - K2']),
      ],
      rows: rows.map(({ id, p, input, ours, ourGain, paperGain }) => [
        word(id),
        num(p?.O1, 3),
        num(p?.O2, 3),
        num(p?.k2, 3),
        num(mpps(input), 3),
        num(mpps(ours), 3),
        num(mpps(ours, 'halfPercent'), 3),
        num(paperGain, 2),
        num(ourGain, 2),
        num(paperGain === undefined ? undefined : ourGain - paperGain, 2, true),
      ]),
      findings: [
        ...comparisonSentence(
          rows.map((r) => -r.ourGain),
          { what: 'Ours is', less: 'faster', more: 'slower', than: "clang's -O2" },
        ),
        ...residualSentence(
          rows.flatMap((r) => (r.paperGain === undefined ? [] : [r.ourGain - r.paperGain])),
          "Our gain less the paper's",
          'percentage points',
          2,
        ),
      ],
      differences: {
        title: 'Gain in throughput',
        unit: '%',
        areValues: true,
        values: rows.flatMap((r) => [
          ...(r.paperGain === undefined ? [] : [{ row: r.id, series: 'K2 (paper)', value: r.paperGain }]),
          { row: r.id, series: 'ours (modeled)', value: r.ourGain },
        ]),
      },
    },
    serviceTable(measured),
    ...calibrationTables(
      measured.map(({ id, input }) => ({ id, programNs: input.programNs, actions: input.actions })),
      paper,
    ),
  ];
};

function serviceTable(measured: ReturnType<typeof trafficOf>): DataTable {
  return {
    id: 'service-times',
    title: 'Modeled time per packet',
    note: 'Along the executed path, mean over the workload: of the program alone, and with dispatch; what the program did with the packets.',
    columns: [
      column('program', false),
      ...group('program, ns', ['-O2', 'ours', 'less %']),
      ...group('with what is around it, ns', ['dispatch', '-O2', 'ours']),
      column('actions', false),
    ],
    rows: measured.map(({ id, t, input, ours }) => [
      word(id),
      num(input.programNs, 2),
      num(ours.programNs, 2),
      num(gain(input.programNs, ours.programNs), 2),
      num(t.dispatch.ns, 1),
      num(input.serviceNs, 1),
      num(ours.serviceNs, 1),
      word(
        Object.entries(ours.actions)
          .map(([a, share]) => `${a} ${((share ?? 0) * 100).toFixed(0)} %`)
          .join(', '),
      ),
    ]),
  };
}

const LOADS: readonly PaperLoad[] = ['low', 'medium', 'high', 'saturating'];

export const table3: Build = (groups, paper) => {
  const measured = trafficOf(groups);
  const us = (ns: number): number => ns / 1000;
  const rows = measured.flatMap(({ id, t, input, ours }) =>
    LOADS.flatMap((load) => {
      const k = t.loads.findIndex((l) => l.name === load);
      const [a, b] = [input.loads[k], ours.loads[k]];
      return a === undefined || b === undefined ? [] : [{ id, load, a, b, p: paper.table3[id]?.[load] }];
    }),
  );
  return [
    {
      id: 'paper-table3',
      title: 'Table 3 of the paper: average latency in us',
      note: "At the paper's four loads. Paper: measured, of the best clang version and of K2. Ours: simulated with the constants that the calibration below fits to clang's versions.",
      columns: [
        column('program', false),
        column('load', false),
        column('Mpps'),
        ...group('clang, us', ['paper', 'model', 'residual']),
        ...group('optimized, us', ['K2, paper', 'ours, model']),
        ...group('less %', ['K2', 'ours']),
        ...group('drops %', ['clang', 'ours']),
      ],
      rows: rows.map(({ id, load, a, b, p }) => [
        word(id),
        word(load),
        num(a.rate / 1e6, 2),
        num(p?.clang, 1),
        num(us(a.meanNs), 1),
        num(p === undefined ? undefined : p.clang - a.meanNs / 1000, 1, true),
        num(p?.k2, 1),
        num(us(b.meanNs), 1),
        num(p === undefined ? undefined : gain(p.clang, p.k2), 1),
        num(gain(a.meanNs, b.meanNs), 1),
        num(a.loss * 100, 2),
        num(b.loss * 100, 2),
      ]),
      findings: [
        ...comparisonSentence(
          rows.map((r) => r.b.meanNs - r.a.meanNs),
          { what: 'Our average latency is', less: 'lower', more: 'higher', than: "clang's", of: 'cases' },
        ),
        ...residualSentence(
          rows.flatMap((r) => (r.p === undefined ? [] : [r.p.clang - r.a.meanNs / 1000])),
          "What the paper measured of clang's versions less what the model says",
          'us',
        ),
      ],
      differences: {
        title: 'Paper - model, latency of clang',
        unit: '% of the paper',
        values: rows.flatMap((r) =>
          r.p === undefined
            ? []
            : [{ row: r.id, series: r.load, value: ((r.p.clang - r.a.meanNs / 1000) / r.p.clang) * 100 }],
        ),
      },
    },
    serviceTable(measured),
    ...calibrationTables(
      measured.map(({ id, input }) => ({ id, programNs: input.programNs, actions: input.actions })),
      paper,
    ),
  ];
};

export const figureH: Build = (groups) => {
  const measured = trafficOf(groups);
  return [
    {
      id: 'paper-figureH',
      title: 'Figure H of the paper: throughput, latency and drops against offered load',
      note: "Simulated from modeled time per packet, at rates up to 15 % above the faster version's limit.",
      findings: comparisonSentence(
        measured.map(({ input, ours }) => input.maxRate.lossFree - ours.maxRate.lossFree),
        { what: 'The loss-free limit of ours is', less: 'higher', more: 'lower', than: "that of clang's" },
      ),
      columns: [
        column('program', false),
        column('version', false),
        ...['offered Mpps', 'throughput Mpps', 'drops %', 'mean us', '99 % us'].map((l) => column(l)),
      ],
      rows: measured.flatMap(({ id, input, ours }) =>
        [input, ours].flatMap((v) =>
          v.curve.map((c) => [
            word(id),
            word(v.name),
            num(c.rate / 1e6, 3),
            num(c.throughput / 1e6, 3),
            num(c.loss * 100, 2),
            num(c.meanNs / 1000, 1),
            num(c.p99Ns / 1000, 1),
          ]),
        ),
      ),
    },
  ];
};
