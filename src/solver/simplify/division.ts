/**
 * Shifts, quotients and remainders: by constants they are slices and products, otherwise remainders are
 * expressed by quotients.
 */
import { applyOp, MASKS, Op } from '../terms/ops.ts';
import type { Term } from '../terms/terms.ts';
import { possibleOnes } from './bits.ts';
import { bitLength, type SimplifierContext, trailingZeros } from './context.ts';
import { addTerms } from './poly.ts';

type ShiftOp = typeof Op.Shl | typeof Op.LShr | typeof Op.AShr;
type DivisionOp = typeof Op.UDiv | typeof Op.URem | typeof Op.SDiv | typeof Op.SRem;

export function shiftTerms(r: SimplifierContext, op: ShiftOp, x: Term, y: Term): Term {
  const { store: s, build: b } = r;
  const w = s.width(x);
  const [cx, cy] = [s.constant(x), s.constant(y)];
  if (cx === 0n) return x;
  if (cy === undefined) return s.node(op, w, x, y, 0);
  if (cx !== undefined) return b.const(applyOp(op, w, w, w, cx, cy, 0n), w);
  if (cy === 0n) return x;
  const k = Number(cy >= BigInt(w) ? BigInt(w) : cy);
  if (op === Op.AShr) {
    const n = Math.min(k, w - 1);
    return r.sext(r.extract(x, n, w - n), w);
  }
  if (k === w) return b.const(0n, w);
  if (op === Op.Shl) return r.scale(x, 1n << BigInt(k));
  return r.zext(r.extract(x, k, w - k), w);
}

export function divisionTerms(r: SimplifierContext, op: DivisionOp, x: Term, y: Term): Term {
  const { store: s, build: b } = r;
  const w = s.width(x);
  const [cx, cy] = [s.constant(x), s.constant(y)];
  if (cx !== undefined && cy !== undefined) return b.const(applyOp(op, w, w, w, cx, cy, 0n), w);
  if (op === Op.URem && cy !== undefined && cy !== 0n) {
    const k = trailingZeros(cy, w);
    if (cy === 1n << BigInt(k)) return k === 0 ? b.const(0n, w) : r.zext(r.extract(x, 0, k), w);
  }
  // x % 0 = x and x / 0 * 0 = 0, so the identity holds for every divisor.
  if (op === Op.URem) return addTerms(r, x, r.mul(divisionTerms(r, Op.UDiv, x, y), y), -1n);
  if (op === Op.SRem) return addTerms(r, x, r.mul(divisionTerms(r, Op.SDiv, x, y), y), -1n);
  if (op === Op.UDiv && cy !== undefined && cy !== 0n) {
    const k = trailingZeros(cy, w);
    if (cy === 1n << BigInt(k)) return shiftTerms(r, Op.LShr, x, b.const(BigInt(k), w));
    const ones = possibleOnes(r, x);
    if (ones < cy) return b.const(0n, w);
    const need = bitLength(ones);
    if (need < w) return r.zext(divisionTerms(r, Op.UDiv, r.extract(x, 0, need), b.const(cy, need)), w);
  }
  if (op === Op.SDiv && cy === 1n) return x;
  if (op === Op.SDiv && cy === MASKS[w]) return r.scale(x, MASKS[w]!);
  return s.node(op, w, x, y, 0);
}
