/** Rows of the semantics table: arithmetic, moves and byte order. */
import { linux } from '../../base/linux.ts';
import type { Algebra, Width } from '../algebra.ts';
import { Class, Source } from '../insn.ts';
import type { BinaryMnemonic, IsaLevel, OpName, UnnumberedRow } from '../opspec.ts';

type Binary = <V, B>(a: Algebra<V, B>, d: V, s: V, w: 32 | 64) => V;

function zero<V, B>(a: Algebra<V, B>, w: Width): V {
  return a.const(0n, w);
}
function shift<V, B>(a: Algebra<V, B>, s: V, w: Width): V {
  return a.and(s, a.const(BigInt(w - 1), w), w);
}

/** [mnemonic, code, meaning]: the plain two-operand ALU operations, in K and X form, at 32 and 64 bits. */
const ALU: readonly [BinaryMnemonic, number, Binary][] = [
  ['add', 0x00, (a, d, s, w) => a.add(d, s, w)],
  ['sub', 0x10, (a, d, s, w) => a.sub(d, s, w)],
  ['mul', 0x20, (a, d, s, w) => a.mul(d, s, w)],
  // Division by zero gives 0, modulo by zero leaves dst.
  ['div', 0x30, (a, d, s, w) => a.ite(a.eq(s, zero(a, w), w), zero(a, w), a.udiv(d, s, w), w)],
  ['or', 0x40, (a, d, s, w) => a.or(d, s, w)],
  ['and', 0x50, (a, d, s, w) => a.and(d, s, w)],
  ['lsh', 0x60, (a, d, s, w) => a.shl(d, shift(a, s, w), w)],
  ['rsh', 0x70, (a, d, s, w) => a.lshr(d, shift(a, s, w), w)],
  ['mod', 0x90, (a, d, s, w) => a.ite(a.eq(s, zero(a, w), w), d, a.urem(d, s, w), w)],
  ['xor', 0xa0, (a, d, s, w) => a.xor(d, s, w)],
  ['mov', 0xb0, (_a, _d, s) => s],
  ['arsh', 0xc0, (a, d, s, w) => a.ashr(d, shift(a, s, w), w)],
];

/** Signed division (off = 1): by zero 0 / dst; the minimum by -1 wraps to itself, with remainder 0. */
const SIGNED: readonly [BinaryMnemonic, number, Binary][] = [
  [
    'sdiv',
    0x30,
    (a, d, s, w) =>
      a.ite(
        a.eq(s, zero(a, w), w),
        zero(a, w),
        a.ite(a.eq(s, a.const(-1n, w), w), a.sub(zero(a, w), d, w), a.sdiv(d, s, w), w),
        w,
      ),
  ],
  [
    'smod',
    0x90,
    (a, d, s, w) =>
      a.ite(a.eq(s, zero(a, w), w), d, a.ite(a.eq(s, a.const(-1n, w), w), zero(a, w), a.srem(d, s, w), w), w),
  ],
];

/** Where the second operand comes from, and the letter for it in the rows' names. */
export const OPERANDS = [
  ['K', 'k'],
  ['X', 'x'],
] as const;

export function* aluRows(): Generator<UnnumberedRow> {
  for (const width of [64, 32] as const) {
    const cls = width === 64 ? Class.ALU64 : Class.ALU;
    const level: IsaLevel = width === 64 ? 1 : 3;
    for (const [operand, letter] of OPERANDS) {
      const source = Source[operand];
      for (const [mnemonic, code, f] of ALU) {
        yield {
          kind: 'alu',
          name: `${mnemonic}${width}.${letter}`,
          mnemonic,
          op: cls | source | code,
          off: 0,
          level,
          linux: linux(3, 18),
          width,
          operand,
          readsDst: mnemonic !== 'mov',
          eval: (a, d, s) => f(a, d, s, width),
        };
      }
      for (const [mnemonic, code, f] of SIGNED) {
        yield {
          kind: 'alu',
          name: `${mnemonic}${width}.${letter}`,
          mnemonic,
          op: cls | source | code,
          off: 1,
          level: 4,
          linux: linux(6, 6),
          width,
          operand,
          readsDst: true,
          eval: (a, d, s) => f(a, d, s, width),
        };
      }
    }
    for (const from of width === 64 ? ([8, 16, 32] as const) : ([8, 16] as const)) {
      yield {
        kind: 'alu',
        name: `movsx${from}_${width}.x` as OpName,
        mnemonic: 'movsx',
        op: cls | Source.X | 0xb0,
        off: from,
        bits: from,
        level: 4,
        linux: linux(6, 6),
        width,
        operand: 'X',
        readsDst: false,
        eval: (a, _d, s) => a.sext(a.trunc(s, width, from), from, width),
      };
    }
    yield {
      kind: 'alu',
      name: `neg${width}`,
      mnemonic: 'neg',
      op: cls | 0x80,
      level,
      linux: linux(3, 18),
      width,
      operand: 'none',
      readsDst: true,
      eval: (a, d) => a.sub(a.const(0n, width), d, width),
    };
  }
  // Byte order: `le` keeps the low bytes on the little-endian machines that this project models, `be` swaps
  // them; both clear the rest. `bswap` always swaps.
  for (const bits of [16, 32, 64] as const) {
    const keep = <V, B>(a: Algebra<V, B>, d: V): V =>
      bits === 64 ? d : a.zext(a.trunc(d, 64, bits), bits, 64);
    const swap = <V, B>(a: Algebra<V, B>, d: V): V =>
      bits === 64 ? a.bswap(d, 64) : a.zext(a.bswap(a.trunc(d, 64, bits), bits), bits, 64);
    const common = { kind: 'alu', width: 64, operand: 'none', readsDst: true, imm: bits, bits } as const;
    yield {
      ...common,
      name: `le${bits}`,
      mnemonic: 'le',
      op: 0xd4,
      level: 1,
      linux: linux(3, 18),
      eval: keep,
    };
    yield {
      ...common,
      name: `be${bits}`,
      mnemonic: 'be',
      op: 0xdc,
      level: 1,
      linux: linux(3, 18),
      eval: swap,
    };
    yield {
      ...common,
      name: `bswap${bits}`,
      mnemonic: 'bswap',
      op: 0xd7,
      level: 4,
      linux: linux(6, 6),
      eval: swap,
    };
  }
}
