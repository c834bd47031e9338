/**
 * Lines of a rule: assembler text with variables in it. The assembler itself reads them, after every variable
 * has been given a number that stands nowhere else; which field has that number says where the variable
 * belongs.
 *
 *     rX, wX        a register; r0 to r10 stand for themselves
 *     c, {c + 1}    a constant or distance: one lower-case letter, or an expression of them
 *     goto L        a place: L: in the same text, or anywhere outside
 */
import { assemble } from '../../isa/asm/asm.ts';
import { type Insn, OP_LD_IMM64, PseudoLd } from '../../isa/insn.ts';
import { specOf } from '../../isa/semantics.ts';
import { usesSource } from '../edit.ts';
import { type Expression, parseExpression } from './expression.ts';
import type { InsnLine, Line } from './rule.ts';

/** Stands for the first constant of a line; no rule has numbers from here on. */
const FIRST_NUMBER = 0x5a00;
const MOST_NUMBERS = 16;
/** A lower-case letter by itself that belongs to no operator (`s>>=`). */
const CONSTANT = /\{([^}]*)\}|(?<![\w}])([a-z])(?![\w<>/%])/g;
const REGISTER = /\b([rw])([A-Z])\b/g;
const HAS_DST: ReadonlySet<string> = new Set(['alu', 'ldimm64', 'load', 'store', 'atomic', 'jump', 'cast']);

/** @throws Error or AsmError for text that is no line */
export function parseLine(text: string): Line {
  const label = /^([A-Z]):$/.exec(text)?.[1];
  if (label !== undefined) return { kind: 'label', name: label };
  const test = /^if (!?)([A-Z]) goto ([A-Z])$/.exec(text);
  if (test !== null) return { kind: 'test', negated: test[1] === '!', name: test[2]!, label: test[3]! };
  const gap = /^\.\.\.([a-z]*)(?: with r([A-Z]) for r([A-Z]))?$/.exec(text);
  if (gap === null) return parseInsn(text);
  const [, name = '', instead, of] = gap;
  return { kind: 'gap', name, reads: of === undefined ? undefined : { instead: instead!, of } };
}

export function parseInsn(text: string): InsnLine {
  const expressions: Expression[] = [];
  const label = / goto ([A-Z])$/.exec(text)?.[1] ?? /^goto ([A-Z])$/.exec(text)?.[1];
  const bare = label === undefined ? text : text.replace(/goto [A-Z]$/, 'goto +0');
  const numbered = bare.replace(CONSTANT, (_, expression?: string, letter?: string) => {
    expressions.push(parseExpression(expression ?? letter!));
    return `${FIRST_NUMBER + expressions.length - 1}`;
  });
  // Every variable gets a register that the line does not name.
  const fixed = new Set([...numbered.matchAll(/\b[rw](\d+)\b/g)].map((m) => Number(m[1])));
  const numbers = new Map<string, number>();
  const concrete = numbered.replace(REGISTER, (_, width: string, name: string) => {
    let n = numbers.get(name);
    if (n === undefined) {
      n = 0;
      while (fixed.has(n)) n++;
      fixed.add(n);
      numbers.set(name, n);
    }
    return `${width}${n}`;
  });
  const [insn, more] = assemble(concrete);
  if (insn === undefined || more !== undefined)
    throw new Error(`${JSON.stringify(text)} is not one instruction`);
  return { kind: 'insn', insn, ...registers(insn, numbers), ...constants(insn, expressions), label };
}

function registers(i: Insn, numbers: ReadonlyMap<string, number>): Pick<InsnLine, 'dst' | 'src'> {
  const named = (n: number): string | undefined => [...numbers].find(([, number]) => number === n)?.[0];
  return {
    dst: HAS_DST.has(specOf(i)?.kind ?? '') ? named(i.dst) : undefined,
    src: usesSource(i) ? named(i.src) : undefined,
  };
}

function constants(i: Insn, list: readonly Expression[]): Partial<InsnLine> {
  const of = (field: number): Expression | undefined =>
    field >= FIRST_NUMBER && field < FIRST_NUMBER + MOST_NUMBERS ? list[field - FIRST_NUMBER] : undefined;
  const [off, imm, immHi] = [of(i.off), of(i.imm), of(i.immHi)];
  const isWide = i.op === OP_LD_IMM64 && i.src === PseudoLd.IMM64;
  return isWide ? { wide: imm } : { off, imm, immHi };
}

/** Registers that a line names, as variables. */
export function registersOf(line: Line): string[] {
  if (line.kind === 'insn') return [line.dst, line.src].filter((name) => name !== undefined);
  return line.kind === 'gap' && line.reads !== undefined ? [line.reads.instead, line.reads.of] : [];
}

/** Expressions that a line has for numbers. */
export function expressionsOf(line: Line): Expression[] {
  if (line.kind !== 'insn') return [];
  return [line.off, line.imm, line.immHi, line.wide].filter((e) => e !== undefined);
}
