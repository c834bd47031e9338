/** Generators for the property tests: a scalar together with concrete values that it must stand for. */
import fc from 'fast-check';
import {
  constant,
  FULL32,
  FULL64,
  joinScalars,
  type Scalar,
  scalar,
} from '../../src/analysis/domain/scalar.ts';
import { TNUM_UNKNOWN, type Tnum, tnumRange } from '../../src/analysis/domain/tnum.ts';

const CORNERS = [
  0n,
  1n,
  2n,
  31n,
  32n,
  63n,
  64n,
  0x7fn,
  0x80n,
  0xffn,
  0xffffn,
  0x8000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_fffen,
  0xffff_ffff_ffff_ffffn,
  0xffff_ffff_8000_0000n,
];

export const u64: fc.Arbitrary<bigint> = fc.oneof(
  fc.constantFrom(...CORNERS),
  fc.bigInt({ min: 0n, max: 300n }),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }),
);

export interface Sample {
  s: Scalar;
  /** Concrete values that `s` contains. */
  values: bigint[];
}

/** Interval around, or bits shared by, or join of, a few concrete values. */
export const sample: fc.Arbitrary<Sample> = fc
  .tuple(
    fc.array(u64, { minLength: 1, maxLength: 3 }),
    fc.constantFrom('join', 'unsigned', 'signed', 'bits', 'low'),
    u64,
  )
  .map(([values, how, noise]) => {
    const joined = values.map(constant).reduce((a, b) => joinScalars(a, b, 0));
    if (how === 'join') return { s: joined, values };
    if (how === 'unsigned') {
      const [lo, hi] = [joined.umin, joined.umax];
      return { s: scalar(tnumRange(lo, hi), { ...FULL64, umin: lo, umax: hi }, FULL32)!, values };
    }
    if (how === 'signed')
      return {
        s: scalar(TNUM_UNKNOWN, { ...FULL64, smin: joined.smin, smax: joined.smax }, FULL32)!,
        values,
      };
    if (how === 'low') return { s: scalar(TNUM_UNKNOWN, FULL64, joined.low)!, values };
    const t: Tnum = { mask: joined.tnum.mask | noise, value: joined.tnum.value & ~noise };
    return { s: scalar(t, FULL64, FULL32)!, values };
  });
