/**
 * Memory as a log of writes on top of unknown initial contents. Reading walks the log from its end: distances that are known constants are
 * decided at once, others become if-then-else on address equality. Logs are immutable lists, so states fork for free.
 */
import { constantDifference, type Normalizer, Op, splitOffset, type Term } from '../solver/index.ts';

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
}

export type Log = Write | undefined;

export function depthOf(log: Log): number {
  return log?.depth ?? 0;
}

export function write(log: Log, address: Term, size: number, value: Term, guard?: Term): Write {
  return { prev: log, depth: depthOf(log) + 1, address, size, value, guard };
}

/** Known initial byte at an address (constant data), or undefined. */
export type KnownByte = (memory: string, address: Term) => number | undefined;

export class MemoryReader {
  private readonly n: Normalizer;
  private readonly known: KnownByte;

  constructor(normalizer: Normalizer, known: KnownByte) {
    this.n = normalizer;
    this.known = known;
  }

  /** `size` bytes at a normalized address, little-endian, as one term. */
  load(memory: string, log: Log, address: Term, size: number): Term {
    if (log !== undefined && log.guard === undefined && log.size === size && log.address === address)
      return log.value;
    const b = this.n.build;
    let value = this.byte(memory, log, address);
    for (let i = 1; i < size; i++) value = b.concat(this.byte(memory, log, this.offset(address, i)), value);
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
      const its = splitOffset(store, w.address);
      const d =
        its.rest === mine.rest
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
  for (const w of onlyA.reverse()) log = write(log, w.address, w.size, w.value, both(w.guard, takenA));
  const takenB = n.build.not(takenA);
  for (const w of onlyB.reverse()) log = write(log, w.address, w.size, w.value, both(w.guard, takenB));
  return log;
}
