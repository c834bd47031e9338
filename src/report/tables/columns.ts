/** The columns of the summary table, once for terminal, Markdown and HTML. */
import { hasResult } from '../../experiment/results/result.ts';
import { ns, percent, type Summary, type SummaryLine } from './summary.ts';
import { fixed } from './tables.ts';

export interface Column {
  id: string;
  label: string;
  /** Under the heading of its group. */
  short?: string;
  /** What the column and its neighbours measure, with the unit. */
  group?: string;
  /** Numbers are aligned to the right and sorted by value. */
  numeric: boolean;
  text(l: SummaryLine): string;
  /** Only where there is room: not in the terminal. */
  wide?: boolean;
  /** Sentences. */
  long?: boolean;
}

type Text = (x: number | undefined) => string;
const whole: Text = (x) => (x === undefined ? '-' : fixed(x));
const signed: Text = (x) => (x === undefined ? '-' : `${x > 0 ? '+' : ''}${fixed(x)}`);
const tenths: Text = (x) => (x === undefined ? '-' : percent(x));

const number = (
  id: string,
  label: string,
  value: (l: SummaryLine) => number | undefined,
  text: Text = whole,
  more: Partial<Column> = {},
): Column => ({ id, label, numeric: true, text: (l) => text(value(l)), ...more });

const words = (
  id: string,
  label: string,
  text: (l: SummaryLine) => string,
  more: Partial<Column> = {},
): Column => ({
  id,
  label,
  numeric: false,
  text,
  ...more,
});

const TIME = { group: 'modeled ns per run' };
const WIDE = { wide: true };

const VERIFIER = { ...WIDE, group: 'instructions processed by the kernel verifier' };
const CODE = { ...WIDE, group: 'modeled bytes of machine code' };

const costsOf = (l: SummaryLine) => (hasResult(l.row) ? l.row.costs : undefined);

const COSTS: readonly Column[] = [
  number('verifier-before', 'verifier before', (l) => costsOf(l)?.before.kernels[0]?.processed, whole, {
    ...VERIFIER,
    short: 'input',
  }),
  number('verifier-after', 'verifier after', (l) => costsOf(l)?.after.kernels[0]?.processed, whole, {
    ...VERIFIER,
    short: 'ours',
  }),
  number('jited-before', 'machine code before', (l) => costsOf(l)?.before.machineCode, whole, {
    ...CODE,
    short: 'input',
  }),
  number('jited-after', 'machine code after', (l) => costsOf(l)?.after.machineCode, whole, {
    ...CODE,
    short: 'ours',
  }),
];

export function columnsOf(s: Summary): Column[] {
  const isPaper = s.baselines.length > 0 && s.baselines.every((b) => b.id.startsWith('paper:'));
  const size = { group: isPaper ? "size in slots (-O1, -O2, K2: the paper's)" : 'size in slots' };
  const paper = s.baselines.find((b) => b.id === 'paper:k2');
  return [
    words('program', 'program', (l) => l.program.id),
    ...(s.hasConfigurations ? [words('configuration', 'configuration', (l) => l.configuration)] : []),
    ...(s.hasSeeds ? [number('seed', 'seed', (l) => l.seed)] : []),
    words('hook', 'hook', (l) => l.program.hook, WIDE),
    ...s.baselines.map(({ id, label }) =>
      number(id, label, (l) => l.baselines[id], whole, {
        ...size,
        ...(isPaper ? { short: label.replace(' (paper)', '') } : {}),
      }),
    ),
    number('before', 'input', (l) => l.before, whole, { ...WIDE, ...size }),
    number('after', 'ours', (l) => l.after, whole, size),
    ...(paper === undefined ? [] : [number('paper-difference', 'ours - K2', differenceOf, signed, size)]),
    number('reduction', 'reduction %', (l) => l.reduction, tenths, { ...size, short: 'less %' }),
    number('latency-before', 'ns before', (l) => l.latencyBefore, ns, { ...TIME, short: 'input' }),
    number('latency-after', 'ns after', (l) => l.latencyAfter, ns, { ...TIME, short: 'ours' }),
    number('latency-reduction', 'ns reduction %', gainOf, tenths, { ...TIME, ...WIDE, short: 'less %' }),
    ...(s.lines.some((l) => costsOf(l) !== undefined) ? COSTS : []),
    words('status', 'status', (l) => l.status, { group: 'checks' }),
    words('kernel', 'kernel', (l) => brief(l.kernel), { ...WIDE, group: 'checks' }),
    words('differential', 'differential runs', (l) => brief(l.differential), { ...WIDE, group: 'checks' }),
    ...(s.lines.some(needsReason)
      ? [words('reason', 'reason', (l) => (needsReason(l) ? l.reason : ''), { ...WIDE, long: true })]
      : []),
  ];
}

/** Without the reason, which the program's page has. */
function brief(text: string): string {
  return text === '' ? '-' : text.replace(/:.*$/s, '');
}

function differenceOf(l: SummaryLine): number | undefined {
  const theirs = l.baselines['paper:k2'];
  return theirs === undefined || l.after === undefined ? undefined : l.after - theirs;
}

function gainOf(l: SummaryLine): number | undefined {
  if (l.latencyBefore === undefined || l.latencyAfter === undefined || l.latencyBefore === 0)
    return undefined;
  return ((l.latencyBefore - l.latencyAfter) / l.latencyBefore) * 100;
}

/** Whether the status leaves a question open. */
function needsReason(l: SummaryLine): boolean {
  return (l.status !== 'ok' && l.status !== 'unchanged') || (hasResult(l.row) && l.row.interrupted);
}
