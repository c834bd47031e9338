/**
 * Bounds-checked reading, in either byte order: whatever the bytes are, the outcome is a value or a
 * `UserError`.
 */
import { UserError } from '../../../base/errors.ts';
import type { ByteOrder } from '../../../isa/codec.ts';

const DAMAGED = 'The file is damaged or was cut short: build or copy it again.';
const TEXT = new TextDecoder();

export function hex(n: number): string {
  return `0x${n.toString(16)}`;
}

/** A `UserError` about a byte of a section. */
export function damaged(what: string, file: string, section: string, offset: number): UserError {
  const part = section === '' ? '' : `, section ${section}`;
  return new UserError(`${what}.`, `${file}${part}, offset ${hex(offset)}`, DAMAGED);
}

/** Reads numbers out of one section (or the whole file); offsets are relative to it. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly file: string;
  readonly section: string;
  readonly order: ByteOrder;
  private readonly view: DataView;
  private readonly isLittle: boolean;

  constructor(bytes: Uint8Array, file: string, section: string, order: ByteOrder = 'little') {
    this.bytes = bytes;
    this.file = file;
    this.section = section;
    this.order = order;
    this.isLittle = order === 'little';
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  fail(what: string, offset: number): UserError {
    return damaged(what, this.file, this.section, offset);
  }

  /** @throws UserError when [offset, offset + size) is not inside. */
  need(offset: number, size: number, what: string): void {
    if (offset < 0 || size < 0 || offset + size > this.bytes.length)
      throw this.fail(`${what} needs ${size} bytes, but only ${this.bytes.length} are there`, offset);
  }

  u8(offset: number, what: string): number {
    this.need(offset, 1, what);
    return this.view.getUint8(offset);
  }

  u16(offset: number, what: string): number {
    this.need(offset, 2, what);
    return this.view.getUint16(offset, this.isLittle);
  }

  u32(offset: number, what: string): number {
    this.need(offset, 4, what);
    return this.view.getUint32(offset, this.isLittle);
  }

  i32(offset: number, what: string): number {
    this.need(offset, 4, what);
    return this.view.getInt32(offset, this.isLittle);
  }

  /** A 64-bit number that must be exact as a JavaScript number. */
  u64(offset: number, what: string): number {
    this.need(offset, 8, what);
    const v = Number(this.view.getBigUint64(offset, this.isLittle));
    if (!Number.isSafeInteger(v)) throw this.fail(`${what} is impossibly large`, offset);
    return v;
  }

  slice(offset: number, size: number, what: string): Uint8Array {
    this.need(offset, size, what);
    return this.bytes.subarray(offset, offset + size);
  }
}

/**
 * NUL-terminated strings by offset. Strings may share their ends, so a hostile table could describe far more
 * text than it has bytes: `budget` bounds what is decoded in all.
 */
export class StringTable {
  private readonly reader: ByteReader;
  private readonly known = new Map<number, string>();
  private budget: number;

  constructor(reader: ByteReader) {
    this.reader = reader;
    this.budget = 16 * reader.bytes.length + 65536;
  }

  at(offset: number): string {
    const known = this.known.get(offset);
    if (known !== undefined) return known;
    this.reader.need(offset, 1, 'a name');
    const end = this.reader.bytes.indexOf(0, offset);
    if (end < 0) throw this.reader.fail('a name has no end', offset);
    this.budget -= end - offset;
    if (this.budget < 0) throw this.reader.fail('the names add up to more text than the table holds', offset);
    const text = TEXT.decode(this.reader.bytes.subarray(offset, end));
    this.known.set(offset, text);
    return text;
  }
}
