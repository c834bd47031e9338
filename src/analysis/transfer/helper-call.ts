/** Helper calls by prototype: argument checks, memory that is read and written, what r0 is afterwards. */

import { linux, needs } from '../../base/linux.ts';
import type { Insn } from '../../isa/insn.ts';
import type { MapDef } from '../../program/program.ts';
import { LoadFlag } from '../../program/tables/attach.ts';
import { hookAllowsHelper } from '../../program/tables/helpers/allowed.ts';
import {
  Helper,
  type HelperArg,
  helperById,
  invalidatesPacket,
  memOfArg,
} from '../../program/tables/helpers.ts';
import { loadFlagsOf } from '../../program/tables/hooks.ts';
import { isReadOnly, mapAllowsHelper, mapType } from '../../program/tables/maps.ts';
import { constantOf, signedBetween, UNKNOWN, unsignedOf } from '../domain/scalar.ts';
import { STACK_SIZE, type Stack } from '../domain/stack.ts';
import { type AbstractState, current, mapPointers } from '../domain/state.ts';
import { ANY, type Pointer, pointer, type Region, region, UNINIT, type Value } from '../domain/value.ts';
import { named } from './alu.ts';
import { callbackOf } from './callbacks.ts';
import { dynptrRef, holdsDynptr, makeDynptr } from './dynptrs.ts';
import { clobberFrame, type Env, mapOf, newId, trashStacks } from './env.ts';
import { checkArgument, checkSizes, isZero } from './helper-args.ts';
import { checkAccess, checkInitialised, reach } from './memory.ts';
import { checkLeaks, checkRelease, release, withReference } from './references.ts';

/** What a call at one place touches, as far as it is known: shared by the forward analysis and liveness. */
export interface CallMemory {
  arg: number;
  pointer: Pointer;
  /** Bytes behind the pointer, at most; undefined when unknown. */
  size: number | undefined;
  /** Exactly `size` bytes are touched. */
  exact: boolean;
  /** False when `size` is a guess upwards, because the map is not known. */
  known: boolean;
  reads: boolean;
  writes: boolean;
  uninit: boolean;
}

/** The map of a call: from the argument that is one. */
export function mapOfCall(
  env: Env,
  helper: Helper,
  regs: readonly Value[],
): { map?: MapDef; region?: Region } {
  const at = helper.args.findIndex((a) => a.kind === 'map');
  const v = at < 0 ? undefined : regs[at + 1];
  if (v?.kind !== 'pointer' || v.region.kind !== 'map') return {};
  return { map: mapOf(env, v.region), region: v.region };
}

/** The most that any map of the program, inner ones included, has; undefined when one is not described. */
function largest(maps: readonly MapDef[], of: (m: MapDef) => number): number | undefined {
  let size = 0;
  for (const m of maps) {
    const row = mapType(m.type);
    if (row?.lookup === 'map' && m.inner === undefined) return undefined;
    size = Math.max(size, of(m), m.inner === undefined ? 0 : of(m.inner));
  }
  return size;
}

function sizeOf(
  env: Env,
  arg: HelperArg,
  regs: readonly Value[],
  map: MapDef | undefined,
): { size?: number; exact: boolean } {
  const by = arg.mem?.size;
  switch (by?.by) {
    case 'key':
      return { size: map?.keySize ?? largest(env.program.maps, (m) => m.keySize), exact: map !== undefined };
    case 'value':
      return {
        size: map?.valueSize ?? largest(env.program.maps, (m) => m.valueSize),
        exact: map !== undefined,
      };
    case 'fixed':
      return { size: by.bytes, exact: true };
    case 'arg': {
      const v = regs[by.arg + 1];
      if (v?.kind !== 'scalar' || v.smin < 0n || v.umax >= 1n << 29n) return { exact: false };
      return { size: Number(v.umax), exact: v.umin === v.umax };
    }
    default:
      return { exact: false };
  }
}

