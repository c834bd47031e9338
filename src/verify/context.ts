/**
 * What the checker knows and demands around a window: the abstract state that holds before its first
 * instruction, and what can still be observed after its last one. Comes from analysis/ (contextOf in
 * window-context.ts), or is written by hand in tests.
 */
import type { Slot } from '../analysis/domain/stack.ts';
import type { Value } from '../analysis/domain/value.ts';
import type { MapDef } from '../program/program.ts';
import type { CtxField } from '../program/tables/hook-types.ts';

/** A place outside the window that it jumps to. */
export interface ExitPoint {
  /**
   * Slots from the window's end to the target, or, for targets before the window, minus the slots from there
   * to its start.
   */
  readonly to: number;
  readonly liveRegisters: readonly bigint[];
  readonly liveStack: Uint8Array;
}

export interface WindowContext {
  /** Values of r0..r10 before the window. */
  readonly registers: readonly Value[];
  /** The running function's frame: 64 slots of 8 bytes, lowest address first; undefined = nothing known. */
  readonly stack: readonly (Slot | undefined)[];
  /** Depth of the running function's frame, as in the stack region's `frame`. */
  readonly frame: number;
  /** Bits of r0..r10 that are read after the window's end. */
  readonly liveRegisters: readonly bigint[];
  /** 512 entries: 1 where the stack byte at r10 - 512 + i is read after the window's end. */
  readonly liveStack: Uint8Array;
  /**
   * Where jumps of the source leave the window to, other than its end. A candidate may leave to these only.
   */
  readonly exits: readonly ExitPoint[];
  /** Bits of r0 that are read when the window leaves the function by `exit`. */
  readonly returnBits: bigint;
  /** The hook's context fields; loads of pointer fields give pointers. Undefined: raw context. */
  readonly ctxFields: readonly CtxField[];
  readonly maps: readonly MapDef[];
  /** Others can see the packet (after a redirect or clone): its accesses count as shared. */
  readonly packetShared: boolean;
}
