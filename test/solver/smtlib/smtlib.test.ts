import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  createSolver,
  printScript,
  processSolver,
  readModel,
  type Solver,
  selfTest,
} from '../../../src/solver/index.ts';
import { newBuilder, plant, steps } from '../arbitrary.ts';

const installed = ['z3', 'bitwuzla', 'cvc5'].filter((c) => spawnSync(c, ['--version']).status === 0);

describe('SMT-LIB text', () => {
  it('names shared terms once and states equal bytes at equal addresses', () => {
    const b = newBuilder();
    const [x, y] = [b.store.var('x', 64), b.store.var('y', 64)];
    const q = b.not(b.eq(b.store.read('m', x), b.store.read('m', y)));
    const { text, wanted } = printScript(b.store, [q]);
    expect(text).toContain('(set-logic QF_BV)');
    expect(text).toContain(
      `(assert (=> (= t${x} t${y}) (= t${b.store.read('m', x)} t${b.store.read('m', y)})))`,
    );
    expect(wanted).toHaveLength(4);
  });

  it('reads every way of printing a value', () => {
    const b = newBuilder();
    const vars = [b.store.var('h', 16), b.store.var('b', 4), b.store.var('d', 64), b.store.var('t', 1)];
    const answer = `((t${vars[0]} #x00ff)\n (t${vars[1]} #b0101) (t${vars[2]} (_ bv12 64)) (t${vars[3]} true))`;
    const m = readModel(b.store, vars, answer);
    expect([...m.variables]).toEqual([
      ['h', 255n],
      ['b', 5n],
      ['d', 12n],
      ['t', 1n],
    ]);
    expect(() => readModel(b.store, vars, '(error "no model")')).toThrow(/no value/);
  });
});

describe('solver processes', () => {
  it('say why they cannot be used', () => {
    expect(processSolver('/nonexistent/z3')).toMatchObject({ ok: false });
    expect(processSolver('cat')).toMatchObject({ ok: false });
  });

  describe.skipIf(installed.length === 0)(
    `installed binaries (${installed.join(', ') || 'none installed'})`,
    () => {
      let embedded: Solver;
      beforeAll(async () => {
        embedded = await createSolver();
      });
      for (const command of installed)
        it(`${command} passes the self-test and agrees with the embedded solver`, () => {
          const p = processSolver(command);
          expect(p.ok, p.ok ? '' : p.reason).toBe(true);
          if (!p.ok) return;
          expect(selfTest(p.solver)).toBeUndefined();
          fc.assert(
            fc.property(steps, fc.bigInt(0n, 0xffn), (recipe, c) => {
              const b = newBuilder();
              const t = plant(b, recipe).at(-1)!;
              const q = b.eq(t, b.const(c, b.store.width(t)));
              const [x, y] = [p.solver, embedded].map(
                (s) => s.check(b.store, [q], { rlimit: 300_000 }).result,
              );
              if (x !== 'unknown' && y !== 'unknown') expect(x).toBe(y);
            }),
            { numRuns: 15, seed: 3 },
          );
        });
    },
  );
});
