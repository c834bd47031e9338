/** Normal forms of comparisons and of if-then-else. */
import { MASKS, Op } from '../terms/ops.ts';
import type { Term } from '../terms/terms.ts';
import { possibleOnes } from './bits.ts';
import type { Poly } from './context.ts';
import { bitLength, type SimplifierContext, trailingZeros } from './context.ts';
import { difference, termOf } from './poly.ts';
import { cuts, piecewise, runEnds } from './slices.ts';

export function eqTerms(r: SimplifierContext, x: Term, y: Term): Term {
  const { store: s, build: b } = r;
  const w = s.width(x);
  if (x === y) return b.true;
  if (w === 1) return r.not(r.bitwise(Op.Xor, x, y));
  if (s.isConst(x) && s.isConst(y)) return b.const(s.value(x) === s.value(y) ? 1n : 0n, 1);
  if (s.op(x) === Op.Concat && s.isConst(y)) return eqParts(r, x, s.value(y));
  if (s.op(y) === Op.Concat && s.isConst(x)) return eqParts(r, y, s.value(x));
  const at = [...cuts(r, x), ...cuts(r, y)];
  if (at.length > 0 && (hasConstantPart(r, x) || hasConstantPart(r, y))) {
    let all = b.true;
    piecewise(r, w, at, (lo, n) => {
      const part = r.eq(r.extract(x, lo, n), r.extract(y, lo, n));
      all = r.bitwise(Op.And, all, part);
      return b.const(0n, n);
    });
    return all;
  }
  const byIte = eqOfIte(r, x, y) ?? eqOfIte(r, y, x);
  if (byIte !== undefined) return byIte;
  const d = difference(r, x, y);
  if (d.monomials.size === 0) return b.const(d.constant === 0n ? 1n : 0n, 1);
  const { left, right } = balanced(d, w);
  const [lt, rt] = [termOf(r, left, w), b.const(right, w)];
  if ((right & ~possibleOnes(r, lt)) !== 0n) return b.false;
  // The difference may have become a concatenation again: then its parts decide.
  if (cuts(r, lt).length > 0 && hasConstantPart(r, lt) && lt !== x) return r.eq(lt, rt);
  if (s.isConst(lt)) return r.eq(lt, rt);
  return s.node(Op.Eq, 1, lt, rt, 0);
}

/** (c ? k1 : k2) == k3 for constants. */
function eqOfIte(r: SimplifierContext, x: Term, y: Term): Term | undefined {
  const s = r.store;
  if (s.op(x) !== Op.Ite || !s.isConst(y) || (!s.isConst(s.b(x)) && !s.isConst(s.c(x)))) return undefined;
  return r.ite(s.a(x), r.eq(s.b(x), y), r.eq(s.c(x), y));
}

/**
 * A concatenation equals a constant: slices of one value that are neighbours there (in any order here) are
 * compared as one.
 */
function eqParts(r: SimplifierContext, x: Term, c: bigint): Term {
  const { store: s, build: b } = r;
  const parts: { root: Term; lo: number; width: number; value: bigint }[] = [];
  let all = b.true;
  let rest: Term | undefined = x;
  while (rest !== undefined) {
    const part: Term = s.op(rest) === Op.Concat ? s.a(rest) : rest;
    const low: Term | undefined = s.op(rest) === Op.Concat ? s.b(rest) : undefined;
    const width = s.width(part);
    const value = (c >> BigInt(low === undefined ? 0 : s.width(low))) & MASKS[width]!;
    const slice = s.op(part) === Op.Extract;
    if (s.isConst(part)) all = s.value(part) === value ? all : b.false;
    else parts.push({ root: slice ? s.a(part) : part, lo: slice ? s.b(part) : 0, width, value });
    rest = low;
  }
  parts.sort((p, q) => p.root - q.root || p.lo - q.lo);
  const joined: typeof parts = [];
  for (const p of parts) {
    const last = joined.at(-1);
    if (last !== undefined && last.root === p.root && last.lo + last.width === p.lo) {
      last.value |= p.value << BigInt(last.width);
      last.width += p.width;
    } else joined.push({ ...p });
  }
  for (const p of joined)
    all = r.bitwise(Op.And, all, r.eq(r.extract(p.root, p.lo, p.width), b.const(p.value, p.width)));
  return all;
}

function hasConstantPart(r: SimplifierContext, x: Term): boolean {
  const s = r.store;
  let t = x;
  while (s.op(t) === Op.Concat) {
    if (s.isConst(s.a(t))) return true;
    t = s.b(t);
  }
  return s.isConst(t);
}

/** p = 0 as `left = right` with the odd part of the first factor made 1 (it is invertible modulo 2^w). */
function balanced(p: Poly, w: number): { left: Poly; right: bigint } {
  const mask = MASKS[w]!;
  const first = [...p.monomials.values()].reduce((x, y) => (firstAtoms(x.atoms, y.atoms) ? x : y));
  const odd = first.factor >> BigInt(trailingZeros(first.factor, w));
  const inverse = inverseOf(odd, mask);
  const monomials = new Map(
    [...p.monomials].map(([k, m]) => [k, { atoms: m.atoms, factor: (m.factor * inverse) & mask }] as const),
  );
  return { left: { monomials, constant: 0n }, right: (-p.constant * inverse) & mask };
}

