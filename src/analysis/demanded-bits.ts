/**
 * Which bits of its operands an ALU instruction or a comparison needs, given which bits of its result are
 * needed.
 */
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

/** @param needed mask of the bits of the 64-bit destination register that are read later */
export function aluDemand(op: AluOp, i: Insn, needed: bigint): DemandedBits {
  const w = op.width;
  const m = needed & lowBits(w);
  const imm = BigInt.asUintN(w, BigInt(i.imm));
  const k = op.operand === 'K';
  if (m === 0n) return { dst: 0n, src: 0n };
  const all = lowBits(w);
  switch (op.mnemonic) {
    case 'le':
      return { dst: m & lowBits(op.bits!), src: 0n };
    case 'be':
    case 'bswap':
      return { dst: bigintAlgebra.bswap(m & lowBits(op.bits!), op.bits!), src: 0n };
    case 'movsx': {
      const top = BigInt(op.bits! - 1);
      const sign = m >> top === 0n ? 0n : 1n << top;
      return { dst: 0n, src: (m & lowBits(op.bits!)) | sign };
    }
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
      return shiftDemand(op.mnemonic, k ? Number(imm & BigInt(w - 1)) : undefined, m, w);
    default:
      return { dst: all, src: all };
  }
}

function shiftDemand(
  mnemonic: 'lsh' | 'rsh' | 'arsh',
  by: number | undefined,
  m: bigint,
  w: 32 | 64,
): DemandedBits {
  const all = lowBits(w);
  if (by === undefined) return { dst: mnemonic === 'lsh' ? upTo(m) : all, src: BigInt(w - 1) };
  const n = BigInt(by);
  if (mnemonic === 'lsh') return { dst: m >> n, src: 0n };
  const shifted = (m << n) & all;
  const copies = mnemonic === 'arsh' && m >> BigInt(w - 1 - by) !== 0n;
  return { dst: copies ? shifted | (1n << BigInt(w - 1)) : shifted, src: 0n };
}

/** Bits that a comparison looks at. */
export function jumpDemand(op: JumpOp, i: Insn): DemandedBits {
  const all = lowBits(op.width);
  if (op.operand === 'X') return { dst: all, src: all };
  if (op.relation === 'set') return { dst: BigInt.asUintN(op.width, BigInt(i.imm)), src: 0n };
  return { dst: all, src: 0n };
}
