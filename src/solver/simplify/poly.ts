/**
 * Polynomial normal form modulo 2^width: sums of products of atoms with constant factors. Addition,
 * subtraction, multiplication, complement (-x - 1) and constant left shifts all land here, so equal
 * polynomials are equal terms.
 *
 * A sum that cannot wrap within n < width bits is written as the zero extension of its n-bit form; a sum
 * whose parts share no bit position is written as a concatenation.
 */
import { MASKS, Op } from '../terms/ops.ts';
import type { Term } from '../terms/terms.ts';
import { possibleOnes } from './bits.ts';
import type { Monomial, Poly } from './context.ts';
import { bitLength, type SimplifierContext, trailingZeros } from './context.ts';

/** Products with more monomials than this stay products. */
const MAX_MONOMIALS = 24;
/** Products of more atoms than this stay as they are. */
const MAX_DEGREE = 4;

function plus(w: number, p: Poly, q: Poly, factor = 1n): Poly {
  const mask = MASKS[w]!;
  const monomials = new Map(p.monomials);
  for (const [key, m] of q.monomials) {
    const f = ((monomials.get(key)?.factor ?? 0n) + m.factor * factor) & mask;
    if (f === 0n) monomials.delete(key);
    else monomials.set(key, { atoms: m.atoms, factor: f });
  }
  return { monomials, constant: (p.constant + q.constant * factor) & mask };
}

const ZERO: Poly = { monomials: new Map(), constant: 0n };

/** Product; undefined when it gets too large, unless `always`. */
function times(w: number, p: Poly, q: Poly, always = false): Poly | undefined {
  if (!always && p.monomials.size * q.monomials.size > MAX_MONOMIALS) return undefined;
  let sum: Poly = { monomials: new Map(), constant: (p.constant * q.constant) & MASKS[w]! };
  sum = plus(w, sum, { monomials: q.monomials, constant: 0n }, p.constant);
  for (const m of p.monomials.values()) {
    const row = new Map<string, Monomial>();
    if (q.constant !== 0n) row.set(m.atoms.join('*'), { atoms: m.atoms, factor: m.factor * q.constant });
    for (const n of q.monomials.values()) {
      if (!always && m.atoms.length + n.atoms.length > MAX_DEGREE) return undefined;
      const atoms = [...m.atoms, ...n.atoms].sort((x, y) => x - y);
      row.set(atoms.join('*'), { atoms, factor: m.factor * n.factor });
    }
    sum = plus(w, sum, { monomials: row, constant: 0n });
  }
  return !always && sum.monomials.size > MAX_MONOMIALS ? undefined : sum;
}

/**
 * Product with what became of one atom; the degree stays small because the product had few atoms to begin
 * with.
 */
function timesAtom(w: number, product: Poly, atom: Poly): Poly {
  return times(w, product, atom, true)!;
}

function atomPoly(t: Term): Poly {
  return { monomials: new Map([[String(t), { atoms: [t], factor: 1n }]]), constant: 0n };
}

/** The polynomial that a normal form stands for. */
export function polyOf(r: SimplifierContext, t: Term): Poly {
  let p = r.polys.get(t);
  if (p === undefined) {
    p = computePoly(r, t);
    r.polys.set(t, p);
  }
  return p;
}

function computePoly(r: SimplifierContext, t: Term): Poly {
  const s = r.store;
  const w = s.width(t);
  switch (s.op(t)) {
    case Op.Const:
      return { monomials: new Map(), constant: s.value(t) };
    case Op.Add:
      return plus(w, polyOf(r, s.a(t)), polyOf(r, s.b(t)));
    case Op.Mul:
      return times(w, polyOf(r, s.a(t)), polyOf(r, s.b(t))) ?? atomPoly(t);
    case Op.Not:
      return w === 1
        ? atomPoly(t)
        : plus(w, { monomials: new Map(), constant: MASKS[w]! }, polyOf(r, s.a(t)), -1n);
    case Op.Or:
      // Without a common bit it is a sum.
      if (w === 1 || (possibleOnes(r, s.a(t)) & possibleOnes(r, s.b(t))) !== 0n) return atomPoly(t);
      return plus(w, polyOf(r, s.a(t)), polyOf(r, s.b(t)));
    case Op.Concat:
      return concatPoly(r, t);
    default:
      return atomPoly(t);
  }
}

