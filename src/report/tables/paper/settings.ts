/** Tables 8, 9 and 10: settings and proposal rules. */

import { geometricMean, median } from '../../../base/statistics.ts';
import type { ResultRow } from '../../../experiment/results/result.ts';
import { PAPER_SETTINGS } from '../../../search/chain/settings.ts';
import { column, type DataTable, group, num, word } from '../tables.ts';
import { comparisonSentence } from './findings.ts';
import { type Build, type ProgramRows, slots } from './group.ts';

export const table8: Build = () => [
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
  groups: readonly ProgramRows[],
  names: readonly string[],
  figure: (program: string, k: number) => number | undefined,
  settingOf: (row: ResultRow) => string,
): DataTable {
  const extra = [...new Set(groups.flatMap((g) => g.rows.map(settingOf)))].filter((n) => !names.includes(n));
  const sizes = (g: ProgramRows, name: string): number | undefined => {
    const values = g.rows.filter((r) => settingOf(r) === name).map(slots);
    return values.length === 0 ? undefined : median(values);
  };
  const complete = groups.filter((g) => [...names, ...extra].every((n) => sizes(g, n) !== undefined));
  const mean = (name: string): number | undefined =>
    complete.length === 0
      ? undefined
      : geometricMean(complete.map((g) => sizes(g, name)! / g.rows[0]!.measurements.slots.before.value)) *
        100;
  const pairs = groups.flatMap((g) =>
    names.flatMap((n, k) => {
      const [theirs, ours] = [figure(g.id, k), sizes(g, n)];
      return theirs === undefined || ours === undefined ? [] : [{ row: g.id, series: n, theirs, ours }];
    }),
  );
  return {
    id,
    title,
    findings: comparisonSentence(
      pairs.map((p) => p.ours - p.theirs),
      {
        what: 'Ours is',
        less: 'smaller',
        more: 'larger',
        than: "the paper's",
        of: 'pairs of program and setting',
      },
    ),
    differences: {
      title: 'Ours - paper',
      unit: "% of the paper's slots",
      values: pairs.map(({ row, series, theirs, ours }) => ({
        row,
        series,
        value: ((ours - theirs) / theirs) * 100,
      })),
    },
    note: `${note} Medians over seeds. The last line: geometric mean of the size in percent of the input.`,
    columns: [
      column('program', false),
      ...names.flatMap((n) => group(n, ['paper', 'ours'])),
      ...extra.flatMap((n) => group(n, ['ours'])),
    ],
    rows: groups.map((g) => [
      word(g.id),
      ...names.flatMap((n, k) => [num(figure(g.id, k)), num(sizes(g, n))]),
      ...extra.map((n) => num(sizes(g, n))),
    ]),
    foot: [
      [
        word('geometric mean %'),
        ...names.flatMap((n) => [word(''), num(mean(n), 1)]),
        ...extra.map((n) => num(mean(n), 1)),
      ],
    ],
  };
}

export const table9: Build = (groups, paper, rows) => [
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

export const table10: Build = (groups, paper) => [
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