/** Memory behind the pointer arguments of a helper call in a state with registers `regs`. */
export function callMemory(env: Env, helper: Helper, regs: readonly Value[]): CallMemory[] {
  const { map } = mapOfCall(env, helper, regs);
  const out: CallMemory[] = [];
  for (const [arg, a] of helper.args.entries()) {
    const p = regs[arg + 1];
    const mem = memOfArg(helper, arg, map?.type);
    if (p?.kind !== 'pointer' || mem === undefined) continue;
    const { size, exact } = sizeOf(env, a, regs, map);
    const known = map !== undefined || (a.mem?.size.by !== 'key' && a.mem?.size.by !== 'value');
    out.push({
      arg,
      pointer: p,
      size,
      exact,
      known,
      reads: mem.reads,
      writes: mem.writes,
      uninit: mem.uninit,
    });
  }
  return out;
}

const MEMORY_KINDS: readonly Region['kind'][] = ['stack', 'map_value', 'memory', 'packet', 'packet_meta'];

function checkMemory(env: Env, state: AbstractState, index: number, m: CallMemory): void {
  const { pointer: p, size } = m;
  const r = `R${m.arg + 1}`;
  if (p.nullable || !MEMORY_KINDS.includes(p.region.kind) || size === undefined) return;
  if (!m.known) return;
  if (p.region.kind !== 'stack') {
    checkAccess(env, index, r, p, 0, size, m.writes ? 'write' : 'read');
    return;
  }
  const at = reach(env, index, r, p, 0);
  if (at === undefined) return;
  if (at.min < -STACK_SIZE || at.min >= 0 || at.max + size > 0)
    env.report(
      index,
      `invalid ${m.writes ? 'write to' : 'indirect access to'} stack ${r} off=${at.min} size=${size}`,
    );
  else if (holdsDynptr(state, p.region.frame, STACK_SIZE + at.min, STACK_SIZE + at.max + size, m.uninit))
    env.report(
      index,
      m.uninit
        ? 'cannot overwrite referenced dynptr'
        : `invalid read from stack ${r} off ${at.min} size ${size}`,
    );
  else if (m.reads && !m.uninit)
    checkInitialised(
      env,
      state,
      index,
      p.region.frame,
      at.min,
      at.max + size,
      (x) => `invalid read from stack ${r} off ${at.min}+${x - at.min} size ${size}`,
    );
}

/** The bytes of stack frames that a call writes become unknown. */
function writeMemory(env: Env, state: AbstractState, m: CallMemory): void {
  const { region: to } = m.pointer;
  if (to.kind !== 'stack') return;
  const { smin, smax } = m.pointer.variable;
  if (smin < -512n || smax > 512n || m.size === undefined) {
    clobberFrame(env, state, to.frame, 0, STACK_SIZE);
    return;
  }
  const from = STACK_SIZE + m.pointer.off + Number(smin);
  clobberFrame(env, state, to.frame, from, STACK_SIZE + m.pointer.off + Number(smax) + m.size);
}

/**
 * Helpers that return a length up to an argument's maximum, or a negative error: [id, argument with the
 * size].
 */
const LENGTHS: ReadonlyMap<number, number> = new Map([
  [Helper.probe_read_str, 2],
  [Helper.get_stack, 3],
  [Helper.probe_read_user_str, 2],
  [Helper.probe_read_kernel_str, 2],
  [Helper.get_task_stack, 3],
]);
const MAX_ERRNO = 4095n;

/**
 * Value of a 4-byte key on the stack; as the kernel knows it: zeros, or a constant spilled with just that
 * size.
 */
function constantKey(env: Env, stack: Stack, position: number): number | undefined {
  const slot = stack[position >> 3];
  const first = position & 7;
  if (slot === undefined || first > 4) return undefined;
  const bytes = slot.bytes.slice(first, first + 4);
  if (env.rules.precision === 'kernel' && slot.spill !== undefined && first < slot.spillSize) {
    const spilled = slot.spill.kind === 'scalar' ? constantOf(slot.spill) : undefined;
    return first === 0 && slot.spillSize === 4 && spilled !== undefined ? Number(spilled) : undefined;
  }
  if (bytes.some((b) => b < 0)) return undefined;
  return bytes.reduceRight((value, b) => value * 256 + b, 0);
}

