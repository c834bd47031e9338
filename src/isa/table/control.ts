/** Rows of the semantics table: jumps, calls, exit and what loads addresses. */
import { linux } from '../../base/linux.ts';
import type { Algebra } from '../algebra.ts';
import { Class, OP_CALL, OP_EXIT, OP_JA, OP_JA32, OP_JCOND, OP_LD_IMM64, Source } from '../insn.ts';
import type { IsaLevel, JumpMnemonic, UnnumberedRow } from '../opspec.ts';
import { RELATIONS, type Relation } from '../relations.ts';
import { OPERANDS } from './alu.ts';

type Test = <V, B>(a: Algebra<V, B>, d: V, s: V, w: 32 | 64) => B;

/** [mnemonic, code, relation, level, linux, taken when] */
const JUMPS: readonly [JumpMnemonic, number, Relation, IsaLevel, number, Test][] = [
  ['jeq', 0x10, 'eq', 1, linux(3, 18), (a, d, s, w) => a.eq(d, s, w)],
  ['jgt', 0x20, 'ugt', 1, linux(3, 18), (a, d, s, w) => a.ult(s, d, w)],
  ['jge', 0x30, 'uge', 1, linux(3, 18), (a, d, s, w) => a.not(a.ult(d, s, w))],
  ['jset', 0x40, 'set', 1, linux(3, 18), (a, d, s, w) => a.not(a.eq(a.and(d, s, w), a.const(0n, w), w))],
  ['jne', 0x50, 'ne', 1, linux(3, 18), (a, d, s, w) => a.not(a.eq(d, s, w))],
  ['jsgt', 0x60, 'sgt', 1, linux(3, 18), (a, d, s, w) => a.slt(s, d, w)],
  ['jsge', 0x70, 'sge', 1, linux(3, 18), (a, d, s, w) => a.not(a.slt(d, s, w))],
  ['jlt', 0xa0, 'ult', 2, linux(4, 14), (a, d, s, w) => a.ult(d, s, w)],
  ['jle', 0xb0, 'ule', 2, linux(4, 14), (a, d, s, w) => a.not(a.ult(s, d, w))],
  ['jslt', 0xc0, 'slt', 2, linux(4, 14), (a, d, s, w) => a.slt(d, s, w)],
  ['jsle', 0xd0, 'sle', 2, linux(4, 14), (a, d, s, w) => a.not(a.slt(s, d, w))],
];

export function* controlRows(): Generator<UnnumberedRow> {
  for (const width of [64, 32] as const)
    for (const [operand, letter] of OPERANDS)
      for (const [mnemonic, code, relation, level, since, f] of JUMPS)
        yield {
          kind: 'jump',
          name: `${mnemonic}${width}.${letter}`,
          mnemonic,
          relation,
          ...RELATIONS[relation],
          op: (width === 64 ? Class.JMP : Class.JMP32) | Source[operand] | code,
          level: width === 32 ? 3 : level,
          linux: width === 32 ? linux(5, 1) : since,
          width,
          operand,
          eval: (a, d, s) => f(a, d, s, width),
        };
  yield {
    kind: 'goto',
    name: 'ja',
    mnemonic: 'ja',
    op: OP_JA,
    level: 1,
    linux: linux(3, 18),
    distance: 'off',
  };
  yield {
    kind: 'goto',
    name: 'gotol',
    mnemonic: 'gotol',
    op: OP_JA32,
    level: 4,
    linux: linux(6, 6),
    distance: 'imm',
  };
  yield {
    kind: 'maygoto',
    name: 'may_goto',
    mnemonic: 'may_goto',
    op: OP_JCOND,
    src: 0,
    level: 4,
    linux: linux(6, 9),
  };
  const call = { kind: 'call', mnemonic: 'call', op: OP_CALL } as const;
  yield { ...call, name: 'call.helper', src: 0, level: 1, linux: linux(3, 18), target: 'helper' };
  yield { ...call, name: 'call.local', src: 1, level: 1, linux: linux(4, 16), target: 'local' };
  yield { ...call, name: 'call.kfunc', src: 2, level: 1, linux: linux(5, 13), target: 'kfunc' };
  yield { kind: 'exit', name: 'exit', mnemonic: 'exit', op: OP_EXIT, level: 1, linux: linux(3, 18) };
  yield {
    kind: 'ldimm64',
    name: 'ld_imm64',
    mnemonic: 'ld_imm64',
    op: OP_LD_IMM64,
    level: 1,
    linux: linux(3, 18),
  };
  yield {
    kind: 'cast',
    name: 'addr_space_cast',
    mnemonic: 'addr_space_cast',
    op: 0xbf,
    off: 1,
    level: 4,
    linux: linux(6, 9),
  };
}
