/**
 * Which compared programs are shown, and in which order.
 *
 *   filter  'changed,verifier>5000,jited%>2,name~nat'    all must hold: value after, growth in percent, text
 *           in the name
 *   sort    'verifier': what grew most first; '-verifier': what fell most first
 */
import { UserError } from '../../base/errors.ts';
import { hintFor } from '../../base/text.ts';
import { COST_NAMES, isMeant } from './columns.ts';
import type { CostChange, CostComparison } from './compare-costs.ts';

export interface ComparedProgram {
  file: string;
  program: string;
  comparison: CostComparison;
}

type Condition = (p: ComparedProgram) => boolean;

/** @throws UserError when the text is no filter */
export function parseFilter(text: string): Condition {
  const conditions = text
    .split(',')
    .map((t) => t.trim())
    .filter((t) => t !== '')
    .map(parseCondition);
  return (p) => conditions.every((holds) => holds(p));
}

function parseCondition(text: string): Condition {
  if (text === 'changed')
    return ({ comparison: c }) => c.verdicts.length > 0 || c.changes.some((x) => (x.change ?? 0) !== 0);
  const name = /^name\s*~\s*(.+)$/.exec(text)?.[1];
  if (name !== undefined) return (p) => p.program.includes(name);
  const m = /^([a-z-]+(?:@[\w.+-]+)?)(%?)\s*([<>])\s*(-?\d+(?:\.\d+)?)$/.exec(text);
  if (m === null)
    throw new UserError(
      `'${text}' is no condition.`,
      '--filter',
      "Such as 'changed', 'verifier>5000', 'jited%>2' or 'name~nat'.",
    );
  const [, column = '', percent, relation, amount] = m;
  mustBeColumn(column, '--filter');
  const value = (c: CostChange): number | undefined => (percent === '%' ? (c.percent ?? 0) : c.after);
  return ({ comparison }) =>
    comparison.changes.some((c) => {
      const v = isMeant(c.column, column) ? value(c) : undefined;
      return v !== undefined && (relation === '>' ? v > Number(amount) : v < Number(amount));
    });
}

/** @throws UserError when there is no such column */
export function sortBy(programs: readonly ComparedProgram[], text: string): ComparedProgram[] {
  const isFall = text.startsWith('-');
  const column = isFall ? text.slice(1) : text;
  mustBeColumn(column, '--sort');
  const growth = ({ comparison }: ComparedProgram): number =>
    comparison.changes
      .filter((c) => isMeant(c.column, column))
      .reduce((most, c) => Math.max(most, isFall ? -(c.change ?? 0) : (c.change ?? 0)), -Infinity);
  return programs
    .map((p) => ({ p, by: growth(p) }))
    .sort((a, b) => b.by - a.by)
    .map(({ p }) => p);
}

function mustBeColumn(word: string, option: string): void {
  const name = word.split('@')[0]!;
  if (!COST_NAMES.includes(name))
    throw new UserError(`there is no column '${name}'.`, option, hintFor(name, COST_NAMES));
}
