import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AluOp,
  type AtomicOp,
  bigintAlgebra,
  insn,
  type JumpOp,
  OPS,
  opNamed,
  specOf,
} from '../../src/isa/index.ts';
import { arbInsnOf, arbU64 } from './arbitrary.ts';

const u = (bits: number, v: bigint) => BigInt.asUintN(bits, v);
const s = (bits: number, v: bigint) => BigInt.asIntN(bits, v);

/** Bytes of the low `bits` bits, reversed, by way of a hex string. */
function reversed(bits: number, v: bigint): bigint {
  const hex = u(bits, v)
    .toString(16)
    .padStart(bits / 4, '0');
  return BigInt(`0x${hex.match(/../g)!.reverse().join('')}`);
}

/** JavaScript truncates BigInt division toward zero, as C does; RFC 9669, section 4.1. */
const FORMULAS: Readonly<Record<string, (d: bigint, v: bigint, w: 32 | 64) => bigint>> = {
  add: (d, v, w) => u(w, d + v),
  sub: (d, v, w) => u(w, d - v),
  mul: (d, v, w) => u(w, d * v),
  div: (d, v, w) => (u(w, v) === 0n ? 0n : u(w, d) / u(w, v)),
  sdiv: (d, v, w) => (u(w, v) === 0n ? 0n : u(w, s(w, d) / s(w, v))),
  mod: (d, v, w) => (u(w, v) === 0n ? u(w, d) : u(w, d) % u(w, v)),
  smod: (d, v, w) => (u(w, v) === 0n ? u(w, d) : u(w, s(w, d) % s(w, v))),
  or: (d, v, w) => u(w, d | v),
  and: (d, v, w) => u(w, d & v),
  xor: (d, v, w) => u(w, d ^ v),
  mov: (_d, v, w) => u(w, v),
  lsh: (d, v, w) => u(w, d << (v % BigInt(w))),
  rsh: (d, v, w) => u(w, d) >> (v % BigInt(w)),
  arsh: (d, v, w) => u(w, s(w, d) >> (v % BigInt(w))),
  neg: (d, _v, w) => u(w, -s(w, d)),
  movsx8: (_d, v, w) => u(w, s(8, v)),
  movsx16: (_d, v, w) => u(w, s(16, v)),
  movsx32: (_d, v, w) => u(w, s(32, v)),
  le16: (d) => u(16, d),
  le32: (d) => u(32, d),
  le64: (d) => d,
  be16: (d) => reversed(16, d),
  be32: (d) => reversed(32, d),
  be64: (d) => reversed(64, d),
  bswap16: (d) => reversed(16, d),
  bswap32: (d) => reversed(32, d),
  bswap64: (d) => reversed(64, d),
};

const TAKEN: Readonly<Record<string, (d: bigint, v: bigint, w: 32 | 64) => boolean>> = {
  jeq: (d, v, w) => u(w, d) === u(w, v),
  jne: (d, v, w) => u(w, d) !== u(w, v),
  jgt: (d, v, w) => u(w, d) > u(w, v),
  jge: (d, v, w) => u(w, d) >= u(w, v),
  jlt: (d, v, w) => u(w, d) < u(w, v),
  jle: (d, v, w) => u(w, d) <= u(w, v),
  jset: (d, v, w) => u(w, d & v) !== 0n,
  jsgt: (d, v, w) => s(w, d) > s(w, v),
  jsge: (d, v, w) => s(w, d) >= s(w, v),
  jslt: (d, v, w) => s(w, d) < s(w, v),
  jsle: (d, v, w) => s(w, d) <= s(w, v),
};

