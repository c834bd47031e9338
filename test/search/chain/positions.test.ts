import { describe, expect, it } from 'vitest';
import { Rng } from '../../../src/base/random.ts';
import { assemble } from '../../../src/isa/asm/asm.ts';
import { insn, nop, OP_JA, sizeInSlots } from '../../../src/isa/insn.ts';
import { buildPools } from '../../../src/search/chain/pools.ts';
import { lower, loweredSlots, raise, widened } from '../../../src/search/chain/positions.ts';
import { propose } from '../../../src/search/chain/proposals.ts';
import { wellFormed, windowFactsOf } from '../../../src/search/chain/quick-check.ts';
import { DEFAULT_SETTINGS } from '../../../src/search/chain/settings.ts';
import { branchingWindows } from '../../../src/search/windows.ts';
import { programOf } from '../../optimizer/helpers.ts';

const BODY = assemble(`
  r1 = *(u32 *)(r10 -4)
  if r1 == 0x0 goto +3
  r2 = 0x1122334455667788 ll
  r1 += r2
  if r1 > 0x5 goto +4
  r0 = r1
  exit
`);

describe('raise and lower', () => {
  it('are inverse where nothing is idle', () => {
    const raised = raise(BODY, [2])!;
    expect(raised.insns[1]!.off).toBe(2);
    // One position behind the window, and the first place outside.
    expect(raised.insns[4]!.off + 4 + 1).toBe(BODY.length + 1);
    expect(lower(raised.insns, [2])).toEqual(BODY);
    expect(loweredSlots(raised.insns)).toBe(sizeInSlots(BODY));
  });

  it('keep places outside when the window gets longer', () => {
    const wide = widened(raise(BODY, [2])!, 12);
    expect(wide.insns).toHaveLength(12);
    expect(lower(wide.insns, [2])).toEqual(BODY);
  });

  it('refuse jumps back and places that are not listed', () => {
    expect(raise([nop(), insn(OP_JA, 0, 0, -2)], [])).toBeUndefined();
    expect(raise(BODY, [])).toBeUndefined();
  });

  it('drop what cannot run and jumps to the next instruction', () => {
    const code = assemble(`
      if r1 == 0x0 goto +1
      goto +0
      r0 = 1
      goto +2
      r0 = 2
      r0 = 3
      exit
    `);
    const lowered = lower(raise(code, [])!.insns, []);
    expect(lowered).toEqual(assemble('r0 = 1\nexit'));
    expect(loweredSlots(raise(code, [])!.insns)).toBe(2);
  });

  it('agree in price for whatever is proposed, and never jump back', () => {
    const { insns } = raise(BODY, [2])!;
    const pools = buildPools(BODY, BODY, [10], { level: 3, linux: 504 }, 1);
    const rng = new Rng('flow');
    let window = insns;
    for (let n = 0; n < 5000; n++) {
      const p = propose(window, new Set(), DEFAULT_SETTINGS, pools, rng);
      const next = [...window];
      for (const { at, insn: i } of p?.edits ?? []) next[at] = i;
      for (const [at, i] of next.entries())
        if (i.op === OP_JA || (i.op & 7) === 5 || (i.op & 7) === 6)
          if (i.op !== 0x95) {
            expect(i.off).toBeGreaterThanOrEqual(0);
            expect(at + 1 + i.off).toBeLessThanOrEqual(insns.length + 1);
          }
      expect(loweredSlots(next)).toBe(sizeInSlots(lower(next, [2])));
      window = n % 20 === 0 ? insns : next;
    }
  });
});

