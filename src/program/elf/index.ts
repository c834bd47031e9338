/**
 * ELF object files of BPF programs.
 *
 *   in:   bytes                --readObject-->   ObjectFile: maps, functions, references, BTF
 *         ObjectFile           --programsOf-->   Programs, or per program the reason why there is none
 *   out:  rewritten functions  --writeObject-->  bytes that libbpf loads in place of the original
 */
export type { ObjectMap } from './mapdefs.ts';
export type { ObjectFile, ObjectFunction, Ref } from './object.ts';
export { readObject } from './object.ts';
export type { ProgramOptions, ProgramRow } from './programs.ts';
export { programOf, programsOf } from './programs.ts';
