/** Input against result in the running kernel, beside the model: a table where an experiment measured it. */

import type { Interval } from '../../base/statistics.ts';
import type { KernelTimes } from '../../experiment/measure/kernel-time.ts';
import { hasResult, type ResultRow, type Row } from '../../experiment/results/result.ts';
import { column, type DataTable, num, type TableCell, word } from './tables.ts';

export const TIME_TABLE = 'kernel-time';

const range = (i: Interval, digits: number): string =>
  `[${i.low.toFixed(digits)}, ${i.high.toFixed(digits)}]`;

function cells(row: ResultRow, time: KernelTimes): TableCell[] {
  const { slots } = row.measurements;
  const head = [
    word(row.program.id),
    word(row.configuration),
    num(slots.before.value),
    num(slots.after.value),
  ];
  if (time.status !== 'timed')
    return [
      ...head,
      ...Array.from({ length: 7 }, () => num(undefined)),
      word(`cannot be timed: ${time.reason}`),
    ];
  return [
    ...head,
    num(time.before.ns, 1),
    num(time.after.ns, 1),
    num(time.floorNs, 2),
    num(time.ratio, 3),
    word(range(time.interval, 3)),
    num(time.modeled.machine, 3),
    num(time.modeled.k2, 3),
    word(time.verdict),
  ];
}

/** One line per row that was to be timed; none when the experiment did not ask. */
export function timeTables(rows: readonly Row[]): DataTable[] {
  const lines = rows.flatMap((row) => {
    const time = hasResult(row) ? row.extra?.time : undefined;
    return time === undefined || !hasResult(row) ? [] : [cells(row, time)];
  });
  if (lines.length === 0) return [];
  return [
    {
      id: TIME_TABLE,
      title: 'Time in the running kernel',
      note: 'ns: one run, mean over inputs that take different paths. Ratio: result / input with its 95 % interval; below 1 is faster. Differences up to the floor (those between two copies of one program, 0.5 ns, or 2 %) are not claimed. Modeled: the ratio that the model predicts for the same inputs, with the prices of this machine, and with those of K2.',
      columns: [
        column('program', false),
        column('configuration', false),
        column('slots before'),
        column('after'),
        column('ns before'),
        column('after'),
        column('floor'),
        column('ratio'),
        column('95 %', false),
        column('modeled, this machine'),
        column('modeled, K2'),
        column('verdict', false),
      ],
      rows: lines,
    },
  ];
}
