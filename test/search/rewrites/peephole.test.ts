import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assemble } from '../../../src/isa/asm/asm.ts';
import { formatInsn } from '../../../src/isa/disasm.ts';
import { sizeInSlots } from '../../../src/isa/insn.ts';
import { peepholes } from '../../../src/search/rewrites/peephole.ts';
import { createWindowVerifier, type WindowVerifier } from '../../../src/verify/index.ts';
import { programOf } from '../../optimizer/helpers.ts';

const TARGET = { level: 3, linux: 504 } as const;
const text = (code: string): string[] => assemble(code).map((i) => formatInsn(i));

let verifier: WindowVerifier;
beforeAll(async () => {
  verifier = await createWindowVerifier();
});
afterAll(() => verifier.close());

/** What the first rewrite of some instructions makes of them, in a program that uses all of their results. */
function first(
  body: string,
  after = 'exit',
): { replacement: string[]; verdict: string; saved: number } | undefined {
  const program = programOf(
    assemble(`r6 = *(u32 *)(r1 +0)\nr7 = *(u32 *)(r1 +8)\nr0 = 0\n${body}\n${after}`),
    'xdp',
  );
  const [found] = peepholes(program, TARGET);
  if (found === undefined) return undefined;
  const { window, replacement } = found;
  return {
    replacement: replacement.map((i) => formatInsn(i)),
    verdict: verifier.check(program, window, replacement).kind,
    saved: sizeInSlots(program.insns.slice(window.start, window.end)) - sizeInSlots(replacement),
  };
}

