/**
 * What goes into a run and what comes out. Plain data, so that test cases can be stored, mutated and
 * compared.
 */

/** One entry of a map before or after a run; per-CPU maps give the value of the one simulated CPU. */
export interface MapEntry {
  key: Uint8Array;
  value: Uint8Array;
}

/** Contents of one map: entries in insertion order (arrays: only the entries that are not all zero). */
export type MapContents = readonly MapEntry[];

/** Everything a program can observe. Two runs of one program on one test case are identical. */
export interface TestCase {
  /**
   * Context bytes as the program sees them (hook layout); pointer fields are filled in by the interpreter.
   */
  ctx: Uint8Array;
  /** Packet from its first byte; empty for hooks without one. */
  packet: Uint8Array;
  /** Per map of the program, in order. */
  maps: readonly MapContents[];
  /**
   * Seeds every unknown: random numbers, time, CPU id, pointer values, results of helpers that are not
   * modelled.
   */
  seed: number;
}

/**
 * An effect that somebody outside can see, in order: helper id, scalar arguments, bytes behind pointer
 * arguments.
 */
export interface ExternalCall {
  helper: number;
  args: readonly bigint[];
  bytes: readonly Uint8Array[];
}

/** What goes wrong in a run that the kernel verifier is there to prevent. */
export type Fault =
  | 'out-of-bounds'
  | 'read-only'
  | 'uninitialised'
  | 'null-pointer'
  | 'bad-opcode'
  | 'bad-jump'
  | 'bad-call'
  | 'step-limit';

/** What a run leaves behind. */
export interface Outcome {
  status: 'exit' | 'fault';
  fault?: Fault;
  /** Index of the faulting instruction. */
  at?: number;
  r0: bigint;
  packet: Uint8Array;
  ctx: Uint8Array;
  maps: readonly MapContents[];
  calls: readonly ExternalCall[];
  /** Instructions executed. */
  steps: number;
  /** Modeled nanoseconds along the executed path. */
  latency: number;
}
