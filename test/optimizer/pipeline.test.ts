import { beforeAll, describe, expect, it } from 'vitest';
import { assemble } from '../../src/isa/asm/asm.ts';
import { formatInsn } from '../../src/isa/disasm.ts';
import { sizeInSlots } from '../../src/isa/insn.ts';
import { budgetOf, OPTIMIZE_DEFAULTS } from '../../src/optimizer/defaults.ts';
import { optimizeProgram } from '../../src/optimizer/program.ts';
import type { OptimizeOptions, OptimizeResult } from '../../src/optimizer/types.ts';
import { replaceRange } from '../../src/program/edit.ts';
import type { MapDef, Program } from '../../src/program/program.ts';
import { createWindowVerifier, type WindowVerifier } from '../../src/verify/index.ts';
import { createMachine } from '../../src/vm/machine/machine.ts';
import { generateTests } from '../../src/vm/testgen/index.ts';
import { programOf } from './helpers.ts';

const COUNTERS: MapDef = { name: 'c', type: 2, keySize: 4, valueSize: 8, maxEntries: 4, flags: 0 };
const OPTIONS: OptimizeOptions = {
  ...OPTIMIZE_DEFAULTS,
  goal: 'size',
  steps: 60_000,
  tests: 16,
  kernel: 'off',
  diffRuns: 0,
  linux: 504,
};

/** A key on the stack by way of a register, a counter, a goto that could be a negated branch. */
const COUNTER = programOf(
  assemble(`
    r1 = 0
    *(u32 *)(r10 -4) = r1
    r2 = r10
    r2 += -4
    r1 = map[id:0]
    call 1
    if r0 == 0x0 goto +1
    goto +1
    goto +3
    r1 = *(u64 *)(r0 +0)
    r1 += 1
    *(u64 *)(r0 +0) = r1
    r0 = 1
    exit
  `),
  'xdp',
  [COUNTERS],
);

const text = (p: Program): string => p.insns.map((i) => formatInsn(i)).join('\n');

function agree(a: Program, b: Program): void {
  const tests = generateTests(a, { seed: 99, count: 64 });
  const machine = createMachine(a);
  machine.setTests(tests);
  machine.setSource(a.insns);
  machine.setCandidate(b.insns);
  expect(machine.evaluate().failed).toBe(0);
}

describe('optimizeProgram', () => {
  let verifier: WindowVerifier;
  let first: OptimizeResult;
  beforeAll(async () => {
    verifier = await createWindowVerifier();
    first = await optimizeProgram(COUNTER, OPTIONS, {}, verifier);
  });

  it('makes a program smaller that does the same', () => {
    expect(first.slotsBefore).toBe(sizeInSlots(COUNTER.insns));
    expect(first.slotsAfter).toBeLessThanOrEqual(11);
    expect(first.slotsAfter).toBe(sizeInSlots(first.program.insns));
    expect(text(first.program)).toContain('lock');
    agree(COUNTER, first.program);
  });

  it('is a function of program, options and seed', async () => {
    const again = await optimizeProgram(COUNTER, OPTIONS);
    expect(text(again.program)).toBe(text(first.program));
    expect(again.stats).toEqual(first.stats);
    expect(again.convergence).toEqual(first.convergence);
  });

  it('records every rewrite: replayed, they give the result', () => {
    let program = COUNTER;
    for (const r of first.rewrites) {
      const { start, end } = r.window;
      expect(program.insns.slice(start, end).map((i) => formatInsn(i))).toEqual(r.before);
      program = replaceRange(program, start, end, assemble(r.after.join('\n').replaceAll('pc+', '+')));
      expect(sizeInSlots(program.insns)).toBe(r.slotsAfter);
    }
    expect(sizeInSlots(program.insns)).toBe(first.slotsAfter);
    expect(first.convergence.at(0)).toEqual([0, first.slotsBefore]);
    expect(first.convergence.at(-1)![1]).toBe(first.slotsAfter);
  });

  it('leaves pinned instructions where they are', async () => {
    const pinned: Program = { ...COUNTER, pinned: new Map([[0, 'CO-RE relocation']]) };
    const result = await optimizeProgram(pinned, OPTIONS, {}, verifier);
    expect(result.program.insns[0]).toEqual(COUNTER.insns[0]);
    expect(result.notes.some((n) => n.includes('load-time values'))).toBe(true);
  });

  it('does not take what static safety objects to', async () => {
    // One store of an immediate would be shorter, but the context takes none.
    const program = programOf(
      assemble(`
        r2 = 5
        *(u32 *)(r1 +48) = r2
        r0 = 0
        exit
      `),
      'sched_cls',
    );
    const result = await optimizeProgram(program, OPTIONS, {}, verifier);
    expect(text(result.program)).not.toMatch(/\*\(u32 \*\)\(r\d \+48\) = \d/);
    agree(program, result.program);
  });

  it('stops when told to, with what is proven so far', async () => {
    let polls = 0;
    const result = await optimizeProgram(COUNTER, OPTIONS, { stop: () => ++polls > 20 }, verifier);
    expect(result.interrupted).toBe(true);
    expect(result.stats.steps).toBeLessThan(60_000);
    agree(COUNTER, result.program);
  });

  it('names settings that do not exist', async () => {
    await expect(optimizeProgram(COUNTER, { ...OPTIONS, settings: 'k2-9' })).rejects.toThrow(/k2-9/);
  });
});

describe('budgetOf', () => {
  it('grows with the program unless a budget is given', () => {
    expect(budgetOf({ steps: 7 }, 100)).toBe(7);
    expect(budgetOf({}, 10)).toBe(4_005_000);
    expect(budgetOf({}, 1811)).toBe(4_905_500);
  });
});

describe('decide', () => {
  it('asks verifier, tests, safety, kernel and cost, in this order; one no is enough', async () => {
    const { decide } = await import('../../src/optimizer/acceptance/gate.ts');
    const asked: string[] = [];
    const say = (name: string, no?: string) => () => {
      asked.push(name);
      return no;
    };
    const checks = (no: string) => ({
      verify: () => {
        asked.push('verify');
        return no === 'verify'
          ? ({ kind: 'unknown', reason: 'no', ms: 0 } as const)
          : ({ kind: 'equivalent', how: 'solver', ms: 0 } as const);
      },
      tests: say('tests', no === 'tests' ? 'no' : undefined),
      safety: say('safety', no === 'safety' ? 'no' : undefined),
      kernel: say('kernel', no === 'kernel' ? 'no' : undefined),
      cost: say('cost', no === 'cost' ? 'no' : undefined),
    });
    const order = ['verify', 'tests', 'safety', 'kernel', 'cost'] as const;
    for (const [k, no] of order.entries()) {
      asked.length = 0;
      const result = decide(COUNTER, { start: 0, end: 1 }, assemble('r1 = 1'), checks(no));
      expect(result).toMatchObject({ accepted: false, by: no, reason: 'no' });
      expect(asked).toEqual(order.slice(0, k + 1));
    }
    expect(decide(COUNTER, { start: 0, end: 1 }, assemble('r1 = 1'), checks('')).accepted).toBe(true);
    expect(decide(COUNTER, { start: 0, end: 99 }, [], checks(''))).toMatchObject({
      accepted: false,
      by: 'edit',
    });
  });
});
