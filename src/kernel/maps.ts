/**
 * The maps of one program, in the kernel: created, filled from a test case, read back, closed together.
 *
 *   in:   `MapDef`s and, per run, their contents
 *   out:  descriptors for the loader, and snapshots whose bytes can be compared
 *
 * A snapshot is one byte string per map: an array's values in index order, any other map's `key value` pairs in key
 * order (the kernel's own order depends on a random seed).
 */
import { MapFlag, MapTypeId, mapType } from '../program/maps.ts';
import type { MapDef } from '../program/program.ts';
import type { MapContents, MapEntry } from '../vm/types.ts';
import { Attr, type Bpf, BpfError, Cmd, Fds, type Mapping, possibleCpus } from './syscall.ts';

/** What the maps are for: the checker only looks at their definition; runs also fill and read them. */
export type MapPurpose = 'check' | 'run';

/** More entries change no verdict, but cost memory and time. */
const CHECK_CAP = 65_536;
/** Runs read every map after every test: indices up to here can be reached, and so many keys fit. */
const RUN_ARRAY_CAP = 4096;
const RUN_ARRAY_BYTES = 1 << 20;
const RUN_HASH_CAP = 512;

const PAGE = 4096;
const round = (n: number, to: number): number => Math.ceil(n / to) * to;
const NO_BYTES = new Uint8Array(0);

/**
 * On one CPU a per-CPU map behaves as its plain sibling, whose values can be read without a copy per CPU. (A program
 * that asks for another CPU's value is refused with it, and then cannot be run.)
 */
const PLAIN_SIBLING: Readonly<Record<number, number>> = {
  [MapTypeId.PERCPU_ARRAY]: MapTypeId.ARRAY,
  [MapTypeId.PERCPU_HASH]: MapTypeId.HASH,
  [MapTypeId.LRU_PERCPU_HASH]: MapTypeId.LRU_HASH,
};

/** The definition that is really created: entries capped, flags that the kernel insists on, sizes it demands. */
export function kernelMapDef(def: MapDef, purpose: MapPurpose): MapDef {
  const isRun = purpose === 'run';
  const type = isRun ? (PLAIN_SIBLING[def.type] ?? def.type) : def.type;
  const kind = mapType(type);
  const isRing = type === MapTypeId.RINGBUF || type === MapTypeId.USER_RINGBUF;
  const cap =
    !isRun || isRing
      ? CHECK_CAP
      : kind?.keyIsU32 === true
        ? Math.min(RUN_ARRAY_CAP, Math.max(16, Math.floor(RUN_ARRAY_BYTES / round(def.valueSize, 8))))
        : RUN_HASH_CAP;
  let maxEntries = Math.min(def.maxEntries >>> 0, cap);
  if (maxEntries === 0) {
    // What libbpf fills in for maps that leave it to the loader.
    if (isRing) maxEntries = PAGE;
    else if (type === MapTypeId.PERF_EVENT_ARRAY) maxEntries = possibleCpus();
    else if (type === MapTypeId.STRUCT_OPS) maxEntries = 1;
  }
  let flags = def.flags | (kind?.requiredFlags ?? 0);
  if (isRun && accessOf({ ...def, type }) === 'mapped') flags |= MapFlag.MMAPABLE;
  return { ...def, type, maxEntries, flags };
}

/** Creates one map, with its inner map, contents and, with `frozen`, freeze; owned by `fds`. Throws `BpfError`. */
function createMap(bpf: Bpf, fds: Fds, def: MapDef, frozen = def.readonly === true): number {
  const attr = new Attr(72);
  attr.u32(0, def.type).u32(4, def.keySize).u32(8, def.valueSize).u32(12, def.maxEntries).u32(16, def.flags);
  attr.text(28, def.name, 16);
  if (def.type === MapTypeId.ARRAY_OF_MAPS || def.type === MapTypeId.HASH_OF_MAPS) {
    const inner = def.inner ?? STAND_IN_INNER;
    attr.u32(20, createMap(bpf, fds, kernelMapDef(inner, 'check')));
  }
  const fd = fds.own(bpf.call(Cmd.MAP_CREATE, attr.bytes, 72), `create map ${def.name}`);
  if (def.initial !== undefined) {
    const key = new Uint8Array(def.keySize);
    const value = new Uint8Array(def.valueSize);
    value.set(def.initial.subarray(0, def.valueSize));
    const r = elem(bpf, Cmd.MAP_UPDATE, fd, key, value);
    if (r < 0) throw new BpfError(`fill map ${def.name}`, r);
  }
  if (frozen) {
    const r = bpf.call(Cmd.MAP_FREEZE, new Attr(32).u32(0, fd).bytes, 32);
    if (r < 0) throw new BpfError(`freeze map ${def.name}`, r);
  }
  return fd;
}

