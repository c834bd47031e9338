import { release } from 'node:os';
import { describe, expect, test } from 'vitest';
import { Rng } from '../../src/base/random.ts';
import { insn, OP_EXIT, OP_JA } from '../../src/isa/insn.ts';
import { OPS, opNamed, specOf } from '../../src/isa/semantics.ts';
import {
  filterCampaign,
  fuzzCampaign,
  fuzzTest,
  KernelRunner,
  linuxNumber,
  machineModel,
  modelCampaign,
  type ReferenceModel,
  randomProgram,
  vmDiff,
} from '../../src/kernel/index.ts';
import type { Program } from '../../src/program/program.ts';
import type { TestCase } from '../../src/vm/types.ts';
import { hasPaper, paperNames, paperProgram, xdpProgram } from './corpus.ts';
import { execute } from './executor.ts';
import { hasKernel, needsKernel } from './kernel.ts';

const op = (name: string): number => opNamed(name).op;

/** The executor of the tests as a model: a third opinion. */
function executor(program: Program): ReferenceModel {
  return {
    run: (tests) =>
      tests.map((t) => {
        const packet = t.packet.slice();
        const r0 = execute(program.insns, packet);
        return { status: 'exit', r0, packet, ctx: t.ctx, maps: [], calls: [], steps: 0, latency: 0 };
      }),
  };
}

/** Rows that random programs cannot hold: they need a call, another hook, or a loop. */
const ELSEWHERE: ReadonlySet<string> = new Set(['ldabs', 'maygoto', 'call', 'cast']);

describe.skipIf(!hasKernel)(`the kernel is the oracle${needsKernel}`, () => {
  test.each([
    ['the semantics table', executor, 250],
    ['the interpreter', machineModel, 80],
  ])('random programs, all 64 bits of everything: %s', (_, modelOf, count) => {
    const covered = new Set<string>();
    let k = 0;
    for (const { program, result } of fuzzCampaign({ seed: 1, count, tests: 8 }, modelOf)) {
      expect(result, `program ${k++}`).toMatchObject({ status: 'ran', runs: 8, agreed: 8, skipped: {} });
      for (const i of program.insns) covered.add(specOf(i)!.name);
    }
    if (count < 250) return;
    const rows = OPS.filter((row) => row.linux <= linuxNumber(release()) && !ELSEWHERE.has(row.kind));
    expect(rows.map((row) => row.name).filter((name) => !covered.has(name))).toEqual([]);
  });

  test('random legacy packet loads: the interpreter', () => {
    let k = 0;
    for (const { result } of filterCampaign({ seed: 1, count: 60, tests: 6 }))
      expect(result, `filter ${k++}`).toMatchObject({ status: 'ran', runs: 6, agreed: 6 });
  });

  test.skipIf(!hasPaper).each(paperNames())('K2 benchmark %s: the interpreter agrees', (name) => {
    const [row] = [...modelCampaign([paperProgram(name)], { seed: 1, tests: 40 })];
    const { guessed, result } = row!;
    if (result.status !== 'ran') throw new Error(result.reason);
    // The routes of this machine are not those of the model, nor are its random numbers, which can be keys.
    if (guessed.includes('fib_lookup') || guessed.includes('get_prandom_u32')) return;
    expect(result.difference).toBeUndefined();
    expect(result).toMatchObject({ runs: 40, agreed: 40, skipped: {} });
  });

  test('a wrong model is caught and the packet made small', () => {
    const rng = new Rng('wrong', 1);
    const program = randomProgram(rng, 20, 318);
    const right = executor(program);
    const wrong = { run: (t: readonly TestCase[]) => right.run(t).map((o) => ({ ...o, r0: o.r0 ^ 1n })) };
    const result = vmDiff(program, wrong, [fuzzTest(rng)]);
    expect(result).toMatchObject({ status: 'ran', difference: { places: { r0: expect.any(Array) } } });
  });

  test('32-bit cmpxchg zero-extends r0 on the only path; where the checker prunes, Linux 6.18 forgets it', () => {
    const run = (isPruned: boolean): string => {
      const program = xdpProgram([
        insn(op('ldx.w'), 9, 1, 0),
        insn(op('ldx.w'), 3, 1, 4),
        insn(op('mov64.k'), 0),
        insn(op('mov64.x'), 2, 9),
        insn(op('add64.k'), 2, 0, 0, 16),
        insn(op('jgt64.x'), 2, 3, isPruned ? 8 : 6),
        insn(op('ldx.dw'), 0, 9, 0),
        insn(op('ldx.dw'), 1, 9, 8),
        insn(op('stx.w'), 10, 0, -8),
        // Join a path on which r0 is a 64-bit value that was checked first.
        ...(isPruned ? [insn(op('jgt64.k'), 1, 0, 1, 5), insn(OP_JA, 0, 0, 1)] : []),
        insn(op('atomic.cmpxchg.w'), 10, 1, -8, 0xf1),
        insn(op('stx.dw'), 9, 0, 0),
        insn(op('mov64.k'), 0),
        insn(OP_EXIT),
      ]);
      const opened = KernelRunner.open(program);
      if (!opened.ok) throw new Error(opened.reason);
      const packet = new Uint8Array(16).fill(0x77);
      const ran = opened.runner.run({ ctx: new Uint8Array(24), packet, maps: [], seed: 0 });
      opened.runner.close();
      if (ran.status !== 'ran') throw new Error(ran.reason);
      return Buffer.from(ran.packet.subarray(0, 8)).toString('hex');
    };
    expect(run(false)).toBe('7777777700000000');
    // Right on other kernels; kept so that nobody blames the table for it.
    expect(['7777777700000000', '7777777777777777']).toContain(run(true));
  });
});
