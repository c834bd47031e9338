/**
 * What can be known about a program without running it.
 *
 *   Program --cfg--> blocks, order, dominators, loops, calls
 *           --flow (explore, step, branch)--> AbstractState before each instruction: pointers, ranges, stack bytes
 *           --liveness (demand)--> registers, bits and stack bytes that are read later
 *           --safety--> what the kernel's checker would refuse
 */
export type { Precision } from './arith.ts';
export { type CallMemory, callMemory } from './calls.ts';
export * from './cfg.ts';
export { ALL_BITS, lowBits } from './demand.ts';
export { type Common, commonOf, sameButDistance } from './edited.ts';
export type { Env, Rules } from './env.ts';
export { ANALYSIS_RULES, type Analysis, analyze } from './flow.ts';
export * from './liveness.ts';
export * from './range.ts';
export { argumentsOf, liveRegisters, readsOf } from './registers.ts';
export * from './safety.ts';
export { BYTE_UNINIT, BYTE_UNKNOWN, byteAt, type Slot, STACK_SIZE, type Stack } from './stack.ts';
export { type AbstractState, current, type Frame, register } from './state.ts';
export * from './tnum.ts';
export * from './values.ts';
