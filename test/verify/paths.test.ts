/** Programs that share code which the other has several times: proven path by path, and no mistake in it is missed. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Program } from '../../src/program/program.ts';
import { createSolver, type Solver } from '../../src/solver/index.ts';
import { ALL_ACCELERATIONS } from '../../src/verify/accelerations.ts';
import { provePaths } from '../../src/verify/paths.ts';
import { addEntryFacts, entryContext } from '../../src/verify/program.ts';
import { Session } from '../../src/verify/session.ts';
import { text } from '../analysis/programs.ts';

let solver: Solver;
beforeAll(async () => {
  solver = await createSolver();
});

function prove(a: string, b: string): string | undefined {
  const [p, q] = [text(a), text(b)];
  const side = (x: Program) => ({ insns: x.insns, program: x });
  const session = new Session(entryContext(p), p.insns, { program: p });
  addEntryFacts(session);
  return provePaths(session, side(p), side(q), {
    solver,
    rlimit: 1_000_000,
    accelerations: ALL_ACCELERATIONS,
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
