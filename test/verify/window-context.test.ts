import { beforeAll, describe, expect, it } from 'vitest';
import { assemble } from '../../src/isa/asm/asm.ts';
import type { Program } from '../../src/program/program.ts';
import { createWindowVerifier, type WindowVerifier } from '../../src/verify/index.ts';
import { text } from '../analysis/programs.ts';

let verifier: WindowVerifier;
beforeAll(async () => {
  verifier = await createWindowVerifier({ memoryModel: 'plain' });
});

function check(program: Program, start: number, end: number, replacement: string) {
  return verifier.check(program, { start, end }, assemble(replacement));
}

describe('windows of programs', () => {
  it('takes a packet for one piece: who compares with more of it has compared with less', () => {
    const p = text(`
      r2 = *(u32 *)(r1 + 4)
      r1 = *(u32 *)(r1 + 0)
      r3 = r1
      r3 += 14
      r0 = 1
      if r3 > r2 goto +5
      r3 = r1
      r3 += 34
      if r3 > r2 goto +2
      r0 = *(u8 *)(r1 + 33)
      r0 &= 1
      exit
    `);
    const once = (length: number) => `r3 = r1\nr3 += ${length}\nr0 = 1\nif r3 > r2 goto +2`;
    expect(check(p, 2, 9, once(34))).toMatchObject({ kind: 'equivalent' });
    expect(check(p, 2, 9, once(33))).toMatchObject({ kind: 'different' });
  });

  it('keeps a value of one of two maps apart from the packet, not from either map', () => {
    const p = text(`
      r2 = *(u32 *)(r1 + 4)
      r7 = *(u32 *)(r1 + 0)
      r3 = r7
      r3 += 14
      if r3 > r2 goto +24
      *(u64 *)(r10 - 8) = 1
      *(u64 *)(r10 - 16) = 1
      r2 = r10
      r2 += -16
      r1 = map[id:1]
      call 1
      if r0 == 0 goto +17
      r6 = r0
      r8 = *(u8 *)(r7 + 0)
      if r8 != 7 goto +6
      r2 = r10
      r2 += -8
      r1 = map[id:0]
      call 1
      if r0 == 0 goto +9
      r6 = r0
      r9 = 0
      r1 = *(u16 *)(r6 + 0)
      *(u16 *)(r7 + 0) = r1
      r1 = *(u16 *)(r6 + 2)
      *(u16 *)(r7 + 2) = r1
      *(u16 *)(r0 + 0) = 1
      r1 = *(u16 *)(r6 + 0)
      *(u16 *)(r7 + 4) = r1
      r0 = 1
      exit
    `);
    const merged = 'r1 = *(u32 *)(r6 + 0)\n*(u32 *)(r7 + 0) = r1';
    expect(check(p, 22, 26, merged)).toMatchObject({ kind: 'equivalent' });
    // The store to r0 may change what r6 points to.
    const early = 'r1 = *(u16 *)(r6 + 0)\n*(u16 *)(r0 + 0) = 1\n*(u16 *)(r7 + 4) = r1';
    expect(check(p, 26, 29, early).kind).not.toBe('equivalent');
  });

  it('uses what the analysis knows before, and asks only for what is read after', () => {
    const p = text(`
      r2 = *(u32 *)(r1 + 4)
      r1 = *(u32 *)(r1 + 0)
      r3 = r1
      r3 += 14
      r0 = 2
      if r3 > r2 goto +5
      r4 = *(u16 *)(r1 + 12)
      r4 &= 65535
      r0 = 1
      if r4 == 8 goto +1
      r0 = 2
      exit
    `);
    // The upper bits of a u16 load are known to be zero; nothing else of the window is read later.
    expect(check(p, 7, 8, '')).toMatchObject({ kind: 'equivalent' });
    expect(check(p, 6, 8, 'r4 = *(u16 *)(r1 + 12)')).toMatchObject({
      kind: 'equivalent',
      how: 'normal-form',
    });
    expect(check(p, 6, 8, 'r4 = *(u8 *)(r1 + 12)')).toMatchObject({ kind: 'different' });
    // With its branch, up to the exit.
    const other = (c: number) => `r0 = *(u16 *)(r1 + 12)\nw0 ^= ${c}\nif w0 == 0 goto +1\nw0 = 1\nw0 += 1`;
    expect(check(p, 6, 11, other(8))).toMatchObject({ kind: 'equivalent', how: 'solver' });
    expect(check(p, 6, 11, other(7))).toMatchObject({ kind: 'different' });
    const right = 'r4 = *(u16 *)(r1 + 12)\nr0 = 1\nif w4 == 8 goto +1\nr0 = 2';
    expect(check(p, 6, 11, right)).toMatchObject({ kind: 'equivalent' });
  });

  it('knows how much of r0 the hook reads', () => {
    const p = text('r0 = *(u32 *)(r1 + 12)\nr0 |= 0\nexit');
    expect(check(p, 1, 2, 'w0 |= 0')).toMatchObject({ kind: 'equivalent' });
  });

  it('refuses ranges that are no windows', () => {
    const p = text('r0 = 0\nif r1 == 0 goto +1\nr0 = 1\nr0 += 1\nr0 += 2\nexit');
    expect(check(p, 2, 5, 'r0 = 4')).toMatchObject({ kind: 'unknown' });
    expect(check(p, 3, 5, 'r0 += 3')).toMatchObject({ kind: 'equivalent' });
  });

  it('lets a program jump out of the window to where it did before', () => {
    const p = text('r0 = 0\nr2 = *(u32 *)(r1 + 12)\nr2 <<= 32\nr2 >>= 32\nif r2 == 7 goto +1\nr0 = 1\nexit');
    expect(check(p, 2, 5, 'if w2 == 7 goto +1')).toMatchObject({ kind: 'equivalent' });
    expect(check(p, 2, 5, 'if w2 == 8 goto +1')).toMatchObject({ kind: 'different' });
    expect(check(p, 2, 5, 'if w2 == 7 goto +0')).toMatchObject({ kind: 'different' });
  });

  it('gives a counterexample that names what is live into the window', () => {
    const p = text('r0 = *(u32 *)(r1 + 12)\nr0 += 1\nexit');
    const v = check(p, 1, 2, 'r0 += 2');
    expect(v.kind).toBe('different');
    if (v.kind === 'different') expect(v.counterexample?.registers.has(0)).toBe(true);
  });

  it('answers a question it has seen from its cache', () => {
    const p = text('r0 = *(u32 *)(r1 + 12)\nr0 &= 255\nr0 &= 15\nexit');
    expect(check(p, 1, 3, 'r0 &= 15')).toMatchObject({ kind: 'equivalent', how: 'normal-form' });
    expect(check(p, 1, 3, 'r3 = 9\ngoto +0\nr0 &= 15')).toMatchObject({ kind: 'equivalent', how: 'cache' });
  });
});
