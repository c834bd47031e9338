import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/isa/asm.ts';
import { type Insn, sizeInSlots } from '../../src/isa/insn.ts';
import { type ChainTask, type Evaluator, padded, runChain } from '../../src/search/chain.ts';
import { buildPools } from '../../src/search/pools.ts';
import { PAPER_SETTINGS } from '../../src/search/settings.ts';
import { wellFormed } from '../../src/search/wellformed.ts';
import { createMachine } from '../../src/vm/machine.ts';
import { Rng } from '../../src/vm/random.ts';
import { generateTests } from '../../src/vm/testgen/index.ts';
import { programOf } from '../optimizer/helpers.ts';

const SOURCE = assemble(`
  r1 = 0
  *(u32 *)(r10 -4) = r1
  r2 = *(u32 *)(r10 -4)
  r0 = r2
  r0 += 1
  exit
`);

/** A chain over everything but the exit, on the real interpreter. */
function task(seed: number, steps: number, spy: { errors: number[] } = { errors: [] }): ChainTask {
  const program = programOf(SOURCE, 'xdp');
  const machine = createMachine(program, { metric: 'pop' });
  machine.setTests(generateTests(program, { seed: 1, count: 8 }));
  machine.setSource(program.insns);
  const window = SOURCE.slice(0, -1);
  const evaluator: Evaluator = {
    tests: 8,
    set: (w) => machine.setCandidate([...w, SOURCE.at(-1) as Insn]),
    patch: (at, i) => machine.patch(at, i),
    error: (limit) => {
      const { error } = machine.evaluate(limit);
      spy.errors.push(error);
      return error;
    },
  };
  return {
    source: padded(window, window.length),
    frozen: new Set(),
    settings: PAPER_SETTINGS[1]!,
    pools: buildPools(window, window, [1, 10], { level: 3, linux: 504 }),
    rng: new Rng(seed, 'chain'),
    steps,
    evaluator,
    wellFormed: (w) =>
      wellFormed(w, { defined: (1 << 1) | (1 << 10), pointers: 1 << 10, context: 0, nullable: 0 }),
    price: (w) => sizeInSlots(w),
    prove: () => 'equivalent',
  };
}

describe('runChain', () => {
  it('finds the one-instruction program', () => {
    const result = runChain(task(1, 60_000));
    expect(result.price).toBe(1);
    const kept = result.best?.filter((i) => i.op !== 0x05) ?? [];
    expect(kept).toHaveLength(1);
    expect(kept[0]).toMatchObject({ dst: 0, imm: 1 });
  });

  it('is a function of its seed', () => {
    const [a, b, c] = [runChain(task(7, 20_000)), runChain(task(7, 20_000)), runChain(task(8, 20_000))];
    expect(a).toEqual(b);
    expect(c.stats).not.toEqual(a.stats);
  });

  it('returns nothing that was not proven, and pays for what was refuted', () => {
    const refused = { ...task(1, 20_000), prove: () => 'different' as const };
    const result = runChain(refused);
    expect(result.best).toBeUndefined();
    expect(result.price).toBe(5);
    expect(result.stats.proofs.different).toBeGreaterThan(0);
  });

  it('asks for a proof only when every test passes', () => {
    const spy = { errors: [] as number[] };
    const t = task(3, 20_000, spy);
    runChain({
      ...t,
      prove: () => {
        expect(spy.errors.at(-1)).toBe(0);
        return 'equivalent';
      },
    });
  });

  it('stops when it is told to', () => {
    const result = runChain({ ...task(1, 1_000_000), stop: () => true });
    expect(result.stats.steps).toBe(0);
  });
});
