/**
 * Memory as a log of writes on top of unknown initial contents. Reading walks the log from its end: distances
 * that are known constants are decided at once, others become if-then-else on address equality. Logs are
 * immutable lists, so states fork for free.
 */

import { constantDifference, type Normalizer, Op, splitOffset, type Term } from '../../solver/index.ts';

/** One write; `address` is in normal form. */
export interface Write {
  readonly prev: Write | undefined;
  readonly depth: number;
  readonly address: Term;
  readonly size: number;
  /** 8 * size bits. */
  readonly value: Term;
  /** Condition under which it happened, when states were merged since. */
  readonly guard: Term | undefined;
  /**
   * The whole memory was replaced by the unknown contents of this name (a call may have written anywhere);
   * then address, size and value mean nothing.
   */
  readonly havoc?: string;
  /**
   * Of a replacement: only what is shared was replaced (interference.ts); private bytes of the memory stay.
   */
  readonly shared?: true;
}

export type Log = Write | undefined;

export function depthOf(log: Log): number {
  return log?.depth ?? 0;
}

export function write(log: Log, address: Term, size: number, value: Term, guard?: Term): Write {
  return { prev: log, depth: depthOf(log) + 1, address, size, value, guard };
}

/** From here on the memory holds the unknown contents called `name`. */
export function havoc(log: Log, name: string, guard?: Term): Write {
  return { prev: log, depth: depthOf(log) + 1, address: 0, size: 0, value: 0, guard, havoc: name };
}

/** The same of what is shared only. */
export function havocShared(log: Log, name: string, guard?: Term): Write {
  return { ...havoc(log, name, guard), shared: true };
}

/** Known initial byte at an address (constant data), or undefined. */
export type KnownByte = (memory: string, address: Term) => number | undefined;

export type Apart = (x: AddressSpan, y: AddressSpan) => boolean;

/** Is the byte at a normalized address one that only the program itself sees? */
export type Private = (address: Term) => boolean;

export class MemoryReader {
  private readonly n: Normalizer;
  private readonly known: KnownByte;
  private readonly offsets: boolean;
  private readonly apart: Apart;
  private readonly isPrivate: Private;

  /**
   * @param offsets decide distances that are constants here (false: leave every comparison of addresses to
   *   the formula)
   * @param apart says of two places with different bases that they do not overlap
   */
  constructor(
    normalizer: Normalizer,
    known: KnownByte,
    offsets = true,
    apart: Apart = () => false,
    isPrivate: Private = () => false,
  ) {
    this.apart = apart;
    this.isPrivate = isPrivate;
    this.n = normalizer;
    this.known = known;
    this.offsets = offsets;
  }

  /**
   * `size` bytes at a normalized address, little-endian, as one term. As long as writes cover the whole of it
   * or nothing, whole values are taken, so that pointers stay pointers.
   */
  load(memory: string, log: Log, address: Term, size: number): Term {
    const b = this.n.build;
    const maybe: { hit: Term; value: Term }[] = [];
    let w = log;
    let result: Term | undefined;
    for (; w !== undefined && this.offsets; w = w.prev) {
      let value: Term;
      if (w.havoc === undefined) {
        const d = constantDifference(this.n, address, w.address);
        if (d === undefined) {
          const other = { ...splitOffset(this.n.store, w.address), size: w.size };
          if (this.apart({ ...splitOffset(this.n.store, address), size }, other)) continue;
          break;
        }
        const from = BigInt.asIntN(64, d);
        if (from >= BigInt(w.size) || from + BigInt(size) <= 0n) continue;
        if (from < 0n || from + BigInt(size) > BigInt(w.size)) break;
        value = b.extract(w.value, Number(from) * 8, size * 8);
      } else {
        if (w.shared === true && this.isPrivate(address)) continue;
        value = this.bytes(memory, havoc(undefined, w.havoc), address, size);
      }
      if (w.guard === undefined) {
        result = value;
        break;
      }
      maybe.push({ hit: w.guard, value });
    }
    result ??= this.bytes(memory, w, address, size);
    for (const { hit, value } of maybe.reverse()) result = b.ite(hit, value, result);
    return result;
  }

  private bytes(memory: string, log: Log, address: Term, size: number): Term {
    let value = this.byte(memory, log, address);
    for (let i = 1; i < size; i++)
      value = this.n.build.concat(this.byte(memory, log, this.offset(address, i)), value);
    return value;
  }

