/**
 * Tristate numbers, as the kernel's tnum.c has them: each of 64 bits is 0, 1 or unknown.
 * A tnum stands for every x with (x & ~mask) === value.
 */
export interface Tnum {
  /** The known ones; never overlaps `mask`. */
  readonly value: bigint;
  /** The unknown bits. */
  readonly mask: bigint;
}

const M64 = 0xffff_ffff_ffff_ffffn;
const M32 = 0xffff_ffffn;

export const TNUM_UNKNOWN: Tnum = { value: 0n, mask: M64 };

export function tnumConst(value: bigint): Tnum {
  return { value: value & M64, mask: 0n };
}

export function tnumIsConst(t: Tnum): boolean {
  return t.mask === 0n;
}

export function tnumContains(t: Tnum, x: bigint): boolean {
  return (x & ~t.mask & M64) === t.value;
}

/** Number of bits needed to write `x`. */
function bitLength(x: bigint): number {
  return x === 0n ? 0 : x.toString(2).length;
}

/** The least tnum that holds every value of the unsigned interval [min, max]. */
export function tnumRange(min: bigint, max: bigint): Tnum {
  const bits = bitLength(min ^ max);
  if (bits > 63) return TNUM_UNKNOWN;
  const delta = (1n << BigInt(bits)) - 1n;
  return { value: min & ~delta, mask: delta };
}

export function tnumAdd(a: Tnum, b: Tnum): Tnum {
  const sm = a.mask + b.mask;
  const sv = a.value + b.value;
  const chi = (sm + sv) ^ sv;
  const mu = (chi | a.mask | b.mask) & M64;
  return { value: sv & M64 & ~mu, mask: mu };
}

export function tnumSub(a: Tnum, b: Tnum): Tnum {
  const dv = (a.value - b.value) & M64;
  const alpha = (dv + a.mask) & M64;
  const beta = (dv - b.mask) & M64;
  const mu = (alpha ^ beta) | a.mask | b.mask;
  return { value: dv & ~mu, mask: mu };
}

export function tnumAnd(a: Tnum, b: Tnum): Tnum {
  const alpha = a.value | a.mask;
  const beta = b.value | b.mask;
  const v = a.value & b.value;
  return { value: v, mask: alpha & beta & ~v };
}

export function tnumOr(a: Tnum, b: Tnum): Tnum {
  const v = a.value | b.value;
  return { value: v, mask: (a.mask | b.mask) & ~v };
}

export function tnumXor(a: Tnum, b: Tnum): Tnum {
  const mu = a.mask | b.mask;
  return { value: (a.value ^ b.value) & ~mu, mask: mu };
}

/** Long multiplication: the known part exactly, each unknown bit of `a` adds an uncertain copy of `b`. */
export function tnumMul(a: Tnum, b: Tnum): Tnum {
  const exact = tnumConst(a.value * b.value);
  let acc: Tnum = { value: 0n, mask: 0n };
  let [av, am, bv, bm] = [a.value, a.mask, b.value, b.mask];
  while (av !== 0n || am !== 0n) {
    if ((av & 1n) === 1n) acc = tnumAdd(acc, { value: 0n, mask: bm });
    else if ((am & 1n) === 1n) acc = tnumAdd(acc, { value: 0n, mask: bv | bm });
    av >>= 1n;
    am >>= 1n;
    bv = (bv << 1n) & M64;
    bm = (bm << 1n) & M64;
  }
  return tnumAdd(exact, acc);
}

export function tnumShl(t: Tnum, by: number): Tnum {
  const n = BigInt(by);
  return { value: (t.value << n) & M64, mask: (t.mask << n) & M64 };
}

export function tnumShr(t: Tnum, by: number): Tnum {
  const n = BigInt(by);
  return { value: t.value >> n, mask: t.mask >> n };
}

/**
 * Arithmetic shift of the low `width` bits; the result has only those bits. An unknown sign is copied as
 * unknown.
 */
export function tnumSar(t: Tnum, by: number, width: 32 | 64): Tnum {
  const n = BigInt(by);
  return {
    value: BigInt.asUintN(width, BigInt.asIntN(width, t.value) >> n),
    mask: BigInt.asUintN(width, BigInt.asIntN(width, t.mask) >> n),
  };
}

/** Sign extension of the low `from` bits to 64. */
export function tnumSext(t: Tnum, from: number): Tnum {
  return {
    value: BigInt.asUintN(64, BigInt.asIntN(from, t.value)),
    mask: BigInt.asUintN(64, BigInt.asIntN(from, t.mask)),
  };
}

/** The low `bits` bits, zero-extended. */
export function tnumLow(t: Tnum, bits: number): Tnum {
  return { value: BigInt.asUintN(bits, t.value), mask: BigInt.asUintN(bits, t.mask) };
}

/** Upper half of `high`, lower half of `low`. */
export function tnumWithLow32(high: Tnum, low: Tnum): Tnum {
  return {
    value: (high.value & ~M32) | (low.value & M32),
    mask: (high.mask & ~M32) | (low.mask & M32),
  };
}

/** What both allow; undefined when no number satisfies both. */
export function tnumIntersect(a: Tnum, b: Tnum): Tnum | undefined {
  if (((a.value ^ b.value) & ~a.mask & ~b.mask) !== 0n) return undefined;
  const mu = a.mask & b.mask;
  return { value: (a.value | b.value) & ~mu, mask: mu };
}

/** What either allows. */
export function tnumUnion(a: Tnum, b: Tnum): Tnum {
  const mu = a.mask | b.mask | (a.value ^ b.value);
  return { value: a.value & ~mu, mask: mu };
}

/** True when everything that `b` allows is allowed by `a`. */
export function tnumSubsumes(a: Tnum, b: Tnum): boolean {
  return (b.mask & ~a.mask) === 0n && (b.value & ~a.mask) === a.value;
}
