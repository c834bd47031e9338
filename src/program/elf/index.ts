/**
 * ELF object files of BPF programs.
 *
 *   in:   bytes                --readObject-->   ObjectFile: maps, functions, references, BTF
 *         ObjectFile           --programsOf-->   Programs, or per program the reason why there is none
 *   out:  rewritten functions  --writeObject-->  bytes that libbpf loads in place of the original
 */
export type { ObjectMap } from './map-definitions.ts';
export { readObject } from './object.ts';
export type { ObjectFile, ObjectFunction, Ref } from './object-types.ts';
export type { FunctionRewrite, InsnOrigin } from './plan.ts';
export type { ProgramOptions } from './program-type.ts';
export type { ProgramRow } from './programs.ts';
export { programOf, programsOf } from './programs.ts';
export type { ProgramChange } from './rewrite.ts';
export { rewriteProgram, rewritePrograms } from './rewrite.ts';
export { writeObject } from './write.ts';
