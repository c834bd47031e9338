import { beforeAll, describe, expect, it } from 'vitest';
import { assemble } from '../../src/isa/asm/asm.ts';
import { encode } from '../../src/isa/codec.ts';
import { formatInsn } from '../../src/isa/disasm.ts';
import { sizeInSlots } from '../../src/isa/insn.ts';
import { OPTIMIZE_DEFAULTS } from '../../src/optimizer/defaults.ts';
import { optimizePareto, optimizeProgram } from '../../src/optimizer/program.ts';
import type { OptimizeResult } from '../../src/optimizer/types.ts';
import { type ProvenVersion, paretoFront, ranked } from '../../src/optimizer/versions.ts';
import { createWindowVerifier, type WindowVerifier } from '../../src/verify/index.ts';
import { programOf } from './helpers.ts';

/** A counter: smallest with an atomic addition, fastest without. Something dead in front and at the end. */
const PROGRAM = programOf(
  assemble(`
    r3 = 7
    r1 = 0
    *(u32 *)(r10 -4) = r1
    r2 = r10
    r2 += -4
    r1 = map[id:0]
    call 1
    if r0 == 0x0 goto +4
    r1 = *(u64 *)(r0 +0)
    r1 += 1
    *(u64 *)(r0 +0) = r1
    r4 = 9
    r0 = 2
    exit
  `),
  'xdp',
  [{ name: 'c', type: 2, keySize: 4, valueSize: 8, maxEntries: 4, flags: 0 }],
);
const OPTIONS = { ...OPTIMIZE_DEFAULTS, steps: 60_000, tests: 16, kernel: 'off', diffRuns: 0 } as const;
const hex = (p: { insns: typeof PROGRAM.insns }): string => Buffer.from(encode(p.insns)).toString('hex');

describe('versions', () => {
  let verifier: WindowVerifier;
  let best: OptimizeResult;
  beforeAll(async () => {
    verifier = await createWindowVerifier();
    best = await optimizeProgram(PROGRAM, { ...OPTIONS, topK: 3 }, {}, verifier);
  });

  it('top k: different, best first, each with the rewrites that lead to it, each proven again', () => {
    const versions = best.versions ?? [];
    expect(versions).toHaveLength(3);
    expect(new Set(versions.map((v) => hex(v.program))).size).toBe(3);
    expect(hex(versions[0]!.program)).toBe(hex(best.program));
    for (const [n, v] of versions.entries()) {
      expect(v.slots).toBe(sizeInSlots(v.program.insns));
      expect(v.slots).toBeGreaterThanOrEqual(versions[Math.max(0, n - 1)]!.slots);
      expect(v.rewrites).toEqual(best.rewrites.slice(0, v.rewrites.length));
      expect(verifier.checkPrograms(PROGRAM, v.program).kind).toBe('equivalent');
    }
  });

  it('has none where one is enough', async () => {
    const { versions } = await optimizeProgram(PROGRAM, { ...OPTIONS, steps: 1000 }, {}, verifier);
    expect(versions).toBeUndefined();
  });

  it('pareto: fewer slots or less time from each to the next, each proven again', async () => {
    const { versions = [] } = await optimizePareto(PROGRAM, { ...OPTIONS, steps: 120_000 }, {}, { verifier });
    expect(versions.length).toBeGreaterThanOrEqual(2);
    expect(versions[0]!.program.insns.some((i) => i.op === 0xdb)).toBe(true);
    expect(versions.at(-1)!.program.insns.some((i) => i.op === 0xdb)).toBe(false);
    for (const [n, v] of versions.entries()) {
      expect(verifier.checkPrograms(PROGRAM, v.program).kind).toBe('equivalent');
      if (n === 0) continue;
      expect(v.slots).toBeGreaterThan(versions[n - 1]!.slots);
      expect(v.latency.path).toBeLessThan(versions[n - 1]!.latency.path);
    }
  });

  it('chosen windows: nothing else changes', async () => {
    const windows = [{ start: 8, end: 12 }];
    const result = await optimizeProgram(PROGRAM, { ...OPTIONS, windows }, {}, verifier);
    const lines = (p: typeof PROGRAM): string[] => p.insns.map((i) => formatInsn(i));
    expect(lines(result.program).slice(0, 7)).toEqual(lines(PROGRAM).slice(0, 7));
    expect(lines(result.program).slice(-2)).toEqual(lines(PROGRAM).slice(-2));
    expect(result.slotsAfter).toBeLessThan(result.slotsBefore);
    expect(result.rewrites.every((r) => r.window.start >= 8)).toBe(true);
  });
});

describe('paretoFront, ranked', () => {
  const candidate = (slots: number, path: number): ProvenVersion => ({
    program: PROGRAM,
    slots,
    insns: slots,
    latency: { path, staticSum: path },
    rewrites: [],
  });
  const of = [
    candidate(5, 9),
    candidate(4, 9),
    candidate(4, 8),
    candidate(6, 3),
    candidate(7, 3),
    candidate(9, 1),
  ];

  it('leaves out what another one beats', () => {
    expect(paretoFront(of).map((c) => [c.slots, c.latency.path])).toEqual([
      [4, 8],
      [6, 3],
      [9, 1],
    ]);
  });

  it('ranks by the goal, the later of equals first', () => {
    expect(ranked(of, 'size')[0]).toBe(of[2]);
    expect(ranked(of, 'latency')[0]).toBe(of[5]);
  });
});
