/**
 * The test bench of one optimization: the interpreter with its test cases, and what candidates are compared
 * with.
 */

import type { Rng } from '../../base/random.ts';
import type { Insn } from '../../isa/insn.ts';
import type { Program } from '../../program/program.ts';
import { settingsOf } from '../../search/chain/settings.ts';
import type { WindowContext } from '../../verify/index.ts';
import type { Window } from '../../verify/types.ts';
import { staticLatency } from '../../vm/latency/latency.ts';
import { createMachine } from '../../vm/machine/machine.ts';
import type { Machine } from '../../vm/machine/types.ts';
import { type LiveOutPlace, WindowMachine } from '../../vm/machine/window-machine.ts';
import type { MachineState } from '../../vm/memory/machine-state.ts';
import { testsThatFit } from '../../vm/memory/memory-plan.ts';
import { observer } from '../../vm/observe.ts';
import { generateTests } from '../../vm/testgen/index.ts';
import type { TestCase } from '../../vm/types.ts';
import type { Latency, OptimizeOptions } from '../types.ts';
import { addBoundaryStates } from './boundary-states.ts';
import { synthesiseStates } from './synthetic.ts';

/** Counterexamples that a window can take. */
const SPARE = 32;
/** Differences of modeled nanoseconds below this are rounding. */
const SAME_TIME = 1e-9;

export class TestBench {
  private readonly machine: Machine;
  private readonly windows: WindowMachine;
  readonly tests: readonly TestCase[];
  /** Tests on which the original itself faults; they decide nothing. */
  readonly faulty: readonly number[];
  private source: Program;
  /** The last program that did on every test what the source does. */
  private agreed: Program | undefined;

  constructor(program: Program, options: Pick<OptimizeOptions, 'seed' | 'tests' | 'settings'>) {
    const { seed, tests: count } = options;
    const metric = { metric: settingsOf(options).distance };
    this.machine = createMachine(program, metric);
    // Half of the room is for the states that windows are entered in.
    const [first] = generateTests(program, { seed, count: 1 });
    const most = first === undefined ? count : Math.max(1, testsThatFit(program, first) >> 1);
    this.tests = generateTests(program, { seed, count: Math.min(count, most), observe: observer(program) });
    this.machine.setTests(this.tests);
    this.windows = new WindowMachine(program, this.tests, Math.min(SPARE, most), metric);
    this.source = program;
    this.faulty = this.machine.setSource(program.insns);
  }

  /** Makes `program` the one that candidates are compared with. */
  setSource(program: Program): void {
    if (this.source === program) return;
    this.source = program;
    // One that did the same is the source already, unless there are tests that were not looked at.
    if (this.agreed !== program || this.faulty.length > 0) this.machine.setSource(program.insns);
  }

  /** Why `candidate` does not do what the source does on the tests; undefined when it does. */
  disagreement(candidate: Program): string | undefined {
    this.machine.setCandidate(candidate.insns);
    const { failed } = this.machine.evaluate();
    if (failed === 0) this.agreed = candidate;
    return failed === 0 ? undefined : `differs on ${failed} of ${this.tests.length} tests`;
  }

  /** Why the modeled time along the executed paths forbids a rewrite that a window's sum allows. */
  slower(candidate: Program): string | undefined {
    const [now, then] = [this.latency(this.source).path, this.latency(candidate).path];
    return then > now + SAME_TIME ? 'slower along the executed paths' : undefined;
  }

  latency(program: Program): Latency {
    return { path: this.machine.latency(program.insns), staticSum: staticLatency(program.insns) };
  }

  /**
   * Runs rewrites of one window from the states in which the tests enter it, or, where none does, from states
   * made up; undefined when there are none of these either.
   * @param source the window by positions (search/chain/positions.ts)
   */
  open(window: Window, source: readonly Insn[], context: WindowContext, rng: Rng): WindowMachine | undefined {
    let states = this.machine.statesAt(this.source.insns, window.start);
    if (states.length === 0) states = this.synthetic(context, rng);
    if (states.length === 0) return undefined;
    const observed = (at: Pick<WindowContext, 'liveRegisters' | 'liveStack'>): LiveOutPlace => ({
      registers: at.liveRegisters,
      stack: at.liveStack,
    });
    this.windows.open(source, states, {
      end: observed(context),
      places: context.exits.map(observed),
      exit: { registers: [context.returnBits], stack: new Uint8Array(context.liveStack.length) },
    });
    addBoundaryStates(this.windows, source, context);
    return this.windows.size === 0 ? undefined : this.windows;
  }

  private synthetic(context: WindowContext, rng: Rng): MachineState[] {
    return this.machine
      .statesAt(this.source.insns, 0)
      .flatMap((start) => synthesiseStates(start, context, rng) ?? []);
  }
}
