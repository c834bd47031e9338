import { describe, expect, it } from 'vitest';
import { assemble } from '../../../src/isa/asm/asm.ts';
import { CounterexamplePool } from '../../../src/optimizer/states/counterexample-pool.ts';
import { replaceRange } from '../../../src/program/edit.ts';
import type { Counterexample } from '../../../src/verify/types.ts';
import { programOf } from '../helpers.ts';

describe('Lessons', () => {
  const program = programOf(assemble('r0 = 1\nr0 = 2\nr0 = 3\nr0 = 4\nr0 = 5\nexit'), 'xdp');
  const found = (n: number): Counterexample => ({ registers: new Map([[0, BigInt(n)]]), memory: new Map() });

  it('are known two rounds later, at the same place', () => {
    const pooled = new CounterexamplePool();
    const p = found(1);
    pooled.add(program, { start: 2, end: 4 }, 3, [p]);
    expect(pooled.known(program, { start: 2, end: 5 }, 4)).toEqual([]);
    expect(pooled.known(program, { start: 2, end: 5 }, 5)).toEqual([p]);
    expect(pooled.known(program, { start: 1, end: 5 }, 5)).toEqual([]);
  });

  it('stay where they are when something else is rewritten', () => {
    const pooled = new CounterexamplePool();
    pooled.add(program, { start: 2, end: 4 }, 0, [found(1)]);
    const shorter = replaceRange(program, 0, 1, []);
    expect(pooled.known(shorter, { start: 1, end: 3 }, 2)).toEqual([found(1)]);
    // An instruction of ours is no place of the program as it was loaded.
    const other = replaceRange(program, 2, 3, assemble('r0 = 7'));
    pooled.add(other, { start: 2, end: 4 }, 0, [found(2)]);
    expect(pooled.known(other, { start: 2, end: 4 }, 2)).toEqual([]);
  });

  it('are the latest eight', () => {
    const pooled = new CounterexamplePool();
    for (let n = 0; n < 12; n++) pooled.add(program, { start: 0, end: 2 }, 0, [found(n)]);
    expect(pooled.known(program, { start: 0, end: 2 }, 2)).toEqual([4, 5, 6, 7, 8, 9, 10, 11].map(found));
  });
});
