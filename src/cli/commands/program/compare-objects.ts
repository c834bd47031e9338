/** `k2 compare` of two objects, or of two CSV files of veristat: what changed, the worst first, and rules. */
import type { CostChange, CostComparison } from '../../../program/cost/compare-costs.ts';
import type { NamedCost } from '../../../program/cost/veristat.ts';
import { type CostOptions, costReader } from '../../costs.ts';
import { ExitCode } from '../../failure.ts';
import { say, sayJson } from '../../output.ts';

export interface CompareObjectsArgs extends CostOptions {
  failOn: string;
  filter: string;
  sort?: string;
  top?: number;
  csv?: boolean;
  json?: boolean;
}

const EXIT_REGRESSION = 1;

export async function compareObjects(before: string, after: string, o: CompareObjectsArgs): Promise<void> {
  const { broken, compareCosts, parseCostRules } = await import('../../../program/cost/compare-costs.ts');
  const { parseFilter, sortBy } = await import('../../../program/cost/selection.ts');
  const { sumCosts } = await import('../../../program/cost/cost-vector.ts');
  const rules = parseCostRules(o.failOn);
  const filter = parseFilter(o.filter);
  const read = await costReader(o);
  const [old, now] = [read(before), read(after)];
  const pairs = pairsOf(old, now);
  const compared = pairs.map(([a, b]) => ({
    file: b.file,
    program: b.program,
    comparison: compareCosts(a.cost, b.cost),
  }));
  const sorted = sortBy(compared.filter(filter), o.sort ?? (hasKernels(now) ? 'verifier' : 'slots'));
  const shown = sorted.slice(0, o.top ?? sorted.length);
  const total = compareCosts(sumCosts(pairs.map(([a]) => a.cost)), sumCosts(pairs.map(([, b]) => b.cost)));
  const found = compared.flatMap((p) =>
    rules.flatMap((rule) =>
      broken(rule, p.comparison).map((c) => ({ program: p.program, rule: rule.text, ...c })),
    ),
  );
  const refused = compared.filter((p) => p.comparison.verdicts.some((v) => v.before === 'accepted'));
  const lost = old.filter((a) => !pairs.some(([x]) => x === a)).map((a) => a.program);
  if (o.json === true) sayJson({ programs: shown, total, broken: found, lost });
  else {
    say(await tableOf([...shown, { program: 'sum', comparison: total }]));
    if (shown.length < compared.length) say(`${shown.length} of ${compared.length} programs shown`);
    for (const p of compared)
      for (const v of p.comparison.verdicts)
        say(
          `${p.program}, kernel ${v.kernel}: ${v.before}, now ${v.after}${v.reason === undefined ? '' : `: ${v.reason}`}`,
        );
    for (const name of lost) say(`${name}: only in ${before}`);
    for (const f of found) say(`${f.rule}: ${f.program} ${f.column.id} ${changeText(f)}`);
  }
  if (found.length > 0 || refused.length > 0 || (rules.length > 0 && lost.length > 0))
    throw new ExitCode(EXIT_REGRESSION);
}

/** By name, or because both have one program. */
function pairsOf(old: readonly NamedCost[], now: readonly NamedCost[]): [NamedCost, NamedCost][] {
  if (old.length === 1 && now.length === 1) return [[old[0]!, now[0]!]];
  return old.flatMap((a): [NamedCost, NamedCost][] => {
    const b = now.find((x) => x.program === a.program);
    return b === undefined ? [] : [[a, b]];
  });
}

const hasKernels = (costs: readonly NamedCost[]): boolean => costs.some((c) => c.cost.kernels.length > 0);

async function tableOf(rows: readonly { program: string; comparison: CostComparison }[]): Promise<string> {
  const { textTable } = await import('../../../report/tables/text.ts');
  const isKnown = (id: string): boolean =>
    rows.some((r) => r.comparison.changes.some((c) => c.column.id === id && c.before !== undefined));
  const ids = [...new Set(rows.flatMap((r) => r.comparison.changes.map((c) => c.column.id)))].filter(isKnown);
  const lines = rows.map((r) => [
    r.program,
    ...ids.map((id) => {
      const change = r.comparison.changes.find((c) => c.column.id === id);
      return change === undefined ? '-' : changeText(change);
    }),
  ]);
  return textTable(['program', ...ids], lines, [false, ...ids.map(() => true)]);
}

function changeText({ column, before, after, change, percent }: CostChange): string {
  const text = (n: number | undefined): string => (n === undefined ? '-' : n.toFixed(column.digits));
  if (change === 0) return text(after);
  const share = percent === undefined ? '' : ` (${percent > 0 ? '+' : ''}${percent.toFixed(1)} %)`;
  return `${text(before)} -> ${text(after)}${share}`;
}
