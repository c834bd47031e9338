/**
 * Programs that share code which the other has several times: proven path by path, and no mistake in it is
 * missed.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Program } from '../../../src/program/program.ts';
import { createSolver, evaluate, Normalizer, type Solver, type Term } from '../../../src/solver/index.ts';
import { addPacketFacts, entryContext } from '../../../src/verify/program.ts';
import { ALL_ACCELERATIONS } from '../../../src/verify/proof/accelerations.ts';
import { provePaths } from '../../../src/verify/proof/path-by-path.ts';
import { Session } from '../../../src/verify/proof/session.ts';
import { Choices } from '../../../src/verify/symbolic/choices.ts';
import { text } from '../../analysis/programs.ts';
import { assign, newBuilder, plant, steps, values } from '../../solver/arbitrary.ts';

let solver: Solver;
beforeAll(async () => {
  solver = await createSolver();
});

function prove(a: string, b: string): string | undefined {
  const [p, q] = [text(a), text(b)];
  const side = (x: Program) => ({ insns: x.insns, program: x });
  const session = new Session(entryContext(p), p.insns, { program: p });
  addPacketFacts(session);
  return provePaths(session, side(p), side(q), {
    solver,
    rlimit: 1_000_000,
    accelerations: ALL_ACCELERATIONS,
    memoryModel: 'strict',
  });
}

const lookup = (map: string, key: string): string => `
  *(u32 *)(r10 -4) = ${key}
  r2 = r10
  r2 += -4
  r1 = map[${map}]
  call bpf_map_lookup_elem
`;

/** [what, source, candidate, how the right one is proven, wrong changes of the candidate] */
const CASES: readonly [string, string, string, string, readonly [string, string][]][] = [
  [
    'a load behind either of two lookups',
    `r6 = *(u32 *)(r1 + 12)
     if r6 == 7 goto second
     ${lookup('hash', '1')}
     if r0 == 0 goto none
     r7 = *(u32 *)(r0 + 4)
     goto both
     second:
     ${lookup('hash', '2')}
     if r0 == 0 goto none
     r7 = *(u32 *)(r0 + 4)
     both:
     r0 = r7
     exit
     none:
     r0 = 0
     exit`,
    `r6 = *(u32 *)(r1 + 12)
     if r6 == 7 goto second
     ${lookup('hash', '1')}
     goto both
     second:
     ${lookup('hash', '2')}
     both:
     if r0 == 0 goto none
     r0 = *(u32 *)(r0 + 4)
     exit
     none:
     r0 = 0
     exit`,
    'normal-form',
    [
      ['r0 + 4', 'r0 + 8'],
      ['r0 = *(u32', 'r0 = *(u64'],
      ['r6 == 7', 'r6 == 8'],
      ['-4) = 2', '-4) = 1'],
      ['goto none\n     r0 =', 'goto none\n     r5 = *(u32 *)(r0 + 8)\n     r0 ='],
    ],
  ],
  [
    'a call that changes a map, under other keys',
    `*(u64 *)(r10 -16) = 5
     r6 = *(u32 *)(r1 + 12)
     if r6 > 9 goto second
     *(u32 *)(r10 -4) = 1
     r1 = map[hash]
     r2 = r10
     r2 += -4
     call bpf_map_delete_elem
     r0 = 1
     exit
     second:
     *(u32 *)(r10 -4) = 2
     r1 = map[hash]
     r2 = r10
     r2 += -4
     call bpf_map_delete_elem
     r0 = 2
     exit`,
    `r6 = *(u32 *)(r1 + 12)
     r7 = 1
     if r6 <= 9 goto both
     r7 = 2
     both:
     *(u32 *)(r10 -4) = r7
     r1 = map[hash]
     r2 = r10
     r2 += -4
     call bpf_map_delete_elem
     r0 = r7
     exit`,
    'normal-form',
    [
      ['r6 <= 9', 'r6 < 9'],
      ['r7 = 2', 'r7 = 3'],
      ['r0 = r7', 'r0 = 1'],
      ['     call bpf_map_delete_elem\n', ''],
      [
        '     both:\n',
        '     r1 = map[hash]\n     r2 = r10\n     r2 += -4\n     call bpf_map_delete_elem\n     both:\n',
      ],
    ],
  ],
  [
    'an atomic addition, and a store that only one path makes',
    `r6 = *(u32 *)(r1 + 12)
     ${lookup('array', '1')}
     if r6 == 3 goto other
     r1 = 1
     lock *(u64 *)(r0 + 0) += r1
     *(u32 *)(r0 + 8) = 4
     r0 = 1
     exit
     other:
     r1 = 1
     lock *(u64 *)(r0 + 0) += r1
     r0 = 1
     exit`,
    `r6 = *(u32 *)(r1 + 12)
     ${lookup('array', '1')}
     r1 = 1
     lock *(u64 *)(r0 + 0) += r1
     if r6 == 3 goto done
     *(u32 *)(r0 + 8) = 4
     done:
     r0 = 1
     exit`,
    'normal-form',
    [
      ['     if r6 == 3 goto done\n', ''],
      ['     lock *(u64 *)(r0 + 0) += r1\n', ''],
      ['lock *(u64 *)(r0 + 0) += r1', 'r2 = *(u64 *)(r0 + 0)\n     r2 += 1\n     *(u64 *)(r0 + 0) = r2'],
      ['if r6 == 3', 'if r6 != 3'],
      ['r0 + 8', 'r0 + 12'],
    ],
  ],
  [
    'two tests for one: the other paths are impossible',
    `r6 = *(u32 *)(r1 + 12)
     r0 = 1
     if r6 > 20 goto done
     r0 = 2
     if r6 > 10 goto done
     r0 = 3
     done:
     exit`,
    `r6 = *(u32 *)(r1 + 12)
     r0 = 3
     if r6 <= 10 goto done
     r0 = 2
     if r6 < 21 goto done
     r0 = 1
     done:
     exit`,
    'solver',
    [
      ['r6 < 21', 'r6 < 20'],
      ['r6 <= 10', 'r6 < 10'],
      ['r0 = 3', 'r0 = 2'],
    ],
  ],
];