const ATOMIC: Readonly<Record<string, (old: bigint, v: bigint, r0: bigint, w: number) => bigint>> = {
  add: (o, v, _r, w) => u(w, o + v),
  or: (o, v) => o | v,
  and: (o, v) => o & v,
  xor: (o, v) => o ^ v,
  fetch_add: (o, v, _r, w) => u(w, o + v),
  fetch_or: (o, v) => o | v,
  fetch_and: (o, v) => o & v,
  fetch_xor: (o, v) => o ^ v,
  xchg: (_o, v) => v,
  cmpxchg: (o, v, r) => (o === r ? v : o),
};

/** Name of a row without width, operand and size. */
const stem = (name: string) => /^(movsx\d+|[lb]e\d+|bswap\d+|[a-z]+)/.exec(name)![0];
const rows = <K extends string>(kind: K) => OPS.filter((row) => row.kind === kind);

describe('meaning of the rows', () => {
  it.each(rows('alu') as AluOp[])('$name', (row) => {
    const formula = FORMULAS[stem(row.name)]!;
    fc.assert(
      fc.property(arbU64, arbU64, (d, v) => {
        const [dst, src] = [u(row.width, d), u(row.width, v)];
        expect(row.eval(bigintAlgebra, dst, src)).toBe(formula(dst, src, row.width));
      }),
      { numRuns: 200 },
    );
  });

  it.each(rows('jump') as JumpOp[])('$name', (row) => {
    const formula = TAKEN[stem(row.name)]!;
    fc.assert(
      fc.property(arbU64, fc.option(arbU64), (d, other) => {
        const [dst, src] = [u(row.width, d), u(row.width, other ?? d)];
        expect(row.eval(bigintAlgebra, dst, src)).toBe(formula(dst, src, row.width));
      }),
      { numRuns: 200 },
    );
  });

  it.each(rows('atomic') as AtomicOp[])('$name', (row) => {
    const formula = ATOMIC[row.name.split('.')[1]!]!;
    const bits = row.size * 8;
    fc.assert(
      fc.property(arbU64, arbU64, fc.option(arbU64), (o, v, r) => {
        const [old, src, r0] = [u(bits, o), u(bits, v), u(bits, r ?? o)];
        expect(row.eval(bigintAlgebra, old, src, r0)).toBe(formula(old, src, r0, bits));
      }),
      { numRuns: 200 },
    );
  });

  const MIN64 = 1n << 63n;
  const ONES64 = (1n << 64n) - 1n;
  it.each<[string, bigint, bigint, bigint]>([
    ['div64.x', 7n, 0n, 0n],
    ['mod64.x', 7n, 0n, 7n],
    ['sdiv64.x', MIN64, ONES64, MIN64],
    ['smod64.x', MIN64, ONES64, 0n],
    ['sdiv32.x', 0x8000_0000n, 0xffff_ffffn, 0x8000_0000n],
    ['smod32.x', 0x8000_0000n, 0xffff_ffffn, 0n],
    ['sdiv64.x', u(64, -7n), 2n, u(64, -3n)],
    ['smod64.x', u(64, -7n), 2n, u(64, -1n)],
    ['smod64.x', 7n, u(64, -2n), 1n],
    ['lsh64.x', 1n, 65n, 2n],
    ['rsh32.x', 0x8000_0000n, 33n, 0x4000_0000n],
    ['arsh32.x', 0x8000_0000n, 31n, 0xffff_ffffn],
    ['add32.x', 0xffff_ffffn, 1n, 0n],
    ['neg64', MIN64, 0n, MIN64],
    ['movsx32_64.x', 0n, 0x8000_0000n, 0xffff_ffff_8000_0000n],
    ['be16', 0x1122_3344_5566_7788n, 0n, 0x8877n],
    ['bswap64', 0x1122_3344_5566_7788n, 0n, 0x8877_6655_4433_2211n],
  ])('%s of %i and %i', (name, d, v, expected) => {
    expect((opNamed(name) as AluOp).eval(bigintAlgebra, d, v)).toBe(expected);
  });
});

/**
 * RFC 9669, appendix A: opcodes of each operation as [32.k, 32.x, 64.k, 64.x], and the offset that selects
 * it.
 */
