import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, Op, type Term, TermBuilder, TermStore } from '../../../src/solver/index.ts';
import { repaired } from '../../../src/verify/refute/local-search.ts';
import { sample } from '../../../src/verify/refute/samples.ts';
import { newBuilder, plant, steps } from '../../solver/arbitrary.ts';

const base = sample(0, [], new Map());

function finds(make: (b: TermBuilder, x: Term, y: Term) => [Term, Term]): boolean {
  const b = new TermBuilder(new TermStore());
  const [s, t] = make(b, b.store.var('x', 64), b.store.var('y', 64));
  for (const input of repaired(b.store, [[s, t]], [], base))
    if (evaluate(b.store, s, input) !== evaluate(b.store, t, input)) return true;
  return false;
}

describe('inputs by local search', () => {
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

  it('meet conditions that share their operands, and what may be assumed', () => {
    const b = new TermBuilder(new TermStore());
    const [x, y] = [b.store.var('x', 64), b.store.var('y', 64)];
    const k = (v: bigint): Term => b.const(v, 64);
    const less = (p: Term, q: Term): Term => b.binary(Op.ULt, p, q);
    const bounds = b.and(less(b.add(x, k(14n)), y), less(y, b.add(x, k(34n))));
    const type = b.eq(b.store.read('packet', b.add(x, k(12n))), b.const(0x86n, 8));
    const assumptions = [less(k(0x1000n), x), less(b.sub(y, x), k(0xffffn))];
    const [input] = repaired(b.store, [[b.and(bounds, type), b.false]], assumptions, base);
    expect(input).toBeDefined();
    for (const t of [...assumptions, bounds, type]) expect(evaluate(b.store, t, input!)).toBe(1n);
  });

  it('give only inputs that tell the sides apart and meet the assumptions', () => {
    fc.assert(
      fc.property(steps, (recipe) => {
        const b = newBuilder();
        const { store } = b;
        const made = plant(b, recipe);
        const [x, truths] = [made.at(-1)!, made.filter((t) => store.width(t) === 1)];
        const equation = [x, made.find((t) => t !== x && store.width(t) === store.width(x)) ?? x] as const;
        for (const input of repaired(store, [equation], truths, base)) {
          expect(evaluate(store, equation[0], input)).not.toBe(evaluate(store, equation[1], input));
          for (const t of truths) expect(evaluate(store, t, input)).toBe(1n);
        }
      }),
      { numRuns: 30, seed: 5 },
    );
  });

  it('finds nothing where nothing is', () => {
    const b = new TermBuilder(new TermStore());
    const x = b.store.var('x', 64);
    expect([...repaired(b.store, [[x, x]], [], base)]).toEqual([]);
  });
});
