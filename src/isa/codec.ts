/**
 * Bytes <-> instructions, byte for byte (layout in insn.ts). On big-endian machines `off` and `imm` are
 * big-endian, and the two registers change places in their byte.
 */
import { type Insn, OP_LD_IMM64, slotsOf } from './insn.ts';

export const SLOT_BYTES = 8;

export type ByteOrder = 'little' | 'big';

/** `slot` is where the bytes stop making sense, counted in 8-byte slots. */
export type Decoded = { ok: true; insns: Insn[] } | { ok: false; slot: number; reason: string };

/**
 * Reads a whole number of slots. Opcodes are not judged (see validate.ts); only what an `Insn` cannot hold is
 * an error: a length that is no multiple of 8, and an `ld_imm64` whose second slot is missing or holds more
 * than `imm`.
 */
export function decode(bytes: Uint8Array, order: ByteOrder = 'little'): Decoded {
  const isLittle = order === 'little';
  const count = Math.floor(bytes.length / SLOT_BYTES);
  if (bytes.length % SLOT_BYTES !== 0) {
    const reason = `${bytes.length} bytes are not a whole number of ${SLOT_BYTES}-byte instruction slots`;
    return { ok: false, slot: count, reason };
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const insns: Insn[] = [];
  for (let slot = 0; slot < count; slot++) {
    const at = slot * SLOT_BYTES;
    const op = view.getUint8(at);
    const regs = view.getUint8(at + 1);
    let immHi = 0;
    if (op === OP_LD_IMM64) {
      if (slot + 1 === count)
        return { ok: false, slot, reason: 'invalid bpf_ld_imm64 insn: its second slot is missing' };
      const next = at + SLOT_BYTES;
      if (view.getUint32(next, isLittle) !== 0)
        return { ok: false, slot, reason: 'invalid bpf_ld_imm64 insn: its second slot holds more than imm' };
      immHi = view.getInt32(next + 4, isLittle);
    }
    insns.push({
      op,
      dst: isLittle ? regs & 0x0f : regs >> 4,
      src: isLittle ? regs >> 4 : regs & 0x0f,
      off: view.getInt16(at + 2, isLittle),
      imm: view.getInt32(at + 4, isLittle),
      immHi,
    });
    if (op === OP_LD_IMM64) slot++;
  }
  return { ok: true, insns };
}

function fits(value: number, low: number, high: number): boolean {
  return Number.isInteger(value) && value >= low && value <= high;
}

function assertEncodable(i: Insn, index: number): void {
  const ok =
    fits(i.op, 0, 0xff) &&
    fits(i.dst, 0, 15) &&
    fits(i.src, 0, 15) &&
    fits(i.off, -0x8000, 0x7fff) &&
    fits(i.imm, -0x8000_0000, 0x7fff_ffff) &&
    fits(i.immHi, -0x8000_0000, 0x7fff_ffff) &&
    (i.op === OP_LD_IMM64 || i.immHi === 0);
  if (!ok) throw new RangeError(`instruction ${index} has a field that does not fit: ${JSON.stringify(i)}`);
}

/**
 * The inverse of `decode`. Throws RangeError when a field does not fit its bits: that is a bug of the caller.
 */
export function encode(insns: readonly Insn[], order: ByteOrder = 'little'): Uint8Array {
  const isLittle = order === 'little';
  let slots = 0;
  for (const i of insns) slots += slotsOf(i);
  const bytes = new Uint8Array(slots * SLOT_BYTES);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [index, i] of insns.entries()) {
    assertEncodable(i, index);
    view.setUint8(at, i.op);
    view.setUint8(at + 1, isLittle ? i.dst | (i.src << 4) : (i.dst << 4) | i.src);
    view.setInt16(at + 2, i.off, isLittle);
    view.setInt32(at + 4, i.imm, isLittle);
    at += SLOT_BYTES;
    if (i.op === OP_LD_IMM64) {
      view.setInt32(at + 4, i.immHi, isLittle);
      at += SLOT_BYTES;
    }
  }
  return bytes;
}
