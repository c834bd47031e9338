/** Choices for the variables of a form, and the source that each stands for. */
import { assemble } from '../../../isa/asm/asm.ts';
import { registersWritten } from '../../../isa/effects.ts';
import { slotOffsets } from '../../../isa/flow.ts';
import { type Insn, insn, R10 } from '../../../isa/insn.ts';
import { specOf } from '../../../isa/semantics.ts';
import { instantiated } from '../build.ts';
import { namesIn } from '../expression.ts';
import { expressionsOf, registersOf } from '../lines.ts';
import type { Form, Line } from '../rule.ts';
import { type Choice, NUMBERS, otherRegister } from './choice.ts';
import { anyNumber, isShift } from './symbolic.ts';

const IMMEDIATES = [0, 1, -1, 2, 7, 8, 31, 32, 63, 255, 0x7fff_ffff, -0x8000_0000].map(BigInt);
const SHIFTS = [0, 1, 8, 16, 28, 31, 32, 33, 48, 63].map(BigInt);
const OFFSETS = [-16, -12, 4].map(BigInt);
const WIDE = [
  ...IMMEDIATES,
  0x8000_0000n,
  0xffff_ffffn,
  0xf000_0000n,
  0xffff_0000n,
  0x11_2233_4455n,
  -(1n << 63n),
  (1n << 63n) - 1n,
];
/** Slots behind a form that jumps out of it go to. */
export const FAR_EXIT = 3;

export function* choicesOf(form: Form): Generator<Choice> {
  const lines = [...form.source, ...form.target];
  const names = [...new Set(lines.flatMap(registersOf))];
  const constantNames = constantsOf(form);
  for (const registers of assignments(form, names))
    for (const constants of product(constantNames, (name) => samplesOf(form, name)))
      for (const fillers of product(gapsOf(form), () => fillersFor(names)))
        for (const tests of product(testsOf(form), () => testsFor(names)))
          yield { registers, constants, fillers, tests, known: knownOf(form, registers, constants) };
}

/**
 * Every way in which variables may stand for one register, for different ones, and for r10 where nothing
 * writes it.
 */
function* assignments(form: Form, names: readonly string[]): Generator<ReadonlyMap<string, number>> {
  const fixed = new Set(form.source.flatMap(fixedRegisters));
  const free = NUMBERS.filter((n) => !fixed.has(n));
  const written = new Set([...form.source, ...form.target].flatMap(writtenVariables));
  function* from(at: number, used: number, map: Map<string, number>): Generator<Map<string, number>> {
    const name = names[at];
    if (name === undefined) {
      yield new Map(map);
      return;
    }
    for (const n of [...free.slice(0, used + 1), ...fixed, R10]) {
      if (n === R10 && (written.has(name) || fixed.has(R10))) continue;
      map.set(name, n);
      yield* from(at + 1, n === free[used] ? used + 1 : used, map);
    }
    map.delete(name);
  }
  yield* from(0, 0, new Map());
}

function fixedRegisters(line: Line): number[] {
  if (line.kind !== 'insn') return [];
  const spec = specOf(line.insn);
  const operands = spec?.kind === 'call' || spec?.kind === 'exit' || spec?.kind === 'goto';
  const fixed = operands || line.dst !== undefined ? [] : [line.insn.dst];
  return 'operand' in (spec ?? {}) && line.src === undefined && line.insn.src !== 0
    ? [...fixed, line.insn.src]
    : fixed;
}

function writtenVariables(line: Line): string[] {
  if (line.kind !== 'insn' || line.dst === undefined) return [];
  // The variable's number in the line stands for it there.
  return (registersWritten(line.insn) >> line.insn.dst) & 1 ? [line.dst] : [];
}

export function constantsOf(form: Form): string[] {
  const known = form.where.flatMap((c) => (c.kind === 'known' ? [c.name] : []));
  return [...new Set([...form.source.flatMap(expressionsOf).flatMap(namesIn), ...known])];
}

