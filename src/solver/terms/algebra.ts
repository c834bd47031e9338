/** The algebra whose values are terms: with it the one semantics table becomes a symbolic executor. */
import type { Algebra } from '../../isa/algebra.ts';
import type { TermBuilder } from './build.ts';
import { Op } from './ops.ts';
import type { Term } from './terms.ts';

/** Values and truth values are terms of the builder's store (truth values of width 1). */
export function termAlgebra(b: TermBuilder): Algebra<Term, Term> {
  return {
    const: (v, w) => b.const(v, w),
    add: (x, y) => b.binary(Op.Add, x, y),
    sub: (x, y) => b.binary(Op.Sub, x, y),
    mul: (x, y) => b.binary(Op.Mul, x, y),
    udiv: (x, y) => b.binary(Op.UDiv, x, y),
    urem: (x, y) => b.binary(Op.URem, x, y),
    sdiv: (x, y) => b.binary(Op.SDiv, x, y),
    srem: (x, y) => b.binary(Op.SRem, x, y),
    and: (x, y) => b.binary(Op.And, x, y),
    or: (x, y) => b.binary(Op.Or, x, y),
    xor: (x, y) => b.binary(Op.Xor, x, y),
    shl: (x, y) => b.binary(Op.Shl, x, y),
    lshr: (x, y) => b.binary(Op.LShr, x, y),
    ashr: (x, y) => b.binary(Op.AShr, x, y),
    trunc: (x, _from, to) => b.extract(x, 0, to),
    zext: (x, _from, to) => b.zext(x, to),
    sext: (x, _from, to) => b.sext(x, to),
    bswap: (x) => b.bswap(x),
    eq: (x, y) => b.binary(Op.Eq, x, y),
    ult: (x, y) => b.binary(Op.ULt, x, y),
    slt: (x, y) => b.binary(Op.SLt, x, y),
    not: (x) => b.not(x),
    ite: (c, t, e) => b.ite(c, t, e),
  };
}
