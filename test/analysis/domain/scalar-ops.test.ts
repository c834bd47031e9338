import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  constant,
  constantOf,
  joinScalars,
  type Scalar,
  scalarContains,
  scalarSubsumes,
  UNKNOWN,
  unsignedOf,
  widenScalar,
} from '../../../src/analysis/domain/scalar.ts';
import { aluScalar, narrowed } from '../../../src/analysis/domain/scalar-ops.ts';
import { bigintAlgebra } from '../../../src/isa/algebra.ts';
import { type AluOp, OPS } from '../../../src/isa/semantics.ts';
import { sample, u64 } from '../scalars.ts';

const ALU_ROWS = OPS.filter((row): row is AluOp => row.kind === 'alu');

/** The row on whole registers, as an executor runs it. */
function concrete(op: AluOp, dst: bigint, src: bigint): bigint {
  const cut = (x: bigint): bigint => BigInt.asUintN(op.width, x);
  return op.eval(bigintAlgebra, cut(dst), cut(src));
}

function show(s: Scalar): string {
  return JSON.stringify(s, (_k, v) => (typeof v === 'bigint' ? v.toString(16) : v));
}

function row(name: string): AluOp {
  return ALU_ROWS.find((r) => r.name === name)!;
}

describe('abstract ALU operations', () => {
  for (const precision of ['kernel', 'best'] as const)
    it.each(ALU_ROWS.map((r) => [r.name, r] as const))(
      `%s contains every concrete result (${precision})`,
      (_n, op) => {
        fc.assert(
          fc.property(sample, sample, (a, b) => {
            const out = aluScalar(op, a.s, b.s, precision);
            for (const x of a.values)
              for (const y of b.values) {
                const r = concrete(op, x, y);
                if (!scalarContains(out, r))
                  expect.fail(`${x.toString(16)} ${y.toString(16)} -> ${r.toString(16)} not in ${show(out)}`);
              }
          }),
          { numRuns: 80, seed: op.id },
        );
      },
    );

  it('folds constants exactly', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ALU_ROWS), u64, u64, (op, x, y) => {
        expect(constantOf(aluScalar(op, constant(x), constant(y)))).toBe(concrete(op, x, y));
      }),
      { seed: 1 },
    );
  });

  it('is as sharp as hand-made cases expect', () => {
    const byte = unsignedOf(8);
    expect(aluScalar(row('and64.k'), UNKNOWN, constant(0xffn)).umax).toBe(0xffn);
    expect(aluScalar(row('lsh64.k'), byte, constant(2n))).toMatchObject({
      umin: 0n,
      umax: 0x3fcn,
      tnum: { value: 0n, mask: 0x3fcn },
    });
    expect(aluScalar(row('add64.k'), byte, constant(-1n))).toMatchObject({ smin: -1n, smax: 254n });
    expect(aluScalar(row('mov32.x'), UNKNOWN, UNKNOWN).umax).toBe(0xffff_ffffn);
    const high = aluScalar(row('lsh64.k'), UNKNOWN, constant(32n));
    const sx = aluScalar(row('arsh64.k'), high, constant(32n));
    expect(sx).toMatchObject({ smin: -0x8000_0000n, smax: 0x7fff_ffffn });
    expect(aluScalar(row('rsh64.k'), high, constant(32n)).umax).toBe(0xffff_ffffn);
    expect(aluScalar(row('mod64.k'), UNKNOWN, constant(10n)).umax).toBe(9n);
    expect(aluScalar(row('mod64.k'), UNKNOWN, constant(10n), 'kernel').umax).toBe((1n << 64n) - 1n);
    expect(aluScalar(row('be16'), UNKNOWN, UNKNOWN).umax).toBe(0xffffn);
    expect(aluScalar(row('movsx8_64.x'), UNKNOWN, UNKNOWN)).toMatchObject({ smin: -128n, smax: 127n });
    expect(aluScalar(row('mul64.k'), byte, constant(24n)).umax).toBe(255n * 24n);
  });
});

describe('scalars as a lattice', () => {
  it('join and widening contain both sides', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        for (const both of [joinScalars(a.s, b.s, 0), widenScalar(a.s, b.s, 0)]) {
          expect(scalarSubsumes(both, a.s)).toBe(true);
          expect(scalarSubsumes(both, b.s)).toBe(true);
          for (const x of [...a.values, ...b.values]) expect(scalarContains(both, x)).toBe(true);
        }
      }),
      { seed: 2, numRuns: 500 },
    );
  });

  it('narrowing is what a store and a load of fewer bytes give', () => {
    fc.assert(
      fc.property(sample, fc.constantFrom(1, 2, 4, 8), fc.boolean(), (a, bytes, signed) => {
        const out = narrowed(a.s, bytes, signed);
        for (const x of a.values) {
          const low = signed ? BigInt.asUintN(64, BigInt.asIntN(bytes * 8, x)) : BigInt.asUintN(bytes * 8, x);
          expect(scalarContains(out, low)).toBe(true);
        }
      }),
      { seed: 3, numRuns: 500 },
    );
  });
});
