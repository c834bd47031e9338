/**
 * One proof for all values of a constant: where it stands in immediates only, and nothing asks what it is, a
 * register with any number of 32 bits, sign-extended, stands for it.
 */
import { signedBetween } from '../../../analysis/domain/scalar.ts';
import { form } from '../../../isa/forms.ts';
import type { Insn } from '../../../isa/insn.ts';
import { type OpSpec, specOf } from '../../../isa/semantics.ts';
import type { WindowContext } from '../../../verify/index.ts';
import { namesIn } from '../expression.ts';
import { expressionsOf } from '../lines.ts';
import type { Form as RuleForm } from '../rule.ts';
import { type Choice, otherRegister } from './choice.ts';

interface Question {
  source: readonly Insn[];
  target: readonly Insn[];
  context: WindowContext;
}

/** What stands for the first constant that may be any number; no instance has it otherwise. */
const FIRST_ANY = 0x5eed_5eedn;
/** Registers that may stand for constants, so many are always left. */
const MOST = 2;

/** The value that stands for all values of a constant; undefined where one proof will not do. */
export function anyNumber(rule: RuleForm, name: string): bigint | undefined {
  const index = symbolicConstants(rule).indexOf(name);
  return index < 0 || index >= MOST ? undefined : FIRST_ANY + BigInt(index);
}

/** Constants that may be any number at all. */
function symbolicConstants({ source, target, where, given }: RuleForm): string[] {
  const asked = new Set(
    [
      ...where.flatMap((c) => (c.kind === 'constant' ? [c.expression] : [])),
      ...given.flatMap((g) => ('expression' in g ? [g.expression] : [])),
    ].flatMap(namesIn),
  );
  for (const c of where) if (c.kind === 'known') asked.add(c.name);
  const names = new Set<string>();
  for (const line of [...source, ...target]) {
    if (line.kind !== 'insn') continue;
    const inImmediate = line.imm?.kind === 'name' && registerForm(line.insn) !== undefined;
    for (const e of expressionsOf(line))
      for (const name of namesIn(e)) (inImmediate && e === line.imm ? names : asked).add(name);
  }
  return [...names].filter((name) => !asked.has(name));
}

/**
 * The row that takes a register instead: that of a shift takes its low bits only, which is another operation.
 */
function registerForm(i: Insn): OpSpec | undefined {
  const spec = specOf(i);
  if (spec === undefined || !('operand' in spec) || spec.operand !== 'K' || isShift(spec)) return undefined;
  return form(spec, { operand: 'X' });
}

export function isShift(spec: OpSpec): boolean {
  return spec.kind === 'alu' && ['lsh', 'rsh', 'arsh'].includes(spec.mnemonic);
}

export function withSymbolicConstants(rule: RuleForm, choice: Choice, question: Question): Question {
  const used = new Set([...choice.registers.values(), otherRegister(choice)]);
  const registers = [...question.context.registers];
  const standsFor = new Map<number, number>();
  for (const [name, value] of choice.constants) {
    if (anyNumber(rule, name) !== value) continue;
    // Neither of the form nor of what stands in its gaps.
    const register = [9, 8, 7, 6, 5, 4, 3, 2, 1].find((n) => !used.has(n))!;
    used.add(register);
    standsFor.set(Number(value), register);
    registers[register] = signedBetween(-0x8000_0000n, 0x7fff_ffffn);
  }
  if (standsFor.size === 0) return question;
  const reading = (i: Insn): Insn => {
    const src = standsFor.get(i.imm);
    const row = src === undefined ? undefined : registerForm(i);
    return src === undefined || row === undefined ? i : { ...i, op: row.op, src, imm: 0 };
  };
  return {
    source: question.source.map(reading),
    target: question.target.map(reading),
    context: { ...question.context, registers },
  };
}
