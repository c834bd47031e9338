/**
 * Comparisons of scalars: is the outcome known, and what does the outcome tell about both operands. Follows
 * the kernel's `is_branch_taken` and `regs_refine_cond_op`; works on all jump rows of the semantics table.
 */
import { RELATIONS, type Relation } from '../../isa/relations.ts';
import { max, min } from './bounds.ts';
import { type Bounds, constantOf, lowConstantOf, type Scalar, scalar, U32_MAX } from './scalar.ts';
import { type Tnum, tnumIntersect, tnumLow, tnumWithLow32 } from './tnum.ts';

interface View {
  b: Bounds;
  t: Tnum;
  known: bigint | undefined;
}

function view(s: Scalar, w: 32 | 64): View {
  return w === 64
    ? { b: s, t: s.tnum, known: constantOf(s) }
    : { b: s.low, t: tnumLow(s.tnum, 32), known: lowConstantOf(s) };
}

/** True or false when `a r b` always or never holds, else undefined. */
export function decide(r: Relation, a: Scalar, b: Scalar, w: 32 | 64): boolean | undefined {
  const [x, y] = [view(a, w), view(b, w)];
  switch (r) {
    case 'eq':
      if (x.known !== undefined && x.known === y.known) return true;
      if (x.b.umin > y.b.umax || x.b.umax < y.b.umin || x.b.smin > y.b.smax || x.b.smax < y.b.smin)
        return false;
      return tnumIntersect(x.t, y.t) === undefined ? false : undefined;
    case 'set':
      if ((x.t.value & y.t.value) !== 0n) return true;
      return ((x.t.value | x.t.mask) & (y.t.value | y.t.mask)) === 0n ? false : undefined;
    case 'ugt':
      if (x.b.umin > y.b.umax) return true;
      return x.b.umax <= y.b.umin ? false : undefined;
    case 'uge':
      if (x.b.umin >= y.b.umax) return true;
      return x.b.umax < y.b.umin ? false : undefined;
    case 'sgt':
      if (x.b.smin > y.b.smax) return true;
      return x.b.smax <= y.b.smin ? false : undefined;
    case 'sge':
      if (x.b.smin >= y.b.smax) return true;
      return x.b.smax < y.b.smin ? false : undefined;
    default: {
      const other = decide(RELATIONS[r].negated, a, b, w);
      return other === undefined ? undefined : !other;
    }
  }
}

function meet(a: Bounds, b: Bounds): Bounds {
  return {
    umin: max(a.umin, b.umin),
    umax: min(a.umax, b.umax),
    smin: max(a.smin, b.smin),
    smax: min(a.smax, b.smax),
  };
}

/** `s` with new bounds and bits at width `w`; undefined when nothing is left. */
function rebuilt(s: Scalar, w: 32 | 64, b: Bounds, t: Tnum): Scalar | undefined {
  return w === 64 ? scalar(t, b, s.low, s.id) : scalar(tnumWithLow32(s.tnum, t), s, b, s.id);
}

/** Bounds without one excluded end value. */
function excluding(x: View, value: bigint, w: 32 | 64): Bounds {
  const s = BigInt.asIntN(w, value);
  return {
    umin: x.b.umin === value ? value + 1n : x.b.umin,
    umax: x.b.umax === value ? value - 1n : x.b.umax,
    smin: x.b.smin === s ? s + 1n : x.b.smin,
    smax: x.b.smax === s ? s - 1n : x.b.smax,
  };
}

/** Both scalars, knowing that `a r b` holds at width `w`; undefined when it cannot. Ids are kept. */
export function refine(r: Relation, a: Scalar, b: Scalar, w: 32 | 64): [Scalar, Scalar] | undefined {
  const [x, y] = [view(a, w), view(b, w)];
  let [xb, yb, xt, yt] = [x.b, y.b, x.t, y.t];
  switch (r) {
    case 'eq': {
      const t = tnumIntersect(xt, yt);
      if (t === undefined) return undefined;
      xb = yb = meet(xb, yb);
      xt = yt = t;
      break;
    }
    case 'ne':
      if (y.known !== undefined) xb = excluding(x, y.known, w);
      if (x.known !== undefined) yb = excluding(y, x.known, w);
      break;
    case 'set':
      xt = withBitSet(xt, y.known);
      yt = withBitSet(yt, x.known);
      break;
    case 'clear':
      if (y.known !== undefined) xt = withoutBits(xt, y.known);
      if (x.known !== undefined) yt = withoutBits(yt, x.known);
      break;
    case 'ult':
      [xb, yb] = [
        { ...xb, umax: min(xb.umax, yb.umax - 1n) },
        { ...yb, umin: max(yb.umin, xb.umin + 1n) },
      ];
      break;
    case 'ule':
      [xb, yb] = [
        { ...xb, umax: min(xb.umax, yb.umax) },
        { ...yb, umin: max(yb.umin, xb.umin) },
      ];
      break;
    case 'slt':
      [xb, yb] = [
        { ...xb, smax: min(xb.smax, yb.smax - 1n) },
        { ...yb, smin: max(yb.smin, xb.smin + 1n) },
      ];
      break;
    case 'sle':
      [xb, yb] = [
        { ...xb, smax: min(xb.smax, yb.smax) },
        { ...yb, smin: max(yb.smin, xb.smin) },
      ];
      break;
    default: {
      const swapped = refine(RELATIONS[r].swapped, b, a, w);
      return swapped === undefined ? undefined : [swapped[1], swapped[0]];
    }
  }
  if (xb.umin > xb.umax || yb.umin > yb.umax || xb.smin > xb.smax || yb.smin > yb.smax) return undefined;
  if (xt === undefined || yt === undefined) return undefined;
  const [p, q] = [rebuilt(a, w, xb, xt), rebuilt(b, w, yb, yt)];
  return p === undefined || q === undefined ? undefined : [p, q];
}

/** Only a mask of one bit tells which bit is set. */
function withBitSet(t: Tnum, mask: bigint | undefined): Tnum {
  if (mask === undefined || mask === 0n || (mask & (mask - 1n)) !== 0n) return t;
  return { value: t.value | mask, mask: t.mask & ~mask };
}

function withoutBits(t: Tnum, mask: bigint): Tnum {
  return { value: t.value & ~mask, mask: t.mask & ~mask & (U32_MAX | (U32_MAX << 32n)) };
}
