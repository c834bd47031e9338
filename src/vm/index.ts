/**
 * The interpreter: runs programs on test cases, prices their paths, and says how far a candidate is from its
 * source.
 *
 *   TestCase --image--> memory of one run --machine (fast) | reference (slow)--> Outcome
 *   semantics table --wasm/--> WebAssembly module that runs a candidate on all tests in one call
 *   helper calls --helpers/--> simulated kernel;   profile --latency--> nanoseconds
 */
export * from '../base/random.ts';
export { type ExecResult, execConformance } from './exec.ts';
export * from './latency/latency.ts';
export { K2_PROFILES } from './latency/profiles.ts';
export { createMachine } from './machine/machine.ts';
export { runReference } from './machine/reference.ts';
export {
  type Coverage,
  type Evaluation,
  MACHINE_DEFAULTS,
  type Machine,
  type MachineOptions,
  type Trace,
} from './machine/types.ts';
export { observer } from './observe.ts';
export * from './types.ts';
