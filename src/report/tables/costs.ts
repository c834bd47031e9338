/**
 * What each line of a listing costs: the price of one execution, and how often the test cases execute it.
 *
 *   listing --assemble--> instructions --latency profile--> ns each; checked against the sum that was measured
 */
import type { ResultRow } from '../../experiment/results/result.ts';
import { assemble } from '../../isa/asm/asm.ts';
import { helperByName } from '../../program/tables/helpers.ts';
import { DEFAULT_PROFILE, pricesOf } from '../../vm/latency/latency.ts';

/** Of one line. A label costs nothing. */
export interface LineCost {
  ns: number;
  /** Executions per run, mean over the test cases; undefined where they were not recorded. */
  runs?: number;
}

/** One per line; undefined when the listing does not give the sum that was measured: then other prices were used. */
export function costsOf(row: ResultRow, version: 'before' | 'after'): (LineCost | undefined)[] | undefined {
  const lines = row.disassembly?.[version] ?? [];
  const isLabel = lines.map((l) => !/^\d+: /.test(l));
  const text = lines.map((l) => l.replace(/^\d+: /, '')).join('\n');
  let prices: number[];
  try {
    const helper = (name: string): number | undefined => helperByName(name)?.id;
    prices = pricesOf(assemble(text, { helper, map: () => 0 }), DEFAULT_PROFILE, []);
  } catch {
    return undefined;
  }
  const sum = prices.reduce((a, b) => a + b, 0);
  if (Math.abs(sum - row.measurements.staticLatency[version].value) > 1e-6) return undefined;
  const runs = row.executed?.[version];
  let next = 0;
  return lines.map((_, k) => {
    if (isLabel[k]) return undefined;
    const at = next++;
    const times = runs?.[at];
    return { ns: prices[at]!, ...(times === undefined ? {} : { runs: times }) };
  });
}
