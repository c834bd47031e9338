import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldError, fieldsOf, type Insn, insn, nop, OPS, specOf, validate } from '../../src/isa/index.ts';
import { structureError } from '../../src/isa/validate.ts';
import { arbInsnOf, arbProgram, arbRawInsn } from './arbitrary.ts';

const EXIT = insn(0x95);
const R0 = insn(0xb7, 0, 0, 0, 0);
const WIDE = insn(0x18, 1);

/** The checker's words (kernel/bpf/verifier.c), each with the smallest program that earns them. */
const CASES: readonly [string, readonly Insn[]][] = [
  ['unknown opcode 8f', [insn(0x8f), EXIT]],
  ['unknown opcode 00', [insn(0x00), EXIT]],
  ['unknown opcode ff', [insn(0xff, 15, 15, -1, -1), EXIT]],
  ['BPF_ALU uses reserved fields', [insn(0x7f, 15, 15, -1, -1), EXIT]],
  ['BPF_ALU uses reserved fields', [insn(0x0f, 1, 2, 1), EXIT]],
  ['BPF_ALU uses reserved fields', [insn(0x07, 1, 2, 0, 1), EXIT]],
  ['BPF_MOV uses reserved fields', [insn(0xbf, 1, 2, 0, 1), EXIT]],
  ['BPF_MOV uses reserved fields', [insn(0xbc, 1, 2, 32), EXIT]],
  ['BPF_NEG uses reserved fields', [insn(0x87, 1, 0, 0, 1), EXIT]],
  ['BPF_END uses reserved fields', [insn(0xdc, 1, 0, 0, 24), EXIT]],
  ['BPF_END uses reserved fields', [insn(0xd7, 1, 2, 0, 16), EXIT]],
  ['BPF_LDX uses reserved fields', [insn(0x61, 1, 2, 0, 1), EXIT]],
  ['BPF_LDX uses reserved fields', [insn(0xb1, 1, 2), EXIT]],
  ['unknown opcode 99', [insn(0x99, 1, 2), EXIT]],
  ['invalid may_goto imm 7', [insn(0xe5, 0, 0, 0, 7), EXIT]],
  ['invalid may_goto imm 0', [insn(0xe5, 0, 1), EXIT]],
  ['BPF_STX uses reserved fields', [insn(0x63, 1, 2, 0, 1), EXIT]],
  ['BPF_ST uses reserved fields', [insn(0x62, 1, 2, 0, 1), EXIT]],
  ['BPF_ATOMIC uses invalid atomic opcode 02', [insn(0xdb, 1, 2, 0, 2), EXIT]],
  ['invalid atomic operand size', [insn(0xcb, 1, 2, 0, 0), EXIT]],
  ['BPF_LD_[ABS|IND] uses reserved fields', [insn(0x30, 0, 1, 0, 0), EXIT]],
  ['BPF_LD_IMM64 uses reserved fields', [insn(0x18, 1, 0, 1), EXIT]],
  ['unrecognized bpf_ld_imm64 insn', [insn(0x18, 1, 7), EXIT]],
  ['unrecognized bpf_ld_imm64 insn', [insn(0x18, 1, 1, 0, 3, 1), EXIT]],
  ['BPF_CALL uses reserved fields', [insn(0x85, 1), EXIT]],
  ['BPF_CALL uses reserved fields', [insn(0x85, 0, 3), EXIT]],
  ['BPF_JA uses reserved fields', [insn(0x05, 0, 0, 0, 1), EXIT]],
  ['BPF_EXIT uses reserved fields', [insn(0x95, 0, 0, 0, 1)]],
  ['BPF_JMP/JMP32 uses reserved fields', [insn(0x15, 1, 2), EXIT]],
  ['BPF_JMP/JMP32 uses reserved fields', [insn(0x1d, 1, 2, 0, 1), EXIT]],
  ['R11 is invalid', [insn(0xbf, 0, 11), EXIT]],
  ['R15 is invalid', [insn(0xb7, 15), EXIT]],
  ['frame pointer is read only', [insn(0xb7, 10), EXIT]],
  ['frame pointer is read only', [insn(0xdb, 1, 10, 0, 1), EXIT]],
  ['addr_space_cast insn can only convert between address space 1 and 0', [insn(0xbf, 1, 2, 1, 2), EXIT]],
  ['jump out of range from insn 1 to 99', [R0, insn(0x05, 0, 0, 97), EXIT]],
  ['jump out of range from insn 0 to -1', [insn(0x15, 1, 0, -2), EXIT]],
  ['jump out of range from insn 0 to 2', [insn(0x15, 1, 0, 1), EXIT]],
  ['jump into the middle of ldimm64 insn 1', [insn(0x15, 1, 0, 1), WIDE, EXIT]],
  ['last insn is not an exit or jmp', [R0]],
  ['last insn is not an exit or jmp', [EXIT, insn(0x15, 1, 0, -1)]],
  ['call to invalid destination', [insn(0x85, 0, 1, 0, 9), EXIT]],
  ['call to invalid destination', [insn(0x85, 0, 1, 0, 1), WIDE, EXIT]],
];

