import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AsmError,
  assemble,
  disassemble,
  formatInsn,
  type Insn,
  insn,
  OPS,
  PseudoLd,
} from '../../../src/isa/index.ts';
import { arbInsnOf, arbProgram, arbRawInsn } from '../arbitrary.ts';

/** Text as kernel/bpf/disasm.c prints it (or the documented extension), and the instruction. */
const TEXTS: readonly [string, Insn][] = [
  ['r1 = 5', insn(0xb7, 1, 0, 0, 5)],
  ['w1 = -1', insn(0xb4, 1, 0, 0, -1)],
  ['r1 = r2', insn(0xbf, 1, 2)],
  ['w1 += w2', insn(0x0c, 1, 2)],
  ['r1 s>>= 3', insn(0xc7, 1, 0, 0, 3)],
  ['r1 s/= r2', insn(0x3f, 1, 2, 1)],
  ['w1 s%= -3', insn(0x94, 1, 0, 1, -3)],
  ['r1 = -r1', insn(0x87, 1)],
  ['w1 = -w1', insn(0x84, 1)],
  ['r1 = (s8)r2', insn(0xbf, 1, 2, 8)],
  ['r1 = (s32)r2', insn(0xbf, 1, 2, 32)],
  ['w1 = (s16)w2', insn(0xbc, 1, 2, 16)],
  ['r1 = be16 r1', insn(0xdc, 1, 0, 0, 16)],
  ['r1 = le64 r1', insn(0xd4, 1, 0, 0, 64)],
  ['r1 = bswap32 r1', insn(0xd7, 1, 0, 0, 32)],
  ['r1 = addr_space_cast(r2, 0, 1)', insn(0xbf, 1, 2, 1, 1)],
  ['r1 = addr_space_cast(r2, 1, 0)', insn(0xbf, 1, 2, 1, 1 << 16)],
  ['r2 = *(u32 *)(r1 +4)', insn(0x61, 2, 1, 4)],
  ['r2 = *(s8 *)(r1 -4)', insn(0x91, 2, 1, -4)],
  ['*(u64 *)(r10 -8) = r1', insn(0x7b, 10, 1, -8)],
  ['*(u16 *)(r10 -8) = -7', insn(0x6a, 10, 0, -8, -7)],
  ['lock *(u64 *)(r1 +0) += r2', insn(0xdb, 1, 2, 0, 0)],
  ['lock *(u32 *)(r1 +8) ^= r2', insn(0xc3, 1, 2, 8, 0xa0)],
  ['r1 = atomic64_fetch_add((u64 *)(r2 +0), r1)', insn(0xdb, 2, 1, 0, 1)],
  ['r1 = atomic_fetch_or((u32 *)(r2 +0), r1)', insn(0xc3, 2, 1, 0, 0x41)],
  ['r1 = atomic64_xchg((u64 *)(r2 +0), r1)', insn(0xdb, 2, 1, 0, 0xe1)],
  ['r0 = atomic64_cmpxchg((u64 *)(r2 +0), r0, r1)', insn(0xdb, 2, 1, 0, 0xf1)],
  ['r1 = load_acquire((u8 *)(r2 +1))', insn(0xd3, 1, 2, 1, 0x100)],
  ['store_release((u16 *)(r1 +2), r2)', insn(0xcb, 1, 2, 2, 0x110)],
  ['r0 = *(u8 *)skb[14]', insn(0x30, 0, 0, 0, 14)],
  ['r0 = *(u16 *)skb[r7 + -2]', insn(0x48, 0, 7, 0, -2)],
  ['if r1 s> 0x5 goto pc+3', insn(0x65, 1, 0, 3, 5)],
  ['if w1 == 0xffffffff goto pc-3', insn(0x16, 1, 0, -3, -1)],
  ['if r1 & r2 goto pc+0', insn(0x4d, 1, 2, 0)],
  ['goto pc+2', insn(0x05, 0, 0, 2)],
  ['gotol pc-70000', insn(0x06, 0, 0, 0, -70000)],
  ['may_goto pc+1', insn(0xe5, 0, 0, 1)],
  ['call unknown#1', insn(0x85, 0, 0, 0, 1)],
  ['call pc+3', insn(0x85, 0, 1, 0, 3)],
  ['call kernel-function#77', insn(0x85, 0, 2, 0, 77)],
  ['call kernel-function#77 off:2', insn(0x85, 0, 2, 2, 77)],
  ['exit', insn(0x95)],
  ['r1 = 0x5 ll', insn(0x18, 1, 0, 0, 5)],
  ['r1 = 0xfedcba9876543210 ll', insn(0x18, 1, 0, 0, 0x76543210, 0xfedcba98)],
  ['r1 = map[id:3]', insn(0x18, 1, PseudoLd.MAP_FD, 0, 3)],
  ['r1 = map[id:3][0]+8', insn(0x18, 1, PseudoLd.MAP_VALUE, 0, 3, 8)],
  ['r1 = map[idx:3]', insn(0x18, 1, PseudoLd.MAP_IDX, 0, 3)],
  ['r1 = map[idx:3]+0', insn(0x18, 1, PseudoLd.MAP_IDX_VALUE, 0, 3, 0)],
  ['r1 = btf[id:7]', insn(0x18, 1, PseudoLd.BTF_ID, 0, 7)],
  ['r1 = btf[id:7][fd:3]', insn(0x18, 1, PseudoLd.BTF_ID, 0, 7, 3)],
  ['r1 = subprog[+5]', insn(0x18, 1, PseudoLd.FUNC, 0, 5)],
  ['.insn 0x8f, 1, 2, 3, 4, 0', insn(0x8f, 1, 2, 3, 4)],
];

