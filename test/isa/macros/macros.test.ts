import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AsmError,
  formatMacro,
  formatMacros,
  type Insn,
  insn,
  OPS,
  PseudoLd,
  readMacros,
} from '../../../src/isa/index.ts';
import { arbInsnOf, arbRawInsn } from '../arbitrary.ts';

const MACROS: readonly [string, Insn][] = [
  ['BPF_MOV64_IMM(BPF_REG_1, 5)', insn(0xb7, 1, 0, 0, 5)],
  ['BPF_MOV32_REG(BPF_REG_1, BPF_REG_2)', insn(0xbc, 1, 2)],
  ['BPF_MOVSX64_REG(BPF_REG_1, BPF_REG_2, 8)', insn(0xbf, 1, 2, 8)],
  ['BPF_ALU64_REG(BPF_ADD, BPF_REG_1, BPF_REG_2)', insn(0x0f, 1, 2)],
  ['BPF_ALU32_IMM(BPF_ARSH, BPF_REG_1, 31)', insn(0xc4, 1, 0, 0, 31)],
  ['BPF_ALU64_IMM(BPF_NEG, BPF_REG_1, 0)', insn(0x87, 1)],
  ['BPF_ALU64_REG_OFF(BPF_DIV, BPF_REG_1, BPF_REG_2, 1)', insn(0x3f, 1, 2, 1)],
  ['BPF_ALU32_IMM_OFF(BPF_MOD, BPF_REG_1, -3, 1)', insn(0x94, 1, 0, 1, -3)],
  ['BPF_ENDIAN(BPF_TO_BE, BPF_REG_1, 16)', insn(0xdc, 1, 0, 0, 16)],
  ['BPF_BSWAP(BPF_REG_1, 32)', insn(0xd7, 1, 0, 0, 32)],
  ['BPF_LDX_MEM(BPF_W, BPF_REG_1, BPF_REG_2, 4)', insn(0x61, 1, 2, 4)],
  ['BPF_LDX_MEMSX(BPF_B, BPF_REG_1, BPF_REG_2, 4)', insn(0x91, 1, 2, 4)],
  ['BPF_STX_MEM(BPF_DW, BPF_REG_10, BPF_REG_1, -8)', insn(0x7b, 10, 1, -8)],
  ['BPF_ST_MEM(BPF_H, BPF_REG_10, -8, 7)', insn(0x6a, 10, 0, -8, 7)],
  ['BPF_ATOMIC_OP(BPF_DW, BPF_ADD | BPF_FETCH, BPF_REG_1, BPF_REG_2, 8)', insn(0xdb, 1, 2, 8, 1)],
  ['BPF_ATOMIC_OP(BPF_W, BPF_CMPXCHG, BPF_REG_1, BPF_REG_2, 8)', insn(0xc3, 1, 2, 8, 0xf1)],
  ['BPF_ATOMIC_OP(BPF_B, BPF_LOAD_ACQ, BPF_REG_1, BPF_REG_2, 8)', insn(0xd3, 1, 2, 8, 0x100)],
  ['BPF_LD_ABS(BPF_H, 12)', insn(0x28, 0, 0, 0, 12)],
  ['BPF_LD_IND(BPF_B, BPF_REG_7, 12)', insn(0x50, 0, 7, 0, 12)],
  ['BPF_JMP_IMM(BPF_JEQ, BPF_REG_1, 0, 3)', insn(0x15, 1, 0, 3, 0)],
  ['BPF_JMP_REG(BPF_JSGT, BPF_REG_1, BPF_REG_2, -3)', insn(0x6d, 1, 2, -3)],
  ['BPF_JMP32_REG(BPF_JLT, BPF_REG_1, BPF_REG_2, 3)', insn(0xae, 1, 2, 3)],
  ['BPF_JMP_A(3)', insn(0x05, 0, 0, 3)],
  ['BPF_JMP32_A(-70000)', insn(0x06, 0, 0, 0, -70000)],
  ['BPF_EMIT_CALL(1)', insn(0x85, 0, 0, 0, 1)],
  ['BPF_CALL_REL(3)', insn(0x85, 0, 1, 0, 3)],
  ['BPF_CALL_KFUNC(0, 77)', insn(0x85, 0, 2, 0, 77)],
  ['BPF_EXIT_INSN()', insn(0x95)],
  ['BPF_LD_IMM64(BPF_REG_1, 0x5)', insn(0x18, 1, 0, 0, 5)],
  ['BPF_LD_IMM64(BPF_REG_1, 0xfedcba9876543210)', insn(0x18, 1, 0, 0, 0x76543210, 0xfedcba98)],
  ['BPF_LD_MAP_FD(BPF_REG_1, 3)', insn(0x18, 1, PseudoLd.MAP_FD, 0, 3)],
  ['BPF_LD_MAP_VALUE(BPF_REG_1, 3, 8)', insn(0x18, 1, PseudoLd.MAP_VALUE, 0, 3, 8)],
  ['BPF_LD_IMM64_RAW_FULL(BPF_REG_1, BPF_PSEUDO_FUNC, 0, 0, 5, 0)', insn(0x18, 1, PseudoLd.FUNC, 0, 5)],
  ['BPF_RAW_INSN(0xe5, BPF_REG_0, BPF_REG_0, 1, 0)', insn(0xe5, 0, 0, 1)],
  ['BPF_RAW_INSN(0x8d, BPF_REG_1, BPF_REG_0, 0, 0)', insn(0x8d, 1)],
];

