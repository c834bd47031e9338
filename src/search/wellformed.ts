/** Cheap static judgement of straight-line candidates, before the interpreter sees them. */
import { registersRead, registersWritten } from '../isa/effects.ts';
import { constantError } from '../isa/fields.ts';
import type { Insn } from '../isa/insn.ts';

/**
 * @param definedAtStart bit mask of the registers that hold something where the window starts
 * @returns false when an instruction reads a register that holds nothing there, or can never be valid
 */
export function wellFormed(window: readonly Insn[], definedAtStart: number): boolean {
  let defined = definedAtStart;
  for (const i of window) {
    if ((registersRead(i) & ~defined) !== 0) return false;
    if (constantError(i) !== undefined) return false;
    defined |= registersWritten(i);
  }
  return true;
}
