/** Inputs on which a program does what the kernel verifier is there to prevent. */
import type { Program } from '../program/program.ts';
import { createMachine } from './machine/machine.ts';
import { observer } from './observe.ts';
import { deepTests } from './testgen/index.ts';
import type { Fault, TestCase } from './types.ts';

/** A run that faults at an instruction, or, without `fault`, reaches it. */
export interface FaultWitness {
  test: TestCase;
  fault?: Fault;
  /** Index of the instruction. */
  at: number;
}

/** Instructions of a run after which it counts as one that does not end. */
const STEPS = 100_000;
/**
 * Tests of which every beginning of the packet is tried: what lacks a check of bounds shows at one length
 * only.
 */
const CUT = 8;
const LONGEST = 256;

/**
 * Runs a program on inputs that lead to all of its code, as far as they can be found.
 *
 * @param at index of an instruction: a fault of this one is told before others, these before a run that
 *   reaches it
 * @param runs inputs to try
 * @returns the run, with as short a packet as shows the same; undefined when none was found
 */
export function showFault(
  program: Program,
  at: number,
  runs: number,
  seed: number,
): FaultWitness | undefined {
  const machine = createMachine(program, { stepLimit: STEPS });
  const faultOf = (test: TestCase): FaultWitness | undefined => {
    machine.setTests([test]);
    const { fault, at: where } = machine.run(program.insns, 0);
    return fault === undefined || where === undefined ? undefined : { test, fault, at: where };
  };
  const reaches = (test: TestCase): FaultWitness | undefined => {
    machine.setTests([test]);
    return (machine.coverage(program.insns).executed[at] ?? 0) > 0 ? { test, at } : undefined;
  };
  let other: FaultWitness | undefined;
  let reached: FaultWitness | undefined;
  const tests = deepTests(program, seed, observer(program, { stepLimit: STEPS }));
  for (let n = 0; n < runs; n++) {
    const { value: drawn } = tests.next();
    for (const test of n < CUT ? beginnings(drawn) : [drawn]) {
      const found = faultOf(test);
      if (found?.at === at || found?.fault === 'step-limit') return shortest(found, faultOf);
      other ??= found;
    }
    if (other === undefined) reached ??= reaches(drawn);
  }
  if (other !== undefined) return shortest(other, faultOf);
  return reached && shortest(reached, reaches);
}

/** The test, then with less of its packet. */
function beginnings(test: TestCase): TestCase[] {
  const lengths = Array.from({ length: Math.min(LONGEST, test.packet.length) }, (_, length) => length);
  return [test, ...lengths.map((length) => ({ ...test, packet: test.packet.slice(0, length) }))];
}

function shortest(found: FaultWitness, show: (test: TestCase) => FaultWitness | undefined): FaultWitness {
  const [, ...cut] = beginnings(found.test);
  for (const test of cut) {
    const shown = show(test);
    if (shown?.at === found.at && shown.fault === found.fault) return shown;
  }
  return found;
}
