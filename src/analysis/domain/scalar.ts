/**
 * Scalars: known bits and signed and unsigned bounds, of the whole register and of its low 32 bits, kept in
 * agreement as the kernel's `reg_bounds_sync` does. All operations over-approximate: every concrete value
 * stays inside.
 */
import {
  TNUM_UNKNOWN,
  type Tnum,
  tnumConst,
  tnumContains,
  tnumIntersect,
  tnumIsConst,
  tnumLow,
  tnumRange,
  tnumSubsumes,
  tnumUnion,
  tnumWithLow32,
} from './tnum.ts';

/** Inclusive bounds of a number of 64 or 32 bits, read as unsigned and as signed. */
export interface Bounds {
  readonly umin: bigint;
  readonly umax: bigint;
  readonly smin: bigint;
  readonly smax: bigint;
}

/** What is known about a number in a register. */
export interface Scalar extends Bounds {
  readonly kind: 'scalar';
  readonly tnum: Tnum;
  /** Bounds of the low 32 bits. */
  readonly low: Bounds;
  /** Two scalars of one state with the same id that is not 0 are equal. */
  readonly id: number;
}

export const U64_MAX = 0xffff_ffff_ffff_ffffn;
export const U32_MAX = 0xffff_ffffn;
export const S64_MIN = -0x8000_0000_0000_0000n;
export const S64_MAX = 0x7fff_ffff_ffff_ffffn;
export const FULL64: Bounds = { umin: 0n, umax: U64_MAX, smin: S64_MIN, smax: S64_MAX };
export const FULL32: Bounds = { umin: 0n, umax: U32_MAX, smin: -0x8000_0000n, smax: 0x7fff_ffffn };

export const UNKNOWN: Scalar = { kind: 'scalar', tnum: TNUM_UNKNOWN, ...FULL64, low: FULL32, id: 0 };

function exact(x: bigint, width: 32 | 64): Bounds {
  const u = BigInt.asUintN(width, x);
  const s = BigInt.asIntN(width, x);
  return { umin: u, umax: u, smin: s, smax: s };
}

const small: Scalar[] = [];

/** The scalar that is `x` modulo 2^64. */
export function constant(x: bigint): Scalar {
  const interned = x >= 0n && x < 64n ? small[Number(x)] : undefined;
  if (interned !== undefined) return interned;
  const made: Scalar = { kind: 'scalar', tnum: tnumConst(x), ...exact(x, 64), low: exact(x, 32), id: 0 };
  if (x >= 0n && x < 64n) small[Number(x)] = made;
  return made;
}

/** The unsigned value of a scalar that has only one. */
export function constantOf(s: Scalar): bigint | undefined {
  return tnumIsConst(s.tnum) ? s.tnum.value : undefined;
}

/** The value of the low 32 bits when there is only one. */
export function lowConstantOf(s: Scalar): bigint | undefined {
  return (s.tnum.mask & U32_MAX) === 0n ? s.tnum.value & U32_MAX : undefined;
}

