import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { controlFlow } from '../../../../src/analysis/cfg/cfg.ts';
import { assemble } from '../../../../src/isa/asm/asm.ts';
import { formatInsn } from '../../../../src/isa/disasm.ts';
import type { Insn } from '../../../../src/isa/insn.ts';
import type { MapDef, Program } from '../../../../src/program/program.ts';
import { addressHoistings } from '../../../../src/search/rewrites/values/address-hoisting.ts';
import { KnownValues, sameName } from '../../../../src/search/rewrites/values/known-values.ts';
import { valueReuses } from '../../../../src/search/rewrites/values/value-reuse.ts';
import { createWindowVerifier, type WindowVerifier } from '../../../../src/verify/index.ts';
import { programOf } from '../../../optimizer/helpers.ts';

const MAP: MapDef = { name: 'm', type: 1, keySize: 4, valueSize: 8, maxEntries: 4, flags: 0 };
const HELPERS = { helper: (name: string) => ({ lookup: 1, random: 7 })[name] };

let verifier: WindowVerifier;
beforeAll(async () => {
  verifier = await createWindowVerifier();
});
afterAll(() => verifier.close());

const program = (code: string): Program => programOf(assemble(code, HELPERS), 'xdp', [MAP]);
const text = (insns: readonly Insn[]): string[] => insns.map((i) => formatInsn(i));
const lines = (code: string): string[] => text(assemble(code, HELPERS));

/** Replacements of a program, first to last, and whether all of them are right. */
function reuses(code: string): { made: string[][]; proven: boolean } {
  const p = program(code);
  const found = valueReuses(p).reverse();
  return {
    made: found.map(({ replacement }) => text(replacement)),
    proven: found.every(
      ({ window, replacement }) => verifier.check(p, window, replacement).kind === 'equivalent',
    ),
  };
}

describe('value reuse', () => {
  it('reads the original instead of a copy', () => {
    expect(
      reuses(
        'r2 = *(u32 *)(r1 +0)\nr7 = *(u32 *)(r1 +4)\nr3 = r7\nif r2 != r3 goto +1\nr7 = 5\nr0 = r7\nexit',
      ),
    ).toEqual({
      made: [lines('if r2 != r7 goto +1')],
      proven: true,
    });
    expect(reuses('r6 = 3\ncall random\nr3 = r0\nr3 += r6\nr6 += r3\nr0 = r6\nexit').made).toEqual([]);
  });

  it('takes an address from a register that still has it', () => {
    expect(
      reuses(
        '*(u32 *)(r10 -4) = 0\nr6 = map[id:0]\nr1 = r6\nr2 = r10\nr2 += -4\ncall lookup\nif r0 == 0 goto +5\nr1 = map[id:0]\nr2 = r10\nr2 += -4\ncall lookup\nr0 = 1\nexit',
      ),
    ).toEqual({ made: [lines('r1 = r6')], proven: true });
    expect(
      reuses(
        '*(u32 *)(r10 -4) = 0\nr6 = r10\nr6 += -4\nr2 = r6\nr1 = map[id:0]\ncall lookup\nr2 = r10\nr2 += -4\nr1 = map[id:0]\ncall lookup\nr0 = 0\nexit',
      ),
    ).toEqual({ made: [lines('r2 = r6')], proven: true });
  });

  it('accesses memory by the register that the address was made from', () => {
    expect(reuses('r2 = r10\nr2 += -16\n*(u64 *)(r2 +8) = 7\nr0 = *(u32 *)(r10 -8)\nexit')).toEqual({
      made: [lines('*(u64 *)(r10 -8) = 7')],
      proven: true,
    });
  });

  it('computes once what is computed twice', () => {
    const twice =
      'r2 = *(u32 *)(r1 +0)\nr3 = r2\nr3 >>= 3\nr4 = r2\nr4 >>= 3\nr5 = r3\nr5 += r4\nr0 = r5\nr0 ^= r3\nexit';
    const { made, proven } = reuses(twice);
    expect(made).toEqual([lines('r3 = r2\nr3 >>= 3\nr5 = r3\nr5 += r3')]);
    expect(proven).toBe(true);
  });

  it('drops a 32-bit move of what has 32 bits', () => {
    expect(reuses('r2 = *(u32 *)(r1 +0)\nw2 = w2\nr2 <<= 3\nr0 = r2\nexit').made).toEqual([[]]);
    expect(reuses('r2 = r1\nr2 += 1\nw2 = w2\nr2 <<= 3\nr0 = r2\nexit').made).toEqual([]);
  });

  it('leaves pinned instructions as they are, and what rests on them', () => {
    const p = program(
      'r2 = *(u32 *)(r1 +0)\nr3 = r2\nr4 = *(u32 *)(r1 +4)\nif r3 != r4 goto +1\nr2 = 1\nr0 = r2\nexit',
    );
    expect(valueReuses(p)).toHaveLength(1);
    expect(valueReuses({ ...p, pinned: new Map([[1, 'CO-RE']]) })).toEqual([]);
  });
});