/**
 * Inner map of a map of maps whose file does not describe one: what xdp-balancer's own loader puts there (an LRU of
 * flows), which is the only such program of K2's benchmark.
 */
const STAND_IN_INNER: MapDef = {
  name: 'inner',
  type: MapTypeId.LRU_HASH,
  keySize: 40,
  valueSize: 16,
  maxEntries: 1000,
  flags: 0,
};

const elemAttr = new Attr(32);

/** LOOKUP, UPDATE, DELETE or NEXT_KEY on one key; `null` key as the kernel understands it. */
function elem(
  bpf: Bpf,
  cmd: (typeof Cmd)['MAP_LOOKUP' | 'MAP_UPDATE' | 'MAP_DELETE' | 'MAP_NEXT_KEY'],
  fd: number,
  key: Uint8Array | null,
  value?: Uint8Array,
): number {
  const keyAt = key === null || key.length === 0 ? 0n : bpf.address(key);
  elemAttr.u32(0, fd).u64(8, keyAt);
  elemAttr.u64(16, value === undefined ? 0n : bpf.address(value)).u64(24, 0n);
  return bpf.call(cmd, elemAttr.bytes, 32);
}

/**
 * How the entries of a map are reached: as shared memory, by key, by key but programs cannot write them, not at all
 * since they never change, or not at all since they are kernel objects and not bytes.
 */
type Access = 'mapped' | 'keyed' | 'fixed' | 'constant' | 'closed';

function accessOf(def: MapDef): Access {
  if (def.readonly === true) return 'constant';
  switch (def.type) {
    case MapTypeId.ARRAY:
      return (def.flags & MapFlag.RDONLY_PROG) === 0 ? 'mapped' : 'fixed';
    case MapTypeId.HASH:
    case MapTypeId.LRU_HASH:
    case MapTypeId.LPM_TRIE:
      return 'keyed';
    case MapTypeId.DEVMAP:
    case MapTypeId.DEVMAP_HASH:
    case MapTypeId.CPUMAP:
      return 'fixed';
    default:
      return 'closed';
  }
}

/** One map of a running program. */
export class KernelMap {
  readonly def: MapDef;
  readonly fd: number;
  readonly access: Access;
  readonly #bpf: Bpf;
  #mapping: Mapping | undefined;
  /** Distance of an array's values. */
  readonly #stride: number;
  #isClean: boolean;
  #filled: MapContents = [];
  #admitted: MapContents = [];

