/**
 * Abstract arithmetic on scalars: one function per ALU operation of the semantics table, after the kernel's
 * `scalar_min_max_*` and `tnum_*`. Constants are folded with the table itself.
 */
import { bigintAlgebra } from '../../isa/algebra.ts';
import type { AluOp } from '../../isa/semantics.ts';
import {
  type Bounds,
  between,
  consistent,
  constant,
  constantOf,
  FULL32,
  FULL64,
  lowConstantOf,
  type Scalar,
  signedBetween,
  U32_MAX,
  UNKNOWN,
  unsignedOf,
} from './scalar.ts';
import {
  TNUM_UNKNOWN,
  type Tnum,
  tnumAdd,
  tnumAnd,
  tnumConst,
  tnumLow,
  tnumMul,
  tnumOr,
  tnumSar,
  tnumSext,
  tnumShl,
  tnumShr,
  tnumSub,
  tnumXor,
} from './tnum.ts';

/** 'kernel': no more precise than Linux 6.18 where it gives up (division, byte swaps, unknown shift amounts). */
export type Precision = 'kernel' | 'best';

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const full = (w: 32 | 64): Bounds => (w === 64 ? FULL64 : FULL32);

/** Interval [lo, hi] of exact integers, wrapped to `w` bits: still an interval unless only one end wraps. */
function wrapUnsigned(lo: bigint, hi: bigint, w: 32 | 64): [bigint, bigint] {
  const n = BigInt(w);
  return lo >> n === hi >> n ? [BigInt.asUintN(w, lo), BigInt.asUintN(w, hi)] : [0n, full(w).umax];
}

function wrapSigned(lo: bigint, hi: bigint, w: 32 | 64): [bigint, bigint] {
  const half = 1n << BigInt(w - 1);
  const n = BigInt(w);
  return (lo + half) >> n === (hi + half) >> n
    ? [BigInt.asIntN(w, lo), BigInt.asIntN(w, hi)]
    : [full(w).smin, full(w).smax];
}

function wrap(ulo: bigint, uhi: bigint, slo: bigint, shi: bigint, w: 32 | 64): Bounds {
  const [umin, umax] = wrapUnsigned(ulo, uhi, w);
  const [smin, smax] = wrapSigned(slo, shi, w);
  return { umin, umax, smin, smax };
}

type BoundsOf = (a: Bounds, b: Bounds, w: 32 | 64, t: Tnum) => Bounds;

const addBounds: BoundsOf = (a, b, w) =>
  wrap(a.umin + b.umin, a.umax + b.umax, a.smin + b.smin, a.smax + b.smax, w);
const subBounds: BoundsOf = (a, b, w) =>
  wrap(a.umin - b.umax, a.umax - b.umin, a.smin - b.smax, a.smax - b.smin, w);
const mulBounds: BoundsOf = (a, b, w) => {
  const corners = [a.smin * b.smin, a.smin * b.smax, a.smax * b.smin, a.smax * b.smax];
  const f = full(w);
  const [lo, hi] = [corners.reduce(min), corners.reduce(max)];
  const fits = lo >= f.smin && hi <= f.smax;
  const uFits = a.umax * b.umax <= f.umax;
  return {
    umin: uFits ? a.umin * b.umin : 0n,
    umax: uFits ? a.umax * b.umax : f.umax,
    smin: fits ? lo : f.smin,
    smax: fits ? hi : f.smax,
  };
};
/** Signed bounds of bitwise results follow from the bits and the unsigned bounds. */
function unsignedOnly(umin: bigint, umax: bigint, w: 32 | 64): Bounds {
  return { ...full(w), umin, umax };
}
const andBounds: BoundsOf = (a, b, w, t) => unsignedOnly(t.value, min(a.umax, b.umax), w);
const orBounds: BoundsOf = (a, b, w, t) => unsignedOnly(max(a.umin, b.umin), t.value | t.mask, w);
const xorBounds: BoundsOf = (_a, _b, w, t) => unsignedOnly(t.value, t.value | t.mask, w);

/** Operations whose low half depends on the low halves alone. */
const LOW_CLOSED: Readonly<Record<string, { tnum: (a: Tnum, b: Tnum) => Tnum; bounds: BoundsOf }>> = {
  add: { tnum: tnumAdd, bounds: addBounds },
  sub: { tnum: tnumSub, bounds: subBounds },
  mul: { tnum: tnumMul, bounds: mulBounds },
  and: { tnum: tnumAnd, bounds: andBounds },
  or: { tnum: tnumOr, bounds: orBounds },
  xor: { tnum: tnumXor, bounds: xorBounds },
};

