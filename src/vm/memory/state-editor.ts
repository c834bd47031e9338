/**
 * A machine's state that is being changed into another one: registers, bytes, the packet's end, map entries.
 * It knows the layout of the arena (layout.ts), so that nobody else edits it byte by byte.
 */

import { HEAD, MAP, MAP_BYTES, MAP_READ_ONLY, MAPS, MapKind, SHADOW } from './layout.ts';
import type { MachineState } from './machine-state.ts';
import type { MissedKey } from './missed-key.ts';
import { SLOT, SlotState } from './sim-map.ts';

const READABLE = SHADOW.READ | SHADOW.WRITE;
/** Makes bytes that are neither zero nor equal. */
const NOISE = 0x9e3779b1;
const pad8 = (n: number): number => (n + 7) & ~7;

export class StateEditor {
  readonly registers: bigint[];
  private readonly test: number;
  private readonly bytes: Uint8Array;
  private readonly shadow: Uint8Array;
  private readonly view: DataView;
  private readonly base: bigint;

  constructor(state: MachineState) {
    this.test = state.test;
    this.registers = [...state.registers];
    this.bytes = state.bytes.slice();
    this.shadow = state.shadow.slice();
    this.view = new DataView(this.bytes.buffer);
    this.base = this.head(HEAD.BASE);
  }

  get state(): MachineState {
    const { test, registers, bytes, shadow } = this;
    return { test, registers: [...registers], bytes: bytes.slice(), shadow: shadow.slice() };
  }

  /** A word of the arena's header (HEAD). */
  head(offset: number): bigint {
    return this.view.getBigUint64(offset, true);
  }

  /** The address is one of this memory. */
  holds(address: bigint): boolean {
    return this.place(address) !== undefined;
  }

  private place(address: bigint): number | undefined {
    const at = BigInt.asIntN(64, address - this.base);
    return at >= 0n && at < BigInt(this.bytes.length) ? Number(at) : undefined;
  }

  /** Changes a byte that may be read. */
  put(address: bigint, byte: number): void {
    const at = this.place(address);
    if (at !== undefined && (this.shadow[at]! & SHADOW.READ) !== 0) this.bytes[at] = byte;
  }

  /** Adds to a number of 8 bytes in memory. */
  add(address: bigint, addend: bigint): void {
    const at = this.place(address);
    if (at === undefined) return;
    this.view.setBigUint64(at, BigInt.asUintN(64, this.view.getBigUint64(at, true) + addend), true);
  }

  private get packetLength(): number {
    return Number(this.head(HEAD.DATA_END) - this.head(HEAD.DATA));
  }

  /** Cuts the packet off. @returns how far its end has moved */
  shorten(length: number): bigint {
    const now = this.packetLength;
    if (length >= now) return 0n;
    const data = this.place(this.head(HEAD.DATA))!;
    this.shadow.fill(0, data + length, data + now);
    const end = this.head(HEAD.DATA) + BigInt(length);
    this.view.setBigUint64(HEAD.DATA_END, end, true);
    return BigInt(length - now);
  }

  private map(map: number, field: number): number {
    return this.view.getUint32(MAPS + map * MAP_BYTES + field, true);
  }

  private setMap(map: number, field: number, value: number): void {
    this.view.setUint32(MAPS + map * MAP_BYTES + field, value, true);
  }

  private slot(map: number, index: number): number {
    return this.map(map, MAP.OFFSET) + index * this.map(map, MAP.STRIDE);
  }

  /** Where the value of an entry lies in memory: by index of the array, or by slot. */
  private valueAt(map: number, index: number): number {
    const slot = this.slot(map, index);
    if (this.map(map, MAP.KIND) === MapKind.DENSE) return slot;
    return slot + SLOT.KEY + pad8(this.map(map, MAP.KEY_SIZE));
  }

  private entries(map: number): number {
    if (this.map(map, MAP.KIND) === MapKind.NONE) return 0;
    return this.map(map, this.map(map, MAP.KIND) === MapKind.DENSE ? MAP.MAX_ENTRIES : MAP.USED);
  }

  /** Addresses of the first so many values of a map. */
  values(map: number, most: number): bigint[] {
    const count = Math.min(most, this.entries(map));
    return Array.from({ length: count }, (_, index) => this.base + BigInt(this.valueAt(map, index)));
  }

  /** Maps that the program may write, as its descriptors number them. */
  get writableMaps(): number[] {
    const count = this.view.getUint32(HEAD.MAP_BYTES, true) / MAP_BYTES;
    return Array.from({ length: count }, (_, map) => map).filter(
      (map) => (this.map(map, MAP.FLAGS) & MAP_READ_ONLY) === 0,
    );
  }

  /** Makes every byte of a map's values zero; false where there are none. */
  clear(map: number): boolean {
    const size = this.map(map, MAP.VALUE_SIZE);
    for (let index = 0; index < this.entries(map); index++) {
      const at = this.valueAt(map, index);
      this.bytes.fill(0, at, at + size);
    }
    return this.entries(map) > 0;
  }

  /** A map that is no array: its lookups may find nothing. */
  isKeyed(map: number): boolean {
    return this.map(map, MAP.KIND) === MapKind.SLOTS;
  }

  /** No lookup finds anything any more. */
  empty(map: number): boolean {
    if (this.map(map, MAP.KIND) === MapKind.DENSE) {
      this.setMap(map, MAP.MAX_ENTRIES, 0);
      return true;
    }
    if (this.map(map, MAP.LIVE) === 0) return false;
    for (let index = 0; index < this.entries(map); index++)
      this.view.setUint32(this.slot(map, index) + SLOT.STATE, SlotState.DEAD, true);
    this.setMap(map, MAP.LIVE, 0);
    return true;
  }

  /** Gives a keyed map an entry with some value; false where there is no room. */
  insert({ map, key }: MissedKey): boolean {
    if (this.map(map, MAP.KIND) !== MapKind.SLOTS) return false;
    const index = this.map(map, MAP.USED);
    if (index >= this.map(map, MAP.CAPACITY)) return false;
    const slot = this.slot(map, index);
    const sequence = this.map(map, MAP.SEQUENCE);
    this.view.setUint32(slot + SLOT.STATE, SlotState.LIVE, true);
    this.view.setUint32(slot + SLOT.SEQUENCE, sequence, true);
    this.bytes.set(key, slot + SLOT.KEY);
    const value = this.valueAt(map, index);
    const end = value + this.map(map, MAP.VALUE_SIZE);
    for (let at = value; at < end; at++) {
      this.shadow[at]! |= READABLE | SHADOW.OUTPUT;
      this.bytes[at] = (NOISE * (at + 1)) >>> 24;
    }
    this.setMap(map, MAP.USED, index + 1);
    this.setMap(map, MAP.LIVE, this.map(map, MAP.LIVE) + 1);
    this.setMap(map, MAP.SEQUENCE, sequence + 1);
    return true;
  }
}