const ALU_OPCODES: Readonly<Record<string, readonly [number, number, number, number, number?]>> = {
  add: [0x04, 0x0c, 0x07, 0x0f],
  sub: [0x14, 0x1c, 0x17, 0x1f],
  mul: [0x24, 0x2c, 0x27, 0x2f],
  div: [0x34, 0x3c, 0x37, 0x3f],
  sdiv: [0x34, 0x3c, 0x37, 0x3f, 1],
  or: [0x44, 0x4c, 0x47, 0x4f],
  and: [0x54, 0x5c, 0x57, 0x5f],
  lsh: [0x64, 0x6c, 0x67, 0x6f],
  rsh: [0x74, 0x7c, 0x77, 0x7f],
  mod: [0x94, 0x9c, 0x97, 0x9f],
  smod: [0x94, 0x9c, 0x97, 0x9f, 1],
  xor: [0xa4, 0xac, 0xa7, 0xaf],
  mov: [0xb4, 0xbc, 0xb7, 0xbf],
  arsh: [0xc4, 0xcc, 0xc7, 0xcf],
};
/** As [64.k, 64.x, 32.k, 32.x]. */
const JUMP_OPCODES: Readonly<Record<string, readonly [number, number, number, number]>> = {
  jeq: [0x15, 0x1d, 0x16, 0x1e],
  jgt: [0x25, 0x2d, 0x26, 0x2e],
  jge: [0x35, 0x3d, 0x36, 0x3e],
  jset: [0x45, 0x4d, 0x46, 0x4e],
  jne: [0x55, 0x5d, 0x56, 0x5e],
  jsgt: [0x65, 0x6d, 0x66, 0x6e],
  jsge: [0x75, 0x7d, 0x76, 0x7e],
  jlt: [0xa5, 0xad, 0xa6, 0xae],
  jle: [0xb5, 0xbd, 0xb6, 0xbe],
  jslt: [0xc5, 0xcd, 0xc6, 0xce],
  jsle: [0xd5, 0xdd, 0xd6, 0xde],
};
/** [row, opcode, selecting off, imm, src] */
const OTHER_OPCODES: readonly [string, number, number?, number?, number?][] = [
  ['neg32', 0x84],
  ['neg64', 0x87],
  ['movsx8_32.x', 0xbc, 8],
  ['movsx16_32.x', 0xbc, 16],
  ['movsx8_64.x', 0xbf, 8],
  ['movsx16_64.x', 0xbf, 16],
  ['movsx32_64.x', 0xbf, 32],
  ...[16, 32, 64].flatMap<[string, number, number | undefined, number]>((n) => [
    [`le${n}`, 0xd4, undefined, n],
    [`be${n}`, 0xdc, undefined, n],
    [`bswap${n}`, 0xd7, undefined, n],
  ]),
  ['ldx.w', 0x61],
  ['ldx.h', 0x69],
  ['ldx.b', 0x71],
  ['ldx.dw', 0x79],
  ['ldxsx.w', 0x81],
  ['ldxsx.h', 0x89],
  ['ldxsx.b', 0x91],
  ['st.w', 0x62],
  ['st.h', 0x6a],
  ['st.b', 0x72],
  ['st.dw', 0x7a],
  ['stx.w', 0x63],
  ['stx.h', 0x6b],
  ['stx.b', 0x73],
  ['stx.dw', 0x7b],
  ['ldabs.w', 0x20],
  ['ldabs.h', 0x28],
  ['ldabs.b', 0x30],
  ['ldind.w', 0x40],
  ['ldind.h', 0x48],
  ['ldind.b', 0x50],
  ...(
    [
      ['w', 0xc3],
      ['dw', 0xdb],
    ] as const
  ).flatMap<[string, number, undefined, number]>(([size, op]) => [
    [`atomic.add.${size}`, op, undefined, 0x00],
    [`atomic.fetch_add.${size}`, op, undefined, 0x01],
    [`atomic.or.${size}`, op, undefined, 0x40],
    [`atomic.fetch_or.${size}`, op, undefined, 0x41],
    [`atomic.and.${size}`, op, undefined, 0x50],
    [`atomic.fetch_and.${size}`, op, undefined, 0x51],
    [`atomic.xor.${size}`, op, undefined, 0xa0],
    [`atomic.fetch_xor.${size}`, op, undefined, 0xa1],
    [`atomic.xchg.${size}`, op, undefined, 0xe1],
    [`atomic.cmpxchg.${size}`, op, undefined, 0xf1],
  ]),
  // Linux 6.15, linux/bpf.h: BPF_LOAD_ACQ and BPF_STORE_REL.
  ...(
    [
      ['w', 0xc3],
      ['h', 0xcb],
      ['b', 0xd3],
      ['dw', 0xdb],
    ] as const
  ).flatMap<[string, number, undefined, number]>(([size, op]) => [
    [`load_acquire.${size}`, op, undefined, 0x100],
    [`store_release.${size}`, op, undefined, 0x110],
  ]),
  ['ja', 0x05],
  ['gotol', 0x06],
  ['call.helper', 0x85, undefined, undefined, 0],
  ['call.local', 0x85, undefined, undefined, 1],
  ['call.kfunc', 0x85, undefined, undefined, 2],
  ['exit', 0x95],
  ['ld_imm64', 0x18],
  // Linux 6.9: BPF_JCOND with BPF_MAY_GOTO, and BPF_ADDR_SPACE_CAST.
  ['may_goto', 0xe5, undefined, undefined, 0],
  ['addr_space_cast', 0xbf, 1],
];

