import { describe, expect, it } from 'vitest';
import { Rng } from '../../../src/base/random.ts';
import { assemble } from '../../../src/isa/asm/asm.ts';
import type { MapDef, Program } from '../../../src/program/program.ts';
import type { HookName } from '../../../src/program/tables/hook-types.ts';
import { HOOKS } from '../../../src/program/tables/hooks.ts';
import { generateTests, learnConstants, randomPacket } from '../../../src/vm/testgen/index.ts';

const INSNS = assemble(`
  r2 = *(u16 *)(r1 +12)
  if r2 == 0x86dd goto out
  r3 = 0x1122334455667788 ll
  *(u32 *)(r10 -4) = 77
out:
  r0 = 2
  exit
`);
const hash: MapDef = { name: 'flows', type: 1, keySize: 8, valueSize: 16, maxEntries: 128, flags: 0 };
const data: MapDef = {
  name: '.data',
  type: 2,
  keySize: 4,
  valueSize: 8,
  maxEntries: 1,
  flags: 0,
  initial: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
};

function program(hook: HookName, maps: readonly MapDef[] = [hash, data]): Program {
  return {
    name: 'generate',
    section: '',
    hook,
    license: 'GPL',
    insns: INSNS,
    functions: [{ name: 'generate', start: 0, end: INSNS.length }],
    maps,
    origin: INSNS.map((_, i) => i),
    pinned: new Map(),
    provenance: { file: 'generate', sha256: '' },
  };
}

describe('learnConstants', () => {
  it('takes comparisons, stores and wide constants, with neighbours and byte-swapped twins', () => {
    const learned = learnConstants(INSNS);
    for (const v of [0x86dd, 0x86dc, 0x86de, 77, 0x11223344, 0x55667788]) expect(learned.u32).toContain(v);
    expect(learned.u32).toContain(0x88776655);
    expect(learned.u16).toContain(0xdd86);
    expect(learned.furthestAccess).toBe(14);
  });
});

describe('randomPacket', () => {
  it('gives frames of at least an Ethernet header, of many kinds', () => {
    const rng = new Rng('packets');
    const kinds = new Map<number, number>();
    for (let n = 0; n < 2000; n++) {
      const packet = randomPacket(rng, learnConstants(INSNS));
      expect(packet.length).toBeGreaterThanOrEqual(14);
      const type = (packet[12]! << 8) | packet[13]!;
      kinds.set(type, (kinds.get(type) ?? 0) + 1);
    }
    for (const type of [0x0800, 0x86dd, 0x0806, 0x8100]) expect(kinds.get(type) ?? 0).toBeGreaterThan(30);
  });

  it('writes IPv4 headers whose checksum holds', () => {
    const rng = new Rng('checksums');
    let seen = 0;
    for (let n = 0; n < 500; n++) {
      const p = randomPacket(rng, { u16: [0], u32: [0], furthestAccess: 0 });
      if (p[12] !== 8 || p[13] !== 0 || p.length < 34 || p[14] !== 0x45) continue;
      let sum = 0;
      for (let i = 14; i < 34; i += 2) sum += (p[i]! << 8) | p[i + 1]!;
      while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
      if (sum === 0xffff) seen++;
    }
    // One packet in five is overwritten somewhere; the rest is well formed.
    expect(seen).toBeGreaterThan(100);
  });
});

describe('generateTests', () => {
  it('is a function of program and seed', () => {
    const p = program('xdp');
    expect(generateTests(p, { seed: 3, count: 20 })).toEqual(generateTests(p, { seed: 3, count: 20 }));
    expect(generateTests(p, { seed: 4, count: 20 })).not.toEqual(generateTests(p, { seed: 3, count: 20 }));
  });

  it.each(Object.keys(HOOKS) as HookName[])('makes contexts that fit %s', (hook) => {
    for (const wild of [true, false])
      for (const test of generateTests(program(hook), { seed: 1, count: 5, wild })) {
        expect(test.ctx.length).toBeLessThanOrEqual(HOOKS[hook].ctxSize);
        expect(test.maps).toHaveLength(2);
        for (const { key, value } of test.maps[0]!) {
          expect(key).toHaveLength(8);
          expect(value).toHaveLength(16);
        }
      }
  });

  it('starts global data with its initial bytes', () => {
    for (const test of generateTests(program('xdp'), { seed: 1, count: 5 }))
      expect(test.maps[1]).toEqual([{ key: new Uint8Array(4), value: data.initial }]);
  });

  it('derives length and protocol of a socket buffer from its packet', () => {
    for (const test of generateTests(program('sched_cls'), { seed: 1, count: 20 })) {
      const view = new DataView(test.ctx.buffer, test.ctx.byteOffset);
      expect(view.getUint32(0, true)).toBe(test.packet.length);
      expect(view.getUint32(16, true)).toBe(test.packet[12]! | (test.packet[13]! << 8));
    }
  });
});
