/** Map contents: what a control plane could have put there. */

import type { Rng } from '../../base/random.ts';
import type { MapDef } from '../../program/program.ts';
import { MapTypeId, mapType } from '../../program/tables/maps.ts';
import type { MapContents, MapEntry } from '../types.ts';
import type { LearnedConstants } from './constants.ts';

const MAX_ENTRIES = 6;

/**
 * Random contents of one map: a global data section starts with its initial bytes, others with a few entries.
 */
export function randomMap(def: MapDef, rng: Rng, learned: LearnedConstants): MapContents {
  if (def.initial !== undefined) return [{ key: new Uint8Array(def.keySize), value: def.initial.slice() }];
  const type = mapType(def.type);
  if (type === undefined || type.lookup === 'none' || type.lookup === 'sock' || type.lookup === 'xdp_sock')
    return def.type === MapTypeId.CPUMAP ? redirectTargets(def) : [];
  if (type.lookup === 'value_ro') return redirectTargets(def);
  if (rng.chance(0.15)) return [];
  const entries = new Map<string, MapEntry>();
  for (let n = 1 + rng.below(MAX_ENTRIES); n > 0; n--) {
    const key = type.keyIsU32
      ? index(rng.below(Math.min(def.maxEntries, 64)))
      : admissible(def, randomBytes(def.keySize, rng, learned));
    entries.set(key.join(), { key, value: randomBytes(def.valueSize, rng, learned) });
  }
  return [...entries.values()];
}

/** A key that the map takes: a trie's prefix is at most as long as its data. */
function admissible(def: MapDef, key: Uint8Array): Uint8Array {
  if (def.type !== MapTypeId.LPM_TRIE || key.length < 4) return key;
  const view = new DataView(key.buffer, key.byteOffset);
  const limit = 8 * (key.length - 4);
  const length = view.getUint32(0, true);
  if (length > limit) view.setUint32(0, length % (limit + 1), true);
  return key;
}

/** An entry for a key that a program looked up in vain; undefined when the map cannot have it. */
export function randomEntry(
  def: MapDef,
  key: Uint8Array,
  rng: Rng,
  learned: LearnedConstants,
): MapEntry | undefined {
  const type = mapType(def.type);
  if (type === undefined || type.isArrayLike || !['value', 'value_ro'].includes(type.lookup))
    return undefined;
  const index = key.length >= 4 ? new DataView(key.buffer, key.byteOffset).getUint32(0, true) : 0;
  if (type.keyIsU32 && index >= def.maxEntries) return undefined;
  const value = type.lookup === 'value_ro' ? target(def) : randomBytes(def.valueSize, rng, learned);
  return { key: admissible(def, key.slice()), value };
}

/** Devices and CPUs to redirect to: number 1 exists everywhere (loopback). */
function redirectTargets(def: MapDef): MapContents {
  const count = Math.min(def.maxEntries, 4);
  return Array.from({ length: count }, (_, k) => ({ key: index(k), value: target(def) }));
}

function target(def: MapDef): Uint8Array {
  const value = new Uint8Array(def.valueSize);
  value[0] = def.type === MapTypeId.CPUMAP ? 192 : 1;
  return value;
}

function index(n: number): Uint8Array {
  return Uint8Array.of(n, n >>> 8, n >>> 16, n >>> 24);
}

/** Bytes whose 4-byte words are small, known to the program, or anything. */
export function randomBytes(size: number, rng: Rng, learned: LearnedConstants): Uint8Array {
  const out = new Uint8Array(size);
  for (let at = 0; at < size; at += 4) {
    const kind = rng.unit();
    const word =
      kind < 0.3
        ? rng.below(8)
        : kind < 0.55
          ? rng.pick(learned.u32)
          : kind < 0.7
            ? rng.pick(learned.u16)
            : rng.u32();
    for (let b = 0; b < 4 && at + b < size; b++) out[at + b] = word >>> (8 * b);
  }
  return out;
}
