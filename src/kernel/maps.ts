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

/** Entries beyond these change no verdict and no run that does not fill a map, but cost memory and time to read. */
export const ENTRY_CAP: Readonly<Record<MapPurpose, number>> = { check: 65_536, run: 4_096 };

const PAGE = 4096;
const round = (n: number, to: number): number => Math.ceil(n / to) * to;
const NO_BYTES = new Uint8Array(0);

/** The definition that is really created: entries capped, flags that the kernel insists on, sizes it demands. */
export function kernelMapDef(def: MapDef, purpose: MapPurpose): MapDef {
  const kind = mapType(def.type);
  const isRing = def.type === MapTypeId.RINGBUF || def.type === MapTypeId.USER_RINGBUF;
  // Ring buffers are whole pages, a power of two of them; the cap of a check is one.
  const cap = isRing ? ENTRY_CAP.check : ENTRY_CAP[purpose];
  let maxEntries = Math.min(def.maxEntries >>> 0, cap);
  if (maxEntries === 0) {
    if (isRing) maxEntries = PAGE;
    else if (def.type === MapTypeId.PERF_EVENT_ARRAY) maxEntries = possibleCpus();
    else if (def.type === MapTypeId.STRUCT_OPS) maxEntries = 1;
  }
  let flags = def.flags | (kind?.requiredFlags ?? 0);
  if (purpose === 'run' && def.type === MapTypeId.ARRAY && def.readonly !== true) flags |= MapFlag.MMAPABLE;
  return { ...def, maxEntries, flags };
}

