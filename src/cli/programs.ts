/** Files that users name, as programs. */

import { UserError } from '../base/errors.ts';
import { readText } from '../base/files.ts';
import { AsmError, assemble } from '../isa/asm/asm.ts';
import type { Insn } from '../isa/insn.ts';
import { readMacros } from '../isa/macros/macros.ts';
import { validate } from '../isa/validate.ts';
import type { ProgramRow } from '../program/elf/index.ts';
import { type LoadOptions, loadFile, usableIn } from '../program/file.ts';
import type { Program } from '../program/program.ts';
import { HELPERS } from '../program/tables/helpers.ts';
import type { WhichPrograms } from './args.ts';

export function loadOptions({ type, section }: WhichPrograms): LoadOptions {
  return { ...(type === undefined ? {} : { hook: type }), ...(section === undefined ? {} : { section }) };
}

/** The programs of a file, or per program the reason why there is none. @throws UserError */
export function findPrograms(file: string, which: WhichPrograms): readonly ProgramRow[] {
  return loadFile(file, loadOptions(which)).rows;
}

/** Those that can be used. @throws UserError when none can */
export function usablePrograms(file: string, which: WhichPrograms): Program[] {
  return usableIn(loadFile(file, loadOptions(which)));
}

/** Exactly one program. @throws UserError when there are several */
export function oneOf(programs: readonly Program[], file: string): Program {
  if (programs.length === 1) return programs[0] as Program;
  const names = programs.map((p) => p.name).join(', ');
  throw new UserError(`it has ${programs.length} programs: ${names}.`, file, 'Choose one with --section.');
}

const helperIds = new Map(HELPERS.map((h) => [h.name, h.id]));
const helperId = (name: string): number | undefined => helperIds.get(name) ?? helperIds.get(`bpf_${name}`);

/** Assembly text, or BPF C macros, as instructions. @throws UserError naming file, line and column */
export function readAssembly(file: string): Insn[] {
  const text = readText(file);
  try {
    const insns = /\bBPF_[A-Z0-9_]+\s*\(/.test(text)
      ? readMacros(text)
      : assemble(text, { helper: helperId });
    const [problem] = validate(insns);
    if (problem !== undefined) throw new UserError(`${problem.reason}.`, `${file}, slot ${problem.slot}`);
    return insns;
  } catch (e) {
    if (e instanceof AsmError) throw new UserError(`${e.what}.`, `${file}:${e.line}:${e.column}`);
    throw e;
  }
}