const NAMES = {
  helper: (id: number) => (id === 1 ? 'bpf_map_lookup_elem' : undefined),
  map: (index: number) => ['counters', 'idx'][index],
};
const NUMBERS = {
  helper: (name: string) => (name === 'bpf_map_lookup_elem' ? 1 : undefined),
  map: (name: string) => (name === 'counters' ? 0 : name === 'idx' ? 1 : undefined),
};

describe('text of one instruction', () => {
  it.each(TEXTS)('%s', (text, i) => {
    expect(formatInsn(i)).toBe(text);
    expect(assemble(text)).toEqual([i]);
  });

  it.each(OPS)('round-trips $name', (spec) => {
    const runs = { numRuns: 40 };
    fc.assert(
      fc.property(arbInsnOf(spec), (i) => void expect(assemble(formatInsn(i))).toEqual([i])),
      runs,
    );
    fc.assert(
      fc.property(arbInsnOf(spec), (i) => void expect(assemble(formatInsn(i, NAMES), NUMBERS)).toEqual([i])),
      runs,
    );
    fc.assert(
      fc.property(arbInsnOf(spec), (i) => !formatInsn(i).startsWith('.insn')),
      runs,
    );
  });

  it('uses names', () => {
    expect(formatInsn(insn(0x85, 0, 0, 0, 1), NAMES)).toBe('call bpf_map_lookup_elem#1');
    expect(formatInsn(insn(0x18, 1, PseudoLd.MAP_FD), NAMES)).toBe('r1 = map[counters]');
    expect(formatInsn(insn(0x18, 1, PseudoLd.MAP_VALUE, 0, 0, 8), NAMES)).toBe('r1 = map[counters][0]+8');
  });
});

