/**
 * What each line of a listing costs: the price of one execution, and how often the test cases execute it.
 * Rows carry both; those of schema 1 carry no prices, which are then found again from the text and checked
 * against the measured sum.
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

/**
 * One per line; undefined when the listing does not give the sum that was measured: then other prices were
 * used.
 */
export function costsOf(row: ResultRow, version: 'before' | 'after'): (LineCost | undefined)[] | undefined {
  const lines = row.disassembly?.[version] ?? [];
  const isLabel = lines.map((l) => !/^\d+: /.test(l));
  const prices =
    row.prices?.[version] ?? assembledPrices(lines, row.measurements.staticLatency[version].value);
  if (prices === undefined) return undefined;
  const runs = row.executed?.[version];
  let next = 0;
  return lines.map((_, k) => {
    if (isLabel[k]) return undefined;
    const at = next++;
    const times = runs?.[at];
    return { ns: prices[at]!, ...(times === undefined ? {} : { runs: times }) };
  });
}

/** Of rows of schema 1. */
function assembledPrices(lines: readonly string[], measured: number): number[] | undefined {
  const text = lines.map((l) => l.replace(/^\d+: /, '')).join('\n');
  const helper = (name: string): number | undefined => helperByName(name)?.id;
  try {
    const prices = pricesOf(assemble(text, { helper, map: () => 0 }), DEFAULT_PROFILE, []);
    const sum = prices.reduce((a, b) => a + b, 0);
    return Math.abs(sum - measured) > 1e-6 ? undefined : prices;
  } catch {
    return undefined;
  }
}
