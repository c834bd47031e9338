/** Which bits of a normal form can be one. */
import { MASKS, Op } from '../terms/ops.ts';
import type { Term } from '../terms/terms.ts';
import { bitLength, type SimplifierContext } from './context.ts';

/** Mask of the bits that are not known to be zero. */
export function possibleOnes(r: SimplifierContext, t: Term): bigint {
  let known = r.possible.get(t);
  if (known === undefined) {
    known = compute(r, t);
    r.possible.set(t, known);
  }
  return known;
}

function compute(r: SimplifierContext, t: Term): bigint {
  const s = r.store;
  const w = s.width(t);
  const all = MASKS[w]!;
  const [a, b, c] = [s.a(t), s.b(t), s.c(t)];
  switch (s.op(t)) {
    case Op.Const:
      return s.value(t);
    case Op.Concat:
      return (possibleOnes(r, a) << BigInt(s.width(b))) | possibleOnes(r, b);
    case Op.Extract:
      return (possibleOnes(r, a) >> BigInt(b)) & all;
    case Op.And:
      return possibleOnes(r, a) & possibleOnes(r, b);
    case Op.Or:
    case Op.Xor:
      return possibleOnes(r, a) | possibleOnes(r, b);
    case Op.Ite:
      return possibleOnes(r, b) | possibleOnes(r, c);
    case Op.Add:
      return upTo(possibleOnes(r, a) + possibleOnes(r, b), w);
    case Op.Mul:
      return upTo(possibleOnes(r, a) * possibleOnes(r, b), w);
    case Op.LShr:
      return upTo(possibleOnes(r, a), w);
    case Op.UDiv:
      return s.isConst(b) && s.value(b) !== 0n ? upTo(possibleOnes(r, a) / s.value(b), w) : all;
    default:
      return all;
  }
}

/** All bits that a number up to `max` can have, cut to the width. */
function upTo(max: bigint, w: number): bigint {
  const n = bitLength(max);
  return n > w ? MASKS[w]! : MASKS[n]!;
}
