/** Inputs for runs in the kernel: guided by the interpreter, so that they reach deep code. */
import type { Program } from '../../program/program.ts';
import { createMachine } from '../../vm/machine/machine.ts';
import { observer } from '../../vm/observe.ts';
import { deepTests } from '../../vm/testgen/index.ts';
import type { TestCase } from '../../vm/types.ts';
import { asRun } from './model.ts';

/**
 * Inputs for one program without end, that the kernel can play: the interpreter says which map entries a test
 * looked for and whether it got anywhere new.
 */
export function kernelTests(program: Program, seed: number): Generator<TestCase, never> {
  const run = asRun(program);
  return deepTests(run, seed, observer(run));
}

export function firstOf<T>(items: Generator<T, never>, count: number): T[] {
  return Array.from({ length: count }, () => items.next().value);
}

/** Tests that are drawn per test kept. */
const EFFORT = 24;
/** Tests that the interpreter holds at once. */
const CHUNK = 64;

/**
 * `count` inputs (or fewer) to time a program with: of many guided ones, one per path as the interpreter
 * counts steps, spread evenly from the shortest path to the longest.
 */
export function timingTests(program: Program, seed: number, count: number): TestCase[] {
  const drawn = firstOf(kernelTests(program, seed), count * EFFORT);
  const machine = createMachine(asRun(program));
  const paths = new Map<number, TestCase>();
  for (let at = 0; at < drawn.length; at += CHUNK) {
    const chunk = drawn.slice(at, at + CHUNK);
    machine.setTests(chunk);
    for (const [k, o] of machine.runAll(program.insns).entries())
      if (o.status === 'exit' && !paths.has(o.steps)) paths.set(o.steps, chunk[k]!);
  }
  const sorted = [...paths].sort(([a], [b]) => a - b).map(([, test]) => test);
  if (sorted.length <= count) return sorted;
  return Array.from(
    { length: count },
    (_, k) => sorted[Math.round((k * (sorted.length - 1)) / (count - 1 || 1))]!,
  );
}
