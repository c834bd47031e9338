import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Normalizer, TermEvaluator } from '../../src/solver/index.ts';
import { assign, newBuilder, plant, steps, values } from './arbitrary.ts';

describe('normal forms', () => {
  it('keep the value of every random term', () => {
    fc.assert(
      fc.property(steps, fc.array(values, { minLength: 4, maxLength: 4 }), (recipe, inputs) => {
        const b = newBuilder();
        const n = new Normalizer(b);
        const made = plant(b, recipe);
        const normal = made.map((t) => n.normalize(t));
        const e = new TermEvaluator(b.store, [...made, ...normal]);
        for (const v of inputs) {
          e.run(assign(v));
          made.forEach((t, i) => {
            expect(b.store.width(normal[i]!)).toBe(b.store.width(t));
            expect(e.value(normal[i]!)).toBe(e.value(t));
          });
        }
      }),
      { numRuns: Number(process.env.K2_RUNS ?? 2000) },
    );
  });

  it('are stable: the normal form of a normal form is a normal form of the same value', () => {
    fc.assert(
      fc.property(steps, values, (recipe, v) => {
        const b = newBuilder();
        const n = new Normalizer(b);
        const t = n.normalize(plant(b, recipe).at(-1)!);
        const again = new Normalizer(b).normalize(t);
        const e = new TermEvaluator(b.store, [t, again]);
        e.run(assign(v));
        expect(e.value(again)).toBe(e.value(t));
      }),
      { numRuns: 500 },
    );
  });
});
