/**
 * Loads, stores and atomics: bounds and alignment per region in the kernel's words, and what they do to the
 * state.
 */
import { linux } from '../../base/linux.ts';
import type { Insn } from '../../isa/insn.ts';
import type { AtomicOp, LoadOp, StoreOp } from '../../isa/semantics.ts';
import { MapFlag } from '../../program/tables/map-ids.ts';
import { isReadOnly, mapType } from '../../program/tables/maps.ts';
import { isSocketKind, mayLoadSocket } from '../../program/tables/sockets.ts';
import { constant, constantOf, UNKNOWN } from '../domain/scalar.ts';
import { narrowed } from '../domain/scalar-ops.ts';
import { BYTE_UNINIT, byteAt, loadFromStack, STACK_SIZE, storeToStack } from '../domain/stack.ts';
import type { AbstractState } from '../domain/state.ts';
import { tnumAdd, tnumConst } from '../domain/tnum.ts';
import { ANY, anyOf, MAX_OFFSET, NOT_STACK, type Pointer, type Value } from '../domain/value.ts';
import { named } from './alu.ts';
import { checkCtxStore, loadCtx } from './context-access.ts';
import { holdsDynptr } from './dynptrs.ts';
import {
  clobberFrame,
  type Env,
  isLenient,
  isProvisional,
  mapOf,
  mapsOf,
  readRegister,
  trashStacks,
  writeRegister,
} from './env.ts';

/** `atomic` reads and writes, `acquire` is an atomic load. */
export type AccessKind = 'read' | 'write' | 'atomic' | 'acquire';
const MAX_PACKET_OFF = 0xffff;

/**
 * Lowest and highest first byte of an access, relative to the object; undefined (and reported) when
 * unbounded.
 */
export function reach(
  env: Env,
  index: number,
  r: string,
  p: Pointer,
  off: number,
): { min: number; max: number } | undefined {
  const fixed = p.off + off;
  if (constantOf(p.variable) === 0n) return { min: fixed, max: fixed };
  if (p.variable.smin < 0n && p.region.kind !== 'stack' && BigInt(fixed) + p.variable.smin < 0n) {
    env.report(index, `${r} min value is negative, either use unsigned index or do a if (index >=0) check.`);
    return undefined;
  }
  // Only on the stack does the kernel take the signed bounds for both ends.
  const top = p.region.kind === 'stack' ? p.variable.smax : p.variable.umax;
  if (top >= BigInt(MAX_OFFSET) || p.variable.smin <= BigInt(-MAX_OFFSET)) {
    env.report(index, `${r} unbounded memory access, make sure to bounds check any such access`);
    return undefined;
  }
  return { min: fixed + Number(p.variable.smin), max: fixed + Number(p.variable.smax) };
}

/** Bytes of the object that may be accessed: [0, size); undefined when nobody knows. */
function sizeOfObject(env: Env, p: Pointer): number | undefined {
  if (p.region.kind === 'map_value') {
    const sizes = mapsOf(env, p.region).map((m) => m.valueSize);
    return sizes.length === 0 ? undefined : Math.min(...sizes);
  }
  return p.region.kind === 'memory' ? p.region.size : undefined;
}

/**
 * May `size` bytes at `p + off` be accessed? Reports when not.
 *
 * @returns where the access starts (lowest and highest offset in the object); undefined when it is refused
 */
