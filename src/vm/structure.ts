/**
 * Distance of map contents when a run, or the expected one, inserted, replaced or deleted entries. Values that stayed
 * in their place are compared word by word by the emitted code; here are the others, compared by key.
 */
import type { Arena } from './arena.ts';
import { MAP, MapKind, SHADOW } from './layout.ts';
import { allMaps, type SimMap } from './maps.ts';

/** Entry that an outcome must have: the value, unless it is still the one that the test began with, in its place. */
export interface ExpectedEntry {
  slot: number;
  /** The entry is where the test put it, so its value is compared in place. */
  inPlace: boolean;
  value: Uint8Array;
}
/** Per map, by key. */
export type ExpectedMaps = readonly ReadonlyMap<string, ExpectedEntry>[];

/** Cost of an entry that is missing or too many, over that of its bytes. */
const ENTRY_COST = 32;

function keyOf(arena: Arena, p: number, n: number): string {
  return String.fromCharCode(...arena.bytes.subarray(p, p + n));
}

/** A live slot that the test began with still has its output mark; slots that a run filled have none. */
function isInPlace(map: SimMap, slot: number): boolean {
  return map.arena.has(map.valueAt(slot), 1, SHADOW.OUTPUT);
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((b) => b === 0);
}

function entries(map: SimMap): Map<string, ExpectedEntry> {
  const found = new Map<string, ExpectedEntry>();
  if (map.get(MAP.KIND) !== MapKind.SLOTS) return found;
  const size = map.get(MAP.VALUE_SIZE);
  const queue = map.get(MAP.KEY_SIZE) === 0;
  map.live().forEach((slot, position) => {
    const p = map.valueAt(slot);
    const value = map.arena.bytes.slice(p, p + size);
    // In large arrays an entry that is all zero is the same as none.
    if (map.arrayLike && isZero(value)) return;
    const key = queue ? String(position) : keyOf(map.arena, map.keyAt(slot), map.get(MAP.KEY_SIZE));
    found.set(key, { slot, inPlace: isInPlace(map, slot) && !map.arrayLike && !queue, value });
  });
  return found;
}

/** What the maps of the finished run hold. */
export function snapshot(arena: Arena): ExpectedMaps {
  return allMaps(arena).map(entries);
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
    const now = entries(map);
    const wanted = expected[index] ?? new Map<string, ExpectedEntry>();
    const absent = (e: ExpectedEntry): number => ENTRY_COST + 8 * e.value.length;
    for (const [key, entry] of wanted) {
      const found = now.get(key);
      if (found === undefined)
        sum += map.arrayLike ? byteDistance(entry.value, new Uint8Array(0), metric) : absent(entry);
      else if (!(found.inPlace && entry.inPlace && found.slot === entry.slot))
        sum += byteDistance(found.value, entry.value, metric);
    }
    for (const [key, entry] of now)
      if (!wanted.has(key))
        sum += map.arrayLike ? byteDistance(entry.value, new Uint8Array(0), metric) : absent(entry);
  });
  return sum;
}
