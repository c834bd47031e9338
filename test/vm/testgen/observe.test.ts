import { describe, expect, test } from 'vitest';
import { type Insn, insn, OP_CALL, OP_EXIT, OP_LD_IMM64, PseudoLd } from '../../../src/isa/insn.ts';
import { opNamed } from '../../../src/isa/semantics.ts';
import type { MapDef } from '../../../src/program/program.ts';
import { MapTypeId } from '../../../src/program/tables/maps.ts';
import { createMachine, observer, type TestCase } from '../../../src/vm/index.ts';
import { deepTests, generateTests } from '../../../src/vm/testgen/index.ts';
import { hasShared, paperProgram, program, skipName } from '../support/programs.ts';

const op = (name: string): number => opNamed(name).op;
const map = (type: number, keySize = 4): MapDef => ({
  name: 'm',
  type,
  keySize,
  valueSize: 8,
  maxEntries: 8,
  flags: 0,
});

/** r0 = whether map 0 has the key `low`, `high`. */
function lookup(low: number, high: number): Insn[] {
  return [
    insn(op('st.w'), 10, 0, -8, low),
    insn(op('st.w'), 10, 0, -4, high),
    insn(op('mov64.x'), 2, 10),
    insn(op('add64.k'), 2, 0, 0, -8),
    insn(OP_LD_IMM64, 1, PseudoLd.MAP_FD),
    insn(OP_CALL, 0, 0, 0, 1),
    insn(op('jeq64.k'), 0, 0, 1),
    insn(op('mov64.k'), 0, 0, 0, 1),
    insn(OP_EXIT),
  ];
}
const blank: TestCase = { ctx: new Uint8Array(24), packet: new Uint8Array(64), maps: [[]], seed: 1 };

describe('what a run looked up in vain', () => {
  const p = program(lookup(7, 0x1234), 'xdp', [map(MapTypeId.HASH, 8)]);
  const key = Uint8Array.of(7, 0, 0, 0, 0x34, 0x12, 0, 0);

  test('is recorded by observe, with map and key, and by nothing else', () => {
    const machine = createMachine(p);
    machine.setTests([blank, { ...blank, maps: [[{ key, value: new Uint8Array(8) }]] }]);
    expect(machine.observe(p.insns, 0).missed).toEqual([{ map: 0, key }]);
    expect(machine.observe(p.insns, 1).missed).toEqual([]);
    const before = machine.observe(p.insns, 0).missed;
    machine.runAll(p.insns);
    machine.coverage(p.insns);
    expect(before).toHaveLength(1);
  });

  test('an index out of range of an array is no missing entry', () => {
    const array = program(lookup(99, 0), 'xdp', [map(MapTypeId.ARRAY)]);
    const machine = createMachine(array);
    machine.setTests([blank]);
    expect(machine.observe(array.insns, 0).missed).toEqual([]);
    const tests = generateTests(array, { seed: 1, count: 20, observe: observer(array) });
    for (const t of tests) for (const e of t.maps[0]!) expect(e.key[0]).toBeLessThan(8);
  });

  test('both ways out of a branch are told apart', () => {
    const observe = observer(p);
    const covered = (t: TestCase): Set<number> => new Set(observe(t).covered);
    const [without, present] = [
      covered(blank),
      covered({ ...blank, maps: [[{ key, value: new Uint8Array(8) }]] }),
    ];
    const branch = 6;
    const n = p.insns.length;
    expect([without.has(n + branch), without.has(2 * n + branch)]).toEqual([true, false]);
    expect([present.has(n + branch), present.has(2 * n + branch)]).toEqual([false, true]);
  });

  test('generated tests have it: the branch behind the lookup is reached', () => {
    const reached = (tests: readonly TestCase[]): number => {
      const machine = createMachine(p);
      machine.setTests(tests);
      return machine.coverage(p.insns).executed[7]!;
    };
    expect(reached(generateTests(p, { seed: 1, count: 40 }))).toBe(0);
    expect(reached(generateTests(p, { seed: 1, count: 40, observe: observer(p) }))).toBeGreaterThan(20);
  });
});

test('prefixes of tries are never longer than their data', () => {
  const p = program(lookup(32, 0x0a00_0001), 'xdp', [map(MapTypeId.LPM_TRIE, 8)]);
  const lengths = generateTests(p, { seed: 1, count: 200, observe: observer(p) }).flatMap((t) =>
    t.maps[0]!.map((e) => new DataView(e.key.buffer, e.key.byteOffset).getUint32(0, true)),
  );
  expect(Math.max(...lengths)).toBeLessThanOrEqual(32);
  expect(new Set(lengths).size).toBeGreaterThan(10);
});

test('endless tests follow from the seed', () => {
  const p = program(lookup(7, 0x1234), 'xdp', [map(MapTypeId.HASH, 8)]);
  const some = (seed: number): TestCase[] => {
    const tests = deepTests(p, seed, observer(p));
    return Array.from({ length: 30 }, () => tests.next().value);
  };
  expect(some(1)).toEqual(some(1));
  expect(some(1)).not.toEqual(some(2));
});

test.skipIf(!hasShared)(
  skipName('feedback reaches three times as much of the balancer as chance does'),
  () => {
    const p = paperProgram('xdp-balancer');
    const reached = (tests: readonly TestCase[]): number => {
      const machine = createMachine(p);
      machine.setTests(tests);
      return machine.coverage(p.insns).executed.filter((n) => n > 0).length;
    };
    const options = { seed: 1, count: 64, wild: false };
    const chance = reached(generateTests(p, options));
    expect(reached(generateTests(p, { ...options, observe: observer(p) }))).toBeGreaterThan(3 * chance);
  },
);
