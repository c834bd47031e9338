/** Opcodes of moves, the instructions that rewrites make most. `K`: of a constant, `X`: of a register. */
export const MOV64_K = 0xb7;
export const MOV64_X = 0xbf;
export const MOV32_K = 0xb4;
