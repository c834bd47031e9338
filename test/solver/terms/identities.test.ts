/** What the builder makes of constants and equal operands means the same as the operation. */
import { describe, expect, it } from 'vitest';
import { type Term, TermBuilder, TermStore } from '../../../src/solver/index.ts';
import { TermEvaluator } from '../../../src/solver/terms/eval.ts';
import { IDENTITIES } from '../../../src/solver/terms/identities.ts';
import { applyOp, MASKS, OP_ROWS, Op, type OpCode } from '../../../src/solver/terms/ops.ts';

const BINARY = Object.entries(Op).filter(([, op]) => OP_ROWS[op]!.arity === 2 && op !== Op.Concat);

function values(w: number): bigint[] {
  const ones = MASKS[w]!;
  return [
    ...new Set([0n, 1n, 2n, BigInt(w), BigInt(w - 1), ones, ones - 1n, ones >> 1n].map((v) => v & ones)),
  ];
}

describe.each(BINARY)('%s', (_, op: OpCode) => {
  it.each([1, 8, 64])('of constants and equal operands, %i bits', (w) => {
    const rowWidth = OP_ROWS[op]!.predicate === true ? 1 : w;
    for (const x of values(w))
      for (const y of values(w)) {
        const b = new TermBuilder(new TermStore());
        const [vx, vy] = [b.store.var('x', w), b.store.var('y', w)];
        const [kx, ky] = [b.const(x, w), b.const(y, w)];
        const pairs: [Term, Term, bigint, bigint][] = [
          [vx, vy, x, y],
          [vx, ky, x, y],
          [kx, vy, x, y],
          [kx, ky, x, y],
          [vx, vx, x, x],
        ];
        for (const [s, t, p, q] of pairs) {
          const made = b.binary(op, s, t);
          const evaluator = new TermEvaluator(b.store, [made]);
          evaluator.run({ variable: (name) => (name === 'x' ? x : y), byte: () => 0 });
          expect(evaluator.value(made), `${x}, ${y}`).toBe(applyOp(op, rowWidth, w, w, p, q, 0n));
        }
      }
  });
});

it('some law holds of most operations, and makes them vanish', () => {
  expect(IDENTITIES).toHaveLength(OP_ROWS.length);
  const b = new TermBuilder(new TermStore());
  const x = b.store.var('x', 32);
  const [zero, one, ones] = [b.const(0n, 32), b.const(1n, 32), b.const(-1n, 32)];
  const same: [OpCode, Term][] = [
    [Op.And, ones],
    [Op.Or, zero],
    [Op.Xor, zero],
    [Op.Add, zero],
    [Op.Sub, zero],
    [Op.Mul, one],
    [Op.UDiv, one],
    [Op.Shl, zero],
    [Op.LShr, zero],
    [Op.AShr, zero],
  ];
  for (const [op, k] of same) expect(b.binary(op, x, k)).toBe(x);
  expect(b.binary(Op.And, zero, x)).toBe(zero);
  expect(b.binary(Op.Xor, x, x)).toBe(zero);
  expect(b.binary(Op.Shl, x, b.const(32n, 32))).toBe(zero);
  expect(b.binary(Op.ULt, ones, x)).toBe(b.false);
});
