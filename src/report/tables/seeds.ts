/** What many seeds say together: one line per program and configuration. */
import { bootstrapInterval, median, stepOfBest } from '../../base/statistics.ts';
import { hasResult } from '../../experiment/results/result.ts';
import type { Summary, SummaryLine } from './summary.ts';
import { byProgram } from './summary.ts';
import { column, type DataTable, fixed, num, type TableCell, word } from './tables.ts';

/** Undefined when no program was optimized twice with one configuration. */
export function seedTable(s: Summary): DataTable | undefined {
  if (!s.hasSeeds) return undefined;
  const rows = [...byProgram(s.lines).values()].flatMap((lines) =>
    [...byConfiguration(lines)].flatMap(([configuration, own]) => seedRow(configuration, own)),
  );
  if (rows.length === 0) return undefined;
  return {
    id: 'seeds',
    title: 'Over seeds',
    note: "Slots. Interval: 95 % bootstrap interval of the median. Time to best: proposals after which a seed's best was found, median.",
    columns: [
      column('program', false),
      column('configuration', false),
      ...['seeds', 'input', 'smallest', 'median', 'largest'].map((l) => column(l)),
      column('interval', false),
      column('median less %'),
      column('time to best'),
    ],
    rows,
  };
}

function seedRow(configuration: string, lines: readonly SummaryLine[]): TableCell[][] {
  const done = lines.filter((l) => l.after !== undefined && hasResult(l.row));
  if (done.length < 2) return [];
  const sizes = done.map((l) => l.after!);
  const middle = median(sizes);
  const { low, high } = bootstrapInterval(sizes, median, { resamples: 1000 });
  const times = done.flatMap((l) => (hasResult(l.row) ? (stepOfBest(l.row.convergence) ?? []) : []));
  const before = done[0]!.before!;
  return [
    [
      word(done[0]!.program.id),
      word(configuration),
      num(done.length),
      num(before),
      num(Math.min(...sizes)),
      num(middle, Number.isInteger(middle) ? 0 : 1),
      num(Math.max(...sizes)),
      word(`${fixed(low, 1)} to ${fixed(high, 1)}`),
      num(((before - middle) / before) * 100, 1),
      num(times.length === 0 ? undefined : median(times)),
    ],
  ];
}

export function byConfiguration(lines: readonly SummaryLine[]): Map<string, SummaryLine[]> {
  const groups = new Map<string, SummaryLine[]>();
  for (const l of lines) {
    const group = groups.get(l.configuration);
    if (group === undefined) groups.set(l.configuration, [l]);
    else group.push(l);
  }
  return groups;
}
