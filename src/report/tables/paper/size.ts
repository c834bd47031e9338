/** Tables 1 and 7: size, and estimated latency. */

import { stepOfBest } from '../../../base/statistics.ts';
import type { ResultRow } from '../../../experiment/results/result.ts';
import { column, group, num, word } from '../tables.ts';
import { average, comparisonSentence, residualSentence } from './findings.ts';
import { type Build, gain, type ProgramRows, slots } from './group.ts';

const best = (g: ProgramRows): ResultRow => g.rows.reduce((a, b) => (slots(b) < slots(a) ? b : a));

export const table1: Build = (groups, paper) => {
  const rows = groups.flatMap((g) => {
    const p = paper.table1[g.id];
    if (p === undefined) return [];
    const ours = best(g);
    const clang = Math.min(p.O1 ?? Number.POSITIVE_INFINITY, p.O2, p.Os);
    return [{ id: g.id, p, ours, clang, reduction: gain(clang, slots(ours)) }];
  });
  return [
    {
      id: 'paper-table1',
      title: 'Table 1 of the paper: size in slots',
      note: 'Paper: -O1, -O2 and -O3, -Os, K2, and its reduction against the smallest of clang. Ours: the smallest over seeds and settings, its difference from K2, its reduction against the same, and the proposals after which it was found. The last line averages the reductions.',
      columns: [
        column('program', false),
        ...group('slots', ['-O1', '-O2', '-Os', 'K2', 'ours', 'ours - K2']),
        ...group('less %', ['K2', 'ours']),
        ...group('proposals', ['K2', 'ours']),
        ...group('seconds', ['K2', 'ours']),
      ],
      rows: rows.map(({ id, p, ours, reduction }) => [
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
        ? {}
        : {
            foot: [
              [
                word('mean'),
                ...Array.from({ length: 6 }, () => word('')),
                num(average(rows.map((r) => r.p.percent)), 2),
                num(average(rows.map((r) => r.reduction)), 2),
                ...Array.from({ length: 4 }, () => word('')),
              ],
            ],
            findings: [
              ...comparisonSentence(
                rows.map((r) => slots(r.ours) - r.p.k2),
                { what: 'Ours is', less: 'smaller', more: 'larger', than: "K2's" },
              ),
              `On average ${average(rows.map((r) => r.reduction)).toFixed(2)} % less than clang's smallest; K2, on the same programs: ${average(rows.map((r) => r.p.percent)).toFixed(2)} %.`,
            ],
          }),
      differences: {
        title: 'Ours - K2',
        unit: "% of clang's smallest",
        values: rows.map((r) => ({ row: r.id, value: ((slots(r.ours) - r.p.k2) / r.clang) * 100 })),
      },
    },
  ];
};

export const table7: Build = (groups, paper) => {
  const rows = groups.map((g) => ({
    id: g.id,
    p: paper.table7[g.id],
    recomputed: paper.table7Recomputed[g.id],
    ...g.rows.reduce((a, b) =>
      b.measurements.staticLatency.after.value < a.measurements.staticLatency.after.value ? b : a,
    ).measurements,
  }));
  const both = rows.flatMap((r) =>
    r.p === undefined ? [] : [{ id: r.id, k2: r.p.k2, value: r.staticLatency.after.value - r.p.k2 }],
  );
  const same = rows.flatMap((r) =>
    r.recomputed === undefined ? [] : [r.staticLatency.before.value - r.recomputed],
  );
  return [
    {
      id: 'paper-table7',
      title: 'Table 7 of the paper: estimated latency in ns',
      note: "The paper's estimate is the static sum of the opcodes' latencies, executed or not; ours of the same input must be the same number (recomputed: from the published objects). Along the path: the mean over test cases of what is executed, with the same prices.",
      columns: [
        column('program', false),
        ...group('-O1', ['paper']),
        ...group('-O2', ['paper', 'recomputed', 'our sum']),
        ...group('optimized', ['K2', 'ours', 'ours - K2']),
        ...group('less %', ['K2', 'ours']),
        ...group('along the path', ['-O2', 'ours', 'less %']),
      ],
      rows: rows.map(({ id, p, recomputed, staticLatency: s, latency: l }) => [
        word(id),
        num(p?.O1, 2),
        num(p?.O2, 2),
        num(recomputed, 3),
        num(s.before.value, 3),
        num(p?.k2, 2),
        num(s.after.value, 2),
        num(p === undefined ? undefined : s.after.value - p.k2, 2, true),
        num(p?.percent, 2),
        num(gain(s.before.value, s.after.value), 2),
        num(l.before.value, 2),
        num(l.after.value, 2),
        num(gain(l.before.value, l.after.value), 2),
      ]),
      findings: [
        ...comparisonSentence(
          // To the digits that the paper prints.
          both.map((r) => Math.round(r.value * 100) / 100),
          { what: 'Our estimate is', less: 'lower', more: 'higher', than: "K2's" },
        ),
        ...residualSentence(same, 'Our sum of the inputs less the recomputed one', 'ns', 3),
      ],
      differences: {
        title: 'Our estimate - K2',
        unit: "% of K2's",
        values: both.map((r) => ({ row: r.id, value: (r.value / r.k2) * 100 })),
      },
    },
  ];
};