function firstAtoms(x: readonly Term[], y: readonly Term[]): boolean {
  for (let i = 0; i < x.length && i < y.length; i++) if (x[i] !== y[i]) return x[i]! < y[i]!;
  return x.length <= y.length;
}

/** Inverse of an odd number modulo mask + 1 (Newton). */
function inverseOf(odd: bigint, mask: bigint): bigint {
  let x = odd;
  for (let i = 0; i < 6; i++) x = (x * (2n - odd * x)) & mask;
  return x;
}

export function ultTerms(r: SimplifierContext, x: Term, y: Term): Term {
  const { store: s, build: b } = r;
  const w = s.width(x);
  if (x === y) return b.false;
  if (w === 1) return r.bitwise(Op.And, r.not(x), y);
  const [cx, cy] = [s.constant(x), s.constant(y)];
  if (cx !== undefined && cy !== undefined) return b.const(cx < cy ? 1n : 0n, 1);
  const need = Math.max(bitLength(possibleOnes(r, x)), bitLength(possibleOnes(r, y)), 1);
  if (need < w) return ultTerms(r, r.extract(x, 0, need), r.extract(y, 0, need));
  if (cx !== undefined) return cx === MASKS[w] ? b.false : r.not(ultTerms(r, y, b.const(cx + 1n, w)));
  if (cy === 0n) return b.false;
  if (cy !== undefined) {
    if (cy === MASKS[w]) return r.not(r.eq(x, y));
    if (possibleOnes(r, x) < cy) return b.true;
    // x < 2^k: the bits from k up are zero.
    const k = trailingZeros(cy, w);
    if (cy === 1n << BigInt(k)) return r.eq(r.extract(x, k, w - k), b.const(0n, w - k));
  }
  return s.node(Op.ULt, 1, x, y, 0);
}

export function sltTerms(r: SimplifierContext, x: Term, y: Term): Term {
  const { store: s, build: b } = r;
  const w = s.width(x);
  if (x === y) return b.false;
  if (w === 1) return r.bitwise(Op.And, x, r.not(y));
  const [cx, cy] = [s.constant(x), s.constant(y)];
  if (cx !== undefined && cy !== undefined)
    return b.const(BigInt.asIntN(w, cx) < BigInt.asIntN(w, cy) ? 1n : 0n, 1);
  const [sx, sy] = [r.extract(x, w - 1, 1), r.extract(y, w - 1, 1)];
  if (s.isConst(sx) && s.isConst(sy))
    return sx === sy ? ultTerms(r, x, y) : b.const(s.value(sx) === 1n ? 1n : 0n, 1);
  if (cy === 0n) return sx;
  if (cx === MASKS[w]) return r.not(sy);
  if (cx !== undefined && cx !== MASKS[w]! >> 1n) return r.not(sltTerms(r, y, b.const(cx + 1n, w)));
  if (s.op(x) === Op.SExt && s.op(y) === Op.SExt && s.width(s.a(x)) === s.width(s.a(y)))
    return sltTerms(r, s.a(x), s.a(y));
  return s.node(Op.SLt, 1, x, y, 0);
}

export function iteTerms(r: SimplifierContext, c: Term, t: Term, e: Term): Term {
  const { store: s, build: b } = r;
  const w = s.width(t);
  const cc = s.constant(c);
  if (cc !== undefined) return cc === 1n ? t : e;
  if (t === e) return t;
  if (s.op(c) === Op.Not) return r.ite(s.a(c), e, t);
  if (w === 1) {
    if (s.isConst(t) || s.isConst(e) || t === c || e === c)
      return r.bitwise(
        Op.Or,
        r.bitwise(Op.And, c, t === c ? b.true : t),
        r.bitwise(Op.And, r.not(c), e === c ? b.false : e),
      );
    return s.node(Op.Ite, 1, c, t, e);
  }
  // The same condition inside is decided.
  if (s.op(t) === Op.Ite && s.a(t) === c) return r.ite(c, s.b(t), e);
  if (s.op(e) === Op.Ite && s.a(e) === c) return r.ite(c, t, s.c(e));
  const [ct, ce] = [s.constant(t), s.constant(e)];
  let at = [...cuts(r, t), ...cuts(r, e)];
  if (ct !== undefined && ce !== undefined) {
    const differ = runEnds(ct ^ ce, w);
    const all = [...new Set([...differ, ...runEnds(ct, w)])];
    if (all.length > 0 && all.length < 6) at = all;
    else if ((ct ^ ce) === MASKS[w] && ct === MASKS[w]) return r.sext(c, w);
    else if ((ct ^ ce) === MASKS[w] && ct === 0n) return r.sext(r.not(c), w);
    else at = [];
  }
  if (at.length > 0)
    return piecewise(r, w, at, (lo, n) => r.ite(c, r.extract(t, lo, n), r.extract(e, lo, n)));
  return s.node(Op.Ite, w, c, t, e);
}
