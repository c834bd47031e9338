/** The report as Markdown, with charts as SVG files beside it. */

import { hasResult, type ResultRow, type Row } from '../experiment/result.ts';
import type { AppliedRewrite } from '../optimizer/types.ts';
import { type Chart, lineName } from './charts.ts';
import { columnsOf } from './columns.ts';
import { type Line, type Summary, totalsOf, totalsText } from './summary.ts';
import type { DataTable } from './tables.ts';

/** @param charts with the name of their file, relative to the Markdown file */
export function markdownOf(summary: Summary, charts: readonly { chart: Chart; file: string }[]): string {
  const columns = columnsOf(summary);
  const table = markdownTable(
    columns.map((c) => c.label),
    summary.lines.map((l) => columns.map((c) => c.text(l))),
    columns.map((c) => c.numeric),
  );
  const sections = [
    `# ${text(summary.title)}`,
    summary.description,
    totalsText(totalsOf(summary)),
    'Sizes in slots of 8 bytes (`ld_imm64` counts 2, NOPs 0). Nanoseconds are modeled: the mean over the test cases of ' +
      "the executed instructions' prices. Reduction is against the input.",
    table,
    ...summary.tables.flatMap(dataTable),
    ...charts.map(({ chart, file }) => `![${text(chart.description)}](${file})`),
    '## Programs',
    ...summary.lines.map((l) => program(summary, l)),
    '## Provenance',
    provenance(summary.lines.map((l) => l.row)),
  ];
  return `${sections.filter((s) => s !== '').join('\n\n')}\n`;
}

function dataTable(t: DataTable): string[] {
  return [
    `## ${text(t.title)}`,
    text(t.note),
    markdownTable(
      t.columns.map((c) => c.label),
      t.rows.map((r) => r.map((c) => c.text)),
      t.columns.map((c) => c.numeric),
    ),
  ];
}

/** @param right columns of numbers */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly boolean[],
): string {
  return [row(head), `|${right.map((r) => (r ? '---:' : '---')).join('|')}|`, ...rows.map(row)].join('\n');
}

function row(cells: readonly string[]): string {
  return `| ${cells.map(text).join(' | ')} |`;
}

/** Text that Markdown takes as text, on one line. */
function text(s: string): string {
  return s.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>|#]/g, (c) => `\\${c}`);
}

function program(s: Summary, l: Line): string {
  const head = `### ${text(lineName(s, l))}`;
  if (!hasResult(l.row)) return `${head}\n\n${l.status}: ${text(l.reason)}`;
  const notes = l.row.notes.map((n) => `- ${text(n)}`).join('\n');
  const facts = `${l.before} → ${l.after} slots. Kernel: ${text(l.kernel)}. Differential runs: ${text(l.differential)}.`;
  return [head, facts, notes, rewrites(l.row)].filter((x) => x !== '').join('\n\n');
}

function rewrites(r: ResultRow): string {
  return r.rewrites.map((w, i) => rewrite(w, i)).join('\n');
}

function rewrite(w: AppliedRewrite, index: number): string {
  const code = (lines: readonly string[]): string => (lines.length === 0 ? '(nothing)' : lines.join('; '));
  return `${index + 1}. ${text(w.by)}, proven by ${w.how}, ${w.slotsAfter} slots: ${text(code(w.before))} → ${text(code(w.after))}`;
}

function provenance(rows: readonly Row[]): string {
  const kinds = new Map<string, number>();
  for (const { provenance: p } of rows) {
    const commit =
      p.commit === null ? 'no commit' : `commit ${p.commit}${p.dirty === true ? ' with changes' : ''}`;
    const key = `k2-bpf ${p.code}, ${commit}, node ${p.node}, ${p.cpu}, ${p.kernel}, ${p.solver}`;
    kinds.set(key, (kinds.get(key) ?? 0) + 1);
  }
  return [...kinds].map(([key, n]) => `- ${n} cells: ${text(key)}`).join('\n');
}
