import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/isa/asm/asm.ts';
import { type Insn, insn } from '../../src/isa/insn.ts';
import { replaceRange } from '../../src/program/edit.ts';
import { replaceRanges } from '../../src/program/edit-many.ts';
import type { Program } from '../../src/program/program.ts';
import { programOf } from '../optimizer/helpers.ts';

const mov = (dst: number, imm: number): Insn => insn(0xb7, dst, 0, 0, imm);

/** Straight code with jumps over it, forwards. */
function jumping(length: number, jumps: readonly (readonly [number, number])[]): Program {
  const insns = Array.from({ length }, (_, n) => mov(n % 6, n));
  for (const [at, by] of jumps)
    if (at < length - 1) insns[at] = insn(0x15, 1, 0, Math.min(by, length - 2 - at), 0);
  return programOf([...insns, insn(0x95)], 'xdp');
}

describe('replaceRanges', () => {
  it('does what replacing one range after the other does, last first', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 40 }),
        fc.array(fc.tuple(fc.nat(38), fc.nat(12)), { maxLength: 8 }),
        fc.uniqueArray(fc.nat(38), { minLength: 1, maxLength: 10 }),
        fc.array(fc.nat(3), { minLength: 10, maxLength: 10 }),
        (length, jumps, places, sizes) => {
          const program = jumping(length, jumps);
          // No jumps are replaced: those of a replacement mean something else when ranges are replaced one
          // after the other.
          const edits = places
            .filter((at) => at < length - 1 && program.insns[at]!.op === 0xb7)
            .sort((a, b) => a - b)
            .map((start, n) => ({
              start,
              end: start + 1,
              insns: Array.from({ length: sizes[n]! }, (_, k) => mov(9, k)),
            }));
          const oneByOne = [...edits]
            .reverse()
            .reduce((p, e) => replaceRange(p, e.start, e.end, e.insns), program);
          expect(replaceRanges(program, edits)).toEqual(oneByOne);
        },
      ),
    );
  });

  it('finds again what a replacement jumps to', () => {
    const program = programOf(assemble('r1 = 1\nif r1 == 0 goto +2\nr2 = 2\nr0 = 1\nexit'), 'xdp');
    const result = replaceRanges(program, [
      { start: 1, end: 2, insns: assemble('r3 = 3\nif r1 == 0 goto +2') },
      { start: 2, end: 3, insns: [] },
    ]);
    expect(result.insns).toEqual(assemble('r1 = 1\nr3 = 3\nif r1 == 0 goto +1\nr0 = 1\nexit'));
  });

  it('says no to an empty function and to distances that do not fit', () => {
    const two = { ...programOf(assemble('call pc+1\nexit\nr0 = 1\nexit'), 'xdp') };
    const functions = [
      { name: 'main', start: 0, end: 2 },
      { name: 'sub', start: 2, end: 4 },
    ];
    const gone = [2, 3].map((start) => ({ start, end: start + 1, insns: [] }));
    expect(() => replaceRanges({ ...two, functions }, gone)).toThrow(/no instructions/);
    const far = programOf([insn(0x15, 1, 0, 3, 0), ...assemble('r0 = 1\nr0 = 2\nr0 = 3\nexit')], 'xdp');
    const long = { start: 1, end: 2, insns: Array.from({ length: 40_000 }, () => mov(0, 1)) };
    expect(() => replaceRanges(far, [long])).toThrow(/16-bit/);
  });
});