  constructor(bpf: Bpf, fd: number, def: MapDef) {
    this.#bpf = bpf;
    this.fd = fd;
    this.def = def;
    this.#isClean = def.initial === undefined;
    this.#stride = round(def.valueSize, 8);
    this.access = accessOf(def);
    if (this.access === 'mapped') {
      const mapping = bpf.mmap(fd, round(this.#stride * def.maxEntries, PAGE));
      if (typeof mapping === 'number') throw new BpfError(`map memory of ${def.name}`, mapping);
      this.#mapping = mapping;
    }
  }

  /** Whether `decode` of a snapshot shows what a run wrote. */
  get isVisible(): boolean {
    return this.access === 'mapped' || this.access === 'keyed';
  }

  /** Empties the map (arrays: zeroes it), then writes `contents`. Entries that cannot exist here are left out. */
  fill(contents: MapContents): void {
    if (this.access === 'constant' || this.access === 'closed') return;
    if (this.#isClean && this.#filled === contents) return;
    this.#empty();
    this.#admitted = contents.filter(({ key, value }) => this.#write(key, value));
    this.#filled = contents;
    this.#isClean = true;
  }

  /** What the last `fill` really put there, before any run; maps that cannot be filled: `contents` as it was given. */
  admitted(contents: MapContents): MapContents {
    if (this.access === 'fixed') return this.#admitted;
    return this.isVisible ? this.decode(this.snapshot()) : contents;
  }

  /** A program may have written since the last `fill`. */
  touch(): void {
    if (this.access !== 'fixed') this.#isClean = false;
  }

  #empty(): void {
    if (this.#isClean && this.#filled.length === 0) return;
    if (this.#mapping !== undefined) {
      this.#mapping.bytes.fill(0);
      return;
    }
    const keys = this.access === 'fixed' ? this.#filled.map((e) => e.key) : this.#keys();
    const zero = this.def.type === MapTypeId.ARRAY ? new Uint8Array(this.def.valueSize) : undefined;
    for (const key of keys)
      elem(this.#bpf, zero === undefined ? Cmd.MAP_DELETE : Cmd.MAP_UPDATE, this.fd, key, zero);
  }

  /** False when the kernel refuses the entry: no such device or CPU, prefix too long, map full. */
  #write(key: Uint8Array, value: Uint8Array): boolean {
    if (this.#mapping === undefined) return elem(this.#bpf, Cmd.MAP_UPDATE, this.fd, key, value) >= 0;
    const index = indexOf(key);
    if (index >= this.def.maxEntries) return false;
    this.#mapping.bytes.set(value.subarray(0, this.def.valueSize), index * this.#stride);
    return true;
  }

  #keys(): Uint8Array[] {
    const keys: Uint8Array[] = [];
    let last: Uint8Array | null = null;
    for (;;) {
      const next = new Uint8Array(this.def.keySize);
      if (elem(this.#bpf, Cmd.MAP_NEXT_KEY, this.fd, last, next) < 0) return keys;
      keys.push(next);
      last = next;
    }
  }

  /** Contents as bytes (see the file's header). Valid until the next call or run. */
  snapshot(): Uint8Array {
    if (this.#mapping !== undefined) return this.#mapping.bytes;
    if (this.access !== 'keyed') return NO_BYTES;
    const entries: Uint8Array[] = [];
    for (const key of this.#keys()) {
      const entry = new Uint8Array(key.length + this.def.valueSize);
      entry.set(key);
      if (elem(this.#bpf, Cmd.MAP_LOOKUP, this.fd, key, entry.subarray(key.length)) >= 0) entries.push(entry);
    }
    entries.sort(Buffer.compare);
    const step = this.def.keySize + this.def.valueSize;
    const out = new Uint8Array(entries.length * step);
    for (const [i, e] of entries.entries()) out.set(e, i * step);
    return out;
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
    const step = keySize + valueSize;
    for (let at = 0; at < snapshot.length; at += step)
      out.push({ key: snapshot.slice(at, at + keySize), value: snapshot.slice(at + keySize, at + step) });
    return out;
  }

  unmap(): void {
    this.#mapping?.unmap();
    this.#mapping = undefined;
  }
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

/** `.rodata` with variables that are set before loading: constants to the checker, unknown to everybody else. */
export function isSettings(def: MapDef): boolean {
  return def.initial !== undefined && (def.flags & MapFlag.RDONLY_PROG) !== 0 && def.readonly !== true;
}

/**
 * Descriptors of all maps of a program, in order. Owned by `fds`. Throws `BpfError`.
 * @param freezeSettings let the checker see settings as the constants of the file, as libbpf does
 */
export function createMaps(
  bpf: Bpf,
  fds: Fds,
  defs: readonly MapDef[],
  purpose: MapPurpose,
  freezeSettings = false,
): number[] {
  return defs.map((def) =>
    createMap(
      bpf,
      fds,
      kernelMapDef(def, purpose),
      def.readonly === true || (freezeSettings && isSettings(def)),
    ),
  );
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
        made.push(new KernelMap(bpf, fd, kernelMapDef(defs[i]!, 'run')));
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
  decode(): MapContents[] {
    return this.maps.map((m) => m.decode(m.snapshot()));
  }
  close(): void {
    for (const m of this.maps) m.unmap();
    this.#owner.close();
  }
}
