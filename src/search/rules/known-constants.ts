/** The constant that a register holds, where the code right before says so. */
import { registersWritten } from '../../isa/effects.ts';
import { type Insn, imm64, OP_LD_IMM64, PseudoLd } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';
import { MOV32_K, MOV64_K } from '../opcodes.ts';

/** Farthest that is looked back, in instructions. */
const FAR = 40;

/** Unsigned, as the register holds it. */
export function constantBefore(insns: readonly Insn[], at: number, register: number): bigint | undefined {
  for (let p = at - 1; p >= Math.max(0, at - FAR); p--) {
    const i = insns[p]!;
    const kind = specOf(i)?.kind;
    if (kind === 'jump' || kind === 'goto' || kind === 'exit') return undefined;
    if (((registersWritten(i) >> register) & 1) === 0) continue;
    if (i.op === OP_LD_IMM64 && i.src === PseudoLd.IMM64) return imm64(i);
    if (i.op === MOV64_K) return BigInt.asUintN(64, BigInt(i.imm));
    return i.op === MOV32_K ? BigInt.asUintN(32, BigInt(i.imm)) : undefined;
  }
  return undefined;
}
