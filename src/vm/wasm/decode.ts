/**
 * Instructions as the fast interpreter reads them, 16 bytes each:
 *
 *     byte 0..1        2           3           4..7                          8..15
 *         +-----------+-----------+-----------+-----------------------------+---------------------------+
 *         | handler   | dst * 8   | src * 8   | offset, or distance in bytes| immediate (sign-extended) |
 *         +-----------+-----------+-----------+-----------------------------+---------------------------+
 *
 * Handlers 0 .. OPS.length-1 are the rows of the semantics table; the others are in `Special`. Distances of
 * jumps and local calls are resolved to positions: 16 bytes per instruction, whatever it takes in slots.
 */

import { slotOffsets } from '../../isa/flow.ts';
import { type Insn, isNop, PseudoLd, R10 } from '../../isa/insn.ts';
import { OPS, type OpSpec, opNamed, specOf } from '../../isa/semantics.ts';
import { Helper } from '../../program/tables/helpers.ts';
import { CODE, MAP_BYTES, MAPS, RECORD } from '../memory/layout.ts';

/** Handlers that are no row of the table. */
export const Special = {
  /** No such instruction, or one that this interpreter does not run. */
  BAD: OPS.length,
  /** Control left the program. */
  END: OPS.length + 1,
  NOP: OPS.length + 2,
  /** dst = address of a map; the immediate is its descriptor's offset in the arena. */
  LD_MAP: OPS.length + 3,
  /** dst = address of a map's value; `offset` is the descriptor's, the immediate the offset in the value. */
  LD_MAP_VALUE: OPS.length + 4,
  /** Map lookup: array-like maps are served in place. */
  LOOKUP: OPS.length + 5,
} as const;
export const HANDLERS = OPS.length + 6;

const LOAD_IMM = opNamed('ld_imm64').id;

/** Says where jumps go. */
export interface Targets {
  /** Position that a reference of `distance` at position `from` means. */
  target(from: number, distance: number): number;
}

/** SlotPositions of the slots of an instruction list. */
export class SlotPositions implements Targets {
  readonly length: number;
  private readonly slot: Int32Array;
  private readonly index: Int32Array;

  constructor(insns: readonly Insn[]) {
    this.slot = slotOffsets(insns);
    this.length = insns.length;
    this.index = new Int32Array(this.slot[insns.length]!).fill(insns.length);
    for (let i = 0; i < insns.length; i++) this.index[this.slot[i]!] = i;
  }

  /**
   * Position that a reference of `distance` slots at position `from` means; the position after the last one
   * when it leaves the program or hits the second slot of an `ld_imm64` (running into it is a fault).
   */
  target(from: number, distance: number): number {
    return this.index[this.slot[from]! + 1 + distance] ?? this.length;
  }
}

/** True for what no run executes: it faults as a bad opcode. Writing r10 is one such thing. */
export function isRefused(i: Insn, spec: OpSpec | undefined, maps: number): boolean {
  if (spec === undefined || i.dst > R10 || i.src > R10) return true;
  switch (spec.kind) {
    case 'alu':
    case 'load':
      return i.dst === R10;
    case 'ldimm64': {
      const isMap = i.src === PseudoLd.MAP_FD || i.src === PseudoLd.MAP_VALUE;
      return i.dst === R10 || (isMap && (i.imm < 0 || i.imm >= maps));
    }
    case 'atomic':
      return spec.result === 'src' && i.src === R10;
    case 'cast':
      return true;
    default:
      return false;
  }
}

/** Writes the record of instruction `index`. `maps`: how many the program has. */
export function encodeRecord(view: DataView, index: number, i: Insn, where: Targets, maps: number): void {
  const spec = specOf(i);
  if (spec === undefined || isRefused(i, spec, maps)) write(view, index, i, Special.BAD, 0, 0, 0);
  else if (isNop(i)) write(view, index, i, Special.NOP, 0, 0, 0);
  else if (spec.kind === 'ldimm64') encodeLdImm64(view, index, i);
  else {
    const isLookup = spec.kind === 'call' && spec.target === 'helper' && i.imm === Helper.map_lookup_elem;
    const slots = referenceSlots(i, spec);
    const off = slots === undefined ? i.off : (where.target(index, slots) - index) * RECORD;
    write(view, index, i, isLookup ? Special.LOOKUP : spec.id, off, i.imm, i.imm >> 31);
  }
}

/** Distance in slots of the instruction that a jump or local call refers to. */
function referenceSlots(i: Insn, spec: OpSpec): number | undefined {
  switch (spec.kind) {
    case 'jump':
    case 'maygoto':
      return i.off;
    case 'goto':
      return spec.distance === 'off' ? i.off : i.imm;
    case 'call':
      return spec.target === 'local' ? i.imm : undefined;
    default:
      return undefined;
  }
}

function encodeLdImm64(view: DataView, index: number, i: Insn): void {
  const descriptor = MAPS + i.imm * MAP_BYTES;
  if (i.src === PseudoLd.IMM64) write(view, index, i, LOAD_IMM, 0, i.imm, i.immHi);
  else if (i.src === PseudoLd.MAP_FD) write(view, index, i, Special.LD_MAP, 0, descriptor, 0);
  else if (i.src === PseudoLd.MAP_VALUE) write(view, index, i, Special.LD_MAP_VALUE, descriptor, i.immHi, 0);
  // BTF objects and functions: their address is some constant; following it is a fault.
  else write(view, index, i, LOAD_IMM, 0, i.imm, 0x7fff_0000 | i.src);
}

function write(
  view: DataView,
  index: number,
  i: Insn,
  handler: number,
  off: number,
  imm: number,
  immHi: number,
): void {
  const p = CODE + index * RECORD;
  view.setUint32(p, handler | (i.dst << 19) | (i.src << 27), true);
  view.setInt32(p + 4, off, true);
  view.setInt32(p + 8, imm, true);
  view.setInt32(p + 12, immHi, true);
}

/** The record after the last instruction. */
export function encodeEnd(view: DataView, index: number): void {
  view.setUint32(CODE + index * RECORD, Special.END, true);
}
