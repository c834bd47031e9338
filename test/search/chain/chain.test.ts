import { describe, expect, it } from 'vitest';
import { Rng } from '../../../src/base/random.ts';
import { assemble } from '../../../src/isa/asm/asm.ts';
import { type Insn, sizeInSlots } from '../../../src/isa/insn.ts';
import {
  type CandidateEvaluator,
  type ChainTask,
  padded,
  runChain,
} from '../../../src/search/chain/chain.ts';
import { buildPools } from '../../../src/search/chain/pools.ts';
import { wellFormed } from '../../../src/search/chain/quick-check.ts';
import {
  ALL_SETTINGS,
  type ChainSettings,
  COMBINED_SETTINGS,
  ERROR_VARIANTS,
  PAPER_SETTINGS,
  settingNamed,
} from '../../../src/search/chain/settings.ts';
import { createMachine } from '../../../src/vm/machine/machine.ts';
import { generateTests } from '../../../src/vm/testgen/index.ts';
import { programOf } from '../../optimizer/helpers.ts';

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
  let failed = 0;
  const evaluator: CandidateEvaluator = {
    tests: 8,
    set: (w) => machine.setCandidate([...w, SOURCE.at(-1) as Insn]),
    patch: (at, i) => machine.patch(at, i),
    error: (limit) => {
      const run = machine.evaluate(limit);
      spy.errors.push(run.error);
      failed = run.failed;
      return run.error;
    },
    failed: () => failed,
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

/** A candidate that stores instead of adding one, on an evaluator that says how wrong it is. */
function acceptedOf(
  settings: Partial<ChainSettings>,
  wrong: { error: number; failed: number },
  safe = true,
): number {
  const evaluator: CandidateEvaluator = {
    tests: 8,
    set: () => undefined,
    patch: () => undefined,
    error: () => wrong.error,
    failed: () => wrong.failed,
  };
  const rules = { ir: 0, or: 0, nr: 1, me1: 0, me2: 0, cir: 0, idiom: 0 };
  const all = { ...PAPER_SETTINGS[1]!, rules, alpha: 1, beta: 0, gamma: 0, ...settings };
  const base = { ...task(1, 1), settings: all, evaluator, wellFormed: () => safe };
  const accepted = (seed: number): number =>
    runChain({ ...base, rng: new Rng(seed, 'accepted') }).stats.accepted;
  return Array.from({ length: 2000 }, (_, seed) => accepted(seed)).reduce((a, b) => a + b) / 2000;
}

describe('the cost of an error', () => {
  const cost = (p: number): number => -Math.log(p);

  it('is the distance, whole or averaged, and the tests that fail or pass', () => {
    for (const { distance, average, unequal } of ERROR_VARIANTS) {
      const wrong = { error: average ? 8 : 1, failed: 2 };
      const share = acceptedOf({ distance, average, unequal, alpha: 0.25 }, wrong);
      const expected = 0.25 * (1 + (unequal === 'failing' ? 2 : 6));
      expect(cost(share)).toBeGreaterThan(expected - 0.15);
      expect(cost(share)).toBeLessThan(expected + 0.15);
    }
  });

  it('has no count where none is wanted', () => {
    const share = acceptedOf({ unequal: 'none', average: false, alpha: 0.5 }, { error: 2, failed: 2 });
    expect(Math.abs(cost(share) - 1)).toBeLessThan(0.15);
  });

  it('has the price of unsafety on top, or unsafety is out of the question', () => {
    const wrong = { error: 1, failed: 0 };
    const share = acceptedOf({ unequal: 'none', alpha: 0.5, gamma: 1 }, wrong, false);
    expect(Math.abs(cost(share) - 1.5)).toBeLessThan(0.15);
    expect(acceptedOf({ unequal: 'none', gamma: Number.POSITIVE_INFINITY }, wrong, false)).toBe(0);
  });
});

describe('settings', () => {
  it('are the five of the paper, eight error costs and sixteen combinations, each with a name of its own', () => {
    expect(PAPER_SETTINGS).toHaveLength(5);
    expect(new Set(ERROR_VARIANTS.map((v) => JSON.stringify(v))).size).toBe(8);
    expect(COMBINED_SETTINGS).toHaveLength(16);
    expect(new Set(COMBINED_SETTINGS.map(({ name: _, ...rest }) => JSON.stringify(rest))).size).toBe(16);
    expect(new Set(ALL_SETTINGS.map((s) => s.name)).size).toBe(ALL_SETTINGS.length);
    for (const { name, rules } of ALL_SETTINGS)
      expect(
        Object.values(rules).reduce((a, b) => a + b),
        name,
      ).toBeCloseTo(1, 9);
  });

  it('are found by their names', () => {
    expect(settingNamed('k2-pop-mean-1.5-me2')).toMatchObject({ distance: 'pop', average: true, beta: 1.5 });
    expect(settingNamed('error-abs-sum-passing')).toMatchObject({ distance: 'abs', unequal: 'passing' });
    expect(settingNamed('k2-6')).toBeUndefined();
  });
});

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
