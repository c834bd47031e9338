/**
 * Two results of one experiment, and the gate between them.
 *
 *   base rows, new rows --pairUp--> pairs of results --judge over seeds--> one comparison per metric
 *   comparisons x rules ('size>0', 'latency>1%') --> regressions
 *   results without a partner, rules that nothing was compared under --> regressions too: a gate is not
 *     passed by
 *   measuring nothing
 */
import {
  bootstrapInterval,
  compareSamples,
  geometricMean,
  type Interval,
  type SampleComparison,
} from '../../base/statistics.ts';
import { type Mismatch, mismatches, type NamedRows } from './comparable.ts';
import { breaksRule, type GateRule } from './gate.ts';
import { METRICS, type MetricInfo } from './metrics.ts';
import { label, type PairedRows, type Pairing, pairUp } from './pairing.ts';
import { hasResult } from './result.ts';

export type { NamedRows } from './comparable.ts';
export { type GateRule, parseRules } from './gate.ts';
export { label } from './pairing.ts';

/** One program under one configuration, in one metric. */
export interface ComparedMetric {
  kind: 'compared';
  program: string;
  configuration: string;
  metric: MetricInfo;
  judged: SampleComparison;
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
  /** Programs in the mean, and those that cannot be: a ratio needs two values above 0. */
  programs: number;
  leftOut: number;
  /** Geometric mean of new / base over programs. */
  ratio: number;
  interval: Interval;
}

export interface Comparison {
  base: string;
  new: string;
  /** The worst first: broken rules, worse, better, unsure, same. */
  compared: readonly ComparedMetric[];
  lost: readonly LostResult[];
  /** Only in the new one; not judged. */
  added: readonly string[];
  /** Same input under another name. */
  renamed: readonly { from: string; to: string }[];
  overall: readonly OverallChange[];
  rules: readonly GateRule[];
  warnings: readonly Mismatch[];
  /** Why the gate fails although no single result got worse. */
  problems: readonly string[];
  failed: boolean;
}

export interface CompareOptions {
  /** Which to compare; the rules' are always. */
  metrics?: readonly string[];
  /** Results that were made in another way fail the gate. */
  strict?: boolean;
}

export function compareResults(
  base: NamedRows,
  now: NamedRows,
  rules: readonly GateRule[],
  { metrics = ['size', 'latency'], strict = false }: CompareOptions = {},
): Comparison {
  const wanted = METRICS.filter((m) => metrics.includes(m.id) || rules.some((r) => r.metric === m));
  const pairing = pairUp(base.rows, now.rows);
  const compared = pairing.pairs.flatMap((p) =>
    wanted.flatMap((metric) => compareGroup(p.base, p.new, metric, rules) ?? []),
  );
  const lost = [...pairing.pairs.flatMap((p) => lostSeeds(p.base, p.new, rules)), ...lostGroups(pairing)];
  const isTimed = wanted.some((m) => !m.exact);
  const warnings = mismatches(base, now, pairing);
  const problems = [
    ...emptyRules(compared, rules),
    ...(strict ? warnings.filter((w) => w.kind !== 'times' || isTimed).map((w) => w.text) : []),
  ];
  const isGate = rules.length > 0 || strict;
  return {
    base: base.name,
    new: now.name,
    compared: compared.sort((x, y) => rank(x) - rank(y) || weight(y) - weight(x)),
    lost,
    added: pairing.onlyNew.map(label),
    renamed: pairing.pairs.flatMap((p) => (p.renamed ? [{ from: label(p.base), to: label(p.new) }] : [])),
    overall: wanted.flatMap((m) => overall(m, compared)),
    rules,
    warnings,
    problems,
    failed:
      isGate && (lost.length > 0 || problems.length > 0 || compared.some((c) => c.broken !== undefined)),
  };
}

/** A result that was there and is neither under its name nor, by its content, under another. */
function lostGroups({ onlyBase }: Pairing): LostResult[] {
  return onlyBase
    .filter((g) => g.rows.some(hasResult))
    .map(({ program, configuration }) => ({
      kind: 'lost',
      program,
      configuration,
      reason: 'the new results do not have it, under this name or with this input',
    }));
}

/** Rows that failed where they did not before, fewer results than before, and values that a rule wants. */
function lostSeeds(base: PairedRows, now: PairedRows, rules: readonly GateRule[]): LostResult[] {
  const { program, configuration } = base;
  const lost = (reason: string): LostResult[] => [{ kind: 'lost', program, configuration, reason }];
  const counted = (g: PairedRows): number =>
    g.rows.filter((r) => hasResult(r) && r.status !== 'rejected').length;
  if (!base.rows.some(hasResult)) return [];
  const bad = now.rows.find((r) => !hasResult(r) || r.status === 'rejected');
  if (bad !== undefined && !base.rows.some((r) => r.status === bad.status))
    return lost(`${bad.status}: ${bad.reason}`);
  if (counted(now) < counted(base)) return lost(`results of ${counted(base)} seeds became ${counted(now)}`);
  return [...new Set(rules.map((r) => r.metric))].flatMap((metric) =>
    samples(now, metric).length < samples(base, metric).length ? lost(`${metric.id} was not measured`) : [],
  );
}

/** A rule under which nothing was compared was not passed. */
function emptyRules(compared: readonly ComparedMetric[], rules: readonly GateRule[]): string[] {
  return rules
    .filter((rule) => !compared.some((c) => c.metric === rule.metric))
    .map((rule) => `nothing was compared under the rule ${rule.text}`);
}

function compareGroup(
  base: PairedRows,
  now: PairedRows,
  metric: MetricInfo,
  rules: readonly GateRule[],
): ComparedMetric | undefined {
  const [b, n] = [samples(base, metric), samples(now, metric)];
  if (b.length === 0 || n.length === 0) return undefined;
  // Exact numbers are only comparable seed by seed; what a time limit cut short is not exact.
  const exact = metric.exact && sameSeeds(b, n) && ![...b, ...n].some((s) => s.interrupted);
  const values = (s: Sample[]): number[] => s.map((x) => x.value);
  const judged = compareSamples(values(b), values(n), { exact });
  const broken = rules.find((r) => r.metric === metric && breaksRule(r, judged, exact));
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

function samples(group: PairedRows, metric: MetricInfo): Sample[] {
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

function rank(c: ComparedMetric): number {
  if (c.broken !== undefined) return 0;
  return { worse: 1, better: 2, unsure: 3, same: 4 }[c.judged.judgement];
}

function weight(c: ComparedMetric): number {
  return Math.abs(c.judged.percent ?? Infinity);
}

function overall(metric: MetricInfo, compared: readonly ComparedMetric[]): OverallChange[] {
  const all = compared.filter((c) => c.metric === metric);
  const ratios = all.flatMap(({ judged }) =>
    judged.base > 0 && judged.new > 0 ? [judged.new / judged.base] : [],
  );
  if (ratios.length === 0) return [];
  return [
    {
      metric,
      programs: ratios.length,
      leftOut: all.length - ratios.length,
      ratio: geometricMean(ratios),
      interval: bootstrapInterval(ratios, geometricMean),
    },
  ];
}