export function checkAccess(
  env: Env,
  index: number,
  r: string,
  p: Pointer,
  off: number,
  size: number,
  access: AccessKind,
): { min: number; max: number } | undefined {
  const { kind } = p.region;
  const refuse = (reason: string): undefined => {
    env.report(index, reason);
    return undefined;
  };
  if (p.nullable) return refuse(`${r} invalid mem access '${kind}_or_null'`);
  if (kind === 'map' || kind === 'packet_end' || kind === 'function')
    return refuse(`${r} invalid mem access '${kind}'`);
  const isAtomic = access === 'atomic' || access === 'acquire';
  const writes = access === 'write' || access === 'atomic';
  if (isAtomic && !takesAtomics(p))
    return refuse(`BPF_ATOMIC ${writes ? 'stores into' : 'loads from'} ${r} ${kindOf(p)} is not allowed`);
  if (p.region.kind === 'opaque') {
    const { what } = p.region;
    if (writes) return refuse(`${r} cannot write into ${what}`);
    if (isSocketKind(what) && !mayLoadSocket(what, p.off + off, size as 1 | 2 | 4 | 8))
      return refuse(`${r} invalid ${what} access off=${p.off + off} size=${size}`);
    return { min: off, max: off };
  }
  if (kind === 'packet' || kind === 'packet_meta') return checkPacket(env, index, r, p, off, size, access);
  if ((kind === 'stack' || isAtomic) && !isAligned(p, off, size)) {
    refuse(`misaligned ${kind === 'stack' ? 'stack' : 'value'} access off ${p.off}+${off} size ${size}`);
    if (kind === 'stack') return undefined;
  }
  if (kind === 'ctx') {
    const modified = modifiedCtx(p, r);
    if (modified !== undefined) return refuse(modified);
  }
  if (kindOf(p) === 'tp_buffer') {
    const problem = tracepointBuffer(p, r, p.off + off, size);
    if (problem !== undefined) return refuse(problem);
  }
  const at = reach(env, index, r, p, off);
  if (at === undefined) return undefined;
  if (kind === 'stack') {
    if (at.min < -STACK_SIZE || at.max + size > 0)
      return refuse(`invalid ${access} stack ${r} off=${at.min} size=${size}`);
    return at;
  }
  if (kind === 'ctx') return at;
  const limit = sizeOfObject(env, p);
  if (limit !== undefined && (at.min < 0 || at.max + size > limit))
    return refuse(`invalid access to ${kind}, value_size=${limit} off=${at.max} size=${size}`);
  if (!writes && !isReadable(env, p)) return refuse(`read from map forbidden, off=${at.min} size=${size}`);
  if (writes && !isWritable(env, p))
    return refuse(
      `write into ${kind === 'map_value' ? 'map' : 'memory'} forbidden, off=${at.min} size=${size}`,
    );
  return at;
}

function kindOf({ region: to }: Pointer): string {
  return to.kind === 'memory' || to.kind === 'opaque' ? to.what : to.kind;
}

/** atomic_ptr_type_ok() */
function takesAtomics(p: Pointer): boolean {
  return ['stack', 'map_value', 'memory'].includes(p.region.kind) && kindOf(p) !== 'flow_keys';
}

/**
 * What a writable tracepoint gives: how large it is shows when the program is attached
 * (check_tp_buffer_access()).
 */
function tracepointBuffer(p: Pointer, r: string, off: number, size: number): string | undefined {
  if (off < 0) return `${r} invalid tracepoint buffer access: off=${off}, size=${size}`;
  if (constantOf(p.variable) === 0n) return undefined;
  return `${r} invalid variable buffer offset: off=${off}`;
}

/** The kernel takes a context pointer only as the hook gave it. */
export function modifiedCtx(p: Pointer, r: string): string | undefined {
  if (constantOf(p.variable) !== 0n) return 'variable ctx access var_off disallowed';
  if (p.off < 0) return `negative offset ctx ptr ${r} off=${p.off} disallowed`;
  return p.off > 0 ? `dereference of modified ctx ptr ${r} off=${p.off} disallowed` : undefined;
}

function isReadable(env: Env, p: Pointer): boolean {
  return mapsOf(env, p.region).every((map) => (map.flags & MapFlag.WRONLY_PROG) === 0);
}

function isWritable(env: Env, p: Pointer): boolean {
  if (p.region.kind === 'memory') return p.region.write;
  return mapsOf(env, p.region).every((map) => !isReadOnly(map) && mapType(map.type)?.lookup !== 'value_ro');
}

export function isAligned(p: Pointer, off: number, size: number): boolean {
  const t = tnumAdd(p.variable.tnum, tnumConst(BigInt(p.off + off)));
  return ((t.value | t.mask) & BigInt(size - 1)) === 0n;
}

function checkPacket(
  env: Env,
  index: number,
  r: string,
  p: Pointer,
  off: number,
  size: number,
  access: AccessKind,
): { min: number; max: number } | undefined {
  if (access !== 'read' && env.hook.packet !== 'write') {
    env.report(index, 'cannot write into packet');
    return undefined;
  }
  const at = p.off + off;
  if (p.variable.smin < 0n) {
    env.report(index, `${r} min value is negative, either use unsigned index or do a if (index >=0) check.`);
    return undefined;
  }
  if (at < 0 || at + size > p.range || p.variable.umax > MAX_PACKET_OFF) {
    env.report(index, `invalid access to packet, off=${at} size=${size}, ${r}(off=${p.off},r=${p.range})`);
    return undefined;
  }
  return { min: at, max: at };
}