describe('text of programs', () => {
  it('prints slots and opcodes as the kernel does', () => {
    const insns = [insn(0x18, 1, 0, 0, 1), insn(0xb7, 0), insn(0x95)];
    expect(disassemble(insns)).toBe('0: r1 = 0x1 ll\n2: r0 = 0\n3: exit\n');
    expect(disassemble(insns, { opcodes: true })).toBe('0: (18) r1 = 0x1 ll\n2: (b7) r0 = 0\n3: (95) exit\n');
    expect(disassemble(insns, { slots: false })).toBe('r1 = 0x1 ll\nr0 = 0\nexit\n');
  });

  it('round-trips well-formed programs in every layout', () => {
    fc.assert(
      fc.property(arbProgram(), fc.boolean(), fc.boolean(), (insns, slots, opcodes) => {
        expect(assemble(disassemble(insns, { slots, opcodes }))).toEqual(insns);
      }),
    );
  });

  it('round-trips what no machine accepts', () => {
    fc.assert(
      fc.property(fc.array(arbRawInsn), (insns) => void expect(assemble(disassemble(insns))).toEqual(insns)),
    );
  });
});

describe('assembler', () => {
  it('resolves labels over wide instructions, in both directions', () => {
    const insns = assemble(`
      # whole-line comment
      start: r1 = 0x1 ll      ; wide
        if r1 s> 5 goto out   // forward
        goto start
        call sub
        r2 = subprog[sub]
      out:
        exit
      sub: exit
    `);
    expect(insns).toEqual([
      insn(0x18, 1, 0, 0, 1),
      insn(0x65, 1, 0, 4, 5),
      insn(0x05, 0, 0, -4),
      insn(0x85, 0, 1, 0, 3),
      insn(0x18, 2, PseudoLd.FUNC, 0, 2),
      insn(0x95),
      insn(0x95),
    ]);
  });

  it('separates statements by ;, and drops none', () => {
    const [one, two] = [insn(0xb7, 1, 0, 0, 5), insn(0xbf, 2, 1)];
    expect(assemble('r1 = 5; r2 = r1')).toEqual([one, two]);
    expect(assemble('r1 = 5; r2 = r1; ; exit;')).toEqual([one, two, insn(0x95)]);
    expect(assemble('r1 = 5; goto l; l: r2 = r1')).toEqual([one, insn(0x05), two]);
    expect(assemble('r1 = 5 ; r2 gets it // r2 = r1')).toEqual([one]);
    expect(assemble('r1 = 5 # r2 = r1')).toEqual([one]);
    expect(assemble('; r1 = 5; r2 = r1\nr1 = 5 ; frame1: R1=5')).toEqual([one]);
    expect(() => assemble('r1 = 5; r2 = x1')).toThrow('line 1, column 14');
    expect(() => assemble('r1 = 5; *(u32 *)(r1 + 4 = 2')).toThrow('column 25');
  });

  it('reads labels of functions that share their name, and names of maps and kernel functions', () => {
    const text = 'call pc+1\nexit\nhelper@.text+0xf8:\n2: call kernel-function bpf_f#7 off:2\nexit';
    expect(assemble(text)).toEqual([insn(0x85, 0, 1, 0, 1), insn(0x95), insn(0x85, 0, 2, 2, 7), insn(0x95)]);
    const map = (name: string) => (name === '.data.a-b/c' ? 3 : undefined);
    expect(assemble('r1 = map[.data.a-b/c][0]+8', { map })).toEqual([
      insn(0x18, 1, PseudoLd.MAP_VALUE, 0, 3, 8),
    ]);
  });

  it("reads the checker's log and clang's listing", () => {
    expect(assemble('12: (b7) r1 = 5 ; R1_w=5')).toEqual([insn(0xb7, 1, 0, 0, 5)]);
    expect(
      assemble(
        [
          '       2:\ta6 03 01 00 07 00 00 00\tif w3 < 7 goto +1 <LBB0_2>',
          '      27:\t18 06 00 00 bc 9a 78 56 00 00 00 00 34 12 00 00\tr6 = 0x123456789abc ll',
          '      44:\tc3 12 00 00 e1 00 00 00\tw1 = xchg32_32(r2 + 0x0, w1)',
          '      53:\t85 10 00 00 05 00 00 00\tcall 0x5',
        ].join('\n'),
      ),
    ).toEqual([
      insn(0xa6, 3, 0, 1, 7),
      insn(0x18, 6, 0, 0, 0x56789abc, 0x1234),
      insn(0xc3, 2, 1, 0, 0xe1),
      insn(0x85, 0, 1, 0, 5),
    ]);
    expect(assemble('if w3 < 7 goto +1 <LBB0_2>\nw2 = *(u32 *)(r1 + 0x4)\ncall 0x5')).toEqual([
      insn(0xa6, 3, 0, 1, 7),
      insn(0x61, 2, 1, 4),
      insn(0x85, 0, 0, 0, 5),
    ]);
  });

  it('takes helper names from the options, labels first', () => {
    expect(assemble('call bpf_map_lookup_elem\nexit', NUMBERS)[0]).toEqual(insn(0x85, 0, 0, 0, 1));
    expect(assemble('call bpf_map_lookup_elem\nbpf_map_lookup_elem: exit', NUMBERS)[0]).toEqual(
      insn(0x85, 0, 1, 0, 0),
    );
  });

  it.each<[string, number, number, RegExp]>([
    ['r1 = 5\n  r1 <> 3', 2, 6, /expected = or an operation/],
    ['r1 = 0xffffffff', 1, 6, /write "ll" after it/],
    ['r1 &= 0xffffffff', 1, 7, /does not fit/],
    ['r1 = -2147483649', 1, 6, /^-2147483649 does not fit/],
    ['r11 = 1', 1, 1, /"r11" is not an instruction/],
    ['r1 = w2', 1, 6, /expected r2, found w2/],
    ['r1 = -r2', 1, 7, /one register/],
    ['goto nowhere', 1, 6, /not a label/],
    ['call nothing', 1, 6, /neither a label nor a known helper/],
    ['a: exit\na: exit', 2, 1, /defined twice/],
    ['exit exit', 1, 6, /after the end/],
    ['r1 = *(u32 *)(r2 +40000)', 1, 18, /offset 40000 does not fit/],
    ['r1 = *(u24 *)(r2 +4)', 1, 8, /not a type/],
    ['lock *(u16 *)(r1 +0) += r2', 1, 7, /u32 and u64/],
    ['r3 = atomic64_xchg((u64 *)(r2 +0), r1)', 1, 1, /goes to r1/],
    ['if r1 = r2 goto +1', 1, 7, /not a comparison/],
    ['if r1 == 1', 1, 11, /expected "goto", found the end of the line/],
    ['r1 = map[nothing]', 1, 10, /no map is named/],
    ['r1 = @', 1, 6, /unexpected "@"/],
    ['r1 = 12abc', 1, 6, /unexpected "1"/],
    ['frob r1', 1, 1, /"frob" is not an instruction/],
  ])('%j is refused at its place', (text, line, column, reason) => {
    let error: unknown;
    try {
      assemble(text);
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(AsmError);
    expect(error).toMatchObject({ line, column, what: expect.stringMatching(reason) });
  });

  it('refuses a label that is too far for 16 bits, which gotol reaches', () => {
    const body = 'r1 = 0\n'.repeat(0x8000);
    expect(() => assemble(`goto out\n${body}out: exit`)).toThrow(/too far for 16 bits/);
    expect(assemble(`gotol out\n${body}out: exit`)[0]!.imm).toBe(0x8000);
  });

  it('throws nothing but AsmError on any text', () => {
    const pieces = fc.constantFrom(
      ...'r1 w2 = += s> *( u32 *) ( ) [ ] 5 -3 0x goto if pc+1 call # map id : lock atomic64_xchg , ll'.split(
        ' ',
      ),
    );
    const line = fc.oneof(
      fc.string(),
      fc.array(pieces).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(line, (text) => {
        try {
          assemble(text);
        } catch (e) {
          expect(e).toBeInstanceOf(AsmError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
