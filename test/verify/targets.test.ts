import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, Op, type Term, TermBuilder, TermStore } from '../../src/solver/index.ts';
import { sample } from '../../src/verify/samples.ts';
import { targeted } from '../../src/verify/targets.ts';

const base = sample(0, [], new Map());

function finds(make: (b: TermBuilder, x: Term, y: Term) => [Term, Term]): boolean {
  const b = new TermBuilder(new TermStore());
  const [s, t] = make(b, b.store.var('x', 64), b.store.var('y', 64));
  for (const input of targeted(b.store, [[s, t]], base))
    if (evaluate(b.store, s, input) !== evaluate(b.store, t, input)) return true;
  return false;
}

describe('targeted inputs', () => {
  it('find the one value that tells two conditions apart', () => {
    const rare = 0x88a8_1234_5678n;
    expect(finds((b, x) => [b.eq(x, b.const(rare, 64)), b.false])).toBe(true);
    expect(finds((b, x) => [b.eq(b.add(x, b.const(77n, 64)), b.const(rare, 64)), b.false])).toBe(true);
    expect(
      finds((b, x) => [
        b.eq(b.binary(Op.Shl, x, b.const(8n, 64)), b.const((rare << 8n) & 0xffff_ffff_ff00n, 64)),
        b.false,
      ]),
    ).toBe(true);
  });

  it('find bytes of memory, and two values at once', () => {
    expect(
      finds((b, x, y) => {
        const bytes = b.concat(b.store.read('packet', b.add(x, b.const(1n, 64))), b.store.read('packet', x));
        return [b.and(b.eq(bytes, b.const(0x0608n, 16)), b.binary(Op.ULt, y, b.const(3n, 64))), b.false];
      }),
    ).toBe(true);
  });

  it('find the border of a comparison', () => {
    fc.assert(
      fc.property(fc.bigInt(2n, (1n << 63n) - 2n), (c) => {
        expect(
          finds((b, x) => [b.binary(Op.ULt, x, b.const(c, 64)), b.binary(Op.ULt, x, b.const(c + 1n, 64))]),
        ).toBe(true);
      }),
      { numRuns: 50, seed: 3 },
    );
  });

  it('leave a formula without comparisons alone', () => {
    const b = new TermBuilder(new TermStore());
    const x = b.store.var('x', 64);
    expect([...targeted(b.store, [[x, b.add(x, b.const(1n, 64))]], base)]).toEqual([]);
  });
});
