/**
 * The C macros of linux/filter.h and the selftests that write one instruction each, as data: see macros.ts.
 */

import { type Insn, imm64, insn, OP_LD_IMM64 } from '../insn.ts';
import { ALU_OPS, ATOMIC_OPS, ENDIANS, JUMP_OPS, PSEUDOS, SIZES } from './constants.ts';

/** Helper names without the `bpf_` that C code puts in front, as in `BPF_FUNC_map_lookup_elem`. */
export interface MacroNames {
  /** Name of a helper, e.g. `bpf_map_lookup_elem`. */
  helper?(id: number): string | undefined;
}
/** An open part of a macro: how to take it from an instruction, put it in, and print it. */
export interface Param {
  get(i: Insn): bigint;
  set(i: Insn, value: bigint): Insn;
  low: bigint;
  high: bigint;
  /** Only these bits may be set. */
  mask?: bigint;
  print(value: bigint, names: MacroNames): string;
}

function numeric(field: 'dst' | 'src' | 'off' | 'imm' | 'immHi' | 'op', low: bigint, high: bigint): Param {
  return {
    get: (i) => BigInt(i[field]),
    set: (i, v) => ({ ...i, [field]: Number(v) }),
    low,
    high,
    print: (v) => `${v}`,
  };
}

/** A part that is a set of bits of one field, printed by name. */
function bits(field: 'op' | 'imm', mask: number, names: ReadonlyMap<number, string>): Param {
  return {
    get: (i) => BigInt(i[field] & mask),
    set: (i, v) => ({ ...i, [field]: (i[field] & ~mask) | Number(v) }),
    low: 0n,
    high: BigInt(mask),
    mask: BigInt(mask),
    print: (v) => names.get(Number(v)) ?? `${v}`,
  };
}

const S32 = [-0x8000_0000n, 0x7fff_ffffn] as const;
const register = (field: 'dst' | 'src'): Param => ({
  ...numeric(field, 0n, 15n),
  print: (v) => `BPF_REG_${v}`,
});

const DST = register('dst');
const SRC = register('src');
const OFF = numeric('off', -0x8000n, 0x7fffn);
/** C truncates a constant to 32 bits, so 0xffffffff is also accepted. */
const IMM: Param = {
  ...numeric('imm', S32[0], 0xffff_ffffn),
  set: (i, v) => ({ ...i, imm: Number(BigInt.asIntN(32, v)) }),
};
const IMM_HI: Param = {
  ...numeric('immHi', S32[0], 0xffff_ffffn),
  set: (i, v) => ({ ...i, immHi: Number(BigInt.asIntN(32, v)) }),
};
const IMM64: Param = {
  get: imm64,
  set: (i, v) => ({
    ...i,
    imm: Number(BigInt.asIntN(32, v)),
    immHi: Number(BigInt.asIntN(32, v >> 32n)),
  }),
  low: -(1n << 63n),
  high: (1n << 64n) - 1n,
  print: (v) => `0x${v.toString(16)}`,
};
const PSEUDO: Param = { ...numeric('src', 0n, 15n), print: (v) => PSEUDOS.get(Number(v)) ?? `${v}` };
const CODE: Param = { ...numeric('op', 0n, 255n), print: (v) => `0x${v.toString(16).padStart(2, '0')}` };
const FUNC: Param = {
  ...IMM,
  print: (v, names) => names.helper?.(Number(v))?.replace(/^bpf_/, 'BPF_FUNC_') ?? `${v}`,
};
/** A part that must be 0: the offsets in the two slots of BPF_LD_IMM64_RAW_FULL. */
const NOTHING: Param = { get: () => 0n, set: (i) => i, low: 0n, high: 0n, print: () => '0' };
const ALU_OP = bits('op', 0xf0, ALU_OPS);
const JUMP_OP = bits('op', 0xf0, JUMP_OPS);
const SIZE = bits('op', 0x18, SIZES);
const ENDIAN = bits('op', 0x08, ENDIANS);
const ATOMIC_OP = bits('imm', 0x1ff, ATOMIC_OPS);

export interface Macro {
  name: string;
  base: Insn;
  params: readonly Param[];
  /** Instructions that it may print; others may still be written with it. */
  prints(i: Insn): boolean;
}

function macro(
  name: string,
  base: Insn,
  params: readonly Param[],
  prints: (i: Insn) => boolean = () => true,
): Macro {
  return { name, base, params, prints };
}

const known = (param: Param, table: ReadonlyMap<number, string>) => (i: Insn) =>
  table.has(Number(param.get(i)));
const aluKnown = known(ALU_OP, ALU_OPS);
const jumpKnown = known(JUMP_OP, JUMP_OPS);
/** Old spellings: read, not printed. */
const never = () => false;