/** Sum over the pieces of 2^position * zero-extended piece. */
function concatPoly(r: SimplifierContext, t: Term): Poly {
  const s = r.store;
  const w = s.width(t);
  let sum = ZERO;
  let rest: Term | undefined = t;
  while (rest !== undefined) {
    const part: Term = s.op(rest) === Op.Concat ? s.a(rest) : rest;
    const low: Term | undefined = s.op(rest) === Op.Concat ? s.b(rest) : undefined;
    const at = low === undefined ? 0 : s.width(low);
    // The top part may wrap as it likes; others only may be opened when their sum cannot.
    const top = at + s.width(part) === w;
    sum = plus(w, sum, widened(r, part, w, top), 1n << BigInt(at));
    rest = low;
  }
  return sum;
}

/** Zero extension of a part as a polynomial of width w; modulo 2^width(part) suffices when `top`. */
function widened(r: SimplifierContext, part: Term, w: number, top: boolean): Poly {
  const s = r.store;
  if (s.isConst(part)) return { monomials: new Map(), constant: s.value(part) };
  const p = polyOf(r, part);
  if (!top && (isAtom(p, part) || ceiling(r, p) > MASKS[s.width(part)]!))
    return atomPoly(r.build.zext(part, w));
  let sum: Poly = { monomials: new Map(), constant: p.constant };
  for (const m of p.monomials.values()) {
    let product: Poly = { monomials: new Map(), constant: m.factor };
    for (const a of m.atoms) product = timesAtom(w, product, widenedAtom(r, a, w, top));
    sum = plus(w, sum, product);
  }
  return sum;
}

function isAtom(p: Poly, t: Term): boolean {
  return p.constant === 0n && p.monomials.size === 1 && p.monomials.get(String(t))?.factor === 1n;
}

function widenedAtom(r: SimplifierContext, a: Term, w: number, top: boolean): Poly {
  const s = r.store;
  if (top && s.op(a) === Op.Extract && s.b(a) === 0 && s.width(s.a(a)) >= w)
    return polyOf(r, r.extract(s.a(a), 0, w));
  const wide = r.build.zext(a, w);
  return s.op(a) === Op.Concat ? polyOf(r, wide) : atomPoly(wide);
}

/** True when the polynomial of a term is the term itself. */
export function isOpaque(r: SimplifierContext, t: Term): boolean {
  return isAtom(polyOf(r, t), t);
}

/** Largest value of the sum when nothing wraps. */
function ceiling(r: SimplifierContext, p: Poly): bigint {
  let max = p.constant;
  for (const m of p.monomials.values()) {
    let product = m.factor;
    for (const a of m.atoms) product *= possibleOnes(r, a);
    max += product;
  }
  return max;
}

/** The normal form of a polynomial. */
export function termOf(r: SimplifierContext, p: Poly, w: number): Term {
  const { store: s, build: b } = r;
  if (p.monomials.size === 0) return b.const(p.constant, w);
  const list = [...p.monomials.values()];
  const only = list.length === 1 ? list[0]! : undefined;
  if (only !== undefined && only.atoms.length === 1) {
    const atom = only.atoms[0]!;
    if (p.constant === 0n && only.factor === 1n) return atom;
    if (p.constant === MASKS[w]! && only.factor === MASKS[w]!) return r.not(atom);
  }
  const shared = p.constant === 0n && only !== undefined ? trailingZeros(only.factor, w) : 0;
  if (shared > 0 && only !== undefined && only.factor === 1n << BigInt(shared)) {
    const product = termOf(
      r,
      { monomials: new Map([['', { atoms: only.atoms, factor: 1n }]]), constant: 0n },
      w,
    );
    return r.concat(r.extract(product, 0, w - shared), b.const(0n, shared));
  }
  const max = ceiling(r, p);
  const need = bitLength(max);
  // A factor that is zero, although its form does not say so.
  if (need === 0) return b.const(0n, w);
  if (need < w) return r.zext(termOf(r, truncated(r, p, need), need), w);
  const apart = disjoint(r, p, w);
  if (apart !== undefined) return apart;
  let sum: Term | undefined;
  for (const m of list.sort(byAtoms)) {
    let product: Term | undefined;
    for (const a of m.atoms) product = product === undefined ? a : s.node(Op.Mul, w, product, a, 0);
    if (m.factor !== 1n) product = s.node(Op.Mul, w, product!, b.const(m.factor, w), 0);
    sum = sum === undefined ? product! : s.node(Op.Add, w, sum, product!, 0);
  }
  if (p.constant !== 0n) sum = s.node(Op.Add, w, sum!, b.const(p.constant, w), 0);
  return sum!;
}

