/**
 * The one semantics table. Every opcode's meaning is written once, over the abstract algebra (rows in
 * table/); the interpreters, the symbolic executor and the abstract transfer functions all come from it.
 *
 *   in:   an instruction                     (insn.ts)
 *   out:  `specOf(insn)`, its row: what kind of step it is, at which width, and the function that computes it
 *
 * What a row leaves to its executor: register and memory access, zero extension of 32-bit results into the
 * 64-bit register, sign extension of `imm` (32 bits) to the operand's width, and control transfer.
 */
import type { Insn } from './insn.ts';
import type { AluMnemonic, OpName, OpSpec } from './opspec.ts';
import { aluRows } from './table/alu.ts';
import { controlRows } from './table/control.ts';
import { memoryRows } from './table/memory.ts';

export type * from './opspec.ts';
export type { Relation } from './relations.ts';

/** All rows, in a fixed order; `OPS[i].id === i`. */
export const OPS: readonly OpSpec[] = [...aluRows(), ...memoryRows(), ...controlRows()].map(
  (row, id) => ({ ...row, id }) as OpSpec,
);

const byOpcode: readonly (readonly OpSpec[])[] = Array.from({ length: 256 }, (_, op) =>
  OPS.filter((row) => row.op === op),
);

/** The row that an instruction selects; undefined when no such instruction exists. */
export function specOf(i: Insn): OpSpec | undefined {
  const rows = byOpcode[i.op];
  if (rows === undefined) return undefined;
  for (const row of rows)
    if (
      (row.off === undefined || row.off === i.off) &&
      (row.imm === undefined || row.imm === i.imm) &&
      (row.src === undefined || row.src === i.src)
    )
      return row;
  return undefined;
}

/** OpcodeRow by its name, for code that builds instructions; throws on a name that does not exist. */
export function opNamed(name: string): OpSpec {
  const row = byName.get(name);
  if (row === undefined) throw new Error(`no opcode is named ${name}`);
  return row;
}
const byName: ReadonlyMap<string, OpSpec> = new Map(OPS.map((row) => [row.name, row]));

/** Shifts take their amount modulo the width. */
export function isShift(mnemonic: AluMnemonic): boolean {
  return mnemonic === 'lsh' || mnemonic === 'rsh' || mnemonic === 'arsh';
}

/** Division and remainder, unsigned or signed. */
export function isDivision(mnemonic: AluMnemonic): boolean {
  return mnemonic === 'div' || mnemonic === 'mod' || mnemonic === 'sdiv' || mnemonic === 'smod';
}

/** The opcode byte of a row, by its name: for rows that the byte alone selects. */
export function opcode(name: OpName): number {
  return opNamed(name).op;
}
