/**
 * The instruction set: bytes in, instructions and their meaning out.
 *
 *   bytes --codec--> Insn --specOf--> row of the semantics table --eval over an Algebra--> value
 *   Insn <--asm/disasm--> text in the kernel verifier's syntax;  Insn <--macros--> BPF_MOV64_IMM(...)
 *   Insn[] --flow--> successors, targets;  --effects--> registers;  --edit--> Insn[], relinked;
 *                                          --validate--> problems
 */
export * from './algebra.ts';
export * from './asm/asm.ts';
export * from './codec.ts';
export * from './disasm.ts';
export * from './edit.ts';
export * from './effects.ts';
export * from './fields.ts';
export * from './flow.ts';
export * from './insn.ts';
export * from './levels.ts';
export * from './macros/macros.ts';
export * from './semantics.ts';
export * from './validate.ts';
