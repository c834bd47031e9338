/** What a proposal consists of, and what all of its makers need. */
import type { Insn } from '../isa/insn.ts';
import { specOf } from '../isa/semantics.ts';
import type { Rng } from '../vm/random.ts';
import type { Pools } from './pools.ts';

export interface Edit {
  at: number;
  insn: Insn;
}

/** Edits of a window, or undefined where it does not fit. Positions may repeat: the last edit of one counts. */
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
