/**
 * What must be proven of a rule: questions to the verifier, one for every way in which its registers may
 * coincide.
 *
 *   form --1 registers: all partitions, r10 among them--> --2 constants: any number, or those of SAMPLES-->
 *     --3 gaps and
 *   tests: FILLERS--> instructions --matchForm, buildTarget--> ProofCase
 *
 * The matcher itself says which choices the rule's conditions leave. Registers differ only by what they hold,
 * so one numbering stands for all. A constant that the conditions and the target leave as it is becomes a
 * register with any number of 32 bits: one proof for all of them. Others take the values of SAMPLES that the
 * conditions allow.
 */
import { slotOffsets } from '../../../isa/flow.ts';
import type { Insn } from '../../../isa/insn.ts';
import type { WindowContext } from '../../../verify/index.ts';
import { buildTarget } from '../build.ts';
import { type Code, matchForm } from '../match.ts';
import type { Form } from '../rule.ts';
import type { Choice } from './choice.ts';
import { basesOf, contextFor } from './context.ts';
import { choicesOf, instance } from './instances.ts';
import { withSymbolicConstants } from './symbolic.ts';

export interface ProofCase {
  /** What was chosen, for messages. */
  name: string;
  registers: ReadonlyMap<string, number>;
  constants: ReadonlyMap<string, bigint>;
  /** Variables that memory is accessed by. */
  bases: readonly string[];
  context: WindowContext;
  source: readonly Insn[];
  target: readonly Insn[];
}

export function* proofCases(form: Form): Generator<ProofCase> {
  for (const choice of choicesOf(form)) {
    const made = caseOf(form, choice);
    if (made !== undefined) yield made;
  }
}

/** Undefined where the form's conditions exclude the choice. */
function caseOf(form: Form, choice: Choice): ProofCase | undefined {
  const source = instance(form, choice);
  if (source === undefined) return undefined;
  const code: Code = {
    insns: source,
    offsets: slotOffsets(source),
    constantBefore: (_, register) => choice.known.get(register),
  };
  const match = matchForm(form, code, 0);
  if (match === undefined || match.end !== source.length) return undefined;
  const target = buildTarget(match, code);
  if (target === undefined) return undefined;
  const context = contextFor(form, choice, match);
  if (context === undefined) return undefined;
  const name = describe(choice);
  const { registers, constants } = choice;
  return {
    name,
    registers,
    constants,
    bases: basesOf(form),
    ...withSymbolicConstants(form, choice, { source, target, context }),
  };
}

function describe({ registers, constants, fillers, tests }: Choice): string {
  const parts = [...registers].map(([name, n]) => `r${name}=r${n}`);
  for (const [name, value] of constants) parts.push(`${name}=${value}`);
  for (const [name, filler] of fillers) if (filler.length > 0) parts.push(`${name}: ${filler.join('; ')}`);
  for (const [name, test] of tests) parts.push(`${name}: ${test}`);
  return parts.join(', ');
}
