/**
 * The stack frame: 64 slots of 8 bytes. A slot knows each of its bytes (never written, unknown, or a
 * constant), and, when a register was spilled to it, that value. Byte positions are counted from the lowest
 * address: byte 0 is at r10 - 512, byte 511 at r10 - 1; `spill` always starts at the slot's first byte.
 */
import { consistent, constant, constantOf, FULL32, FULL64, type Scalar, UNKNOWN, withId } from './scalar.ts';
import { narrowed, type Precision } from './scalar-ops.ts';
import {
  ANY,
  mergeValues,
  type PairNames,
  sameValue,
  type Value,
  valueSubsumes,
  type Widening,
} from './value.ts';

export const STACK_SIZE = 512;
export const SLOTS = STACK_SIZE / 8;
/** A byte that may never have been written. */
export const BYTE_UNINIT = -2;
/** A byte that was written with something unknown. Other bytes are constants, 0..255. */
export const BYTE_UNKNOWN = -1;

/** Immutable. No spill: `spill` is undefined and `spillSize` 0. */
export interface Slot {
  readonly bytes: readonly number[];
  readonly spill: Value | undefined;
  /** Bytes that the spill covers: 1, 2, 4 or 8. */
  readonly spillSize: number;
}

/** `undefined` is the slot of which nothing was written. */
export type Stack = readonly (Slot | undefined)[];

export const EMPTY_STACK: Stack = new Array<Slot | undefined>(SLOTS).fill(undefined);
const UNWRITTEN: readonly number[] = new Array<number>(8).fill(BYTE_UNINIT);

/** State of the byte at `position` (0..511). */
export function byteAt(stack: Stack, position: number): number {
  return stack[position >> 3]?.bytes[position & 7] ?? BYTE_UNINIT;
}

/** Bytes of a number as far as they are constant. */
function bytesOf(value: Value, size: number): number[] {
  if (value.kind !== 'scalar') return new Array<number>(size).fill(BYTE_UNKNOWN);
  return Array.from({ length: size }, (_, i) => {
    const at = BigInt(8 * i);
    return ((value.tnum.mask >> at) & 0xffn) === 0n ? Number((value.tnum.value >> at) & 0xffn) : BYTE_UNKNOWN;
  });
}

function withBytes(slot: Slot | undefined, first: number, bytes: readonly number[]): number[] {
  const out = [...(slot?.bytes ?? UNWRITTEN)];
  for (const [i, b] of bytes.entries()) out[first + i] = b;
  return out;
}

function replaced(stack: Stack, index: number, slot: Slot): Stack {
  const out = stack.slice();
  out[index] = slot;
  return out;
}

/**
 * What the kernel leaves of a slot when it forgets the register in it: zeros that were stored as such stay,
 * bytes of the register become unknown (scrub_spilled_slot()).
 */
function scrubbed(slot: Slot | undefined): Slot | undefined {
  if (slot?.spill === undefined) return slot;
  const bytes = slot.bytes.map((b, i) => (i < slot.spillSize ? BYTE_UNKNOWN : b));
  return { bytes, spill: undefined, spillSize: 0 };
}

/** Bytes as the kernel remembers them: a number that is 0, or nothing. */
function zeroBytes(value: Value, size: number): number[] {
  const isZero = value.kind === 'scalar' && constantOf(value) === 0n;
  return new Array<number>(size).fill(isZero ? 0 : BYTE_UNKNOWN);
}

/** Store `size` bytes of `value` at `position`, which is a multiple of `size`. */
export function storeToStack(
  stack: Stack,
  position: number,
  size: number,
  value: Value,
  precision: Precision,
): Stack {
  const index = position >> 3;
  const first = position & 7;
  const old = precision === 'kernel' ? scrubbed(stack[index]) : stack[index];
  const bytes = withBytes(old, first, (precision === 'kernel' ? zeroBytes : bytesOf)(value, size));
  const whole = value.kind === 'uninit' ? ANY : value;
  if (first === 0 && (size === 8 || whole.kind === 'scalar')) {
    const spill = whole.kind === 'scalar' ? narrowedSpill(whole, size) : whole;
    return replaced(stack, index, { bytes, spill, spillSize: size });
  }
  const keeps = old?.spill !== undefined && old.spill.kind === 'scalar' && old.spillSize <= first;
  return replaced(stack, index, {
    bytes,
    spill: keeps ? old.spill : undefined,
    spillSize: keeps ? old.spillSize : 0,
  });
}

/**
 * The value that a load of `size` bytes will give back; it is the same number only if nothing was cut off.
 */
function narrowedSpill(value: Scalar, size: number): Scalar {
  const cut = narrowed(value, size, false);
  return cut === value ? value : withId(cut, 0);
}

