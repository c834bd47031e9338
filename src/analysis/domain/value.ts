/**
 * Abstract values: what a register or a spilled stack slot can hold.
 *
 *        uninit            never written, or (`maybe`) written on some paths only: must not be read
 *          |
 *         any              some readable value, number or pointer
 *        /    \
 *    scalar   pointer      a number with bounds; an address with its region and offset
 *
 * Ids say what is equal inside one state: two pointers with the same base id point into the same object, two
 * scalars (or variable offsets) with the same id are the same number. Id 0 means "unknown which". Ids of
 * different states must not be compared. Different ids do not mean different objects: two lookups may return
 * the same entry.
 */
import {
  constant,
  constantOf,
  joinScalars,
  type Scalar,
  sameScalar,
  scalarSubsumes,
  UNKNOWN,
  widenScalar,
  withId,
} from './scalar.ts';
import { addScalars } from './scalar-ops.ts';

/** What a pointer points into. `key` is the same text for the same region. */
export type Region = { readonly key: string } & (
  | {
      readonly kind: 'stack' /** Depth of the call that owns the frame; 0 = entry function. */;
      readonly frame: number;
    }
  | { readonly kind: 'ctx' | 'packet' | 'packet_end' | 'packet_meta' }
  /** The map itself; `inner`: a map out of an array or hash of maps. */
  | { readonly kind: 'map'; readonly map: number; readonly inner: boolean }
  | { readonly kind: 'map_value'; readonly map: number; readonly inner: boolean }
  /** Memory of a known or unknown size that a helper handed out (ring buffer record, dynamic slice). */
  | {
      readonly kind: 'memory';
      readonly what: string;
      readonly size: number | undefined;
      readonly write: boolean;
    }
  /** A kernel object: socket, task, ... */
  | { readonly kind: 'opaque'; readonly what: string }
  | { readonly kind: 'function'; readonly fn: number }
);

const CTX: Region = { kind: 'ctx', key: 'ctx' };
const PACKET: Region = { kind: 'packet', key: 'packet' };
const PACKET_END: Region = { kind: 'packet_end', key: 'packet_end' };
const PACKET_META: Region = { kind: 'packet_meta', key: 'packet_meta' };

/** Constructors of regions. */
export const region = {
  ctx: CTX,
  packet: PACKET,
  packetEnd: PACKET_END,
  packetMeta: PACKET_META,
  stack: (frame: number): Region => ({ kind: 'stack', frame, key: `stack:${frame}` }),
  map: (map: number, inner = false): Region => ({
    kind: 'map',
    map,
    inner,
    key: `map:${map}${inner ? 'i' : ''}`,
  }),
  mapValue: (map: number, inner = false): Region => ({
    kind: 'map_value',
    map,
    inner,
    key: `map_value:${map}${inner ? 'i' : ''}`,
  }),
  memory: (what: string, size: number | undefined, write = true): Region => ({
    kind: 'memory',
    what,
    size,
    write,
    key: `memory:${what}:${size ?? '?'}:${write ? 'rw' : 'r'}`,
  }),
  opaque: (what: string): Region => ({ kind: 'opaque', what, key: `opaque:${what}` }),
  fn: (fn: number): Region => ({ kind: 'function', fn, key: `function:${fn}` }),
} as const;

/** What a pointer into a value points into when it may be that of several maps. */
export const SOME_VALUE: Region = region.mapValue(-1, true);

/** The region of all that two regions have. */
function joinRegions(a: Region, b: Region): Region | undefined {
  if (a.key === b.key) return a;
  return a.kind === 'map_value' && b.kind === 'map_value' ? SOME_VALUE : undefined;
}

function regionSubsumes(a: Region, b: Region): boolean {
  return a.key === b.key || (a.key === SOME_VALUE.key && b.kind === 'map_value');
}

export interface Pointer {
  readonly kind: 'pointer';
  readonly region: Region;
  /** Which object of the region (see above); regions with one object have 0. */
  readonly id: number;
  /**
   * Constant part of the offset from the object's start, in bytes. The frame pointer has 0, the stack lies
   * below.
   */
  readonly off: number;
  /** Unknown part of the offset: the constant 0 when there is none. */
  readonly variable: Scalar;
  /** May be NULL instead; then `off` is 0 and there is no variable part. */
  readonly nullable: boolean;
  /**
   * Packet pointers: bytes from (packet start + variable part) that a comparison proved to exist. -1, -2: by
   * the kernel's rules, at or beyond the packet's end.
   */
  readonly range: number;
  /**
   * Id of the reference that must be released (`AbstractState.refs`); of a socket's cast, that of the socket.
   */
  readonly ref?: number;
}

