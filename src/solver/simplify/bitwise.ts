/**
 * Bitwise normal form: masks become slices, operations on concatenations go to their parts, complements go
 * inwards (De Morgan), and what is left is a sorted, duplicate-free chain with its constant last.
 */
import { applyOp, MASKS, Op } from '../terms/ops.ts';
import type { Term } from '../terms/terms.ts';
import { possibleOnes } from './bits.ts';
import type { BitOp, SimplifierContext } from './context.ts';
import { isOpaque, polyOf, termOf } from './poly.ts';
import { cuts, piecewise, runEnds } from './slices.ts';

/** A constant with more runs of equal bits than this is not cut up. */
const MAX_RUNS = 8;

export function notTerm(r: SimplifierContext, x: Term): Term {
  const { store: s, build: b } = r;
  const w = s.width(x);
  switch (s.op(x)) {
    case Op.Const:
      return b.const(~s.value(x), w);
    case Op.Not:
      return s.a(x);
    case Op.And:
      return r.bitwise(Op.Or, r.not(s.a(x)), r.not(s.b(x)));
    case Op.Or:
      return r.bitwise(Op.And, r.not(s.a(x)), r.not(s.b(x)));
    case Op.Xor:
      if (s.isConst(s.b(x))) return r.bitwise(Op.Xor, s.a(x), b.const(~s.value(s.b(x)), w));
      return b.not(x);
    case Op.Concat:
      return r.concat(r.not(s.a(x)), r.not(s.b(x)));
    case Op.Ite:
      if (w > 1 && (s.isConst(s.b(x)) || s.isConst(s.c(x))))
        return r.ite(s.a(x), r.not(s.b(x)), r.not(s.c(x)));
      return b.not(x);
    case Op.Add:
    case Op.Mul: {
      const p = polyOf(r, x);
      // A term that is its own polynomial would come back as the question.
      if (isOpaque(r, x)) return b.not(x);
      const monomials = new Map(
        [...p.monomials].map(([k, m]) => [k, { atoms: m.atoms, factor: -m.factor & MASKS[w]! }] as const),
      );
      return termOf(r, { monomials, constant: (-1n - p.constant) & MASKS[w]! }, w);
    }
    default:
      return b.not(x);
  }
}

export function bitwiseTerms(r: SimplifierContext, op: BitOp, x: Term, y: Term): Term {
  const { store: s, build: b } = r;
  const w = s.width(x);
  const [cx, cy] = [s.constant(x), s.constant(y)];
  if (cx !== undefined && cy !== undefined) return b.const(applyOp(op, w, w, w, cx, cy, 0n), w);
  if (cx !== undefined) return bitwiseTerms(r, op, y, x);
  if (x === y) return op === Op.Xor ? b.const(0n, w) : x;
  if (cy !== undefined) {
    const byConstant = withConstant(r, op, x, cy, w);
    if (byConstant !== undefined) return byConstant;
  }
  const at = [...cuts(r, x), ...cuts(r, y)];
  if (at.length > 0)
    return piecewise(r, w, at, (lo, n) => r.bitwise(op, r.extract(x, lo, n), r.extract(y, lo, n)));
  if (op === Op.Xor && (possibleOnes(r, x) & possibleOnes(r, y)) === 0n) return r.bitwise(Op.Or, x, y);
  return chain(r, op, x, y, w);
}

function withConstant(r: SimplifierContext, op: BitOp, x: Term, c: bigint, w: number): Term | undefined {
  const b = r.build;
  const ones = MASKS[w]!;
  if (c === 0n) return op === Op.And ? b.const(0n, w) : x;
  if (c === ones) return op === Op.And ? x : op === Op.Or ? b.const(ones, w) : r.not(x);
  const ends = runEnds(c, w);
  if (ends.length >= MAX_RUNS || (op === Op.Xor && cuts(r, x).length === 0)) return undefined;
  return piecewise(r, w, ends, (lo, n) => r.bitwise(op, r.extract(x, lo, n), b.const(c >> BigInt(lo), n)));
}

/** Operands of a chain of one operation. */
function operands(r: SimplifierContext, op: BitOp, t: Term, into: Term[]): void {
  const s = r.store;
  if (s.op(t) === op) {
    operands(r, op, s.a(t), into);
    operands(r, op, s.b(t), into);
  } else into.push(t);
}

function chain(r: SimplifierContext, op: BitOp, x: Term, y: Term, w: number): Term {
  const { store: s, build: b } = r;
  const ones = MASKS[w]!;
  const list: Term[] = [];
  operands(r, op, x, list);
  operands(r, op, y, list);
  let constant = op === Op.And ? ones : 0n;
  const members = new Set<Term>();
  for (const t of list) {
    let m = t;
    const c = s.constant(m);
    if (c !== undefined) {
      constant = applyOp(op, w, w, w, constant, c, 0n);
      continue;
    }
    if (op === Op.Xor && s.op(m) === Op.Not) {
      constant ^= ones;
      m = s.a(m);
    }
    if (op === Op.Xor && members.has(m)) members.delete(m);
    else members.add(m);
  }
  if (op === Op.And && constant === 0n) return b.const(0n, w);
  if (op === Op.Or && constant === ones) return b.const(ones, w);
  if (op !== Op.Xor)
    for (const m of members)
      if (members.has(r.not(m))) return op === Op.And ? b.const(0n, w) : b.const(ones, w);
  if (op !== Op.Xor) absorb(r, op, members);
  const neutral = op === Op.And ? ones : 0n;
  const sorted = [...members].sort((p, q) => p - q);
  let result: Term | undefined;
  for (const m of sorted) result = result === undefined ? m : s.node(op, w, result, m, 0);
  if (result === undefined) return b.const(constant, w);
  if (constant === neutral) return result;
  if (op === Op.Xor && constant === ones) return b.not(result);
  return s.node(op, w, result, b.const(constant, w), 0);
}

/** x & (x | y) = x and x | (x & y) = x. */
function absorb(r: SimplifierContext, op: BitOp, members: Set<Term>): void {
  const s = r.store;
  const other = op === Op.And ? Op.Or : Op.And;
  for (const m of [...members]) {
    if (s.op(m) !== other) continue;
    const inner: Term[] = [];
    operands(r, other, m, inner);
    if (inner.some((t) => members.has(t))) members.delete(m);
  }
}