function expected(): Map<string, [number, number?, number?, number?]> {
  const all = new Map<string, [number, number?, number?, number?]>();
  for (const [name, [k32, x32, k64, x64, off = 0]] of Object.entries(ALU_OPCODES)) {
    const ops = { '32.k': k32, '32.x': x32, '64.k': k64, '64.x': x64 };
    for (const [form, op] of Object.entries(ops)) all.set(name + form, [op, off]);
  }
  for (const [name, [k64, x64, k32, x32]] of Object.entries(JUMP_OPCODES)) {
    const ops = { '32.k': k32, '32.x': x32, '64.k': k64, '64.x': x64 };
    for (const [form, op] of Object.entries(ops)) all.set(name + form, [op]);
  }
  for (const [name, op, off, imm, src] of OTHER_OPCODES) all.set(name, [op, off, imm, src]);
  return all;
}

describe('encoding of the rows', () => {
  it('is that of RFC 9669 and linux/bpf.h, row by row, none missing, none more', () => {
    const rfc = expected();
    for (const row of OPS)
      expect([row.name, [row.op, row.off, row.imm, row.src]]).toEqual([row.name, pad(rfc.get(row.name))]);
    expect(OPS.map((row) => row.name).sort()).toEqual([...rfc.keys()].sort());
  });

  it('has one row for an instruction, the one it was made for', () => {
    for (const row of OPS)
      fc.assert(
        fc.property(arbInsnOf(row), (i) => specOf(i) === row),
        { numRuns: 10 },
      );
    expect(new Set(OPS.map((row) => row.name)).size).toBe(OPS.length);
    expect(OPS.every((row, n) => row.id === n)).toBe(true);
  });

  it('knows no row for the second slot, wide swaps by 8, or 32-bit sign extension into 32 bits', () => {
    for (const i of [insn(0x00), insn(0xdc, 0, 0, 0, 8), insn(0xbc, 0, 0, 32), insn(0xc3, 0, 0, 0, 0x11)])
      expect(specOf(i)).toBeUndefined();
  });
});

function pad(row: [number, number?, number?, number?] | undefined) {
  return row === undefined ? undefined : [row[0], row[1], row[2], row[3]];
}
