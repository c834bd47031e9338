/**
 * What is in the maps of one program: filled from a test case, read back, closed together.
 *
 * A snapshot is one byte string per map: an array's values in index order, any other map's `key value` pairs
 * in key order (the kernel's own order depends on a random seed). It is taken once per run, and not at all of
 * maps that the kernel says the program cannot write.
 */

import type { MapDef } from '../../program/program.ts';
import { MapTypeId } from '../../program/tables/maps.ts';
import type { MapContents, MapEntry } from '../../vm/types.ts';
import { Batch, elem } from '../syscall/elements.ts';
import { accessOf, createMaps, kernelMapDef, type MapContentAccess, PAGE, round } from '../syscall/maps.ts';
import { type Bpf, BpfError, Cmd, Fds, type Mapping } from '../syscall/syscall.ts';
import { type OutputReader, openOutput } from './outputs.ts';

const NO_BYTES = new Uint8Array(0);

/** One map of a running program. */
export class KernelMap {
  readonly def: MapDef;
  readonly fd: number;
  readonly access: MapContentAccess;
  readonly #bpf: Bpf;
  /** What programs only write to, and how it is read. */
  readonly #output: OutputReader | undefined;
  #mapping: Mapping | undefined;
  /** Distance of an array's values. */
  readonly #stride: number;
  readonly #batch: Batch | undefined;
  #isClean: boolean;
  #isWritten = true;
  #filled: MapContents = [];
  #admitted: MapContents = [];
  /** Of a keyed map, since it last changed. */
  #snapshot: Uint8Array | undefined;

