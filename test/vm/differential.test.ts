import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMachine, type Outcome, Rng, runReference, type TestCase } from '../../src/vm/index.ts';
import { generateTests } from '../../src/vm/testgen/index.ts';
import { hasShared, PAPER, paperProgram, skipName } from './support/programs.ts';
import { mutate, randomProgram, randomTest } from './support/random.ts';

describe('fast and reference interpreter agree on whole programs', () => {
  it('random programs with jumps, memory, atomics and map helpers', () => {
    const kinds = new Map<string, number>();
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const rng = new Rng(seed, 'program');
        const p = randomProgram(rng);
        const tests = [randomTest(rng), randomTest(rng), randomTest(rng)];
        const machine = createMachine(p);
        machine.setTests(tests);
        machine.runAll(p.insns).forEach((fast, i) => {
          kinds.set(fast.fault ?? 'exit', (kinds.get(fast.fault ?? 'exit') ?? 0) + 1);
          expect(fast).toEqual(runReference(p, p.insns, tests[i]!));
        });
      }),
      { numRuns: 150, seed: 11 },
    );
    // The generator is only worth something when most programs get through.
    expect(kinds.get('exit')).toBeGreaterThan(150);
    expect(kinds.size).toBeGreaterThan(2);
  });

  for (const name of Object.keys(PAPER))
    it.skipIf(!hasShared)(skipName(name), () => {
      const p = paperProgram(name);
      const tests = generateTests(p, { count: 6, seed: 3 });
      const machine = createMachine(p);
      machine.setTests(tests);
      const rng = new Rng(5, name);
      for (const insns of [p.insns, mutate(rng, p.insns), mutate(rng, p.insns)])
        machine.runAll(insns).forEach((fast, i) => {
          expect(fast).toEqual(runReference(p, insns, tests[i]!));
        });
    });
});

/** What somebody outside can see of an outcome. */
function visible(o: Outcome, bits: number): unknown {
  const bytes = (b: Uint8Array): string => Buffer.from(b).toString('hex');
  return {
    fault: o.status,
    r0: BigInt.asUintN(bits, o.r0),
    packet: bytes(o.packet),
    maps: o.maps.map((m) => m.map((e) => `${bytes(e.key)}=${bytes(e.value)}`).sort()),
    calls: o.calls.map((c) => [c.helper, ...c.args, ...c.bytes.map(bytes)]),
  };
}

describe('evaluate', () => {
  it('gives 0 exactly when every visible output is as expected', () => {
    let equal = 0;
    let different = 0;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const rng = new Rng(seed, 'evaluate');
        const p = randomProgram(rng, 25);
        const tests = [randomTest(rng), randomTest(rng)];
        const machine = createMachine(p);
        machine.setTests(tests);
        const faulty = machine.setSource(p.insns);
        const wanted = machine.runAll(p.insns);
        for (let k = 0; k < 6; k++) {
          const candidate = mutate(rng, p.insns);
          const got = machine.runAll(candidate);
          const same = got.filter(
            (o, i) => faulty.includes(i) || JSON.stringify(text(o)) === JSON.stringify(text(wanted[i]!)),
          );
          machine.setCandidate(candidate);
          const { error, failed } = machine.evaluate();
          expect({ failed, zero: error === 0 }).toEqual({
            failed: tests.length - same.length,
            zero: same.length === tests.length,
          });
          if (error === 0) equal++;
          else different++;
        }
      }),
      { numRuns: 120, seed: 13 },
    );
    expect(Math.min(equal, different)).toBeGreaterThan(50);
  });
});

const text = (o: Outcome): unknown =>
  JSON.parse(JSON.stringify(visible(o, 32), (_, v) => (typeof v === 'bigint' ? v.toString() : v)));

describe('runs leave no trace', () => {
  /**
   * Evaluates all candidates with the given limit and order on one machine; the results with no limit in the
   * end.
   */
  it('full and early-exit runs, in any order, walk the same trajectory', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const rng = new Rng(seed, 'trajectory');
        const p = randomProgram(rng, 30);
        const tests: TestCase[] = Array.from({ length: 5 }, () => randomTest(rng));
        const candidates = Array.from({ length: 12 }, () => mutate(rng, p.insns));
        const fresh = candidates.map((c) => {
          const machine = createMachine(p);
          machine.setTests(tests);
          machine.setSource(p.insns);
          machine.setCandidate(c);
          return machine.evaluate();
        });
        const machine = createMachine(p);
        machine.setTests(tests);
        machine.setSource(p.insns);
        for (let k = 0; k < 40; k++) {
          const at = rng.below(candidates.length);
          machine.setCandidate(candidates[at]!);
          const limit = rng.pick([0, 1, 50, 3000, Number.POSITIVE_INFINITY]);
          const result = machine.evaluate(limit);
          const { error } = fresh[at]!;
          expect(result.stopped).toBe(error > limit);
          if (!result.stopped) expect(result).toEqual(fresh[at]);
          else expect(result.error).toBeGreaterThan(limit);
          if (rng.chance(0.2)) machine.run(candidates[rng.below(candidates.length)]!, 0);
        }
      }),
      { numRuns: 25, seed: 17 },
    );
  });
});
