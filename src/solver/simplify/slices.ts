/**
 * Slice normal form: cuts go down through every operation whose low (or own) bits they only need, and slices
 * that lie side by side join again. Masks, shifts by constants, extensions and byte-wise copies are all cuts
 * and joins.
 */
import { Op } from '../terms/ops.ts';
import type { Term } from '../terms/terms.ts';
import type { BitOp, SimplifierContext } from './context.ts';
import { trailingZeros } from './context.ts';
import { isOpaque, polyOf, termOf, truncated } from './poly.ts';

/** Bits [lo, lo + width) of a normal form. */
export function extractTerm(r: SimplifierContext, x: Term, lo: number, width: number): Term {
  const { store: s, build: b } = r;
  const w = s.width(x);
  if (lo === 0 && width === w) return x;
  switch (s.op(x)) {
    case Op.Extract:
      return r.extract(s.a(x), s.b(x) + lo, width);
    case Op.Concat: {
      const wl = s.width(s.b(x));
      if (lo >= wl) return r.extract(s.a(x), lo - wl, width);
      if (lo + width <= wl) return r.extract(s.b(x), lo, width);
      return r.concat(r.extract(s.a(x), 0, lo + width - wl), r.extract(s.b(x), lo, wl - lo));
    }
    case Op.And:
    case Op.Or:
    case Op.Xor:
      return r.bitwise(s.op(x) as BitOp, r.extract(s.a(x), lo, width), r.extract(s.b(x), lo, width));
    case Op.Not:
      return r.not(r.extract(s.a(x), lo, width));
    case Op.Ite:
      return r.ite(s.a(x), r.extract(s.b(x), lo, width), r.extract(s.c(x), lo, width));
    case Op.SExt: {
      const inner = s.width(s.a(x));
      if (lo + width <= inner) return r.extract(s.a(x), lo, width);
      const from = Math.min(lo, inner - 1);
      if (from === 0) return r.sext(s.a(x), width);
      return r.sext(r.extract(s.a(x), from, inner - from), width);
    }
    case Op.Add:
    case Op.Mul:
      return extractSum(r, x, lo, width);
    default:
      return b.extract(x, lo, width);
  }
}

/** The low bits of a sum are the sum of the low bits; common zero bits at its bottom can be cut off. */
function extractSum(r: SimplifierContext, x: Term, lo: number, width: number): Term {
  const { store: s, build: b } = r;
  const w = s.width(x);
  if (isOpaque(r, x)) {
    // A product that was too large to multiply out.
    const n = lo + width;
    if (n === w) return b.extract(x, lo, width);
    return r.extract(r.mul(r.extract(s.a(x), 0, n), r.extract(s.b(x), 0, n)), lo, width);
  }
  if (lo + width < w) {
    const low = termOf(r, truncated(r, polyOf(r, x), lo + width), lo + width);
    return lo === 0 ? low : r.extract(low, lo, width);
  }
  const p = polyOf(r, x);
  let zeros = trailingZeros(p.constant, w);
  for (const m of p.monomials.values()) zeros = Math.min(zeros, trailingZeros(m.factor, w));
  if (zeros === 0) return b.extract(x, lo, width);
  const cut = Math.min(zeros, lo);
  const divided = {
    constant: p.constant >> BigInt(cut),
    monomials: new Map(
      [...p.monomials].map(([key, m]) => [key, { atoms: m.atoms, factor: m.factor >> BigInt(cut) }] as const),
    ),
  };
  const low = termOf(r, truncated(r, divided, w - cut), w - cut);
  return r.extract(low, lo - cut, width);
}

/** `hi` above `lo`; slices of one value that meet become one slice. */
export function concatTerms(r: SimplifierContext, hi: Term, lo: Term): Term {
  const { store: s, build: b } = r;
  if (s.op(hi) === Op.Concat) return r.concat(s.a(hi), r.concat(s.b(hi), lo));
  const rest = s.op(lo) === Op.Concat ? s.b(lo) : undefined;
  const next = rest === undefined ? lo : s.a(lo);
  const joined = join(r, hi, next);
  if (joined !== undefined) return rest === undefined ? joined : r.concat(joined, rest);
  return b.concat(hi, lo);
}

