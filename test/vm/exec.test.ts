import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/base/errors.ts';
import { encode } from '../../src/isa/codec.ts';
import type { Insn } from '../../src/isa/insn.ts';
import { execConformance } from '../../src/vm/index.ts';
import { exit, imm64, op } from './support/programs.ts';

const hex = (insns: readonly Insn[]): string => Buffer.from(encode(insns)).toString('hex');

describe('execConformance', () => {
  it('gives r0, all 64 bits', () => {
    expect(execConformance(hex([imm64(0, 0x1122_3344_5566_7788n), exit()]), '')).toEqual({
      ok: true,
      r0: 0x1122_3344_5566_7788n,
    });
  });
  it('passes the memory in r1 and its length in r2', () => {
    const insns = [op('ldx.h', 0, 1, 1), op('lsh64.k', 0, 0, 0, 8), op('or64.x', 0, 2), exit()];
    expect(execConformance(hex(insns), 'aa bb cc')).toEqual({ ok: true, r0: 0xccbb03n });
    expect(execConformance(hex([op('mov64.x', 0, 1), op('or64.x', 0, 2), exit()]), '')).toEqual({
      ok: true,
      r0: 0n,
    });
  });
  it('writes to the memory, and not past its end', () => {
    const insns = [op('st.b', 1, 0, 2, 7), op('ldx.b', 0, 1, 2), exit()];
    expect(execConformance(hex(insns), '000000')).toEqual({ ok: true, r0: 7n });
    expect(execConformance(hex(insns), '0000')).toEqual({
      ok: false,
      message: 'instruction 0: out-of-bounds',
    });
  });
  it('says so when the result was never written', () => {
    for (const insns of [[exit()], [op('mov64.x', 0, 6), exit()], [op('add64.k', 0, 0, 0, 1), exit()]])
      expect(execConformance(hex(insns), '')).toEqual({
        ok: false,
        message: 'the result depends on a register that was never written',
      });
    const unused = [op('mov64.x', 3, 6), op('mov64.k', 0, 0, 0, 7), exit()];
    expect(execConformance(hex(unused), '')).toEqual({ ok: true, r0: 7n });
  });
  it('runs the first program of an object', () => {
    const object = readFileSync(join(import.meta.dirname, '../program/elf/data/forms.o'));
    expect(execConformance(object.toString('hex'), '', { elf: true })).toEqual({ ok: true, r0: 2n });
    expect(() => execConformance('7f454c46', '', { elf: true })).toThrow(UserError);
  });
  it('says what is wrong with a program', () => {
    expect(execConformance(hex([op('mov64.k', 0)]), '')).toMatchObject({ ok: false });
    expect(() => execConformance('b7000', '')).toThrow(UserError);
    expect(() => execConformance('b700', '')).toThrow(UserError);
    expect(() => execConformance(hex([exit()]), 'xyz')).toThrow(UserError);
  });
});
