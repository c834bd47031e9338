import { describe, expect, it } from 'vitest';
import { Rng } from '../../../src/base/random.ts';
import { assemble } from '../../../src/isa/asm/asm.ts';
import { fieldError } from '../../../src/isa/fields.ts';
import { type Insn, isNop } from '../../../src/isa/insn.ts';
import { specOf } from '../../../src/isa/semantics.ts';
import { buildPools } from '../../../src/search/chain/pools.ts';
import { propose, randomInsn } from '../../../src/search/chain/proposals.ts';
import { PAPER_SETTINGS, type RuleWeights } from '../../../src/search/chain/settings.ts';

const WINDOW = assemble(`
  r1 = 7
  *(u32 *)(r10 -4) = r1
  r2 = *(u16 *)(r6 +12)
  r2 <<= 8
  w3 = w2
`);
const TARGET = { level: 3, linux: 504 } as const;
const pools = buildPools(WINDOW, WINDOW, [6, 10], TARGET);
const only = (rule: keyof RuleWeights) => ({
  ...PAPER_SETTINGS[0]!,
  rules: { ir: 0, or: 0, nr: 0, me1: 0, me2: 0, cir: 0, idiom: 0, [rule]: 1 },
});
const draws = (rule: keyof RuleWeights, n = 2000) => {
  const rng = new Rng('proposals', rule);
  return Array.from({ length: n }, () => propose(WINDOW, new Set(), only(rule), pools, rng)).flatMap((p) =>
    p === undefined ? [] : [p],
  );
};

describe('pools', () => {
  it('hold the constants, addresses and registers of the window', () => {
    expect(pools.constants).toContain(7);
    expect(pools.addresses).toContainEqual({ base: 6, off: 12 });
    expect(pools.addresses).toContainEqual({ base: 10, off: -4 });
    expect(pools.addresses).not.toContainEqual({ base: 10, off: 12 });
    expect(pools.writable).not.toContain(10);
  });

  it('hold nothing that the target does not accept', () => {
    for (const row of pools.rows) expect(row.linux).toBeLessThanOrEqual(504);
    expect(pools.rows.some((r) => r.name === 'atomic.add.dw')).toBe(true);
    expect(pools.rows.some((r) => r.name === 'sdiv64.k')).toBe(false);
    expect(pools.rows.some((r) => r.kind === 'jump' || r.kind === 'call')).toBe(false);
  });
});

describe('proposal rules', () => {
  it('draw only valid instructions that do not write r10', () => {
    const rng = new Rng('valid');
    for (let n = 0; n < 5000; n++) {
      const i = randomInsn(rng, pools);
      expect(fieldError(i), JSON.stringify(i)).toBeUndefined();
      const spec = specOf(i);
      if (spec?.kind === 'alu' || spec?.kind === 'load') expect(i.dst).not.toBe(10);
    }
  });

  it('ir replaces one instruction', () => {
    const found = draws('ir');
    expect(found.length).toBe(2000);
    for (const p of found) expect(p.edits).toHaveLength(1);
    expect(new Set(found.map((p) => p.edits[0]?.at)).size).toBe(WINDOW.length);
  });

  it('or keeps the opcode and changes at most one operand', () => {
    for (const p of draws('or')) {
      const old = WINDOW[p.edits[0]!.at] as Insn;
      const now = p.edits[0]!.insn;
      expect(now.op).toBe(old.op);
      const address = now.off !== old.off ? 1 : 0;
      const changed = Number(now.dst !== old.dst) + Number(now.src !== old.src) + Number(now.imm !== old.imm);
      // An address is one operand: base register and offset go together.
      expect(changed).toBeLessThanOrEqual(1);
      if (address === 1) expect(now.imm).toBe(old.imm);
    }
  });

  it('nr writes a NOP', () => {
    for (const p of draws('nr')) expect(isNop(p.edits[0]!.insn)).toBe(true);
  });

  it('me1 and me2 touch only loads and stores, and keep address and direction', () => {
    for (const rule of ['me1', 'me2'] as const)
      for (const p of draws(rule)) {
        const old = WINDOW[p.edits[0]!.at] as Insn;
        const now = p.edits[0]!.insn;
        const [before, after] = [specOf(old), specOf(now)];
        expect(after?.kind).toBe(before?.kind);
        expect(now.off).toBe(old.off);
        if (before?.kind === 'load') expect(now.src).toBe(old.src);
        else expect(now.dst).toBe(old.dst);
        if (rule === 'me2') expect([now.dst, now.src, now.imm]).toEqual([old.dst, old.src, old.imm]);
      }
  });

  it('cir replaces at most two neighbours', () => {
    for (const p of draws('cir')) {
      expect(p.edits.length).toBeGreaterThanOrEqual(1);
      expect(p.edits.length).toBeLessThanOrEqual(2);
      for (const { at } of p.edits) expect(at).toBeLessThan(WINDOW.length);
      if (p.edits.length === 2) expect(p.edits[1]!.at).toBe(p.edits[0]!.at + 1);
    }
  });

  it('idiom edits valid instructions, each position once', () => {
    const found = draws('idiom', 5000);
    expect(found.length).toBeGreaterThan(500);
    for (const p of found) {
      expect(new Set(p.edits.map((e) => e.at)).size).toBe(p.edits.length);
      for (const { at, insn } of p.edits) {
        expect(at).toBeLessThan(WINDOW.length);
        expect(fieldError(insn), JSON.stringify(insn)).toBeUndefined();
      }
    }
  });

  it('leave frozen positions alone', () => {
    const rng = new Rng('frozen');
    const frozen = new Set([1, 3]);
    for (let n = 0; n < 3000; n++) {
      const p = propose(WINDOW, frozen, PAPER_SETTINGS[1]!, pools, rng);
      for (const { at } of p?.edits ?? []) expect(frozen.has(at)).toBe(false);
    }
  });
});
