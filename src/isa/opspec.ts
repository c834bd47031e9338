/** What a row of the semantics table (semantics.ts) says of an opcode, by the kind of step that it is. */
import type { Algebra } from './algebra.ts';

/** Where the second operand comes from: register, sign-extended immediate, or there is none. */
export type Operand = 'X' | 'K' | 'none';
/** Bytes that a load, store or atomic touches. */
export type Bytes = 1 | 2 | 4 | 8;
/** clang's `-mcpu` level that first emits the instruction. */
export type IsaLevel = 1 | 2 | 3 | 4;

interface Row {
  /** Unique, e.g. `add64.k`, `jslt32.x`, `ldxsx.h`, `atomic.xchg.dw`. */
  readonly name: string;
  /** Dense number of the row: the index in `OPS`. */
  readonly id: number;
  readonly op: number;
  /** Fields beyond the opcode byte that select the row. */
  readonly off?: number;
  readonly imm?: number;
  readonly src?: number;
  readonly level: IsaLevel;
  /** First Linux version that accepts it, e.g. 5.1 for the 32-bit jumps, as major * 100 + minor. */
  readonly linux: number;
}

export interface AluOp extends Row {
  readonly kind: 'alu';
  readonly width: 32 | 64;
  readonly operand: Operand;
  /** True when the old value of dst matters. */
  readonly readsDst: boolean;
  /** Result of `width` bits from operands of `width` bits. */
  eval<V, B>(a: Algebra<V, B>, dst: V, src: V): V;
}
/** dst = 64-bit immediate, map, map value, BTF variable or function address: `insn.src` tells which. */
export interface LdImm64Op extends Row {
  readonly kind: 'ldimm64';
}
/** dst = zero- or sign-extended bytes at [src + off]. `acquire` marks the load-acquire form. */
export interface LoadOp extends Row {
  readonly kind: 'load';
  readonly size: Bytes;
  readonly signed: boolean;
  readonly acquire: boolean;
}
/** Bytes at [dst + off] = low bytes of src or imm. `release` marks the store-release form. */
export interface StoreOp extends Row {
  readonly kind: 'store';
  readonly size: Bytes;
  readonly operand: 'X' | 'K';
  readonly release: boolean;
}
/** Read-modify-write of [dst + off]. With `result` 'src' or 'r0' the old value goes there, zero-extended. */
export interface AtomicOp extends Row {
  readonly kind: 'atomic';
  readonly size: 4 | 8;
  readonly result: 'none' | 'src' | 'r0';
  /** New memory value; `r0` is only looked at by cmpxchg. All values are of `size` bytes. */
  eval<V, B>(a: Algebra<V, B>, old: V, src: V, r0: V): V;
}
/** Legacy packet load: r0 = big-endian bytes at imm (+ src), r1..r5 clobbered, program ends when out of bounds. */
export interface LdAbsOp extends Row {
  readonly kind: 'ldabs';
  readonly size: 1 | 2 | 4;
  readonly indirect: boolean;
}
export interface JumpOp extends Row {
  readonly kind: 'jump';
  readonly width: 32 | 64;
  readonly operand: 'X' | 'K';
  /** Taken when true; operands are of `width` bits. */
  eval<V, B>(a: Algebra<V, B>, dst: V, src: V): B;
}
/** Unconditional jump; the distance in slots is in `off` or in `imm`. */
export interface GotoOp extends Row {
  readonly kind: 'goto';
  readonly distance: 'off' | 'imm';
}
/** `may_goto`: falls through until the kernel's loop budget is used up, then jumps. */
export interface MayGotoOp extends Row {
  readonly kind: 'maygoto';
}
export interface CallOp extends Row {
  readonly kind: 'call';
  readonly target: 'helper' | 'local' | 'kfunc';
}
export interface ExitOp extends Row {
  readonly kind: 'exit';
}
/** dst = src cast between address spaces (arenas); only as a whole-instruction identity, never evaluated. */
export interface CastOp extends Row {
  readonly kind: 'cast';
}

export type OpSpec =
  | AluOp
  | LdImm64Op
  | LoadOp
  | StoreOp
  | AtomicOp
  | LdAbsOp
  | JumpOp
  | GotoOp
  | MayGotoOp
  | CallOp
  | ExitOp
  | CastOp;
