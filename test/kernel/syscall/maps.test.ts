import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insn, OP_EXIT } from '../../../src/isa/insn.ts';
import { opNamed } from '../../../src/isa/semantics.ts';
import { accepts, type Bpf, kernelDiff, openBpf } from '../../../src/kernel/index.ts';
import { MapSet } from '../../../src/kernel/run/map-contents.ts';
import { kernelMapDef } from '../../../src/kernel/syscall/maps.ts';
import type { MapDef } from '../../../src/program/program.ts';
import { MapFlag, MapTypeId } from '../../../src/program/tables/maps.ts';
import type { MapEntry } from '../../../src/vm/types.ts';
import { xdpProgram } from '../corpus.ts';
import { hasKernel, needsKernel } from '../kernel.ts';

const def = (type: number, rest: Partial<MapDef> = {}): MapDef => ({
  name: 'm',
  type,
  keySize: 4,
  valueSize: 5,
  maxEntries: 3000,
  flags: 0,
  ...rest,
});
const u32 = (n: number): Uint8Array => new Uint8Array(new Uint32Array([n]).buffer);
const entry = (n: number, ...value: number[]): MapEntry => ({ key: u32(n), value: Uint8Array.from(value) });

test('definitions as they are created', () => {
  const big = def(MapTypeId.ARRAY, { maxEntries: 0xffff_ffff });
  expect(kernelMapDef(big, 'check').maxEntries).toBe(65_536);
  expect(kernelMapDef(big, 'run').maxEntries).toBe(4096);
  expect(kernelMapDef({ ...big, valueSize: 1 << 18 }, 'run').maxEntries).toBe(16);
  expect(kernelMapDef(def(MapTypeId.LPM_TRIE), 'check').flags).toBe(MapFlag.NO_PREALLOC);
  expect(kernelMapDef(def(MapTypeId.PERCPU_ARRAY), 'check').type).toBe(MapTypeId.PERCPU_ARRAY);
  expect(kernelMapDef(def(MapTypeId.PERCPU_ARRAY), 'run').type).toBe(MapTypeId.ARRAY);
  expect(kernelMapDef(def(MapTypeId.RINGBUF, { maxEntries: 0 }), 'check').maxEntries).toBe(4096);
  const events = def(MapTypeId.PERF_EVENT_ARRAY, { keySize: 0, valueSize: 0, maxEntries: 0 });
  expect(kernelMapDef(events, 'check', 3)).toMatchObject({ keySize: 4, valueSize: 4, maxEntries: 3 });
});