/** Creates one map, with its inner map, contents and freeze; owned by `fds`. Throws `BpfError`. */
function createMap(bpf: Bpf, fds: Fds, def: MapDef): number {
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
  if (def.readonly === true) {
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

/** How the entries of a map are reached from outside. */
type Access = 'mapped' | 'array' | 'hash' | 'fixed' | 'constant' | 'closed';

function accessOf(def: MapDef): Access {
  if (def.readonly === true) return 'constant';
  switch (def.type) {
    case MapTypeId.ARRAY:
      return 'mapped';
    case MapTypeId.PERCPU_ARRAY:
      return 'array';
    case MapTypeId.HASH:
    case MapTypeId.PERCPU_HASH:
    case MapTypeId.LRU_HASH:
    case MapTypeId.LRU_PERCPU_HASH:
    case MapTypeId.LPM_TRIE:
      return 'hash';
    // Programs cannot write these, so a run leaves them as they were filled.
    case MapTypeId.DEVMAP:
    case MapTypeId.DEVMAP_HASH:
    case MapTypeId.CPUMAP:
      return 'fixed';
    default:
      // Sockets, programs, perf events, rings, storages: their entries are kernel objects, not bytes.
      return 'closed';
  }
}

/** One map of a running program. */
export class KernelMap {
  readonly def: MapDef;
  readonly fd: number;
  readonly access: Access;
  /** Bytes of one value as bpf(2) copies it: rounded up and once per CPU for per-CPU maps. */
  readonly stride: number;
  readonly #bpf: Bpf;
  readonly #mapping: Mapping | undefined;
  readonly #cpu: number;
  #isClean: boolean;
  #batch: Uint8Array = NO_BYTES;
  #filled: MapContents = [];

  /** @param cpu the CPU that runs are bound to: its value is the one that is filled and read */
  constructor(bpf: Bpf, fd: number, def: MapDef, cpu: number) {
    this.#bpf = bpf;
    this.fd = fd;
    this.def = def;
    this.#cpu = cpu;
    this.#isClean = def.initial === undefined;
    const isPerCpu = mapType(def.type)?.isPerCpu === true;
    this.stride = isPerCpu
      ? round(def.valueSize, 8) * possibleCpus()
      : def.type === MapTypeId.ARRAY
        ? round(def.valueSize, 8)
        : def.valueSize;
    const access = accessOf(def);
    if (access === 'mapped') {
      const mapping = bpf.mmap(fd, round(this.stride * def.maxEntries, PAGE));
      if (typeof mapping === 'number') throw new BpfError(`map memory of ${def.name}`, mapping);
      this.#mapping = mapping;
    }
    this.access = access;
    if (access === 'array') this.#batch = new Uint8Array((4 + this.stride) * def.maxEntries);
  }

  /** Empties the map (arrays: zeroes it), then writes `contents`. Entries that cannot exist here are left out. */
  fill(contents: MapContents): void {
    if (this.access === 'constant' || this.access === 'closed') return;
    if (this.#isClean && this.#filled === contents) return;
    this.#empty();
    for (const { key, value } of contents) this.#write(key, value);
    this.#filled = contents;
    this.#isClean = true;
  }

  /** A program may have written since the last `fill`. */
  touch(): void {
    if (this.access !== 'fixed') this.#isClean = false;
  }

  #empty(): void {
    if (this.#isClean && this.#filled.length === 0) return;
    if (this.#mapping !== undefined) {
      this.#mapping.bytes.fill(0);
    } else if (this.access === 'array') {
      const now = this.snapshot();
      const zero = new Uint8Array(this.stride);
      for (let i = 0; i < this.def.maxEntries; i++)
        if (!isZero(now.subarray(i * this.stride, (i + 1) * this.stride)))
          elem(this.#bpf, Cmd.MAP_UPDATE, this.fd, indexKey(i), zero);
    } else {
      const keys = this.access === 'fixed' ? this.#filled.map((e) => e.key) : this.#keys();
      for (const key of keys) elem(this.#bpf, Cmd.MAP_DELETE, this.fd, key);
    }
  }

  #write(key: Uint8Array, value: Uint8Array): void {
    if (this.#mapping !== undefined || this.access === 'array') {
      const index = new DataView(key.buffer, key.byteOffset).getUint32(0, true);
      if (index >= this.def.maxEntries) return;
      if (this.#mapping !== undefined) {
        this.#mapping.bytes.set(value.subarray(0, this.def.valueSize), index * this.stride);
        return;
      }
    }
    let bytes = value;
    if (this.stride !== value.length) {
      bytes = new Uint8Array(this.stride);
      const isPerCpu = mapType(this.def.type)?.isPerCpu === true;
      bytes.set(value.subarray(0, this.def.valueSize), isPerCpu ? this.#cpu * round(this.def.valueSize, 8) : 0);
    }
    // A refusal (no such device, prefix too long, map full) leaves the entry out, in every map set alike.
    elem(this.#bpf, Cmd.MAP_UPDATE, this.fd, key, bytes);
  }

  #keys(): Uint8Array[] {
    const keys: Uint8Array[] = [];
    let last: Uint8Array | null = null;
    for (;;) {
      const next = new Uint8Array(this.def.keySize);
      if (elem(this.#bpf, Cmd.MAP_NEXT_KEY, this.fd, last, next) < 0) return keys;
      keys.push(next);
      // Keys that go round in circles (an LRU that is being written) must not hang us.
      if (keys.length > this.def.maxEntries) return keys;
      last = next;
    }
  }

  /** Contents as bytes (see the file's header). Valid until the next call or run. */
  snapshot(): Uint8Array {
    if (this.#mapping !== undefined) return this.#mapping.bytes.subarray(0, this.stride * this.def.maxEntries);
    if (this.access === 'array') return this.#readArray();
    if (this.access !== 'hash') return NO_BYTES;
    const entries: Uint8Array[] = [];
    for (const key of this.#keys()) {
      const entry = new Uint8Array(key.length + this.stride);
      entry.set(key);
      if (elem(this.#bpf, Cmd.MAP_LOOKUP, this.fd, key, entry.subarray(key.length)) >= 0) entries.push(entry);
    }
    entries.sort(Buffer.compare);
    return Buffer.concat(entries);
  }

  #readArray(): Uint8Array {
    const n = this.def.maxEntries;
    const values = this.#batch.subarray(4 * n);
    const next = new Uint8Array(4);
    const attr = new Attr(56).u64(8, this.#bpf.address(next)).u64(16, this.#bpf.address(this.#batch));
    attr.u64(24, this.#bpf.address(values)).u32(32, n).u32(36, this.fd);
    const r = this.#bpf.call(Cmd.MAP_LOOKUP_BATCH, attr.bytes, 56);
    if (r < 0 && attr.getU32(32) !== n)
      for (let i = 0; i < n; i++)
        elem(this.#bpf, Cmd.MAP_LOOKUP, this.fd, indexKey(i), values.subarray(i * this.stride, (i + 1) * this.stride));
    return values;
  }

  /** The entries of a snapshot: key order, arrays without their zero entries, per-CPU maps the bound CPU's value. */
  decode(snapshot: Uint8Array): MapEntry[] {
    const { keySize, valueSize } = this.def;
    const out: MapEntry[] = [];
    const isArray = this.access === 'mapped' || this.access === 'array';
    const at = mapType(this.def.type)?.isPerCpu === true ? this.#cpu * round(valueSize, 8) : 0;
    const step = isArray ? this.stride : keySize + this.stride;
    for (let i = 0; i * step < snapshot.length; i++) {
      const entry = snapshot.subarray(i * step, (i + 1) * step);
      const value = (isArray ? entry : entry.subarray(keySize)).slice(at, at + valueSize);
      if (isArray && isZero(value)) continue;
      out.push({ key: isArray ? indexKey(i) : entry.slice(0, keySize), value });
    }
    return out;
  }

  unmap(): void {
    this.#mapping?.unmap();
  }
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

/** Descriptors of all maps of a program, in order, for loading only. Owned by `fds`. Throws `BpfError`. */
export function createMaps(bpf: Bpf, fds: Fds, defs: readonly MapDef[], purpose: MapPurpose): number[] {
  return defs.map((def) => createMap(bpf, fds, kernelMapDef(def, purpose)));
}

/** All maps of a program that will run. */
export class MapSet {
  readonly maps: readonly KernelMap[];
  readonly fds: readonly number[];
  readonly #owner: Fds;

  /** Throws `BpfError` when a map cannot be created; nothing stays open then. */
  constructor(bpf: Bpf, defs: readonly MapDef[], cpu: number) {
    this.#owner = new Fds(bpf);
    const made: KernelMap[] = [];
    try {
      this.fds = createMaps(bpf, this.#owner, defs, 'run');
      for (const [i, fd] of this.fds.entries())
        made.push(new KernelMap(bpf, fd, kernelMapDef(defs[i]!, 'run'), cpu));
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
