import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode, type Insn, insn } from '../../src/isa/index.ts';
import { arbRawInsn } from './arbitrary.ts';

const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (b) => Number.parseInt(b, 16));

describe('codec', () => {
  it.each<[string, string, Insn]>([
    ['mov64 imm', 'b701000005000000', insn(0xb7, 1, 0, 0, 5)],
    ['dst is the low nibble', '7b1af8ff00000000', insn(0x7b, 10, 1, -8, 0)],
    ['negative immediate', 'b700000001000080', insn(0xb7, 0, 0, 0, -0x7fff_ffff)],
    ['ld_imm64', '180200008877665500000000443322f1', insn(0x18, 2, 0, 0, 0x55667788, 0xf1223344)],
  ])('%s', (_name, hex, expected) => {
    expect(decode(bytes(hex))).toEqual({ ok: true, insns: [expected] });
    expect(encode([expected])).toEqual(bytes(hex));
  });

  it('round-trips every instruction list', () => {
    fc.assert(
      fc.property(fc.array(arbRawInsn), (insns) => {
        expect(decode(encode(insns))).toEqual({ ok: true, insns });
      }),
    );
  });

  it('has another layout on big-endian machines: fields turned round, registers exchanged', () => {
    expect(decode(bytes('7ba1fff800000000'), 'big')).toEqual({ ok: true, insns: [insn(0x7b, 10, 1, -8, 0)] });
    expect(decode(bytes('182000005566778800000000f1223344'), 'big')).toEqual({
      ok: true,
      insns: [insn(0x18, 2, 0, 0, 0x55667788, 0xf1223344)],
    });
    fc.assert(
      fc.property(fc.array(arbRawInsn), (insns) => {
        expect(decode(encode(insns, 'big'), 'big')).toEqual({ ok: true, insns });
      }),
    );
  });

  it('round-trips every byte string that it accepts, and refuses without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (data) => {
        const result = decode(data);
        if (result.ok) expect(encode(result.insns)).toEqual(data);
        else expect(result.slot).toBeLessThanOrEqual(data.length / 8);
      }),
    );
  });

  it.each([
    ['a partial slot', 'b70100000500000095', 1, /9 bytes/],
    ['a missing second slot', '95000000000000001802000000000000', 1, /second slot is missing/],
    ['a second slot with an opcode', '18020000000000000100000000000000', 0, /more than imm/],
    ['a second slot with registers', '18020000000000000001000000000000', 0, /more than imm/],
    ['a second slot with an offset', '18020000000000000000010000000000', 0, /more than imm/],
  ])('refuses %s', (_name, hex, slot, reason) => {
    const result = decode(bytes(hex));
    expect(result).toMatchObject({ ok: false, slot, reason: expect.stringMatching(reason) });
  });

  it('refuses to encode what does not fit', () => {
    for (const bad of [insn(0x105), insn(0xb7, 16), insn(0xb7, 0, 0, 0x8000), insn(0xb7, 0, 0, 0, 0, 1)])
      expect(() => encode([bad])).toThrow(RangeError);
  });
});
