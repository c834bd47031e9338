/**
 * Two results of one experiment, and the gate between them.
 *
 *   base rows, new rows --by program and configuration--> samples over seeds --judge--> one comparison per metric
 *   comparisons x rules ('size>0', 'latency>1%') --> regressions
 */
import { UserError } from '../../base/errors.ts';
import {
  bootstrapInterval,
  geometricMean,
  type Interval,
  type Judged,
  judge,
} from '../../base/statistics.ts';
import { hintFor } from '../../base/text.ts';
import { METRICS, type MetricInfo, metricNamed } from './metrics.ts';
import { hasResult, type Row } from './result.ts';

/** `metric>limit`: more than this over the base fails. */
export interface GateRule {
  text: string;
  metric: MetricInfo;
  limit: number;
  isPercent: boolean;
}

/** @throws UserError when the text is no list of rules */
export function parseRules(text: string): GateRule[] {
  return text
    .split(',')
    .map((t) => t.trim())
    .filter((t) => t !== '')
    .map((rule) => {
      const m = /^([a-z-]+)\s*>\s*(\d+(?:\.\d+)?)\s*(%?)$/.exec(rule);
      const name = m?.[1] ?? rule;
      const metric = metricNamed(name);
      const known = METRICS.map((x) => x.id);
      if (m === null)
        throw new UserError(
          `'${rule}' is no rule.`,
          '--fail-on',
          "Write a metric and what it may grow by, such as 'size>0' or 'latency>1%'.",
        );
      if (metric === undefined)
        throw new UserError(`there is no metric '${name}'.`, '--fail-on', hintFor(name, known));
      return { text: rule, metric, limit: Number(m[2]), isPercent: m[3] === '%' };
    });
}

/** One program under one configuration, in one metric. */
export interface ComparedMetric {
  kind: 'compared';
  program: string;
  configuration: string;
  metric: MetricInfo;
  judged: Judged;
  /** Values per seed that went in. */
  seeds: { base: number; new: number };
  /** The rule that it breaks. */
  broken?: GateRule;
}

/** A result that was there and is not any more. */
export interface LostResult {
  kind: 'lost';
  program: string;
  configuration: string;
  reason: string;
}

export interface OverallChange {
  metric: MetricInfo;
  programs: number;
  /** Geometric mean of new / base over programs. */
  ratio: number;
  interval: Interval;
}

export interface Comparison {
  base: string;
  new: string;
  /** The worst first: lost, broken rules, worse, better, unsure, same. */
  compared: readonly ComparedMetric[];
  lost: readonly LostResult[];
  /** Only in one of the two; not judged. */
  added: readonly string[];
  removed: readonly string[];
  overall: readonly OverallChange[];
  rules: readonly GateRule[];
  warnings: readonly string[];
  failed: boolean;
}

export interface NamedRows {
  name: string;
  rows: readonly Row[];
}

interface Group {
  program: string;
  configuration: string;
  rows: Row[];
}

/** @param metrics which to compare; the rules' are always */
export function compareResults(
  base: NamedRows,
  now: NamedRows,
  rules: readonly GateRule[],
  metrics: readonly string[] = ['size', 'latency'],
): Comparison {
  const [before, after] = [groups(base.rows), groups(now.rows)];
  const wanted = METRICS.filter((m) => metrics.includes(m.id) || rules.some((r) => r.metric === m));
  const lost: LostResult[] = [];
  const compared: ComparedMetric[] = [];
  for (const [key, b] of before) {
    const a = after.get(key);
    if (a === undefined || !b.rows.some(hasResult)) continue;
    const bad = a.rows.find((r) => !hasResult(r) || r.status === 'rejected');
    const { program, configuration } = b;
    if (bad !== undefined && !b.rows.some((r) => r.status === bad.status))
      lost.push({ kind: 'lost', program, configuration, reason: `${bad.status}: ${bad.reason}` });
    for (const metric of wanted) {
      const compare = compareGroup(b, a, metric, rules);
      if (compare !== undefined) compared.push(compare);
    }
  }
  const names = (from: Map<string, Group>, other: Map<string, Group>): string[] =>
    [...from].filter(([key]) => !other.has(key)).map(([, g]) => label(g));
  return {
    base: base.name,
    new: now.name,
    compared: compared.sort((x, y) => rank(x) - rank(y) || weight(y) - weight(x)),
    lost,
    added: names(after, before),
    removed: names(before, after),
    overall: wanted.flatMap((m) => overall(m, compared)),
    rules,
    warnings: warningsOf(base, now),
    failed: rules.length > 0 && (lost.length > 0 || compared.some((c) => c.broken !== undefined)),
  };
}

