import { beforeAll, describe, expect, it } from 'vitest';
import { assemble } from '../../src/isa/asm/asm.ts';
import { createWindowVerifier, type WindowVerifier } from '../../src/verify/index.ts';
import { contextOf } from './cases.ts';

let verifier: WindowVerifier;
beforeAll(async () => {
  verifier = await createWindowVerifier();
});

const context = contextOf('r1=scalar r2=scalar r3=packet', '', 'r0 fp-8:8');

/** n diamonds in a row: what each adds depends on a bit of r1. */
function diamonds(n: number, inverted: boolean): string {
  const lines = ['r0 = r2'];
  for (let k = 0; k < n; k++)
    lines.push(
      'r4 = r1',
      `r4 >>= ${k}`,
      'r4 &= 1',
      ...(inverted
        ? ['if r4 != 0 goto +2', `r0 += ${k + 1}`, 'goto +1', `r0 ^= ${k + 7}`]
        : ['if r4 == 0 goto +2', `r0 ^= ${k + 7}`, 'goto +1', `r0 += ${k + 1}`]),
    );
  lines.push('*(u64 *)(r10 - 8) = r0');
  return lines.join('\n');
}

describe('windows with branches', () => {
  it('merges paths: 24 diamonds are 24 if-then-elses, not 2^24 paths', () => {
    const [p, q] = [assemble(diamonds(24, false)), assemble(diamonds(24, true))];
    expect(verifier.checkIn(context, p, q)).toMatchObject({ kind: 'equivalent' });
    expect(verifier.stats.solver?.checks ?? 0).toBe(0);
    const wrong = assemble(diamonds(24, true).replace('r0 ^= 20', 'r0 ^= 21'));
    expect(verifier.checkIn(context, p, wrong)).toMatchObject({ kind: 'different' });
  });

  it('pointers that differ by path are followed into their region', () => {
    const p = assemble('r4 = r3\nif r1 == 0 goto +1\nr4 += 4\nr0 = *(u8 *)(r4 + 1)');
    const q = assemble('r0 = *(u8 *)(r3 + 5)\nif r1 != 0 goto +1\nr0 = *(u8 *)(r3 + 1)');
    expect(verifier.checkIn(context, p, q)).toMatchObject({ kind: 'equivalent' });
    const wrong = assemble('r0 = *(u8 *)(r3 + 5)\nif r1 == 0 goto +1\nr0 = *(u8 *)(r3 + 1)');
    expect(verifier.checkIn(context, p, wrong)).toMatchObject({ kind: 'different' });
  });

  it('loops are not windows', () => {
    const p = assemble('r0 = r2\nr0 += 1\nif r0 != 7 goto -2');
    expect(verifier.checkIn(context, p, assemble('r0 = 7'))).toMatchObject({ kind: 'unknown' });
  });
});