/** A register that is not a known pointer is used as an address. */
function badBase(env: Env, state: AbstractState, index: number, n: number, v: Value): void {
  if (v.kind === 'any' && isLenient(env, state)) return;
  env.report(index, `R${n} invalid mem access '${v.kind === 'any' ? 'unknown' : v.kind}'`);
}

/** Check that the stack bytes [from, to) of a frame, as offsets from its top, were written. */
export function checkInitialised(
  env: Env,
  state: AbstractState,
  index: number,
  depth: number,
  from: number,
  to: number,
  complain: (at: number) => string,
): void {
  const frame = state.frames[depth];
  if (frame === undefined || env.rules.uninitStack) return;
  for (let at = from; at < to; at++)
    if (byteAt(frame.stack, STACK_SIZE + at) === BYTE_UNINIT) {
      env.report(index, complain(at));
      return;
    }
}

function loadStack(
  env: Env,
  state: AbstractState,
  index: number,
  depth: number,
  at: { min: number; max: number },
  size: number,
): Value {
  const frame = state.frames[depth];
  if (frame === undefined) return ANY;
  if (holdsDynptr(state, depth, STACK_SIZE + at.min, STACK_SIZE + at.max + size)) {
    env.report(index, `invalid read from stack off ${at.min}+0 size ${size}`);
    return ANY;
  }
  if (at.min !== at.max) {
    checkInitialised(
      env,
      state,
      index,
      depth,
      at.min,
      at.max + size,
      (x) => `invalid read from stack var_off off ${at.min}+${x - at.min} size ${size}`,
    );
    return size === 8 ? ANY : UNKNOWN;
  }
  const got = loadFromStack(frame.stack, STACK_SIZE + at.min, size, env.rules.precision);
  const missing = got.uninitialised[0];
  if (missing !== undefined && !env.rules.uninitStack)
    env.report(index, `invalid read from stack off ${at.min}+${missing - STACK_SIZE - at.min} size ${size}`);
  if (got.partOfPointer) env.report(index, 'invalid size of register fill');
  return got.value;
}

/** Bytes of a frozen map are constants. */
function loadMapValue(env: Env, p: Pointer, at: { min: number; max: number }, size: number): Value {
  const map = p.id < 0 ? mapOf(env, p.region) : undefined;
  if (map?.readonly !== true || map.initial === undefined || at.min !== at.max) return UNKNOWN;
  let value = 0n;
  for (let i = 0; i < size; i++) value |= BigInt(map.initial[at.min + i] ?? 0) << BigInt(8 * i);
  return constant(value);
}

function loadValue(
  env: Env,
  state: AbstractState,
  index: number,
  p: Pointer,
  at: { min: number; max: number },
  size: 1 | 2 | 4 | 8,
  signed = false,
): Value {
  switch (p.region.kind) {
    case 'stack':
      return loadStack(env, state, index, p.region.frame, at, size);
    case 'ctx':
      return loadCtx(env, state, index, at.min, size, signed);
    case 'map_value':
      return loadMapValue(env, p, at, size);
    case 'opaque':
      return size === 8 && !isSocketKind(p.region.what) ? NOT_STACK : UNKNOWN;
    default:
      return UNKNOWN;
  }
}

/**
 * Accesses through these are rewritten when the program is loaded, so all paths must agree on them
 * (reg_type_mismatch()).
 */
function specialOf({ region: to }: Pointer): string {
  return to.kind === 'ctx' || to.kind === 'opaque' ? to.key : '';
}

function checkSameKind(env: Env, index: number, base: Value): void {
  if (base.kind !== 'pointer') return;
  const is = specialOf(base);
  const was = env.accessed.get(index);
  if (was === undefined) env.accessed.set(index, is);
  else if (was !== is) env.report(index, 'same insn cannot be used with different pointers');
}

