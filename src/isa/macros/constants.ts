/**
 * Names of the numbers in C macros (linux/bpf.h, linux/filter.h): tables, and one map from name to number.
 */

/** `BPF_ADD`...: the operation in the upper four bits of an ALU opcode. */
export const ALU_OPS: ReadonlyMap<number, string> = new Map([
  [0x00, 'BPF_ADD'],
  [0x10, 'BPF_SUB'],
  [0x20, 'BPF_MUL'],
  [0x30, 'BPF_DIV'],
  [0x40, 'BPF_OR'],
  [0x50, 'BPF_AND'],
  [0x60, 'BPF_LSH'],
  [0x70, 'BPF_RSH'],
  [0x80, 'BPF_NEG'],
  [0x90, 'BPF_MOD'],
  [0xa0, 'BPF_XOR'],
  [0xc0, 'BPF_ARSH'],
]);
export const JUMP_OPS: ReadonlyMap<number, string> = new Map([
  [0x10, 'BPF_JEQ'],
  [0x20, 'BPF_JGT'],
  [0x30, 'BPF_JGE'],
  [0x40, 'BPF_JSET'],
  [0x50, 'BPF_JNE'],
  [0x60, 'BPF_JSGT'],
  [0x70, 'BPF_JSGE'],
  [0xa0, 'BPF_JLT'],
  [0xb0, 'BPF_JLE'],
  [0xc0, 'BPF_JSLT'],
  [0xd0, 'BPF_JSLE'],
]);
export const SIZES: ReadonlyMap<number, string> = new Map([
  [0x00, 'BPF_W'],
  [0x08, 'BPF_H'],
  [0x10, 'BPF_B'],
  [0x18, 'BPF_DW'],
]);
export const ATOMIC_OPS: ReadonlyMap<number, string> = new Map([
  [0x00, 'BPF_ADD'],
  [0x40, 'BPF_OR'],
  [0x50, 'BPF_AND'],
  [0xa0, 'BPF_XOR'],
  [0x01, 'BPF_ADD | BPF_FETCH'],
  [0x41, 'BPF_OR | BPF_FETCH'],
  [0x51, 'BPF_AND | BPF_FETCH'],
  [0xa1, 'BPF_XOR | BPF_FETCH'],
  [0xe1, 'BPF_XCHG'],
  [0xf1, 'BPF_CMPXCHG'],
  [0x100, 'BPF_LOAD_ACQ'],
  [0x110, 'BPF_STORE_REL'],
]);
/** Source bit of the byte-swap opcodes. */
export const ENDIANS: ReadonlyMap<number, string> = new Map([
  [0x00, 'BPF_TO_LE'],
  [0x08, 'BPF_TO_BE'],
]);
export const PSEUDOS: ReadonlyMap<number, string> = new Map([
  [1, 'BPF_PSEUDO_MAP_FD'],
  [2, 'BPF_PSEUDO_MAP_VALUE'],
  [3, 'BPF_PSEUDO_BTF_ID'],
  [4, 'BPF_PSEUDO_FUNC'],
  [5, 'BPF_PSEUDO_MAP_IDX'],
  [6, 'BPF_PSEUDO_MAP_IDX_VALUE'],
]);

const OTHERS: readonly [string, number][] = [
  ['BPF_LD', 0x00],
  ['BPF_LDX', 0x01],
  ['BPF_ST', 0x02],
  ['BPF_STX', 0x03],
  ['BPF_ALU', 0x04],
  ['BPF_JMP', 0x05],
  ['BPF_JMP32', 0x06],
  ['BPF_ALU64', 0x07],
  ['BPF_IMM', 0x00],
  ['BPF_ABS', 0x20],
  ['BPF_IND', 0x40],
  ['BPF_MEM', 0x60],
  ['BPF_MEMSX', 0x80],
  ['BPF_ATOMIC', 0xc0],
  ['BPF_XADD', 0xc0],
  ['BPF_FETCH', 0x01],
  ['BPF_K', 0x00],
  ['BPF_X', 0x08],
  ['BPF_MOV', 0xb0],
  ['BPF_END', 0xd0],
  ['BPF_FROM_LE', 0x00],
  ['BPF_FROM_BE', 0x08],
  ['BPF_JA', 0x00],
  ['BPF_CALL', 0x80],
  ['BPF_EXIT', 0x90],
  ['BPF_JCOND', 0xe0],
  ['BPF_MAY_GOTO', 0],
  ['BPF_PSEUDO_CALL', 1],
  ['BPF_PSEUDO_KFUNC_CALL', 2],
  ['BPF_REG_FP', 10],
  ['BPF_REG_ARG1', 1],
  ['BPF_REG_ARG2', 2],
  ['BPF_REG_ARG3', 3],
  ['BPF_REG_ARG4', 4],
  ['BPF_REG_ARG5', 5],
  ['BPF_REG_CTX', 6],
];

export const VALUES: ReadonlyMap<string, bigint> = new Map([
  ...OTHERS.map(([name, value]) => [name, BigInt(value)] as const),
  ...[ALU_OPS, JUMP_OPS, SIZES, ATOMIC_OPS, ENDIANS, PSEUDOS].flatMap((table) =>
    [...table]
      .filter(([, name]) => !name.includes(' '))
      .map(([value, name]) => [name, BigInt(value)] as const),
  ),
  ...Array.from({ length: 16 }, (_, n) => [`BPF_REG_${n}`, BigInt(n)] as const),
  // As lib/test_bpf.c calls them.
  ...Array.from({ length: 11 }, (_, n) => [`R${n}`, BigInt(n)] as const),
]);
