/**
 * Text of rules to rules.
 *
 *     rule NAME
 *       Summary, in Markdown.
 *     for W SIZE: u32 4, u64 8        $W and $SIZE stand for each of these; words with spaces in `backticks`
 *     form                            a way to write it; a rule has one or more
 *       source lines
 *     =>
 *       target lines
 *     where CONDITION, CONDITION      what the matcher checks
 *     given dead rX rY, rZ == 0       what the verifier finds out at each place
 *
 * Conditions: `rX != rY`, `rX is c` (the code before sets it), `... avoids rX` (gaps neither read nor write
 * it), `... keeps rX` (they do not write it), `body branches` (it may jump forward inside itself), `body is
 * any code`, `T avoids rX`, `not after LINE`, and expressions of constants.
 */
import { namesIn, parseExpression } from './expression.ts';
import { expressionsOf, parseInsn, parseLine, registersOf } from './lines.ts';
import type { Condition, Form, Given, Line, Register, Rule } from './rule.ts';

/** Alternatives that belong together: each one a value for every name. */
interface Choice {
  names: readonly string[];
  alternatives: readonly (readonly string[])[];
}

interface FormText {
  source: string[];
  target: string[];
  where: string[];
  given: string[];
}

/** @throws Error that names the rule */
export function parseRules(text: string): Rule[] {
  const blocks = text
    .replace(/^#.*\n/gm, '')
    .split(/^(?=rule )/m)
    .filter((block) => block.trim() !== '');
  return blocks.map((block) => {
    const name = /^rule ([a-z][-a-z0-9]*)\n/.exec(block)?.[1];
    if (name === undefined)
      throw new Error(`no rule starts like this: ${JSON.stringify(block.slice(0, 40))}`);
    try {
      return parseRule(name, block);
    } catch (e) {
      throw new Error(`rule ${name}: ${e instanceof Error ? e.message : e}`);
    }
  });
}

function parseRule(name: string, text: string): Rule {
  const summary: string[] = [];
  const choices: Choice[] = [];
  const forms: FormText[] = [];
  let into = summary;
  for (const line of text.split('\n').slice(1)) {
    if (line.trim() === '') continue;
    const last = forms.at(-1);
    if (line.startsWith('  ') || /^[A-Z]:$/.test(line)) into.push(line.trim());
    else if (line.startsWith('for ')) choices.push(parseChoice(line.slice(4)));
    else if (line === 'form') forms.push({ source: (into = []), target: [], where: [], given: [] });
    else if (line === '=>' && last !== undefined) into = last.target;
    else if (line.startsWith('where ') && last !== undefined) last.where.push(...list(line.slice(6)));
    else if (line.startsWith('given ') && last !== undefined) last.given.push(...list(line.slice(6)));
    else throw new Error(`${JSON.stringify(line)} has no meaning here`);
  }
  if (forms.length === 0 || summary.length === 0) throw new Error('a summary and a form are needed');
  return {
    name,
    summary: summary.join(' '),
    forms: forms.flatMap((form) => expanded(form, choices).map(parseForm)),
    text: text.trimEnd(),
  };
}

/** Parts between commas. */
const list = (text: string): string[] => text.split(',').map((part) => part.trim());

function parseChoice(text: string): Choice {
  const colon = text.indexOf(':');
  const names = text.slice(0, colon).trim().split(/\s+/);
  const words = (part: string): string[] =>
    [...part.matchAll(/`([^`]*)`|([^\s,]+)/g)].map((m) => m[1] ?? m[2]!);
  const alternatives =
    names.length === 1
      ? words(text.slice(colon + 1)).map((w) => [w])
      : list(text.slice(colon + 1)).map(words);
  if (colon < 0 || alternatives.some((a) => a.length !== names.length))
    throw new Error(`${JSON.stringify(text)} does not give each name a value`);
  return { names, alternatives };
}

/** The form with each combination of the alternatives that it uses. */
function expanded(form: FormText, choices: readonly Choice[]): FormText[] {
  let texts = [JSON.stringify(form)];
  // Later choices may have earlier ones in their values.
  for (const { names, alternatives } of [...choices].reverse()) {
    const longestFirst = [...names].sort((a, b) => b.length - a.length);
    texts = texts.flatMap((text) => {
      if (!names.some((name) => text.includes(`$${name}`))) return [text];
      return alternatives.map((values) =>
        longestFirst.reduce((t, name) => t.replaceAll(`$${name}`, values[names.indexOf(name)]!), text),
      );
    });
  }
  return texts.map((text) => JSON.parse(text) as FormText);
}

function parseForm({ source, target, where, given }: FormText): Form {
  const conditions = where.map(parseCondition);
  const lines = named(source.map(parseLine));
  if (lines[0]?.kind !== 'insn') throw new Error('a form starts with an instruction');
  const targets = named(target.map(parseLine));
  checkBound(lines, targets, conditions);
  const text = [
    ...source.map((line) => `  ${line}`),
    '=>',
    ...target.map((line) => `  ${line}`),
    ...(where.length === 0 ? [] : [`where ${where.join(', ')}`]),
    ...(given.length === 0 ? [] : [`given ${given.join(', ')}`]),
  ];
  return {
    source: lines,
    target: targets,
    where: conditions,
    given: given.flatMap(parseGiven),
    text: text.join('\n'),
  };
}

/** Whatever the target needs comes from the source, or from what the code before sets. */
function checkBound(source: readonly Line[], target: readonly Line[], where: readonly Condition[]): void {
  const known = where.flatMap((c) => (c.kind === 'known' ? [c.name] : []));
  const registers = new Set(source.flatMap(registersOf));
  const constants = new Set([...source.flatMap(expressionsOf).flatMap(namesIn), ...known]);
  for (const line of target) {
    const register = registersOf(line).find((name) => !registers.has(name));
    if (register !== undefined) throw new Error(`r${register} stands in the target only`);
    const constant = expressionsOf(line)
      .flatMap(namesIn)
      .find((name) => !constants.has(name));
    if (constant !== undefined) throw new Error(`${constant} stands in the target only`);
  }
}

/** Gaps without a name get their number. */
function named(lines: Line[]): Line[] {
  let n = 0;
  return lines.map((line) => (line.kind === 'gap' && line.name === '' ? { ...line, name: `${++n}` } : line));
}

function parseCondition(text: string): Condition {
  const match = (pattern: RegExp): string[] | undefined => pattern.exec(text)?.slice(1);
  const distinct = match(/^(r\w+) != (r\w+)$/);
  if (distinct !== undefined)
    return { kind: 'distinct', a: register(distinct[0]!), b: register(distinct[1]!) };
  const after = match(/^not after `(.*)`$/);
  if (after !== undefined) return { kind: 'not-after', line: parseInsn(after[0]!) };
  const known = match(/^(r\w+) is ([a-z])$/);
  if (known !== undefined) return { kind: 'known', register: register(known[0]!), name: known[1]! };
  const test = match(/^([A-Z]) avoids (r\w+)$/);
  if (test !== undefined) return { kind: 'test-avoids', test: test[0]!, register: register(test[1]!) };
  const code = match(/^(\.\.\.|[a-z]+) (branches|is any code)$/);
  if (code !== undefined)
    return { kind: 'gap-code', gap: code[0]!, what: code[1] === 'branches' ? 'branches' : 'any' };
  const gap = match(/^(\.\.\.|[a-z]+) (avoids|keeps) (r\w+)$/);
  if (gap !== undefined)
    return { kind: 'gap', gap: gap[0]!, what: gap[1] as 'avoids' | 'keeps', register: register(gap[2]!) };
  return { kind: 'constant', expression: parseExpression(text) };
}

function parseGiven(text: string): Given[] {
  const [kind, ...names] = text.split(' ');
  if (kind === 'dead' || kind === 'private')
    return names.map((name) => ({ kind, register: register(name) }) as const);
  const match = /^(\w+) (==|<) (.*)$/.exec(text);
  if (match === null) throw new Error(`${JSON.stringify(text)} cannot be given`);
  const [, name, relation, value] = match;
  const expression = parseExpression(value!);
  return [{ kind: relation === '<' ? 'below' : 'equals', register: register(name!), expression }];
}

function register(text: string): Register {
  const match = /^r(?:([A-Z])|(10|\d))$/.exec(text);
  if (match === null) throw new Error(`${JSON.stringify(text)} is not a register`);
  return match[1] ?? Number(match[2]);
}
