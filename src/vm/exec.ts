/**
 * Runs bare bytecode on bare memory, as plugins of the bpf_conformance suite do: r1 points to the memory (0 when there
 * is none), r2 is its length, the result is r0.
 */

import { UserError } from '../base/errors.ts';
import { decode } from '../isa/codec.ts';
import { insn } from '../isa/insn.ts';
import { opNamed } from '../isa/semantics.ts';
import { validate } from '../isa/validate.ts';
import type { Program } from '../program/program.ts';
import { createMachine } from './machine/machine.ts';

export type ExecResult = { ok: true; r0: bigint } | { ok: false; message: string };

/** Instructions before the program that set r1 and r2. */
const PROLOGUE = 2;

/**
 * @param programHex instructions, 8 bytes each, as hexadecimal digits; white space is ignored
 * @param memoryHex likewise; '' for no memory
 * @throws UserError when one of them is no hexadecimal text, or the instructions cannot be decoded
 */
export function execConformance(programHex: string, memoryHex: string): ExecResult {
  const code = decode(hex(programHex, 'program'));
  if (!code.ok) throw new UserError(code.reason, `slot ${code.slot}`);
  const problem = validate(code.insns)[0];
  if (problem !== undefined) return { ok: false, message: `slot ${problem.slot}: ${problem.reason}` };
  const memory = hex(memoryHex, 'memory');
  const setup = [
    insn(opNamed(memory.length === 0 ? 'mov64.k' : 'mov64.x').op, 1, memory.length === 0 ? 0 : 1),
    insn(opNamed('mov64.k').op, 2, 0, 0, memory.length),
  ];
  const insns = [...setup, ...code.insns];
  const machine = createMachine(bare(insns), { plainContext: true });
  machine.setTests([{ ctx: memory, packet: new Uint8Array(0), maps: [], seed: 1 }]);
  const outcome = machine.run(insns, 0);
  if (outcome.status === 'exit') return { ok: true, r0: outcome.r0 };
  return { ok: false, message: `instruction ${(outcome.at ?? 0) - PROLOGUE}: ${outcome.fault}` };
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
