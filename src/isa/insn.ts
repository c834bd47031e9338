/**
 * One BPF instruction, as RFC 9669 lays it out:
 *
 *     byte  0        1               2..3     4..7
 *          +--------+-------+-------+--------+--------+
 *          | opcode | dst:4 | src:4 | off s16| imm s32|      (dst is the low nibble)
 *          +--------+-------+-------+--------+--------+
 *
 * `ld_imm64` takes a second slot whose `imm` is the upper half; here it is still one instruction, with that
 * half in `immHi`. Jump offsets stay as encoded: in slots, relative to the slot after the instruction.
 */
export interface Insn {
  /** Opcode byte. */
  op: number;
  /** Destination register, 0..10 (0..15 as encoded). */
  dst: number;
  /** Source register, or a pseudo kind (`ld_imm64`, `call`). */
  src: number;
  /** Signed 16-bit offset. */
  off: number;
  /** Signed 32-bit immediate. */
  imm: number;
  /** Signed upper 32 bits of `ld_imm64`, 0 for every other instruction. */
  immHi: number;
}

/** Instruction classes: the low three bits of the opcode. */
export const Class = { LD: 0, LDX: 1, ST: 2, STX: 3, ALU: 4, JMP: 5, JMP32: 6, ALU64: 7 } as const;
/** Operand size of a load or store, as encoded. */
export const Size = { W: 0x00, H: 0x08, B: 0x10, DW: 0x18 } as const;
/** Addressing mode of a load or store, as encoded. */
export const Mode = { IMM: 0x00, ABS: 0x20, IND: 0x40, MEM: 0x60, MEMSX: 0x80, ATOMIC: 0xc0 } as const;
/** Operand source of ALU and jump instructions: immediate (K) or register (X). */
export const Source = { K: 0x00, X: 0x08 } as const;

/** `src` of `ld_imm64`: what the 64-bit immediate stands for. */
export const PseudoLd = {
  IMM64: 0,
  MAP_FD: 1,
  MAP_VALUE: 2,
  BTF_ID: 3,
  FUNC: 4,
  MAP_IDX: 5,
  MAP_IDX_VALUE: 6,
} as const;
/** `src` of `call`: helper by number, bpf-to-bpf call by relative slot, or kernel function by BTF id. */
export const PseudoCall = { HELPER: 0, LOCAL: 1, KFUNC: 2 } as const;

export const OP_LD_IMM64 = 0x18;
export const OP_CALL = 0x85;
export const OP_EXIT = 0x95;
export const OP_JA = 0x05;
/** `gotol`: like `ja`, but the distance is in `imm`. */
export const OP_JA32 = 0x06;
/** `may_goto` (src 0): a bounded-loop jump. */
export const OP_JCOND = 0xe5;
/** The frame pointer. */
export const R10 = 10;

export function insn(op: number, dst = 0, src = 0, off = 0, imm = 0, immHi = 0): Insn {
  return { op, dst, src, off, imm: imm | 0, immHi: immHi | 0 };
}

/** "Nothing here": `goto +0`. It counts as zero slots in every size this project prints. */
export function nop(): Insn {
  return insn(OP_JA);
}

export function isNop(i: Insn): boolean {
  return i.op === OP_JA && i.off === 0;
}

/** Encoded length in 8-byte slots: 2 for `ld_imm64`, else 1. */
export function slotsOf(i: Insn): 1 | 2 {
  return i.op === OP_LD_IMM64 ? 2 : 1;
}

/** A call of a helper function; with `id`, of that one. */
export function isHelperCall(i: Insn, id: number = i.imm): boolean {
  return i.op === OP_CALL && i.src === PseudoCall.HELPER && i.imm === id;
}

/** Size of a program in the unit of the K2 paper: slots, NOPs not counted. */
export function sizeInSlots(insns: readonly Insn[]): number {
  let n = 0;
  for (const i of insns) if (!isNop(i)) n += slotsOf(i);
  return n;
}

export function sameInsn(a: Insn, b: Insn): boolean {
  return (
    a.op === b.op &&
    a.dst === b.dst &&
    a.src === b.src &&
    a.off === b.off &&
    a.imm === b.imm &&
    a.immHi === b.immHi
  );
}

/** The 64-bit immediate of `ld_imm64`, unsigned. */
export function imm64(i: Insn): bigint {
  return (BigInt(i.immHi >>> 0) << 32n) | BigInt(i.imm >>> 0);
}

export function classOf(op: number): number {
  return op & 0x07;
}

/** Addressing mode of a load's or store's opcode. */
export function modeOf(op: number): number {
  return op & 0xe0;
}
