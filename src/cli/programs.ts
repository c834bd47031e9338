/** Files that users name, as programs. */

import { UserError } from '../base/errors.ts';
import { readText } from '../base/files.ts';
import { type Assembly, readAssembly } from '../program/assembly.ts';
import type { ProgramRow } from '../program/elf/index.ts';
import { type FileSelection, loadFile, usableIn } from '../program/file.ts';
import type { Program } from '../program/program.ts';
import type { WhichPrograms } from './args.ts';

export function loadOptions({ type, section, assume }: WhichPrograms): FileSelection {
  return {
    ...type,
    ...(section === undefined ? {} : { section }),
    ...(assume === undefined ? {} : { assume }),
  };
}

/** The programs of a file, or per program the reason why there is none. @throws UserError */
export function findPrograms(
  file: string,
  which: WhichPrograms,
  { listing = false }: { listing?: boolean } = {},
): readonly ProgramRow[] {
  return loadFile(file, { ...loadOptions(which), listing }).rows;
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

/** Assembly text, or BPF C macros, as a program. @throws UserError naming file, line and column */
export function readAssemblyFile(file: string): Assembly {
  return readAssembly(readText(file), file);
}
