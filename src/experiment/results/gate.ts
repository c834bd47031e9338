/**
 * Rules of the gate, such as `size>0` or `latency>1%`: text in, rules out, and whether a comparison breaks
 * one.
 */
import { UserError } from '../../base/errors.ts';
import type { SampleComparison } from '../../base/statistics.ts';
import { hintFor } from '../../base/text.ts';
import { METRICS, type MetricInfo, metricNamed } from './metrics.ts';

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

/** Exact numbers break a rule when they pass its limit; others only when it is sure that they do. */
export function breaksRule(rule: GateRule, j: SampleComparison, exact: boolean): boolean {
  if (j.judgement !== 'worse') return false;
  // More than nothing is more than any share of nothing.
  if (rule.isPercent && j.percent === undefined) return true;
  const ofBase = (percent: number): number => (percent / 100) * j.base;
  const surely = j.percent === undefined ? j.interval.low : ofBase(j.interval.low);
  const grown = rule.isPercent ? (exact ? j.percent! : j.interval.low) : exact ? j.change : surely;
  // Where only one seed of several grew, the median may stand still: it is a regression under a limit of 0.
  return grown > rule.limit || (exact && rule.limit === 0);
}
