/**
 * A window run on concrete values with the reference algebra. It shares nothing with the terms but the
 * semantics table, so a counterexample that replays here is one, and one that does not is a bug.
 */
import { bigintAlgebra } from '../../isa/algebra.ts';
import { indexOfSlot, slotOffsets } from '../../isa/flow.ts';
import type { Insn } from '../../isa/insn.ts';
import { OP_LD_IMM64, PseudoLd } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';

const M64 = 0xffff_ffff_ffff_ffffn;

/** Values at the window's start. Memories are told apart by name; each is a function from address to byte. */
export interface ConcreteStart {
  registers: readonly bigint[];
  byte(memory: string, address: bigint): number;
  /** Value of an `ld_imm64`, whatever it stands for. */
  immediate(i: Insn): bigint;
  /** Pointer that a load from the context gives, if it is one. */
  ctxPointer(memory: string, address: bigint, size: number): bigint | undefined;
}

export interface ConcreteEnd {
  /** Way out, as in Exit. */
  to: 'exit' | number;
  registers: readonly bigint[];
  /** Bytes written, by memory and address. */
  written: ReadonlyMap<string, ReadonlyMap<bigint, number>>;
}

/** @param memories memory that each instruction accesses, as the symbolic run found it */
export function runConcretely(
  insns: readonly Insn[],
  memories: readonly (string | undefined)[],
  start: ConcreteStart,
): ConcreteEnd {
  const regs = [...start.registers];
  const written = new Map<string, Map<bigint, number>>();
  const offsets = slotOffsets(insns);
  const read = (memory: string, at: bigint, size: number): bigint => {
    let v = 0n;
    for (let k = size - 1; k >= 0; k--) {
      const a = (at + BigInt(k)) & M64;
      v = (v << 8n) | BigInt(written.get(memory)?.get(a) ?? start.byte(memory, a));
    }
    return v;
  };
  const put = (memory: string, at: bigint, size: number, v: bigint): void => {
    let bytes = written.get(memory);
    if (bytes === undefined) written.set(memory, (bytes = new Map()));
    for (let k = 0; k < size; k++) bytes.set((at + BigInt(k)) & M64, Number((v >> BigInt(8 * k)) & 0xffn));
  };
  const low = (r: number, w: number): bigint => BigInt.asUintN(w, regs[r]!);
  for (let index = 0; index < insns.length; ) {
    const i = insns[index]!;
    const spec = specOf(i);
    const memory = memories[index] ?? '';
    let next = index + 1;
    let out: number | undefined;
    const jumpBy = (distance: number): number => {
      const slot = offsets[index]! + 1 + distance;
      const end = offsets[insns.length]!;
      if (slot < 0 || slot > end) out = slot < 0 ? slot : slot - end;
      return indexOfSlot(offsets, slot) ?? insns.length;
    };
    switch (spec?.kind) {
      case 'alu': {
        const w = spec.width;
        const src = spec.operand === 'X' ? low(i.src, w) : BigInt.asUintN(w, BigInt(i.imm));
        regs[i.dst] = spec.eval(bigintAlgebra, low(i.dst, w), src);
        break;
      }
      case 'ldimm64':
        regs[i.dst] = start.immediate(i);
        break;
      case 'load': {
        const at = (regs[i.src]! + BigInt(i.off)) & M64;
        const v = start.ctxPointer(memory, at, spec.size) ?? read(memory, at, spec.size);
        regs[i.dst] = spec.signed ? BigInt.asUintN(64, BigInt.asIntN(spec.size * 8, v)) : v;
        break;
      }
      case 'store': {
        const v = spec.operand === 'K' ? BigInt.asUintN(64, BigInt(i.imm)) : regs[i.src]!;
        put(memory, (regs[i.dst]! + BigInt(i.off)) & M64, spec.size, v);
        break;
      }
      case 'atomic': {
        const w = spec.size * 8;
        const at = (regs[i.dst]! + BigInt(i.off)) & M64;
        const old = read(memory, at, spec.size);
        put(memory, at, spec.size, spec.eval(bigintAlgebra, old, low(i.src, w), low(0, w)));
        if (spec.result === 'src') regs[i.src] = old;
        if (spec.result === 'r0') regs[0] = old;
        break;
      }
      case 'jump': {
        const w = spec.width;
        const src = spec.operand === 'X' ? low(i.src, w) : BigInt.asUintN(w, BigInt(i.imm));
        if (spec.eval(bigintAlgebra, low(i.dst, w), src)) next = jumpBy(i.off);
        break;
      }
      case 'goto':
        next = jumpBy(spec.distance === 'off' ? i.off : i.imm);
        break;
      case 'exit':
        return { to: 'exit', registers: regs, written };
      default:
        throw new Error(`instruction ${index} cannot run concretely`);
    }
    if (out !== undefined) return { to: out, registers: regs, written };
    index = next;
  }
  return { to: 0, registers: regs, written };
}

/** True for the `ld_imm64` whose value is in the instruction itself. */
export function isPlainImmediate(i: Insn): boolean {
  return i.op === OP_LD_IMM64 && i.src === PseudoLd.IMM64;
}
