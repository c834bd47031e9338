/** Helper models against the running kernel: random sequences of calls, every result kept in a map. */
import { describe, expect, it } from 'vitest';
import type { Insn } from '../../src/isa/insn.ts';
import { machineModel, probeKernel, vmDiff } from '../../src/kernel/index.ts';
import type { MapDef, Program } from '../../src/program/program.ts';
import { MapTypeId, mapType } from '../../src/program/tables/maps.ts';
import { Rng, type TestCase } from '../../src/vm/index.ts';
import { callHelper, exit, loadMap, map, op, program } from './support/programs.ts';

const probe = probeKernel();
const able = probe.available;
const title = (what: string): string =>
  probe.available ? what : `${what} (SKIPPED, no kernel here: ${probe.reason})`;

const RESULTS = map('ARRAY', 4, 256, 1);
const MAPS: readonly MapDef[] = [
  map('HASH', 4, 8, 3),
  { ...map('HASH', 4, 8, 3), flags: 1 },
  map('ARRAY', 4, 8, 3),
  map('PERCPU_HASH', 4, 8, 3),
  map('LRU_HASH', 4, 8, 64),
  { ...map('LPM_TRIE', 8, 8, 3), flags: 1 },
  map('PERCPU_ARRAY', 4, 8, 3),
];

/** r9 = memory for results, which starts at index 0 of the first map; r6 = context. */
const PROLOGUE: readonly Insn[] = [
  op('mov64.x', 6, 1),
  op('st.dw', 10, 0, -8),
  loadMap(1, 0),
  op('mov64.x', 2, 10),
  op('add64.k', 2, 0, 0, -8),
  callHelper(1),
  op('jne64.k', 0, 0, 1, 0),
  exit(),
  op('mov64.x', 9, 0),
];

function sequence(
  rng: Rng,
  hook: Program['hook'],
  maps: readonly MapDef[],
  step: (n: number) => Insn[],
): Program {
  const insns = [...PROLOGUE];
  for (let n = 0; n < 4 + rng.below(12); n++) insns.push(...step(n));
  return program([...insns, op('mov64.k', 0, 0, 0, 2), exit()], hook, [RESULTS, ...maps]);
}

const keep = (n: number): Insn => op('stx.dw', 9, 0, n * 8);

/**
 * Pointers to values are kept while their element is: after a deletion, and an update of any but preallocated
 * hash tables and arrays, whose memory is used next is the allocator's business.
 */
function mapStep(rng: Rng, kind: MapDef): (n: number) => Insn[] {
  const trie = kind.keySize === 8;
  const stays = (kind.type === MapTypeId.HASH && kind.flags === 0) || mapType(kind.type)!.isArrayLike;
  let pointer = false;
  return (n) => {
    const key = trie
      ? [
          op('st.w', 10, 0, -24, rng.pick([0, 8, 9, 20, 31, 32, 33])),
          op('st.w', 10, 0, -20, rng.pick([0, 1, 10, 0x8a])),
        ]
      : [op('st.w', 10, 0, -24, rng.below(5))];
    const args = [loadMap(1, 1), op('mov64.x', 2, 10), op('add64.k', 2, 0, 0, -24)];
    switch (rng.weighted([4, 4, 2, pointer ? 3 : 0])) {
      case 0: {
        // Keep the pointer in r8 for later when the map's elements can be replaced under it.
        const found = [
          op('ldx.w', 1, 0, 0),
          op('st.w', 0, 0, 4, n),
          op('mov64.x', 8, 0),
          op('mov64.x', 0, 1),
        ];
        const missing = pointer ? [] : [op('mov64.x', 8, 9)];
        pointer = true;
        return [
          ...missing,
          ...key,
          ...args,
          callHelper(1),
          op('jeq64.k', 0, 0, found.length, 0),
          ...found,
          keep(n),
        ];
      }
      case 1:
        pointer &&= stays;
        return [
          ...key,
          op('st.dw', 10, 0, -16, rng.below(1000)),
          ...args,
          op('mov64.x', 3, 10),
          op('add64.k', 3, 0, 0, -16),
          op('mov64.k', 4, 0, 0, rng.weighted([6, 2, 2, 1])),
          callHelper(2),
          keep(n),
        ];
      case 2:
        pointer = false;
        return [...key, ...args, callHelper(3), keep(n)];
      default:
        return [op('st.w', 8, 0, 4, 100 + n), op('ldx.w', 0, 8, 0), keep(n)];
    }
  };
}

