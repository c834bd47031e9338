/**
 * Distance of map contents when a run, or the expected one, inserted, replaced or deleted entries. Values
 * that stayed in their place are compared word by word by the emitted code; here are the others, compared by
 * key.
 */
import type { Arena } from '../memory/arena.ts';
import { MAP, MapKind, SHADOW } from '../memory/layout.ts';
import { allMaps, type SimMap } from '../memory/sim-map.ts';

/** An entry that an outcome must have. */
interface ExpectedEntry {
  slot: number;
  /** The entry is where the test put it, so that its value is compared in place. */
  inPlace: boolean;
  value: Uint8Array;
}
/** What one map must hold, by key; `changed`: the expected run inserted, replaced or deleted entries. */
interface ExpectedMap {
  changed: boolean;
  entries: ReadonlyMap<string, ExpectedEntry>;
}
export type ExpectedMaps = readonly ExpectedMap[];

/** Cost of an entry that is missing or too many, over that of its bytes. */
const ENTRY_COST = 32;
const NOTHING = new Uint8Array(0);

/** Whether the run inserted, replaced or deleted entries: each of these changes the descriptor. */
function isChanged(map: SimMap): boolean {
  const { bytes, delta } = map.arena;
  return [MAP.LIVE, MAP.FREE, MAP.SEQUENCE].some(
    (field) => (bytes[map.at + field + delta]! & SHADOW.DIRTY) !== 0,
  );
}

function* entries(map: SimMap): Generator<{ key: string; slot: number; at: number }> {
  if (map.get(MAP.KIND) !== MapKind.SLOTS) return;
  const keySize = map.get(MAP.KEY_SIZE);
  const valueSize = map.get(MAP.VALUE_SIZE);
  const isArray = map.arrayLike;
  const { bytes } = map.arena;
  let position = 0;
  // Queues have no keys: the order of insertion stands for them.
  for (const slot of keySize === 0 ? map.live() : map.liveSlots()) {
    const at = map.valueAt(slot);
    // In large arrays an entry that is all zero is the same as none.
    if (isArray && bytes.subarray(at, at + valueSize).every((b) => b === 0)) continue;
    const k = map.keyAt(slot);
    let key = keySize === 0 ? String(position++) : '';
    for (let i = k; i < k + keySize; i++) key += String.fromCharCode(bytes[i]!);
    yield { key, slot, at };
  }
}

/** What the maps of the finished run hold. */
export function snapshot(arena: Arena): ExpectedMaps {
  return allMaps(arena).map((map) => {
    const found = new Map<string, ExpectedEntry>();
    const valueSize = map.get(MAP.VALUE_SIZE);
    const keyed = !map.arrayLike && map.get(MAP.KEY_SIZE) > 0;
    for (const { key, slot, at } of entries(map)) {
      // A live slot that the test began with still has its output mark; slots that a run filled have none.
      const inPlace = keyed && arena.has(at, 1, SHADOW.OUTPUT);
      found.set(key, { slot, inPlace, value: arena.bytes.slice(at, at + valueSize) });
    }
    return { changed: isChanged(map), entries: found };
  });
}

/** Distance of two byte strings of the same length: differing bits, or sum of |a - b|. */
export function byteDistance(a: Uint8Array, b: Uint8Array, metric: number): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i] ?? 0];
    if (metric === 1) sum += Math.abs(x - y);
    else for (let d = x ^ y; d !== 0; d &= d - 1) sum++;
  }
  return sum;
}

/** Distance of the finished run's maps from the expected ones; 0 when every key has the expected value. */
export function structureDistance(arena: Arena, expected: ExpectedMaps, metric: number): number {
  let sum = 0;
  allMaps(arena).forEach((map, index) => {
    const wanted = expected[index];
    if (wanted !== undefined && (wanted.changed || isChanged(map))) sum += mapDistance(map, wanted, metric);
  });
  return sum;
}

function mapDistance(map: SimMap, wanted: ExpectedMap, metric: number): number {
  const { arena } = map;
  const size = map.get(MAP.VALUE_SIZE);
  const isArray = map.arrayLike;
  const alone = (value: Uint8Array): number =>
    isArray ? byteDistance(value, NOTHING, metric) : ENTRY_COST + 8 * size;
  const found = new Set<string>();
  let sum = 0;
  for (const { key, slot, at } of entries(map)) {
    const e = wanted.entries.get(key);
    if (e !== undefined) found.add(key);
    if (e?.inPlace === true && e.slot === slot && arena.has(at, 1, SHADOW.OUTPUT)) continue;
    const value = arena.bytes.subarray(at, at + size);
    sum += e === undefined ? alone(value) : byteDistance(value, e.value, metric);
  }
  if (found.size < wanted.entries.size)
    for (const [key, e] of wanted.entries) if (!found.has(key)) sum += alone(e.value);
  return sum;
}
