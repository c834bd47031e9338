/** Bounds of sums, differences, products and bitwise results, from the bounds of both operands. */
import { type Bounds, FULL32, FULL64 } from './scalar.ts';
import type { Tnum } from './tnum.ts';

export const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
export const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
export const full = (w: 32 | 64): Bounds => (w === 64 ? FULL64 : FULL32);

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

export type BoundsOf = (a: Bounds, b: Bounds, w: 32 | 64, t: Tnum) => Bounds;

export const addBounds: BoundsOf = (a, b, w) =>
  wrap(a.umin + b.umin, a.umax + b.umax, a.smin + b.smin, a.smax + b.smax, w);
export const subBounds: BoundsOf = (a, b, w) =>
  wrap(a.umin - b.umax, a.umax - b.umin, a.smin - b.smax, a.smax - b.smin, w);
export const mulBounds: BoundsOf = (a, b, w) => {
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
export const andBounds: BoundsOf = (a, b, w, t) => unsignedOnly(t.value, min(a.umax, b.umax), w);
export const orBounds: BoundsOf = (a, b, w, t) => unsignedOnly(max(a.umin, b.umin), t.value | t.mask, w);
export const xorBounds: BoundsOf = (_a, _b, w, t) => unsignedOnly(t.value, t.value | t.mask, w);