describe('names of values', () => {
  it('do not outlive the round of a loop that made them', () => {
    const p = program(
      'r6 = 0\nr7 = 0\nr0 = 0\nr7 = r6\nr6 = *(u32 *)(r1 +0)\nif r6 != 0 goto -3\nr0 = r7\nexit',
    );
    const cfg = controlFlow(p);
    const values = new KnownValues(p, cfg);
    // After `r7 = r6` both are what r6 was; after the load they are not, also in the second round.
    expect(sameName(values.before(4, cfg)[6], values.before(4, cfg)[7])).toBe(true);
    expect(sameName(values.before(5, cfg)[6], values.before(5, cfg)[7])).toBe(false);
    expect(sameName(values.before(6, cfg)[6], values.before(6, cfg)[7])).toBe(false);
  });

  it('are lost where ways meet that bring different values', () => {
    const p = program('r6 = 1\nr7 = 1\nif r1 == 0 goto +1\nr7 = 2\nr0 = r7\nr0 += r6\nexit');
    const cfg = controlFlow(p);
    const values = new KnownValues(p, cfg);
    expect(sameName(values.before(3, cfg)[6], values.before(3, cfg)[7])).toBe(true);
    expect(sameName(values.before(4, cfg)[6], values.before(4, cfg)[7])).toBe(false);
  });
});

describe('kept addresses', () => {
  const take = '*(u32 *)(r10 -4) = 1\nr2 = r10\nr2 += -4\nr1 = map[id:0]\ncall lookup\n';
  it('are taken once where a register is free', () => {
    const [found] = addressHoistings(program(`${take.repeat(4)}r0 = 0\nexit`));
    expect(found?.at).toBe(3);
    expect(text(found!.replacement)).toEqual(lines('r9 = map[id:0]\nr1 = r9'));
    expect(found?.copies.map(({ at }) => at)).toEqual([9, 14, 19]);
    expect(found?.copies.every(({ replacement }) => formatInsn(replacement) === 'r1 = r9')).toBe(true);
  });

  it('need a register that nobody uses, and takings that the first one reaches', () => {
    expect(addressHoistings(program(`${take.repeat(2)}r0 = 0\nexit`))).toEqual([]);
    const used = `r6 = 1\nr7 = 2\nr8 = 3\nr9 = 4\n${take.repeat(4)}r0 = r6\nr0 += r7\nr0 += r8\nr0 += r9\nexit`;
    expect(addressHoistings(program(used))).toEqual([]);
    const skipped = `r0 = 0\nif r1 == 0 goto +6\n${take}${take.repeat(2)}r0 = 0\nexit`;
    // The first one is jumped over; the second one reaches only one more.
    expect(addressHoistings(program(skipped))).toEqual([]);
  });
});
