import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Insn, insn, OPS, registersRead, registersWritten } from '../../src/isa/index.ts';
import { arbInsn } from './arbitrary.ts';

const mask = (...regs: number[]) => regs.reduce((m, r) => m | (1 << r), 0);

describe('register effects', () => {
  it.each<[string, Insn, number[], number[]]>([
    ['r1 += r2', insn(0x0f, 1, 2), [1, 2], [1]],
    ['r1 = r2', insn(0xbf, 1, 2), [2], [1]],
    ['w1 = 5', insn(0xb4, 1, 0, 0, 5), [], [1]],
    ['r3 = -r3', insn(0x87, 3), [3], [3]],
    ['r3 = be16 r3', insn(0xdc, 3, 0, 0, 16), [3], [3]],
    ['r1 = *(u32 *)(r2 +4)', insn(0x61, 1, 2, 4), [2], [1]],
    ['*(u64 *)(r10 -8) = r1', insn(0x7b, 10, 1, -8), [1, 10], []],
    ['*(u64 *)(r10 -8) = 1', insn(0x7a, 10, 0, -8, 1), [10], []],
    ['lock *(u64 *)(r1 +0) += r2', insn(0xdb, 1, 2, 0, 0), [1, 2], []],
    ['r2 = atomic64_fetch_add(r1, r2)', insn(0xdb, 1, 2, 0, 1), [1, 2], [2]],
    ['r2 = atomic64_xchg(r1, r2)', insn(0xdb, 1, 2, 0, 0xe1), [1, 2], [2]],
    ['r0 = atomic64_cmpxchg(r1, r0, r2)', insn(0xdb, 1, 2, 0, 0xf1), [0, 1, 2], [0]],
    ['r1 = load_acquire(r2)', insn(0xdb, 1, 2, 0, 0x100), [2], [1]],
    ['store_release(r1, r2)', insn(0xdb, 1, 2, 0, 0x110), [1, 2], []],
    ['ldabs', insn(0x30, 0, 0, 0, 14), [6], [0, 1, 2, 3, 4, 5]],
    ['ldind', insn(0x50, 0, 7, 0, 14), [6, 7], [0, 1, 2, 3, 4, 5]],
    ['if r1 == 0', insn(0x15, 1, 0, 1), [1], []],
    ['if w1 < w2', insn(0xae, 1, 2, 1), [1, 2], []],
    ['goto', insn(0x05, 0, 0, 1), [], []],
    ['may_goto', insn(0xe5, 0, 0, 1), [], []],
    ['call helper', insn(0x85, 0, 0, 0, 1), [1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5]],
    ['call local', insn(0x85, 0, 1, 0, 1), [1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5]],
    ['exit', insn(0x95), [0], []],
    ['ld_imm64', insn(0x18, 4, 0, 0, 1), [], [4]],
    ['addr_space_cast', insn(0xbf, 1, 2, 1, 1), [2], [1]],
  ])('%s', (_text, i, read, written) => {
    expect(registersRead(i)).toBe(mask(...read));
    expect(registersWritten(i)).toBe(mask(...written));
  });

  it('takes the worst of an unknown instruction', () => {
    expect(registersRead(insn(0xff))).toBe(0x7ff);
    expect(registersWritten(insn(0xff))).toBe(0x3ff);
  });

  it('never writes r10', () => {
    fc.assert(fc.property(arbInsn(), (i) => (registersWritten(i) & mask(10)) === 0));
    expect(OPS.length).toBeGreaterThan(150);
  });
});
