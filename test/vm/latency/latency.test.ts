import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MapTypeId } from '../../../src/program/tables/maps.ts';
import {
  createMachine,
  K2_PROFILES,
  k2Name,
  priceOf,
  pricesOf,
  staticLatency,
} from '../../../src/vm/index.ts';
import {
  callHelper,
  exit,
  FACTS_DIR,
  hasShared,
  imm64,
  nop,
  op,
  PAPER,
  paperProgram,
  program,
  skipName,
  testCase,
} from '../support/programs.ts';

interface Facts {
  recomputed_from_public_objects: { O2: Record<string, [number, number]> };
}

describe.skipIf(!hasShared)(skipName("K2's static sum over the 19 programs of its paper"), () => {
  const facts = hasShared
    ? (JSON.parse(readFileSync(join(FACTS_DIR, 'k2-paper.json'), 'utf8')) as Facts)
    : undefined;
  for (const name of Object.keys(PAPER))
    it(name, () => {
      const [, ns] = facts!.recomputed_from_public_objects.O2[name.replace(/^socket-/, 'socket/')]!;
      expect(staticLatency(paperProgram(name).insns)).toBeCloseTo(ns, 3);
    });

  it('has the profiles of the facts', () => {
    const file = JSON.parse(readFileSync(join(FACTS_DIR, 'k2-opcode-latency.json'), 'utf8'));
    expect(K2_PROFILES).toEqual({ d6515: file.d6515, cyclops: file.cyclops });
  });
});

describe('prices', () => {
  it('follow K2: nothing for exit, NOP and ja, 1.0 for what is missing', () => {
    expect([exit(), nop(), op('ja', 0, 0, 3)].map((i) => priceOf(i))).toEqual([0, 0, 0]);
    expect(priceOf(op('jne32.k', 1, 0, 1))).toBe(1);
    expect(k2Name(op('jne32.k', 1, 0, 1))).toBe('JNE32XC');
    expect(priceOf(callHelper(23))).toBe(1);
    expect(priceOf(callHelper(1))).toBe(1.518);
    expect(priceOf(op('atomic.add.w', 1, 2))).toBe(5.514);
    expect(priceOf(imm64(1, 5n))).toBe(0.363);
    expect(priceOf(op('sdiv64.x', 1, 2))).toBe(1);
  });
});

describe('prices that a profile may add', () => {
  const profile = {
    BPF_FUNC_map_lookup_elem: 5,
    'BPF_FUNC_map_lookup_elem/hash': 20,
    'BPF_FUNC_*': 30,
    'sdiv64.x': 7,
    MOV64XY: 0.1,
  };
  const maps = [{ type: MapTypeId.HASH }, { type: MapTypeId.ARRAY }];
  const mapFd = (dst: number, map: number) => ({ ...imm64(dst, BigInt(map)), src: 1 });

  it('by row of the semantics table, and for helpers that are not listed', () => {
    expect([op('sdiv64.x', 1, 2), callHelper(5), callHelper(1)].map((i) => priceOf(i, profile))).toEqual([
      7, 30, 5,
    ]);
  });

  it('by the map that a helper is called with, where the text shows it', () => {
    const lookup = (...before: Parameters<typeof pricesOf>[0]): number | undefined =>
      pricesOf([...before, callHelper(1)], profile, maps).at(-1);
    expect(lookup(mapFd(1, 0))).toBe(20);
    expect(lookup(mapFd(1, 1))).toBe(5);
    expect(lookup(mapFd(8, 0), op('mov64.x', 1, 8))).toBe(20);
    expect(lookup(mapFd(1, 0), op('mov64.k', 1, 0, 0, 4))).toBe(5);
    expect(lookup(mapFd(1, 0), callHelper(5))).toBe(5);
    expect(lookup(op('mov64.x', 1, 6))).toBe(5);
  });
});

describe('path latency', () => {
  it('adds up the prices of what runs, per test and on average', () => {
    const insns = [
      op('ldx.w', 2, 1, 0),
      op('jeq64.k', 2, 0, 2, 0),
      op('mul64.k', 2, 0, 0, 3),
      op('mul64.k', 2, 0, 0, 3),
      op('mov64.x', 0, 2),
      exit(),
    ];
    const machine = createMachine(program(insns, 'socket_filter'), { plainContext: true });
    machine.setTests([
      testCase({ ctx: Uint8Array.of(0, 0, 0, 0) }),
      testCase({ ctx: Uint8Array.of(1, 0, 0, 0) }),
    ]);
    const [taken, through] = machine.runAll(insns);
    const common = 0.18 + 1.868 + 0.079;
    expect(taken!.latency).toBeCloseTo(common, 9);
    expect(through!.latency).toBeCloseTo(common + 2 * 1.135, 9);
    expect(machine.latency(insns)).toBeCloseTo(common + 1.135, 9);
    expect([taken!.steps, through!.steps]).toEqual([4, 6]);
  });
});
