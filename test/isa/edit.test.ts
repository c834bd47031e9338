import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  EditError,
  type Insn,
  insn,
  isNop,
  nop,
  OP_CALL,
  OP_EXIT,
  OP_JA,
  OP_JA32,
  OP_LD_IMM64,
  PseudoLd,
  referencedSlot,
  referenceOf,
  removeNops,
  retain,
  slotOffsets,
  splice,
  validate,
} from '../../src/isa/index.ts';
import { arbProgram } from './arbitrary.ts';

const EXIT = insn(OP_EXIT);
const WIDE = insn(OP_LD_IMM64, 1);
const mov = (imm: number) => insn(0xb7, 1, 0, 0, imm);

/** Index that every reference names, computed without the code under test; -1 for none. */
function aims(insns: readonly Insn[]): number[] {
  const offsets = [...slotOffsets(insns)];
  return insns.map((i, index) =>
    referenceOf(i) ? offsets.indexOf(referencedSlot(i, offsets[index]!)!) : -1,
  );
}

describe('splice', () => {
  it('relinks jumps over the range in both directions', () => {
    const insns = [insn(0x15, 1, 0, 2), mov(1), mov(2), mov(3), insn(OP_JA, 0, 0, -5)];
    const grown = splice(insns, 1, 1, [WIDE, WIDE]);
    expect(aims(grown)).toEqual([4, -1, -1, -1, -1, 0]);
    const gone = splice(insns, 1, 2, []);
    expect(aims(gone)).toEqual([1, -1, 0]);
  });

  it('relinks gotol, call local and function addresses', () => {
    const insns = [
      insn(OP_JA32, 0, 0, 0, 4),
      insn(OP_CALL, 0, 1, 0, 4),
      insn(OP_LD_IMM64, 1, PseudoLd.FUNC, 0, 3),
      mov(1),
      EXIT,
      EXIT,
    ];
    expect(aims(insns)).toEqual([4, 5, 5, -1, -1, -1]);
    expect(aims(splice(insns, 3, 1, [WIDE, mov(1)]))).toEqual([5, 6, 6, -1, -1, -1, -1]);
  });

  it('sends a jump to the first replaced instruction to the replacement, to a later one past it', () => {
    const insns = [insn(0x15, 1, 0, 1), insn(0x15, 1, 0, 1), mov(1), mov(2), EXIT];
    expect(aims(splice(insns, 2, 2, [mov(3), mov(4), mov(5)]))).toEqual([2, 5, -1, -1, -1, -1]);
  });

  it('leaves the replacement as it is, a jump to its end included', () => {
    const insns = [mov(1), mov(2), EXIT];
    const inner = [insn(0x15, 1, 0, 2), WIDE];
    const result = splice(insns, 0, 2, inner);
    expect(result.slice(0, 2)).toEqual(inner);
    expect(aims(result)).toEqual([2, -1, -1]);
  });

  it('inserts before an instruction', () => {
    const insns = [insn(0x15, 1, 0, 1), mov(1), insn(OP_JA, 0, 0, -1)];
    expect(splice(insns, 2, 0, [mov(9)])).toEqual(
      [insns[0], insns[1], mov(9), insn(OP_JA, 0, 0, -1)].map((i, n) =>
        n === 3 ? insn(OP_JA, 0, 0, -2) : i,
      ),
    );
  });

  it('refuses a distance that no longer fits', () => {
    const insns = [insn(0x15, 1, 0, 0x7ffe), ...Array.from({ length: 0x7ffe }, () => mov(1)), EXIT];
    expect(splice(insns, 1, 0, [mov(2)])[0]!.off).toBe(0x7fff);
    expect(() => splice(insns, 2, 0, [mov(2), mov(2)])).toThrow(EditError);
    expect(() => splice(insns, 2, 0, [WIDE])).toThrow(/insn 0: distance 32768 does not fit/);
  });

  it('refuses references to nowhere', () => {
    expect(() => splice([insn(OP_JA, 0, 0, 7), EXIT], 1, 0, [])).toThrow(/refers to no instruction/);
  });

  it('preserves the identity of every target outside the range, and the form of the program', () => {
    fc.assert(
      fc.property(arbProgram(), arbProgram({ maxLength: 8 }), fc.nat(), fc.nat(), (insns, extra, a, b) => {
        const start = a % insns.length;
        const count = b % (insns.length - start);
        const replacement = extra.slice(0, -1).map((i) => (referenceOf(i) ? nop() : i));
        const result = splice(insns, start, count, replacement);
        const shift = replacement.length - count;
        const moved = (i: number) => (i < start ? i : i + shift);
        const expected = (t: number) =>
          t === start ? start : t > start && t < start + count ? start + replacement.length : moved(t);
        const before = aims(insns);
        const after = aims(result);
        expect(validate(result)).toEqual([]);
        for (let i = 0; i < insns.length; i++)
          if ((i < start || i >= start + count) && before[i] !== -1)
            expect(after[moved(i)]).toBe(expected(before[i]!));
      }),
    );
  });
});

describe('retain and removeNops', () => {
  it('maps removed instructions to the next survivor', () => {
    const { insns, map } = retain([mov(0), mov(1), mov(2), EXIT], (_i, n) => n === 0 || n === 3);
    expect(insns).toEqual([mov(0), EXIT]);
    expect([...map]).toEqual([0, 1, 1, 1, 2]);
  });

  it('removes NOPs that removing NOPs makes', () => {
    const { insns, map } = removeNops([mov(1), insn(OP_JA, 0, 0, 1), nop(), EXIT]);
    expect(insns).toEqual([mov(1), EXIT]);
    expect([...map]).toEqual([0, 1, 1, 1, 2]);
  });

  it('keeps every target', () => {
    const program = arbProgram().chain((insns) =>
      fc
        .array(fc.boolean(), { minLength: insns.length, maxLength: insns.length })
        .map((drop) =>
          insns.map((i, n) => (drop[n] && i.op !== OP_LD_IMM64 && n + 1 < insns.length ? nop() : i)),
        ),
    );
    fc.assert(
      fc.property(program, (insns) => {
        const { insns: result, map } = removeNops(insns);
        expect(result.some(isNop)).toBe(false);
        expect(validate(result)).toEqual([]);
        const [before, after] = [aims(insns), aims(result)];
        for (const [n, i] of insns.entries())
          if (map[n] !== map[n + 1]) {
            expect(result[map[n]!]!.op).toBe(i.op);
            if (before[n] !== -1) expect(after[map[n]!]).toBe(map[before[n]!]);
          } else expect(i.op).toBe(OP_JA);
      }),
    );
  });
});
