/**
 * The one semantics table. Every opcode's meaning is written here once, over the abstract algebra; the interpreters,
 * the symbolic executor and the abstract transfer functions all come from it.
 *
 *   in:   an instruction                     (insn.ts)
 *   out:  `specOf(insn)`, its row: what kind of step it is, at which width, and the function that computes it
 *
 * What a row leaves to its executor: register and memory access, zero extension of 32-bit results into the 64-bit
 * register, sign extension of `imm` (32 bits) to the operand's width, and control transfer.
 */
import type { Algebra, Width } from './algebra.ts';
import {
  Class,
  type Insn,
  Mode,
  OP_CALL,
  OP_EXIT,
  OP_JA,
  OP_JA32,
  OP_JCOND,
  OP_LD_IMM64,
  Size,
} from './insn.ts';
import type { AtomicOp, Bytes, IsaLevel, OpSpec } from './opspec.ts';

export type * from './opspec.ts';

type Binary = <V, B>(a: Algebra<V, B>, d: V, s: V, w: 32 | 64) => V;
type Test = <V, B>(a: Algebra<V, B>, d: V, s: V, w: 32 | 64) => B;

function zero<V, B>(a: Algebra<V, B>, w: Width): V {
  return a.const(0n, w);
}
function shift<V, B>(a: Algebra<V, B>, s: V, w: Width): V {
  return a.and(s, a.const(BigInt(w - 1), w), w);
}