function byAtoms(x: Monomial, y: Monomial): number {
  for (let i = 0; i < x.atoms.length && i < y.atoms.length; i++)
    if (x.atoms[i] !== y.atoms[i]) return x.atoms[i]! - y.atoms[i]!;
  return x.atoms.length - y.atoms.length;
}

/** Low n bits of the polynomial. */
export function truncated(r: SimplifierContext, p: Poly, n: number): Poly {
  let sum: Poly = { monomials: new Map(), constant: p.constant & MASKS[n]! };
  for (const m of p.monomials.values()) {
    let product: Poly = { monomials: new Map(), constant: m.factor & MASKS[n]! };
    for (const a of m.atoms) {
      const cut = r.extract(a, 0, n);
      product = timesAtom(n, product, polyOf(r, cut));
    }
    sum = plus(n, sum, product);
  }
  return sum;
}

/** A concatenation, when every part has bit positions of its own. */
function disjoint(r: SimplifierContext, p: Poly, w: number): Term | undefined {
  if (p.monomials.size + (p.constant === 0n ? 0 : 1) < 2) return undefined;
  const parts: Term[] = p.constant === 0n ? [] : [r.build.const(p.constant, w)];
  let used = p.constant;
  for (const m of p.monomials.values()) {
    const k = trailingZeros(m.factor, w);
    if (m.atoms.length !== 1 || m.factor !== 1n << BigInt(k)) return undefined;
    const ones = (possibleOnes(r, m.atoms[0]!) << BigInt(k)) & MASKS[w]!;
    if ((used & ones) !== 0n) return undefined;
    used |= ones;
    parts.push(k === 0 ? m.atoms[0]! : r.concat(r.extract(m.atoms[0]!, 0, w - k), r.build.const(0n, k)));
  }
  return parts.reduce((x, y) => r.bitwise(Op.Or, x, y));
}

export function addTerms(r: SimplifierContext, x: Term, y: Term, factor: bigint): Term {
  const w = r.store.width(x);
  return termOf(r, plus(w, polyOf(r, x), polyOf(r, y), factor), w);
}

export function mulTerms(r: SimplifierContext, x: Term, y: Term): Term {
  const w = r.store.width(x);
  const p = times(w, polyOf(r, x), polyOf(r, y));
  if (p !== undefined) return termOf(r, p, w);
  return x < y ? r.store.node(Op.Mul, w, x, y, 0) : r.store.node(Op.Mul, w, y, x, 0);
}

export function scaleTerm(r: SimplifierContext, x: Term, factor: bigint): Term {
  const w = r.store.width(x);
  return termOf(r, plus(w, ZERO, polyOf(r, x), factor), w);
}

/** x - y when that is a constant. */
export function constantDifference(r: SimplifierContext, x: Term, y: Term): bigint | undefined {
  const d = plus(r.store.width(x), polyOf(r, x), polyOf(r, y), -1n);
  return d.monomials.size === 0 ? d.constant : undefined;
}

/** x - y as a polynomial. */
export function difference(r: SimplifierContext, x: Term, y: Term): Poly {
  return plus(r.store.width(x), polyOf(r, x), polyOf(r, y), -1n);
}
