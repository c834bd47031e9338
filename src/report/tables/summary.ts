/** From rows to the table that terminal, Markdown and HTML share: one line per cell. */

import { factsOf } from '../../experiment/corpus/corpus-facts.ts';
import type { Definition } from '../../experiment/definition/definition.ts';
import type { ProgramRef } from '../../experiment/definition/expand.ts';
import { hasResult, type ResultRow, type Row } from '../../experiment/results/result.ts';
import { timeTables } from './kernel-time.ts';
import { paperTables } from './paper/index.ts';
import { type DataTable, fixed } from './tables.ts';

export interface SummaryLine {
  program: ProgramRef;
  configuration: string;
  seed: number;
  /** Slots by column id; undefined where there is no such build or figure. */
  baselines: Readonly<Record<string, number | undefined>>;
  before?: number;
  after?: number;
  /** (before - after) / before, in percent. */
  reduction?: number;
  latencyBefore?: number;
  latencyAfter?: number;
  kernel: string;
  differential: string;
  status: Row['status'];
  reason: string;
  row: Row;
}

export interface Summary {
  name: string;
  title: string;
  description: string;
  /** Columns of `SummaryLine.baselines`, in order. */
  baselines: readonly { id: string; label: string }[];
  lines: readonly SummaryLine[];
  /** Our figures beside the paper's, where the experiment reproduces one of its tables. */
  tables: readonly DataTable[];
  /** More than one configuration or seed: their columns are worth showing. */
  hasConfigurations: boolean;
  hasSeeds: boolean;
}

/** Columns of the K2 paper's table 1. */
const PAPER = [
  { id: 'paper:O1', figure: 'O1', label: '-O1 (paper)' },
  { id: 'paper:O2', figure: 'O2', label: '-O2 (paper)' },
  { id: 'paper:k2', figure: 'k2', label: 'K2 (paper)' },
] as const;

export function summarise(definition: Definition, rows: readonly Row[]): Summary {
  const { variants, paper } = definition.baselines;
  const many = new Set(variants.map((v) => v.replace(/-O[^-]+$/, ''))).size > 1;
  const baselines = [
    ...variants.map((id) => ({ id, label: many ? id : id.replace(/^.*(-O[^-]+)$/, '$1') })),
    ...(paper ? PAPER.map(({ id, label }) => ({ id, label })) : []),
  ];
  return {
    name: definition.name,
    title: definition.title,
    description: definition.description,
    baselines,
    lines: rows.map((row) => lineOf(row, baselines)),
    tables: [...paperTables(definition, rows), ...timeTables(rows)],
    hasConfigurations: new Set(rows.map((r) => r.configuration)).size > 1,
    hasSeeds: new Set(rows.map((r) => r.seed)).size > 1,
  };
}

function lineOf(row: Row, baselines: readonly { id: string }[]): SummaryLine {
  const { program, configuration, seed, status, reason } = row;
  const figures = figuresOf(row);
  const head = {
    program,
    configuration,
    seed,
    baselines: Object.fromEntries(baselines.map(({ id }) => [id, figures(id)])),
    status,
    reason,
    row,
  };
  if (!hasResult(row)) return { ...head, kernel: '', differential: '' };
  const { slots, latency } = row.measurements;
  const [before, after] = [slots.before.value, slots.after.value];
  return {
    ...head,
    before,
    after,
    reduction: before === 0 ? 0 : ((before - after) / before) * 100,
    latencyBefore: latency.before.value,
    latencyAfter: latency.after.value,
    kernel: row.kernel.status === 'accepted' ? 'accepted' : `${row.kernel.status}: ${row.kernel.reason}`,
    differential: differentialText(row.differential),
  };
}

function differentialText(d: ResultRow['differential']): string {
  switch (d.status) {
    case 'agree':
      return `${fixed(d.runs)} agree`;
    case 'differ':
      return `DIFFER after ${d.runs}: ${d.detail}`;
    case 'not run':
      return `not run: ${d.reason}`;
  }
}

/** Sizes of other builds, and the paper's; nothing when neither the row nor a corpus tells. */
function figuresOf(row: Row): (column: string) => number | undefined {
  const facts = factsOf(row);
  return (column) => {
    const paper = PAPER.find((p) => p.id === column);
    return paper === undefined ? facts?.builds[column] : (facts?.paper?.[paper.figure] ?? undefined);
  };
}

/** Whether a result was stored without instructions, as those of programs without a license are published. */
export function isWithoutInstructions({ disassembly }: ResultRow): boolean {
  return (disassembly?.before ?? []).length === 0;
}

/** Lines of one build of one program, in the order in which they first appear. */
export function byProgram(lines: readonly SummaryLine[]): Map<string, SummaryLine[]> {
  const groups = new Map<string, SummaryLine[]>();
  for (const l of lines) {
    const key = `${l.program.corpus}/${l.program.id}/${l.program.variant}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [l]);
    else group.push(l);
  }
  return groups;
}

export interface Totals {
  cells: number;
  improved: number;
  unchanged: number;
  /** Outputs that the running kernel objects to; they count nowhere else. */
  rejected: number;
  skipped: number;
  failed: number;
  /** Over improved and unchanged cells; percent. */
  meanReduction: number;
  slotsBefore: number;
  slotsAfter: number;
}

export function totalsOf(summary: Summary): Totals {
  const count = (status: Row['status']): number => summary.lines.filter((l) => l.status === status).length;
  const done = summary.lines.filter((l) => l.status === 'ok' || l.status === 'unchanged');
  const sum = (f: (l: SummaryLine) => number): number => done.reduce((s, l) => s + f(l), 0);
  return {
    cells: summary.lines.length,
    improved: count('ok'),
    unchanged: count('unchanged'),
    rejected: count('rejected'),
    skipped: count('skipped'),
    failed: count('failed'),
    meanReduction: done.length === 0 ? 0 : sum((l) => l.reduction ?? 0) / done.length,
    slotsBefore: sum((l) => l.before ?? 0),
    slotsAfter: sum((l) => l.after ?? 0),
  };
}

/** One sentence. */
export function totalsText(t: Totals): string {
  const parts = [
    `${fixed(t.improved)} of ${fixed(t.cells)} improved`,
    ...(t.unchanged > 0 ? [`${fixed(t.unchanged)} unchanged`] : []),
    ...(t.rejected > 0 ? [`${fixed(t.rejected)} REJECTED by the kernel`] : []),
    ...(t.skipped > 0 ? [`${fixed(t.skipped)} skipped`] : []),
    ...(t.failed > 0 ? [`${fixed(t.failed)} failed`] : []),
  ];
  const done = t.improved + t.unchanged;
  const size =
    done === 0
      ? ''
      : `; ${fixed(t.slotsBefore)} slots became ${fixed(t.slotsAfter)}, ${percent(t.meanReduction)} % less per program on average`;
  return `${parts.join(', ')}${size}.`;
}

export function percent(x: number): string {
  return fixed(x, 1);
}

/** Nanoseconds with one decimal, `-` for none. */
export function ns(x: number | undefined): string {
  return x === undefined ? '-' : fixed(x, 1);
}