function groups(rows: readonly Row[]): Map<string, Group> {
  const all = new Map<string, Group>();
  for (const row of rows) {
    const { corpus, id, variant } = row.program;
    const key = JSON.stringify([corpus, id, variant, row.configuration]);
    const group = all.get(key) ?? { program: id, configuration: row.configuration, rows: [] };
    group.rows.push(row);
    all.set(key, group);
  }
  return all;
}

export function label(x: { program: string; configuration: string }): string {
  return x.configuration === 'default' ? x.program : `${x.program}, ${x.configuration}`;
}

function compareGroup(
  base: Group,
  now: Group,
  metric: MetricInfo,
  rules: readonly GateRule[],
): ComparedMetric | undefined {
  const [b, n] = [samples(base, metric), samples(now, metric)];
  if (b.length === 0 || n.length === 0) return undefined;
  // Exact numbers are only comparable seed by seed; what a time limit cut short is not exact.
  const exact = metric.exact && sameSeeds(b, n) && ![...b, ...n].some((s) => s.interrupted);
  const values = (s: Sample[]): number[] => s.map((x) => x.value);
  const judged = judge(values(b), values(n), { exact });
  const broken = rules.find((r) => r.metric === metric && breaks(r, judged, exact));
  return {
    kind: 'compared',
    program: base.program,
    configuration: base.configuration,
    metric,
    judged,
    seeds: { base: b.length, new: n.length },
    ...(broken === undefined ? {} : { broken }),
  };
}

interface Sample {
  seed: number;
  value: number;
  interrupted: boolean;
}

function samples(group: Group, metric: MetricInfo): Sample[] {
  return group.rows
    .flatMap((row) => {
      if (!hasResult(row) || row.status === 'rejected') return [];
      const value = metric.value(row);
      return value === undefined ? [] : [{ seed: row.seed, value, interrupted: row.interrupted }];
    })
    .sort((a, b) => a.seed - b.seed);
}

function sameSeeds(a: readonly Sample[], b: readonly Sample[]): boolean {
  return a.length === b.length && a.every((s, i) => s.seed === b[i]!.seed);
}

/** Exact numbers break a rule when they pass its limit; others only when it is sure that they do. */
function breaks(rule: GateRule, j: Judged, exact: boolean): boolean {
  if (j.judgement !== 'worse') return false;
  const sure = exact ? j.percent : j.interval.low;
  const grown = rule.isPercent ? sure : exact ? j.change : (j.interval.low / 100) * j.base;
  // Where only one seed of several grew, the median may stand still: it is a regression under a limit of 0.
  return grown > rule.limit || (exact && rule.limit === 0);
}

function rank(c: ComparedMetric): number {
  if (c.broken !== undefined) return 0;
  return { worse: 1, better: 2, unsure: 3, same: 4 }[c.judged.judgement];
}

function weight(c: ComparedMetric): number {
  return Math.abs(c.judged.percent);
}

function overall(metric: MetricInfo, compared: readonly ComparedMetric[]): OverallChange[] {
  const ratios = compared.flatMap(({ metric: m, judged }) =>
    m === metric && judged.base > 0 && judged.new > 0 ? [judged.new / judged.base] : [],
  );
  if (ratios.length === 0) return [];
  return [
    {
      metric,
      programs: ratios.length,
      ratio: geometricMean(ratios),
      interval: bootstrapInterval(ratios, geometricMean),
    },
  ];
}

function warningsOf(base: NamedRows, now: NamedRows): string[] {
  const machine = (rows: readonly Row[]): string =>
    [...new Set(rows.map((r) => `${r.provenance.cpu}, ${r.provenance.kernel}`))].sort().join('; ');
  const inputs = new Map(base.rows.map((r) => [`${r.program.corpus}/${r.program.id}`, r.input]));
  const changed = new Set(
    now.rows.flatMap((r) => {
      const name = `${r.program.corpus}/${r.program.id}`;
      const before = inputs.get(name);
      return before !== undefined && before !== r.input ? [name] : [];
    }),
  );
  return [
    ...(machine(base.rows) === machine(now.rows) || base.rows.length === 0
      ? []
      : ['the two were made on different machines: times are not comparable']),
    ...(changed.size === 0 ? [] : [`inputs differ: ${[...changed].join(', ')}`]),
  ];
}