  /** Byte at a normalized address. */
  byte(memory: string, log: Log, address: Term): Term {
    const b = this.n.build;
    const store = this.n.store;
    const mine = splitOffset(store, address);
    // Writes that may or may not cover the byte, newest first.
    const maybe: { hit: Term; value: Term }[] = [];
    let result: Term | undefined;
    for (let w = log; w !== undefined; w = w.prev) {
      if (w.havoc !== undefined) {
        if (w.shared === true && this.isPrivate(address)) continue;
        const value = this.known(memory, address) === undefined ? store.read(w.havoc, address) : undefined;
        if (value === undefined) continue;
        if (w.guard === undefined) {
          result = value;
          break;
        }
        maybe.push({ hit: w.guard, value });
        continue;
      }
      const its = splitOffset(store, w.address);
      const d = !this.offsets
        ? undefined
        : its.rest === mine.rest
          ? (mine.offset - its.offset) & M64
          : constantDifference(this.n, address, w.address);
      if (d !== undefined) {
        if (d >= BigInt(w.size)) continue;
        const value = b.extract(w.value, Number(d) * 8, 8);
        if (w.guard === undefined) {
          result = value;
          break;
        }
        maybe.push({ hit: w.guard, value });
        continue;
      }
      if (this.offsets && this.apart({ ...mine, size: 1 }, { ...its, size: w.size })) continue;
      for (let k = 0; k < w.size; k++) {
        const same = b.eq(address, this.offset(w.address, k));
        maybe.push({
          hit: w.guard === undefined ? same : b.binary(Op.And, w.guard, same),
          value: b.extract(w.value, k * 8, 8),
        });
      }
    }
    if (result === undefined) {
      const known = this.known(memory, address);
      result = known === undefined ? store.read(memory, address) : b.const(BigInt(known), 8);
    }
    for (const { hit, value } of maybe.reverse()) result = b.ite(hit, value, result);
    return result;
  }

  /** Normal form of address + k. */
  offset(address: Term, k: number): Term {
    return k === 0 ? address : this.n.add(address, this.n.build.const(BigInt(k), 64));
  }
}

const M64 = 0xffff_ffff_ffff_ffffn;

/** Writes, oldest first, that no later one of the list can have changed, by place. */
function finalWrites(n: Normalizer, list: readonly Write[]): Map<string, Write> {
  const last = new Map<string, Write>();
  for (const w of list) {
    if (w.havoc !== undefined) {
      last.clear();
      continue;
    }
    for (const [key, old] of last) {
      const d = constantDifference(n, w.address, old.address);
      const from = d === undefined ? undefined : BigInt.asIntN(64, d);
      if (from === undefined || (from < BigInt(old.size) && from + BigInt(w.size) > 0n)) last.delete(key);
    }
    if (w.guard === undefined) last.set(`${w.address}/${w.size}`, w);
  }
  return last;
}

/** Log after two branches: what each wrote since they parted, under its own condition. */
export function mergeLogs(n: Normalizer, a: Log, b: Log, takenA: Term): Log {
  if (a === b) return a;
  let [x, y] = [a, b];
  const [onlyA, onlyB]: [Write[], Write[]] = [[], []];
  while (x !== y) {
    if (depthOf(x) >= depthOf(y)) {
      onlyA.push(x!);
      x = x!.prev;
    } else {
      onlyB.push(y!);
      y = y!.prev;
    }
  }
  let log = x;
  const both = (guard: Term | undefined, c: Term): Term =>
    guard === undefined ? c : n.build.binary(Op.And, guard, c);
  const again = (w: Write, taken: Term): void => {
    const guard = both(w.guard, taken);
    if (w.havoc === undefined) log = write(log, w.address, w.size, w.value, guard);
    else log = w.shared === true ? havocShared(log, w.havoc, guard) : havoc(log, w.havoc, guard);
  };
  for (const w of onlyA.reverse()) again(w, takenA);
  const takenB = n.build.not(takenA);
  for (const w of onlyB.reverse()) again(w, takenB);
  // What both wrote last is one value.
  const [lastA, lastB] = [finalWrites(n, onlyA), finalWrites(n, onlyB)];
  for (const [key, u] of lastA) {
    const v = lastB.get(key);
    if (v !== undefined) log = write(log, u.address, u.size, n.build.ite(takenA, u.value, v.value));
  }
  return log;
}

/** An address as base and constant offset, and the bytes that are accessed there. */
export interface AddressSpan {
  rest: Term | undefined;
  offset: bigint;
  size: number;
}
