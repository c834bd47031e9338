import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  assignmentOf,
  createSolver,
  evaluate,
  Normalizer,
  Op,
  type Solver,
  selfTest,
} from '../../../src/solver/index.ts';
import { newBuilder, plant, steps } from '../arbitrary.ts';

let solver: Solver;
beforeAll(async () => {
  solver = await createSolver();
});

describe('embedded Z3', () => {
  it('knows known verdicts', () => {
    expect(selfTest(solver)).toBeUndefined();
  });

  it('gives the same resource count for the same question', () => {
    const b = newBuilder();
    const [x, y] = [b.store.var('x', 32), b.store.var('y', 32)];
    const q = b.not(b.eq(b.binary(Op.Mul, x, b.add(y, b.const(1n, 32))), b.add(b.binary(Op.Mul, x, y), x)));
    const counts = [1, 2, 3].map(() => solver.check(b.store, [q], { rlimit: 3_000_000 }).rlimit);
    expect(new Set(counts).size).toBe(1);
  });

  it('answers unknown, with a reason, when the budget is too small', () => {
    const b = newBuilder();
    const [x, y] = [b.store.var('x', 64), b.store.var('y', 64)];
    // Two factors of 2147483647 * 2147483629.
    const factors = [x, y].flatMap((t) => [
      b.binary(Op.ULt, b.const(1n, 64), t),
      b.binary(Op.ULt, t, b.const(1n << 32n, 64)),
    ]);
    const product = b.eq(b.binary(Op.Mul, x, y), b.const(2147483647n * 2147483629n, 64));
    const r = solver.check(b.store, [...factors, product], { rlimit: 20_000 });
    expect(r.result).toBe('unknown');
    if (r.result === 'unknown') expect(r.reason).not.toBe('');
  });

  it('gives models under which the assertion holds', () => {
    fc.assert(
      fc.property(steps, fc.bigInt(0n, 0xffffn), (recipe, c) => {
        const b = newBuilder();
        const t = plant(b, recipe).at(-1)!;
        const q = b.eq(t, b.const(c, b.store.width(t)));
        if (b.store.isConst(q)) return;
        const r = solver.check(b.store, [q], { rlimit: 100_000 });
        if (r.result === 'sat') expect(evaluate(b.store, q, assignmentOf(r.model))).toBe(1n);
      }),
      { numRuns: 40, seed: 7 },
    );
  });

  it('agrees with random normal forms', () => {
    fc.assert(
      fc.property(steps, (recipe) => {
        const b = newBuilder();
        const n = new Normalizer(b);
        const t = plant(b, recipe).at(-1)!;
        const q = b.not(b.eq(t, n.normalize(t)));
        if (b.store.isConst(q)) expect(b.store.value(q)).toBe(0n);
        else expect(solver.check(b.store, [q], { rlimit: 60_000 }).result).not.toBe('sat');
      }),
      { numRuns: 60, seed: 11 },
    );
  });
});
