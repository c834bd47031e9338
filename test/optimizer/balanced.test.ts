/** The goal `balanced`: slots fall, and nothing else that users pay for rises above the input's. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { completeOptions } from '../../src/experiment/definition/options.ts';
import { assemble } from '../../src/isa/index.ts';
import { costCheck } from '../../src/optimizer/acceptance/cost-check.ts';
import { optimizeProgram } from '../../src/optimizer/program.ts';
import { loadBytes, usableIn } from '../../src/program/file.ts';
import type { Program } from '../../src/program/program.ts';
import { modeledMachineCode } from '../../src/vm/machine-code/index.ts';
import { programOf } from './helpers.ts';

const OBJECTS = join(import.meta.dirname, '../../corpora/builtin/obj/clang-14-O2');

function programsOf(name: string): Program[] {
  const file = join(OBJECTS, `${name}.o`);
  return usableIn(loadBytes(readFileSync(file), file));
}

describe('balanced', () => {
  // Counters that the goal size makes atomic, which takes longer; a program with branches; one with nothing
  // to trade.
  it.each(['xdp_queue_stats', 'tp_xdp_exception', 'xdp_swap_tx'])(
    '%s: fewer slots or none, and nothing dearer',
    async (name) => {
      for (const program of programsOf(name)) {
        const options = completeOptions({ steps: 5000, kernel: 'off' }, 1);
        expect(options.goal).toBe('balanced');
        const result = await optimizeProgram(program, options);
        expect(result.slotsAfter).toBeLessThanOrEqual(result.slotsBefore);
        expect(result.latencyAfter.path).toBeLessThanOrEqual(result.latencyBefore.path + 1e-9);
        expect(modeledMachineCode(result.program)).toBeLessThanOrEqual(modeledMachineCode(program));
      }
    },
  );

  it('goal size takes what balanced refuses, and balanced says why it did not', async () => {
    const [program] = programsOf('xdp_queue_stats') as [Program];
    const of = (goal: 'size' | 'balanced') =>
      optimizeProgram(program, completeOptions({ goal, steps: 5000, kernel: 'off' }, 1));
    const [size, balanced] = [await of('size'), await of('balanced')];
    expect(size.slotsAfter).toBeLessThan(balanced.slotsAfter);
    expect(size.latencyAfter.path).toBeGreaterThan(size.latencyBefore.path);
    expect(balanced.notes.join('\n')).toMatch(/turned down: cost: more modeled ns/);
  });
});

describe('costCheck', () => {
  const program = programOf(assemble('r0 = 1\nr2 = 3\nexit\n'), 'xdp');
  const longer = programOf(assemble('r0 = 1\nr2 = 3\nr3 = 4\nexit\n'), 'xdp');
  const accepted = (verifiedInsns: number, jited: number) =>
    ({ status: 'accepted', verifiedInsns, jited, xlated: 0 }) as const;
  const same = { latency: () => ({ path: 1, staticSum: 1 }) };

  it('compares with the input, by each cost; equal is no more', () => {
    const ns = (path: number) => ({ path, staticSum: 0 });
    const bench = { latency: (p: Program) => ns(p === program ? 5 : 6) };
    expect(costCheck(program, bench, () => undefined)(program)).toBeUndefined();
    expect(costCheck(program, bench, () => undefined)(longer)).toBe('more modeled ns');
    expect(costCheck(program, same, () => undefined)(longer)).toBe('more bytes of machine code');
    const spills = programOf(assemble('r0 = 1\n*(u64 *)(r10 -8) = r0\nexit\n'), 'xdp');
    expect(costCheck(program, same, () => undefined)(spills)).toBe('more bytes of stack');
  });

  it("takes the kernel's figures where it is asked", () => {
    const check = (effort: number, jited: number) =>
      costCheck(program, same, (p) => (p === program ? accepted(100, 50) : accepted(effort, jited)))(longer);
    expect(check(100, 50)).toBeUndefined();
    expect(check(99, 51)).toBe('more bytes of machine code');
    expect(check(101, 49)).toBe('more instructions processed by the verifier');
  });

  it('without a kernel our own verifier counts', () => {
    const report = (p: Program) => ({ findings: [], loops: [], steps: p === program ? 10 : 11 });
    const short = programOf(assemble('r0 = 1\nexit\n'), 'xdp');
    expect(costCheck(program, same, () => undefined, report)(short)).toBe(
      'more instructions processed by the verifier',
    );
  });
});
