/**
 * Two cost vectors of one program, and rules that a change may break.
 *
 *   before, after --compareCosts--> one change per column; verdicts that changed
 *   'verifier>0,jited>1%,verifier>85%limit' --parseCostRules--> rules --broken--> the changes that break them
 */
import { UserError } from '../../base/errors.ts';
import { hintFor } from '../../base/text.ts';
import { COST_NAMES, type CostColumn, columnNamed, columnsOf, isMeant } from './columns.ts';
import type { CostVector } from './cost-vector.ts';

export interface CostChange {
  column: Omit<CostColumn, 'value' | 'limit'>;
  before: number | undefined;
  after: number | undefined;
  /** after - before; undefined when one of them is. */
  change: number | undefined;
  /** Of the input; undefined from 0. */
  percent: number | undefined;
  limit?: number;
}

export interface VerdictChange {
  kernel: string;
  before: string;
  after: string;
  reason?: string;
}

export interface CostComparison {
  changes: readonly CostChange[];
  verdicts: readonly VerdictChange[];
}

/** Columns that both have, or only one of them: then without a change. */
export function compareCosts(before: CostVector, after: CostVector): CostComparison {
  const [old, now] = [columnsOf(before), columnsOf(after)];
  const ids = [...new Set([...old, ...now].map((c) => c.id))];
  const changes = ids.map((id): CostChange => {
    const [a, b] = [old.find((c) => c.id === id), now.find((c) => c.id === id)];
    const { value: _value, limit, ...column } = (b ?? a)!;
    const change = a?.value === undefined || b?.value === undefined ? undefined : b.value - a.value;
    const percent = change === undefined || a!.value === 0 ? undefined : (100 * change) / a!.value!;
    return {
      column,
      before: a?.value,
      after: b?.value,
      change,
      percent,
      ...(limit !== undefined && { limit }),
    };
  });
  const verdicts = before.kernels.flatMap((k): VerdictChange[] => {
    const other = after.kernels.find((x) => x.kernel === k.kernel);
    if (other === undefined || other.status === k.status) return [];
    const { reason } = other;
    return [
      { kernel: k.kernel, before: k.status, after: other.status, ...(reason !== undefined && { reason }) },
    ];
  });
  return { changes, verdicts };
}

/**
 * Whether nothing that both measured got worse, no kernel refuses what it accepted, and no number was lost.
 */
export function isNoWorse(c: CostComparison): boolean {
  const lost = c.changes.some((x) => x.before !== undefined && x.after === undefined);
  return (
    !lost && c.verdicts.every((v) => v.before !== 'accepted') && c.changes.every((x) => (x.change ?? 0) <= 0)
  );
}

/** `column>limit`: more than this fails. */
export interface CostRule {
  text: string;
  column: string;
  amount: number;
  /**
   * What the amount is: a growth in the column's unit or in percent of the input, or a share of the kernel's
   * limit.
   */
  of: 'growth' | 'percent' | 'limit';
}

/** @throws UserError when the text is no list of rules */
export function parseCostRules(text: string): CostRule[] {
  return text
    .split(',')
    .map((t) => t.trim())
    .filter((t) => t !== '')
    .map((rule) => {
      const m = /^([a-z-]+)(@[\w.+-]+)?\s*>\s*(\d+(?:\.\d+)?)\s*(%?)\s*(limit)?$/.exec(rule);
      if (m === null || (m[5] !== undefined && m[4] !== '%'))
        throw new UserError(
          `'${rule}' is no rule.`,
          '--fail-on',
          "Write a column and what it may grow by, such as 'verifier>0', 'jited>1%' or 'verifier>85%limit'.",
        );
      const name = columnNamed(m[1]!);
      if (!COST_NAMES.includes(name))
        throw new UserError(`there is no column '${name}'.`, '--fail-on', hintFor(name, COST_NAMES));
      const of = m[5] !== undefined ? 'limit' : m[4] === '%' ? 'percent' : 'growth';
      return { text: rule, column: `${name}${m[2] ?? ''}`, amount: Number(m[3]), of };
    });
}

/** Changes that break a rule. A number that is not there any more breaks every rule about it. */
export function broken(rule: CostRule, { changes }: CostComparison): CostChange[] {
  return changes.filter((c) => {
    if (!isMeant(c.column, rule.column)) return false;
    if (c.after === undefined) return c.before !== undefined;
    if (rule.of === 'limit') return c.limit !== undefined && c.after > (rule.amount / 100) * c.limit;
    if (c.change === undefined || c.change <= 0) return false;
    // More than nothing is more than any share of nothing.
    return rule.of === 'growth' ? c.change > rule.amount : c.percent === undefined || c.percent > rule.amount;
  });
}