describe('what holds on a path', () => {
  it('simplifies terms to what they equal there', () => {
    let changed = 0;
    fc.assert(
      fc.property(steps, values, (recipe, list) => {
        const b = newBuilder();
        const n = new Normalizer(b);
        const made = plant(b, recipe);
        const input = assign(list);
        const value = (t: Term): bigint => evaluate(b.store, t, input);
        const truths = made.filter((t) => b.store.width(t) === 1);
        const equal = made.slice(0, 3).map((t) => b.eq(t, b.const(value(t), b.store.width(t))));
        const holds = [...truths, ...equal].map((t) => n.normalize(value(t) === 1n ? t : b.not(t)));
        const choices = new Choices(n, holds, [], () => 0);
        for (const t of made) {
          const simple = choices.simplified(t);
          if (simple !== n.normalize(t)) changed++;
          expect(value(simple)).toBe(value(t));
        }
        for (const t of truths) expect(choices.choose(n.normalize(t))).toBe(value(t) === 1n);
      }),
      { numRuns: 300, seed: 9 },
    );
    expect(changed).toBeGreaterThan(300);
  });

  it('gives every path once, and none of those left out', () => {
    const b = newBuilder();
    const n = new Normalizer(b);
    const bits = [1, 2, 3].map((k) => n.normalize(b.extract(b.store.var('x', 64), k, 1)));
    const seen: string[] = [];
    for (let script: readonly boolean[] | undefined = []; script !== undefined; ) {
      const choices: Choices = new Choices(n, [], script, () => 0);
      const path = bits.map((t) => Number(choices.choose(t))).join('');
      // What is known is not chosen again.
      expect(bits.map((t) => Number(choices.choose(t))).join('')).toBe(path);
      seen.push(path);
      script = choices.next(path.startsWith('01') ? 2 : undefined);
    }
    expect(seen).toEqual(['111', '110', '101', '100', '011', '001', '000']);
  });
});

describe('path by path', () => {
  for (const [what, source, candidate, how, wrong] of CASES) {
    it(`${what}: proven`, () => {
      expect(prove(source, candidate)).toBe(how);
      expect(prove(source, source)).toBe('normal-form');
    });
    it(`${what}: no mistake is`, () => {
      for (const [from, to] of wrong) {
        expect(candidate).toContain(from);
        expect(prove(source, candidate.replace(from, to)), `${from} -> ${to}`).toBeUndefined();
      }
    });
  }
});
