/**
 * Map helpers, with the kernel's return codes. Sources: kernel/bpf/arraymap.c, hashtab.c, lpm_trie.c,
 * devmap.c, queue_stack_maps.c.
 */
import { Helper } from '../../program/tables/helpers.ts';
import { MapTypeId as T } from '../../program/tables/maps.ts';
import { fault } from '../memory/arena.ts';
import { FaultCode, HEAD, MAP } from '../memory/layout.ts';
import { isPreallocated, type SimMap } from '../memory/sim-map.ts';
import { Errno } from './errno.ts';
import type { Done, HelperCall, HelperModels } from './helper-call.ts';

const Flag = { NOEXIST: 1, EXIST: 2, LOCK: 4 } as const;

const PER_CPU_HASH: readonly number[] = [T.PERCPU_HASH, T.LRU_PERCPU_HASH];
const HASH: readonly number[] = [T.HASH, T.LRU_HASH, ...PER_CPU_HASH];
const LRU: readonly number[] = [T.LRU_HASH, T.LRU_PERCPU_HASH];

/** Linear address of the value that a lookup yields, or -1. */
export function lookup(k: HelperCall, map: SimMap, key: number): number {
  if (map.arrayLike) {
    const index = k.arena.u32(key);
    if (index >= map.get(MAP.MAX_ENTRIES)) return -1;
    if (map.dense) return map.valueAt(index);
    const found = map.find(key);
    // Large arrays get memory where somebody looks. Running out of it is a limit of this machine.
    const slot = found >= 0 ? found : map.insert(key);
    return slot >= 0 ? map.valueAt(slot) : fault(FaultCode.BAD_CALL);
  }
  const slot = map.type === T.LPM_TRIE ? longestPrefix(k, map, key) : map.find(key);
  if (slot >= 0) return map.valueAt(slot);
  k.miss(map, key);
  return -1;
}

/**
 * Whether the first `length` bits of two tries' keys agree; keys are {prefix length u32, bytes in network
 * order}.
 */
function samePrefix(k: HelperCall, a: number, b: number, length: number): boolean {
  const { bytes } = k.arena;
  const whole = length >> 3;
  for (let i = 4; i < 4 + whole; i++) if (bytes[a + i] !== bytes[b + i]) return false;
  const mask = 0xff & ~(0xff >> (length & 7));
  return ((bytes[a + 4 + whole]! ^ bytes[b + 4 + whole]!) & mask) === 0;
}

function longestPrefix(k: HelperCall, map: SimMap, key: number): number {
  const wanted = k.arena.u32(key);
  let best = -1;
  let bestLength = -1;
  if (wanted > prefixLimit(map)) return -1;
  for (const slot of map.liveSlots()) {
    const length = k.arena.u32(map.keyAt(slot));
    if (length > wanted || length <= bestLength) continue;
    if (samePrefix(k, map.keyAt(slot), key, length)) [best, bestLength] = [slot, length];
  }
  return best;
}

/** Slot of the entry with the given key, or -1. Bits behind the prefix do not count in tries. */
function findEntry(k: HelperCall, map: SimMap, key: number): number {
  if (map.type !== T.LPM_TRIE) return map.find(key);
  const length = k.arena.u32(key);
  const same = (slot: number): boolean =>
    k.arena.u32(map.keyAt(slot)) === length && samePrefix(k, map.keyAt(slot), key, length);
  return map.liveSlots().find(same) ?? -1;
}

const prefixLimit = (map: SimMap): number => (map.get(MAP.KEY_SIZE) - 4) * 8;

function lookupElem(k: HelperCall): Done {
  const map = k.map(1);
  const key = k.read(2, map.get(MAP.KEY_SIZE));
  switch (map.type) {
    case T.PROG_ARRAY:
    case T.PERF_EVENT_ARRAY:
    case T.STACK_TRACE:
    case T.CGROUP_ARRAY:
    case T.CPUMAP:
    case T.RINGBUF:
      return fault(FaultCode.BAD_CALL);
    case T.ARRAY_OF_MAPS:
    case T.HASH_OF_MAPS: {
      const value = lookup(k, map, key);
      const inner = value < 0 ? 0 : k.arena.u32(value + 4);
      return k.retPointer(inner === 0 ? -1 : k.arena.at + inner);
    }
    case T.SOCKMAP:
    case T.SOCKHASH:
    case T.XSKMAP:
      return k.retPointer(lookup(k, map, key) < 0 ? -1 : k.arena.at + k.arena.headOffset(HEAD.OPAQUE));
    default:
      return k.retPointer(lookup(k, map, key));
  }
}

function copyValue(k: HelperCall, map: SimMap, to: number, from: number): void {
  const size = map.get(MAP.VALUE_SIZE);
  k.arena.touch(to, size);
  k.arena.bytes.copyWithin(to, from, from + size);
}

