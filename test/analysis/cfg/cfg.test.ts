import { describe, expect, it } from 'vitest';
import { controlFlow } from '../../../src/analysis/cfg/cfg.ts';
import { hasPaperPrograms, paperPrograms, text } from '../programs.ts';

describe('control flow', () => {
  it('splits at targets and after jumps, for every kind of jump', () => {
    const cfg = controlFlow(
      text(`
        r0 = 0
        if r1 < 5 goto out
        if w1 s<= 7 goto skip
        may_goto +1
        r0 = 1
        gotol +1
      skip:
        r0 = 2
      out:
        exit`),
    );
    expect(cfg.blocks.map((b) => [b.start, b.end])).toEqual([
      [0, 2],
      [2, 3],
      [3, 4],
      [4, 5],
      [5, 6],
      [6, 7],
      [7, 8],
    ]);
    expect(cfg.blocks.map((b) => b.successors)).toEqual([[1, 6], [2, 5], [3, 4], [4], [6], [6], []]);
    expect(cfg.unreachable).toEqual([]);
  });

  it('counts distances in slots over ld_imm64', () => {
    const cfg = controlFlow(text('r0 = 0\nif r1 == 0 goto out\nr0 = 5 ll\nr0 = 6\nout:\nexit'));
    expect(cfg.blocks.map((b) => [b.start, b.end])).toEqual([
      [0, 2],
      [2, 4],
      [4, 5],
    ]);
    expect([...cfg.offsets]).toEqual([0, 1, 2, 4, 5, 6]);
  });

  it('finds loops and unreachable code', () => {
    const cfg = controlFlow(text('r0 = 0\nagain:\nr0 += 1\nif r0 < 9 goto again\nexit\nr0 = 3\nexit'));
    expect(cfg.backEdges).toEqual([{ from: 1, to: 1 }]);
    expect([...cfg.loopHeads]).toEqual([1]);
    expect(cfg.unreachable).toEqual([4, 5]);
  });

  it('follows calls and function addresses; a function nobody reaches is unreachable', () => {
    const cfg = controlFlow(
      text(`
        call used
        r2 = subprog[used2]
        exit
      used:
        r0 = 1
        exit
      used2:
        call deep
        exit
      deep:
        r0 = 2
        exit`),
    );
    expect(cfg.calls.map(({ at, caller, callee, kind }) => [at, caller, callee, kind])).toEqual([
      [0, 0, 1, 'call'],
      [1, 0, 2, 'callback'],
      [5, 2, 3, 'call'],
    ]);
    expect([...cfg.reachableFunctions]).toEqual([0, 1, 2, 3]);
    expect(cfg.unreachable).toEqual([]);
  });

  it.skipIf(!hasPaperPrograms)(
    'covers the 19 programs of the paper (skipped without the shared corpus)',
    () => {
      for (const { name, program } of paperPrograms()) {
        const cfg = controlFlow(program);
        expect(cfg.unreachable, name).toEqual([]);
        expect(cfg.blocks.at(-1)!.end, name).toBe(program.insns.length);
        expect(cfg.backEdges, name).toEqual([]);
      }
    },
  );
});