export function withId(s: Scalar, id: number): Scalar {
  return s.id === id ? s : { ...s, id };
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const s64 = (x: bigint): bigint => BigInt.asIntN(64, x);
const u64 = (x: bigint): bigint => BigInt.asUintN(64, x);
const s32 = (x: bigint): bigint => BigInt.asIntN(32, x);
const u32 = (x: bigint): bigint => BigInt.asUintN(32, x);

/** Mutable working copy for the deductions below. */
interface ScalarDraft {
  t: Tnum;
  umin: bigint;
  umax: bigint;
  smin: bigint;
  smax: bigint;
  lumin: bigint;
  lumax: bigint;
  lsmin: bigint;
  lsmax: bigint;
}

function boundsFromBits(d: ScalarDraft): void {
  const { value, mask } = d.t;
  const SIGN = 1n << 63n;
  d.umin = max(d.umin, value);
  d.umax = min(d.umax, value | mask);
  d.smin = max(d.smin, s64(value | (mask & SIGN)));
  d.smax = min(d.smax, s64(value | (mask & ~SIGN)));
  const [v, m, sign] = [u32(value), u32(mask), 1n << 31n];
  d.lumin = max(d.lumin, v);
  d.lumax = min(d.lumax, v | m);
  d.lsmin = max(d.lsmin, s32(v | (m & sign)));
  d.lsmax = min(d.lsmax, s32(v | (m & ~sign)));
}

/**
 * Bounds of the low half from those of the whole, and signed from unsigned and back
 * (`__reg32_deduce_bounds`).
 */
function deduce32(d: ScalarDraft): void {
  for (const [lo, hi] of [
    [d.umin, d.umax],
    [u64(d.smin), u64(d.smax)],
  ] as const) {
    const [upLo, upHi] = [lo >> 32n, hi >> 32n];
    if (upLo === upHi) {
      if (u32(lo) <= u32(hi)) {
        d.lumin = max(d.lumin, u32(lo));
        d.lumax = min(d.lumax, u32(hi));
      }
      if (s32(lo) <= s32(hi)) {
        d.lsmin = max(d.lsmin, s32(lo));
        d.lsmax = min(d.lsmax, s32(hi));
      }
    } else if (u32(upLo + 1n) === upHi && s32(lo) < 0n && s32(hi) >= 0n) {
      // The interval crosses one multiple of 2^32: low halves run from negative through zero.
      d.lsmin = max(d.lsmin, s32(lo));
      d.lsmax = min(d.lsmax, s32(hi));
    }
  }
  [d.lumin, d.lumax, d.lsmin, d.lsmax] = agree(d.lumin, d.lumax, d.lsmin, d.lsmax, 32);
}

/** Signed bounds from unsigned ones and back, for one width (`__reg64_deduce_bounds`). */
function agree(
  umin: bigint,
  umax: bigint,
  smin: bigint,
  smax: bigint,
  w: 32 | 64,
): [bigint, bigint, bigint, bigint] {
  const s = (x: bigint): bigint => BigInt.asIntN(w, x);
  const u = (x: bigint): bigint => BigInt.asUintN(w, x);
  if (s(umin) <= s(umax)) {
    smin = max(smin, s(umin));
    smax = min(smax, s(umax));
  }
  if (u(smin) <= u(smax)) {
    umin = max(umin, u(smin));
    umax = min(umax, u(smax));
  } else if (umax < u(smin)) {
    // The signed interval holds -1 and 0; only its non-negative part meets the unsigned one.
    smin = max(smin, s(umin));
    umax = min(umax, u(smax));
  } else if (u(smax) < umin) {
    smax = min(smax, s(umax));
    umin = max(umin, u(smin));
  }
  return [umin, umax, smin, smax];
}

function deduce64(d: ScalarDraft): void {
  [d.umin, d.umax, d.smin, d.smax] = agree(d.umin, d.umax, d.smin, d.smax, 64);
}

/** Bounds of the whole from those of the low half (`__reg_deduce_mixed_bounds`). */
function deduceMixed(d: ScalarDraft): void {
  const high = (x: bigint): bigint => x & ~U32_MAX;
  d.umin = max(d.umin, high(d.umin) | d.lumin);
  d.umax = min(d.umax, high(d.umax) | d.lumax);
  d.smin = max(d.smin, s64(high(u64(d.smin)) | d.lumin));
  d.smax = min(d.smax, s64(high(u64(d.smax)) | d.lumax));
  if (d.lsmin >= 0n && d.smin >= FULL32.smin && d.smax <= FULL32.smax) {
    d.smin = max(d.smin, d.lsmin);
    d.smax = min(d.smax, d.lsmax);
    d.umin = max(d.umin, d.lsmin);
    d.umax = min(d.umax, d.lsmax);
  }
}

function empty(d: ScalarDraft): boolean {
  return d.umin > d.umax || d.smin > d.smax || d.lumin > d.lumax || d.lsmin > d.lsmax;
}

/** Known bits from bounds; false when they exclude each other. */
function bitsFromBounds(d: ScalarDraft): boolean {
  const whole = tnumIntersect(d.t, tnumRange(d.umin, d.umax));
  if (whole === undefined) return false;
  const low = tnumIntersect(tnumLow(whole, 32), tnumRange(d.lumin, d.lumax));
  if (low === undefined) return false;
  d.t = tnumWithLow32(whole, low);
  return true;
}

/** Bring bits and bounds into agreement; undefined when they exclude each other, so that no value is left. */
export function scalar(tnum: Tnum, whole: Bounds, low: Bounds, id = 0): Scalar | undefined {
  const d: ScalarDraft = {
    t: tnum,
    umin: whole.umin,
    umax: whole.umax,
    smin: whole.smin,
    smax: whole.smax,
    lumin: low.umin,
    lumax: low.umax,
    lsmin: low.smin,
    lsmax: low.smax,
  };
  boundsFromBits(d);
  for (let round = 0; round < 2; round++) {
    deduce32(d);
    deduce64(d);
    deduceMixed(d);
    if (empty(d)) return undefined;
  }
  if (!bitsFromBounds(d)) return undefined;
  boundsFromBits(d);
  if (empty(d)) return undefined;
  return {
    kind: 'scalar',
    tnum: d.t,
    umin: d.umin,
    umax: d.umax,
    smin: d.smin,
    smax: d.smax,
    low: { umin: d.lumin, umax: d.lumax, smin: d.lsmin, smax: d.lsmax },
    id,
  };
}

/**
 * `scalar`, for results of operations. Where the facts contradict each other the operands were already
 * impossible (a path that no run takes, not noticed earlier); then nothing is claimed.
 */
export function consistent(tnum: Tnum, whole: Bounds, low: Bounds, id = 0): Scalar {
  return scalar(tnum, whole, low, id) ?? withId(UNKNOWN, id);
}

/** A number of `bits` bits, zero-extended. */
export function unsignedOf(bits: number, id = 0): Scalar {
  if (bits >= 64) return withId(UNKNOWN, id);
  return between(0n, (1n << BigInt(bits)) - 1n, id);
}

/** A number of the unsigned interval [lo, hi]. */
export function between(lo: bigint, hi: bigint, id = 0): Scalar {
  return consistent(TNUM_UNKNOWN, { ...FULL64, umin: lo, umax: hi }, FULL32, id);
}

/** A number of the signed interval [lo, hi]. */
export function signedBetween(lo: bigint, hi: bigint, id = 0): Scalar {
  return consistent(TNUM_UNKNOWN, { ...FULL64, smin: lo, smax: hi }, FULL32, id);
}

function within(b: Bounds, x: bigint, w: 32 | 64): boolean {
  const [u, s] = [BigInt.asUintN(w, x), BigInt.asIntN(w, x)];
  return b.umin <= u && u <= b.umax && b.smin <= s && s <= b.smax;
}

/** Is the concrete value (unsigned, 64 bits) one of those that `s` stands for? */
export function scalarContains(s: Scalar, x: bigint): boolean {
  return tnumContains(s.tnum, x) && within(s, x, 64) && within(s.low, x, 32);
}

function hull(a: Bounds, b: Bounds): Bounds {
  return {
    umin: min(a.umin, b.umin),
    umax: max(a.umax, b.umax),
    smin: min(a.smin, b.smin),
    smax: max(a.smax, b.smax),
  };
}

/** What either stands for. */
export function joinScalars(a: Scalar, b: Scalar, id: number): Scalar {
  if (scalarSubsumes(a, b)) return withId(a, id);
  return consistent(tnumUnion(a.tnum, b.tnum), hull(a, b), hull(a.low, b.low), id);
}

function widenBounds(old: Bounds, next: Bounds, full: Bounds): Bounds {
  return {
    umin: next.umin < old.umin ? full.umin : old.umin,
    umax: next.umax > old.umax ? full.umax : old.umax,
    smin: next.smin < old.smin ? full.smin : old.smin,
    smax: next.smax > old.smax ? full.smax : old.smax,
  };
}

/** Join that gives up every bound that still moves, so that loops reach a fixpoint. */
export function widenScalar(old: Scalar, next: Scalar, id: number): Scalar {
  if (scalarSubsumes(old, next)) return withId(old, id);
  return consistent(
    tnumUnion(old.tnum, next.tnum),
    widenBounds(old, next, FULL64),
    widenBounds(old.low, next.low, FULL32),
    id,
  );
}

function covers(a: Bounds, b: Bounds): boolean {
  return a.umin <= b.umin && a.umax >= b.umax && a.smin <= b.smin && a.smax >= b.smax;
}

/** True when `a` stands for every value that `b` stands for (ids aside). */
export function scalarSubsumes(a: Scalar, b: Scalar): boolean {
  if (a === b) return true;
  return covers(a, b) && covers(a.low, b.low) && tnumSubsumes(a.tnum, b.tnum);
}

function sameBounds(a: Bounds, b: Bounds): boolean {
  return a === b || (a.umin === b.umin && a.umax === b.umax && a.smin === b.smin && a.smax === b.smax);
}

/** Equal to the last bound and id: interchangeable inside one exploration. */
export function sameScalar(a: Scalar, b: Scalar): boolean {
  return (
    a === b ||
    (a.id === b.id &&
      a.tnum.value === b.tnum.value &&
      a.tnum.mask === b.tnum.mask &&
      sameBounds(a, b) &&
      sameBounds(a.low, b.low))
  );
}