/** bpf_map_update_elem on `map`: 0 or -errno. `key` and `value` are linear addresses. */
export function update(k: HelperCall, map: SimMap, key: number, value: number, flags: number): number {
  if (map.arrayLike) {
    if ((flags & ~Flag.LOCK) > Flag.EXIST) return -Errno.EINVAL;
    if (k.arena.u32(key) >= map.get(MAP.MAX_ENTRIES)) return -Errno.E2BIG;
    if ((flags & Flag.NOEXIST) !== 0) return -Errno.EEXIST;
    copyValue(k, map, lookup(k, map, key), value);
    return 0;
  }
  const isTrie = map.type === T.LPM_TRIE;
  if (!isTrie && !HASH.includes(map.type)) return fault(FaultCode.BAD_CALL);
  if (flags > Flag.EXIST) return -Errno.EINVAL;
  if (isTrie && k.arena.u32(key) > prefixLimit(map)) return -Errno.EINVAL;
  const found = findEntry(k, map, key);
  if (found >= 0 && flags === Flag.NOEXIST) return -Errno.EEXIST;
  if (found < 0 && flags === Flag.EXIST) return -Errno.ENOENT;
  if (found >= 0 && PER_CPU_HASH.includes(map.type)) {
    copyValue(k, map, map.valueAt(found), value);
    return 0;
  }
  const isLru = LRU.includes(map.type);
  if (found < 0 && map.get(MAP.LIVE) >= map.get(MAP.MAX_ENTRIES)) {
    if (!isLru) return isTrie ? -Errno.ENOSPC : -Errno.E2BIG;
    map.remove(map.live()[0]!, true);
  }
  const preallocated = isPreallocated(map.type, map.get(MAP.FLAGS));
  const slot = found < 0 ? map.insert(key) : map.replace(found, key, preallocated);
  if (slot < 0) return -Errno.ENOMEM;
  copyValue(k, map, map.valueAt(slot), value);
  return 0;
}

function updateElem(k: HelperCall): Done {
  const map = k.map(1);
  const key = k.read(2, map.get(MAP.KEY_SIZE));
  const value = k.read(3, map.get(MAP.VALUE_SIZE));
  const flags = k.hi(4) !== 0 ? 0xffff_ffff : k.lo(4);
  return k.ret(update(k, map, key, value, flags));
}

function deleteElem(k: HelperCall): Done {
  const map = k.map(1);
  const key = k.read(2, map.get(MAP.KEY_SIZE));
  if (map.arrayLike) return k.ret(-Errno.EINVAL);
  if (map.type !== T.LPM_TRIE && !HASH.includes(map.type)) return fault(FaultCode.BAD_CALL);
  if (map.type === T.LPM_TRIE && k.arena.u32(key) > prefixLimit(map)) return k.ret(-Errno.EINVAL);
  const found = findEntry(k, map, key);
  if (found < 0) return k.ret(-Errno.ENOENT);
  map.remove(found, isPreallocated(map.type, map.get(MAP.FLAGS)));
  return k.ret(0);
}

/** Queues and stacks: the live slots in order of insertion. */
function push(k: HelperCall): Done {
  const map = k.map(1);
  const value = k.read(2, map.get(MAP.VALUE_SIZE));
  const flags = k.lo(3);
  if (k.hi(3) !== 0 || (flags !== 0 && flags !== Flag.EXIST)) return k.ret(-Errno.EINVAL);
  if (map.get(MAP.LIVE) >= map.get(MAP.MAX_ENTRIES)) {
    if (flags !== Flag.EXIST) return k.ret(-Errno.E2BIG);
    map.remove(map.live()[0]!, true);
  }
  const slot = map.insert(value);
  if (slot < 0) return k.ret(-Errno.ENOMEM);
  copyValue(k, map, map.valueAt(slot), value);
  return k.ret(0);
}

function take(k: HelperCall, remove: boolean): Done {
  const map = k.map(1);
  const size = map.get(MAP.VALUE_SIZE);
  const to = k.write(2, size);
  const live = map.live();
  const slot = map.type === T.STACK ? live.at(-1) : live[0];
  if (slot === undefined) {
    k.arena.bytes.fill(0, to, to + size);
    return k.ret(-Errno.ENOENT);
  }
  const from = map.valueAt(slot);
  k.arena.bytes.copyWithin(to, from, from + size);
  if (remove) map.remove(slot, true);
  return k.ret(0);
}

/** map_lookup_percpu_elem: the one simulated CPU's value. */
function lookupPerCpu(k: HelperCall): Done {
  const map = k.map(1);
  const key = k.read(2, map.get(MAP.KEY_SIZE));
  return k.retPointer(k.lo(3) === k.cpu ? lookup(k, map, key) : -1);
}

export const MAP_MODELS: HelperModels = {
  [Helper.map_lookup_elem]: lookupElem,
  [Helper.map_update_elem]: updateElem,
  [Helper.map_delete_elem]: deleteElem,
  [Helper.map_push_elem]: push,
  [Helper.map_pop_elem]: (k) => take(k, true),
  [Helper.map_peek_elem]: (k) => take(k, false),
  [Helper.map_lookup_percpu_elem]: lookupPerCpu,
};
