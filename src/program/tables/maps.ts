/**
 * Map types as data: what a BPF_MAP_TYPE_* is, what a program may do with it, and what the kernel wants at creation.
 *
 * Sources: enum bpf_map_type in include/uapi/linux/bpf.h; check_map_func_compatibility() in kernel/bpf/verifier.c for
 * `helpers`; the map_alloc_check() of each implementation for `requiredFlags`, `keySize` and `valueSize`.
 */

/**
 * What `bpf_map_lookup_elem` yields: the value's bytes, readable only ('value_ro'), a map (inner map), a socket, an
 * AF_XDP socket, or the program may not look it up at all. A socket comes with a reference that must be released.
 */
export type MapLookup = 'value' | 'value_ro' | 'map' | 'sock' | 'xdp_sock' | 'none';

export interface MapType {
  /** BPF_MAP_TYPE_*. */
  type: number;
  /** The kernel's name in lower case without the prefix, e.g. `lru_percpu_hash`. */
  name: string;
  /** Keys are the indices 0..max_entries-1; every entry exists from the start and cannot be deleted. */
  isArrayLike: boolean;
  /** One value per CPU: a program sees only its own CPU's. */
  isPerCpu: boolean;
  /** Old entries may vanish at any time when the map is full. */
  isLru: boolean;
  /** The key must be 4 bytes: an index. */
  keyIsU32: boolean;
  lookup: MapLookup;
  /** When a lookup gives NULL: only for an index out of range, when the entry is absent, or there is no lookup. */
  lookupFails: 'out-of-range' | 'absent' | 'none';
  /** Other CPUs can read and write the value while the program runs. */
  isShared: boolean;
  /** Helpers that accept the map, by id. */
  helpers: readonly number[];
  /** BPF_F_* flags without which the kernel refuses to create it. */
  requiredFlags: number;
  /** Sizes that the kernel insists on; undefined when free. */
  keySize?: number;
  valueSize?: number;
  /** First Linux version, as major * 100 + minor. */
  since: number;
}

/** BPF_MAP_TYPE_* by name. */
export const MapTypeId = {
  HASH: 1,
  ARRAY: 2,
  PROG_ARRAY: 3,
  PERF_EVENT_ARRAY: 4,
  PERCPU_HASH: 5,
  PERCPU_ARRAY: 6,
  STACK_TRACE: 7,
  CGROUP_ARRAY: 8,
  LRU_HASH: 9,
  LRU_PERCPU_HASH: 10,
  LPM_TRIE: 11,
  ARRAY_OF_MAPS: 12,
  HASH_OF_MAPS: 13,
  DEVMAP: 14,
  SOCKMAP: 15,
  CPUMAP: 16,
  XSKMAP: 17,
  SOCKHASH: 18,
  CGROUP_STORAGE: 19,
  REUSEPORT_SOCKARRAY: 20,
  PERCPU_CGROUP_STORAGE: 21,
  QUEUE: 22,
  STACK: 23,
  SK_STORAGE: 24,
  DEVMAP_HASH: 25,
  STRUCT_OPS: 26,
  RINGBUF: 27,
  INODE_STORAGE: 28,
  TASK_STORAGE: 29,
  BLOOM_FILTER: 30,
  USER_RINGBUF: 31,
  CGRP_STORAGE: 32,
  ARENA: 33,
} as const;

/** BPF_MAP_CREATE flags. */
export const MapFlag = {
  NO_PREALLOC: 1 << 0,
  NO_COMMON_LRU: 1 << 1,
  NUMA_NODE: 1 << 2,
  RDONLY: 1 << 3,
  WRONLY: 1 << 4,
  STACK_BUILD_ID: 1 << 5,
  ZERO_SEED: 1 << 6,
  RDONLY_PROG: 1 << 7,
  WRONLY_PROG: 1 << 8,
  CLONE: 1 << 9,
  MMAPABLE: 1 << 10,
  PRESERVE_ELEMS: 1 << 11,
  INNER_MAP: 1 << 12,
} as const;

const LOOKUP = 1;
const UPDATE = 2;
const DELETE = 3;
const FOR_EACH = 164;
const PERCPU_LOOKUP = 195;
const KPTR_XCHG = 194;

const ELEM = [LOOKUP, UPDATE, DELETE, FOR_EACH];
const ELEM_PERCPU = [...ELEM, PERCPU_LOOKUP];
const TRIE = [LOOKUP, UPDATE, DELETE];
const PERF = [22, 25, 55, 111, 121];

/** A row without the defaults: shared values, no flags, free sizes. */
type MapTypeRow = Pick<MapType, 'lookup' | 'helpers' | 'since'> & Partial<MapType>;

