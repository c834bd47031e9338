/**
 * Map types as data: what a BPF_MAP_TYPE_* is, what a program may do with it, and what the kernel wants at
 * creation.
 *
 * Sources: enum bpf_map_type in include/uapi/linux/bpf.h; check_map_func_compatibility() in
 * kernel/bpf/verifier.c for `helpers`; the map_alloc_check() of each implementation for `requiredFlags`,
 * `keySize` and `valueSize`.
 */
import { linux } from '../../base/linux.ts';
import { Helper, type HelperName } from './helpers/ids.ts';
import { MapFlag, MapTypeId } from './map-ids.ts';

export { MapFlag, MapTypeId } from './map-ids.ts';

/**
 * What `bpf_map_lookup_elem` yields: the value's bytes, readable only ('value_ro'), a map (inner map), a
 * socket, an AF_XDP socket, or the program may not look it up at all. A socket comes with a reference that
 * must be released.
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
  /**
   * When a lookup gives NULL: only for an index out of range, when the entry is absent, or there is no
   * lookup.
   */
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
  /** First Linux version (base/linux.ts). */
  since: number;
}

const ELEM: readonly HelperName[] = [
  'map_lookup_elem',
  'map_update_elem',
  'map_delete_elem',
  'for_each_map_elem',
];
/** Values may hold timers (map_check_btf()). */
const ELEM_TIMER: readonly HelperName[] = [...ELEM, 'timer_init'];
const ELEM_PERCPU: readonly HelperName[] = [...ELEM, 'map_lookup_percpu_elem'];
const TRIE: readonly HelperName[] = ['map_lookup_elem', 'map_update_elem', 'map_delete_elem'];
const PERF: readonly HelperName[] = [
  'perf_event_read',
  'perf_event_output',
  'perf_event_read_value',
  'skb_output',
  'xdp_output',
];
const QUEUES: readonly HelperName[] = ['map_push_elem', 'map_pop_elem', 'map_peek_elem'];

/** A row without the defaults: shared values, no flags, free sizes. */
type MapTypeRow = Pick<MapType, 'lookup' | 'since'> &
  Partial<Omit<MapType, 'helpers'>> & { helpers: readonly HelperName[] };

