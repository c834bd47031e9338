import { describe, expect, test } from 'vitest';
import { Rng } from '../../../src/base/random.ts';
import { type Insn, insn, OP_CALL, OP_EXIT, OP_LD_IMM64, PseudoLd } from '../../../src/isa/insn.ts';
import { opNamed } from '../../../src/isa/semantics.ts';
import { type DiffReport, type DiffResult, KernelRunner, kernelDiff } from '../../../src/kernel/index.ts';
import type { MapDef, Program } from '../../../src/program/program.ts';
import { MapTypeId } from '../../../src/program/tables/maps.ts';
import type { MapContents, TestCase } from '../../../src/vm/types.ts';
import { hasPaper, paperProgram, xdpProgram } from '../corpus.ts';
import { hasKernel, needsKernel } from '../kernel.ts';

const op = (name: string): number => opNamed(name).op;

function tests(n: number, maps: readonly MapContents[] = []): TestCase[] {
  const rng = new Rng('diff', n);
  return Array.from({ length: n }, () => ({ ctx: new Uint8Array(24), packet: udp(rng), maps, seed: 0 }));
}

/** Ethernet with IPv4 or IPv6 and UDP, or ARP, 64 bytes; the rest is noise. */
function udp(rng: Rng): Uint8Array {
  const p = rng.bytes(64);
  const isV6 = rng.chance(0.3);
  p.set(isV6 ? [0x86, 0xdd, 0x60] : [0x08, 0x00, 0x45], 12);
  p[isV6 ? 20 : 23] = 17;
  if (rng.chance(0.1)) p.set([0x08, 0x06], 12);
  return p;
}

function ran(r: DiffResult): DiffReport {
  if (r.status !== 'ran') throw new Error(r.reason);
  return r;
}

const hex = (b: Uint8Array): string => Buffer.from(b).toString('hex');

/** r0 = lookup(map 0, key 0), or return 1. */
function lookupZero(): Insn[] {
  return [
    insn(op('st.w'), 10, 0, -4, 0),
    insn(op('mov64.x'), 2, 10),
    insn(op('add64.k'), 2, 0, 0, -4),
    insn(OP_LD_IMM64, 1, PseudoLd.MAP_FD),
    insn(OP_CALL, 0, 0, 0, 1),
    insn(op('jne64.k'), 0, 0, 2, 0),
    insn(op('mov64.k'), 0, 0, 0, 1),
    insn(OP_EXIT),
  ];
}

const counter = (type: number): MapDef => ({
  name: 'counter',
  type,
  keySize: 4,
  valueSize: 8,
  maxEntries: 4,
  flags: 0,
});

/** counter[0] += amount. */
function counting(amount: number, type: number = MapTypeId.ARRAY) {
  const body = [
    ...lookupZero(),
    insn(op('ldx.dw'), 1, 0),
    insn(op('add64.k'), 1, 0, 0, amount),
    insn(op('stx.dw'), 0, 1),
    insn(op('mov64.k'), 0, 0, 0, 2),
    insn(OP_EXIT),
  ];
  return xdpProgram(body, [counter(type)]);
}

/** counter[0] = what a helper says; 2. */
function storing(helper: number) {
  const body = [
    insn(OP_CALL, 0, 0, 0, helper),
    insn(op('mov64.x'), 6, 0),
    ...lookupZero(),
    insn(op('stx.dw'), 0, 6),
    insn(op('mov64.k'), 0, 0, 0, 2),
    insn(OP_EXIT),
  ];
  return xdpProgram(body, [counter(MapTypeId.ARRAY)]);
}

