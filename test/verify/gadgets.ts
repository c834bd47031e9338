/**
 * Planted wrong rewrites whose source a real program seldom has: a piece of code is put before an exit of a
 * real program, so that the program around it is part of the proof, and the wrong version differs from the
 * right one in that piece. The kinds are the errors that were seen in other optimizers (wrong constants for
 * pointer halves, two lookups taken for one address, ...). Whether a pair really differs is found out by
 * running it.
 */

import type { Rng } from '../../src/base/random.ts';
import { assemble } from '../../src/isa/asm/asm.ts';
import { specOf } from '../../src/isa/semantics.ts';
import { replaceRange } from '../../src/program/edit.ts';
import type { Program } from '../../src/program/program.ts';
import { MapTypeId } from '../../src/program/tables/maps.ts';

/** Lines of the right and of the wrong version; undefined when the program has no map that it needs. */
type Gadget = (rng: Rng, p: Program) => { right: string[]; wrong: string[] } | undefined;

/** Free at an exit: r1 to r9. Stack bytes that hardly any program uses. */
const SLOT = -480;

const CONSTANTS = [1, 2, 7, 8, 63, 255, 256, 0x7fff, 0x8000, 0xffff, 0x7fffffff, -1, -2, -128, -0x80000000];

/** r6: 64 bits that nobody knows. */
const UNKNOWN64 = ['r9 = r0', 'call 7', 'r6 = r0', 'call 7', 'r6 <<= 32', 'r6 |= r0', 'r0 = r9'];

function pickMap(rng: Rng, p: Program, types: readonly number[]): number | undefined {
  const fit = p.maps.flatMap((m, i) =>
    types.includes(m.type) && m.keySize <= 8 && m.keySize >= 4 && m.valueSize >= 8 && m.maxEntries >= 2
      ? [i]
      : [],
  );
  return fit.length === 0 ? undefined : rng.pick(fit);
}

const ARRAYS = [MapTypeId.ARRAY];
const PLAIN = [MapTypeId.ARRAY, MapTypeId.HASH];

function lookup(map: number, key: number, p: Program): string[] {
  const wide = p.maps[map]!.keySize === 8 ? 'u64' : 'u32';
  return [`*(${wide} *)(r10 ${SLOT}) = ${key}`, 'r2 = r10', `r2 += ${SLOT}`, `r1 = map[id:${map}]`, 'call 1'];
}

/** `body` with `line` for each `?`. */
function two(
  body: readonly string[],
  right: string | string[],
  wrong: string | string[],
): { right: string[]; wrong: string[] } {
  const put = (by: string | string[]): string[] => body.flatMap((l) => (l === '?' ? by : [l]));
  return { right: put(right), wrong: put(wrong) };
}

const COMPARES = ['==', '!=', '>', '>=', '<', '<=', 's>', 's>=', 's<', 's<=', '&'];

/** Two lookups of one map under different keys: r7 and r8. */
function twoLookups(rng: Rng, p: Program): string[] | undefined {
  const map = pickMap(rng, p, PLAIN);
  if (map === undefined) return undefined;
  const k = rng.below(p.maps[map]!.maxEntries - 1);
  return [
    'r9 = r0',
    ...lookup(map, k, p),
    'r7 = r0',
    ...lookup(map, k + 1, p),
    'r8 = r0',
    'r0 = r9',
    'if r7 == 0 goto done',
    'if r8 == 0 goto done',
    '?',
    'r1 = *(u64 *)(r7 + 0)',
    'r0 ^= r1',
    'done:',
  ];
}