describe('wellFormed', () => {
  const entry = { defined: 0b10000000010, pointers: 0b10000000010, context: 0b10, nullable: 0 };
  const judge = (text: string): boolean => wellFormed(raise(assemble(text), [])!.insns, entry);

  it('wants registers written on every path', () => {
    expect(judge('r0 = 1\nif r0 == 0x0 goto +1\nr2 = 1\nr0 = r2\nexit')).toBe(false);
    expect(judge('r0 = 1\nr2 = 2\nif r0 == 0x0 goto +1\nr2 = 1\nr0 = r2\nexit')).toBe(true);
    expect(judge('call 5\nr0 = r1\nexit')).toBe(false);
  });

  it('refuses what the checker refuses of pointers', () => {
    expect(judge('*(u32 *)(r1 +0) = 1')).toBe(false);
    expect(judge('r2 = r1\nr2 <<= 2')).toBe(false);
    expect(judge('r2 = r1\nr2 = 1\nr2 <<= 2')).toBe(true);
    expect(judge('r0 = r10\nr0 -= r1\nr0 <<= 1')).toBe(true);
    expect(judge('r0 = r10\nr0 ^= r1')).toBe(false);
    expect(judge('*(u64 *)(r10 -12) = 0')).toBe(false);
    expect(judge('*(u32 *)(r10 -12) = 0')).toBe(true);
  });

  it('wants pointers that may be NULL checked', () => {
    const lookup = 'r2 = r10\ncall 1\n';
    expect(judge(`${lookup}r1 = *(u32 *)(r0 +0)`)).toBe(false);
    expect(judge(`${lookup}if r0 == 0x0 goto +1\nr1 = *(u32 *)(r0 +0)`)).toBe(true);
    expect(judge(`${lookup}if r0 != 0x0 goto +1\nexit\nr1 = *(u32 *)(r0 +0)`)).toBe(true);
    expect(judge(`${lookup}r6 = r0\nif r6 == 0x0 goto +1\n*(u32 *)(r6 +0) = 1`)).toBe(true);
    expect(judge(`${lookup}r0 += 8`)).toBe(false);
  });

  describe('with what the source leaves behind', () => {
    const fields = new Set([0, 4]);
    const within = (source: string, text: string, live: number): boolean => {
      const around = windowFactsOf(raise(assemble(source), [])!.insns, entry, fields, [live]);
      return wellFormed(raise(assemble(text), [])!.insns, entry, around);
    };

    it('wants registers that are read later written, and checked', () => {
      expect(within('r0 = 1\nr3 = 2', 'r0 = 1', 0b1)).toBe(true);
      expect(within('r0 = 1\nr3 = 2', 'r0 = 1', 0b1001)).toBe(false);
      const lookup = 'r2 = r10\ncall 1\n';
      expect(within(`${lookup}if r0 != 0x0 goto +1\nexit\nr6 = 0`, lookup, 0b1)).toBe(false);
      expect(within(`${lookup}if r0 != 0x0 goto +1\nexit\nr6 = 0`, lookup, 0)).toBe(true);
      expect(within(`${lookup}r6 = 0`, `${lookup}r6 = 1`, 0b1)).toBe(true);
    });

    it('compares addresses as addresses only', () => {
      const loads = 'r2 = *(u32 *)(r1 +4)\nr3 = *(u32 *)(r1 +0)\n';
      const source = `${loads}if r3 > r2 goto +1\nr0 = 1`;
      const to = (condition: string): boolean => within(source, `${loads}if ${condition} goto +1\nr0 = 1`, 0);
      for (const fine of ['r3 >= r2', 'r2 == r3', 'r2 != 0x0', 'r3 < r2']) expect(to(fine)).toBe(true);
      for (const not of ['w3 > w2', 'r3 s> r2', 'r3 > 0xff', 'r3 & r2', 'w3 == 0x0'])
        expect(to(not)).toBe(false);
      // Unless the source does.
      const odd = `${loads}if w3 > w2 goto +1\nr0 = 1`;
      expect(within(odd, odd, 0)).toBe(true);
    });
  });
});

describe('branchingWindows', () => {
  const of = (text: string, length: number) => branchingWindows(programOf(assemble(text), 'xdp'), length);

  it('are entered at their start only', () => {
    const text = 'r0 = 1\nif r0 == 0x0 goto +3\nr1 = 1\nr2 = 2\nr3 = 3\nr4 = 4\nexit';
    expect(of(text, 10)[0]).toEqual({ start: 0, end: 7 });
    // From 2 on, the window must end before 5, where the jump at 1 goes.
    for (const w of of(text, 4)) expect(w.start <= 1 || w.start >= 5 || w.end <= 5).toBe(true);
  });

  it('hold no loop, no local call, no straight-line code alone', () => {
    for (const w of of('r0 = 5\nr0 += -1\nif r0 != 0x0 goto -2\nexit', 10))
      expect(w.start > 1 || w.end <= 2).toBe(true);
    expect(of('r0 = 5\nr0 += -1\nr1 = 1', 10)).toEqual([]);
  });
});
