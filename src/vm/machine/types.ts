/** What a machine takes, gives, and can do (machine.ts makes one). */

import type { Insn } from '../../isa/insn.ts';
import type { Program } from '../../program/program.ts';
import type { MissedKey } from '../helpers/index.ts';
import type { LatencyProfile } from '../latency/latency.ts';
import { DEFAULT_PROFILE } from '../latency/latency.ts';
import type { MachineState } from '../memory/machine-state.ts';
import type { Outcome, TestCase } from '../types.ts';

export interface MachineOptions {
  /** How outputs are compared: differing bits, or sum of absolute differences (K2's two). */
  metric: 'pop' | 'abs';
  /** Distance of a test on which the candidate faults. */
  faultCost: number;
  /** Distance per external call that differs, is missing or too many. */
  callCost: number;
  /** Distance per packet boundary that differs. */
  edgeCost: number;
  /** Instructions per run before it counts as a fault. */
  stepLimit: number;
  /** How often `may_goto` falls through. */
  mayGoto: number;
  /** CPU ids that a test may run on: 0 .. cpus-1. */
  cpus: number;
  /** The context is plain memory, readable and writable; all 64 bits of r0 count. */
  plainContext: boolean;
  /** Prices of instructions. */
  profile: LatencyProfile;
}

export const MACHINE_DEFAULTS: MachineOptions = {
  metric: 'pop',
  faultCost: 2048,
  callCost: 128,
  edgeCost: 64,
  stepLimit: 1_000_000,
  mayGoto: 8192,
  cpus: 2,
  plainContext: false,
  profile: DEFAULT_PROFILE,
};

/** Sum over the tests that ran; `stopped` when the error exceeded the limit, so that not all of them did. */
export interface Evaluation {
  error: number;
  failed: number;
  faults: number;
  stopped: boolean;
}

/** Per instruction: executions, and how often a jump was taken. */
export interface Coverage {
  executed: readonly number[];
  taken: readonly number[];
}

/** What one run looked for in vain and what it reached, for the test generator. */
export interface Trace {
  /** Keys of lookups that gave NULL; maps as the program numbers them, inner ones of maps of maps behind. */
  missed: readonly MissedKey[];
  coverage: Coverage;
}

export interface Machine {
  readonly program: Program;
  readonly tests: readonly TestCase[];
  setTests(tests: readonly TestCase[]): void;
  /** One run on one test, in full. Does not disturb source or candidate. */
  run(insns: readonly Insn[], test: number): Outcome;
  runAll(insns: readonly Insn[]): Outcome[];
  /**
   * Runs the source on every test. Returns the tests on which it faults: they do not take part in `evaluate`.
   */
  setSource(insns: readonly Insn[]): number[];
  setCandidate(insns: readonly Insn[]): void;
  patch(index: number, insn: Insn): void;
  evaluate(limit?: number): Evaluation;
  /** Mean modeled nanoseconds over the tests (those on which the source faults left out). */
  latency(insns: readonly Insn[]): number;
  /** Coverage of `insns` over all tests. */
  coverage(insns: readonly Insn[]): Coverage;
  /** As `coverage`, of one run, with the keys that it looked up in vain. */
  observe(insns: readonly Insn[], test: number): Trace;
  /**
   * What every test that reaches instruction `index` of `insns` has in registers and memory when it first
   * does.
   */
  statesAt(insns: readonly Insn[], index: number): MachineState[];
  /**
   * The memory that the runs work on (layout.ts), for benches: the shadow of a byte is `delta` further on.
   */
  linearMemory(): { bytes: Uint8Array; delta: number };
}
