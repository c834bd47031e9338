/**
 * An example as the text of a form: letters for its registers and numbers. Numbers of the target that
 * the source does not have become expressions of those that it has, where one is found.
 */
import { formatInsn } from '../../../isa/disasm.ts';
import { type Insn, imm64, OP_LD_IMM64, R10 } from '../../../isa/insn.ts';
import { specOf } from '../../../isa/semantics.ts';
import { usesSource } from '../../edit.ts';
import { evaluate, parseExpression } from '../expression.ts';
import type { Example } from './example.ts';

/** The lines of a form, without its conditions. */
export interface FormLines {
  source: string[];
  target: string[];
  /** Values that the example has for the constants. */
  constants: ReadonlyMap<string, bigint>;
  /** Registers of the example by their letter. */
  registers: ReadonlyMap<string, number>;
}

/** Which numbers become letters. */
export type Numbers = 'all' | 'offsets' | 'none';

const REGISTERS = 'ABCDEFGHIJ';
const CONSTANTS = ['c', 'd', 'e', 'f', 'g'];
/** Letters of memory offsets. */
export const OFFSETS: readonly string[] = ['o', 'p', 'q', 'v'];
/** Expressions of one and of two numbers that a target's number may be. */
const OF_ONE = [
  '-x',
  'x + 1',
  'x - 1',
  '64 - x',
  '32 - x',
  'u32(x)',
  's32(x)',
  'x + 4',
  'x - 4',
  'log2(x)',
  'x << 8',
];
const OF_TWO = ['x + y', 'x - y', 'x | y', 'x & y', 'x ^ y', 'x << y', 'x >> y', 'x | y << 32', 'x * y'];

/** Undefined where the target has a number that comes from nowhere. */
export function generalised({ before, after }: Example, numbers: Numbers): FormLines | undefined {
  const registers = new Map<number, string>();
  const constants = new Map<string, bigint>();
  const letters = { imm: [...CONSTANTS], off: [...OFFSETS] };
  const registerName = (n: number): string => {
    if (n === R10) return '10';
    let name = registers.get(n);
    if (name === undefined) registers.set(n, (name = REGISTERS[registers.size]!));
    return name;
  };
  let missing = false;
  const number = (value: bigint, kind: 'imm' | 'off', isSource: boolean): string => {
    if (numbers === 'none' || (numbers === 'offsets' && kind === 'imm')) return `${value}`;
    const pool = kind === 'imm' ? CONSTANTS : OFFSETS;
    const known = [...constants].filter(([name]) => pool.includes(name));
    const same = known.find(([, v]) => v === value);
    if (same !== undefined) return same[0];
    // Offsets of one form belong together.
    if (kind === 'off' && known.length > 0) {
      const [name, v] = known[0]!;
      return value > v ? `{${name} + ${value - v}}` : `{${name} - ${v - value}}`;
    }
    if (isSource) {
      const name = letters[kind].shift();
      if (name === undefined) missing = true;
      else constants.set(name, value);
      return name ?? '0';
    }
    const expression = expressionFor(value, constants);
    return expression === undefined ? `${value}` : `{${expression}}`;
  };
  const line = (i: Insn, isSource: boolean): string =>
    spell(i, registerName, (v, kind) => number(v, kind, isSource));
  const source = before.map((i) => line(i, true));
  const target = after.map((i) => line(i, false));
  if (missing || registers.size > REGISTERS.length) return undefined;
  return { source, target, constants, registers: new Map([...registers].map(([n, name]) => [name, n])) };
}

function expressionFor(value: bigint, constants: ReadonlyMap<string, bigint>): string | undefined {
  const has = (e: string): boolean => evaluate(parseExpression(e), constants) === value;
  for (const x of constants.keys()) {
    const found = OF_ONE.map((e) => e.replaceAll('x', x)).find(has);
    if (found !== undefined) return found;
  }
  for (const x of constants.keys())
    for (const y of constants.keys()) {
      if (x === y) continue;
      const found = OF_TWO.map((e) => e.replace('y', '#').replace('x', x).replace('#', y)).find(has);
      if (found !== undefined) return found;
    }
  return undefined;
}

/** The instruction's text with other names for its registers, and its number replaced. */
function spell(
  i: Insn,
  register: (n: number) => string,
  number: (value: bigint, kind: 'imm' | 'off') => string,
): string {
  const spec = specOf(i);
  if (i.op === OP_LD_IMM64 && i.src === 0)
    return `r${register(i.dst)} = ${number(BigInt.asIntN(64, imm64(i)), 'imm')} ll`;
  // A number that no instruction of the example has marks the place of the field.
  const marked = { ...i };
  const isMemory = spec?.kind === 'load' || spec?.kind === 'store' || spec?.kind === 'atomic';
  const hasImm = spec !== undefined && 'operand' in spec && spec.operand === 'K';
  if (isMemory) marked.off = 31_111;
  if (hasImm) marked.imm = 32_222;
  const names = new Map<number, string>();
  for (const n of usesSource(i) ? [i.dst, i.src] : [i.dst]) names.set(n, register(n));
  return formatInsn(marked)
    .replace(/\b([rw])(\d+)\b/g, (_, width: string, n: string) => `${width}${names.get(Number(n)) ?? n}`)
    .replace('+31111', () => `+${number(BigInt(i.off), 'off')}`)
    .replace(/\b32222\b/, () => number(BigInt(i.imm), 'imm'))
    .replace(/\+-/, '-');
}