/** [name, code, readsDst, meaning]: the plain two-operand ALU operations, in K and X form, at 32 and 64 bits. */
const ALU: readonly [string, number, Binary][] = [
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
const SIGNED: readonly [string, number, Binary][] = [
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

/** [name, code, level, linux, taken when] */
const JUMPS: readonly [string, number, IsaLevel, number, Test][] = [
  ['jeq', 0x10, 1, 318, (a, d, s, w) => a.eq(d, s, w)],
  ['jgt', 0x20, 1, 318, (a, d, s, w) => a.ult(s, d, w)],
  ['jge', 0x30, 1, 318, (a, d, s, w) => a.not(a.ult(d, s, w))],
  ['jset', 0x40, 1, 318, (a, d, s, w) => a.not(a.eq(a.and(d, s, w), zero(a, w), w))],
  ['jne', 0x50, 1, 318, (a, d, s, w) => a.not(a.eq(d, s, w))],
  ['jsgt', 0x60, 1, 318, (a, d, s, w) => a.slt(s, d, w)],
  ['jsge', 0x70, 1, 318, (a, d, s, w) => a.not(a.slt(d, s, w))],
  ['jlt', 0xa0, 2, 414, (a, d, s, w) => a.ult(d, s, w)],
  ['jle', 0xb0, 2, 414, (a, d, s, w) => a.not(a.ult(s, d, w))],
  ['jslt', 0xc0, 2, 414, (a, d, s, w) => a.slt(d, s, w)],
  ['jsle', 0xd0, 2, 414, (a, d, s, w) => a.not(a.slt(s, d, w))],
];

type AtomicEval = <V, B>(a: Algebra<V, B>, old: V, src: V, r0: V, w: 32 | 64) => V;

/** [name, imm, result, level, linux, new memory value] */
const ATOMICS: readonly [string, number, AtomicOp['result'], IsaLevel, number, AtomicEval][] = [
  ['add', 0x00, 'none', 1, 318, (a, o, s, _r, w) => a.add(o, s, w)],
  ['or', 0x40, 'none', 3, 512, (a, o, s, _r, w) => a.or(o, s, w)],
  ['and', 0x50, 'none', 3, 512, (a, o, s, _r, w) => a.and(o, s, w)],
  ['xor', 0xa0, 'none', 3, 512, (a, o, s, _r, w) => a.xor(o, s, w)],
  ['fetch_add', 0x01, 'src', 3, 512, (a, o, s, _r, w) => a.add(o, s, w)],
  ['fetch_or', 0x41, 'src', 3, 512, (a, o, s, _r, w) => a.or(o, s, w)],
  ['fetch_and', 0x51, 'src', 3, 512, (a, o, s, _r, w) => a.and(o, s, w)],
  ['fetch_xor', 0xa1, 'src', 3, 512, (a, o, s, _r, w) => a.xor(o, s, w)],
  ['xchg', 0xe1, 'src', 3, 512, (_a, _o, s) => s],
  ['cmpxchg', 0xf1, 'r0', 3, 512, (a, o, s, r, w) => a.ite(a.eq(o, r, w), s, o, w)],
];

const SIZES: readonly [string, number, Bytes][] = [
  ['b', Size.B, 1],
  ['h', Size.H, 2],
  ['w', Size.W, 4],
  ['dw', Size.DW, 8],
];

type Unnumbered = OpSpec extends infer T ? (T extends OpSpec ? Omit<T, 'id'> : never) : never;

function* aluRows(): Generator<Unnumbered> {
  for (const width of [64, 32] as const) {
    const cls = width === 64 ? Class.ALU64 : Class.ALU;
    const level: IsaLevel = width === 64 ? 1 : 3;
    for (const operand of ['K', 'X'] as const) {
      const suffix = `${width}.${operand.toLowerCase()}`;
      const source = operand === 'X' ? 0x08 : 0;
      for (const [name, code, f] of ALU) {
        yield {
          kind: 'alu',
          name: name + suffix,
          op: cls | source | code,
          off: 0,
          level,
          linux: 318,
          width,
          operand,
          readsDst: name !== 'mov',
          eval: (a, d, s) => f(a, d, s, width),
        };
      }
      for (const [name, code, f] of SIGNED) {
        yield {
          kind: 'alu',
          name: name + suffix,
          op: cls | source | code,
          off: 1,
          level: 4,
          linux: 606,
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
        name: `movsx${from}_${width}.x`,
        op: cls | 0x08 | 0xb0,
        off: from,
        level: 4,
        linux: 606,
        width,
        operand: 'X',
        readsDst: false,
        eval: (a, _d, s) => a.sext(a.trunc(s, width, from), from, width),
      };
    }
    yield {
      kind: 'alu',
      name: `neg${width}`,
      op: cls | 0x80,
      level,
      linux: 318,
      width,
      operand: 'none',
      readsDst: true,
      eval: (a, d) => a.sub(a.const(0n, width), d, width),
    };
  }
  // Byte order: `le` keeps the low bytes on the little-endian machines that this project models, `be` swaps them;
  // both clear the rest. `bswap` always swaps.
  for (const bits of [16, 32, 64] as const) {
    const keep = <V, B>(a: Algebra<V, B>, d: V): V =>
      bits === 64 ? d : a.zext(a.trunc(d, 64, bits), bits, 64);
    const swap = <V, B>(a: Algebra<V, B>, d: V): V =>
      bits === 64 ? a.bswap(d, 64) : a.zext(a.bswap(a.trunc(d, 64, bits), bits), bits, 64);
    const common = { kind: 'alu', width: 64, operand: 'none', readsDst: true, imm: bits } as const;
    yield { ...common, name: `le${bits}`, op: 0xd4, level: 1, linux: 318, eval: keep };
    yield { ...common, name: `be${bits}`, op: 0xdc, level: 1, linux: 318, eval: swap };
    yield { ...common, name: `bswap${bits}`, op: 0xd7, level: 4, linux: 606, eval: swap };
  }
}

function* memoryRows(): Generator<Unnumbered> {
  for (const [s, code, size] of SIZES) {
    const base = { level: 1, linux: 318, size } as const;
    yield {
      ...base,
      kind: 'load',
      name: `ldx.${s}`,
      op: Class.LDX | code | Mode.MEM,
      signed: false,
      acquire: false,
    };
    if (size !== 8)
      yield {
        kind: 'load',
        name: `ldxsx.${s}`,
        op: Class.LDX | code | Mode.MEMSX,
        level: 4,
        linux: 606,
        size,
        signed: true,
        acquire: false,
      };
    yield {
      ...base,
      kind: 'store',
      name: `stx.${s}`,
      op: Class.STX | code | Mode.MEM,
      operand: 'X',
      release: false,
    };
    yield {
      ...base,
      kind: 'store',
      name: `st.${s}`,
      op: Class.ST | code | Mode.MEM,
      operand: 'K',
      release: false,
    };
    const atomic = Class.STX | code | Mode.ATOMIC;
    yield {
      kind: 'load',
      name: `load_acquire.${s}`,
      op: atomic,
      imm: 0x100,
      level: 4,
      linux: 615,
      size,
      signed: false,
      acquire: true,
    };
    yield {
      kind: 'store',
      name: `store_release.${s}`,
      op: atomic,
      imm: 0x110,
      level: 4,
      linux: 615,
      size,
      operand: 'X',
      release: true,
    };
    if (size === 4 || size === 8)
      for (const [name, imm, result, level, linux, f] of ATOMICS)
        yield {
          kind: 'atomic',
          name: `atomic.${name}.${s}`,
          op: atomic,
          imm,
          level,
          linux,
          size,
          result,
          eval: (a, o, v, r) => f(a, o, v, r, size === 4 ? 32 : 64),
        };
    if (size !== 8)
      for (const [name, mode, indirect] of [
        ['ldabs', Mode.ABS, false],
        ['ldind', Mode.IND, true],
      ] as const)
        yield {
          kind: 'ldabs',
          name: `${name}.${s}`,
          op: Class.LD | code | mode,
          level: 1,
          linux: 318,
          size,
          indirect,
        };
  }
}

function* controlRows(): Generator<Unnumbered> {
  for (const width of [64, 32] as const)
    for (const operand of ['K', 'X'] as const)
      for (const [name, code, level, linux, f] of JUMPS)
        yield {
          kind: 'jump',
          name: `${name}${width}.${operand.toLowerCase()}`,
          op: (width === 64 ? Class.JMP : Class.JMP32) | (operand === 'X' ? 0x08 : 0) | code,
          level: width === 32 ? 3 : level,
          linux: width === 32 ? 501 : linux,
          width,
          operand,
          eval: (a, d, s) => f(a, d, s, width),
        };
  yield { kind: 'goto', name: 'ja', op: OP_JA, level: 1, linux: 318, distance: 'off' };
  yield { kind: 'goto', name: 'gotol', op: OP_JA32, level: 4, linux: 606, distance: 'imm' };
  yield { kind: 'maygoto', name: 'may_goto', op: OP_JCOND, src: 0, level: 4, linux: 609 };
  const call = { kind: 'call', op: OP_CALL } as const;
  yield { ...call, name: 'call.helper', src: 0, level: 1, linux: 318, target: 'helper' };
  yield { ...call, name: 'call.local', src: 1, level: 1, linux: 416, target: 'local' };
  yield { ...call, name: 'call.kfunc', src: 2, level: 1, linux: 513, target: 'kfunc' };
  yield { kind: 'exit', name: 'exit', op: OP_EXIT, level: 1, linux: 318 };
  yield { kind: 'ldimm64', name: 'ld_imm64', op: OP_LD_IMM64, level: 1, linux: 318 };
  yield { kind: 'cast', name: 'addr_space_cast', op: 0xbf, off: 1, level: 4, linux: 609 };
}

/** All rows, in a fixed order; `OPS[i].id === i`. */
export const OPS: readonly OpSpec[] = [...aluRows(), ...memoryRows(), ...controlRows()].map(
  (row, id) => ({ ...row, id }) as OpSpec,
);

const byOpcode: readonly (readonly OpSpec[])[] = Array.from({ length: 256 }, (_, op) =>
  OPS.filter((row) => row.op === op),
);

/** The row that an instruction selects; undefined when no such instruction exists. */
export function specOf(i: Insn): OpSpec | undefined {
  const rows = byOpcode[i.op];
  if (rows === undefined) return undefined;
  for (const row of rows)
    if (
      (row.off === undefined || row.off === i.off) &&
      (row.imm === undefined || row.imm === i.imm) &&
      (row.src === undefined || row.src === i.src)
    )
      return row;
  return undefined;
}

/** Row by its name, for code that builds instructions; throws on a name that does not exist. */
export function opNamed(name: string): OpSpec {
  const row = byName.get(name);
  if (row === undefined) throw new Error(`no opcode is named ${name}`);
  return row;
}
const byName: ReadonlyMap<string, OpSpec> = new Map(OPS.map((row) => [row.name, row]));
