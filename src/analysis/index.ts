/**
 * What can be known about a program without running it.
 *
 *   Program --cfg--> blocks, order, dominators, loops, calls
 *           --flow (explore, step, branch)--> AbstractState before each instruction: pointers, ranges, stack
 *             bytes
 *           --liveness (demand)--> registers, bits and stack bytes that are read later
 *           --safety--> what the kernel verifier would refuse
 */

export { ANALYSIS_RULES, type Analysis, analyze } from './analyze.ts';
export * from './cfg/cfg.ts';
export { type Common, commonOf, sameButDistance } from './cfg/program-diff.ts';
export { argumentsOf, liveRegisters, readsOf } from './cfg/register-liveness.ts';
export { ALL_BITS, lowBits } from './demanded-bits.ts';
export * from './domain/scalar.ts';
export type { Precision } from './domain/scalar-ops.ts';
export { BYTE_UNINIT, BYTE_UNKNOWN, byteAt, type Slot, STACK_SIZE, type Stack } from './domain/stack.ts';
export { type AbstractState, current, type Frame } from './domain/state.ts';
export * from './domain/tnum.ts';
export * from './domain/value.ts';
export * from './liveness.ts';
export * from './safety.ts';
export type { Env, VerifierRules } from './transfer/env.ts';
export { type CallMemory, callMemory } from './transfer/helper-call.ts';
