/**
 * The conditions under which a form is right: found by asking the verifier for its instances, and
 * proven by all of them.
 */
import { registersWritten } from '../../../isa/effects.ts';
import { specOf } from '../../../isa/semantics.ts';
import type { Verdict, WindowVerifier } from '../../../verify/index.ts';
import { parseRules } from '../parse.ts';
import { type ProofCase, proofCases } from '../proof/cases.ts';
import type { Form, Rule } from '../rule.ts';
import { type FormLines, OFFSETS } from './generalise.ts';

/** More instances than this are more than a rule is worth. */
const MOST_CASES = 1500;
const MOST_CONDITIONS = 8;

interface Conditions {
  where: string[];
  given: string[];
}

/** Undefined where no condition that is known makes it right. */
export function provenConditions(
  lines: FormLines,
  verifier: Pick<WindowVerifier, 'checkIn'>,
): { text: string; form: Form } | undefined {
  const conditions: Conditions = { where: [], given: [] };
  for (let n = 0; n <= MOST_CONDITIONS; n++) {
    const text = textOf(lines, conditions);
    let form: Form;
    try {
      form = (parseRules(`rule learned\n  Learned.\n${text}\n`)[0] as Rule).forms[0]!;
    } catch {
      return undefined;
    }
    const wrong = firstWrong(form, lines, verifier);
    if (wrong === 'none') return { text, form };
    if (wrong === 'too many' || !repaired(conditions, wrong, lines, form)) return undefined;
  }
  return undefined;
}

function textOf({ source, target }: FormLines, { where, given }: Conditions): string {
  return [
    'form',
    ...source.map((line) => `  ${line}`),
    '=>',
    ...target.map((line) => `  ${line}`),
    ...(where.length === 0 ? [] : [`where ${where.join(', ')}`]),
    ...(given.length === 0 ? [] : [`given ${given.join(', ')}`]),
  ].join('\n');
}

interface Wrong {
  proofCase: ProofCase;
  verdict: Verdict;
}

/** A wrong instance, one with different registers if there is one; 'none' when all are right. */
function firstWrong(
  form: Form,
  lines: FormLines,
  verifier: Pick<WindowVerifier, 'checkIn'>,
): Wrong | 'none' | 'too many' {
  const cases: ProofCase[] = [];
  for (const c of proofCases(form)) {
    cases.push(c);
    if (cases.length > MOST_CASES) return 'too many';
  }
  if (cases.length === 0) return 'too many';
  const coincidences = ({ registers }: ProofCase): number =>
    registers.size + 1 - new Set([...registers.values(), 10]).size;
  // Those most like the example first: what is wrong with them is not that registers coincide.
  cases.sort((a, b) => coincidences(a) - coincidences(b) || unlike(a, lines) - unlike(b, lines));
  for (const proofCase of cases) {
    const verdict = verifier.checkIn(proofCase.context, proofCase.source, proofCase.target);
    if (verdict.kind !== 'equivalent') return { proofCase, verdict };
  }
  return 'none';
}

/** Constants that the example has otherwise. */
function unlike({ constants }: ProofCase, lines: FormLines): number {
  return [...constants].filter(([name, value]) => lines.constants.get(name) !== value).length;
}

/** Adds the condition that a wrong instance asks for; false where none helps. */
function repaired(
  conditions: Conditions,
  { proofCase, verdict }: Wrong,
  lines: FormLines,
  form: Form,
): boolean {
  const { registers } = proofCase;
  const where = (text: string): boolean => add(conditions.where, text);
  const given = (text: string): boolean => add(conditions.given, text);
  const names = [...registers.keys()];
  for (const [n, a] of names.entries()) {
    const twin = names.slice(n + 1).find((b) => registers.get(b) === registers.get(a));
    if (twin !== undefined) return where(`r${a} != r${twin}`);
    if (registers.get(a) === 10) return where(`r${a} != r10`);
  }
  if (verdict.kind !== 'different') return false;
  const register = /^r(\d+)$/.exec(verdict.where)?.[1];
  if (register !== undefined) {
    const name = names.find((a) => registers.get(a) === Number(register));
    // A result that the target has as well must be right, unless it is about memory.
    const isResult = name === undefined || (writes(form.target).has(name) && !stores(form));
    if (!isResult && hasOtherResult(form, name, conditions)) return given(`dead r${name}`);
  }
  if (verdict.where.includes('shared memory')) {
    const base = proofCase.bases.find((a) => !conditions.given.includes(`private r${a}`));
    return base !== undefined && given(`private r${base}`);
  }
  for (const [name, value] of lines.constants)
    if (value >= 0n && (proofCase.constants.get(name) ?? 0n) < 0n && !OFFSETS.includes(name))
      return where(`${name} >= 0`);
  for (const [name, value] of lines.constants)
    if (OFFSETS.includes(name) && proofCase.constants.get(name) !== value)
      return where(`(${name} & 7) == ${value & 7n}`);
  return false;
}

/** Variables that lines write. */
function writes(lines: Form['source']): Set<string> {
  return new Set(
    lines.flatMap((line) => {
      if (line.kind !== 'insn' || line.dst === undefined) return [];
      return (registersWritten(line.insn) >> line.insn.dst) & 1 ? [line.dst] : [];
    }),
  );
}

function stores({ source }: Form): boolean {
  return source.some((line) => {
    const kind = line.kind === 'insn' ? specOf(line.insn)?.kind : undefined;
    return kind === 'store' || kind === 'atomic';
  });
}

/** Does the source leave more than the register's value, and what is dead already? */
function hasOtherResult(form: Form, name: string, { given }: Conditions): boolean {
  return stores(form) || [...writes(form.source)].some((r) => r !== name && !given.includes(`dead r${r}`));
}

function add(list: string[], text: string): boolean {
  if (list.includes(text)) return false;
  list.push(text);
  return true;
}