/** Mark [from, to) as written with unknown bytes: what a helper or a store at an unknown offset does. */
export function clobberStack(stack: Stack, from: number, to: number, precision: Precision): Stack {
  const out = stack.slice();
  for (let index = Math.max(0, from) >> 3; index < SLOTS && index * 8 < to; index++) {
    const old = precision === 'kernel' ? scrubbed(out[index]) : out[index];
    const bytes = [...(old?.bytes ?? UNWRITTEN)];
    for (let i = 0; i < 8; i++) {
      const position = index * 8 + i;
      if (position >= from && position < to) bytes[i] = BYTE_UNKNOWN;
    }
    out[index] = { bytes, spill: undefined, spillSize: 0 };
  }
  return out;
}

export interface StackRead {
  value: Value;
  /** Positions that may never have been written. */
  uninitialised: number[];
  /** Part of a spilled pointer was read. */
  partOfPointer: boolean;
}

/** Load `size` bytes at `position` (a multiple of `size`), zero-extended. */
export function loadFromStack(stack: Stack, position: number, size: number, precision: Precision): StackRead {
  const slot = stack[position >> 3];
  const first = position & 7;
  const uninitialised: number[] = [];
  for (let i = 0; i < size; i++)
    if ((slot?.bytes[first + i] ?? BYTE_UNINIT) === BYTE_UNINIT) uninitialised.push(position + i);
  if (slot === undefined || uninitialised.length > 0)
    return { value: UNKNOWN, uninitialised, partOfPointer: false };
  const { spill } = slot;
  if (spill !== undefined && first < slot.spillSize) {
    if (spill.kind !== 'scalar') {
      if (size === 8) return { value: spill, uninitialised, partOfPointer: false };
      return { value: narrowed(UNKNOWN, size, false), uninitialised, partOfPointer: true };
    }
    if (first === 0 && size <= slot.spillSize)
      return { value: narrowedSpill(spill, size), uninitialised, partOfPointer: false };
    // The kernel does not put a register and bytes beside it together.
    if (precision === 'kernel' && first + size > slot.spillSize)
      return { value: narrowed(UNKNOWN, size, false), uninitialised, partOfPointer: false };
  }
  return {
    value: fromBytes(slot.bytes.slice(first, first + size), precision),
    uninitialised,
    partOfPointer: false,
  };
}

function fromBytes(bytes: readonly number[], precision: Precision): Scalar {
  const size = bytes.length;
  if (bytes.every((b) => b === 0)) return constant(0n);
  let [value, mask] = [0n, 0n];
  for (const [i, b] of bytes.entries()) {
    if (b >= 0 && precision === 'best') value |= BigInt(b) << BigInt(8 * i);
    else mask |= 0xffn << BigInt(8 * i);
  }
  return size === 8 && mask === 0xffff_ffff_ffff_ffffn
    ? UNKNOWN
    : consistent({ value, mask }, FULL64, FULL32);
}

function mergeByte(a: number, b: number): number {
  if (a === b) return a;
  return a === BYTE_UNINIT || b === BYTE_UNINIT ? BYTE_UNINIT : BYTE_UNKNOWN;
}

/** What either side allows. `place` is the number of the slot for `names`. */
export function mergeSlots(
  a: Slot | undefined,
  b: Slot | undefined,
  names: PairNames,
  place: number,
  how: Widening,
): Slot | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (a === b) return a;
  const bytes = a.bytes.map((x, i) => mergeByte(x, b.bytes[i]!));
  const [x, y] = [a.spill, b.spill];
  if (x === undefined || y === undefined || a.spillSize !== b.spillSize)
    return { bytes, spill: undefined, spillSize: 0 };
  const spill = mergeValues(x, y, names, place, how);
  return { bytes, spill, spillSize: a.spillSize };
}

export function slotSubsumes(
  a: Slot | undefined,
  b: Slot | undefined,
  ids: (a: number, b: number) => boolean,
): boolean {
  if (a === undefined) return true;
  if (b === undefined) return a.bytes.every((x) => x === BYTE_UNINIT) && a.spill === undefined;
  if (a.bytes !== b.bytes)
    for (let i = 0; i < 8; i++) {
      const x = a.bytes[i]!;
      const y = b.bytes[i]!;
      if (x !== y && x !== BYTE_UNINIT && !(x === BYTE_UNKNOWN && y !== BYTE_UNINIT)) return false;
    }
  if (a.spill === undefined) return true;
  return b.spill !== undefined && a.spillSize === b.spillSize && valueSubsumes(a.spill, b.spill, ids);
}

/** `slot` with another spilled value. */
export function withSpill(slot: Slot, spill: Value): Slot {
  return spill.kind === 'uninit'
    ? { bytes: slot.bytes, spill: ANY, spillSize: slot.spillSize }
    : { ...slot, spill };
}

function sameSlot(a: Slot | undefined, b: Slot | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a.spillSize !== b.spillSize) return false;
  if (!a.bytes.every((x, n) => x === b.bytes[n])) return false;
  return (
    a.spill === b.spill || (a.spill !== undefined && b.spill !== undefined && sameValue(a.spill, b.spill))
  );
}

export function sameStack(a: Stack, b: Stack): boolean {
  return a === b || a.every((slot, n) => sameSlot(slot, b[n]));
}
