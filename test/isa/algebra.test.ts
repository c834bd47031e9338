import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bigintAlgebra as a, type Width } from '../../src/isa/index.ts';
import { arbU64 } from './arbitrary.ts';

const WIDTHS: readonly Width[] = [8, 16, 32, 64];
const width = fc.constantFrom(...WIDTHS);
const u = (bits: number, v: bigint) => BigInt.asUintN(bits, v);

/** SMT-LIB defines the signed operations by the unsigned ones on absolute values. */
function byAbsolutes(w: Width, x: bigint, y: bigint): { div: bigint; rem: bigint } {
  const negative = (v: bigint) => v >> BigInt(w - 1) === 1n;
  const abs = (v: bigint) => (negative(v) ? a.sub(0n, v, w) : v);
  const div = a.udiv(abs(x), abs(y), w);
  const rem = a.urem(abs(x), abs(y), w);
  return {
    div: negative(x) === negative(y) ? div : a.sub(0n, div, w),
    rem: negative(x) ? a.sub(0n, rem, w) : rem,
  };
}

describe('bigintAlgebra', () => {
  it('has the corner values of SMT-LIB', () => {
    expect(a.udiv(7n, 0n, 8)).toBe(0xffn);
    expect(a.urem(7n, 0n, 8)).toBe(7n);
    expect(a.sdiv(7n, 0n, 8)).toBe(0xffn);
    expect(a.sdiv(0xf9n, 0n, 8)).toBe(1n);
    expect(a.srem(0xf9n, 0n, 8)).toBe(0xf9n);
    expect(a.sdiv(0x80n, 0xffn, 8)).toBe(0x80n);
    expect([a.shl(1n, 8n, 8), a.lshr(0x80n, 8n, 8), a.ashr(0x80n, 200n, 8), a.ashr(0x7fn, 8n, 8)]).toEqual([
      0n,
      0n,
      0xffn,
      0n,
    ]);
  });

  it('divides signed values as SMT-LIB defines it', () => {
    fc.assert(
      fc.property(width, arbU64, arbU64, (w, x, y) => {
        const [d, s] = [u(w, x), u(w, y)];
        expect({ div: a.sdiv(d, s, w), rem: a.srem(d, s, w) }).toEqual(byAbsolutes(w, d, s));
      }),
      { numRuns: 500 },
    );
  });

  it('stays below 2^width in every operation', () => {
    fc.assert(
      fc.property(width, arbU64, arbU64, (w, x, y) => {
        const [d, s] = [u(w, x), u(w, y)];
        const { add, sub, mul, udiv, urem, sdiv, srem, and, or, xor, shl, lshr, ashr } = a;
        for (const f of [add, sub, mul, udiv, urem, sdiv, srem, and, or, xor, shl, lshr, ashr]) {
          const value = f(d, s, w);
          expect(value).toBe(u(w, value));
        }
        expect(a.bswap(a.bswap(d, w), w)).toBe(d);
        expect(a.trunc(a.sext(d, w, 64), 64, w)).toBe(d);
        expect(a.zext(d, w, 64)).toBe(d);
      }),
    );
  });
});
