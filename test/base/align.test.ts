import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { align } from '../../src/base/align.ts';

const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 14 });

/** Length of the longest common subsequence, the slow and plain way. */
function common(a: readonly string[], b: readonly string[]): number {
  const row = (i: number, j: number): number => {
    if (i === a.length || j === b.length) return 0;
    if (a[i] === b[j]) return 1 + cached(i + 1, j + 1);
    return Math.max(cached(i + 1, j), cached(i, j + 1));
  };
  const memory = new Map<number, number>();
  const cached = (i: number, j: number): number => {
    const key = i * 1000 + j;
    const known = memory.get(key);
    if (known !== undefined) return known;
    const value = row(i, j);
    memory.set(key, value);
    return value;
  };
  return cached(0, 0);
}

describe('align', () => {
  it('covers both lists in order, with as many equal lines as possible', () => {
    fc.assert(
      fc.property(lines, lines, (a, b) => {
        const hunks = align(a, b);
        let [i, j, same] = [0, 0, 0];
        for (const h of hunks) {
          expect([h.a.start, h.b.start]).toEqual([i, j]);
          if (h.kind === 'same') {
            expect(a.slice(h.a.start, h.a.end)).toEqual(b.slice(h.b.start, h.b.end));
            same += h.a.end - h.a.start;
          }
          [i, j] = [h.a.end, h.b.end];
        }
        expect([i, j]).toEqual([a.length, b.length]);
        expect(same).toBe(common(a, b));
        expect(hunks.every((h, k) => k === 0 || h.kind !== hunks[k - 1]!.kind)).toBe(true);
      }),
    );
  });
});
