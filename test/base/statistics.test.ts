import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bootstrapInterval,
  compareSamples,
  mannWhitney,
  median,
  stepOfBest,
  timeToBest,
} from '../../src/base/statistics.ts';

const sample = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 6 });

describe('mannWhitney', () => {
  it('gives the published exact probabilities', () => {
    // Critical values of U for two-sided 5 %: n = m = 4: U = 0 (p = 2/70); n = m = 5: U = 2 (p = 8/252).
    expect(mannWhitney([1, 2, 3, 4], [5, 6, 7, 8])).toEqual({ u: 0, p: 2 / 70, a12: 0 });
    expect(mannWhitney([1, 2, 3, 4, 7], [5, 6, 8, 9, 10]).u).toBe(2);
    expect(mannWhitney([1, 2, 3, 4, 7], [5, 6, 8, 9, 10]).p).toBeCloseTo(8 / 252, 12);
  });

  it('agrees with counting pairs and all permutations, ties or not', () => {
    const pairs = (a: readonly number[], b: readonly number[]): number =>
      a.flatMap((x) => b.map((y) => (x > y ? 1 : x === y ? 0.5 : 0) as number)).reduce((s, x) => s + x, 0);
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const all = [...a, ...b];
        const centre = (a.length * b.length) / 2;
        const observed = Math.abs(pairs(a, b) - centre);
        let [far, count] = [0, 0];
        for (let mask = 0; mask < 1 << all.length; mask++) {
          const left = all.filter((_, i) => (mask >> i) & 1);
          if (left.length !== a.length) continue;
          count++;
          const right = all.filter((_, i) => !((mask >> i) & 1));
          if (Math.abs(pairs(left, right) - centre) >= observed - 1e-9) far++;
        }
        const test = mannWhitney(a, b);
        expect(test.u).toBe(pairs(a, b));
        expect(test.a12).toBeCloseTo(pairs(a, b) / (a.length * b.length), 12);
        expect(test.p).toBeCloseTo(far / count, 9);
      }),
      { numRuns: 60 },
    );
  });

  it('nearly joins its normal limit where it takes over', () => {
    const a = Array.from({ length: 30 }, (_, i) => i);
    const b = a.map((x) => x + 6.5);
    const exact = mannWhitney(a, b).p;
    const limit = mannWhitney([...a, 14.25], b).p;
    expect(Math.abs(exact - limit)).toBeLessThan(0.03);
  });
});

describe('bootstrapInterval', () => {
  it('contains the median, is seeded, and narrows with more values', () => {
    const few = [3, 9, 4, 8, 5, 7];
    const many = Array.from({ length: 40 }, () => few).flat();
    const i = bootstrapInterval(few);
    expect(i.low).toBeLessThanOrEqual(median(few));
    expect(i.high).toBeGreaterThanOrEqual(median(few));
    expect(bootstrapInterval(few)).toEqual(i);
    const j = bootstrapInterval(many);
    expect(j.high - j.low).toBeLessThan(i.high - i.low);
  });

  it('covers the true median about as often as it says', () => {
    // 200 samples of 15 from a fixed linear congruence; 95 % intervals.
    let state = 1;
    const next = (): number => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
    let covered = 0;
    for (let n = 0; n < 200; n++) {
      const i = bootstrapInterval(Array.from({ length: 15 }, next), median, { resamples: 300, seed: n });
      if (i.low <= 0.5 && 0.5 <= i.high) covered++;
    }
    expect(covered / 200).toBeGreaterThan(0.88);
    expect(covered / 200).toBeLessThan(0.995);
  });
});

describe('judge', () => {
  it('takes one slot as a regression where numbers are exact', () => {
    expect(compareSamples([16], [17], { exact: true })).toMatchObject({ judgement: 'worse', change: 1 });
    expect(compareSamples([16, 16, 16], [16, 16, 15], { exact: true }).judgement).toBe('better');
    expect(compareSamples([16], [16], { exact: true })).toMatchObject({ judgement: 'same', percent: 0 });
    expect(compareSamples([16, 17, 18], [18, 17, 16], { exact: true }).judgement).toBe('unsure');
  });

  it('is unsure of noise, and sure of what stands out of it', () => {
    expect(compareSamples([100], [90]).judgement).toBe('unsure');
    const base = [100, 101, 99, 102, 98, 100.5];
    expect(compareSamples(base, [100.2, 99.5, 101.5, 98.5, 102, 100]).judgement).toBe('unsure');
    expect(
      compareSamples(
        base,
        base.map((x) => x * 0.9),
      ),
    ).toMatchObject({ judgement: 'better', a12: 0 });
    expect(
      compareSamples(
        base,
        base.map((x) => x * 1.1),
      ),
    ).toMatchObject({ judgement: 'worse', a12: 1 });
  });

  it('rarely finds a difference where there is none', () => {
    let state = 7;
    const next = (): number => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
    const draw = (): number[] => Array.from({ length: 8 }, next);
    const wrong = Array.from({ length: 60 }, () => compareSamples(draw(), draw())).filter(
      (j) => j.judgement !== 'unsure',
    );
    expect(wrong.length).toBeLessThanOrEqual(7);
  });
});

describe('timeToBest', () => {
  it('follows the median of step functions', () => {
    const a = [
      [0, 10],
      [5, 8],
    ] as const;
    const b = [
      [0, 10],
      [7, 6],
    ] as const;
    const c = [[0, 10]] as const;
    expect(timeToBest([a, b, c]).map(({ step, median }) => [step, median])).toEqual([
      [0, 10],
      [5, 10],
      [7, 8],
    ]);
    expect(stepOfBest(b)).toBe(7);
  });
});
