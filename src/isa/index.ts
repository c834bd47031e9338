/**
 * The instruction set: bytes in, instructions and their meaning out.
 *
 *   bytes --codec--> Insn --specOf--> row of the semantics table --eval over an Algebra--> value
 *   Insn <--asm/disasm--> text in the kernel checker's syntax;  Insn <--macros--> BPF_MOV64_IMM(...)
 */
export * from './algebra.ts';
export * from './insn.ts';
export * from './semantics.ts';
