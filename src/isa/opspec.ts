/** What a row of the semantics table (semantics.ts) says of an opcode, by the kind of step that it is. */
import type { Algebra } from './algebra.ts';
import type { Relation } from './relations.ts';

/** Where the second operand comes from: register, sign-extended immediate, or there is none. */
export type Operand = 'X' | 'K' | 'none';
/** Bytes that a load, store or atomic touches. */
export type Bytes = 1 | 2 | 4 | 8;
/** clang's `-mcpu` level that first emits the instruction. */
export type IsaLevel = 1 | 2 | 3 | 4;

/** Two-operand ALU operations. */
export type BinaryMnemonic =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'sdiv'
  | 'or'
  | 'and'
  | 'lsh'
  | 'rsh'
  | 'arsh'
  | 'mod'
  | 'smod'
  | 'xor'
  | 'mov';
export type ByteOrderMnemonic = 'le' | 'be' | 'bswap';
export type AluMnemonic = BinaryMnemonic | ByteOrderMnemonic | 'movsx' | 'neg';
export type JumpMnemonic =
  | 'jeq'
  | 'jne'
  | 'jset'
  | 'jgt'
  | 'jge'
  | 'jlt'
  | 'jle'
  | 'jsgt'
  | 'jsge'
  | 'jslt'
  | 'jsle';
export type AtomicMnemonic =
  | 'add'
  | 'or'
  | 'and'
  | 'xor'
  | 'fetch_add'
  | 'fetch_or'
  | 'fetch_and'
  | 'fetch_xor'
  | 'xchg'
  | 'cmpxchg';

type SizeLetter = 'b' | 'h' | 'w' | 'dw';
type SmallSizeLetter = 'b' | 'h' | 'w';

/** Names of rows, so that a misspelt one does not compile. */
export type OpName =
  | `${BinaryMnemonic}${32 | 64}.${'k' | 'x'}`
  | `movsx${8 | 16 | 32}_64.x`
  | `movsx${8 | 16}_32.x`
  | `neg${32 | 64}`
  | `${ByteOrderMnemonic}${16 | 32 | 64}`
  | `${'ldx' | 'st' | 'stx' | 'load_acquire' | 'store_release'}.${SizeLetter}`
  | `${'ldxsx' | 'ldabs' | 'ldind'}.${SmallSizeLetter}`
  | `atomic.${AtomicMnemonic}.${'w' | 'dw'}`
  | `${JumpMnemonic}${32 | 64}.${'k' | 'x'}`
  | `call.${'helper' | 'local' | 'kfunc'}`
  | 'ja'
  | 'gotol'
  | 'may_goto'
  | 'exit'
  | 'ld_imm64'
  | 'addr_space_cast';

interface OpcodeRow {
  /** Unique, e.g. `add64.k`, `jslt32.x`, `ldxsx.h`, `atomic.xchg.dw`. */
  readonly name: OpName;
  /** The operation alone, without width, operand and size: `add`, `jslt`, `ldxsx`, `xchg`. */
  readonly mnemonic: string;
  /** Dense number of the row: the index in `OPS`. */
  readonly id: number;
  readonly op: number;
  /** Fields beyond the opcode byte that select the row. */
  readonly off?: number;
  readonly imm?: number;
  readonly src?: number;
  readonly level: IsaLevel;
  /** First Linux version that accepts it (base/linux.ts), e.g. 5.1 for the 32-bit jumps. */
  readonly linux: number;
}

export interface AluOp extends OpcodeRow {
  readonly kind: 'alu';
  readonly mnemonic: AluMnemonic;
  /** Low bits of the source that `movsx` extends, or of the register that `le`, `be` and `bswap` keep. */
  readonly bits?: 8 | 16 | 32 | 64;
  readonly width: 32 | 64;
  readonly operand: Operand;
  /** True when the old value of dst matters. */
  readonly readsDst: boolean;
  /** Result of `width` bits from operands of `width` bits. */
  eval<V, B>(a: Algebra<V, B>, dst: V, src: V): V;
}
/** dst = 64-bit immediate, map, map value, BTF variable or function address: `insn.src` tells which. */
export interface LdImm64Op extends OpcodeRow {
  readonly kind: 'ldimm64';
}
/** dst = zero- or sign-extended bytes at [src + off]. `acquire` marks the load-acquire form. */
export interface LoadOp extends OpcodeRow {
  readonly kind: 'load';
  readonly size: Bytes;
  readonly signed: boolean;
  readonly acquire: boolean;
}
/** Bytes at [dst + off] = low bytes of src or imm. `release` marks the store-release form. */
export interface StoreOp extends OpcodeRow {
  readonly kind: 'store';
  readonly size: Bytes;
  readonly operand: 'X' | 'K';
  readonly release: boolean;
}
/** Read-modify-write of [dst + off]. With `result` 'src' or 'r0' the old value goes there, zero-extended. */
export interface AtomicOp extends OpcodeRow {
  readonly kind: 'atomic';
  readonly mnemonic: AtomicMnemonic;
  readonly size: 4 | 8;
  readonly result: 'none' | 'src' | 'r0';
  /** New memory value; `r0` is only looked at by cmpxchg. All values are of `size` bytes. */
  eval<V, B>(a: Algebra<V, B>, old: V, src: V, r0: V): V;
}
/**
 * Legacy packet load: r0 = big-endian bytes at imm (+ src), r1..r5 clobbered, program ends when out of
 * bounds.
 */
export interface LdAbsOp extends OpcodeRow {
  readonly kind: 'ldabs';
  readonly size: 1 | 2 | 4;
  readonly indirect: boolean;
}
export interface JumpOp extends OpcodeRow {
  readonly kind: 'jump';
  readonly mnemonic: JumpMnemonic;
  /** Taken when `dst REL src`. */
  readonly relation: Relation;
  /** What its negation asks; there is a jump for it but for `clear`. */
  readonly negated: Relation;
  /** What asks the same of the operands in the other order. */
  readonly swapped: Relation;
  readonly width: 32 | 64;
  readonly operand: 'X' | 'K';
  /** Taken when true; operands are of `width` bits. */
  eval<V, B>(a: Algebra<V, B>, dst: V, src: V): B;
}
/** Unconditional jump; the distance in slots is in `off` or in `imm`. */
export interface GotoOp extends OpcodeRow {
  readonly kind: 'goto';
  readonly distance: 'off' | 'imm';
}
/** `may_goto`: falls through until the kernel's loop budget is used up, then jumps. */
export interface MayGotoOp extends OpcodeRow {
  readonly kind: 'maygoto';
}
export interface CallOp extends OpcodeRow {
  readonly kind: 'call';
  readonly target: 'helper' | 'local' | 'kfunc';
}
export interface ExitOp extends OpcodeRow {
  readonly kind: 'exit';
}
/** dst = src cast between address spaces (arenas); only as a whole-instruction identity, never evaluated. */
export interface CastOp extends OpcodeRow {
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

/** A row before it has its number. */
export type UnnumberedRow = OpSpec extends infer T ? (T extends OpSpec ? Omit<T, 'id'> : never) : never;
