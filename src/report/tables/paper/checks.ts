/** Tables 4, 5 and 6: equivalence checks, load verdicts, the cache. */

import { geometricMean } from '../../../base/statistics.ts';
import { hasResult, type Row } from '../../../experiment/results/result.ts';
import { column, fixed, group, num, word } from '../tables.ts';
import { comparisonSentence } from './findings.ts';
import type { Build } from './group.ts';

const PAPER_SWITCHES = ['I II III IV', 'I II III', 'I II', 'I', 'none'] as const;

export const table4: Build = (groups, paper) => {
  const switchesOf = (on: readonly string[]): string => (on.length === 0 ? 'none' : on.join(' '));
  return [
    {
      id: 'paper-table4',
      title: 'Table 4 of the paper: time per equivalence check in us',
      note: 'Means over checks of the search, half of them proven equivalent and half not where there are enough, with the accelerations I memory type, II map type, III offset concretization and IV windows, and V: asked again of a cache that has the answers. CPU time. A check that the solver gives up within its budget counts as unknown with the time it took, so slow sets are underestimated. x: times the set I II III IV.',
      findings: slowdownSentence(groups, paper),
      columns: [
        column('program', false),
        column('on', false),
        ...group('paper', ['us', 'x']),
        ...group('ours', ['mean us', 'median us', 'mean us, proven', 'x']),
        ...group('checks', ['all', 'equivalent', 'different', 'unknown']),
      ],
      rows: groups.flatMap(({ id, rows }) => {
        const [row] = rows;
        const sets = row?.extra?.equivalence ?? [];
        return sets.map((s) => {
          const on = switchesOf(s.on);
          const p = paper.table4[id];
          const index = PAPER_SWITCHES.indexOf(on as (typeof PAPER_SWITCHES)[number]);
          const printed = index < 0 ? undefined : p?.[index];
          const first = sets.find((set) => switchesOf(set.on) === PAPER_SWITCHES[0]);
          return [
            word(id),
            // One line: the spaces do not break.
            word(on.replaceAll(' ', '\u00a0')),
            num(printed),
            num(printed === undefined || p?.[0] === undefined ? undefined : printed / p[0], 1),
            num(s.meanUs),
            num(s.medianUs),
            num(s.verdicts.equivalent === 0 ? undefined : s.provenUs),
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

/** What each acceleration is worth: geometric mean over programs of the time without it. */
function slowdownSentence(groups: Parameters<Build>[0], paper: Parameters<Build>[1]): string[] {
  const ratios = groups.flatMap(({ id, rows }) => {
    const sets = rows[0]?.extra?.equivalence ?? [];
    const first = sets.find((s) => s.on.join(' ') === PAPER_SWITCHES[0]);
    const last = sets.find((s) => s.on.length === 0);
    const p = paper.table4[id];
    const [from, to] = [p?.[0], p?.[PAPER_SWITCHES.indexOf('none')]];
    if (first === undefined || last === undefined || !(first.meanUs > 0 && last.meanUs > 0)) return [];
    return [
      {
        ours: last.meanUs / first.meanUs,
        theirs: from === undefined || to === undefined ? undefined : to / from,
      },
    ];
  });
  if (ratios.length === 0) return [];
  const theirs = ratios.flatMap((r) => r.theirs ?? []);
  const mean = (xs: readonly number[]): string => fixed(geometricMean([...xs]), 1);
  const tail = theirs.length === 0 ? '' : ` (paper, of ${theirs.length} of them: ${mean(theirs)})`;
  return [
    `Without any acceleration a check takes ${mean(ratios.map((r) => r.ours))} times as long, geometric mean over ${ratios.length} programs${tail}.`,
  ];
}

export const table5: Build = (_groups, paper, all) => {
  const ids = [...new Set(all.map((r) => r.program.id))];
  return [
    {
      id: 'paper-table5',
      title: 'Table 5 of the paper: results that the kernel verifier accepts',
      note: 'The best versions of each program, which static safety accepts. They are loaded into the running kernel (see provenance) afterwards.',
      columns: [
        column('program', false),
        ...group('paper', ['produced', 'accepted']),
        ...group('ours', ['produced', 'accepted', 'refused', 'runs differ', 'not checked']),
      ],
      findings: acceptedSentence(all),
      rows: ids.map((id) => {
        const asked = all.filter((r) => r.program.id === id).flatMap(consentsOf);
        const count = (kernel: string): number => asked.filter((v) => v.kernel === kernel).length;
        return [
          word(id),
          num(paper.table5[id]?.produced),
          num(paper.table5[id]?.accepted),
          num(asked.length),
          num(count('accepted')),
          num(count('refused')),
          num(asked.filter((v) => v.differs).length),
          num(count('not checked')),
        ];
      }),
    },
  ];
};

/** What the kernel said of the versions of a row; of the one result where nothing else was measured. */
function consentsOf(r: Row): { kernel: string; differs: boolean }[] {
  if (!hasResult(r)) return [];
  const { consent } = r.extra ?? {};
  if (consent === undefined)
    return [{ kernel: r.kernel.status, differs: r.differential.status === 'differ' }];
  return consent.map((v) => ({ kernel: v.kernel, differs: v.differs !== undefined }));
}

function acceptedSentence(all: readonly Row[]): string[] {
  const asked = all.flatMap(consentsOf).filter((v) => v.kernel !== 'not checked');
  if (asked.length === 0) return [];
  const accepted = asked.filter((v) => v.kernel === 'accepted').length;
  return [`The kernel accepts ${accepted} of our ${asked.length} results that it was asked about.`];
}

export const table6: Build = (groups, paper) => {
  const hits = groups.flatMap(({ id, rows }) => {
    const [theirs, cache] = [paper.table6[id]?.percent, rows[0]?.extra?.cache];
    const ours = cache === undefined || cache.calls === 0 ? undefined : (cache.hits / cache.calls) * 100;
    return [
      ...(theirs === undefined ? [] : [{ row: id, series: 'K2 (paper)', value: theirs }]),
      ...(ours === undefined ? [] : [{ row: id, series: 'ours', value: ours }]),
    ];
  });
  return [
    {
      id: 'paper-table6',
      title: 'Table 6 of the paper: hits of the verdict cache',
      note: "Questions that got as far as the cache, and how many it answered. Ours come after the chain's own memory of what was refuted, so fewer are repeated.",
      columns: [
        column('program', false),
        ...group('paper', ['hits', 'calls', '%', 'iterations']),
        ...group('ours', ['hits', 'calls', '%', 'proposals']),
      ],
      differences: { title: 'Share of hits', unit: '%', areValues: true, values: hits },
      findings: comparisonSentence(
        hits
          .filter((h) => h.series === 'ours')
          .flatMap((h) => {
            const theirs = hits.find((t) => t.row === h.row && t.series === 'K2 (paper)');
            return theirs === undefined ? [] : [h.value - theirs.value];
          }),
        { what: 'Our share of hits is', less: 'lower', more: 'higher', than: "the paper's" },
      ),
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
};