const ROWS: Readonly<Record<keyof typeof MapTypeId, MapTypeRow>> = {
  HASH: { lookup: 'value', helpers: ELEM, since: 319 },
  ARRAY: { lookup: 'value', isArrayLike: true, helpers: ELEM, since: 319 },
  PROG_ARRAY: { lookup: 'none', keyIsU32: true, helpers: [12], valueSize: 4, since: 402 },
  PERF_EVENT_ARRAY: { lookup: 'none', keyIsU32: true, helpers: PERF, valueSize: 4, since: 403 },
  PERCPU_HASH: { lookup: 'value', isPerCpu: true, helpers: ELEM_PERCPU, since: 406 },
  PERCPU_ARRAY: { lookup: 'value', isArrayLike: true, isPerCpu: true, helpers: ELEM_PERCPU, since: 406 },
  STACK_TRACE: { lookup: 'none', keyIsU32: true, helpers: [27], since: 406 },
  CGROUP_ARRAY: { lookup: 'none', keyIsU32: true, helpers: [33, 37], valueSize: 4, since: 408 },
  LRU_HASH: { lookup: 'value', isLru: true, helpers: ELEM, since: 410 },
  LRU_PERCPU_HASH: { lookup: 'value', isLru: true, isPerCpu: true, helpers: ELEM_PERCPU, since: 410 },
  LPM_TRIE: { lookup: 'value', helpers: TRIE, requiredFlags: MapFlag.NO_PREALLOC, since: 411 },
  // Entries of an array of maps may be empty, so its lookups can fail for any index.
  ARRAY_OF_MAPS: { lookup: 'map', keyIsU32: true, helpers: [LOOKUP], valueSize: 4, since: 412 },
  HASH_OF_MAPS: { lookup: 'map', helpers: [LOOKUP], valueSize: 4, since: 412 },
  DEVMAP: { lookup: 'value_ro', keyIsU32: true, helpers: [51, LOOKUP], since: 414 },
  SOCKMAP: { lookup: 'sock', keyIsU32: true, helpers: [52, 53, DELETE, 60, 82, LOOKUP, UPDATE], since: 414 },
  CPUMAP: { lookup: 'none', keyIsU32: true, helpers: [51], since: 415 },
  XSKMAP: { lookup: 'xdp_sock', keyIsU32: true, helpers: [51, LOOKUP], valueSize: 4, since: 418 },
  SOCKHASH: { lookup: 'sock', helpers: [72, 70, DELETE, 71, 82, LOOKUP, UPDATE], since: 418 },
  CGROUP_STORAGE: { lookup: 'none', helpers: [81], since: 419 },
  REUSEPORT_SOCKARRAY: { lookup: 'none', keyIsU32: true, helpers: [82], since: 419 },
  PERCPU_CGROUP_STORAGE: { lookup: 'none', isPerCpu: true, helpers: [81], since: 420 },
  QUEUE: { lookup: 'none', helpers: [87, 88, 89], keySize: 0, since: 420 },
  STACK: { lookup: 'none', helpers: [87, 88, 89], keySize: 0, since: 420 },
  SK_STORAGE: {
    lookup: 'none',
    helpers: [107, 108, KPTR_XCHG],
    requiredFlags: MapFlag.NO_PREALLOC,
    keySize: 4,
    since: 502,
  },
  DEVMAP_HASH: { lookup: 'value_ro', helpers: [51, LOOKUP], keySize: 4, since: 504 },
  STRUCT_OPS: { lookup: 'none', helpers: [], keySize: 4, since: 506 },
  RINGBUF: {
    lookup: 'none',
    helpers: [130, 131, 132, 133, 134, 198, 199, 200],
    keySize: 0,
    valueSize: 0,
    since: 508,
  },
  INODE_STORAGE: {
    lookup: 'none',
    helpers: [145, 146, KPTR_XCHG],
    requiredFlags: MapFlag.NO_PREALLOC,
    keySize: 4,
    since: 510,
  },
  TASK_STORAGE: {
    lookup: 'none',
    helpers: [156, 157, KPTR_XCHG],
    requiredFlags: MapFlag.NO_PREALLOC,
    keySize: 4,
    since: 511,
  },
  BLOOM_FILTER: { lookup: 'none', helpers: [87, 89], keySize: 0, since: 516 },
  USER_RINGBUF: { lookup: 'none', helpers: [209], keySize: 0, valueSize: 0, since: 601 },
  CGRP_STORAGE: {
    lookup: 'none',
    helpers: [210, 211, KPTR_XCHG],
    requiredFlags: MapFlag.NO_PREALLOC,
    keySize: 4,
    since: 602,
  },
  ARENA: {
    lookup: 'none',
    helpers: [],
    requiredFlags: MapFlag.MMAPABLE,
    keySize: 0,
    valueSize: 0,
    since: 609,
  },
};

function complete(name: keyof typeof MapTypeId, row: MapTypeRow): MapType {
  const isArrayLike = row.isArrayLike ?? false;
  const keyIsU32 = row.keyIsU32 ?? isArrayLike;
  return {
    type: MapTypeId[name],
    name: name.toLowerCase(),
    isArrayLike,
    isPerCpu: false,
    isLru: false,
    keyIsU32,
    lookupFails: row.lookup === 'none' ? 'none' : isArrayLike ? 'out-of-range' : 'absent',
    isShared: row.isPerCpu !== true,
    requiredFlags: 0,
    ...(keyIsU32 ? { keySize: 4 } : {}),
    ...row,
  };
}

/** All map types, by number. */
export const MAP_TYPES: readonly MapType[] = (Object.keys(ROWS) as (keyof typeof MapTypeId)[])
  .map((name) => complete(name, ROWS[name]))
  .sort((a, b) => a.type - b.type);

const byType = new Map(MAP_TYPES.map((t) => [t.type, t]));

/** The row of a BPF_MAP_TYPE_*; undefined for a type that this table does not know. */
export function mapType(type: number): MapType | undefined {
  return byType.get(type);
}

/** The kernel's name of a map type in lower case, or `type N`. */
export function mapTypeName(type: number): string {
  return byType.get(type)?.name ?? `type ${type}`;
}

/** Programs may not write to it: `.rodata`, or created with BPF_F_RDONLY_PROG. */
export function isReadOnly(map: { readonly?: boolean; flags: number }): boolean {
  return map.readonly === true || (map.flags & MapFlag.RDONLY_PROG) !== 0;
}

/** Whether a helper may be called with a map of this type; an unknown type may be given to any helper. */
export function mapAllowsHelper(type: number, helper: number): boolean {
  return byType.get(type)?.helpers.includes(helper) ?? true;
}