export const GADGETS: Readonly<Record<string, Gadget>> = {
  'half of a stored pointer taken for a constant': (rng) => {
    const size = rng.pick([1, 2, 4]);
    const at = SLOT + size * rng.below(8 / size);
    return two(
      [`*(u64 *)(r10 ${SLOT}) = r10`, '?', 'r0 ^= r1'],
      `r1 = *(u${8 * size} *)(r10 ${at})`,
      `r1 = ${rng.pick([0, 0, 255, -1])}`,
    );
  },
  'offset of a stored stack pointer taken for its lower half': () =>
    two(
      ['r1 = r10', 'r1 += -16', `*(u64 *)(r10 ${SLOT}) = r1`, '?', 'r0 ^= r1'],
      `r1 = *(u32 *)(r10 ${SLOT})`,
      'r1 = -16',
    ),
  'store under another key deleted': (rng, p) => {
    const body = twoLookups(rng, p);
    const [c, d] = [rng.pick(CONSTANTS), rng.u32() >>> 8];
    return (
      body && two(body, [`*(u64 *)(r7 + 0) = ${c}`, `*(u64 *)(r8 + 0) = ${d}`], `*(u64 *)(r8 + 0) = ${d}`)
    );
  },
  'value under another key forwarded': (rng, p) => {
    const body = twoLookups(rng, p);
    const d = rng.u32() >>> 8;
    return (
      body &&
      two(
        [...body.slice(0, -3), 'r0 ^= r1', 'done:'],
        [`*(u64 *)(r8 + 0) = ${d}`, 'r1 = *(u64 *)(r7 + 0)'],
        [`*(u64 *)(r8 + 0) = ${d}`, `r1 = ${d}`],
      )
    );
  },
  'second lookup taken for the first': (rng, p) => {
    const body = twoLookups(rng, p);
    const d = rng.u32() >>> 8;
    return body && two(body, `*(u64 *)(r8 + 0) = ${d}`, `*(u64 *)(r7 + 0) = ${d}`);
  },
  'atomic addition lost': (rng, p) => {
    const body = twoLookups(rng, p);
    return body && two(['r5 = 3', ...body], 'lock *(u64 *)(r7 + 0) += r8', []);
  },
  'atomic addition of half a counter': (rng, p) => {
    const body = twoLookups(rng, p);
    return (
      body &&
      two(
        body,
        ['r5 = -1', 'lock *(u64 *)(r7 + 0) += r5', 'r5 = *(u64 *)(r7 + 0)', 'r5 >>= 32', 'r0 ^= r5'],
        ['r5 = -1', 'lock *(u32 *)(r7 + 0) += r5', 'r5 = *(u64 *)(r7 + 0)', 'r5 >>= 32', 'r0 ^= r5'],
      )
    );
  },
  'key out of range taken for one that is found': (rng, p) => {
    const map = pickMap(rng, p, ARRAYS);
    if (map === undefined) return undefined;
    const key = p.maps[map]!.maxEntries + rng.below(3);
    return two(
      ['r9 = r0', ...lookup(map, key, p), 'r1 = r0', 'r0 = r9', '?', 'r0 ^= 1', 'over:'],
      'if r1 == 0 goto over',
      [],
    );
  },
  'bytes that a helper reads deleted': (rng, p) => {
    const map = pickMap(rng, p, PLAIN);
    if (map === undefined || p.maps[map]!.valueSize > 64) return undefined;
    const { keySize, valueSize, maxEntries } = p.maps[map]!;
    const at = SLOT - 8 * Math.ceil(valueSize / 8) + 8 * rng.below(valueSize >> 3);
    const zero = Array.from(
      { length: Math.ceil(valueSize / 8) },
      (_, k) => `*(u64 *)(r10 ${SLOT - 8 - 8 * k}) = 0`,
    );
    return two(
      [
        'r9 = r0',
        ...zero,
        `*(${keySize === 8 ? 'u64' : 'u32'} *)(r10 ${SLOT}) = ${rng.below(maxEntries)}`,
        ...UNKNOWN64.slice(1, -1),
        '?',
        'r2 = r10',
        `r2 += ${SLOT}`,
        'r3 = r10',
        `r3 += ${SLOT - 8 * Math.ceil(valueSize / 8)}`,
        'r4 = 0',
        `r1 = map[id:${map}]`,
        'call 2',
        'r0 = r9',
      ],
      `*(u64 *)(r10 ${at}) = r6`,
      [],
    );
  },
  'overlapping stores to a key in another order': (rng, p) => {
    const map = pickMap(rng, p, PLAIN);
    if (map === undefined || p.maps[map]!.valueSize > 8) return undefined;
    const wide = p.maps[map]!.keySize === 8 ? 'u64' : 'u32';
    const stores = [`*(${wide} *)(r2 + 0) = 0`, `*(u8 *)(r3 + 0) = 1`];
    return two(
      [
        'r9 = r0',
        'r2 = r10',
        `r2 += ${SLOT}`,
        'r3 = r2',
        '?',
        'r3 = r10',
        `r3 += ${SLOT - 8}`,
        `*(u64 *)(r10 ${SLOT - 8}) = 77`,
        'r4 = 0',
        `r1 = map[id:${map}]`,
        'call 2',
        'r0 = r9',
      ],
      stores,
      stores.toReversed(),
    );
  },
  'store of a sign-extended constant for a zero-extended one': (rng) => {
    const c = -1 - rng.below(0x7fff_ffff);
    return two(
      ['?', `r1 = *(u32 *)(r10 ${SLOT + 4})`, 'r0 ^= r1'],
      [`w2 = ${c}`, `*(u64 *)(r10 ${SLOT}) = r2`],
      `*(u64 *)(r10 ${SLOT}) = ${c}`,
    );
  },
  'mask taken for a 32-bit copy': (rng) =>
    two([...UNKNOWN64, '?', 'r0 ^= r6'], `r6 &= ${rng.pick(CONSTANTS.filter((c) => c > 0))}`, 'w6 = w6'),
  'mask of low bits by a shift that is too small': (rng) => {
    const zeros = 2 + rng.below(20);
    return two(
      [...UNKNOWN64, '?', 'r0 ^= r6'],
      [`r6 >>= ${zeros}`, `r6 <<= ${zeros}`],
      [`r6 >>= ${zeros - 1}`, `r6 <<= ${zeros - 1}`],
    );
  },
  'upper half of a result lost where it is read': (rng) => {
    const shift = 1 + rng.below(31);
    const op = rng.pick(['+=', '*=', '-=', '^=', '|=']);
    const c = rng.pick(CONSTANTS);
    return two(
      [...UNKNOWN64, '?', `r6 >>= ${33 + (shift % 20)}`, 'r0 ^= r6'],
      `r6 ${op} ${c}`,
      `w6 ${op} ${c}`,
    );
  },
  'comparison taken for another one': (rng) => {
    const [right, wrong] = [rng.pick(COMPARES), rng.pick(COMPARES)];
    const reg = rng.pick(['r6', 'w6']);
    const by = rng.chance(0.5) ? `${rng.pick(CONSTANTS)}` : reg.replace('6', '7');
    return two(
      [...UNKNOWN64, `r7 = ${rng.pick(CONSTANTS)}`, '?', 'r0 ^= 1', 'over:'],
      `if ${reg} ${right} ${by} goto over`,
      `if ${reg} ${wrong} ${by} goto over`,
    );
  },
  'comparison of the wrong half': (rng) => {
    const how = rng.pick(COMPARES);
    const c = rng.pick(CONSTANTS);
    return two(
      [...UNKNOWN64, '?', 'r0 ^= 1', 'over:'],
      `if r6 ${how} ${c} goto over`,
      `if w6 ${how} ${c} goto over`,
    );
  },
  'copy before a comparison deleted': (rng) => {
    const how = rng.pick(COMPARES);
    const c = rng.pick(CONSTANTS);
    return two(
      [...UNKNOWN64, 'r7 = r6', 'r7 >>= 7', '?', `if r7 ${how} ${c} goto over`, 'r0 ^= 1', 'over:'],
      'r7 = r6',
      [],
    );
  },
  'sign of a widened byte': (rng) => {
    const size = rng.pick([8, 16, 32]);
    return two(
      [...UNKNOWN64, '?', 'r6 >>= 32', 'r0 ^= r6'],
      [`r6 <<= ${64 - size}`, `r6 s>>= ${64 - size}`],
      [`r6 <<= ${64 - size}`, `r6 >>= ${64 - size}`],
    );
  },
  'division by zero taken for something else': (rng) => {
    const op = rng.pick(['/=', '%=']);
    return two([...UNKNOWN64, 'r7 = 0', '?', 'r0 ^= r6'], `r6 ${op} r7`, op === '/=' ? [] : 'r6 = 0');
  },
};

/** The program with the right and with the wrong piece before one of its exits. */
export function plantGadget(
  p: Program,
  gadget: Gadget,
  rng: Rng,
): { right: Program; wrong: Program } | undefined {
  const end = p.functions[0]?.end ?? p.insns.length;
  const exits = p.insns.flatMap((i, n) => (n < end && specOf(i)?.kind === 'exit' ? [n] : []));
  const piece = exits.length === 0 ? undefined : gadget(rng, p);
  if (piece === undefined) return undefined;
  const at = rng.pick(exits);
  // A jump to the exit goes to the piece: the exit is replaced together with it.
  const put = (lines: readonly string[]): Program =>
    replaceRange(p, at, at + 1, assemble([...lines, 'exit'].join('\n')));
  return { right: put(piece.right), wrong: put(piece.wrong) };
}
