/** Our figures beside the paper's, table by table of the K2 paper. */
import type { Definition, PaperTable } from '../experiment/definition.ts';
import { type PaperFigures, type PaperLoad, paperFigures } from '../experiment/paper.ts';
import { hasResult, type ResultRow, type Row } from '../experiment/result.ts';
import { geometricMean, median, stepOfBest } from '../experiment/statistics.ts';
import type { TrafficResult, VersionTraffic } from '../experiment/traffic.ts';
import { PAPER_SETTINGS } from '../search/settings.ts';
import { calibrationTables } from './calibration.ts';
import { column, type DataTable, num, type TableCell, word } from './tables.ts';

/** Rows of one program, in the order of the definition. */
interface Group {
  id: string;
  rows: ResultRow[];
}

type Build = (groups: readonly Group[], paper: PaperFigures, rows: readonly Row[]) => DataTable[];

export function paperTables(definition: Definition, rows: readonly Row[]): DataTable[] {
  if (definition.table === undefined) return [];
  const groups = new Map<string, Group>();
  for (const row of rows) {
    if (!hasResult(row) || row.status === 'rejected') continue;
    const group = groups.get(row.program.id) ?? { id: row.program.id, rows: [] };
    group.rows.push(row);
    groups.set(row.program.id, group);
  }
  return BUILDERS[definition.table]([...groups.values()], paperFigures(), rows);
}

const slots = (r: ResultRow): number => r.measurements.slots.after.value;
const gain = (from: number, to: number): number => ((from - to) / from) * 100;
const average = (xs: readonly number[]): number => xs.reduce((s, x) => s + x, 0) / xs.length;
const best = (g: Group): ResultRow => g.rows.reduce((a, b) => (slots(b) < slots(a) ? b : a));

function meanRow(label: string, cells: readonly TableCell[]): readonly TableCell[] {
  return [word(label), ...cells];
}

const table1: Build = (groups, paper) => {
  const rows = groups.flatMap((g) => {
    const p = paper.table1[g.id];
    if (p === undefined) return [];
    const ours = best(g);
    return [{ id: g.id, p, ours, reduction: gain(p.O2, slots(ours)) }];
  });
  return [
    {
      id: 'paper-table1',
      title: 'Table 1 of the paper: size in slots',
      note: 'Paper: -O1, -O2 and -O3, -Os, K2, and its reduction against the smallest of clang. Ours: the smallest over seeds and settings, its difference from K2, and the proposals after which it was found. The last line averages the reductions.',
      columns: [
        column('program', false),
        ...[
          '-O1',
          '-O2',
          '-Os',
          'K2',
          'ours',
          'ours - K2',
          'K2 %',
          'ours %',
          'K2 iterations',
          'our proposals',
          'K2 s',
          'our s',
        ].map((l) => column(l)),
      ],
      rows: [
        ...rows.map(({ id, p, ours, reduction }) => [
          word(id),
          num(p.O1),
          num(p.O2),
          num(p.Os),
          num(p.k2),
          num(slots(ours)),
          num(slots(ours) - p.k2, 0, true),
          num(p.percent, 2),
          num(reduction, 2),
          num(p.iterations),
          num(stepOfBest(ours.convergence)),
          num(p.seconds),
          num(ours.seconds, 1),
        ]),
        ...(rows.length === 0
          ? []
          : [
              meanRow('mean', [
                ...Array.from({ length: 6 }, () => word('')),
                num(average(rows.map((r) => r.p.percent)), 2),
                num(average(rows.map((r) => r.reduction)), 2),
                ...Array.from({ length: 4 }, () => word('')),
              ]),
            ]),
      ],
    },
  ];
};

type Measured = Extract<TrafficResult, { status: 'measured' }>;

