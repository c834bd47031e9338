/**
 * The maps of one program as the kernel gets them: `MapDef`s in, descriptors out. What is in them:
 * map-contents.ts.
 */

import type { MapDef } from '../../program/program.ts';
import { MapFlag, MapTypeId, mapType } from '../../program/tables/maps.ts';
import { elem } from './elements.ts';
import { Attr, type Bpf, BpfError, Cmd, type Fds } from './syscall.ts';

/** What the maps are for: the verifier only looks at their definition; runs also fill and read them. */
export type MapPurpose = 'check' | 'run';

/**
 * More entries change no verdict (the verifier looks at the size of arrays only), but cost memory and time.
 */
const CHECK_CAP = 65_536;
const HASH_CAP = 512;
/** Runs read every map after every test: indices up to here can be reached. */
const RUN_ARRAY_CAP = 4096;
const RUN_ARRAY_BYTES = 1 << 20;

export const PAGE = 4096;
export const round = (n: number, to: number): number => Math.ceil(n / to) * to;

/**
 * On one CPU a per-CPU map behaves as its plain sibling, whose values can be read without a copy per CPU. (A
 * program that asks for another CPU's value is refused with it, and then cannot be run.)
 */
const PLAIN_SIBLING: Readonly<Record<number, number>> = {
  [MapTypeId.PERCPU_ARRAY]: MapTypeId.ARRAY,
  [MapTypeId.PERCPU_HASH]: MapTypeId.HASH,
  [MapTypeId.LRU_PERCPU_HASH]: MapTypeId.LRU_HASH,
};

/** Key and value of an array of perf events. */
const PERF_EVENT_BYTES = 4;

/**
 * The definition that is really created: entries capped, flags that the kernel insists on, sizes it demands.
 * @param cpus possible CPUs of the kernel, for perf event arrays that leave their size to the loader
 */
export function kernelMapDef(def: MapDef, purpose: MapPurpose, cpus = 1): MapDef {
  const isRun = purpose === 'run';
  const type = isRun ? (PLAIN_SIBLING[def.type] ?? def.type) : def.type;
  const kind = mapType(type);
  const isRing = type === MapTypeId.RINGBUF || type === MapTypeId.USER_RINGBUF;
  const isIndexed = kind?.keyIsU32 === true;
  const runCap = Math.min(RUN_ARRAY_CAP, Math.max(16, Math.floor(RUN_ARRAY_BYTES / round(def.valueSize, 8))));
  const cap = isRing || (isIndexed && !isRun) ? CHECK_CAP : isIndexed ? runCap : HASH_CAP;
  let maxEntries = Math.min(def.maxEntries >>> 0, cap);
  if (maxEntries === 0) {
    // What loaders fill in for maps that leave it to them: libbpf these numbers, cilium/ebpf the sizes below.
    if (isRing) maxEntries = PAGE;
    else if (type === MapTypeId.PERF_EVENT_ARRAY) maxEntries = cpus;
    else if (type === MapTypeId.STRUCT_OPS) maxEntries = 1;
  }
  let flags = def.flags | (kind?.requiredFlags ?? 0);
  if (isRun && accessOf({ ...def, type }) === 'mapped') flags |= MapFlag.MMAPABLE;
  const word = (size: number): number =>
    type === MapTypeId.PERF_EVENT_ARRAY && size === 0 ? PERF_EVENT_BYTES : size;
  return { ...def, type, keySize: word(def.keySize), valueSize: word(def.valueSize), maxEntries, flags };
}

/**
 * Creates one map, with its inner map, contents and, with `frozen`, freeze; owned by `fds`. Throws
 * `BpfError`.
 */
function createMap(
  bpf: Bpf,
  fds: Fds,
  def: MapDef,
  purpose: MapPurpose,
  frozen = def.readonly === true,
): number {
  const attr = new Attr(72);
  attr.u32(0, def.type).u32(4, def.keySize).u32(8, def.valueSize).u32(12, def.maxEntries).u32(16, def.flags);
  attr.text(28, def.name, 16);
  if (def.type === MapTypeId.ARRAY_OF_MAPS || def.type === MapTypeId.HASH_OF_MAPS) {
    const inner = def.inner ?? STAND_IN_INNER;
    attr.u32(20, createMap(bpf, fds, kernelMapDef(inner, purpose, bpf.possibleCpus()), purpose));
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
 * Inner map of a map of maps whose file does not describe one: what xdp-balancer's own loader puts there (an
 * LRU of flows), which is the only such program of K2's benchmark.
 */
const STAND_IN_INNER: MapDef = {
  name: 'inner',
  type: MapTypeId.LRU_HASH,
  keySize: 40,
  valueSize: 16,
  maxEntries: 1000,
  flags: 0,
};

/**
 * How the entries of a map are reached: as shared memory, by key, by key but programs cannot write them, not
 * at all since they never change, or not at all since they are kernel objects and not bytes.
 */
export type MapContentAccess = 'mapped' | 'keyed' | 'fixed' | 'constant' | 'closed';

export function accessOf(def: MapDef): MapContentAccess {
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

/**
 * `.rodata` with variables that are set before loading: constants to the verifier, unknown to everybody else.
 */
export function isSettings(def: MapDef): boolean {
  return def.initial !== undefined && (def.flags & MapFlag.RDONLY_PROG) !== 0 && def.readonly !== true;
}

/**
 * Descriptors of all maps of a program, in order. Owned by `fds`. Throws `BpfError`.
 * @param freezeSettings let the verifier see settings as the constants of the file, as libbpf does
 */
export function createMaps(
  bpf: Bpf,
  fds: Fds,
  defs: readonly MapDef[],
  purpose: MapPurpose,
  freezeSettings = false,
): number[] {
  const made = defs.map((def) =>
    createMap(
      bpf,
      fds,
      kernelMapDef(def, purpose, bpf.possibleCpus()),
      purpose,
      def.readonly === true || (freezeSettings && isSettings(def)),
    ),
  );
  if (purpose === 'run') putInnerMaps(bpf, fds, defs, made);
  return made;
}

/** Fills maps of maps as the object says; a map that the program also uses by name is the same one. */
function putInnerMaps(bpf: Bpf, fds: Fds, defs: readonly MapDef[], made: readonly number[]): void {
  const byName = new Map(defs.map((def, i) => [def.name, made[i]!]));
  for (const [i, outer] of defs.entries())
    for (const { index, map } of outer.values ?? []) {
      let fd = byName.get(map.name);
      if (fd === undefined) {
        fd = createMap(bpf, fds, kernelMapDef(map, 'run', bpf.possibleCpus()), 'run');
        byName.set(map.name, fd);
      }
      const key = new Uint8Array(outer.keySize);
      new DataView(key.buffer).setUint32(0, index, true);
      const r = elem(bpf, Cmd.MAP_UPDATE, made[i]!, key, new Uint8Array(Uint32Array.of(fd).buffer));
      if (r < 0) throw new BpfError(`put map ${map.name} into ${outer.name}`, r);
    }
}
