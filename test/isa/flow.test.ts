import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  calleeOf,
  indexOfSlot,
  insn,
  jumpTarget,
  OP_CALL,
  OP_EXIT,
  OP_JA,
  OP_JA32,
  OP_JCOND,
  OP_LD_IMM64,
  PseudoLd,
  slotOffsets,
  successors,
} from '../../src/isa/index.ts';
import { arbRawInsn } from './arbitrary.ts';

const EXIT = insn(OP_EXIT);
const WIDE = insn(OP_LD_IMM64, 1);

describe('flow', () => {
  it('counts slots', () => {
    expect([...slotOffsets([WIDE, EXIT, WIDE])]).toEqual([0, 2, 3, 5]);
    expect([...slotOffsets([])]).toEqual([0]);
  });

  it('finds the instruction of every slot', () => {
    fc.assert(
      fc.property(fc.array(arbRawInsn), fc.integer({ min: -3, max: 40 }), (insns, slot) => {
        const offsets = slotOffsets(insns);
        const at = [...offsets].indexOf(slot);
        expect(indexOfSlot(offsets, slot)).toBe(at === -1 ? undefined : at);
      }),
    );
  });

  it('follows jumps across wide instructions', () => {
    const insns = [insn(0x15, 1, 0, 3), WIDE, insn(OP_JA, 0, 0, 1), insn(OP_JA32, 0, 0, 0, -5), EXIT];
    expect(insns.map((_, i) => jumpTarget(insns, i))).toEqual([3, undefined, 4, 0, undefined]);
    expect(insns.map((_, i) => successors(insns, i))).toEqual([[1, 3], [2], [4], [0], []]);
  });

  it('has no target in the middle of ld_imm64 or outside', () => {
    const insns = [insn(OP_JA, 0, 0, 1), WIDE, insn(OP_JA, 0, 0, -9), insn(OP_JA, 0, 0, 0)];
    expect(insns.map((_, i) => jumpTarget(insns, i))).toEqual(Array(4).fill(undefined));
  });

  it('tells calls and function addresses from jumps', () => {
    const insns = [insn(OP_CALL, 0, 1, 0, 3), insn(OP_LD_IMM64, 1, PseudoLd.FUNC, 0, 2), EXIT, EXIT];
    expect(insns.map((_, i) => calleeOf(insns, i))).toEqual([3, 3, undefined, undefined]);
    expect(jumpTarget(insns, 0)).toBeUndefined();
    expect(successors(insns, 0)).toEqual([1]);
  });

  it('may_goto goes both ways, a jump to the next instruction only one', () => {
    const insns = [insn(OP_JCOND, 0, 0, 1), insn(0x15, 1, 0, 0), EXIT];
    expect(successors(insns, 0)).toEqual([1, 2]);
    expect(successors(insns, 1)).toEqual([2]);
  });
});
