import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../../../src/experiment/results/measured.ts';
import type { OptimizeResult } from '../../../src/optimizer/types.ts';
import { program } from '../helpers.ts';

const before = program('r1 = 0x5 ll\nr0 = 2\nexit');
const after = program('r0 = 2\nexit');
const result: OptimizeResult = {
  program: after,
  slotsBefore: 4,
  slotsAfter: 2,
  insnsBefore: 3,
  insnsAfter: 2,
  latencyBefore: { path: 3, staticSum: 4 },
  latencyAfter: { path: 3, staticSum: 2 },
  rewrites: [],
  convergence: [[0, 4]],
  stats: {} as OptimizeResult['stats'],
  kernel: { status: 'not checked', reason: '' },
  differential: { status: 'agree', runs: 10, masked: [] },
  notes: [],
  interrupted: false,
};

describe('outcomeOf', () => {
  it('tells for the goal whether it is better', () => {
    expect(outcomeOf(before, result, 'size')).toMatchObject({ status: 'ok', reason: '' });
    const slow = outcomeOf(before, result, 'latency');
    expect(slow).toMatchObject({ status: 'unchanged', reason: 'nothing faster was found' });
  });

  it('stores numbers with unit, method and source, the output and its listing', () => {
    const o = outcomeOf(before, result, 'size');
    if (o.status !== 'ok') throw new Error(o.status);
    expect(o.measurements.slots.after).toMatchObject({ value: 2, unit: 'slots' });
    expect(o.measurements.slots.before.provenance).toBe('p, section xdp, sha256 abc');
    expect(o.measurements.latency.before.unit).toBe('ns');
    expect(o.output).toBe('b7000000020000009500000000000000');
    expect(o.disassembly.before).toEqual(['0: r1 = 0x5 ll', '2: r0 = 2', '3: exit']);
  });

  it('rejects what the kernel refuses or saw differ, however small it is', () => {
    const refused = outcomeOf(
      before,
      { ...result, kernel: { status: 'refused', reason: 'R0 !read_ok' } },
      'size',
    );
    expect(refused).toMatchObject({
      status: 'rejected',
      reason: 'the kernel refuses the output: R0 !read_ok',
    });
    const differ = { ...result, differential: { status: 'differ' as const, runs: 3, detail: 'r0' } };
    expect(outcomeOf(before, differ, 'size').status).toBe('rejected');
  });

  it('says when time ended the search', () => {
    expect(outcomeOf(before, { ...result, interrupted: true }, 'size').reason).toContain('time limit');
  });
});