function keyIsInRange(env: Env, state: AbstractState, map: MapDef, key: Value | undefined): boolean {
  if (key?.kind !== 'pointer' || key.region.kind !== 'stack' || constantOf(key.variable) !== 0n) return false;
  const stack = state.frames[key.region.frame]?.stack;
  const value = stack && constantKey(env, stack, STACK_SIZE + key.off);
  return value !== undefined && value < map.maxEntries;
}

/** First version whose verifier knows that an array lookup with a constant key in range gives no NULL. */
const CONSTANT_KEYS = linux(6, 15);

function result(
  env: Env,
  state: AbstractState,
  index: number,
  helper: Helper,
  regs: readonly Value[],
): Value {
  const { map, region: of } = mapOfCall(env, helper, regs);
  const id = (): number => newId(env, state, index);
  const refer = (p: Pointer): Pointer =>
    env.rules.precision === 'kernel' ? withReference(state, helper, map, regs, p) : p;
  switch (helper.ret) {
    case 'void':
      return UNINIT;
    case 'map_value':
    case 'map_value_or_null': {
      if (of?.kind !== 'map') return ANY;
      const row = map === undefined ? undefined : mapType(map.type);
      if (row?.lookup === 'map') return pointer(region.map(of.map, true), id(), 0, true);
      if (row?.lookup === 'sock' || row?.lookup === 'xdp_sock')
        return refer(pointer(region.opaque(row.lookup), id(), 0, true));
      const certain =
        helper.ret === 'map_value' ||
        (helper.id === Helper.map_lookup_elem &&
          row?.isArrayLike === true &&
          !of.inner &&
          env.rules.linux >= CONSTANT_KEYS &&
          keyIsInRange(env, state, map!, regs[2]));
      return pointer(region.mapValue(of.map, of.inner), id(), 0, !certain);
    }
    case 'sock_or_null':
    case 'sock_common_or_null':
    case 'tcp_sock_or_null':
      return refer(pointer(region.opaque(helper.ret.replace('_or_null', '')), id(), 0, true));
    case 'mem_or_null': {
      const n = helper.args.findIndex((a) => a.kind === 'alloc_size');
      const size = regs[n + 1];
      const bytes = size?.kind === 'scalar' ? constantOf(size) : undefined;
      const what = helper.effects.includes('acquire') ? 'ringbuf_mem' : 'mem';
      const to = region.memory(what, bytes === undefined ? undefined : Number(bytes));
      return refer(pointer(to, id(), 0, true));
    }
    case 'kernel':
    case 'kernel_or_null':
      return refer(pointer(region.opaque('btf'), id(), 0, helper.ret === 'kernel_or_null'));
    case 'unknown':
      return ANY;
    case 'integer': {
      const bound = LENGTHS.get(helper.id);
      const size = bound === undefined ? undefined : regs[bound];
      if (size?.kind === 'scalar' && size.smin >= 0n)
        return named(env, state, index, signedBetween(-MAX_ERRNO, size.smax));
      const s = env.rules.precision === 'best' ? unsignedOf(helper.retBits) : UNKNOWN;
      return named(env, state, index, s);
    }
  }
}

/** license_is_gpl_compatible() of include/linux/license.h. */
const GPL_COMPATIBLE: ReadonlySet<string> = new Set([
  'GPL',
  'GPL v2',
  'GPL and additional rights',
  'Dual BSD/GPL',
  'Dual MIT/GPL',
  'Dual MPL/GPL',
]);

function isGplCompatible(license: string): boolean {
  return GPL_COMPATIBLE.has(license);
}

/** As section names ask for it; programs of type syscall always sleep. */
function maySleep({ program }: Env): boolean {
  return program.hook === 'syscall' || (loadFlagsOf(program) & LoadFlag.SLEEPABLE) !== 0;
}

