/**
 * Machines that code is generated for: what the kernel's version, its configuration and the CPU put around
 * functions. Measured: the machine code of programs of one instruction and more, with the running kernel and
 * in guests.
 */
import type { CpuFeatures } from './encoding.ts';

export interface JitTarget extends CpuFeatures {
  /** Bytes before the body: patchable nop, tail call count, frame pointer. */
  entry: number;
  /** Bytes of `sub rsp, n`, when the function has a stack. */
  stack: number;
  /** Bytes of the return: one, or a jump to the return thunk. */
  leave: number;
  /** More bytes of entry where a tail call can be reached, in the main function and in others. */
  tailEntry: { main: number; other: number };
  /** Bytes that load the tail call count before a call from which a tail call can be reached. */
  tailCount: number;
  /** A tail call by a constant index into a map; by any other. Saved registers and the stack come on top. */
  tailCall: { direct: number; indirect: number };
  /** A register plus the base of the CPU's variables. */
  perCpuAddress: number;
}

/** Linux 6.18 without IBT, with retpolines, on a CPU with BMI2. */
export const LINUX_6_18: JitTarget = {
  bmi2: true,
  entry: 12,
  stack: 7,
  leave: 6,
  tailEntry: { main: 14, other: 2 },
  tailCount: 7,
  tailCall: { direct: 29, indirect: 52 },
  perCpuAddress: 9,
};
