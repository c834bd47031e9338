/**
 * The memory models: rewrites of accesses to memory that others see, and what either model says of them. Each
 * is asked as a whole program and as the one window that differs.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MEMORY_MODELS, type MemoryModel } from '../../src/program/contracts/shared-memory.ts';
import type { MapDef, Program } from '../../src/program/program.ts';
import { MapFlag, MapTypeId } from '../../src/program/tables/maps.ts';
import { createWindowVerifier, type WindowVerifier } from '../../src/verify/index.ts';
import { MAPS, programOf, text } from '../analysis/programs.ts';

const verifiers = {} as Record<MemoryModel, WindowVerifier>;
beforeAll(async () => {
  // No tests of its own: the proof alone must tell.
  for (const memoryModel of MEMORY_MODELS)
    verifiers[memoryModel] = await createWindowVerifier({ memoryModel, tests: 0 });
});
afterAll(() => {
  for (const v of Object.values(verifiers)) v.close();
});

const map = (name: string, type: number, more: Partial<MapDef> = {}): MapDef => ({
  ...{ name, type, keySize: 4, valueSize: 32, maxEntries: 4, flags: 0, ...more },
});
const TRIE = map('trie', MapTypeId.LPM_TRIE, { keySize: 8, flags: MapFlag.NO_PREALLOC });
const OURS: readonly MapDef[] = [
  map('array', MapTypeId.ARRAY),
  map('hash', MapTypeId.HASH),
  TRIE,
  map('.rodata', MapTypeId.ARRAY, { maxEntries: 1, flags: MapFlag.RDONLY_PROG, initial: new Uint8Array(32) }),
  map('.data', MapTypeId.ARRAY, { maxEntries: 1, initial: new Uint8Array(32) }),
  map('settable', MapTypeId.ARRAY, { flags: MapFlag.RDONLY_PROG }),
  { ...MAPS[2]!, name: 'outer' },
];

const index = (name: string): number => OURS.findIndex((m) => m.name === name);
const lookup = (name: string, key = 1): string => `
  *(u32 *)(r10 - 8) = ${key}
  *(u32 *)(r10 - 4) = ${key}
  r2 = r10
  r2 += -8
  r1 = map[id:${index(name)}]
  call bpf_map_lookup_elem
`;
/** Values in r6 (array), r7 (hash) and r9 (trie); r8 holds the context. */
const BEFORE = `r8 = r1\n${lookup('array')}r6 = r0\n${lookup('hash')}r7 = r0\n${lookup('trie')}r9 = r0
  r0 = 0\nif r6 == 0 goto out\nif r7 == 0 goto out\nif r9 == 0 goto out\n`;
const AFTER = '\nout:\nr0 &= 0xff\nexit';

const program = (body: string): Program => programOf(text(`${BEFORE}${body}${AFTER}`).insns, 'xdp', OURS);

/** Lines of a body: `x = u32 6+4` loads, `u32 6+4 = x` stores, all else is assembler. */
function lines(body: string): string {
  return body
    .split(';')
    .map((l) => l.trim())
    .map((l) =>
      l
        .replace(
          /\b(u8|u16|u32|u64) (\d)\+(\d+)/,
          (_, size: string, base: string, off: string) => `*(${size} *)(r${base} + ${off})`,
        )
        .replace('lookup hash', lookup('hash').trim())
        .replace('lookup array', lookup('array').trim()),
    )
    .join('\n');
}