/** Numbers that a constant is tried with, by where it stands. */
function samplesOf(form: Form, name: string): readonly bigint[] {
  if (form.where.some((c) => c.kind === 'known' && c.name === name)) return WIDE;
  for (const line of form.source) {
    if (line.kind !== 'insn') continue;
    const stands = (e: typeof line.imm): boolean => e?.kind === 'name' && e.name === name;
    if (stands(line.wide)) return WIDE;
    if (stands(line.off)) return OFFSETS;
    if (!stands(line.imm)) continue;
    const spec = specOf(line.insn);
    if (spec !== undefined && isShift(spec)) return SHIFTS;
    const any = anyNumber(form, name);
    return any === undefined ? IMMEDIATES : [any, -1n];
  }
  return IMMEDIATES;
}

function gapsOf(form: Form): string[] {
  return form.source.flatMap((line) => (line.kind === 'gap' ? [line.name] : []));
}

function testsOf(form: Form): string[] {
  return form.source.flatMap((line) => (line.kind === 'test' ? [line.name] : []));
}

/** What may stand in a gap, as far as the conditions let it. */
function fillersFor(names: readonly string[]): string[][] {
  return [
    [],
    ['rG += 3'],
    ...names.flatMap((name) => [[`rG ^= r${name}`], [`r${name} = 7`]]),
    ['if rG > 9 goto +1', 'rG = 5'],
  ];
}

function testsFor(names: readonly string[]): string[] {
  return ['if rG s> 5', ...names.map((name) => `if rG <= r${name}`)];
}

function knownOf(
  form: Form,
  registers: ReadonlyMap<string, number>,
  constants: ReadonlyMap<string, bigint>,
): Map<number, bigint> {
  return new Map(
    form.where.flatMap((c) => {
      if (c.kind !== 'known') return [];
      const n = typeof c.register === 'number' ? c.register : registers.get(c.register)!;
      return [[n, BigInt.asUintN(64, constants.get(c.name)!)] as const];
    }),
  );
}

function* product<T>(
  names: readonly string[],
  valuesOf: (name: string) => readonly T[],
): Generator<ReadonlyMap<string, T>> {
  const [name, ...rest] = names;
  if (name === undefined) {
    yield new Map();
    return;
  }
  for (const value of valuesOf(name))
    for (const others of product(rest, valuesOf)) yield new Map([[name, value], ...others]);
}

/**
 * The form's source with a choice filled in; undefined where a number does not fit, or r10 would be written.
 */
export function instance(form: Form, choice: Choice): Insn[] | undefined {
  const code: { i: Insn; label?: string }[] = [];
  const places = new Map<string, number>();
  const spelled = (text: string): string =>
    text.replace(
      /\br([A-Z])\b/g,
      (_, name: string) => `r${choice.registers.get(name) ?? otherRegister(choice)}`,
    );
  for (const line of form.source) {
    if (line.kind === 'label') places.set(line.name, code.length);
    else if (line.kind === 'gap') {
      const filler = choice.fillers.get(line.name)!.map(spelled).join('\n');
      code.push(...assemble(filler).map((i) => ({ i })));
    } else if (line.kind === 'test') {
      const [i] = assemble(`${spelled(choice.tests.get(line.name)!)} goto +0`);
      code.push({ i: i!, label: line.label });
    } else {
      const i = instantiated(line, choice);
      if (i === undefined) return undefined;
      code.push({ i, label: line.label });
    }
  }
  if (code.some(({ i }) => (registersWritten(i) >> R10) & 1)) return undefined;
  const slots = slotOffsets(code.map(({ i }) => i));
  const end = slots[code.length]!;
  return code.map(({ i, label }, at) => {
    if (label === undefined) return insn(i.op, i.dst, i.src, i.off, i.imm, i.immHi);
    const place = places.get(label);
    const slot = place === undefined ? end + FAR_EXIT : slots[place]!;
    return { ...i, off: slot - slots[at]! - 1 };
  });
}
