/** Tables as plain text. */
import { columnsOf } from './columns.ts';
import { TIME_TABLE } from './kernel-time.ts';
import { type Summary, totalsOf, totalsText } from './summary.ts';

/** Columns padded to their widest cell; `right` aligns numbers. */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly boolean[],
): string {
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => (r[i] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((c, i) => (right[i] ? c.padStart(widths[i] ?? 0) : c.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return `${[line(head), widths.map((w) => '-'.repeat(w)).join('  '), ...rows.map(line)].join('\n')}\n`;
}

/** The summary as `k2 run` prints it. */
export function summaryText(summary: Summary): string {
  const columns = columnsOf(summary).filter((c) => c.wide !== true);
  const rows = summary.lines.map((l) =>
    columns.map((c) =>
      c.id === 'status' && l.status !== 'ok' && l.status !== 'unchanged'
        ? `${l.status}: ${short(l.reason)}`
        : c.text(l),
    ),
  );
  const table = textTable(
    columns.map((c) => c.label),
    rows,
    columns.map((c) => c.numeric),
  );
  const times = summary.tables
    .filter((t) => t.id === TIME_TABLE)
    .map(
      (t) =>
        `${t.title}\n\n${textTable(
          t.columns.map((c) => c.label),
          t.rows.map((r) => r.map((c) => c.text)),
          t.columns.map((c) => c.numeric),
        )}\n${t.note}\n\n`,
    );
  return `${summary.title}\n\n${table}\n${times.join('')}${totalsText(totalsOf(summary))}\nSizes in slots of 8 bytes; ns: modeled latency per run, mean over the test cases.\n`;
}

function short(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
