import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { form, negated, operandsSwapped } from '../../src/isa/forms.ts';
import { bigintAlgebra, insn, type JumpOp, OPS, opcode, opNamed, specOf } from '../../src/isa/index.ts';
import { RELATIONS, type Relation } from '../../src/isa/relations.ts';
import { arbU64 } from './arbitrary.ts';

const jumps = OPS.filter((row): row is JumpOp => row.kind === 'jump');

describe('columns', () => {
  it('name what the rows are called', () => {
    for (const row of OPS) expect(row.name).toContain(row.mnemonic);
    expect(opNamed('movsx16_64.x')).toMatchObject({ mnemonic: 'movsx', bits: 16 });
    expect(opNamed('bswap32')).toMatchObject({ mnemonic: 'bswap', bits: 32 });
    expect(opNamed('atomic.fetch_or.dw')).toMatchObject({ mnemonic: 'fetch_or' });
    expect(opcode('mov64.k')).toBe(0xb7);
  });

  it('negate and swap back and forth', () => {
    for (const relation of Object.keys(RELATIONS) as Relation[]) {
      expect(RELATIONS[RELATIONS[relation].negated].negated).toBe(relation);
      expect(RELATIONS[RELATIONS[relation].swapped].swapped).toBe(relation);
    }
  });
});

describe('form', () => {
  it('finds every row by what it does', () => {
    for (const row of OPS) expect(form(row, {})).toBe(row);
  });

  it.each([
    ['add64.x', { operand: 'K' }, 'add64.k'],
    ['sdiv64.k', { operand: 'X', width: 32 }, 'sdiv32.x'],
    ['jslt32.x', { width: 64 }, 'jslt64.x'],
    ['jslt32.x', { relation: 'ne', operand: 'K' }, 'jne32.k'],
    ['stx.h', { operand: 'K' }, 'st.h'],
    ['ldx.w', { size: 8 }, 'ldx.dw'],
    ['atomic.add.w', { size: 8 }, 'atomic.add.dw'],
    ['movsx8_64.x', { width: 32 }, 'movsx8_32.x'],
  ] as const)('%s with %j is %s', (from, change, to) => {
    expect(form(opNamed(from), change)).toBe(opNamed(to));
  });

  it.each([
    ['movsx8_64.x', { operand: 'K' }],
    ['movsx32_64.x', { width: 32 }],
    ['ldxsx.w', { size: 8 }],
    ['store_release.w', { operand: 'K' }],
    ['jset64.x', { relation: 'clear' }],
    ['le16', { width: 32 }],
    ['atomic.add.w', { size: 1 }],
    ['exit', { width: 32 }],
  ] as const)('%s with %j does not exist', (from, change) => {
    expect(form(opNamed(from), change)).toBeUndefined();
  });
});

describe('conditions', () => {
  it.each(jumps)('$name: negation and exchange of the operands', (row) => {
    const i = insn(row.op, 1, row.operand === 'X' ? 2 : 0, 3, row.operand === 'K' ? 4 : 0);
    const [not, swapped] = [negated(i), operandsSwapped(i)];
    expect(not === undefined).toBe(row.mnemonic === 'jset');
    expect({ ...swapped, op: i.op }).toEqual(i);
    fc.assert(
      fc.property(arbU64, fc.option(arbU64), (d, other) => {
        const [a, b] = [d, other ?? d].map((v) => BigInt.asUintN(row.width, v)) as [bigint, bigint];
        const taken = row.eval(bigintAlgebra, a, b);
        expect((specOf(swapped!) as JumpOp).eval(bigintAlgebra, b, a)).toBe(taken);
        if (not !== undefined) expect((specOf(not) as JumpOp).eval(bigintAlgebra, a, b)).toBe(!taken);
      }),
    );
  });

  it('have none but for conditional jumps', () => {
    for (const row of OPS.filter((r) => r.kind !== 'jump'))
      expect([negated(insn(row.op)), operandsSwapped(insn(row.op))]).toEqual([undefined, undefined]);
  });
});