/** Some readable value; `stack`: it may point into a stack frame of the program. */
export interface AnyValue {
  readonly kind: 'any';
  readonly stack: boolean;
}

export type Readable = AnyValue | Scalar | Pointer;
export type Value = { readonly kind: 'uninit'; readonly maybe?: boolean } | Readable;

export const UNINIT: Value = { kind: 'uninit' };
/**
 * Written on some of the paths that lead here. Code that is sure to have come along one of them reads it, as
 * the kernel verifier sees, so what it holds must be kept.
 */
export const MAYBE_UNINIT: Value = { kind: 'uninit', maybe: true };
export const ANY: AnyValue = { kind: 'any', stack: true };
/** A number or a pointer to something else than the program's stack. */
export const NOT_STACK: AnyValue = { kind: 'any', stack: false };

/** Can somebody who has the value reach a stack frame through it? */
export function mayPointToStack(v: Value): boolean {
  if (v.kind === 'any') return v.stack;
  return v.kind === 'uninit' || (v.kind === 'pointer' && v.region.kind === 'stack');
}

/** All that is left of values about which only this much can be said. */
export function anyOf(...values: Value[]): AnyValue {
  return values.some(mayPointToStack) ? ANY : NOT_STACK;
}
const ZERO = constant(0n);
/** Beyond this many bytes the kernel gives up on an offset (BPF_MAX_VAR_OFF). */
export const MAX_OFFSET = 1 << 29;

export function pointer(to: Region, id = 0, off = 0, nullable = false): Pointer {
  return { kind: 'pointer', region: to, id, off, variable: ZERO, nullable, range: 0 };
}

/** The pointer holds reference `ref`; 0: none. */
export function withRef(p: Pointer, ref: number): Pointer {
  if (ref !== 0) return { ...p, ref };
  if (p.ref === undefined) return p;
  const { ref: _, ...rest } = p;
  return rest;
}

/** Offset in bytes when it is known. */
export function constantOffset(p: Pointer): number | undefined {
  return constantOf(p.variable) === 0n ? p.off : undefined;
}

/** True when both certainly point into the same object. */
export function sameObject(a: Pointer, b: Pointer): boolean {
  if (a.region.key !== b.region.key) return false;
  return isSingle(a.region) || (a.id !== 0 && a.id === b.id);
}

/** Regions of which there is only one object at a time. */
export function isSingle(r: Region): boolean {
  return !['map_value', 'memory', 'opaque'].includes(r.kind) && !(r.kind === 'map' && r.inner);
}

/** True when both are certainly the same number. */
export function sameNumber(a: Scalar, b: Scalar): boolean {
  if (a.id !== 0 && a.id === b.id) return true;
  const c = constantOf(a);
  return c !== undefined && c === constantOf(b);
}

/** How hard a merge tries to stop: exact join, give up moving bounds, give up all numbers. */
export type Widening = 'join' | 'widen' | 'forget';

/** Names for what is equal on both sides of a merge. `place` numbers the location that asks. */
export type PairNames = (a: number, b: number, place: number) => number;

function mergeScalars(a: Scalar, b: Scalar, id: number, how: Widening): Scalar {
  if (how === 'join') return joinScalars(a, b, id);
  if (how === 'widen') return widenScalar(a, b, id);
  return scalarSubsumes(a, b) ? withId(a, id) : withId(UNKNOWN, id);
}

/** Whole offset as one number. */
function total(p: Pointer): Scalar {
  return addScalars(p.variable, constant(BigInt(p.off)));
}

function mergePointers(p: Pointer, q: Pointer, names: PairNames, place: number, how: Widening): Value {
  const to = joinRegions(p.region, q.region);
  if (to === undefined) return anyOf(p, q);
  const [a, b] = p.ref === q.ref ? [p, q] : [withRef(p, 0), withRef(q, 0)];
  const nullable = a.nullable || b.nullable;
  const id = isSingle(to) ? 0 : names(a.id, b.id, place);
  if (a.off === b.off && sameNumber(a.variable, b.variable) && a.variable.id === b.variable.id) {
    const variable = mergeScalars(
      a.variable,
      b.variable,
      names(a.variable.id, b.variable.id, place + 1),
      how,
    );
    return { ...a, region: to, id, variable, nullable, range: mergeRanges(a.range, b.range) };
  }
  if (nullable) return anyOf(a, b);
  const variableId = names(a.variable.id, b.variable.id, place + 1);
  if (a.off === b.off && variableId !== 0) {
    const variable = mergeScalars(a.variable, b.variable, variableId, how);
    return { ...a, region: to, id, variable, nullable, range: mergeRanges(a.range, b.range) };
  }
  const variable = mergeScalars(total(a), total(b), 0, how);
  const { min, max } = { min: variable.smin, max: variable.smax };
  if (max > BigInt(MAX_OFFSET) || min < BigInt(-MAX_OFFSET))
    return { ...a, region: to, id, off: 0, variable: UNKNOWN, nullable, range: 0 };
  return { ...a, region: to, id, off: 0, variable, nullable, range: 0 };
}

