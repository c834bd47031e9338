import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/isa/asm/asm.ts';
import { OPTIMIZE_DEFAULTS, type OptimizeOptions, optimizeProgram } from '../../src/optimizer/index.ts';
import { programOf } from './helpers.ts';

/**
 * A counter in an array: smaller as one atomic addition, which the model prices far above load, add and
 * store.
 */
const COUNTER = programOf(
  assemble(`
    r1 = 0
    *(u32 *)(r10 -4) = r1
    r2 = r10
    r2 += -4
    r1 = map[id:0]
    call bpf_map_lookup_elem#1
    if r0 == 0x0 goto out
    r1 = *(u64 *)(r0 +0)
    r1 += 1
    *(u64 *)(r0 +0) = r1
  out:
    r0 = 2
    exit
  `),
  'xdp',
  [{ name: 'counts', type: 2, keySize: 4, valueSize: 8, maxEntries: 4, flags: 0 }],
);

function optimized(goal: OptimizeOptions['goal']) {
  return optimizeProgram(COUNTER, { ...OPTIMIZE_DEFAULTS, goal, steps: 120_000, kernel: 'off', diffRuns: 0 });
}

describe('goal', () => {
  it('size takes the atomic addition', async () => {
    const result = await optimized('size');
    expect(result.program.insns.some((i) => i.op === 0xdb)).toBe(true);
    expect(result.slotsAfter).toBeLessThan(result.slotsBefore);
  });

  it('latency does not, and gets faster all the same', async () => {
    const result = await optimized('latency');
    expect(result.program.insns.some((i) => i.op === 0xdb)).toBe(false);
    expect(result.latencyAfter.path).toBeLessThan(result.latencyBefore.path);
    expect(result.slotsAfter).toBeLessThan(result.slotsBefore);
  });
});
