/**
 * Abstract arithmetic on scalars: one function per ALU operation of the semantics table, after the kernel's
 * `scalar_min_max_*` and `tnum_*`. Constants are folded with the table itself.
 */
import { bigintAlgebra } from '../../isa/algebra.ts';
import { type AluOp, isDivision, isShift } from '../../isa/semantics.ts';
import {
  addBounds,
  andBounds,
  type BoundsOf,
  full,
  max,
  min,
  mulBounds,
  orBounds,
  subBounds,
  xorBounds,
} from './bounds.ts';
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

/**
 * 'kernel': no more precise than Linux 6.18 where it gives up (division, byte swaps, unknown shift amounts).
 */
export type Precision = 'kernel' | 'best';

type LowClosed = 'add' | 'sub' | 'mul' | 'and' | 'or' | 'xor';

/** Operations whose low half depends on the low halves alone. */
const LOW_CLOSED: Readonly<Record<LowClosed, { tnum: (a: Tnum, b: Tnum) => Tnum; bounds: BoundsOf }>> = {
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

function lowClosed(mnemonic: LowClosed, a: Scalar, b: Scalar, width: 32 | 64): Scalar {
  const op = LOW_CLOSED[mnemonic];
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

type Division = 'div' | 'mod' | 'sdiv' | 'smod';

function divide(mnemonic: Division, a: Scalar, b: Scalar, width: 32 | 64, precision: Precision): Scalar {
  // The kernel forgets the upper half of a 32-bit result as well.
  if (precision === 'kernel') return UNKNOWN;
  if (mnemonic === 'sdiv' || mnemonic === 'smod') return unsignedOf(width);
  const [x, y] = width === 32 ? [lowHalf(a), lowHalf(b)] : [a, b];
  if (mnemonic === 'div')
    return between(y.umin === 0n ? 0n : x.umin / y.umax, y.umin === 0n ? x.umax : x.umax / y.umin);
  return y.umin === 0n ? between(0n, x.umax) : between(0n, min(x.umax, y.umax - 1n));
}

/** `le` keeps the low bits, `be` and `bswap` turn them round. */
function byteOrder(op: AluOp, a: Scalar, precision: Precision): Scalar {
  if (precision === 'kernel') return UNKNOWN;
  const bits = op.bits!;
  const t = tnumLow(a.tnum, bits);
  if (op.mnemonic === 'le') {
    if (bits === 64) return a;
    return bits === 32 ? lowHalf(a) : consistent(t, FULL64, FULL32);
  }
  const swapped = { value: bigintAlgebra.bswap(t.value, bits), mask: bigintAlgebra.bswap(t.mask, bits) };
  return consistent(swapped, FULL64, FULL32);
}

type Shift = 'lsh' | 'rsh' | 'arsh';

function shift(mnemonic: Shift, a: Scalar, src: Scalar, width: 32 | 64, precision: Precision): Scalar {
  const amount = width === 64 ? constantOf(src) : lowConstantOf(src);
  if (amount === undefined || (precision === 'kernel' && amount >= BigInt(width)))
    return precision === 'kernel' ? UNKNOWN : shiftByAny(mnemonic, a, width);
  const by = Number(amount & BigInt(width - 1));
  if (mnemonic === 'lsh') return shiftLeft(a, by, width);
  return mnemonic === 'rsh' ? shiftRight(a, by, width) : shiftRightSigned(a, by, width);
}

/** By an amount that nobody knows. */
function shiftByAny(mnemonic: Shift, a: Scalar, width: 32 | 64): Scalar {
  if (mnemonic === 'lsh') return unsignedOf(width);
  if (mnemonic === 'rsh') return between(0n, (width === 64 ? a : lowHalf(a)).umax);
  const b = width === 64 ? a : a.low;
  const reach = signedBetween(min(b.smin, 0n), max(b.smax, 0n));
  return width === 64 ? reach : fromLow(TNUM_UNKNOWN, { ...FULL32, smin: reach.smin, smax: reach.smax });
}

/**
 * The result where the operands are constants; undefined where they are not, and where the kernel does not
 * look.
 */
function folded(op: AluOp, dst: Scalar, src: Scalar, precision: Precision): Scalar | undefined {
  if (precision === 'kernel' && isDivision(op.mnemonic)) return undefined;
  const constOf = op.width === 64 ? constantOf : lowConstantOf;
  const d = op.readsDst ? constOf(dst) : 0n;
  const s = op.operand === 'none' ? 0n : constOf(src);
  if (d === undefined || s === undefined) return undefined;
  // The kernel gives up on shifts by the width and more.
  if (precision === 'kernel' && s >= BigInt(op.width) && isShift(op.mnemonic)) return undefined;
  return constant(op.eval(bigintAlgebra, d, s));
}

/**
 * What `op` can make of any pair of values that `dst` and `src` stand for, as the whole 64-bit register
 * (32-bit results are zero-extended). For operands of kind 'K' `src` is the sign-extended immediate. The
 * result has no id.
 */
export function aluScalar(op: AluOp, dst: Scalar, src: Scalar, precision: Precision = 'best'): Scalar {
  const { mnemonic, width } = op;
  switch (mnemonic) {
    case 'le':
    case 'be':
    case 'bswap':
      return byteOrder(op, dst, precision);
    default: {
      const known = folded(op, dst, src, precision);
      if (known !== undefined) return known;
    }
  }
  switch (mnemonic) {
    case 'neg':
      return lowClosed('sub', constant(0n), dst, width);
    case 'mov':
      return width === 64 ? src : lowHalf(src);
    case 'movsx':
      return signExtend(src, op.bits!, width);
    case 'lsh':
    case 'rsh':
    case 'arsh':
      return shift(mnemonic, dst, src, width, precision);
    case 'div':
    case 'mod':
    case 'sdiv':
    case 'smod':
      return divide(mnemonic, dst, src, width, precision);
    default:
      return lowClosed(mnemonic, dst, src, width);
  }
}

/** Bounds of a sum, for pointer offsets. */
export function addScalars(a: Scalar, b: Scalar): Scalar {
  const [x, y] = [constantOf(a), constantOf(b)];
  if (x === 0n) return b;
  if (y === 0n) return a;
  if (x !== undefined && y !== undefined) return constant(x + y);
  return lowClosed('add', a, b, 64);
}

export function subScalars(a: Scalar, b: Scalar): Scalar {
  const y = constantOf(b);
  if (y === 0n) return a;
  return lowClosed('sub', a, b, 64);
}

/**
 * The low `bytes` bytes of a scalar, zero- or sign-extended, as a narrower store and load of it would give.
 */
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
