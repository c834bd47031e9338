/** Which bits of its operands an ALU instruction or a comparison needs, given which bits of its result are needed. */
import { bigintAlgebra } from '../isa/algebra.ts';
import type { Insn } from '../isa/insn.ts';
import type { AluOp, JumpOp } from '../isa/semantics.ts';

export const ALL_BITS = 0xffff_ffff_ffff_ffffn;

/** Mask of the low `bits` bits. */
export function lowBits(bits: number): bigint {
  return bits >= 64 ? ALL_BITS : (1n << BigInt(bits)) - 1n;
}

/** All bits up to the highest one of `m`: what sums and products need. */
function upTo(m: bigint): bigint {
  return m === 0n ? 0n : (1n << BigInt(m.toString(2).length)) - 1n;
}

export interface DemandedBits {
  dst: bigint;
  src: bigint;
}

const NAME = /^(\D+?)(64|32)?(\.[kx])?$/;

/** @param needed mask of the bits of the 64-bit destination register that are read later */
export function aluDemand(op: AluOp, i: Insn, needed: bigint): DemandedBits {
  const w = op.width;
  const m = needed & lowBits(w);
  const imm = BigInt.asUintN(w, BigInt(i.imm));
  const k = op.operand === 'K';
  if (m === 0n) return { dst: 0n, src: 0n };
  if (op.operand === 'none' && op.imm !== undefined) {
    const bits = op.imm as 16 | 32 | 64;
    const low = m & lowBits(bits);
    return { dst: op.name.startsWith('le') ? low : bigintAlgebra.bswap(low, bits), src: 0n };
  }
  if (op.name.startsWith('movsx')) {
    const from = i.off;
    const sign = m >> BigInt(from - 1) === 0n ? 0n : 1n << BigInt(from - 1);
    return { dst: 0n, src: (m & lowBits(from)) | sign };
  }
  const all = lowBits(w);
  switch (NAME.exec(op.name)?.[1]) {
    case 'mov':
      return { dst: 0n, src: m };
    case 'xor':
      return { dst: m, src: m };
    case 'and':
      return k ? { dst: m & imm, src: 0n } : { dst: m, src: m };
    case 'or':
      return k ? { dst: m & ~imm, src: 0n } : { dst: m, src: m };
    case 'add':
    case 'sub':
    case 'mul':
    case 'neg':
      return { dst: upTo(m), src: upTo(m) };
    case 'lsh':
    case 'rsh':
    case 'arsh':
      return shiftDemand(op.name, k ? Number(imm & BigInt(w - 1)) : undefined, m, w);
    default:
      return { dst: all, src: all };
  }
}

function shiftDemand(name: string, by: number | undefined, m: bigint, w: 32 | 64): DemandedBits {
  const all = lowBits(w);
  if (by === undefined) return { dst: name.startsWith('lsh') ? upTo(m) : all, src: BigInt(w - 1) };
  const n = BigInt(by);
  if (name.startsWith('lsh')) return { dst: m >> n, src: 0n };
  const shifted = (m << n) & all;
  const copies = name.startsWith('arsh') && m >> BigInt(w - 1 - by) !== 0n;
  return { dst: copies ? shifted | (1n << BigInt(w - 1)) : shifted, src: 0n };
}

/** Bits that a comparison looks at. */
export function jumpDemand(op: JumpOp, i: Insn): DemandedBits {
  const all = lowBits(op.width);
  if (op.operand === 'X') return { dst: all, src: all };
  if (op.name.startsWith('jset')) return { dst: BigInt.asUintN(op.width, BigInt(i.imm)), src: 0n };
  return { dst: all, src: 0n };
}
