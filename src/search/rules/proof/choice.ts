/** What the variables of a form stand for in one instance of it. */

export interface Choice {
  registers: ReadonlyMap<string, number>;
  constants: ReadonlyMap<string, bigint>;
  /** Lines that stand in each gap. `rG` is a register that the form does not name. */
  fillers: ReadonlyMap<string, readonly string[]>;
  tests: ReadonlyMap<string, string>;
  /** Constants that the code before is to have set, by register. */
  known: ReadonlyMap<number, bigint>;
}

/** Registers that variables may stand for, beside r10. */
export const NUMBERS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0] as const;

/** A register that no variable stands for. */
export function otherRegister({ registers }: Choice): number {
  return NUMBERS.findLast((n) => n !== 0 && ![...registers.values()].includes(n))!;
}