type Said = 'equivalent' | 'no';
/** [what, source, candidate, strict, plain]; the paper's model says yes to more. */
const CASES: readonly [string, string, string, Said, Said][] = [
  [
    'stores to two places change order',
    'u32 6+0 = 1; u32 6+8 = 2',
    'u32 6+8 = 2; u32 6+0 = 1',
    'no',
    'equivalent',
  ],
  [
    'stores to two maps change order',
    'u32 6+0 = 1; u32 7+8 = 2',
    'u32 7+8 = 2; u32 6+0 = 1',
    'no',
    'equivalent',
  ],
  [
    'loads change order',
    'r1 = u32 6+0; r0 = u32 6+8; r0 += r1',
    'r0 = u32 6+8; r1 = u32 6+0; r0 += r1',
    'no',
    'equivalent',
  ],
  [
    'a load moves before a store',
    'u32 6+0 = 1; r0 = u32 6+8',
    'r0 = u32 6+8; u32 6+0 = 1',
    'no',
    'equivalent',
  ],
  [
    'a load moves behind a store',
    'r0 = u32 6+8; u32 6+0 = 1',
    'u32 6+0 = 1; r0 = u32 6+8',
    'no',
    'equivalent',
  ],
  [
    'a store that is overwritten is dropped across another',
    'u32 6+0 = 1; u32 6+8 = 2; u32 6+0 = 3',
    'u32 6+8 = 2; u32 6+0 = 3',
    'no',
    'equivalent',
  ],
  [
    'a store that is overwritten at once',
    'u32 6+0 = 1; u32 6+0 = 3',
    'u32 6+0 = 3',
    'equivalent',
    'equivalent',
  ],
  ['neighbouring stores become one', 'u32 6+0 = 1; u32 6+4 = 0', 'u64 6+0 = 1', 'equivalent', 'equivalent'],
  ['in any order of the two', 'u32 6+4 = 0; u32 6+0 = 1', 'u64 6+0 = 1', 'equivalent', 'equivalent'],
  [
    'but not across another',
    'u32 6+0 = 1; u32 6+8 = 7; u32 6+4 = 0',
    'u64 6+0 = 1; u32 6+8 = 7',
    'no',
    'equivalent',
  ],
  [
    'nor across one to another map',
    'u32 6+0 = 1; u32 7+0 = 7; u32 6+4 = 0',
    'u64 6+0 = 1; u32 7+0 = 7',
    'no',
    'equivalent',
  ],
  [
    'nor across a load',
    'u32 6+0 = 1; r0 = u32 6+8; u32 6+4 = 0',
    'u64 6+0 = 1; r0 = u32 6+8',
    'no',
    'equivalent',
  ],
  [
    'four bytes become one word',
    'r1 = u8 6+0; r2 = u8 6+1; r2 <<= 8; r1 |= r2; r0 = r1',
    'r0 = u16 6+0',
    'equivalent',
    'equivalent',
  ],
  ['a wide store that would be torn', 'u32 6+4 = 1; u32 6+8 = 0', 'u64 6+4 = 1', 'no', 'equivalent'],
  [
    'a wide store to a value that follows its key',
    'u32 9+0 = 1; u32 9+4 = 0',
    'u64 9+0 = 1',
    'no',
    'equivalent',
  ],
  ['a store is split', 'u64 6+0 = 1', 'u32 6+0 = 1; u32 6+4 = 0', 'no', 'no'],
  ['a load is split', 'r0 = u16 6+0', 'r0 = u8 6+0; r1 = u8 6+1; r1 <<= 8; r0 |= r1', 'no', 'no'],
  ['a load becomes narrower', 'r0 = u64 6+0; r0 &= 0xff', 'r0 = u8 6+0', 'equivalent', 'equivalent'],
  ['a load that nobody needs goes', 'r1 = u32 6+0', 'r1 = 0', 'no', 'equivalent'],
  ['a load is made twice', 'r0 = u32 6+0', 'r1 = u32 6+0; r0 = u32 6+0', 'no', 'no'],
  [
    'two loads of one place are one',
    'r0 = u32 6+0; r1 = u32 6+0; r0 += r1',
    'r0 = u32 6+0; r0 += r0',
    'equivalent',
    'equivalent',
  ],
  [
    'but not with another between',
    'r0 = u32 6+0; r2 = u32 6+8; r1 = u32 6+0; r0 += r1; r0 += r2',
    'r0 = u32 6+0; r2 = u32 6+8; r0 += r0; r0 += r2',
    'no',
    'equivalent',
  ],
  [
    'what was read before and after is compared (seqlock)',
    'r1 = u32 6+0; r0 = u32 6+8; r2 = u32 6+0; r3 = r0; r0 = 0; if r1 != r2 goto out; r0 = r3',
    'r1 = u32 6+0; r0 = u32 6+8; r2 = u32 6+0',
    'no',
    'equivalent',
  ],
  [
    'the same, seen otherwise',
    'r1 = u32 6+0; r0 = u32 6+8; r2 = u32 6+0; r0 += r1; r0 -= r2',
    'r1 = u32 6+0; r0 = u32 6+8; r2 = u32 6+0',
    'no',
    'equivalent',
  ],
  [
    'what was stored is read back at once',
    'u32 6+0 = 5; r0 = u32 6+0',
    'u32 6+0 = 5; r0 = 5',
    'equivalent',
    'equivalent',
  ],
  [
    'not after another store',
    'u32 6+0 = 5; u32 6+8 = 1; r0 = u32 6+0',
    'u32 6+0 = 5; u32 6+8 = 1; r0 = 5',
    'no',
    'equivalent',
  ],
  [
    'nor when the load stays',
    'u32 6+0 = 5; u32 6+8 = 1; r0 = u32 6+0',
    'u32 6+0 = 5; u32 6+8 = 1; r0 = u32 6+0; r0 = 5',
    'no',
    'equivalent',
  ],
  [
    'a counter becomes atomic',
    'r1 = u64 6+0; r1 += 1; u64 6+0 = r1',
    'r1 = 1; lock *(u64 *)(r6 + 0) += r1',
    'equivalent',
    'equivalent',
  ],
  [
    'two counters become atomic',
    'r1 = u64 6+0; r1 += 1; u64 6+0 = r1; r1 = u64 6+8; r1 += 1; u64 6+8 = r1',
    'r1 = 1; lock *(u64 *)(r6 + 0) += r1; lock *(u64 *)(r6 + 8) += r1',
    'equivalent',
    'equivalent',
  ],
  [
    'not with another access between',
    'r1 = u64 6+0; r2 = u64 6+8; r1 += 1; u64 6+0 = r1; r0 = r2',
    'r2 = u64 6+8; r1 = 1; lock *(u64 *)(r6 + 0) += r1; r0 = r2',
    'no',
    'equivalent',
  ],
  [
    'an atomic is split',
    'r1 = 1; lock *(u64 *)(r6 + 0) += r1',
    'r1 = u64 6+0; r1 += 1; u64 6+0 = r1',
    'no',
    'no',
  ],
  ['a store of what was there', 'r1 = u32 6+0; u32 6+0 = r1; r0 = r1', 'r0 = u32 6+0', 'no', 'equivalent'],
  [
    'a second lookup of a hash after a store',
    'u32 6+0 = 1; r3 = r7; lookup hash; r1 = r0; r0 = 0; if r1 == r7 goto out; r0 = 1',
    'u32 6+0 = 1; r0 = 0',
    'no',
    'equivalent',
  ],
  [
    'a second lookup of an array',
    'u32 6+0 = 1; lookup array; r1 = r0; r0 = 0; if r1 == r6 goto out; r0 = 1',
    'u32 6+0 = 1; r0 = 0',
    'equivalent',
    'equivalent',
  ],
  [
    "stack accesses are the program's own",
    '*(u64 *)(r10 - 16) = 1; u32 6+0 = 1; *(u64 *)(r10 - 16) = 2; r0 = *(u64 *)(r10 - 16)',
    'u32 6+0 = 1; r0 = 2',
    'equivalent',
    'equivalent',
  ],
  [
    'frozen data does not change',
    `r2 = map[id:3][0]+0; r0 = u32 2+0; u32 6+0 = 1; r1 = u32 2+0; r0 -= r1`,
    'u32 6+0 = 1; r0 = 0',
    'equivalent',
    'equivalent',
  ],
  [
    'data that the loader can write does',
    `r2 = map[id:4][0]+0; r0 = u32 2+0; u32 6+0 = 1; r1 = u32 2+0; r0 -= r1`,
    'u32 6+0 = 1; r0 = 0',
    'no',
    'equivalent',
  ],
  [
    'and so does a map that only programs cannot write',
    `r2 = map[id:5][0]+0; r0 = u32 2+0; u32 6+0 = 1; r1 = u32 2+0; r0 -= r1`,
    'u32 6+0 = 1; r0 = 0',
    'no',
    'equivalent',
  ],
  [
    'a branch decides about a store',
    'r1 = u32 6+0; r0 = 0; if r1 != 5 goto out; u32 6+8 = 1; r0 = 1',
    'r1 = u32 6+0; r0 = 0; if r1 != 5 goto out; r0 = 1; u32 6+8 = 1',
    'equivalent',
    'equivalent',
  ],
  [
    'a store is made on the other branch',
    'r1 = u32 6+0; r0 = 0; if r1 != 5 goto out; u32 6+8 = 1',
    'r1 = u32 6+0; r0 = 0; if r1 == 5 goto out; u32 6+8 = 1',
    'no',
    'no',
  ],
];

/** Instructions before and after the body. */
const [BEFORE_LENGTH, AFTER_LENGTH] = [program('').insns.length - 2, 2];

describe('accesses to shared memory', () => {
  for (const [what, source, candidate, strict, plain] of CASES)
    it(what, () => {
      const [a, b] = [program(lines(source)), program(lines(candidate))];
      const end = (p: Program): number => p.insns.length - AFTER_LENGTH;
      const window = { start: BEFORE_LENGTH, end: end(a) };
      const replacement = b.insns.slice(BEFORE_LENGTH, end(b));
      for (const [model, said] of [
        ['strict', strict],
        ['plain', plain],
      ] as const) {
        // A window does not know where the values that it starts with were looked up.
        const verdicts = {
          program: verifiers[model].checkPrograms(a, b),
          ...(what.includes('lookup') ? {} : { window: verifiers[model].check(a, window, replacement) }),
        };
        for (const [which, verdict] of Object.entries(verdicts)) {
          const message = `${model}, ${which}: ${JSON.stringify({ ...verdict, counterexample: undefined })}`;
          if (said === 'equivalent') expect(verdict.kind, message).toBe('equivalent');
          else expect(verdict.kind, message).not.toBe('equivalent');
        }
      }
    });
});
