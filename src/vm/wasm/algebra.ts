/**
 * The algebra whose values are WebAssembly code: 64-bit values are i64, narrower ones i32 with clean upper
 * bits, truth values are i32 that are 0 or not. Operands may be emitted more than once, so they must be free
 * of effects.
 */
import type { Algebra, Width } from '../../isa/algebra.ts';
import type { Code } from './assembler.ts';
import * as w from './assembler.ts';

const MASK: Record<8 | 16, number> = { 8: 0xff, 16: 0xffff };

/** Cuts an i32 back to `width` bits. */
function clean(code: Code, width: Width): Code {
  return width === 8 || width === 16 ? w.and32(code, w.i32(MASK[width])) : code;
}

type NarrowWide = readonly [(a: Code, b: Code) => Code, (a: Code, b: Code) => Code];
const by =
  ([narrow, wide]: NarrowWide) =>
  (a: Code, b: Code, width: Width): Code =>
    width === 64 ? wide(a, b) : clean(narrow(a, b), width);

/** Operations that are signed need their operands sign-extended first when they are narrower than the i32. */
const signExtend = (a: Code, width: Width): Code =>
  width === 8 ? w.extend8S32(a) : width === 16 ? w.extend16S32(a) : a;
const bySigned =
  ([narrow, wide]: NarrowWide) =>
  (a: Code, b: Code, width: Width): Code =>
    width === 64 ? wide(a, b) : clean(narrow(signExtend(a, width), signExtend(b, width)), width);

/**
 * WebAssembly takes shift amounts modulo the width; the table masks them, so both agree (32 and 64 bits
 * only).
 */
const byShift = (pair: NarrowWide) => (a: Code, b: Code, width: Width) => {
  if (width < 32) throw new Error('shifts of less than 32 bits are not in the table');
  return by(pair)(a, b, width);
};

function zext(a: Code, from: Width, to: Width): Code {
  return to === 64 && from !== 64 ? w.extendU(a) : a;
}

function sext(a: Code, from: Width, to: Width): Code {
  if (to !== 64) return clean(signExtend(a, from), to);
  return from === 64 ? a : w.extendS(signExtend(a, from));
}

/** @param scratch32 number of an i32 local, @param scratch64 of an i64 local, both free to overwrite */
export function wasmAlgebra(scratch32: number, scratch64: number): Algebra<Code, Code> {
  /** Swaps neighbours of `bits` bits; `keep` masks the lower one of each pair. */
  const swap64 = (a: Code, bits: number, keep: bigint): Code =>
    w.or64(
      w.shl64(w.and64(w.tee(scratch64, a), w.i64(keep)), w.i64(BigInt(bits))),
      w.and64(w.shru64(w.get(scratch64), w.i64(BigInt(bits))), w.i64(keep)),
    );
  return {
    const: (v, width) =>
      width === 64 ? w.i64(v) : w.i32(Number(BigInt.asIntN(32, BigInt.asUintN(width, v)))),
    add: by([w.add32, w.add64]),
    sub: by([w.sub32, w.sub64]),
    mul: by([w.mul32, w.mul64]),
    udiv: by([w.divu32, w.divu64]),
    urem: by([w.remu32, w.remu64]),
    sdiv: bySigned([w.divs32, w.divs64]),
    srem: bySigned([w.rems32, w.rems64]),
    and: by([w.and32, w.and64]),
    or: by([w.or32, w.or64]),
    xor: by([w.xor32, w.xor64]),
    shl: byShift([w.shl32, w.shl64]),
    lshr: byShift([w.shru32, w.shru64]),
    ashr: byShift([w.shrs32, w.shrs64]),
    trunc: (a, from, to) => (from === 64 ? clean(w.wrap(a), to) : clean(a, to)),
    zext,
    sext,
    bswap: (a, width) => {
      if (width === 64)
        return w.rotl64(swap64(swap64(a, 8, 0x00ff00ff00ff00ffn), 16, 0x0000ffff0000ffffn), w.i64(32n));
      if (width === 8) return a;
      const turned = w.or32(
        w.and32(w.rotl32(w.tee(scratch32, a), w.i32(8)), w.i32(0x00ff00ff)),
        w.and32(w.rotl32(w.get(scratch32), w.i32(24)), w.i32(0xff00ff00)),
      );
      return width === 32 ? turned : w.shru32(turned, w.i32(16));
    },
    eq: (a, b, width) => (width === 64 ? w.eq64(a, b) : w.eq32(a, b)),
    ult: (a, b, width) => (width === 64 ? w.ltu64(a, b) : w.ltu32(a, b)),
    slt: (a, b, width) =>
      width === 64 ? w.lts64(a, b) : w.lts32(signExtend(a, width), signExtend(b, width)),
    not: w.eqz32,
    ite: (c, t, e, width) => w.choose(width === 64 ? w.I64 : w.I32, c, t, e),
  };
}