/** One term for two neighbours, or undefined. */
function join(r: SimplifierContext, hi: Term, lo: Term): Term | undefined {
  const { store: s } = r;
  const [wh, wl] = [s.width(hi), s.width(lo)];
  if (s.isConst(hi) && s.isConst(lo)) return r.build.concat(hi, lo);
  const op = s.op(hi);
  if (op === Op.Extract) {
    const [whole, from] = [s.a(hi), s.b(hi)];
    if (from >= wl && r.extract(whole, from - wl, wl) === lo) return r.extract(whole, from - wl, wl + wh);
    return undefined;
  }
  // Copies of the sign above the number.
  if (op === Op.SExt && s.width(s.a(hi)) === 1 && r.extract(lo, wl - 1, 1) === s.a(hi))
    return r.sext(lo, wh + wl);
  if (op !== s.op(lo)) return undefined;
  if (op === Op.And || op === Op.Or || op === Op.Xor) {
    const straight = joinBoth(r, s.a(hi), s.a(lo), s.b(hi), s.b(lo));
    const pair = straight ?? joinBoth(r, s.a(hi), s.b(lo), s.b(hi), s.a(lo));
    return pair === undefined ? undefined : r.bitwise(op, pair[0], pair[1]);
  }
  if (op === Op.Not && wh + wl <= 64) {
    const inner = join(r, s.a(hi), s.a(lo));
    return inner === undefined ? undefined : r.not(inner);
  }
  if (op === Op.Ite && s.a(hi) === s.a(lo)) {
    const pair = joinBoth(r, s.b(hi), s.b(lo), s.c(hi), s.c(lo));
    return pair === undefined ? undefined : r.store.node(Op.Ite, wh + wl, s.a(hi), pair[0], pair[1]);
  }
  return undefined;
}

function joinBoth(r: SimplifierContext, h1: Term, l1: Term, h2: Term, l2: Term): [Term, Term] | undefined {
  // Two constants always join; that alone would undo the splitting of masks.
  const x = join(r, h1, l1);
  const y = x === undefined ? undefined : join(r, h2, l2);
  return x === undefined || y === undefined ? undefined : [x, y];
}

export function zextTerm(r: SimplifierContext, x: Term, width: number): Term {
  const w = r.store.width(x);
  return w === width ? x : r.concat(r.build.const(0n, width - w), x);
}

export function sextTerm(r: SimplifierContext, x: Term, width: number): Term {
  const { store: s, build: b } = r;
  const w = s.width(x);
  if (w === width) return x;
  if (s.op(x) === Op.SExt) return r.sext(s.a(x), width);
  const top = r.extract(x, w - 1, 1);
  if (s.isConst(top))
    return r.concat(s.value(top) === 0n ? b.const(0n, width - w) : b.const(-1n, width - w), x);
  // Concatenations: only the top part is extended.
  if (s.op(x) === Op.Concat) return r.concat(r.sext(s.a(x), width - s.width(s.b(x))), s.b(x));
  return b.sext(x, width);
}

/**
 * Bit positions where a concatenation (or a constant with few runs) is cut; from low to high, without 0 and
 * the width.
 */
export function cuts(r: SimplifierContext, x: Term): number[] {
  const s = r.store;
  const list: number[] = [];
  let t = x;
  let at = s.width(x);
  while (s.op(t) === Op.Concat) {
    at -= s.width(s.a(t));
    list.push(at);
    t = s.b(t);
  }
  return list.reverse();
}

/** Bit positions where runs of equal bits of v end. */
export function runEnds(v: bigint, width: number): number[] {
  const list: number[] = [];
  for (let i = 1; i < width; i++) if (((v >> BigInt(i)) & 1n) !== ((v >> BigInt(i - 1)) & 1n)) list.push(i);
  return list;
}

/** Applies f to each part between the cuts and puts the results together. */
export function piecewise(
  r: SimplifierContext,
  width: number,
  at: readonly number[],
  f: (lo: number, n: number) => Term,
): Term {
  const ends = [...new Set(at)].sort((x, y) => x - y);
  ends.push(width);
  let result: Term | undefined;
  let lo = 0;
  for (const end of ends) {
    const part = f(lo, end - lo);
    result = result === undefined ? part : r.concat(part, result);
    lo = end;
  }
  return result!;
}
