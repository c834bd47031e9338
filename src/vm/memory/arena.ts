/**
 * Memory of the running test as the helper models see it: simulated pointers to places in linear memory, with
 * every access checked against the shadow and every change in the undo log, so that a run can be rewound.
 */
import { CELL, ENTRY, FAULTS, FaultCode, HEAD, NULL_PAGE, SHADOW } from './layout.ts';

/** Thrown by helper models when the program hands them something that it must not. */
export class HelperFault {
  readonly code: number;
  constructor(code: number) {
    this.code = code;
  }
}
/** Preallocated: a search runs into faults all the time. */
const FAULT_BY_CODE = FAULTS.map((_, code) => new HelperFault(code));

export function fault(code: number): never {
  throw FAULT_BY_CODE[code];
}

export class Arena {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Distance from a byte to its shadow. */
  readonly delta: number;
  /** Address of the arena in linear memory. */
  at = 0;
  size = 0;
  baseLo = 0;
  baseHi = 0;

  constructor(bytes: Uint8Array, delta: number) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.delta = delta;
  }

  select(at: number): void {
    this.at = at;
    this.size = this.view.getUint32(at + HEAD.SIZE, true);
    this.baseLo = this.view.getUint32(at + HEAD.BASE, true);
    this.baseHi = this.view.getUint32(at + HEAD.BASE + 4, true);
  }

  get base(): bigint {
    return (BigInt(this.baseHi) << 32n) | BigInt(this.baseLo);
  }

  /**
   * Linear address of a simulated one, or -1 when it is outside the arena. A base never carries into its
   * upper half.
   */
  locate(lo: number, hi: number): number {
    const offset = lo - this.baseLo;
    return hi === this.baseHi && offset >= 0 && offset < this.size ? this.at + offset : -1;
  }

  /** True when all of `n` bytes at linear address `p` have all of `bits` in their shadow. */
  has(p: number, n: number, bits: number): boolean {
    if (p < this.at || p + n > this.at + this.size) return false;
    for (let i = 0; i < n; i++) if ((this.bytes[p + i + this.delta]! & bits) !== bits) return false;
    return true;
  }

  /** Linear address of `n` readable bytes; faults otherwise. */
  readable(lo: number, hi: number, n: number): number {
    const p = this.locate(lo, hi);
    if (p < 0) fault(hi === 0 && lo < NULL_PAGE ? FaultCode.NULL_POINTER : FaultCode.OUT_OF_BOUNDS);
    if (!this.has(p, n, SHADOW.READ))
      fault(this.has(p, n, SHADOW.WRITE) ? FaultCode.UNINITIALISED : FaultCode.OUT_OF_BOUNDS);
    return p;
  }

  /** Linear address of `n` writable bytes, which count as written from now on; faults otherwise. */
  writable(lo: number, hi: number, n: number): number {
    const p = this.locate(lo, hi);
    if (p < 0) fault(hi === 0 && lo < NULL_PAGE ? FaultCode.NULL_POINTER : FaultCode.OUT_OF_BOUNDS);
    if (!this.has(p, n, SHADOW.WRITE))
      fault(this.has(p, n, SHADOW.READ) ? FaultCode.READ_ONLY : FaultCode.OUT_OF_BOUNDS);
    this.touch(p, n);
    for (let i = 0; i < n; i++) this.bytes[p + i + this.delta]! |= SHADOW.READ;
    return p;
  }

  /** Puts the words of [p, p + n) into the undo log, so that data and shadow may be changed. */
  touch(p: number, n: number): void {
    for (let word = p & ~7; word < p + n; word += 8) {
      if ((this.bytes[word + this.delta]! & SHADOW.DIRTY) !== 0) continue;
      const top = this.view.getUint32(CELL.LOG_TOP, true);
      this.view.setUint32(top, word, true);
      this.bytes.copyWithin(top + 8, word, word + 8);
      this.bytes.copyWithin(top + 16, word + this.delta, word + this.delta + 8);
      this.view.setUint32(CELL.LOG_TOP, top + ENTRY, true);
      for (let i = 0; i < 8; i++) this.bytes[word + this.delta + i]! |= SHADOW.DIRTY;
    }
  }

  /** Sets the shadow of [p, p + n) to `bits`, keeping the bookkeeping bits. */
  mark(p: number, n: number, bits: number): void {
    this.touch(p, n);
    const keep = SHADOW.DIRTY | SHADOW.EXPECTED;
    for (let i = p + this.delta; i < p + n + this.delta; i++) this.bytes[i] = (this.bytes[i]! & keep) | bits;
  }

  u32(p: number): number {
    return this.view.getUint32(p, true);
  }

  /** Changes a word that belongs to the kernel; undone with the run. */
  setU32(p: number, value: number): void {
    this.touch(p, 4);
    this.view.setUint32(p, value, true);
  }

  setU64(p: number, value: bigint): void {
    this.touch(p, 8);
    this.view.setBigUint64(p, value, true);
  }

  /** Header words (HEAD). */
  head(offset: number): number {
    return this.view.getUint32(this.at + offset, true);
  }

  /** Offset in the arena of a simulated pointer that the header holds (DATA, ...). */
  headOffset(offset: number): number {
    return this.view.getUint32(this.at + offset, true) - this.baseLo;
  }

  /**
   * Adds 1 to a counter of the run and gives its old value. Counters are not in the undo log: a run starts at
   * zero.
   */
  count(offset: number): number {
    const p = this.at + offset;
    const old = this.view.getUint32(p, true);
    this.view.setUint32(p, old + 1, true);
    return old;
  }

  /** Rewinds every change since the log was empty. */
  undo(): void {
    const first = this.view.getUint32(CELL.LOG_BASE, true);
    for (let top = this.view.getUint32(CELL.LOG_TOP, true); top > first; ) {
      top -= ENTRY;
      const word = this.view.getUint32(top, true);
      this.bytes.copyWithin(word, top + 8, top + 16);
      this.bytes.copyWithin(word + this.delta, top + 16, top + 24);
    }
    this.view.setUint32(CELL.LOG_TOP, first, true);
  }
}