export function stepLoad(env: Env, state: AbstractState, index: number, i: Insn, op: LoadOp): void {
  const base = readRegister(env, state, index, i.src);
  checkSameKind(env, index, base);
  let value: Value = op.size !== 8 ? UNKNOWN : base.kind === 'scalar' ? ANY : anyOf(base);
  if (base.kind !== 'pointer') badBase(env, state, index, i.src, base);
  else {
    const at = checkAccess(env, index, `R${i.src}`, base, i.off, op.size, op.acquire ? 'acquire' : 'read');
    // Contexts keep their layout; what else lies at a place that is not final is not known.
    const known = base.region.kind === 'ctx' || !isProvisional(env, index);
    if (at !== undefined && known) value = loadValue(env, state, index, base, at, op.size, op.signed);
  }
  if (value.kind === 'scalar') value = named(env, state, index, narrowed(value, op.size, op.signed));
  else if (value.kind === 'any' && op.size < 8)
    value = named(env, state, index, narrowed(UNKNOWN, op.size, op.signed));
  writeRegister(env, state, index, i.dst, value);
}

/** Puts `value` where `p` points, as far as the state keeps track of it. */
function putValue(
  env: Env,
  state: AbstractState,
  index: number,
  p: Pointer,
  at: { min: number; max: number },
  size: number,
  value: Value,
): void {
  if (p.region.kind !== 'stack') return;
  const depth = p.region.frame;
  const frame = state.frames[depth];
  if (frame === undefined) return;
  if (holdsDynptr(state, depth, STACK_SIZE + at.min, STACK_SIZE + at.max + size, true))
    env.report(index, 'cannot overwrite referenced dynptr');
  if (at.min !== at.max) {
    clobberFrame(env, state, depth, STACK_SIZE + at.min, STACK_SIZE + at.max + size);
    return;
  }
  if (value.kind === 'pointer') {
    if (size !== 8) env.report(index, 'invalid size of register spill');
    if (depth !== state.frames.length - 1 && value.region.kind === 'stack')
      env.report(index, 'cannot spill pointers to stack into stack frame of the caller');
  }
  frame.stack = storeToStack(frame.stack, STACK_SIZE + at.min, size, value, env.rules.precision);
}

export function stepStore(env: Env, state: AbstractState, index: number, i: Insn, op: StoreOp): void {
  const base = readRegister(env, state, index, i.dst);
  checkSameKind(env, index, base);
  const value: Value = op.operand === 'X' ? readRegister(env, state, index, i.src) : constant(BigInt(i.imm));
  if (base.kind !== 'pointer') {
    badBase(env, state, index, i.dst, base);
    if (base.kind === 'scalar' || base.stack) trashStacks(state);
    return;
  }
  const at = checkAccess(env, index, `R${i.dst}`, base, i.off, op.size, op.release ? 'atomic' : 'write');
  if (at === undefined) {
    if (constantOf(base.variable) === undefined && base.region.kind === 'stack') trashStacks(state);
    return;
  }
  if (base.region.kind === 'ctx') {
    if (op.operand === 'K' && env.rules.linux < linux(6, 4))
      env.report(index, `BPF_ST stores into R${i.dst} ctx is not allowed`);
    checkCtxStore(env, index, at.min, op.size);
    return;
  }
  if (base.region.kind === 'stack' && isProvisional(env, index)) {
    clobberFrame(env, state, base.region.frame, 0, STACK_SIZE);
    return;
  }
  putValue(env, state, index, base, at, op.size, value);
}

export function stepAtomic(env: Env, state: AbstractState, index: number, i: Insn, op: AtomicOp): void {
  const base = readRegister(env, state, index, i.dst);
  readRegister(env, state, index, i.src);
  if (op.result === 'r0') readRegister(env, state, index, 0);
  // The kernel takes the result into its register before it looks at the address a second time.
  if (op.result !== 'none' && i.dst === (op.result === 'src' ? i.src : 0))
    env.report(index, `R${i.dst} is overwritten with the result: misaligned access`);
  let old: Value = UNKNOWN;
  if (base.kind !== 'pointer') {
    badBase(env, state, index, i.dst, base);
    if (base.kind === 'scalar' || base.stack) trashStacks(state);
  } else {
    const at = checkAccess(env, index, `R${i.dst}`, base, i.off, op.size, 'atomic');
    if (at !== undefined) {
      old = loadValue(env, state, index, base, at, op.size);
      putValue(env, state, index, base, at, op.size, narrowed(UNKNOWN, op.size, false));
    }
  }
  if (op.result === 'none') return;
  const result =
    old.kind === 'scalar'
      ? named(env, state, index, narrowed(old, op.size, false))
      : named(env, state, index, narrowed(UNKNOWN, op.size, false));
  writeRegister(env, state, index, op.result === 'src' ? i.src : 0, result);
}
