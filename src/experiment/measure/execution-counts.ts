/**
 * How often the test cases execute each instruction: the modeled latency is these counts times the prices.
 */
import type { OptimizeOptions } from '../../optimizer/types.ts';
import type { Program } from '../../program/program.ts';
import { DEFAULT_PROFILE, pricesOf } from '../../vm/latency/latency.ts';
import { createMachine } from '../../vm/machine/machine.ts';
import { observer } from '../../vm/observe.ts';
import { generateTests } from '../../vm/testgen/index.ts';

/**
 * Executions per run of each instruction of the two versions, means over the tests on which the input does
 * not fault.
 */
export interface Executed {
  before: readonly number[];
  after: readonly number[];
}

/** The same tests as the optimizer's: they depend on program, seed and count only. */
export function executedOf(original: Program, output: Program, options: OptimizeOptions): Executed {
  const machine = createMachine(original);
  const { seed, tests: count } = options;
  const tests = generateTests(original, { seed, count, observe: observer(original) });
  machine.setTests(tests);
  const faulty = new Set(machine.setSource(original.insns));
  const sound = tests.filter((_, k) => !faulty.has(k));
  machine.setTests(sound);
  const mean = (p: Program): number[] =>
    machine.coverage(p.insns).executed.map((n) => (sound.length === 0 ? 0 : round(n / sound.length)));
  return { before: mean(original), after: mean(output) };
}

/**
 * What one execution of each instruction is priced at, in nanoseconds: the factors of the modeled latency.
 */
export function pricesOfBoth(original: Program, output: Program): Executed {
  const prices = (p: Program): number[] => pricesOf(p.insns, DEFAULT_PROFILE, p.maps);
  return { before: prices(original), after: prices(output) };
}

/** To six digits: rows are read by people, too. */
function round(x: number): number {
  return Math.round(x * 1e6) / 1e6;
}