const ROWS: Readonly<Record<keyof typeof MapTypeId, MapTypeRow>> = {
  HASH: { lookup: 'value', helpers: ELEM_TIMER, since: linux(3, 19) },
  ARRAY: { lookup: 'value', isArrayLike: true, helpers: ELEM_TIMER, since: linux(3, 19) },
  PROG_ARRAY: { lookup: 'none', keyIsU32: true, helpers: ['tail_call'], valueSize: 4, since: linux(4, 2) },
  PERF_EVENT_ARRAY: { lookup: 'none', keyIsU32: true, helpers: PERF, valueSize: 4, since: linux(4, 3) },
  PERCPU_HASH: { lookup: 'value', isPerCpu: true, helpers: ELEM_PERCPU, since: linux(4, 6) },
  PERCPU_ARRAY: {
    lookup: 'value',
    isArrayLike: true,
    isPerCpu: true,
    helpers: ELEM_PERCPU,
    since: linux(4, 6),
  },
  STACK_TRACE: { lookup: 'none', keyIsU32: true, helpers: ['get_stackid'], since: linux(4, 6) },
  CGROUP_ARRAY: {
    lookup: 'none',
    keyIsU32: true,
    helpers: ['skb_under_cgroup', 'current_task_under_cgroup'],
    valueSize: 4,
    since: linux(4, 8),
  },
  LRU_HASH: { lookup: 'value', isLru: true, helpers: ELEM_TIMER, since: linux(4, 10) },
  LRU_PERCPU_HASH: {
    lookup: 'value',
    isLru: true,
    isPerCpu: true,
    helpers: ELEM_PERCPU,
    since: linux(4, 10),
  },
  LPM_TRIE: { lookup: 'value', helpers: TRIE, requiredFlags: MapFlag.NO_PREALLOC, since: linux(4, 11) },
  // Entries of an array of maps may be empty, so its lookups can fail for any index.
  ARRAY_OF_MAPS: {
    lookup: 'map',
    keyIsU32: true,
    helpers: ['map_lookup_elem'],
    valueSize: 4,
    since: linux(4, 12),
  },
  HASH_OF_MAPS: { lookup: 'map', helpers: ['map_lookup_elem'], valueSize: 4, since: linux(4, 12) },
  DEVMAP: {
    lookup: 'value_ro',
    keyIsU32: true,
    helpers: ['redirect_map', 'map_lookup_elem'],
    since: linux(4, 14),
  },
  SOCKMAP: {
    lookup: 'sock',
    keyIsU32: true,
    helpers: [
      'sk_redirect_map',
      'sock_map_update',
      'map_delete_elem',
      'msg_redirect_map',
      'sk_select_reuseport',
      'map_lookup_elem',
      'map_update_elem',
    ],
    since: linux(4, 14),
  },
  CPUMAP: { lookup: 'none', keyIsU32: true, helpers: ['redirect_map'], since: linux(4, 15) },
  XSKMAP: {
    lookup: 'xdp_sock',
    keyIsU32: true,
    helpers: ['redirect_map', 'map_lookup_elem'],
    valueSize: 4,
    since: linux(4, 18),
  },
  SOCKHASH: {
    lookup: 'sock',
    helpers: [
      'sk_redirect_hash',
      'sock_hash_update',
      'map_delete_elem',
      'msg_redirect_hash',
      'sk_select_reuseport',
      'map_lookup_elem',
      'map_update_elem',
    ],
    since: linux(4, 18),
  },
  CGROUP_STORAGE: { lookup: 'none', helpers: ['get_local_storage'], since: linux(4, 19) },
  REUSEPORT_SOCKARRAY: {
    lookup: 'none',
    keyIsU32: true,
    helpers: ['sk_select_reuseport'],
    since: linux(4, 19),
  },
  PERCPU_CGROUP_STORAGE: {
    lookup: 'none',
    isPerCpu: true,
    helpers: ['get_local_storage'],
    since: linux(4, 20),
  },
  QUEUE: { lookup: 'none', helpers: QUEUES, keySize: 0, since: linux(4, 20) },
  STACK: { lookup: 'none', helpers: QUEUES, keySize: 0, since: linux(4, 20) },
  SK_STORAGE: {
    lookup: 'none',
    helpers: ['sk_storage_get', 'sk_storage_delete', 'kptr_xchg'],
    requiredFlags: MapFlag.NO_PREALLOC,
    keySize: 4,
    since: linux(5, 2),
  },
  DEVMAP_HASH: {
    lookup: 'value_ro',
    helpers: ['redirect_map', 'map_lookup_elem'],
    keySize: 4,
    since: linux(5, 4),
  },
  STRUCT_OPS: { lookup: 'none', helpers: [], keySize: 4, since: linux(5, 6) },
  RINGBUF: {
    lookup: 'none',
    helpers: [
      'ringbuf_output',
      'ringbuf_reserve',
      'ringbuf_submit',
      'ringbuf_discard',
      'ringbuf_query',
      'ringbuf_reserve_dynptr',
      'ringbuf_submit_dynptr',
      'ringbuf_discard_dynptr',
    ],
    keySize: 0,
    valueSize: 0,
    since: linux(5, 8),
  },
  INODE_STORAGE: {
    lookup: 'none',
    helpers: ['inode_storage_get', 'inode_storage_delete', 'kptr_xchg'],
    requiredFlags: MapFlag.NO_PREALLOC,
    keySize: 4,
    since: linux(5, 10),
  },
  TASK_STORAGE: {
    lookup: 'none',
    helpers: ['task_storage_get', 'task_storage_delete', 'kptr_xchg'],
    requiredFlags: MapFlag.NO_PREALLOC,
    keySize: 4,
    since: linux(5, 11),
  },
  BLOOM_FILTER: {
    lookup: 'none',
    helpers: ['map_push_elem', 'map_peek_elem'],
    keySize: 0,
    since: linux(5, 16),
  },
  USER_RINGBUF: {
    lookup: 'none',
    helpers: ['user_ringbuf_drain'],
    keySize: 0,
    valueSize: 0,
    since: linux(6, 1),
  },
  CGRP_STORAGE: {
    lookup: 'none',
    helpers: ['cgrp_storage_get', 'cgrp_storage_delete', 'kptr_xchg'],
    requiredFlags: MapFlag.NO_PREALLOC,
    keySize: 4,
    since: linux(6, 2),
  },
  ARENA: {
    lookup: 'none',
    helpers: [],
    requiredFlags: MapFlag.MMAPABLE,
    keySize: 0,
    valueSize: 0,
    since: linux(6, 9),
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
    helpers: row.helpers.map((helper) => Helper[helper]),
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