/** A result of 32 bits, zero-extended. */
function fromLow(t: Tnum, low: Bounds): Scalar {
  const narrow = tnumLow(t, 32);
  return consistent(narrow, { ...FULL64, umin: low.umin, umax: low.umax }, low);
}

function lowHalf(s: Scalar): Scalar {
  return s.umax <= U32_MAX ? s : fromLow(s.tnum, s.low);
}

function lowClosed(name: string, a: Scalar, b: Scalar, width: 32 | 64): Scalar | undefined {
  const op = LOW_CLOSED[name];
  if (op === undefined) return undefined;
  const t = op.tnum(a.tnum, b.tnum);
  const low = op.bounds(a.low, b.low, 32, tnumLow(t, 32));
  return width === 32 ? fromLow(t, low) : consistent(t, op.bounds(a, b, 64, t), low);
}

function shiftLeft(a: Scalar, by: number, width: 32 | 64): Scalar {
  const n = BigInt(by);
  const shifted = (b: Bounds, w: 32 | 64): Bounds => {
    const f = full(w);
    const fits = b.smin << n >= f.smin && b.smax << n <= f.smax;
    return {
      umin: b.umax << n <= f.umax ? b.umin << n : 0n,
      umax: b.umax << n <= f.umax ? b.umax << n : f.umax,
      smin: fits ? b.smin << n : f.smin,
      smax: fits ? b.smax << n : f.smax,
    };
  };
  const t = tnumShl(a.tnum, by);
  if (width === 32) return fromLow(t, shifted(a.low, 32));
  const whole = shifted(a, 64);
  // `<< 32` then `s>> 32` is how old clang sign-extends: the low half becomes the upper one exactly.
  const exact = by >= 32 ? shifted(widthOf(a, 64 - by), 64) : whole;
  return consistent(
    t,
    { ...whole, smin: max(whole.smin, exact.smin), smax: min(whole.smax, exact.smax) },
    by < 32 ? shifted(a.low, 32) : FULL32,
  );
}

/** Signed bounds of the low `bits` (<= 32) bits of a scalar. */
function widthOf(s: Scalar, bits: number): Bounds {
  return bits === 32 ? s.low : signedLow(s, bits);
}

function shiftRight(a: Scalar, by: number, width: 32 | 64): Scalar {
  const n = BigInt(by);
  const from = width === 32 ? lowHalf(a) : a;
  return consistent(
    tnumShr(from.tnum, by),
    { ...FULL64, umin: from.umin >> n, umax: from.umax >> n },
    FULL32,
  );
}

function shiftRightSigned(a: Scalar, by: number, width: 32 | 64): Scalar {
  const n = BigInt(by);
  const t = tnumSar(a.tnum, by, width);
  if (width === 32) return fromLow(t, { ...FULL32, smin: a.low.smin >> n, smax: a.low.smax >> n });
  return consistent(t, { ...FULL64, smin: a.smin >> n, smax: a.smax >> n }, FULL32);
}

/** Bounds of the low `bits` bits read as a signed number. */
function signedLow(s: Scalar, bits: number): Bounds {
  const n = BigInt(bits);
  const [lo, hi] = [BigInt.asIntN(bits, s.smin), BigInt.asIntN(bits, s.smax)];
  const half = 1n << BigInt(bits - 1);
  // With equal upper parts the low bits run up in step, unless they cross from positive to negative.
  const ordered = s.smin >> n === s.smax >> n && lo <= hi;
  return { ...FULL64, smin: ordered ? lo : -half, smax: ordered ? hi : half - 1n };
}

function signExtend(a: Scalar, from: number, width: 32 | 64): Scalar {
  const source = width === 32 ? lowHalf(a) : a;
  const b = from === 32 ? { ...FULL64, smin: a.low.smin, smax: a.low.smax } : signedLow(source, from);
  const extended = consistent(tnumSext(a.tnum, from), b, FULL32);
  return width === 32 ? fromLow(extended.tnum, extended.low) : extended;
}

function divide(name: string, a: Scalar, b: Scalar, width: 32 | 64, precision: Precision): Scalar {
  // The kernel forgets the upper half of a 32-bit result as well.
  if (precision === 'kernel') return UNKNOWN;
  const any = unsignedOf(width);
  if (name[0] === 's') return any;
  const [x, y] = width === 32 ? [lowHalf(a), lowHalf(b)] : [a, b];
  if (name === 'div')
    return between(y.umin === 0n ? 0n : x.umin / y.umax, y.umin === 0n ? x.umax : x.umax / y.umin);
  return y.umin === 0n ? between(0n, x.umax) : between(0n, min(x.umax, y.umax - 1n));
}

