/**
 * A static x86-64 ELF executable of one segment: a builder for code and data at known addresses in, a file
 * out.
 *
 * Layout: the ELF specification, 64-bit little-endian. Code and data share the segment (readable, writable,
 * executable), so that a table in it can take results.
 */
const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const LOAD_ADDRESS = 0x40_0000n;
const EM_X86_64 = 62;
const READ_WRITE_EXECUTE = 7;

/** Data first, then code: data has its addresses as soon as it is added, and the code may name them. */
export class Executable {
  readonly #parts: Uint8Array[] = [];
  #length = HEADER_BYTES + PROGRAM_HEADER_BYTES;

  /** Adds bytes at the next address that is a multiple of 8; returns the address. */
  add(bytes: Uint8Array): bigint {
    const at = (this.#length + 7) & ~7;
    this.#parts.push(new Uint8Array(at - this.#length), bytes);
    this.#length = at + bytes.length;
    return LOAD_ADDRESS + BigInt(at);
  }

  /** A NUL-terminated string. */
  text(text: string): bigint {
    return this.add(new TextEncoder().encode(`${text}\0`));
  }

  /** The file; execution starts at `entry`. */
  file(entry: bigint): Uint8Array {
    const header = new Uint8Array(HEADER_BYTES + PROGRAM_HEADER_BYTES);
    const view = new DataView(header.buffer);
    header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
    view.setUint16(16, 2, true); // ET_EXEC
    view.setUint16(18, EM_X86_64, true);
    view.setUint32(20, 1, true);
    view.setBigUint64(24, entry, true);
    view.setBigUint64(32, BigInt(HEADER_BYTES), true);
    view.setUint16(52, HEADER_BYTES, true);
    view.setUint16(54, PROGRAM_HEADER_BYTES, true);
    view.setUint16(56, 1, true);
    const segment = new DataView(header.buffer, HEADER_BYTES);
    segment.setUint32(0, 1, true); // PT_LOAD
    segment.setUint32(4, READ_WRITE_EXECUTE, true);
    segment.setBigUint64(16, LOAD_ADDRESS, true);
    segment.setBigUint64(24, LOAD_ADDRESS, true);
    segment.setBigUint64(32, BigInt(this.#length), true);
    segment.setBigUint64(40, BigInt(this.#length), true);
    segment.setBigUint64(48, 0x1000n, true);
    return Buffer.concat([header, ...this.#parts]);
  }
}
