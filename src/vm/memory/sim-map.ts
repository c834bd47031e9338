/**
 * Contents of simulated maps, kept in the arena of a test so that undoing a run undoes them too.
 *
 * Small array-like maps hold every value in place (DENSE). All others hold slots (SLOTS): {state u32,
 * sequence u32, key, value}, key and value padded to 8 bytes. A slot is free, live or dead; dead slots stay
 * accessible, as elements of the kernel's hash tables do until the program ends, and are used again last in,
 * first out (kernel/bpf/hashtab.c, pcpu_freelist). Arrays that are too large to be dense get a slot when an
 * index is first looked up.
 */

import type { MapDef } from '../../program/program.ts';
import { MapFlag, MapTypeId, mapType } from '../../program/tables/maps.ts';
import type { MapContents, MapEntry } from '../types.ts';
import type { Arena } from './arena.ts';
import { HEAD, MAP, MAP_BYTES, MAP_READ_ONLY, MAPS, MapKind, SHADOW } from './layout.ts';

/** Arrays up to this many bytes of values are stored densely. */
export const DENSE_LIMIT = 64 * 1024;
/** Slots beyond the initial entries: what one run may insert. */
export const SPARE_SLOTS = 24;

export const SlotState = { FREE: 0, LIVE: 1, DEAD: 2 } as const;
/**
 * Of a keyed map's slot: where its state, its number of insertion (or the next free slot) and its key are.
 */
export const SLOT = { STATE: 0, SEQUENCE: 4, KEY: 8 } as const;

const NO_STORAGE: readonly number[] = [MapTypeId.STACK_TRACE, MapTypeId.RINGBUF, MapTypeId.USER_RINGBUF];

const pad8 = (n: number): number => (n + 7) & ~7;

/** How the contents of a map are kept; `bytes` of memory for that many slots. */
export function storageOf(def: MapDef): { kind: number; stride: number; bytes: (entries: number) => number } {
  const type = mapType(def.type);
  const value = pad8(def.valueSize);
  if (NO_STORAGE.includes(def.type)) return { kind: MapKind.NONE, stride: 0, bytes: () => 0 };
  if (type?.isArrayLike === true && (def.maxEntries === 1 || value * def.maxEntries <= DENSE_LIMIT))
    return { kind: MapKind.DENSE, stride: value, bytes: () => value * def.maxEntries };
  const stride = 8 + pad8(def.keySize) + Math.max(8, value);
  return { kind: MapKind.SLOTS, stride, bytes: (slots) => slots * stride };
}

/**
 * Slots that a map gets, given its initial entries. Only preallocated hash tables use replaced elements
 * again.
 */
export function slotCount(def: MapDef, entries: number): number {
  const all = entries + SPARE_SLOTS;
  return isPreallocated(def.type, def.flags) ? Math.min(def.maxEntries + 1, all) : all;
}

/** Hash tables that keep freed and replaced elements for the next insertion. */
export function isPreallocated(type: number, flags: number): boolean {
  return (type === MapTypeId.HASH || type === MapTypeId.PERCPU_HASH) && (flags & MapFlag.NO_PREALLOC) === 0;
}

/** One map of the running test: a view of its descriptor at linear address `at`. */
export class SimMap {
  readonly arena: Arena;
  readonly at: number;
  constructor(arena: Arena, at: number) {
    this.arena = arena;
    this.at = at;
  }

  get(field: number): number {
    return this.arena.u32(this.at + field);
  }
  set(field: number, value: number): void {
    this.arena.setU32(this.at + field, value);
  }

  get type(): number {
    return this.get(MAP.TYPE);
  }
  get dense(): boolean {
    return this.get(MAP.KIND) === MapKind.DENSE;
  }
  /** An array: every index below max_entries has a value. */
  get arrayLike(): boolean {
    return mapType(this.type)?.isArrayLike === true;
  }

  slot(index: number): number {
    return this.arena.at + this.get(MAP.OFFSET) + index * this.get(MAP.STRIDE);
  }
  state(index: number): number {
    return this.arena.u32(this.slot(index) + SLOT.STATE);
  }
  keyAt(index: number): number {
    return this.slot(index) + SLOT.KEY;
  }
  /** Linear address of a value: by slot, or by array index when dense. */
  valueAt(index: number): number {
    return this.dense ? this.slot(index) : this.slot(index) + SLOT.KEY + pad8(this.get(MAP.KEY_SIZE));
  }

  /** Linear addresses of everything that the map holds: from the first to behind the last. */
  storage(): [from: number, to: number] {
    const count =
      this.get(MAP.KIND) === MapKind.NONE ? 0 : this.get(this.dense ? MAP.MAX_ENTRIES : MAP.CAPACITY);
    return [this.slot(0), this.slot(count)];
  }

  /** Live slot whose key equals the bytes at linear address `key`, or -1. */
  find(key: number): number {
    const size = this.get(MAP.KEY_SIZE);
    const used = this.get(MAP.USED);
    const { bytes } = this.arena;
    search: for (let i = 0; i < used; i++) {
      if (this.state(i) !== SlotState.LIVE) continue;
      const k = this.keyAt(i);
      for (let b = 0; b < size; b++) if (bytes[k + b] !== bytes[key + b]) continue search;
      return i;
    }
    return -1;
  }

  /** Turns a slot live: key from linear address `key`, value not yet written. */
  private revive(index: number, key: number): void {
    const p = this.slot(index);
    const keySize = this.get(MAP.KEY_SIZE);
    const value = this.valueAt(index);
    const valueSize = this.get(MAP.VALUE_SIZE);
    const sequence = this.get(MAP.SEQUENCE);
    this.arena.touch(p, this.get(MAP.STRIDE));
    this.arena.view.setUint32(p + SLOT.STATE, SlotState.LIVE, true);
    this.arena.view.setUint32(p + SLOT.SEQUENCE, sequence, true);
    this.arena.bytes.copyWithin(p + SLOT.KEY, key, key + keySize);
    this.arena.mark(value, valueSize, this.access());
    this.set(MAP.SEQUENCE, sequence + 1);
    this.arena.count(HEAD.STRUCTURE);
  }