describe('C macros', () => {
  it.each(MACROS)('%s', (text, i) => {
    expect(formatMacro(i)).toBe(text);
    expect(readMacros(text)).toEqual([i]);
  });

  it.each(OPS)('round-trips $name', (spec) => {
    fc.assert(
      fc.property(arbInsnOf(spec), (i) => void expect(readMacros(formatMacro(i))).toEqual([i])),
      { numRuns: 30 },
    );
  });

  it('round-trips any list', () => {
    fc.assert(
      fc.property(
        fc.array(arbRawInsn),
        (insns) => void expect(readMacros(formatMacros(insns))).toEqual(insns),
      ),
    );
  });

  it('reads what people write', () => {
    const text = `
      BPF_MOV64_REG(BPF_REG_2, BPF_REG_FP), /* key */
      BPF_ALU64_IMM(BPF_ADD, BPF_REG_2, -8),  // fp - 8
      BPF_RAW_INSN(BPF_LD | BPF_IMM | BPF_DW, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, 0x3),
      BPF_RAW_INSN(0, 0, 0, 0, 0),
      BPF_RAW_INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem),
      BPF_STX_XADD(BPF_DW, BPF_REG_0,
                   BPF_REG_1, 0),
      BPF_MOV64_IMM(BPF_REG_0, (1ULL | 0xffff0000U)),
      BPF_EXIT_INSN()`;
    const helper = (name: string) => (name === 'bpf_map_lookup_elem' ? 1 : undefined);
    expect(readMacros(text, { helper })).toEqual([
      insn(0xbf, 2, 10),
      insn(0x07, 2, 0, 0, -8),
      insn(0x18, 1, 1, 0, 3),
      insn(0x85, 0, 0, 0, 1),
      insn(0xdb, 0, 1),
      insn(0xb7, 0, 0, 0, 0xffff0001),
      insn(0x95),
    ]);
  });

  it('names helpers', () => {
    const names = { helper: () => 'bpf_map_lookup_elem' };
    expect(formatMacro(insn(0x85, 0, 0, 0, 1), names)).toBe('BPF_EMIT_CALL(BPF_FUNC_map_lookup_elem)');
  });

  it.each<[string, number, number, RegExp]>([
    ['BPF_EXIT_INSN(),\n BPF_NONSENSE(1)', 2, 2, /BPF_NONSENSE is not a macro/],
    ['BPF_MOV64_IMM(BPF_REG_1)', 1, 1, /takes 2 arguments, found 1/],
    ['BPF_MOV64_IMM(BPF_REG_1, x)', 1, 26, /x is not a known name/],
    ['BPF_MOV64_IMM(BPF_REG_1, )', 1, 26, /a value is missing/],
    ['BPF_MOV64_IMM(BPF_REG_1, 0x1ffffffff)', 1, 26, /does not fit/],
    ['BPF_MOV64_IMM(BPF_REG_1, 1 2)', 1, 26, /out of place/],
    ['BPF_MOV64_IMM(16, 2)', 1, 15, /does not fit in 0 to 15/],
    ['BPF_LDX_MEM(3, BPF_REG_1, BPF_REG_2, 0)', 1, 13, /bits that do not belong/],
    ['BPF_LDX_MEM(BPF_W, BPF_REG_1, BPF_REG_2, 40000)', 1, 42, /does not fit/],
    ['BPF_EXIT_INSN', 1, 14, /lacks its parentheses/],
    ['BPF_RAW_INSN(0x18, 1, 0, 0, 0)', 1, 31, /second slot of ld_imm64 is missing/],
    ['BPF_RAW_INSN(0x18, 1, 0, 0, 0), BPF_EXIT_INSN()', 1, 33, /expected the second slot/],
    ['r1 = 5', 1, 1, /r1 is not a macro/],
    ['= 5', 1, 1, /expected a macro/],
  ])('%j is refused at its place', (text, line, column, reason) => {
    let error: unknown;
    try {
      readMacros(text);
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(AsmError);
    expect(error).toMatchObject({ line, column, what: expect.stringMatching(reason) });
  });

  it('throws nothing but AsmError on any text', () => {
    const pieces = fc.constantFrom(
      ...'BPF_MOV64_IMM ( ) , BPF_REG_1 - 5 | /* */ // BPF_EXIT_INSN()'.split(' '),
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(pieces).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(text, (t) => {
        try {
          readMacros(t);
        } catch (e) {
          expect(e).toBeInstanceOf(AsmError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
