/**
 * The abstract bit-vector algebra over which the semantics table is written. An instance decides what a value
 * is: a BigInt (reference interpreter), a term (symbolic execution), WebAssembly code (fast interpreter).
 *
 * Meaning follows SMT-LIB's QF_BV: operations wrap, `udiv` by zero is all ones, `urem` by zero is the
 * dividend, `sdiv` truncates toward zero, and shifting by the width or more gives 0 (`ashr`: copies of the
 * sign). The table never relies on those corner values: it guards division with `ite` and masks shift
 * amounts, so an instance whose `ite` is lazy may trap in the branch that is not taken.
 */
export type Width = 8 | 16 | 32 | 64;

/** V: bit-vector values (each knows or implies its width); B: truth values. */
export interface Algebra<V, B> {
  /** Constant of `width` bits; `value` is taken modulo 2^width. */
  const(value: bigint, width: Width): V;

  add(a: V, b: V, width: Width): V;
  sub(a: V, b: V, width: Width): V;
  mul(a: V, b: V, width: Width): V;
  udiv(a: V, b: V, width: Width): V;
  urem(a: V, b: V, width: Width): V;
  sdiv(a: V, b: V, width: Width): V;
  srem(a: V, b: V, width: Width): V;
  and(a: V, b: V, width: Width): V;
  or(a: V, b: V, width: Width): V;
  xor(a: V, b: V, width: Width): V;
  shl(a: V, b: V, width: Width): V;
  lshr(a: V, b: V, width: Width): V;
  ashr(a: V, b: V, width: Width): V;

  /** Low `to` bits of a `from`-bit value. */
  trunc(a: V, from: Width, to: Width): V;
  zext(a: V, from: Width, to: Width): V;
  sext(a: V, from: Width, to: Width): V;
  /** Reverse the bytes of a `width`-bit value. */
  bswap(a: V, width: Width): V;

  eq(a: V, b: V, width: Width): B;
  ult(a: V, b: V, width: Width): B;
  slt(a: V, b: V, width: Width): B;
  not(a: B): B;
  ite(c: B, t: V, e: V, width: Width): V;
}

const MASK: Record<Width, bigint> = {
  8: 0xffn,
  16: 0xffffn,
  32: 0xffff_ffffn,
  64: 0xffff_ffff_ffff_ffffn,
};

function signed(a: bigint, width: Width): bigint {
  return BigInt.asIntN(width, a);
}

/** Values are unsigned BigInts below 2^width. The reference: slow, obvious, total. */
export const bigintAlgebra: Algebra<bigint, boolean> = {
  const: (v, w) => v & MASK[w],
  add: (a, b, w) => (a + b) & MASK[w],
  sub: (a, b, w) => (a - b) & MASK[w],
  mul: (a, b, w) => (a * b) & MASK[w],
  udiv: (a, b, w) => (b === 0n ? MASK[w] : a / b),
  urem: (a, b) => (b === 0n ? a : a % b),
  sdiv: (a, b, w) => {
    const [x, y] = [signed(a, w), signed(b, w)];
    if (y === 0n) return x < 0n ? 1n : MASK[w];
    return (x / y) & MASK[w];
  },
  srem: (a, b, w) => {
    const [x, y] = [signed(a, w), signed(b, w)];
    return y === 0n ? a : (x % y) & MASK[w];
  },
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b, w) => (b >= BigInt(w) ? 0n : (a << b) & MASK[w]),
  lshr: (a, b, w) => (b >= BigInt(w) ? 0n : a >> b),
  ashr: (a, b, w) => (signed(a, w) >> (b >= BigInt(w) ? BigInt(w - 1) : b)) & MASK[w],
  trunc: (a, _from, to) => a & MASK[to],
  zext: (a) => a,
  sext: (a, from, to) => signed(a, from) & MASK[to],
  bswap: (a, w) => {
    let r = 0n;
    for (let i = 0; i < w; i += 8) r = (r << 8n) | ((a >> BigInt(i)) & 0xffn);
    return r;
  },
  eq: (a, b) => a === b,
  ult: (a, b) => a < b,
  slt: (a, b, w) => signed(a, w) < signed(b, w),
  not: (a) => !a,
  ite: (c, t, e) => (c ? t : e),
};
