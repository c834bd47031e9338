/** Interpreter feedback for the test generator: what a test reaches, and which map entries it wanted. */
import type { Program } from '../program/program.ts';
import { createMachine } from './machine/machine.ts';
import type { MachineOptions } from './machine/types.ts';
import type { TestObservation } from './testgen/index.ts';
import type { TestCase } from './types.ts';

/**
 * Runs a program on a test, on a machine of its own. Covered: instructions, and both ways out of each branch.
 */
export function observer(
  program: Program,
  options: Partial<MachineOptions> = {},
): (test: TestCase) => TestObservation {
  const machine = createMachine(program, options);
  const { insns } = program;
  return (test) => {
    machine.setTests([test]);
    const { missed, coverage } = machine.observe(insns, 0);
    const covered: number[] = [];
    for (const [i, n] of coverage.executed.entries()) {
      if (n === 0) continue;
      const taken = coverage.taken[i]!;
      covered.push(i);
      if (taken > 0) covered.push(insns.length + i);
      if (taken < n) covered.push(2 * insns.length + i);
    }
    return { missed, covered };
  };
}
