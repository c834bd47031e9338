/** The test bench of one optimization: the interpreter with its test cases, and what candidates are compared with. */
import { type Insn, isNop } from '../isa/insn.ts';
import type { Program } from '../program/program.ts';
import type { Evaluator } from '../search/chain.ts';
import type { ChainSettings } from '../search/settings.ts';
import type { Window } from '../verify/types.ts';
import { staticLatency } from '../vm/latency.ts';
import { createMachine, type Machine } from '../vm/machine.ts';
import { generateTests, type Observation } from '../vm/testgen/index.ts';
import type { TestCase } from '../vm/types.ts';

export class Bench {
  private readonly machine: Machine;
  readonly tests: readonly TestCase[];
  private source: Program;

  constructor(program: Program, seed: number, count: number, settings: ChainSettings) {
    this.machine = createMachine(program, { metric: settings.distance });
    this.tests = generateTests(program, { seed, count, observe: observer(program) });
    this.machine.setTests(this.tests);
    this.source = program;
    this.setSource(program);
  }

  /** Makes `program` the one that candidates are compared with. */
  setSource(program: Program): void {
    this.source = program;
    const faulty = this.machine.setSource(program.insns);
    if (faulty.length > 0) this.faulty = faulty;
  }

  /** Tests on which the source itself faults; they decide nothing. */
  faulty: readonly number[] = [];

  /** Why `candidate` does not do what the source does on the tests; undefined when it does. */
  disagreement(candidate: Program): string | undefined {
    this.machine.setCandidate(candidate.insns);
    const { failed } = this.machine.evaluate();
    return failed === 0 ? undefined : `differs on ${failed} of ${this.tests.length} tests`;
  }

  latency(program: Program): { path: number; staticSum: number } {
    return { path: this.machine.latency(program.insns), staticSum: staticLatency(program.insns) };
  }

  /** Runs rewrites of one window of the source, with the rest of the program around them. */
  evaluatorFor(window: Window): Evaluator {
    const { machine, source, tests } = this;
    return {
      tests: tests.length,
      set(insns: readonly Insn[]) {
        machine.setCandidate([
          ...source.insns.slice(0, window.start),
          ...insns,
          ...source.insns.slice(window.end),
        ]);
      },
      patch(at: number, i: Insn) {
        machine.patch(window.start + at, i);
      },
      error(limit: number) {
        return machine.evaluate(limit).error;
      },
    };
  }
}

/** Feedback for the test generator from a machine of its own. */
function observer(program: Program): (test: TestCase) => Observation {
  const machine = createMachine(program);
  return (test) => {
    machine.setTests([test]);
    const { executed } = machine.coverage(program.insns);
    return {
      missed: [],
      covered: executed.flatMap((n, index) => (n > 0 ? [index] : [])),
    };
  };
}

/** A window as it goes into a program: without NOPs. */
export function stripped(window: readonly Insn[]): Insn[] {
  return window.filter((i) => !isNop(i));
}
