/** Whether one rule makes another one needless. */
import { slotOffsets } from '../../../isa/flow.ts';
import { sizeInSlots } from '../../../isa/insn.ts';
import { buildTarget } from '../build.ts';
import { matchForm } from '../match.ts';
import type { Form } from '../rule.ts';
import type { Example } from './example.ts';

/** Does the form fit inside the example, and save as much there? */
export function covers(form: Form, { before, after }: Example): boolean {
  const code = { insns: before, offsets: slotOffsets(before), constantBefore: () => undefined };
  const saves = sizeInSlots(before) - sizeInSlots(after);
  for (let at = 0; at < before.length; at++) {
    const match = matchForm(form, code, at);
    const target = match && buildTarget(match, code);
    if (match === undefined || target === undefined) continue;
    if (sizeInSlots(before.slice(match.start, match.end)) - sizeInSlots(target) >= saves) return true;
  }
  return false;
}
