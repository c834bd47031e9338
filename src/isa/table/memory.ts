/** Rows of the semantics table: loads, stores, atomic operations and legacy packet loads. */
import { linux } from '../../base/linux.ts';
import type { Algebra } from '../algebra.ts';
import { Class, Mode, Size } from '../insn.ts';
import type { AtomicMnemonic, AtomicOp, Bytes, IsaLevel, OpName, UnnumberedRow } from '../opspec.ts';

type AtomicEval = <V, B>(a: Algebra<V, B>, old: V, src: V, r0: V, w: 32 | 64) => V;

/** [mnemonic, imm, result, level, linux, new memory value] */
const ATOMICS: readonly [AtomicMnemonic, number, AtomicOp['result'], IsaLevel, number, AtomicEval][] = [
  ['add', 0x00, 'none', 1, linux(3, 18), (a, o, s, _r, w) => a.add(o, s, w)],
  ['or', 0x40, 'none', 3, linux(5, 12), (a, o, s, _r, w) => a.or(o, s, w)],
  ['and', 0x50, 'none', 3, linux(5, 12), (a, o, s, _r, w) => a.and(o, s, w)],
  ['xor', 0xa0, 'none', 3, linux(5, 12), (a, o, s, _r, w) => a.xor(o, s, w)],
  ['fetch_add', 0x01, 'src', 3, linux(5, 12), (a, o, s, _r, w) => a.add(o, s, w)],
  ['fetch_or', 0x41, 'src', 3, linux(5, 12), (a, o, s, _r, w) => a.or(o, s, w)],
  ['fetch_and', 0x51, 'src', 3, linux(5, 12), (a, o, s, _r, w) => a.and(o, s, w)],
  ['fetch_xor', 0xa1, 'src', 3, linux(5, 12), (a, o, s, _r, w) => a.xor(o, s, w)],
  ['xchg', 0xe1, 'src', 3, linux(5, 12), (_a, _o, s) => s],
  ['cmpxchg', 0xf1, 'r0', 3, linux(5, 12), (a, o, s, r, w) => a.ite(a.eq(o, r, w), s, o, w)],
];

const SIZES: readonly ['b' | 'h' | 'w' | 'dw', number, Bytes][] = [
  ['b', Size.B, 1],
  ['h', Size.H, 2],
  ['w', Size.W, 4],
  ['dw', Size.DW, 8],
];

export function* memoryRows(): Generator<UnnumberedRow> {
  for (const [s, code, size] of SIZES) {
    const base = { level: 1, linux: linux(3, 18), size } as const;
    yield {
      ...base,
      kind: 'load',
      name: `ldx.${s}`,
      mnemonic: 'ldx',
      op: Class.LDX | code | Mode.MEM,
      signed: false,
      acquire: false,
    };
    if (size !== 8)
      yield {
        kind: 'load',
        name: `ldxsx.${s}` as OpName,
        mnemonic: 'ldxsx',
        op: Class.LDX | code | Mode.MEMSX,
        level: 4,
        linux: linux(6, 6),
        size,
        signed: true,
        acquire: false,
      };
    yield {
      ...base,
      kind: 'store',
      name: `stx.${s}`,
      mnemonic: 'stx',
      op: Class.STX | code | Mode.MEM,
      operand: 'X',
      release: false,
    };
    yield {
      ...base,
      kind: 'store',
      name: `st.${s}`,
      mnemonic: 'st',
      op: Class.ST | code | Mode.MEM,
      operand: 'K',
      release: false,
    };
    const atomic = Class.STX | code | Mode.ATOMIC;
    yield {
      kind: 'load',
      name: `load_acquire.${s}`,
      mnemonic: 'load_acquire',
      op: atomic,
      imm: 0x100,
      level: 4,
      linux: linux(6, 15),
      size,
      signed: false,
      acquire: true,
    };
    yield {
      kind: 'store',
      name: `store_release.${s}`,
      mnemonic: 'store_release',
      op: atomic,
      imm: 0x110,
      level: 4,
      linux: linux(6, 15),
      size,
      operand: 'X',
      release: true,
    };
    if (size === 4 || size === 8)
      for (const [mnemonic, imm, result, level, since, f] of ATOMICS)
        yield {
          kind: 'atomic',
          name: `atomic.${mnemonic}.${s}` as OpName,
          mnemonic,
          op: atomic,
          imm,
          level,
          linux: since,
          size,
          result,
          eval: (a, o, v, r) => f(a, o, v, r, size === 4 ? 32 : 64),
        };
    if (size !== 8)
      for (const [mnemonic, mode, indirect] of [
        ['ldabs', Mode.ABS, false],
        ['ldind', Mode.IND, true],
      ] as const)
        yield {
          kind: 'ldabs',
          name: `${mnemonic}.${s}` as OpName,
          mnemonic,
          op: Class.LD | code | mode,
          level: 1,
          linux: linux(3, 18),
          size,
          indirect,
        };
  }
}
