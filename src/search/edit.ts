/** What a proposal consists of, and what all of its makers need. */

import type { Rng } from '../base/random.ts';
import { form } from '../isa/forms.ts';
import type { Insn } from '../isa/insn.ts';
import { specOf } from '../isa/semantics.ts';
import type { Pools } from './chain/pools.ts';
import { MOV32_K, MOV64_K, MOV64_X } from './opcodes.ts';

export interface Edit {
  at: number;
  insn: Insn;
}

/**
 * Edits of a window, or undefined where it does not fit. Positions may repeat: the last edit of one counts.
 */
export type Idiom = (window: readonly Insn[], rng: Rng, pools: Pools) => Edit[] | undefined;

/** `src` names a register, rather than being a reserved zero. */
export function usesSource(i: Insn): boolean {
  const spec = specOf(i);
  return (
    spec?.kind === 'load' ||
    spec?.kind === 'atomic' ||
    (spec !== undefined && 'operand' in spec && spec.operand === 'X')
  );
}

/**
 * The store of what a move puts into the register that `store` stores; undefined where it is no such move.
 */
export function storedValue(store: Insn, move: Insn): Insn | undefined {
  const spec = specOf(store);
  if (spec?.kind !== 'store' || spec.operand !== 'X' || spec.release) return undefined;
  if (move.dst !== store.src || store.dst === store.src) return undefined;
  if (move.op === MOV64_X && move.off === 0) return { ...store, src: move.src };
  if (move.op !== MOV64_K && move.op !== MOV32_K) return undefined;
  const row = form(spec, { operand: 'K' });
  return row && { ...store, op: row.op, src: 0, imm: move.imm };
}

/**
 * The instruction reads another register instead, where it does not write it; calls and `exit` stay as they
 * are.
 */
export function readingElsewhere(i: Insn, from: number, to: number): Insn {
  const kind = specOf(i)?.kind;
  const readsDst = kind === 'store' || kind === 'atomic' || kind === 'jump';
  return {
    ...i,
    dst: readsDst && i.dst === from ? to : i.dst,
    src: usesSource(i) && i.src === from ? to : i.src,
  };
}
