/** Files that users name, as programs. */

import { UserError } from '../base/errors.ts';
import { readBytes, readText } from '../base/files.ts';
import { AsmError, assemble } from '../isa/asm/asm.ts';
import type { Insn } from '../isa/insn.ts';
import { readMacros } from '../isa/macros/macros.ts';
import { validate } from '../isa/validate.ts';
import { programsOf, readObject } from '../program/elf/index.ts';
import type { Program } from '../program/program.ts';
import { readRawFile } from '../program/raw/raw.ts';
import { HELPERS } from '../program/tables/helpers.ts';
import type { WhichPrograms } from './args.ts';

export type Found =
  | { ok: true; program: Program }
  | { ok: false; name: string; section: string; reason: string };

const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46];

export function isObject(bytes: Uint8Array): boolean {
  return ELF_MAGIC.every((b, i) => bytes[i] === b);
}

/**
 * The programs of an object or of a raw instruction file.
 * @throws UserError when the file is neither, or has no program that was asked for
 */
export function findPrograms(file: string, which: WhichPrograms): Found[] {
  const bytes = readBytes(file);
  if (file.endsWith('.insns')) return [{ ok: true, program: readRawFile(file, rawOptions(which)) }];
  if (!isObject(bytes))
    throw new UserError('this is neither a BPF object (ELF) nor a raw .insns file.', file, 'Check the path.');
  const rows = programsOf(readObject(bytes, file), which.type === undefined ? {} : { hook: which.type });
  const nameOf = (r: Found): { name: string; section: string } => (r.ok ? r.program : r);
  const { section } = which;
  const chosen = rows.filter(
    (r) => section === undefined || [nameOf(r).name, nameOf(r).section].includes(section),
  );
  if (chosen.length > 0) return chosen;
  const sections = [...new Set(rows.map((r) => nameOf(r).section))];
  if (section === undefined) throw new UserError('the object has no programs.', file);
  throw new UserError(
    `no section or function is called '${section}'.`,
    file,
    `There are: ${sections.join(', ')}.`,
  );
}

/** Those that can be used. @throws UserError when none can */
export function usablePrograms(file: string, which: WhichPrograms): Program[] {
  const found = findPrograms(file, which);
  const usable = found.flatMap((f) => (f.ok ? [f.program] : []));
  const [first] = found;
  if (usable.length === 0 && first !== undefined && !first.ok)
    throw new UserError(`${first.reason}.`, `${file}, section ${first.section}, ${first.name}`);
  return usable;
}

/** Exactly one program. @throws UserError when there are several */
export function theProgram(file: string, which: WhichPrograms): Program {
  const usable = usablePrograms(file, which);
  if (usable.length === 1) return usable[0] as Program;
  const names = usable.map((p) => p.name).join(', ');
  throw new UserError(`it has ${usable.length} programs: ${names}.`, file, 'Choose one with --section.');
}

export function rawOptions(which: WhichPrograms): { hook?: Program['hook'] } {
  return which.type === undefined ? {} : { hook: which.type };
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
