/** The objects in data/, and what several tests do with them. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { splice } from '../../../src/isa/edit.ts';
import { type Insn, insn } from '../../../src/isa/insn.ts';
import type { ObjectFile, ProgramRow } from '../../../src/program/elf/index.ts';
import { programsOf, readObject } from '../../../src/program/elf/index.ts';
import type { Program } from '../../../src/program/program.ts';

const DATA = new URL('data/', import.meta.url);

export const NAMES: readonly string[] = readdirSync(DATA)
  .filter((f) => f.endsWith('.o'))
  .sort();

export function pathOf(name: string): string {
  return fileURLToPath(new URL(name, DATA));
}

export function bytesOf(name: string): Uint8Array {
  return readFileSync(pathOf(name));
}

export function objectOf(name: string): ObjectFile {
  return readObject(bytesOf(name), name);
}

/** The programs of an object that has a reason for each row that is none. */
export function okPrograms(object: ObjectFile): Program[] {
  return programsOf(object).flatMap((r: ProgramRow) => (r.ok ? [r.program] : []));
}

export function programNamed(object: ObjectFile, name: string): Program {
  const program = okPrograms(object).find((p) => p.name === name);
  if (program === undefined) throw new Error(`no program ${name}`);
  return program;
}

/**
 * What must be equal when a program went out and came back: all but the file it came from and its pins'
 * reasons.
 */
export function essence(p: Program): unknown {
  const { name, section, hook, attachType, license, insns, functions, maps } = p;
  return { name, section, hook, attachType, license, insns, functions, maps };
}

/** Replaces instructions [at, at + count) of function `name` (counted in the function). */
export function edit(
  p: Program,
  name: string,
  at: number,
  count: number,
  replacement: readonly Insn[],
): Program {
  const range = p.functions.find((f) => f.name === name);
  if (range === undefined) throw new Error(`no function ${name}`);
  const grown = replacement.length - count;
  const origin = [...p.origin];
  origin.splice(range.start + at, count, ...replacement.map(() => -1));
  return {
    ...p,
    insns: splice(p.insns, range.start + at, count, replacement),
    origin,
    functions: p.functions.map((f) => ({
      ...f,
      start: f.start > range.start ? f.start + grown : f.start,
      end: f.end > range.start ? f.end + grown : f.end,
    })),
  };
}

/** r0 is dead where a function starts, so this changes nothing that anybody sees. */
export const HARMLESS: readonly Insn[] = [
  insn(0xb7, 0, 0, 0, 7),
  insn(0x18, 0, 0, 0, 1, 2),
  insn(0x07, 0, 0, 0, 3),
];

/** Puts `HARMLESS` at the start of every function. */
export function pad(p: Program): Program {
  return p.functions.reduce((q, f) => edit(q, f.name, 0, 0, HARMLESS), p);
}
