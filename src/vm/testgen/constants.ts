/** What a program compares with: the numbers that make its branches go both ways. */
import { type Insn, imm64, PseudoLd } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';

export interface LearnedConstants {
  /** Values that fit 16 bits (ports, protocols, ether types), with their byte-swapped twins. */
  readonly u16: readonly number[];
  /** All 32-bit values, with their byte-swapped twins and neighbours. */
  readonly u32: readonly number[];
  /** Bytes that a raw context needs: the end of the furthest access through any register but r10. */
  readonly furthestAccess: number;
}

function swap16(v: number): number {
  return ((v & 0xff) << 8) | ((v >>> 8) & 0xff);
}

function swap32(v: number): number {
  return (((v & 0xff) << 24) | ((v & 0xff00) << 8) | ((v >>> 8) & 0xff00) | (v >>> 24)) >>> 0;
}

/** Harvests the immediates of comparisons, masks and constants. */
export function learnConstants(insns: readonly Insn[]): LearnedConstants {
  const found = new Set<number>([0, 1]);
  let furthestAccess = 0;
  for (const i of insns) {
    const spec = specOf(i);
    if (spec === undefined) continue;
    if ((spec.kind === 'jump' || spec.kind === 'alu') && spec.operand === 'K') found.add(i.imm >>> 0);
    else if (spec.kind === 'store' && spec.operand === 'K') found.add(i.imm >>> 0);
    else if (spec.kind === 'ldimm64' && i.src === PseudoLd.IMM64) {
      found.add(Number(imm64(i) & 0xffff_ffffn));
      found.add(i.immHi >>> 0);
    }
    if (spec.kind === 'load' && i.src !== 10) furthestAccess = Math.max(furthestAccess, i.off + spec.size);
    if ((spec.kind === 'store' || spec.kind === 'atomic') && i.dst !== 10)
      furthestAccess = Math.max(furthestAccess, i.off + spec.size);
  }
  const u32 = new Set<number>();
  const u16 = new Set<number>();
  for (const v of found) {
    for (const near of [v, v - 1, v + 1]) u32.add(near >>> 0);
    u32.add(swap32(v));
    if (v <= 0xffff) {
      u16.add(v);
      u16.add(swap16(v));
    }
  }
  return { u16: [...u16], u32: [...u32], furthestAccess };
}
