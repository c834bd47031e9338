import { beforeAll, describe, expect, it } from 'vitest';
import {
  createSolver,
  Normalizer,
  Op,
  type OpCode,
  type Solver,
  type Term,
  type TermBuilder,
} from '../../src/solver/index.ts';
import { newBuilder } from './arbitrary.ts';

/** Equal terms that the normal forms must bring together, at several widths; the solver confirms each. */
type Build = (b: TermBuilder, v: (name: string) => Term, w: number) => [Term, Term];
const op = (b: TermBuilder, o: OpCode, x: Term, y: Term): Term => b.binary(o, x, y);

const RULES: Record<string, { widths: readonly number[]; build: Build; hard?: boolean }> = {
  'sum is commutative and associative': {
    widths: [8, 16, 32, 64],
    build: (b, v) => [b.add(b.add(v('x'), v('y')), v('z')), b.add(v('z'), b.add(v('y'), v('x')))],
  },
  'product distributes': {
    widths: [8],
    build: (b, v) => [
      op(b, Op.Mul, v('x'), b.add(v('y'), v('z'))),
      b.add(op(b, Op.Mul, v('x'), v('y')), op(b, Op.Mul, v('z'), v('x'))),
    ],
  },
  'complement is -x - 1': {
    widths: [8, 32, 64],
    build: (b, v, w) => [b.not(v('x')), b.sub(b.const(-1n, w), v('x'))],
  },
  'shift is multiplication': {
    widths: [8, 32, 64],
    build: (b, v, w) => [op(b, Op.Shl, v('x'), b.const(3n, w)), op(b, Op.Mul, v('x'), b.const(8n, w))],
  },
  'shift pair is a mask': {
    widths: [16, 32, 64],
    build: (b, v, w) => [
      op(b, Op.LShr, op(b, Op.Shl, v('x'), b.const(8n, w)), b.const(8n, w)),
      b.and(v('x'), b.const((1n << BigInt(w - 8)) - 1n, w)),
    ],
  },
  'shift pair with sign is a sign extension': {
    widths: [16, 32, 64],
    build: (b, v, w) => [
      op(b, Op.AShr, op(b, Op.Shl, v('x'), b.const(8n, w)), b.const(8n, w)),
      b.sext(b.extract(v('x'), 0, w - 8), w),
    ],
  },
  'De Morgan': {
    widths: [8, 64],
    build: (b, v) => [b.not(b.and(v('x'), v('y'))), b.or(b.not(v('x')), b.not(v('y')))],
  },
  'or of disjoint parts is their sum': {
    widths: [16, 32, 64],
    build: (b, v, w) => {
      const [hi, lo] = [op(b, Op.Shl, v('x'), b.const(8n, w)), b.and(v('y'), b.const(0xffn, w))];
      return [b.or(hi, lo), b.add(lo, hi)];
    },
  },
  'xor of disjoint parts is their or': {
    widths: [16, 64],
    build: (b, v, w) => {
      const [hi, lo] = [op(b, Op.Shl, v('x'), b.const(8n, w)), b.and(v('y'), b.const(0xffn, w))];
      return [op(b, Op.Xor, hi, lo), b.or(lo, hi)];
    },
  },
  'bytes put together again': {
    widths: [16, 32, 64],
    build: (b, v, w) => {
      let t = b.extract(b.add(v('x'), v('y')), 0, 8);
      for (let k = 8; k < w; k += 8) t = b.concat(b.extract(b.add(v('y'), v('x')), k, 8), t);
      return [t, b.add(v('x'), v('y'))];
    },
  },
  'double byte swap': { widths: [16, 32, 64], build: (b, v) => [b.bswap(b.bswap(v('x'))), v('x')] },
  'sum of halves without overflow needs no mask': {
    widths: [32, 64],
    build: (b, v, w) => {
      const half = (n: string): Term => b.zext(b.extract(v(n), 0, 16), w);
      const sum = b.add(half('x'), half('y'));
      return [b.and(sum, b.const(0x1ffffn, w)), sum];
    },
  },
  'low half of a wide sum': {
    widths: [64],
    build: (b, v) => [
      b.extract(b.add(v('x'), v('y')), 0, 32),
      b.add(b.extract(v('x'), 0, 32), b.extract(v('y'), 0, 32)),
    ],
  },
  'remainder by quotient': {
    widths: [8],
    build: (b, v) => [
      op(b, Op.URem, v('x'), v('y')),
      b.sub(v('x'), op(b, Op.Mul, op(b, Op.UDiv, v('x'), v('y')), v('y'))),
    ],
  },
  'remainder by a power of two': {
    widths: [8, 32, 64],
    build: (b, v, w) => [op(b, Op.URem, v('x'), b.const(16n, w)), b.and(v('x'), b.const(15n, w))],
  },
  'quotient of a narrow number': {
    widths: [16, 32],
    build: (b, v, w) => {
      const narrow = b.extract(v('x'), 0, 8);
      return [
        op(b, Op.UDiv, b.zext(narrow, w), b.const(10n, w)),
        b.zext(op(b, Op.UDiv, narrow, b.const(10n, 8)), w),
      ];
    },
  },
  'equation solved for x': {
    widths: [8, 32, 64],
    build: (b, v, w) => [b.eq(b.add(v('x'), b.const(3n, w)), b.const(5n, w)), b.eq(v('x'), b.const(2n, w))],
  },
  'equation with an odd factor': {
    widths: [8, 32],
    build: (b, v, w) => [
      b.eq(op(b, Op.Mul, v('x'), b.const(3n, w)), b.const(9n, w)),
      b.eq(v('x'), b.const(3n, w)),
    ],
  },
  'swapped constant compared': {
    widths: [16, 32],
    build: (b, v, w) => [
      b.eq(b.bswap(v('x')), b.const(0x08n, w)),
      b.eq(v('x'), b.const(0x08n << BigInt(w - 8), w)),
    ],
  },
  'less than a power of two': {
    widths: [8, 64],
    build: (b, v, w) => [
      b.binary(Op.ULt, v('x'), b.const(16n, w)),
      b.eq(op(b, Op.LShr, v('x'), b.const(4n, w)), b.const(0n, w)),
    ],
  },
  'constant on the left of a comparison': {
    widths: [8, 64],
    build: (b, v, w) => [
      b.binary(Op.ULt, b.const(5n, w), v('x')),
      b.not(b.binary(Op.ULt, v('x'), b.const(6n, w))),
    ],
  },
  'sign test': {
    widths: [8, 64],
    build: (b, v, w) => [b.binary(Op.SLt, v('x'), b.const(0n, w)), b.extract(v('x'), w - 1, 1)],
  },
  'signed comparison of non-negative numbers': {
    widths: [16, 64],
    build: (b, v, w) => {
      const half = (n: string): Term => b.zext(b.extract(v(n), 0, 8), w);
      return [b.binary(Op.SLt, half('x'), half('y')), b.binary(Op.ULt, half('x'), half('y'))];
    },
  },
  'if-then-else under its own condition': {
    widths: [8, 64],
    build: (b, v, w) => {
      const c = b.eq(v('x'), b.const(0n, w));
      return [b.ite(c, b.ite(c, v('y'), v('z')), v('x')), b.ite(c, v('y'), v('x'))];
    },
  },
  'if-then-else of 1 and 0': {
    widths: [8, 64],
    build: (b, v, w) => {
      const c = b.binary(Op.ULt, v('x'), v('y'));
      return [b.ite(c, b.const(1n, w), b.const(0n, w)), b.zext(c, w)];
    },
  },
  'low bits of an if-then-else': {
    widths: [16, 64],
    build: (b, v) => {
      const c = b.binary(Op.ULt, v('x'), v('y'));
      return [
        b.extract(b.ite(c, v('x'), v('y')), 0, 8),
        b.ite(c, b.extract(v('x'), 0, 8), b.extract(v('y'), 0, 8)),
      ];
    },
  },
  absorption: { widths: [8, 64], build: (b, v) => [b.and(v('x'), b.or(v('y'), v('x'))), v('x')] },
  'sign byte above its number': {
    widths: [16, 32, 64],
    build: (b, v, w) => {
      const low = b.extract(v('x'), 0, 8);
      return [b.concat(b.sext(b.extract(low, 7, 1), w - 8), low), b.sext(low, w)];
    },
  },
};

let solver: Solver;
beforeAll(async () => {
  solver = await createSolver();
});

describe('rewrite rules', () => {
  for (const [name, rule] of Object.entries(RULES))
    for (const w of rule.widths)
      it(`${name}, ${w} bits`, () => {
        const b = newBuilder();
        const [x, y] = rule.build(b, (n) => b.store.var(n, w), w);
        const n = new Normalizer(b);
        expect(n.normalize(x)).toBe(n.normalize(y));
        for (const t of [x, y]) {
          const q = b.not(b.eq(t, n.normalize(t)));
          if (!b.store.isConst(q))
            expect(solver.check(b.store, [q], { rlimit: 3_000_000 }).result).toBe('unsat');
        }
      });
});
