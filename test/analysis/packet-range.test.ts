/**
 * Bytes of a packet that a comparison with its end proves, as find_good_pkt_pointers() of each kernel derives
 * them: from the fixed part of the offset, none where it is 0, and before Linux 5.16 two less without
 * "equal".
 */
import { describe, expect, it } from 'vitest';
import { checkSafety } from '../../src/analysis/index.ts';
import { linux } from '../../src/base/linux.ts';
import { text } from './programs.ts';

/** Reads byte `at` of the packet where `pointer + off` was compared. */
const program = (off: number, condition: string, at: number): string => `
  r2 = *(u32 *)(r1 + 4)
  r1 = *(u32 *)(r1 + 0)
  r3 = r1
  r3 += ${off}
  r0 = 2
  if ${condition} goto +2
  r0 = *(u8 *)(r1 + ${at})
  r0 &= 1
  exit`;

/** Conditions under which the read is skipped: what holds otherwise is r3 < end, or r3 <= end. */
const BELOW = ['r3 >= r2', 'r2 <= r3'];
const AT_MOST = ['r3 > r2', 'r2 < r3'];

const isSafe = (off: number, condition: string, at: number, version = linux(6, 18)): boolean => {
  const findings = checkSafety(text(program(off, condition, at)), { linux: version });
  return findings.length === 0;
};

describe('packet ranges', () => {
  it('from "at most" are the offset', () => {
    for (const c of AT_MOST) {
      expect(isSafe(2, c, 1), c).toBe(true);
      expect(isSafe(2, c, 2), c).toBe(false);
      expect(isSafe(0, c, 0), c).toBe(false);
    }
  });

  it('from "below" are one more, and nothing of the offset 0', () => {
    for (const c of BELOW) {
      expect(isSafe(2, c, 2), c).toBe(true);
      expect(isSafe(2, c, 3), c).toBe(false);
      expect(isSafe(0, c, 0), c).toBe(false);
    }
  });

  it('from "below" are one less before Linux 5.16', () => {
    for (const c of BELOW) {
      expect(isSafe(2, c, 0, linux(5, 15)), c).toBe(true);
      expect(isSafe(2, c, 1, linux(5, 15)), c).toBe(false);
      expect(isSafe(1, c, 0, linux(5, 15)), c).toBe(false);
    }
    for (const c of AT_MOST) expect(isSafe(2, c, 1, linux(5, 15)), c).toBe(true);
  });
});