/** First version whose verifier takes it that a tail call moves the packet, also one that fails. */
const TAIL_CALL_MOVES = linux(6, 13);
/** What may not be called with a map that programs may only read (record_func_map()). */
const CHANGES_MAP: ReadonlySet<number> = new Set([
  Helper.map_update_elem,
  Helper.map_delete_elem,
  Helper.map_push_elem,
  Helper.map_pop_elem,
]);

/** A call that may do anything that code outside the program can do to the program's state. */
export function stepUnknownCall(state: AbstractState): void {
  trashStacks(state);
  forgetPacket(state);
  const { regs } = current(state);
  regs[0] = ANY;
  regs.fill(UNINIT, 1, 6);
}

/** First version whose verifier takes a packet pointer that went stale for a number (mark_reg_invalid()). */
const STALE_IS_NUMBER = linux(6, 3);

function forgetPacket(state: AbstractState, isNumber = false): void {
  const stale = isNumber ? UNKNOWN : UNINIT;
  mapPointers(state, (p) => (p.region.kind.startsWith('packet') ? stale : p));
}

export function stepHelper(env: Env, state: AbstractState, index: number, i: Insn): void {
  const helper = helperById(i.imm);
  const regs = current(state).regs.slice();
  if (helper.known && helper.since > env.rules.linux)
    env.report(index, `invalid func ${helper.name}#${helper.id}: ${needs(helper.since)}`, helper.since);
  else if (!hookAllowsHelper(env.program.hook, env.program.attachType, helper.id))
    env.report(index, `program of this type cannot use helper bpf_${helper.name}#${helper.id}`);
  else if (helper.gplOnly && !isGplCompatible(env.program.license))
    env.report(index, 'cannot call GPL-restricted function from non-GPL compatible program');
  const { map } = mapOfCall(env, helper, regs);
  if (helper.effects.includes('sleep') && !maySleep(env))
    env.report(index, 'helper call might sleep in a non-sleepable prog');
  for (const [n, arg] of helper.args.entries()) checkArgument(env, state, index, helper, arg, n + 1, map);
  checkRelease(env, state, index, helper, regs[1]!);
  if (map !== undefined && !mapAllowsHelper(map.type, helper.id))
    env.report(index, `cannot pass map_type ${map.type} into func bpf_${helper.name}#${helper.id}`);
  if (map !== undefined && CHANGES_MAP.has(helper.id) && isReadOnly(map))
    env.report(index, 'write into map forbidden');
  if (helper.id === Helper.tail_call) checkLeaks(env, index, state, 'tail_call');
  checkSizes(env, state, index, helper);
  if (helper.id === Helper.get_local_storage && !isZero(regs[2]))
    env.report(index, "get_local_storage() doesn't support non-zero flags");
  const asKernel = env.rules.precision === 'kernel';
  // What a callback does with its argument, and what becomes of dynptrs, is followed by itself.
  const memory = callMemory(env, helper, regs).filter(
    (m) => !asKernel || !['dynptr', 'callback_ctx'].includes(helper.args[m.arg]!.kind),
  );
  const dynptr = dynptrRef(state, helper, regs);
  for (const m of memory) checkMemory(env, state, index, m);
  // The result may depend on what the stack held before the helper wrote to it.
  const r0 = result(env, state, index, helper, regs);
  for (const m of memory) if (m.writes) writeMemory(env, state, m);
  const followed = asKernel && callbackOf(i) !== undefined;
  if (!asKernel && (!helper.known || helper.effects.includes('callback'))) trashStacks(state);
  current(state).regs.fill(UNINIT, 0, 6);
  release(env, state, helper, regs[1]!, dynptr);
  if (asKernel) makeDynptr(env, state, index, helper, regs);
  const loses =
    invalidatesPacket(helper) ||
    (asKernel && helper.id === Helper.tail_call && env.rules.linux >= TAIL_CALL_MOVES);
  if (loses && !followed) forgetPacket(state, asKernel && env.rules.linux >= STALE_IS_NUMBER);
  current(state).regs[0] = r0;
}