/** In order of preference: the first that gives an instruction prints it. */
export const MACROS: readonly Macro[] = [
  macro('BPF_MOV64_REG', insn(0xbf), [DST, SRC]),
  macro('BPF_MOV32_REG', insn(0xbc), [DST, SRC]),
  macro('BPF_MOV64_IMM', insn(0xb7), [DST, IMM]),
  macro('BPF_MOV32_IMM', insn(0xb4), [DST, IMM]),
  macro('BPF_MOVSX64_REG', insn(0xbf), [DST, SRC, OFF], (i) => [8, 16, 32].includes(i.off)),
  macro('BPF_MOVSX32_REG', insn(0xbc), [DST, SRC, OFF], (i) => [8, 16].includes(i.off)),
  macro('BPF_ALU64_REG', insn(0x0f), [ALU_OP, DST, SRC], aluKnown),
  macro('BPF_ALU32_REG', insn(0x0c), [ALU_OP, DST, SRC], aluKnown),
  macro('BPF_ALU64_IMM', insn(0x07), [ALU_OP, DST, IMM], aluKnown),
  macro('BPF_ALU32_IMM', insn(0x04), [ALU_OP, DST, IMM], aluKnown),
  macro('BPF_ALU64_REG_OFF', insn(0x0f), [ALU_OP, DST, SRC, OFF], aluKnown),
  macro('BPF_ALU32_REG_OFF', insn(0x0c), [ALU_OP, DST, SRC, OFF], aluKnown),
  macro('BPF_ALU64_IMM_OFF', insn(0x07), [ALU_OP, DST, IMM, OFF], aluKnown),
  macro('BPF_ALU32_IMM_OFF', insn(0x04), [ALU_OP, DST, IMM, OFF], aluKnown),
  macro('BPF_ENDIAN', insn(0xd4), [ENDIAN, DST, IMM]),
  macro('BPF_BSWAP', insn(0xd7), [DST, IMM]),
  macro('BPF_LD_IMM64', insn(OP_LD_IMM64), [DST, IMM64]),
  macro('BPF_LD_MAP_FD', insn(OP_LD_IMM64, 0, 1), [DST, IMM]),
  macro('BPF_LD_MAP_VALUE', insn(OP_LD_IMM64, 0, 2), [DST, IMM, IMM_HI]),
  macro('BPF_LD_IMM64_RAW_FULL', insn(OP_LD_IMM64), [DST, PSEUDO, OFF, NOTHING, IMM, IMM_HI]),
  macro('BPF_LD_IMM64_RAW', insn(OP_LD_IMM64), [DST, PSEUDO, IMM64], never),
  macro('BPF_LD_ABS', insn(0x20), [SIZE, IMM]),
  macro('BPF_LD_IND', insn(0x40), [SIZE, SRC, IMM]),
  macro('BPF_LDX_MEM', insn(0x61), [SIZE, DST, SRC, OFF]),
  macro('BPF_LDX_MEMSX', insn(0x81), [SIZE, DST, SRC, OFF]),
  macro('BPF_STX_MEM', insn(0x63), [SIZE, DST, SRC, OFF]),
  macro('BPF_ST_MEM', insn(0x62), [SIZE, DST, OFF, IMM]),
  macro('BPF_ATOMIC_OP', insn(0xc3), [SIZE, ATOMIC_OP, DST, SRC, OFF], known(ATOMIC_OP, ATOMIC_OPS)),
  macro('BPF_STX_XADD', insn(0xc3), [SIZE, DST, SRC, OFF], never),
  macro('BPF_JMP_REG', insn(0x0d), [JUMP_OP, DST, SRC, OFF], jumpKnown),
  macro('BPF_JMP_IMM', insn(0x05), [JUMP_OP, DST, IMM, OFF], jumpKnown),
  macro('BPF_JMP32_REG', insn(0x0e), [JUMP_OP, DST, SRC, OFF], jumpKnown),
  macro('BPF_JMP32_IMM', insn(0x06), [JUMP_OP, DST, IMM, OFF], jumpKnown),
  macro('BPF_JMP_A', insn(0x05), [OFF]),
  macro('BPF_JMP32_A', insn(0x06), [IMM]),
  macro('BPF_EMIT_CALL', insn(0x85), [FUNC]),
  macro('BPF_CALL_REL', insn(0x85, 0, 1), [IMM]),
  macro('BPF_CALL_KFUNC', insn(0x85, 0, 2), [OFF, IMM]),
  macro('BPF_EXIT_INSN', insn(0x95), []),
  macro('BPF_RAW_INSN', insn(0), [CODE, DST, SRC, OFF, IMM]),
];

export function fill(m: Macro, values: readonly bigint[]): Insn {
  return m.params.reduce((i, p, n) => p.set(i, values[n]!), m.base);
}
