/** The report as Markdown, with charts as SVG files beside it. */

import { hasResult, type ResultRow, type Row } from '../experiment/results/result.ts';
import type { Chart } from './charts/chart.ts';
import { lineName } from './charts/charts.ts';
import { columnsOf } from './tables/columns.ts';
import { conditions } from './tables/conditions.ts';
import { provenanceOf } from './tables/provenance.ts';
import { seedTable } from './tables/seeds.ts';
import {
  isWithoutInstructions,
  type Summary,
  type SummaryLine,
  totalsOf,
  totalsText,
} from './tables/summary.ts';
import { type DataTable, fixed, flatLabel } from './tables/tables.ts';

/** Rows of the main table, and programs with their rewrites, that a reader of Markdown scrolls through. */
const MOST_ROWS = 100;
const MOST_PROGRAMS = 60;

/**
 * Table first, then charts; what only some look for is folded. @param charts with their file, relative to the
 * Markdown file
 */
export function markdownOf(s: Summary, charts: readonly { chart: Chart; file: string }[]): string {
  const columns = columnsOf(s);
  const shown = s.lines.slice(0, MOST_ROWS);
  const table = markdownTable(
    columns.map((c) => c.label),
    shown.map((l) => columns.map((c) => c.text(l))),
    columns.map((c) => c.numeric),
  );
  const seeds = seedTable(s);
  const rest = s.lines.length - shown.length;
  const totals = totalsText(totalsOf(s));
  const cells = [
    s.tables.length > 0 ? totals : '',
    table,
    ...(rest > 0
      ? [`The first ${shown.length} of ${fixed(s.lines.length)} rows; \`index.html\` has all.`]
      : []),
    'Sizes in slots of 8 bytes (`ld_imm64` counts 2, NOPs 0). Nanoseconds are modeled: the mean over the test cases of ' +
      "the executed instructions' prices. Reduction is against the input.",
  ];
  const programs = s.lines.slice(0, MOST_PROGRAMS);
  const sections = [
    `# ${text(s.title)}`,
    s.tables.length === 0 ? `**${totals}**` : '',
    [text(s.description), text(conditions(s))].filter((x) => x !== '').join(' '),
    ...s.tables.flatMap(dataTable),
    ...(seeds === undefined ? [] : dataTable(seeds)),
    ...(s.tables.length === 0 && seeds === undefined ? cells : folded('All results', cells)),
    ...charts.flatMap(({ chart, file }) => [`![${text(`${chart.title}. ${chart.description}`)}](${file})`]),
    ...(programs.length === 0
      ? []
      : folded('Rewrites and their proofs, by program', [
          ...programs.map((l) => program(s, l)),
          ...(programs.length < s.lines.length
            ? [
                `Of the first ${programs.length} of ${fixed(s.lines.length)} rows; the pages in \`programs/\` have all.`,
              ]
            : []),
        ])),
    ...folded('Provenance', [provenance(s.lines.map((l) => l.row))]),
  ];
  return `${sections.filter((x) => x !== '').join('\n\n')}\n`;
}

/** GitHub takes what is inside as Markdown when empty lines are around it. */
function folded(title: string, parts: readonly string[]): string[] {
  return [`<details><summary>${text(title)}</summary>`, ...parts.filter((p) => p !== ''), '</details>'];
}

function dataTable(t: DataTable): string[] {
  return [
    `## ${text(t.title)}`,
    (t.findings ?? []).map((f) => `- ${text(f)}`).join('\n'),
    t.rows.length === 0
      ? 'No results yet.'
      : markdownTable(
          t.columns.map(flatLabel),
          [
            ...t.rows.map((r) => r.map((c) => c.text)),
            ...(t.foot ?? []).map((r) => r.map((c) => (c.text === '' ? '' : c.text))),
          ],
          t.columns.map((c) => c.numeric),
        ),
    text(t.note),
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

function program(s: Summary, l: SummaryLine): string {
  const head = `### ${text(lineName(s, l))}`;
  if (!hasResult(l.row)) return `${head}\n\n${l.status}: ${text(l.reason)}`;
  const notes = l.row.notes.map((n) => `- ${text(n)}`).join('\n');
  const facts = `${fixed(l.before ?? 0)} → ${fixed(l.after ?? 0)} slots. Kernel: ${text(l.kernel)}. Differential runs: ${text(l.differential)}.`;
  return [head, facts, notes, rewrites(l.row)].filter((x) => x !== '').join('\n\n');
}

function rewrites(row: ResultRow): string {
  const all = row.rewrites ?? [];
  if (isWithoutInstructions(row))
    return 'The rewrites are not in this result: it was stored without instructions.';
  if (all.length === 0) return '';
  return markdownTable(
    ['#', 'found by', 'proven by', 'after proposals', 'slots then', 'before', 'after'],
    all.map((w, i) => [
      String(i + 1),
      w.by,
      w.how,
      fixed(w.step),
      fixed(w.slotsAfter),
      code(w.before),
      code(w.after),
    ]),
    [true, false, false, true, true, false, false],
  );
}

function code(lines: readonly string[]): string {
  return lines.length === 0 ? '(nothing)' : lines.join('; ');
}

function provenance(rows: readonly Row[]): string {
  return provenanceOf(rows)
    .map(
      (o) =>
        `- ${fixed(o.count)} results, ${o.from} to ${o.to}: ${text(`${o.optimizer}, ${o.machine}, ${o.software}`)}`,
    )
    .join('\n');
}
