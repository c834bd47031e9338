/** Sentences about the numbers of a table. */
import { median } from '../../../base/statistics.ts';
import { fixed, num } from '../tables.ts';

/**
 * `Ours is smaller than K2's in 8 of 18 programs, equal in 5, larger in 5.` @param differences ours - theirs
 */
export function comparisonSentence(
  differences: readonly number[],
  {
    what,
    than,
    less,
    more,
    of = 'programs',
  }: { what: string; than: string; less: string; more: string; of?: string },
): string[] {
  const n = differences.length;
  if (n === 0) return [];
  const count = (f: (d: number) => boolean): number => differences.filter(f).length;
  return [
    `${what} ${less} than ${than} in ${count((d) => d < 0)} of ${n} ${of}, equal in ${count((d) => d === 0)}, ${more} in ${count((d) => d > 0)}.`,
  ];
}

/** How far residuals are from zero. */
export function residualSentence(
  residuals: readonly number[],
  what: string,
  unit: string,
  digits = 1,
): string[] {
  if (residuals.length === 0) return [];
  const sizes = residuals.map(Math.abs);
  const mean = residuals.reduce((s, r) => s + r, 0) / residuals.length;
  const signed = num(mean, digits, true).text;
  return [
    `${what}, in ${unit}: mean ${signed}; without sign, median ${fixed(median(sizes), digits)}, largest ${fixed(Math.max(...sizes), digits)} (${residuals.length} figures).`,
  ];
}

export function average(xs: readonly number[]): number {
  return xs.reduce((s, x) => s + x, 0) / xs.length;
}
