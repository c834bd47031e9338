/**
 * Normal forms of terms: equal values should meet as equal terms, before any solver is asked.
 *
 *   in:   a term (any shape)                               `normalizer.normalize(t)`
 *   out:  its normal form, a term of the same store; equal normal forms mean equal values, unequal ones mean
 *         nothing
 *
 *   1  poly.ts      sums and products modulo 2^width
 *   2  slices.ts    cuts and joins of bit ranges
 *   3  bitwise.ts   and, or, xor, not
 *   4  compare.ts   =, <, if-then-else
 *   5  division.ts  quotients and remainders
 *   with bits.ts (which bits can be one) below all of them.
 *
 * A normal form is for comparing, not for solving: solvers do better on the term as it was built.
 */
import type { TermBuilder } from '../terms/build.ts';
import { OP_ROWS, Op } from '../terms/ops.ts';
import type { Term, TermStore } from '../terms/terms.ts';
import { bitwiseTerms, notTerm } from './bitwise.ts';
import { eqTerms, iteTerms, sltTerms, ultTerms } from './compare.ts';
import type { BitOp, Poly, SimplifierContext } from './context.ts';
import { divisionTerms, shiftTerms } from './division.ts';
import { addTerms, mulTerms, scaleTerm } from './poly.ts';
import { concatTerms, extractTerm, sextTerm, zextTerm } from './slices.ts';

export class Normalizer implements SimplifierContext {
  readonly store: TermStore;
  readonly build: TermBuilder;
  readonly polys = new Map<Term, Poly>();
  readonly possible = new Map<Term, bigint>();
  private readonly memo = new Map<Term, Term>();
  private readonly nots = new Map<number, Term>();
  private readonly slices = new Map<number, Term>();
  private readonly equations = new Map<number, Term>();

  constructor(build: TermBuilder) {
    this.build = build;
    this.store = build.store;
  }

  /** Normal form of a term. */
  normalize(t: Term): Term {
    const s = this.store;
    const stack = [t];
    while (stack.length > 0) {
      const x = stack[stack.length - 1]!;
      if (this.memo.has(x)) {
        stack.pop();
        continue;
      }
      const arity = OP_ROWS[s.op(x)]!.arity;
      const before = stack.length;
      if (arity > 0 && !this.memo.has(s.a(x))) stack.push(s.a(x));
      if (arity > 1 && !this.memo.has(s.b(x))) stack.push(s.b(x));
      if (arity > 2 && !this.memo.has(s.c(x))) stack.push(s.c(x));
      if (stack.length > before) continue;
      const n = this.apply(x);
      this.memo.set(x, n);
      this.memo.set(n, n);
      stack.pop();
    }
    return this.memo.get(t)!;
  }

  private of(t: Term): Term {
    return this.memo.get(t)!;
  }

  /** Normal form of an operation whose operands have theirs. */
  private apply(t: Term): Term {
    const s = this.store;
    const op = s.op(t);
    switch (op) {
      case Op.Const:
      case Op.Var:
        return t;
      case Op.Read:
        return s.read(s.memory(t), this.of(s.a(t)));
      case Op.Not:
        return this.not(this.of(s.a(t)));
      case Op.And:
      case Op.Or:
      case Op.Xor:
        return this.bitwise(op, this.of(s.a(t)), this.of(s.b(t)));
      case Op.Add:
        return this.add(this.of(s.a(t)), this.of(s.b(t)));
      case Op.Sub:
        return addTerms(this, this.of(s.a(t)), this.of(s.b(t)), -1n);
      case Op.Mul:
        return this.mul(this.of(s.a(t)), this.of(s.b(t)));
      case Op.UDiv:
      case Op.URem:
      case Op.SDiv:
      case Op.SRem:
        return divisionTerms(this, op, this.of(s.a(t)), this.of(s.b(t)));
      case Op.Shl:
      case Op.LShr:
      case Op.AShr:
        return shiftTerms(this, op, this.of(s.a(t)), this.of(s.b(t)));
      case Op.Concat:
        return this.concat(this.of(s.a(t)), this.of(s.b(t)));
      case Op.Extract:
        return this.extract(this.of(s.a(t)), s.b(t), s.width(t));
      case Op.SExt:
        return this.sext(this.of(s.a(t)), s.width(t));
      case Op.Eq:
        return this.eq(this.of(s.a(t)), this.of(s.b(t)));
      case Op.ULt:
        return ultTerms(this, this.of(s.a(t)), this.of(s.b(t)));
      case Op.SLt:
        return sltTerms(this, this.of(s.a(t)), this.of(s.b(t)));
      case Op.Ite:
        return this.ite(this.of(s.a(t)), this.of(s.b(t)), this.of(s.c(t)));
    }
  }

  add(x: Term, y: Term): Term {
    return addTerms(this, x, y, 1n);
  }
  mul(x: Term, y: Term): Term {
    return mulTerms(this, x, y);
  }
  scale(x: Term, factor: bigint): Term {
    return scaleTerm(this, x, factor);
  }
  not(x: Term): Term {
    return this.once(this.nots, x, () => notTerm(this, x));
  }
  bitwise(op: BitOp, x: Term, y: Term): Term {
    return bitwiseTerms(this, op, x, y);
  }
  extract(x: Term, lo: number, width: number): Term {
    if (this.store.isConst(x)) return this.build.const(this.store.value(x) >> BigInt(lo), width);
    return this.once(this.slices, (x * 64 + lo) * 64 + width - 1, () => extractTerm(this, x, lo, width));
  }
  concat(hi: Term, lo: Term): Term {
    return concatTerms(this, hi, lo);
  }
  zext(x: Term, width: number): Term {
    return zextTerm(this, x, width);
  }
  sext(x: Term, width: number): Term {
    return sextTerm(this, x, width);
  }
  ite(c: Term, t: Term, e: Term): Term {
    return iteTerms(this, c, t, e);
  }
  eq(x: Term, y: Term): Term {
    const [low, high] = x < y ? [x, y] : [y, x];
    return this.once(this.equations, low * 2 ** 26 + high, () => eqTerms(this, low, high));
  }

  /** SimplifierContext that go down through shared terms must not do so once per path. */
  private once(memo: Map<number, Term>, key: number, make: () => Term): Term {
    let t = memo.get(key);
    if (t === undefined) memo.set(key, (t = make()));
    return t;
  }
}

export { constantDifference } from './poly.ts';