function skbStep(rng: Rng): (n: number) => Insn[] {
  const number = (): number => rng.pick([0, 1, 0xffff, 0x1234, -1, rng.u32() | 0]);
  return (n) => {
    const csum = [
      op('mov64.x', 1, 6),
      op('mov64.k', 2, 0, 0, rng.pick([0, 2, 14, 24, 61, 62, 64, 70000, -2])),
      op('mov32.k', 3, 0, 0, rng.chance(0.3) ? 0 : number()),
      op('mov32.k', 4, 0, 0, number()),
      op('mov64.k', 5, 0, 0, rng.pick([0, 2, 4, 3, 0x12, 0x22, 0x34, 0x64])),
    ];
    const copy = (store: boolean): Insn[] => [
      op('st.dw', 10, 0, -16, number()),
      op('mov64.x', 1, 6),
      op('mov64.k', 2, 0, 0, rng.pick([0, 1, 14, 56, 60, 64, -1])),
      op('mov64.x', 3, 10),
      op('add64.k', 3, 0, 0, -16),
      op('mov64.k', 4, 0, 0, 1 + rng.below(8)),
      ...(store ? [op('mov64.k', 5, 0, 0, rng.pick([0, 0, 4]))] : []),
    ];
    switch (rng.below(6)) {
      case 0:
        return [...csum, callHelper(10), keep(n)];
      case 1:
        return [...csum, callHelper(11), keep(n)];
      case 2:
        return [...copy(true), callHelper(9), keep(n)];
      case 3:
        return [...copy(false), callHelper(26), op('ldx.w', 1, 10, -16), op('add64.x', 0, 1), keep(n)];
      case 4:
        return [
          op('mov64.x', 1, 6),
          op('mov64.k', 2, 0, 0, rng.pick([0, 20, 34, 60, 64, 80])),
          op('mov64.k', 3),
          callHelper(rng.pick([38, 39])),
          keep(n),
        ];
      default:
        return csumDiff(rng, n);
    }
  };
}

function csumDiff(rng: Rng, n: number): Insn[] {
  const words = [-32, -28, -24, -20].map((at) => op('st.w', 10, 0, at, rng.u32() | 0));
  return [
    ...words,
    op('mov64.x', 1, 10),
    op('add64.k', 1, 0, 0, -32),
    op('mov64.k', 2, 0, 0, rng.pick([0, 4, 8, 3])),
    op('mov64.x', 3, 10),
    op('add64.k', 3, 0, 0, -24),
    op('mov64.k', 4, 0, 0, rng.pick([0, 4, 8, 2])),
    op('mov32.k', 5, 0, 0, rng.pick([0, -1, 0xffff, rng.u32() | 0])),
    callHelper(28),
    keep(n),
  ];
}

function xdpStep(rng: Rng): (n: number) => Insn[] {
  return (n) =>
    rng.chance(0.2)
      ? csumDiff(rng, n)
      : [
          op('mov64.x', 1, 6),
          op('mov64.k', 2, 0, 0, rng.pick([0, 4, -4, 8, -16, 14, -100, 40, -300, 300, 3])),
          callHelper(rng.pick([44, 44, 65, 54])),
          keep(n),
          // What is in the packet now, and its boundaries.
          op('ldx.w', 2, 6, 0),
          op('ldx.w', 3, 6, 4),
          op('mov64.x', 4, 2),
          op('add64.k', 4, 0, 0, 14),
          op('jgt64.x', 4, 3, 3),
          op('ldx.w', 0, 2, 0),
          op('st.b', 2, 0, 3, n),
          op('stx.w', 9, 0, n * 8 + 4),
        ];
}

function tests(rng: Rng, maps: readonly MapDef[]): TestCase[] {
  const entry = (m: MapDef, key: number) => {
    const k = new Uint8Array(m.keySize);
    k[m.keySize === 8 ? 4 : 0] = key;
    if (m.keySize === 8) k[0] = [8, 16, 32][key] ?? 8;
    return { key: k, value: rng.bytes(m.valueSize) };
  };
  return Array.from({ length: 4 }, () => ({
    ctx: new Uint8Array(192),
    packet: rng.bytes(64),
    maps: [[], ...maps.map((m) => [0, 1, 2].filter(() => rng.chance(0.5)).map((k) => entry(m, k)))],
    seed: rng.u32(),
  }));
}

function agree(p: Program, given: readonly TestCase[]): void {
  const result = vmDiff(p, machineModel(p), given);
  if (result.status === 'cannot run') throw new Error(result.reason);
  expect(result.difference?.places ?? {}).toEqual({});
  expect(result.agreed + Object.keys(result.masked).length).toBeGreaterThan(0);
}

describe.skipIf(!able)(title('helper models agree with the running kernel'), () => {
  const PROGRAMS = 15;
  for (const kind of MAPS)
    it(`map helpers on ${kind.name}${kind.flags === 1 ? ', not preallocated' : ''}`, () => {
      for (let k = 0; k < PROGRAMS; k++) {
        const rng = new Rng(k, kind.name, kind.flags);
        agree(sequence(rng, 'xdp', [kind], mapStep(rng, kind)), tests(rng, [kind]));
      }
    });
  it('packets of traffic control: checksums, loads, stores, length', () => {
    for (let k = 0; k < 3 * PROGRAMS; k++) {
      const rng = new Rng(k, 'skb');
      agree(sequence(rng, 'sched_cls', [], skbStep(rng)), tests(rng, []));
    }
  });
  it('packets of XDP: head, tail, metadata', () => {
    for (let k = 0; k < 3 * PROGRAMS; k++) {
      const rng = new Rng(k, 'xdp');
      agree(sequence(rng, 'xdp', [], xdpStep(rng)), tests(rng, []));
    }
  });
});