function swapBytes(name: string, a: Scalar, precision: Precision): Scalar {
  if (precision === 'kernel') return UNKNOWN;
  const bits = Number(name.replace(/\D+/, '')) as 16 | 32 | 64;
  const t = tnumLow(a.tnum, bits);
  if (name.startsWith('le')) {
    if (bits === 64) return a;
    return bits === 32 ? lowHalf(a) : consistent(t, FULL64, FULL32);
  }
  const swapped = { value: bigintAlgebra.bswap(t.value, bits), mask: bigintAlgebra.bswap(t.mask, bits) };
  return consistent(swapped, FULL64, FULL32);
}

function shift(name: string, a: Scalar, by: number, width: 32 | 64): Scalar {
  if (name === 'lsh') return shiftLeft(a, by, width);
  return name === 'rsh' ? shiftRight(a, by, width) : shiftRightSigned(a, by, width);
}

/** `add64.k` -> `add`. */
function operationOf(op: AluOp): string {
  return op.name.replace(/(64|32)?(\.[kx])?$/, '');
}
const operations = new Map<number, string>();

/**
 * What `op` can make of any pair of values that `dst` and `src` stand for, as the whole 64-bit register (32-bit
 * results are zero-extended). For operands of kind 'K' `src` is the sign-extended immediate.
 * The result has no id.
 */
export function aluScalar(op: AluOp, dst: Scalar, src: Scalar, precision: Precision = 'best'): Scalar {
  let name = operations.get(op.id);
  if (name === undefined) operations.set(op.id, (name = op.operand === 'none' ? op.name : operationOf(op)));
  const w = op.width;
  if (op.operand === 'none' && !name.startsWith('neg')) return swapBytes(name, dst, precision);
  if (precision === 'best' || !/^s?(div|mod)$/.test(name)) {
    const constOf = w === 64 ? constantOf : lowConstantOf;
    const d = op.readsDst ? constOf(dst) : 0n;
    const s = op.operand === 'none' ? 0n : constOf(src);
    // The kernel gives up on shifts by the width and more.
    const isLost = precision === 'kernel' && s !== undefined && s >= BigInt(w) && /^(l|r|ar)sh$/.test(name);
    if (d !== undefined && s !== undefined && !isLost) return constant(op.eval(bigintAlgebra, d, s));
  }
  if (name.startsWith('neg')) return lowClosed('sub', constant(0n), dst, w) as Scalar;
  if (name === 'mov') return w === 64 ? src : lowHalf(src);
  if (name.startsWith('movsx')) return signExtend(src, Number(/movsx(\d+)/.exec(name)?.[1]), w);
  const simple = lowClosed(name, dst, src, w);
  if (simple !== undefined) return simple;
  if (name === 'lsh' || name === 'rsh' || name === 'arsh') {
    const amount = w === 64 ? constantOf(src) : lowConstantOf(src);
    if (amount !== undefined && (precision === 'best' || amount < BigInt(w)))
      return shift(name, dst, Number(amount & BigInt(w - 1)), w);
    if (precision === 'kernel') return UNKNOWN;
    if (name === 'lsh') return unsignedOf(w);
    const any = w === 64 ? dst : lowHalf(dst);
    if (name === 'rsh') return between(0n, any.umax);
    const b = w === 64 ? dst : dst.low;
    const reach = signedBetween(min(b.smin, 0n), max(b.smax, 0n));
    return w === 64 ? reach : fromLow(TNUM_UNKNOWN, { ...FULL32, smin: reach.smin, smax: reach.smax });
  }
  return divide(name, dst, src, w, precision);
}

/** Bounds of a sum, for pointer offsets. */
export function addScalars(a: Scalar, b: Scalar): Scalar {
  const [x, y] = [constantOf(a), constantOf(b)];
  if (x === 0n) return b;
  if (y === 0n) return a;
  if (x !== undefined && y !== undefined) return constant(x + y);
  return lowClosed('add', a, b, 64) as Scalar;
}

export function subScalars(a: Scalar, b: Scalar): Scalar {
  const y = constantOf(b);
  if (y === 0n) return a;
  return lowClosed('sub', a, b, 64) as Scalar;
}

/** The low `bytes` bytes of a scalar, zero- or sign-extended, as a narrower store and load of it would give. */
export function narrowed(s: Scalar, bytes: number, signed: boolean): Scalar {
  const bits = bytes * 8;
  const c = constantOf(s);
  if (c !== undefined) return constant(signed ? BigInt.asIntN(bits, c) : BigInt.asUintN(bits, c));
  if (bytes === 8) return s;
  if (signed) return signExtend(s, bits, 64);
  if (s.umax < 1n << BigInt(bits)) return s;
  if (bytes === 4) return lowHalf(s);
  return consistent(tnumAnd(s.tnum, tnumConst((1n << BigInt(bits)) - 1n)), FULL64, FULL32);
}