describe.skipIf(!hasKernel)(`maps in the kernel${needsKernel}`, () => {
  const withSet = <T>(defs: readonly MapDef[], body: (set: MapSet) => T): T => {
    const opened = openBpf();
    if (!opened.ok) throw new Error(opened.reason);
    const set = new MapSet(opened.bpf, defs);
    try {
      return body(set);
    } finally {
      set.close();
    }
  };
  let before = 0;
  const openFiles = (): number => readdirSync('/proc/self/fd').length;
  beforeAll(() => {
    before = openFiles();
  });
  afterAll(() => {
    expect(openFiles()).toBe(before);
  });

  test.each([
    MapTypeId.ARRAY,
    MapTypeId.PERCPU_ARRAY,
    MapTypeId.HASH,
    MapTypeId.PERCPU_HASH,
    MapTypeId.LRU_HASH,
    MapTypeId.LRU_PERCPU_HASH,
  ])('type %i: what is filled is read, in key order, and replaced by the next fill', (type) => {
    withSet([def(type)], (set) => {
      // Values of 5 bytes at a distance of 8; indices on both sides of a page.
      const entries = [entry(513, 9, 8, 7, 6, 5), entry(0, 1, 2, 3, 4, 5), entry(511, 0, 0, 0, 0, 1)];
      const sorted = [...entries].sort((a, b) => Buffer.compare(a.key, b.key));
      set.fill([entries]);
      const read = set.decode()[0]!;
      expect([...read].sort((a, b) => Buffer.compare(a.key, b.key))).toEqual(sorted);
      set.touch();
      set.fill([[entry(1, 7, 7, 7, 7, 7)]]);
      expect(set.decode()).toEqual([[entry(1, 7, 7, 7, 7, 7)]]);
      set.touch();
      set.fill([[]]);
      expect(set.decode()).toEqual([[]]);
    });
  });

  test('an array value that spans pages is read once', () => {
    withSet([def(MapTypeId.ARRAY, { valueSize: 3000, maxEntries: 8 })], (set) => {
      const value = new Uint8Array(3000).fill(1);
      set.fill([[{ key: u32(1), value }]]);
      expect(set.decode()).toEqual([[{ key: u32(1), value }]]);
    });
  });

  test('entries that cannot exist are left out, and known to be', () => {
    const lpm = def(MapTypeId.LPM_TRIE, { keySize: 8, valueSize: 1 });
    const devices = def(MapTypeId.DEVMAP, { valueSize: 4 });
    withSet([lpm, devices, def(MapTypeId.QUEUE, { keySize: 0 })], (set) => {
      const route = (bits: number): MapEntry => ({
        key: Uint8Array.of(bits, 0, 0, 0, 10, 0, 0, 0),
        value: u32(1).slice(0, 1),
      });
      const contents = [[route(8), route(33)], [entry(0, 1, 0, 0, 0), entry(1, 255, 255, 255, 127)], []];
      set.fill(contents);
      expect(set.maps.map((m, i) => m.admitted(contents[i]!))).toEqual([
        [route(8)],
        [entry(0, 1, 0, 0, 0)],
        [],
      ]);
    });
  });

  test('a refusal in the middle, a key given twice and a full map: the rest is there', () => {
    const lpm = def(MapTypeId.LPM_TRIE, { keySize: 8, valueSize: 1 });
    const route = (bits: number, net: number): MapEntry => ({
      key: Uint8Array.of(bits, 0, 0, 0, 10, net, 0, 0),
      value: Uint8Array.of(net),
    });
    const small = def(MapTypeId.HASH, { maxEntries: 2 });
    withSet([lpm, small], (set) => {
      const routes = [route(16, 1), route(99, 2), route(16, 3), route(40, 4), route(16, 5)];
      const twice = [entry(7, 1, 1, 1, 1, 1), entry(7, 2, 2, 2, 2, 2), entry(8, 3, 3, 3, 3, 3)];
      set.fill([routes, twice]);
      expect(set.decode()).toEqual([[routes[0], routes[2], routes[4]], twice.slice(1)]);
      set.touch();
      const full = [entry(1, 1, 1, 1, 1, 1), entry(2, 2, 2, 2, 2, 2), entry(3, 3, 3, 3, 3, 3)];
      set.fill([[], full]);
      expect(set.decode()).toEqual([[], full.slice(0, 2)]);
      set.fill([[route(8, 0)], []]);
      expect(set.decode()).toEqual([[route(8, 0)], []]);
    });
  });

  test('a kernel without whole-map calls gives the same, entry by entry', () => {
    const opened = openBpf();
    if (!opened.ok) throw new Error(opened.reason);
    const EINVAL = 22;
    const old: Bpf = {
      ...opened.bpf,
      call: (cmd, attr, size) => (cmd >= 24 ? -EINVAL : opened.bpf.call(cmd, attr, size)),
    };
    const set = new MapSet(old, [def(MapTypeId.HASH)]);
    const entries = [entry(1, 1, 2, 3, 4, 5), entry(513, 5, 4, 3, 2, 1)];
    set.fill([[...entries].reverse()]);
    expect(set.decode()).toEqual([entries]);
    set.touch();
    set.fill([entries.slice(1)]);
    expect(set.decode()).toEqual([entries.slice(1)]);
    set.close();
  });

  test('nothing stays open, whatever happens', () => {
    const start = openFiles();
    const unknown = def(MapTypeId.ARRAY);
    const impossible = { ...def(MapTypeId.HASH), keySize: 0 };
    const program = xdpProgram([insn(opNamed('mov64.k').op), insn(OP_EXIT)], [unknown, impossible]);
    expect(accepts(program)).toEqual({ status: 'not checked', reason: 'create map m: EINVAL' });
    expect(kernelDiff(program, program, [])).toEqual({
      status: 'cannot run',
      reason: 'create map m: EINVAL',
    });
    const refused = xdpProgram([insn(OP_EXIT)], [unknown]);
    expect(accepts(refused).status).toBe('refused');
    expect(kernelDiff(refused, refused, []).status).toBe('cannot run');
    expect(openFiles()).toBe(start);
  });
});
