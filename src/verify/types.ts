/** Verdicts and windows: what the verifier is asked and what it answers. */
import type { TestCase } from '../vm/types.ts';

/** Instructions [start, end) of a program, inside one function. */
export interface Window {
  start: number;
  end: number;
}

/** How an equivalence was proven. */
export type Proof = 'identical' | 'normal-form' | 'solver' | 'cache';

/** The answer of the equivalence checker: proven, refuted, or neither and why. */
export type Verdict =
  | { kind: 'equivalent'; how: Proof; ms: number; rlimit?: number }
  | { kind: 'different'; counterexample?: Counterexample; where: string; ms: number }
  /** `exhausted`: the solver spent all that it was allowed. */
  | { kind: 'unknown'; reason: string; exhausted?: true; ms: number };

/** Inputs under which the outputs differ. A window's start state, or a whole test case. */
export interface Counterexample {
  /** Values of the registers that are live into the window, by register number. */
  registers: ReadonlyMap<number, bigint>;
  /** Bytes of memory at the window's start: `region+offset` -> byte. */
  memory: ReadonlyMap<string, number>;
  /**
   * Of a window: values of the unknowns that its question is about, by name: bases of objects, numbers,
   * results of calls.
   */
  unknowns?: ReadonlyMap<string, bigint>;
  test?: TestCase;
}
