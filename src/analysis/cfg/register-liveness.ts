/** Liveness of whole registers from control flow alone, without knowing what they hold. */
import { ARGUMENTS, registersRead, registersWritten } from '../../isa/effects.ts';
import type { Insn } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';
import type { Program } from '../../program/program.ts';
import { helperById } from '../../program/tables/helpers.ts';
import type { Cfg } from './cfg.ts';

/** Registers r1.. that a call passes: those of the helper's prototype, all five for any other call. */
export function argumentsOf(i: Insn): number {
  const op = specOf(i);
  if (op?.kind !== 'call' || op.target !== 'helper') return ARGUMENTS;
  return ((1 << helperById(i.imm).args.length) - 1) << 1;
}

/** Registers (bit n = rn) that instruction `i` reads. */
export function readsOf(i: Insn): number {
  return specOf(i)?.kind === 'call' ? argumentsOf(i) : registersRead(i);
}

/** Per instruction, the registers that are live before it, as a mask. r10 is always live. */
export function liveRegisters(program: Program, cfg: Cfg): Uint16Array {
  const live = new Uint16Array(program.insns.length + 1);
  const scan = (id: number): boolean => {
    const b = cfg.blocks[id]!;
    let after = 1 << 10;
    for (const s of b.successors) after |= live[cfg.blocks[s]!.start]!;
    for (let index = b.end - 1; index >= b.start; index--) {
      const i = program.insns[index]!;
      after = (after & ~registersWritten(i)) | readsOf(i) | (1 << 10);
      if (index === b.start && live[index] === after) return false;
      live[index] = after;
    }
    return true;
  };
  for (const order of cfg.order)
    for (let changed = true; changed; ) {
      changed = false;
      for (const id of [...order].reverse()) changed = scan(id) || changed;
    }
  return live;
}
