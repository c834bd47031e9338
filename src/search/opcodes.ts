/** Opcodes of moves, the instructions that rewrites make most. `K`: of a constant, `X`: of a register. */
import { opcode } from '../isa/semantics.ts';

export const MOV64_K = opcode('mov64.k');
export const MOV64_X = opcode('mov64.x');
export const MOV32_K = opcode('mov32.k');
