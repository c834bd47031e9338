import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/isa/asm/asm.ts';
import { slidingWindows, straightRuns } from '../../src/search/windows.ts';
import { programOf } from '../optimizer/helpers.ts';

const PROGRAM = programOf(
  assemble(`
    r6 = r1
    r0 = 1
    if r0 == 0x0 goto out
    r2 = 3
    call 5
    r0 = 2
  out:
    r0 += 1
    exit
  `),
  'xdp',
);

describe('straightRuns', () => {
  it('ends at jumps, calls and exits, and before jump targets', () => {
    expect(straightRuns(PROGRAM)).toEqual([
      { start: 0, end: 2 },
      { start: 3, end: 4 },
      { start: 5, end: 6 },
      { start: 6, end: 7 },
    ]);
  });

  it('leaves pinned instructions out', () => {
    const pinned = { ...PROGRAM, pinned: new Map([[0, 'CO-RE relocation']]) };
    expect(straightRuns(pinned)[0]).toEqual({ start: 1, end: 2 });
  });
});

describe('slidingWindows', () => {
  it('covers every run, half overlapping, never beyond its end', () => {
    const windows = slidingWindows([{ start: 2, end: 13 }], 4);
    expect(windows).toEqual([
      { start: 2, end: 6 },
      { start: 4, end: 8 },
      { start: 6, end: 10 },
      { start: 8, end: 12 },
      { start: 10, end: 13 },
    ]);
  });

  it('takes a short run as it is', () => {
    expect(slidingWindows([{ start: 5, end: 7 }], 8)).toEqual([{ start: 5, end: 7 }]);
  });
});
