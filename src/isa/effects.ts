/**
 * Which registers an instruction reads and writes, as bit masks over r0..r10 (bit n = rn). Calls are taken
 * conservatively, as the calling convention has them; who knows the helper's prototype or the callee may
 * narrow it.
 */
import type { Insn } from './insn.ts';
import { type OpSpec, specOf } from './semantics.ts';

export const ALL_REGISTERS = 0x7ff;
/** r0 to r5: what a call leaves undefined or sets. */
export const CALLER_SAVED = 0x3f;
/** r1 to r5: the arguments of a call. */
export const ARGUMENTS = 0x3e;
const R0 = 1 << 0;
const R6 = 1 << 6;
const R10_MASK = 1 << 10;

export function registersRead(i: Insn): number {
  const spec = specOf(i);
  return spec === undefined ? ALL_REGISTERS : reads(spec, 1 << i.dst, 1 << i.src);
}

export function registersWritten(i: Insn): number {
  const spec = specOf(i);
  return spec === undefined ? ALL_REGISTERS & ~R10_MASK : writes(spec, 1 << i.dst, 1 << i.src);
}

function reads(spec: OpSpec, dst: number, src: number): number {
  switch (spec.kind) {
    case 'alu':
      return (spec.readsDst ? dst : 0) | (spec.operand === 'X' ? src : 0);
    case 'load':
    case 'cast':
      return src;
    case 'store':
    case 'jump':
      return dst | (spec.operand === 'X' ? src : 0);
    case 'atomic':
      return dst | src | (spec.result === 'r0' ? R0 : 0);
    case 'ldabs':
      return R6 | (spec.indirect ? src : 0);
    case 'call':
      return ARGUMENTS;
    case 'exit':
      return R0;
    case 'ldimm64':
    case 'goto':
    case 'maygoto':
      return 0;
  }
}

function writes(spec: OpSpec, dst: number, src: number): number {
  switch (spec.kind) {
    case 'alu':
    case 'load':
    case 'ldimm64':
    case 'cast':
      return dst;
    case 'atomic':
      return spec.result === 'src' ? src : spec.result === 'r0' ? R0 : 0;
    case 'ldabs':
    case 'call':
      return CALLER_SAVED;
    case 'store':
    case 'jump':
    case 'goto':
    case 'maygoto':
    case 'exit':
      return 0;
  }
}

/** Registers that instructions, run one after the other, read before they write them. */
export function readFirst(insns: readonly Insn[]): number {
  return insns.reduceRight((live, i) => (live & ~registersWritten(i)) | registersRead(i), 0);
}
