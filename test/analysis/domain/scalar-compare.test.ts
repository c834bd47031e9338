import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { between, constant, scalarContains, UNKNOWN } from '../../../src/analysis/domain/scalar.ts';
import { decide, refine } from '../../../src/analysis/domain/scalar-compare.ts';
import { bigintAlgebra } from '../../../src/isa/algebra.ts';
import { type JumpOp, OPS } from '../../../src/isa/semantics.ts';
import { sample } from '../scalars.ts';

const JUMP_ROWS = OPS.filter((row): row is JumpOp => row.kind === 'jump');

describe('comparisons', () => {
  it.each(JUMP_ROWS.map((r) => [r.name, r] as const))('%s: decided and refined soundly', (_n, op) => {
    const r = op.relation;
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const decided = decide(r, a.s, b.s, op.width);
        const onTrue = refine(r, a.s, b.s, op.width);
        const onFalse = refine(op.negated, a.s, b.s, op.width);
        for (const x of a.values)
          for (const y of b.values) {
            const taken = op.eval(bigintAlgebra, BigInt.asUintN(op.width, x), BigInt.asUintN(op.width, y));
            if (decided !== undefined) expect(decided).toBe(taken);
            const refined = taken ? onTrue : onFalse;
            expect(refined).toBeDefined();
            expect(scalarContains(refined![0], x)).toBe(true);
            expect(scalarContains(refined![1], y)).toBe(true);
          }
      }),
      { numRuns: 150, seed: op.id },
    );
  });

  it('is as sharp as hand-made cases expect', () => {
    expect(refine('ult', UNKNOWN, constant(10n), 64)?.[0]).toMatchObject({ umin: 0n, umax: 9n, smin: 0n });
    expect(refine('ule', UNKNOWN, constant(10n), 32)?.[0].low).toMatchObject({ umin: 0n, umax: 10n });
    expect(refine('eq', UNKNOWN, constant(7n), 64)?.[0]).toMatchObject({ umin: 7n, umax: 7n });
    expect(refine('ne', between(0n, 5n), constant(0n), 64)?.[0].umin).toBe(1n);
    expect(refine('sgt', UNKNOWN, constant(-1n), 64)?.[0].smin).toBe(0n);
    expect(refine('clear', UNKNOWN, constant(3n), 64)?.[0].tnum).toEqual({
      value: 0n,
      mask: 0xffff_ffff_ffff_fffcn,
    });
    expect(refine('set', UNKNOWN, constant(4n), 64)?.[0].tnum.value).toBe(4n);
    expect(refine('eq', between(0n, 5n), constant(9n), 64)).toBeUndefined();
    expect(decide('ult', between(0n, 5n), constant(9n), 64)).toBe(true);
    expect(decide('eq', between(0n, 5n), constant(9n), 64)).toBe(false);
    expect(decide('ult', between(0n, 5n), constant(3n), 64)).toBeUndefined();
  });
});