describe('peepholes', () => {
  it('shift what a 32-bit move has cut off', () => {
    const made = first('r2 = 0xf0000000 ll\nr3 = r7\nr3 &= r2\nr3 >>= 28\nr0 = r3');
    expect(made).toEqual({ replacement: text('w3 = w7\nr3 >>= 28'), verdict: 'equivalent', saved: 1 });
    expect(first('r2 = 0xf0000000 ll\nr2 &= r7\nr2 >>= 28\nr0 = r2')?.replacement).toEqual(
      text('w2 = w7\nr2 >>= 28'),
    );
    expect(first('r3 = r7\nr3 &= 240\nr3 >>= 2\nr0 = r3')).toBeUndefined();
  });

  it('make counters atomic, whatever holds the sum', () => {
    const spill = '*(u64 *)(r10 -8) = r7\n';
    const made = first(
      `${spill}r2 = *(u64 *)(r10 -8)\nr2 += 3\n*(u64 *)(r10 -8) = r2`,
      'r0 = *(u64 *)(r10 -8)\nexit',
    );
    expect(made).toEqual({
      replacement: text('r2 = 3\nlock *(u64 *)(r10 -8) += r2'),
      verdict: 'equivalent',
      saved: 1,
    });
    const turned = first(
      `${spill}r2 = *(u64 *)(r10 -8)\nr3 = 1\nr3 += r2\n*(u64 *)(r10 -8) = r3`,
      'r0 = *(u64 *)(r10 -8)\nexit',
    );
    expect(turned).toMatchObject({
      replacement: text('r3 = 1\nlock *(u64 *)(r10 -8) += r3'),
      verdict: 'equivalent',
    });
    const read = first(`${spill}r2 = *(u64 *)(r10 -8)\nr2 += 3\n*(u64 *)(r10 -8) = r2`, 'r0 = r2\nexit');
    expect(read?.verdict).toBe('different');
  });

  it('use short constants, low halves and immediate operands', () => {
    expect(first('r0 = 0xffffffd8 ll')?.replacement).toEqual(text('w0 = -40'));
    expect(first('r0 = 0x1122334455 ll')).toBeUndefined();
    expect(first('r7 <<= 32\nr7 >>= 32\nr0 = r7')).toMatchObject({
      replacement: text('w7 = w7'),
      verdict: 'equivalent',
    });
    expect(first('r7 <<= 32\nr7 >>= 32\nif r7 != 0x0 goto +1\nr0 = 1')).toMatchObject({
      replacement: text('if w7 != 0x0 goto +1'),
      verdict: 'equivalent',
      saved: 2,
    });
    expect(first('r2 = 8\nif r2 > r7 goto +1\nr0 = 1')).toMatchObject({
      replacement: text('if r7 < 0x8 goto +1'),
      verdict: 'equivalent',
    });
    expect(first('r7 &= 8\nif r7 != 0x0 goto +1\nr0 = 1')).toMatchObject({
      replacement: text('if r7 & 0x8 goto +1'),
      verdict: 'equivalent',
    });
    expect(first('r2 = 5\n*(u16 *)(r10 -8) = r2', 'r0 = *(u16 *)(r10 -8)\nexit')).toMatchObject({
      replacement: text('*(u16 *)(r10 -8) = 5'),
      verdict: 'equivalent',
    });
  });

  it('use only what the target has, and keep away from jump targets', () => {
    const program = programOf(
      assemble('r0 = 0\nr1 <<= 32\nr1 >>= 32\nif r1 != 0x0 goto +1\nr0 = 1\nexit'),
      'xdp',
    );
    expect(
      peepholes(program, { level: 1, linux: 418 }).every(({ replacement }) => replacement[0]!.op !== 0x56),
    ).toBe(true);
    const entered = programOf(
      assemble('r0 = 0\nif r1 == 0x0 goto +1\nr7 &= 8\nif r7 != 0x0 goto +1\nr0 = 1\nexit'),
      'xdp',
    );
    expect(peepholes(entered, TARGET)).toEqual([]);
  });

  it('store a choice where it is made', () => {
    const made = first(
      'r2 = 1\nif r6 != 0 goto +1\nr2 = r7\n*(u64 *)(r10 -8) = r2',
      'r0 = *(u64 *)(r10 -8)\nexit',
    );
    expect(made).toEqual({
      replacement: text('*(u64 *)(r10 -8) = 1\nif r6 != 0 goto +1\n*(u64 *)(r10 -8) = r7'),
      verdict: 'equivalent',
      saved: 1,
    });
  });

  it('set what is zero on one way in on the other way only', () => {
    const made = first('r1 = r6\nr6 = 0\nif r1 == 0 goto +2\nr2 = r1\nr7 += r2', 'r0 = r6\nr0 += r7\nexit');
    expect(made).toEqual({
      replacement: text('if r6 == 0 goto +3\nr2 = r6\nr7 += r2\nr6 = 0'),
      verdict: 'equivalent',
      saved: 1,
    });
    expect(first('r1 = r6\nr6 = 0\nif r1 == 0 goto +2\nr2 = r1\nr7 += r6')).toBeUndefined();
  });

  it('take the upper half of a wider load for a sign-extended one', () => {
    const made = first(
      '*(u64 *)(r10 -8) = r7\nr2 = *(u32 *)(r10 -4)\nr6 += 1\nr2 <<= 32\nr2 s>>= 32\nr0 = r2\nr0 += r6',
    );
    expect(made).toEqual({
      replacement: text('r2 = *(u64 *)(r10 -8)\nr6 += 1\nr2 s>>= 32'),
      verdict: 'equivalent',
      saved: 1,
    });
    expect(
      first('*(u64 *)(r10 -8) = r7\nr2 = *(u32 *)(r10 -8)\nr2 <<= 32\nr2 s>>= 32\nr0 = r2'),
    ).toBeUndefined();
  });

  it('do not set again what is zero on the way', () => {
    const made = first('r8 = 0\nif r6 == 0 goto +2\nr8 = 1\nr7 += 1\nr6 = r8', 'r0 = r6\nr0 += r7\nexit');
    expect(made).toEqual({
      replacement: text('if r6 == 0 goto +3\nr8 = 1\nr7 += 1\nr6 = r8'),
      verdict: 'equivalent',
      saved: 0,
    });
  });

  it('use learned rules where nobody reads what they leave out', () => {
    const bytes = (after: string): string =>
      `*(u64 *)(r10 -8) = r7\nr2 = *(u8 *)(r10 -8)\nr3 = *(u8 *)(r10 -7)\nr3 <<= 8\nr3 |= r2\n${after}`;
    expect(first(bytes('r0 = r3'))).toEqual({
      replacement: text('r3 = *(u16 *)(r10 -8)'),
      verdict: 'equivalent',
      saved: 3,
    });
    // One of the bytes is read by itself.
    expect(first(bytes('r0 = r3\nr0 += r2'))).toBeUndefined();
  });
});
