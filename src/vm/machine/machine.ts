/**
 * The interpreter's public face: one machine per program.
 *
 *   program --createMachine--> Machine --setTests--> images in linear memory
 *     run(insns, test)                     -> Outcome, in full
 *     setSource(insns)                     -> expected outcome of every test
 *     setCandidate(insns), patch(i, insn)  -> decoded instructions
 *     evaluate(limit)                      -> distance from the expected outcomes, summed over the tests
 *
 * Candidates are positions: every instruction, `ld_imm64` too, takes one. Distances of jumps count slots in
 * the layout of the last `setCandidate`, so that a patch never moves the target of another instruction.
 */
import type { Program } from '../../program/program.ts';
import type { Machine, MachineOptions } from './types.ts';
import { MACHINE_DEFAULTS } from './types.ts';
import { FastMachine } from './wasm-machine.ts';

export function createMachine(program: Program, options: Partial<MachineOptions> = {}): Machine {
  return new FastMachine(program, { ...MACHINE_DEFAULTS, ...options });
}
