import { describe, expect, it } from 'vitest';
import { analyze } from '../../src/analysis/analyze.ts';
import { ALL_STACK, liveness, stackBytes, widthOf } from '../../src/analysis/liveness.ts';
import type { HookName } from '../../src/program/tables/hook-types.ts';
import { hasPaperPrograms, paperPrograms, text } from './programs.ts';

function live(source: string, hook: HookName = 'xdp') {
  return liveness(analyze(text(source, hook)));
}

function registers(mask: number): number[] {
  return [...Array(10).keys()].filter((n) => (mask & (1 << n)) !== 0);
}

describe('registers', () => {
  it('r0 is live only in the width that the hook reads', () => {
    const xdp = live('r0 = 1\nexit');
    expect(widthOf(xdp.liveBefore(1).bits[0]!)).toBe(32);
    const lsm = live('r0 = 1\nexit', 'lsm');
    expect(widthOf(lsm.liveBefore(1).bits[0]!)).toBe(64);
    expect(registers(xdp.liveBefore(0).registers)).toEqual([]);
  });

  it('of a callee all of r0 is live', () => {
    const l = live('call f\nr0 >>= 32\nexit\nf:\nr0 = r1\nexit');
    expect(l.liveBefore(4).bits[0]).toBe(0xffff_ffff_ffff_ffffn);
    expect(registers(l.liveBefore(0).registers)).toEqual([1]);
  });

  it('knows bit widths', () => {
    const l = live(`
      r0 = r2
      r0 &= 0xff00
      w3 = w4
      r0 |= r3
      r5 <<= 56
      r5 >>= 48
      r0 ^= r5
      exit`);
    const before = l.liveBefore(0);
    expect(before.bits[2]).toBe(0xff00n);
    expect(widthOf(before.bits[4]!)).toBe(32);
    expect(before.bits[5]).toBe(0xffn);
    expect(registers(before.registers)).toEqual([2, 4, 5]);
    expect(l.liveAfter(0)).toEqual(l.liveBefore(1));
  });

  it('follows both ways of a jump and the arguments of helpers', () => {
    const l = live(`
      if r6 > r7 goto other
      r1 = 1
      r2 = 2
      call bpf_redirect
      exit
    other:
      r0 = r8
      exit`);
    expect(registers(l.liveBefore(0).registers)).toEqual([6, 7, 8]);
    expect(registers(l.liveBefore(3).registers)).toEqual([1, 2]);
    expect(registers(l.liveAfter(0).registers)).toEqual([8]);
  });

  it('a shift right keeps the upper bits, a jump on bits only those', () => {
    const l = live('if r2 & 0x10 goto +1\nr3 >>= 60\nr0 = r3\nexit');
    expect(l.liveBefore(0).bits[2]).toBe(0x10n);
    expect(l.liveBefore(1).bits[3]).toBe(0xf000_0000_0000_0000n);
  });
});

describe('stack bytes', () => {
  it('a store that is overwritten or never read is dead', () => {
    const l = live(`
      *(u64 *)(r10 - 8) = r1
      *(u32 *)(r10 - 8) = 1
      *(u32 *)(r10 - 16) = 2
      r0 = *(u32 *)(r10 - 4)
      exit`);
    expect(l.liveAfter(0).stack).toBe(stackBytes(-4, 0));
    expect(l.liveAfter(1).stack).toBe(stackBytes(-4, 0));
    expect(l.liveAfter(3).stack).toBe(0n);
    // Of r1 only the upper half reaches the load.
    expect(l.liveBefore(0).bits[1]).toBe(0xffff_ffff_0000_0000n);
  });

  const lookup = (m: string): string => `
      *(u64 *)(r10 - 16) = 0
      *(u64 *)(r10 - 8) = 0
      r2 = r10
      r2 += -16
      r1 = map[${m}]
      call bpf_map_lookup_elem
      r0 = 0
      exit`;

  it('a helper reads as many bytes as its map has in a key', () => {
    expect(live(lookup('array')).liveAfter(1).stack).toBe(stackBytes(-16, -12));
    expect(live(lookup('hash')).liveAfter(1).stack).toBe(stackBytes(-16, 0));
  });

  it('everything is live when a stack pointer goes where nobody knows', () => {
    const l = live('r1 = r10\nr1 += -8\ncall f\nexit\nf:\nr0 = 0\nexit');
    expect(l.liveBefore(2).stack).toBe(ALL_STACK);
    const probe = live('r1 = r10\nr1 += -8\nr2 = 8\nr3 = r10\ncall bpf_probe_read\nr0 = 0\nexit', 'kprobe');
    expect(probe.liveBefore(4).stack).toBe(ALL_STACK);
  });

  it('a variable offset reads its whole range', () => {
    const l = live(`
      r2 = *(u32 *)(r1 + 12)
      r2 &= 8
      r3 = r10
      r3 += -16
      r3 += r2
      r0 = *(u64 *)(r3 + 0)
      exit`);
    expect(l.liveBefore(5).stack).toBe(stackBytes(-16, 0));
  });
});

describe('programs of the paper', () => {
  it.skipIf(!hasPaperPrograms)(
    'nothing but r1 is live at their start (skipped without the shared corpus)',
    () => {
      for (const { name, program } of paperPrograms()) {
        const l = liveness(analyze(program));
        const start = l.liveBefore(0);
        expect([registers(start.registers), start.stack], name).toEqual([
          start.bits[1] === 0n ? [] : [1],
          0n,
        ]);
      }
    },
  );
});