  /** Shadow bits of a value that a lookup hands out; output bits are the image's business. */
  access(): number {
    const lookup = mapType(this.type)?.lookup;
    if (lookup === 'value' && (this.get(MAP.FLAGS) & MAP_READ_ONLY) === 0) return SHADOW.READ | SHADOW.WRITE;
    return lookup === 'value' || lookup === 'value_ro' ? SHADOW.READ : 0;
  }

  /** A slot that is not live: the last one freed, else a fresh one; -1 when simulated memory is used up. */
  private take(): number {
    const freed = this.get(MAP.FREE);
    if (freed !== 0) {
      this.set(MAP.FREE, this.arena.u32(this.slot(freed - 1) + SLOT.SEQUENCE));
      return freed - 1;
    }
    const used = this.get(MAP.USED);
    if (used >= this.get(MAP.CAPACITY)) return -1;
    this.set(MAP.USED, used + 1);
    return used;
  }

  /** Inserts a key that is not there. Returns its slot, or -1 when simulated memory is used up. */
  insert(key: number): number {
    const index = this.take();
    if (index < 0) return -1;
    this.revive(index, key);
    this.set(MAP.LIVE, this.get(MAP.LIVE) + 1);
    return index;
  }

  /**
   * Replaces a live element by a new one with an equal key, as hash tables do: who holds a pointer to the old
   * value keeps the old value. With `preallocated` the map's spare element becomes the new one and the old
   * one the spare.
   */
  replace(index: number, key: number, preallocated: boolean): number {
    const spare = this.get(MAP.SPARE);
    const fresh = preallocated && spare !== 0 ? spare - 1 : this.takeFresh();
    if (fresh < 0) return -1;
    this.kill(index);
    if (preallocated) this.set(MAP.SPARE, index + 1);
    this.revive(fresh, key);
    return fresh;
  }

  private takeFresh(): number {
    const used = this.get(MAP.USED);
    if (used >= this.get(MAP.CAPACITY)) return -1;
    this.set(MAP.USED, used + 1);
    return used;
  }

  private kill(index: number): void {
    const p = this.slot(index);
    this.arena.setU32(p + SLOT.STATE, SlotState.DEAD);
    this.arena.mark(this.valueAt(index), this.get(MAP.VALUE_SIZE), this.access());
    this.arena.count(HEAD.STRUCTURE);
  }

  /** Removes a live element. `reuse`: the next insertion gets its memory. */
  remove(index: number, reuse: boolean): void {
    this.kill(index);
    if (reuse) {
      this.arena.setU32(this.slot(index) + SLOT.SEQUENCE, this.get(MAP.FREE));
      this.set(MAP.FREE, index + 1);
    }
    this.set(MAP.LIVE, this.get(MAP.LIVE) - 1);
  }

  /** Live slots in the order of memory. */
  liveSlots(): number[] {
    const found: number[] = [];
    const used = this.get(MAP.KIND) === MapKind.SLOTS ? this.get(MAP.USED) : 0;
    for (let i = 0; i < used; i++) if (this.state(i) === SlotState.LIVE) found.push(i);
    return found;
  }

  /** Live slots, oldest first. */
  live(): number[] {
    const sequence = (i: number): number => this.arena.u32(this.slot(i) + SLOT.SEQUENCE);
    return this.liveSlots().sort((a, b) => sequence(a) - sequence(b));
  }

  /** Copies the contents out: arrays only entries that are not all zero, in index order. */
  contents(): MapContents {
    const { bytes } = this.arena;
    const keySize = this.get(MAP.KEY_SIZE);
    const valueSize = this.get(MAP.VALUE_SIZE);
    const value = (i: number): Uint8Array => bytes.slice(this.valueAt(i), this.valueAt(i) + valueSize);
    const entries: MapEntry[] = [];
    if (this.dense) {
      for (let i = 0; i < this.get(MAP.MAX_ENTRIES); i++) {
        const v = value(i);
        if (v.some((b) => b !== 0)) entries.push({ key: indexKey(i), value: v });
      }
      return entries;
    }
    for (const i of this.live()) {
      const k = this.keyAt(i);
      entries.push({ key: bytes.slice(k, k + keySize), value: value(i) });
    }
    if (!this.arrayLike) return entries;
    return entries
      .filter((e) => e.value.some((b) => b !== 0))
      .sort((a, b) => keyIndex(a.key) - keyIndex(b.key));
  }
}

function indexKey(index: number): Uint8Array {
  const key = new Uint8Array(4);
  new DataView(key.buffer).setUint32(0, index, true);
  return key;
}

function keyIndex(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset).getUint32(0, true);
}

/** The map whose descriptor is at a simulated address, or undefined. */
export function mapAt(arena: Arena, lo: number, hi: number): SimMap | undefined {
  const p = arena.locate(lo, hi);
  const offset = p - arena.at - MAPS;
  if (p < 0 || offset < 0 || offset >= arena.head(HEAD.MAP_BYTES) || offset % MAP_BYTES !== 0)
    return undefined;
  return new SimMap(arena, p);
}

/** All maps of the running test: those of the program, then the inner ones. */
export function allMaps(arena: Arena): SimMap[] {
  const count = arena.head(HEAD.MAP_BYTES) / MAP_BYTES;
  return Array.from({ length: count }, (_, i) => new SimMap(arena, arena.at + MAPS + i * MAP_BYTES));
}