describe.skipIf(!hasKernel)(`differential runs${needsKernel}`, () => {
  test('a program agrees with itself', () => {
    const report = ran(kernelDiff(counting(1), counting(1), tests(50)));
    expect(report).toMatchObject({
      runs: 50,
      agreed: 50,
      skipped: {},
      masked: {},
      coverage: { returns: { 2: 50 } },
    });
    expect(report.difference).toBeUndefined();
  });

  test.each([MapTypeId.ARRAY, MapTypeId.PERCPU_ARRAY])(
    'a wrong count in a map of type %i is found, and the case is small',
    (type) => {
      const { difference } = ran(kernelDiff(counting(1, type), counting(2, type), tests(50)));
      expect(difference).toMatchObject({
        index: 0,
        before: [],
        places: { 'map counter[00000000]+0': ['0100000000000000', '0200000000000000'] },
      });
      expect(difference!.test.packet.every((b) => b === 0)).toBe(true);
    },
  );

  test('a difference behind a map entry keeps that entry and drops the others', () => {
    const value = (n: number): Uint8Array => new Uint8Array(new BigUint64Array([BigInt(n)]).buffer);
    const key = (n: number): Uint8Array => new Uint8Array(new Uint32Array([n]).buffer);
    const maps = [[0, 1, 2].map((n) => ({ key: key(n), value: value(40 + n) }))];
    const returning = (limit: number) =>
      xdpProgram(
        [
          ...lookupZero(),
          insn(op('ldx.dw'), 1, 0),
          insn(op('mov64.k'), 0, 0, 0, 2),
          insn(op('jge64.k'), 1, 0, 1, limit),
          insn(op('mov64.k'), 0, 0, 0, 1),
          insn(OP_EXIT),
        ],
        [counter(MapTypeId.HASH)],
      );
    const { difference } = ran(kernelDiff(returning(40), returning(41), tests(3, maps)));
    expect(difference?.places).toEqual({ r0: ['2', '1'] });
    expect(difference?.test.maps).toEqual([[{ key: key(0), value: value(40) }]]);
    expect(ran(kernelDiff(returning(50), returning(51), tests(3, maps))).difference).toBeUndefined();
  });

  test('a map that only the second program writes, and only once, is still looked at after many runs', () => {
    // Reads its entry; when that is 77, one of them writes 78.
    const value = (n: number): Uint8Array => new Uint8Array(new BigUint64Array([BigInt(n)]).buffer);
    const reading = (write: boolean) =>
      xdpProgram(
        [
          ...lookupZero(),
          insn(op('ldx.dw'), 1, 0),
          insn(op('jne64.k'), 1, 0, 1, 77),
          write ? insn(op('st.dw'), 0, 0, 0, 78) : insn(op('mov64.k'), 1, 0, 0, 78),
          insn(op('mov64.k'), 0, 0, 0, 2),
          insn(OP_EXIT),
        ],
        [counter(MapTypeId.HASH)],
      );
    const many = tests(400).map((t, k) => ({
      ...t,
      maps: [[{ key: new Uint8Array(4), value: value(k === 390 ? 77 : k % 50) }]],
    }));
    expect(ran(kernelDiff(reading(false), reading(false), many))).toMatchObject({ agreed: 400 });
    expect(ran(kernelDiff(reading(false), reading(true), many)).difference).toMatchObject({
      index: 390,
      places: { 'map counter[00000000]+0': [hex(value(77)), hex(value(78))] },
    });
  });

  test('the kernel says which maps a program cannot write', () => {
    const unwritten = (p: Program): number[] => {
      const opened = KernelRunner.open(p);
      if (!opened.ok) throw new Error(opened.reason);
      const said = [...opened.runner.unwritten()];
      opened.runner.close();
      return said;
    };
    for (const type of [MapTypeId.ARRAY, MapTypeId.HASH, MapTypeId.LRU_HASH, MapTypeId.PERCPU_ARRAY]) {
      expect(unwritten(counting(1, type))).toEqual([]);
      const second = { ...counter(type), name: 'other' };
      expect(unwritten({ ...counting(1, type), maps: [counter(type), second] })).toEqual([1]);
    }
  });

  test('state carries over inside a sequence, and the history is part of the case', () => {
    // Return 2 until the counter reaches the limit, then 1.
    const until = (limit: number) =>
      xdpProgram(
        [
          ...lookupZero(),
          insn(op('ldx.dw'), 1, 0),
          insn(op('add64.k'), 1, 0, 0, 1),
          insn(op('stx.dw'), 0, 1),
          insn(op('mov64.k'), 0, 0, 0, 2),
          insn(op('jle64.k'), 1, 0, 1, limit),
          insn(op('mov64.k'), 0, 0, 0, 1),
          insn(OP_EXIT),
        ],
        [counter(MapTypeId.ARRAY)],
      );
    expect(ran(kernelDiff(until(3), until(4), tests(20))).difference).toBeUndefined();
    const { difference } = ran(kernelDiff(until(3), until(4), tests(20), { sequence: 8 }));
    expect(difference?.index).toBe(3);
    expect(difference?.before.length).toBe(3);
    expect(difference?.places).toEqual({ r0: ['1', '2'] });
  });

  test.each([
    ['ktime_get_ns', 5],
    ['get_prandom_u32', 7],
  ])('what %s leaves behind is masked and reported, not a difference', (_, helper) => {
    const report = ran(kernelDiff(storing(helper), storing(helper), tests(20)));
    expect(report.difference).toBeUndefined();
    expect(report.agreed).toBe(20);
    expect(Object.keys(report.masked)).toEqual(['map counter[00000000]+0']);
  });

  test('random keys mask their map as a whole, and only that', () => {
    const body = (result: number): Insn[] => [
      insn(OP_CALL, 0, 0, 0, 7),
      insn(op('stx.w'), 10, 0, -4),
      insn(op('st.dw'), 10, 0, -16, 1),
      insn(op('mov64.x'), 2, 10),
      insn(op('add64.k'), 2, 0, 0, -4),
      insn(op('mov64.x'), 3, 10),
      insn(op('add64.k'), 3, 0, 0, -16),
      insn(op('mov64.k'), 4),
      insn(OP_LD_IMM64, 1, PseudoLd.MAP_FD),
      insn(OP_CALL, 0, 0, 0, 2),
      insn(op('mov64.k'), 0, 0, 0, result),
      insn(OP_EXIT),
    ];
    const program = (result: number) => xdpProgram(body(result), [counter(MapTypeId.HASH)]);
    const same = ran(kernelDiff(program(2), program(2), tests(10)));
    expect(same.difference).toBeUndefined();
    expect(Object.keys(same.masked)).toContain('map counter');
    expect(ran(kernelDiff(program(2), program(1), tests(10))).difference?.places).toEqual({ r0: ['2', '1'] });
  });

  test('a program that shows a few bits of an address agrees with itself: copies can look the same by chance', () => {
    const body = [
      ...lookupZero(),
      insn(op('stx.h'), 0, 0),
      insn(op('ldx.b'), 1, 0, 1),
      insn(op('and64.k'), 1, 0, 0, 0xf0),
      insn(op('st.h'), 0),
      insn(op('mov64.x'), 0, 1),
      insn(OP_EXIT),
    ];
    const leak = xdpProgram(body, [counter(MapTypeId.HASH)]);
    const entry = [{ key: new Uint8Array(4), value: new Uint8Array(8) }];
    for (let n = 0; n < 12; n++) {
      const report = ran(kernelDiff(leak, leak, tests(10, [entry])));
      expect(report.difference).toBeUndefined();
      expect(report.agreed).toBe(report.runs);
    }
  });

  test('a difference beside a masked place is still found', () => {
    const a = storing(5);
    const b = { ...a, insns: a.insns.map((i, k) => (k === a.insns.length - 2 ? { ...i, imm: 1 } : i)) };
    expect(ran(kernelDiff(a, b, tests(5))).difference?.places).toEqual({ r0: ['2', '1'] });
  });

  test('types that cannot run, different maps, refused programs: reasons', () => {
    const bad = xdpProgram([insn(op('mov64.x'), 0, 4), insn(OP_EXIT)]);
    const lirc = { ...xdpProgram([insn(op('mov64.k')), insn(OP_EXIT)]), hook: 'lirc_mode2' as const };
    expect(kernelDiff(bad, bad, tests(1))).toEqual({ status: 'cannot run', reason: 'R4 !read_ok' });
    expect(kernelDiff(lirc, lirc, tests(1))).toMatchObject({
      reason: expect.stringMatching(/no way to run/),
    });
    expect(kernelDiff(counting(1), counting(1, MapTypeId.HASH), tests(1))).toMatchObject({
      reason: expect.stringMatching(/map counter is not the same in both/),
    });
  });

  test.skipIf(!hasPaper)("K2's error in xdp1: a stored pointer read back as a key", () => {
    const p = paperProgram('xdp1');
    // r1 = 0; *(u32 *)(r10 - 4) = r1  becomes  *(u64 *)(r10 - 8) = r1, where r1 is the packet's address.
    const at = p.insns.findIndex((i, k) => i.op === op('mov64.k') && p.insns[k + 1]?.op === op('stx.w'));
    const insns = p.insns.with(at, insn(op('mov64.x'), 1, 1)).with(at + 1, insn(op('stx.dw'), 10, 1, -8));
    const { difference } = ran(kernelDiff(p, { ...p, insns }, tests(300, [[]])));
    // Key 0 is not counted any more.
    expect(difference?.places).toEqual({ 'map rxcnt[00000000]+0': ['0100000000000000', ''] });
  });
});