describe('validate', () => {
  it('tells what keeps a program from being one from what only matters where it runs', () => {
    const [zero, frame] = [insn(0x37, 1), insn(0xb7, 10)];
    expect(validate([zero, frame, R0, EXIT], { kernel: true }).map((p) => p.whenRun)).toEqual([true, true]);
    expect(structureError([zero, frame, R0, EXIT])).toBeUndefined();
    expect(structureError([frame, R0])).toMatchObject({ slot: 1, whenRun: false });
  });
  it.each(CASES)('%s', (reason, insns) => {
    expect(validate(insns).map((p) => p.reason)).toContain(reason);
  });

  it('names index and slot', () => {
    expect(validate([WIDE, insn(0x8f), EXIT])).toEqual([
      { index: 1, slot: 2, reason: 'unknown opcode 8f', whenRun: false },
    ]);
  });

  it('keeps jumps within their function', () => {
    const call = insn(0x85, 0, 1, 0, 1);
    const across = [call, insn(0x05, 0, 0, 0), EXIT];
    expect(validate(across).map((p) => p.reason)).toEqual(['jump out of range from insn 1 to 2']);
    expect(validate([call, EXIT, R0, EXIT])).toEqual([]);
    expect(validate([call, R0, EXIT]).map((p) => p.reason)).toEqual(['last insn is not an exit or jmp']);
  });

  it('reports constants that only the kernel refuses on request', () => {
    const insns = [
      insn(0x37, 1),
      insn(0x67, 1, 0, 0, 64),
      insn(0x64, 1, 0, 0, 32),
      insn(0xc7, 1, 0, 0, -1),
      EXIT,
    ];
    expect(validate(insns)).toEqual([]);
    expect(validate(insns, { kernel: true }).map((p) => p.reason)).toEqual([
      'div by zero',
      'invalid shift 64',
      'invalid shift 32',
      'invalid shift -1',
    ]);
  });

  it('is not content with nothing', () => {
    expect(validate([])).toHaveLength(1);
  });

  it('accepts what the arbitraries build, row by row', () => {
    for (const spec of OPS)
      fc.assert(
        fc.property(arbInsnOf(spec), (i) => fieldError(i) === undefined),
        { numRuns: 10 },
      );
    fc.assert(fc.property(arbProgram(), (insns) => validate(insns).length === 0));
  });

  it.each(OPS)(
    '$name: any other bit in a field that is not free is refused, or is another opcode',
    (spec) => {
      const free = fieldsOf(spec);
      const fixed = (['dst', 'src', 'off', 'imm', 'immHi'] as const).filter((f) => !free[f]);
      const bend = fc.tuple(arbInsnOf(spec), fc.constantFrom(...fixed, 'op'), fc.integer({ min: 0, max: 3 }));
      fc.assert(
        fc.property(bend, ([i, field, bit]) => {
          const bent = { ...i, [field]: i[field as keyof Insn] ^ (1 << bit) };
          return fieldError(bent) !== undefined || specOf(bent) !== spec;
        }),
        { numRuns: 30 },
      );
    },
  );

  it('never throws', () => {
    fc.assert(fc.property(fc.array(arbRawInsn), (insns) => void validate([...insns, nop()])));
  });
});