/** Programs whose traffic was measured: clang's version and the result with the highest throughput. */
function trafficOf(
  groups: readonly Group[],
): { id: string; t: Measured; input: VersionTraffic; ours: VersionTraffic }[] {
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

const table2: Build = (groups, paper) => {
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
        ...[
          'paper -O1',
          'paper -O2',
          'paper K2',
          'model -O2',
          'model ours',
          'ours, 0.5 % loss',
          'paper gain %',
          'our gain %',
          'difference',
        ].map((l) => column(l)),
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
      ...['-O2 ns', 'ours ns', 'less %', 'dispatch ns', '-O2 per packet', 'ours per packet'].map((l) =>
        column(l),
      ),
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

const table3: Build = (groups, paper) => {
  const measured = trafficOf(groups);
  const us = (ns: number | undefined): number | undefined => (ns === undefined ? undefined : ns / 1000);
  return [
    {
      id: 'paper-table3',
      title: 'Table 3 of the paper: average latency in us',
      note: "At the paper's four loads. Paper: measured, of the best clang version and of K2. Ours: simulated with the constants that the calibration below fits to clang's versions.",
      columns: [
        column('program', false),
        column('load', false),
        ...[
          'Mpps',
          'paper clang',
          'model clang',
          'residual',
          'paper K2',
          'model ours',
          'paper less %',
          'our less %',
          'drops clang %',
          'drops ours %',
        ].map((l) => column(l)),
      ],
      rows: measured.flatMap(({ id, t, input, ours }) =>
        LOADS.flatMap((load) => {
          const k = t.loads.findIndex((l) => l.name === load);
          const [a, b] = [input.loads[k], ours.loads[k]];
          if (a === undefined || b === undefined) return [];
          const p = paper.table3[id]?.[load];
          return [
            [
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
            ],
          ];
        }),
      ),
    },
    serviceTable(measured),
    ...calibrationTables(
      measured.map(({ id, input }) => ({ id, programNs: input.programNs, actions: input.actions })),
      paper,
    ),
  ];
};

const figureH: Build = (groups) => {
  const measured = trafficOf(groups);
  return [
    {
      id: 'paper-figureH',
      title: 'Figure H of the paper: throughput, latency and drops against offered load',
      note: 'Simulated. The charts above draw these numbers.',
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

const PAPER_SWITCHES = ['I II III IV', 'I II III', 'I II', 'I', 'none'] as const;

const table4: Build = (groups, paper) => {
  const switchesOf = (on: readonly string[]): string => (on.length === 0 ? 'none' : on.join(' '));
  return [
    {
      id: 'paper-table4',
      title: 'Table 4 of the paper: time per equivalence check in us',
      note: 'Means over checks of the search, with the accelerations I memory type, II map type, III offset concretization and IV windows; none of them with the cache (V). A check that the solver gives up within its budget counts as unknown with the time it took, so slow sets are underestimated. x: times the first set.',
      columns: [
        column('program', false),
        column('on', false),
        ...[
          'paper us',
          'paper x',
          'our mean us',
          'our median us',
          'our x',
          'checks',
          'equivalent',
          'different',
          'unknown',
        ].map((l) => column(l)),
      ],
      rows: groups.flatMap(({ id, rows }) => {
        const [row] = rows;
        const sets = row?.extra?.equivalence ?? [];
        return sets.map((s) => {
          const on = switchesOf(s.on);
          const p = paper.table4[id];
          const index = PAPER_SWITCHES.indexOf(on as (typeof PAPER_SWITCHES)[number]);
          const printed = index < 0 ? undefined : p?.[index];
          const [first] = sets;
          return [
            word(id),
            word(on),
            num(printed),
            num(printed === undefined || p?.[0] === undefined ? undefined : printed / p[0], 1),
            num(s.meanUs),
            num(s.medianUs),
            num(first === undefined || first.meanUs === 0 ? undefined : s.meanUs / first.meanUs, 1),
            { text: s.isCut ? `${s.asked}, time was up` : String(s.asked), value: s.asked },
            num(s.verdicts.equivalent),
            num(s.verdicts.different),
            num(s.verdicts.unknown),
          ];
        });
      }),
    },
  ];
};

const table5: Build = (_groups, paper, all) => {
  const ids = [...new Set(all.map((r) => r.program.id))];
  return [
    {
      id: 'paper-table5',
      title: "Table 5 of the paper: results that the kernel's checker accepts",
      note: 'One result per seed. Ours are asked of the running kernel (see provenance); refused ones count, although they never leave the optimizer.',
      columns: [
        column('program', false),
        ...[
          'paper produced',
          'paper accepted',
          'ours produced',
          'ours accepted',
          'refused',
          'runs differ',
          'not checked',
        ].map((l) => column(l)),
      ],
      rows: ids.map((id) => {
        const rows = all.filter((r): r is ResultRow => r.program.id === id && hasResult(r));
        const count = (status: string): number => rows.filter((r) => r.kernel.status === status).length;
        return [
          word(id),
          num(paper.table5[id]?.produced),
          num(paper.table5[id]?.accepted),
          num(rows.length),
          num(count('accepted')),
          num(count('refused')),
          num(rows.filter((r) => r.differential.status === 'differ').length),
          num(count('not checked')),
        ];
      }),
    },
  ];
};

const table6: Build = (groups, paper) => [
  {
    id: 'paper-table6',
    title: 'Table 6 of the paper: hits of the verdict cache',
    note: "Questions that got as far as the cache, and how many it answered. Ours come after the chain's own memory of what was refuted, so fewer are repeated.",
    columns: [
      column('program', false),
      ...[
        'paper hits',
        'paper calls',
        'paper %',
        'paper iterations',
        'our hits',
        'our calls',
        'our %',
        'our proposals',
      ].map((l) => column(l)),
    ],
    rows: groups.flatMap(({ id, rows }) =>
      rows.slice(0, 1).map((r) => {
        const [p, c] = [paper.table6[id], r.extra?.cache];
        return [
          word(id),
          num(p?.hits),
          num(p?.calls),
          num(p?.percent),
          num(p?.iterations),
          num(c?.hits),
          num(c?.calls),
          num(c === undefined || c.calls === 0 ? undefined : (c.hits / c.calls) * 100, 1),
          num(r.options.steps),
        ];
      }),
    ),
  },
];

const table7: Build = (groups, paper) => [
  {
    id: 'paper-table7',
    title: 'Table 7 of the paper: estimated latency in ns',
    note: "The paper's estimate is the static sum of the opcodes' latencies, executed or not; ours of the same input must be the same number (recomputed: from the published objects). Along the path: the mean over test cases of what is executed, with the same prices.",
    columns: [
      column('program', false),
      ...[
        'paper -O1',
        'paper -O2',
        'recomputed -O2',
        'our sum -O2',
        'paper K2',
        'our sum',
        'ours - K2',
        'paper gain %',
        'our gain %',
        'path -O2',
        'path ours',
        'path gain %',
      ].map((l) => column(l)),
    ],
    rows: groups.flatMap((g) => {
      const r = g.rows.reduce((a, b) =>
        b.measurements.staticLatency.after.value < a.measurements.staticLatency.after.value ? b : a,
      );
      const { staticLatency: s, latency: l } = r.measurements;
      const p = paper.table7[g.id];
      return [
        [
          word(g.id),
          num(p?.O1, 2),
          num(p?.O2, 2),
          num(paper.table7Recomputed[g.id], 3),
          num(s.before.value, 3),
          num(p?.k2, 2),
          num(s.after.value, 2),
          num(p === undefined ? undefined : s.after.value - p.k2, 2, true),
          num(p?.percent, 2),
          num(gain(s.before.value, s.after.value), 2),
          num(l.before.value, 2),
          num(l.after.value, 2),
          num(gain(l.before.value, l.after.value), 2),
        ],
      ];
    }),
  },
];

const table8: Build = () => [
  {
    id: 'paper-table8',
    title: "Table 8 of the paper: the five best settings of K2's chain",
    note: 'As this program uses them; table 9 has what each of them finds.',
    columns: [
      column('setting', false),
      column('error', false),
      column('averaged', false),
      ...['alpha', 'beta', 'ir', 'or', 'nr', 'me1', 'me2', 'cir'].map((l) => column(l)),
    ],
    rows: PAPER_SETTINGS.map((s) => [
      word(s.name),
      word(s.distance),
      word(s.average ? 'yes' : 'no'),
      num(s.alpha, 1),
      num(s.beta, 1),
      ...(['ir', 'or', 'nr', 'me1', 'me2', 'cir'] as const).map((k) => num(s.rules[k], 2)),
    ]),
  },
];

/** Medians over seeds of the size, one column per configuration, beside the paper's. */
function bySetting(
  id: string,
  title: string,
  note: string,
  groups: readonly Group[],
  names: readonly string[],
  figure: (program: string, k: number) => number | undefined,
  settingOf: (row: ResultRow) => string,
): DataTable {
  const extra = [...new Set(groups.flatMap((g) => g.rows.map(settingOf)))].filter((n) => !names.includes(n));
  const sizes = (g: Group, name: string): number | undefined => {
    const values = g.rows.filter((r) => settingOf(r) === name).map(slots);
    return values.length === 0 ? undefined : median(values);
  };
  const complete = groups.filter((g) => [...names, ...extra].every((n) => sizes(g, n) !== undefined));
  const mean = (name: string): number | undefined =>
    complete.length === 0
      ? undefined
      : geometricMean(complete.map((g) => sizes(g, name)! / g.rows[0]!.measurements.slots.before.value)) *
        100;
  return {
    id,
    title,
    note: `${note} Medians over seeds. The last line: geometric mean of the size in percent of the input.`,
    columns: [
      column('program', false),
      ...names.flatMap((n) => [column(`paper ${n}`), column(`our ${n}`)]),
      ...extra.map((n) => column(`our ${n}`)),
    ],
    rows: [
      ...groups.map((g) => [
        word(g.id),
        ...names.flatMap((n, k) => [num(figure(g.id, k)), num(sizes(g, n))]),
        ...extra.map((n) => num(sizes(g, n))),
      ]),
      [
        word('geometric mean %'),
        ...names.flatMap((n) => [word(''), num(mean(n), 1)]),
        ...extra.map((n) => num(mean(n), 1)),
      ],
    ],
  };
}

const table9: Build = (groups, paper, rows) => [
  ...table8(groups, paper, rows),
  bySetting(
    'paper-table9',
    'Table 9 of the paper: slots by setting',
    'Settings k2-1 to k2-5 are those of table 8; default is ours.',
    groups,
    PAPER_SETTINGS.map((s) => s.name),
    (id, k) => paper.table9[id]?.[k],
    (r) => r.options.settings,
  ),
];

const RULES = ['mem1-cont', 'mem2-cont', 'mem1', 'mem2', 'cont', 'none'] as const;

const table10: Build = (groups, paper) => [
  bySetting(
    'paper-table10',
    'Table 10 of the paper: slots by domain-specific proposal rules',
    'mem1 and mem2: memory exchange 1 and 2; cont: contiguous instructions; none: only the first three rules.',
    groups,
    RULES,
    (id, k) => paper.table10[id]?.[RULES[k]!],
    (r) => r.options.settings.replace(/^rules-/, ''),
  ),
];

const BUILDERS: Readonly<Record<PaperTable, Build>> = {
  table1,
  table2,
  table3,
  table4,
  table5,
  table6,
  table7,
  table8,
  table9,
  table10,
  figureH,
};