/** Below 0: at or beyond the packet's end. */
function mergeRanges(a: number, b: number): number {
  return a === b || (a >= 0 && b >= 0) ? Math.min(a, b) : 0;
}

function rangeSubsumes(a: number, b: number): boolean {
  return a < 0 || b < 0 ? a === b || a === 0 : a <= b;
}

function isPlainPointer(v: Value): v is Pointer {
  return v.kind === 'pointer' && v.off === 0 && constantOf(v.variable) === 0n && !isSingle(v.region);
}

function isNever(v: Value): boolean {
  return v.kind === 'uninit' && v.maybe !== true;
}

/**
 * What either side allows. A pointer on one side and the constant 0 on the other give a pointer that may be
 * NULL.
 */
export function mergeValues(a: Value, b: Value, names: PairNames, place: number, how: Widening): Value {
  if (sameValue(a, b)) return a;
  if (a.kind === 'uninit' || b.kind === 'uninit') return isNever(a) && isNever(b) ? UNINIT : MAYBE_UNINIT;
  if (a.kind === 'scalar' && b.kind === 'scalar') return mergeScalars(a, b, names(a.id, b.id, place), how);
  if (a.kind === 'pointer' && b.kind === 'pointer') return mergePointers(a, b, names, place, how);
  if (isPlainPointer(a) && b.kind === 'scalar' && constantOf(b) === 0n)
    return { ...a, id: 0, nullable: true };
  if (isPlainPointer(b) && a.kind === 'scalar' && constantOf(a) === 0n)
    return { ...b, id: 0, nullable: true };
  return anyOf(a, b);
}

/**
 * The same for pointers whose constant parts differ: the unknown part of `a`, which nothing else shares,
 * makes up for it.
 */
function coversFurther(a: Pointer, b: Pointer, ids: (a: number, b: number) => boolean): boolean {
  if (!regionSubsumes(a.region, b.region) || a.variable.id !== 0 || a.range !== 0) return false;
  const apart = addScalars(b.variable, constant(BigInt(b.off - a.off)));
  return (
    (a.nullable || !b.nullable) && scalarSubsumes(a.variable, apart) && ids(a.id, b.id) && a.ref === b.ref
  );
}

/** Does `a` allow everything that `b` allows? `ids` must map the ids of `a` to ids of `b` consistently. */
export function valueSubsumes(a: Value, b: Value, ids: (a: number, b: number) => boolean): boolean {
  if (a.kind === 'uninit') return a.maybe === true || isNever(b);
  if (a.kind === 'any') return b.kind !== 'uninit' && (a.stack || !mayPointToStack(b));
  if (a.kind === 'scalar') return b.kind === 'scalar' && scalarSubsumes(a, b) && ids(a.id, b.id);
  if (b.kind !== 'pointer') return false;
  if (a.off !== b.off) return coversFurther(a, b, ids);
  return (
    regionSubsumes(a.region, b.region) &&
    (a.nullable || !b.nullable) &&
    rangeSubsumes(a.range, b.range) &&
    scalarSubsumes(a.variable, b.variable) &&
    ids(a.id, b.id) &&
    ids(a.variable.id, b.variable.id) &&
    a.ref === b.ref
  );
}

function samePointer(a: Pointer, b: Pointer): boolean {
  return (
    a.region.key === b.region.key &&
    a.id === b.id &&
    a.off === b.off &&
    a.nullable === b.nullable &&
    a.range === b.range &&
    a.ref === b.ref &&
    sameScalar(a.variable, b.variable)
  );
}

export function sameValue(a: Value, b: Value): boolean {
  if (a === b) return true;
  switch (a.kind) {
    case 'uninit':
      return b.kind === 'uninit' && (a.maybe === true) === (b.maybe === true);
    case 'any':
      return b.kind === 'any' && a.stack === b.stack;
    case 'scalar':
      return b.kind === 'scalar' && sameScalar(a, b);
    case 'pointer':
      return b.kind === 'pointer' && samePointer(a, b);
  }
}
