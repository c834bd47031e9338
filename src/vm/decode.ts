/**
 * Instructions as the fast interpreter reads them, 16 bytes each:
 *
 *     byte 0..1        2           3           4..7                          8..15
 *         +-----------+-----------+-----------+-----------------------------+---------------------------+
 *         | handler   | dst * 8   | src * 8   | offset, or distance in bytes| immediate (sign-extended) |
 *         +-----------+-----------+-----------+-----------------------------+---------------------------+
 *
 * Handlers 0 .. OPS.length-1 are the rows of the semantics table; the others are in `Special`. Distances of jumps and
 * local calls are resolved to positions: 16 bytes per instruction, whatever it takes in slots.
 */
import { registersWritten } from '../isa/effects.ts';
import { slotOffsets } from '../isa/flow.ts';
import { type Insn, isNop, PseudoLd, R10 } from '../isa/insn.ts';
import { OPS, opNamed, specOf } from '../isa/semantics.ts';
import { CODE, MAP_BYTES, MAPS, RECORD } from './layout.ts';

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

const HELPER_LOOKUP = 1;
const LOAD_IMM = opNamed('ld_imm64').id;

/** Positions of the slots of an instruction list. */
export class Positions {
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
   * Position that a reference of `distance` slots at position `from` means; the position after the last one when
   * it leaves the program or hits the second slot of an `ld_imm64` (running into it is a fault).
   */
  target(from: number, distance: number): number {
    return this.index[this.slot[from]! + 1 + distance] ?? this.length;
  }
}

/** Maps by number: an immediate that names no map is a bad instruction. */
export function encodeRecord(view: DataView, index: number, i: Insn, where: Positions, maps: number): void {
  const p = CODE + index * RECORD;
  const spec = specOf(i);
  let handler = spec === undefined || i.dst > R10 || i.src > R10 ? Special.BAD : spec.id;
  let off = i.off;
  let imm = i.imm;
  let immHi = i.imm >> 31;
  const jump = (distance: number): void => {
    off = (where.target(index, distance) - index) * RECORD;
  };
  if (isNop(i)) handler = Special.NOP;
  else if (spec !== undefined && handler !== Special.BAD) {
    if ((registersWritten(i) & (1 << R10)) !== 0) handler = Special.BAD;
    switch (spec.kind) {
      case 'jump':
      case 'maygoto':
        jump(i.off);
        break;
      case 'goto':
        jump(spec.distance === 'off' ? i.off : i.imm);
        break;
      case 'call':
        if (spec.target === 'local') jump(i.imm);
        else if (spec.target === 'helper' && i.imm === HELPER_LOOKUP) handler = Special.LOOKUP;
        break;
      case 'ldimm64':
        if (i.src === PseudoLd.IMM64) immHi = i.immHi;
        else if (i.src === PseudoLd.MAP_FD || i.src === PseudoLd.MAP_VALUE) {
          const descriptor = MAPS + i.imm * MAP_BYTES;
          handler = i.src === PseudoLd.MAP_FD ? Special.LD_MAP : Special.LD_MAP_VALUE;
          if (i.imm < 0 || i.imm >= maps) handler = Special.BAD;
          else if (handler === Special.LD_MAP) [imm, immHi] = [descriptor, 0];
          else [off, imm, immHi] = [descriptor, i.immHi, 0];
        } else {
          // BTF objects and functions: their address is some constant; following it is a fault.
          handler = LOAD_IMM;
          immHi = 0x7fff_0000 | i.src;
        }
        break;
      case 'cast':
        handler = Special.BAD;
        break;
    }
  }
  view.setUint16(p, handler, true);
  view.setUint8(p + 2, i.dst * 8);
  view.setUint8(p + 3, i.src * 8);
  view.setInt32(p + 4, off, true);
  view.setInt32(p + 8, imm, true);
  view.setInt32(p + 12, immHi, true);
}

/** The record after the last instruction. */
export function encodeEnd(view: DataView, index: number): void {
  view.setUint32(CODE + index * RECORD, Special.END, true);
}
