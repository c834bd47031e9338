/** The columns of the summary table, once for terminal, Markdown and HTML. */
import { hasResult } from '../experiment/result.ts';
import { type Line, ns, percent, type Summary } from './summary.ts';

export interface Column {
  id: string;
  label: string;
  /** Numbers are aligned to the right and sorted by value. */
  numeric: boolean;
  text(l: Line): string;
  /** What the column is sorted by. */
  value(l: Line): number | string | undefined;
  /** Only where there is room: not in the terminal. */
  wide?: boolean;
}

const number = (
  id: string,
  label: string,
  value: (l: Line) => number | undefined,
  text = (x: number | undefined): string => (x === undefined ? '-' : String(x)),
): Column => ({ id, label, numeric: true, value, text: (l) => text(value(l)) });

const words = (id: string, label: string, text: (l: Line) => string, wide = false): Column => ({
  id,
  label,
  numeric: false,
  text,
  value: text,
  ...(wide ? { wide } : {}),
});

export function columnsOf(s: Summary): Column[] {
  return [
    words('program', 'program', (l) => l.program.id),
    ...(s.hasConfigurations ? [words('configuration', 'configuration', (l) => l.configuration)] : []),
    ...(s.hasSeeds ? [number('seed', 'seed', (l) => l.seed)] : []),
    words('hook', 'hook', (l) => l.program.hook, true),
    ...s.baselines.map(({ id, label }) => number(id, label, (l) => l.baselines[id])),
    { ...number('before', 'input', (l) => l.before), wide: true },
    number('after', 'ours', (l) => l.after),
    number(
      'reduction',
      'reduction %',
      (l) => l.reduction,
      (x) => (x === undefined ? '-' : percent(x)),
    ),
    number('latency-before', 'ns before', (l) => l.latencyBefore, ns),
    number('latency-after', 'ns after', (l) => l.latencyAfter, ns),
    words('status', 'status', (l) => l.status),
    words('kernel', 'kernel', (l) => l.kernel, true),
    words('differential', 'differential runs', (l) => l.differential, true),
    ...(s.lines.some(needsReason)
      ? [words('reason', 'reason', (l) => (needsReason(l) ? l.reason : ''), true)]
      : []),
  ];
}

/** Whether the status leaves a question open. */
function needsReason(l: Line): boolean {
  return (l.status !== 'ok' && l.status !== 'unchanged') || (hasResult(l.row) && l.row.interrupted);
}