  constructor(bpf: Bpf, fd: number, def: MapDef) {
    this.#bpf = bpf;
    this.fd = fd;
    this.def = def;
    this.#isClean = def.initial === undefined;
    this.#stride = round(def.valueSize, 8);
    this.access = accessOf(def);
    this.#output = openOutput(bpf, fd, def);
    if (this.access === 'mapped') {
      const mapping = bpf.mmap(fd, round(this.#stride * def.maxEntries, PAGE));
      if (typeof mapping === 'number') throw new BpfError(`map memory of ${def.name}`, mapping);
      this.#mapping = mapping;
    }
    if (this.access === 'keyed') {
      const { keySize, valueSize, maxEntries } = def;
      this.#batch = Batch.open(bpf, fd, { keySize, valueSize, limit: maxEntries });
    }
  }

  /** Whether `decode` of a snapshot shows what a run wrote. */
  get isVisible(): boolean {
    return this.access === 'mapped' || this.access === 'keyed';
  }

  /** Whether `snapshot` shows what runs put into it: a ring buffer, a queue or a stack. */
  get isOutput(): boolean {
    return this.#output !== undefined;
  }

  /** Records or values that came in since the last `fill`, oldest first. */
  outputs(): readonly Uint8Array[] {
    return this.#output?.read() ?? [];
  }

  /** Whether a run may have changed it, as far as anybody said (`readOnly`). */
  get isWritten(): boolean {
    return this.isVisible && this.#isWritten;
  }

  /** The kernel says that the program cannot write this map. */
  readOnly(): void {
    this.#isWritten = false;
  }

  /**
   * Empties the map (arrays: zeroes it), then writes `contents`. Entries that cannot exist here are left out.
   */
  fill(contents: MapContents): void {
    this.#output?.reset();
    if (this.access === 'constant' || this.access === 'closed') return;
    if (this.#isClean && this.#filled === contents) return;
    this.#empty();
    this.#snapshot = undefined;
    this.#admitted =
      this.#batch === undefined ? contents.filter((e) => this.#write(e)) : this.#writeAll(contents);
    this.#filled = contents;
    this.#isClean = true;
  }

  /**
   * What the last `fill` really put there, before any run; maps that cannot be filled: `contents` as it was
   * given.
   */
  admitted(contents: MapContents): MapContents {
    if (this.access === 'fixed') return this.#admitted;
    return this.isVisible ? this.decode(this.snapshot()) : contents;
  }

  /** A program may have written since the last `fill`. */
  touch(): void {
    if (this.access === 'fixed' || !this.#isWritten) return;
    this.#isClean = false;
    this.#snapshot = undefined;
  }

  #empty(): void {
    if (this.#isClean && this.#filled.length === 0) return;
    if (this.#mapping !== undefined) {
      this.#mapping.bytes.fill(0);
      return;
    }
    const keys =
      this.access === 'fixed' || this.#isClean ? this.#admitted.map((e) => e.key) : this.#keysNow();
    if (this.#batch !== undefined && keys.length > 1) {
      for (const [i, key] of keys.entries()) this.#batch.keys.set(key, i * this.def.keySize);
      // A key that is gone already ends the call: go on behind it.
      for (let at = 0; at < keys.length; at++) at += this.#batch.delete(at, keys.length).count;
      return;
    }
    const zero = this.def.type === MapTypeId.ARRAY ? new Uint8Array(this.def.valueSize) : undefined;
    for (const key of keys)
      elem(this.#bpf, zero === undefined ? Cmd.MAP_DELETE : Cmd.MAP_UPDATE, this.fd, key, zero);
  }

  /** False when the kernel refuses the entry: no such device or CPU, prefix too long, map full. */
  #write({ key, value }: MapEntry): boolean {
    if (this.#mapping === undefined) return elem(this.#bpf, Cmd.MAP_UPDATE, this.fd, key, value) >= 0;
    const index = indexOf(key);
    if (index >= this.def.maxEntries) return false;
    this.#mapping.bytes.set(value.subarray(0, this.def.valueSize), index * this.#stride);
    return true;
  }

  /** Writes by as few calls as there are refusals; returns what was taken. */
  #writeAll(contents: MapContents): MapContents {
    const { keySize, valueSize, maxEntries } = this.def;
    const batch = this.#batch!;
    if (contents.length > maxEntries) return contents.filter((e) => this.#write(e));
    for (const [i, { key, value }] of contents.entries()) {
      batch.keys.set(key.subarray(0, keySize), i * keySize);
      batch.values.set(value.subarray(0, valueSize), i * valueSize);
    }
    const taken: MapEntry[] = [];
    for (let at = 0; at < contents.length; ) {
      const { count } = batch.write(at, contents.length);
      taken.push(...contents.slice(at, at + count));
      at += count + 1;
    }
    return taken;
  }

  /** Keys that are in a keyed map now. */
  #keysNow(): Uint8Array[] {
    const { keySize, valueSize } = this.def;
    const now = this.snapshot();
    const step = keySize + valueSize;
    return Array.from({ length: now.length / step }, (_, i) => now.subarray(i * step, i * step + keySize));
  }

  /** `key value` of every entry, in the kernel's order. */
  #entries(): Uint8Array[] {
    const { keySize, valueSize } = this.def;
    const entries: Uint8Array[] = [];
    if (this.#batch !== undefined) {
      const n = this.#batch.readAll();
      if (n < 0) throw new BpfError(`read map ${this.def.name}`, n);
      for (let i = 0; i < n; i++) {
        const entry = new Uint8Array(keySize + valueSize);
        entry.set(this.#batch.keys.subarray(i * keySize, (i + 1) * keySize));
        entry.set(this.#batch.values.subarray(i * valueSize, (i + 1) * valueSize), keySize);
        entries.push(entry);
      }
      return entries;
    }
    for (let last: Uint8Array | null = null; ; ) {
      const next = new Uint8Array(keySize);
      if (elem(this.#bpf, Cmd.MAP_NEXT_KEY, this.fd, last, next) < 0) return entries;
      const entry = new Uint8Array(keySize + valueSize);
      entry.set(next);
      if (elem(this.#bpf, Cmd.MAP_LOOKUP, this.fd, next, entry.subarray(keySize)) >= 0) entries.push(entry);
      last = next;
    }
  }

  /** Contents as bytes (see the file's header). Valid until the next call or run. */
  snapshot(): Uint8Array {
    if (this.#mapping !== undefined) return this.#mapping.bytes;
    if (this.#output !== undefined) return withLengths(this.#output.read());
    if (this.access !== 'keyed') return NO_BYTES;
    this.#snapshot ??= joined(this.#entries());
    return this.#snapshot;
  }

  /** The entries of a snapshot: key order, arrays without their zero entries. */
  decode(snapshot: Uint8Array): MapEntry[] {
    const { keySize, valueSize, maxEntries } = this.def;
    const out: MapEntry[] = [];
    if (this.access === 'mapped') {
      // Most of an array is zero: whole pages are skipped at once.
      for (let page = 0; page < snapshot.length; page += PAGE) {
        if (Buffer.compare(snapshot.subarray(page, page + PAGE), ZERO_PAGE) === 0) continue;
        const first = Math.floor(page / this.#stride);
        const end = Math.min(maxEntries, Math.ceil((page + PAGE) / this.#stride));
        for (let i = first; i < end; i++) {
          const value = snapshot.subarray(i * this.#stride, i * this.#stride + valueSize);
          const seen =
            i === first && i * this.#stride < page && out.length > 0 && indexOf(out.at(-1)!.key) === i;
          if (!seen && !isZero(value)) out.push({ key: indexKey(i), value: value.slice() });
        }
      }
      return out;
    }
    if (this.access !== 'keyed') return out;
    const step = keySize + valueSize;
    for (let at = 0; at < snapshot.length; at += step)
      out.push({ key: snapshot.slice(at, at + keySize), value: snapshot.slice(at + keySize, at + step) });
    return out;
  }

  unmap(): void {
    this.#output?.close();
    this.#mapping?.unmap();
    this.#mapping = undefined;
  }
}

/** Entries in key order, one behind the other. */
function joined(entries: Uint8Array[]): Uint8Array {
  if (entries.length === 0) return NO_BYTES;
  entries.sort(Buffer.compare);
  const step = entries[0]!.length;
  const out = new Uint8Array(entries.length * step);
  for (const [i, e] of entries.entries()) out.set(e, i * step);
  return out;
}

/** Each with its length before it. */
function withLengths(records: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(records.flatMap((r) => [new Uint8Array(Uint32Array.of(r.length).buffer), r]));
}

const ZERO_PAGE = new Uint8Array(PAGE);

function indexOf(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset).getUint32(0, true);
}

function indexKey(i: number): Uint8Array {
  const key = new Uint8Array(4);
  new DataView(key.buffer).setUint32(0, i, true);
  return key;
}

function isZero(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** All maps of a program that will run. */
export class MapSet {
  readonly maps: readonly KernelMap[];
  readonly fds: readonly number[];
  readonly #owner: Fds;

  /** Throws `BpfError` when a map cannot be created; nothing stays open then. */
  constructor(bpf: Bpf, defs: readonly MapDef[]) {
    this.#owner = new Fds(bpf);
    const made: KernelMap[] = [];
    try {
      this.fds = createMaps(bpf, this.#owner, defs, 'run');
      for (const [i, fd] of this.fds.entries())
        made.push(new KernelMap(bpf, fd, kernelMapDef(defs[i]!, 'run', bpf.possibleCpus())));
    } catch (e) {
      for (const m of made) m.unmap();
      this.#owner.close();
      throw e;
    }
    this.maps = made;
  }

  fill(contents: readonly MapContents[]): void {
    for (const [i, m] of this.maps.entries()) m.fill(contents[i] ?? []);
  }
  touch(): void {
    for (const m of this.maps) m.touch();
  }
  /** Per map, what came out of it. */
  outputs(): (readonly Uint8Array[])[] {
    return this.maps.map((m) => m.outputs());
  }
  decode(): MapContents[] {
    return this.maps.map((m) => m.decode(m.snapshot()));
  }
  close(): void {
    for (const m of this.maps) m.unmap();
    this.#owner.close();
  }
}
