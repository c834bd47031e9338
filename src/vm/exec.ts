/**
 * Runs bare bytecode on bare memory, as plugins of the bpf_conformance suite do: r1 points to the memory (0
 * when there is none), r2 is its length, the result is r0.
 */

import { UserError } from '../base/errors.ts';
import { decode } from '../isa/codec.ts';
import { insn } from '../isa/insn.ts';
import { opcode } from '../isa/semantics.ts';
import { validate } from '../isa/validate.ts';
import { programsOf, readObject } from '../program/elf/index.ts';
import type { Program } from '../program/program.ts';
import { createMachine } from './machine/machine.ts';

export type ExecResult = { ok: true; r0: bigint } | { ok: false; message: string };

/**
 * Registers that a program must write before it reads them, and values that no program computes by chance.
 */
const UNSET = [0, 3, 4, 5, 6, 7, 8, 9];
const POISONS = [0x5a5a_1234, -0x2b2b_4321];

export interface ExecOptions {
  /** The program is an ELF object: its first program that can be used runs. */
  elf?: boolean;
}

/**
 * @param programHex instructions, 8 bytes each, or with `elf` an object, as hexadecimal digits; white space
 *   is ignored
 * @param memoryHex likewise; '' for no memory
 * @throws UserError when one of them is no hexadecimal text, or the instructions cannot be decoded
 */
export function execConformance(
  programHex: string,
  memoryHex: string,
  { elf = false }: ExecOptions = {},
): ExecResult {
  const bytes = hex(programHex, 'program');
  const program = elf ? firstOf(bytes) : bare(decoded(bytes));
  const problem = validate(program.insns)[0];
  if (problem !== undefined) return { ok: false, message: `slot ${problem.slot}: ${problem.reason}` };
  const memory = hex(memoryHex, 'memory');
  const [result, other] = POISONS.map((poison) => runOn(program, memory, poison)) as [ExecResult, ExecResult];
  // Registers that were never written hold another value in each run.
  if (result.ok && !(other.ok && other.r0 === result.r0))
    return { ok: false, message: 'the result depends on a register that was never written' };
  return result;
}

function runOn(program: Program, memory: Uint8Array, poison: number): ExecResult {
  const none = memory.length === 0;
  const setup = [
    insn(opcode(none ? 'mov64.k' : 'mov64.x'), 1, none ? 0 : 1),
    insn(opcode('mov64.k'), 2, 0, 0, memory.length),
    ...UNSET.map((r) => insn(opcode('mov64.k'), r, 0, 0, poison)),
  ];
  const insns = [...setup, ...program.insns];
  const shifted = program.functions.map((f, n) => ({
    ...f,
    start: n === 0 ? 0 : f.start + setup.length,
    end: f.end + setup.length,
  }));
  const whole = { ...program, insns, functions: shifted, origin: insns.map(() => -1), pinned: new Map() };
  const machine = createMachine(whole, { plainContext: true });
  const maps = program.maps.map(({ initial }) =>
    initial === undefined ? [] : [{ key: new Uint8Array(4), value: initial }],
  );
  machine.setTests([{ ctx: memory, packet: new Uint8Array(0), maps, seed: 1 }]);
  const outcome = machine.run(insns, 0);
  if (outcome.status === 'exit') return { ok: true, r0: outcome.r0 };
  return { ok: false, message: `instruction ${(outcome.at ?? 0) - setup.length}: ${outcome.fault}` };
}

function decoded(bytes: Uint8Array): Program['insns'] {
  const code = decode(bytes);
  if (!code.ok) throw new UserError(code.reason, `slot ${code.slot}`);
  return code.insns;
}

function firstOf(bytes: Uint8Array): Program {
  const rows = programsOf(readObject(bytes, 'the object'), { hook: 'xdp' });
  const usable = rows.find((r) => r.ok);
  if (usable?.ok === true) return usable.program;
  const [first] = rows;
  throw new UserError(first?.ok === false ? first.reason : 'there is no program', 'the object');
}

function bare(insns: Program['insns']): Program {
  return {
    name: 'bare',
    section: '',
    hook: 'socket_filter',
    license: '',
    insns,
    functions: [{ name: 'bare', start: 0, end: insns.length }],
    maps: [],
    origin: insns.map(() => -1),
    pinned: new Map(),
    provenance: { file: '', sha256: '' },
  };
}

function hex(text: string, what: string): Uint8Array {
  const digits = text.replace(/\s+/g, '');
  if (!/^([0-9a-fA-F]{2})*$/.test(digits))
    throw new UserError(
      `the ${what} is not a sequence of hexadecimal bytes`,
      '',
      'Example: b7000000 01000000.',
    );
  return Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}
