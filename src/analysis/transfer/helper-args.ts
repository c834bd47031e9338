/**
 * Arguments of helpers: which pointers are accepted for which kind of argument (kernel:
 * compatible_reg_types[] and check_func_arg() of kernel/bpf/verifier.c), and bounds of sizes.
 */

import type { MapDef } from '../../program/program.ts';
import { Helper, type HelperArg } from '../../program/tables/helpers.ts';
import { isReadOnly, mapType } from '../../program/tables/maps.ts';
import { constantOf } from '../domain/scalar.ts';
import { type AbstractState, current } from '../domain/state.ts';
import { constantOffset, type Pointer, type Region, type Value } from '../domain/value.ts';
import { checkDynptr } from './dynptrs.ts';
import { type Env, isLenient, mapOf } from './env.ts';
import { isAligned, modifiedCtx } from './memory.ts';

/** What a pointer is to the kernel: a region's kind, or for memory and objects what they are. */
function targetOf(r: Region): string {
  return r.kind === 'memory' || r.kind === 'opaque' ? r.what : r.kind;
}

const MEMORY = ['stack', 'packet', 'packet_meta', 'map_key', 'map_value', 'mem', 'ringbuf_mem'];
const SOCKETS = ['sock_common', 'sock', 'tcp_sock', 'xdp_sock'];

const ACCEPTED: Partial<Record<HelperArg['kind'], readonly string[]>> = {
  ctx: ['ctx'],
  ctx_or_sock: ['ctx', ...SOCKETS, 'btf'],
  map: ['map'],
  map_key: MEMORY,
  map_value: MEMORY,
  mem: MEMORY,
  sock: [...SOCKETS, 'btf'],
  kernel: ['btf'],
  func: ['function'],
  callback_ctx: ['stack'],
  spin_lock: ['map_value'],
  timer: ['map_value'],
  ringbuf_mem: ['ringbuf_mem'],
  dynptr: ['stack', 'dynptr'],
};

/** Arguments that differ from their kind: helper number, then argument (1 = r1). */
const SPECIAL: Readonly<Record<number, Readonly<Record<number, readonly string[]>>>> = {
  // ARG_PTR_TO_SOCK_COMMON
  [Helper.sk_fullsock]: { 1: SOCKETS },
  [Helper.tcp_sock]: { 1: SOCKETS },
  [Helper.get_listener_sock]: { 1: SOCKETS },
  [Helper.skc_to_mptcp_sock]: { 1: SOCKETS },
  // ARG_PTR_TO_PERCPU_BTF_ID
  [Helper.per_cpu_ptr]: { 1: ['btf_variable'] },
  [Helper.this_cpu_ptr]: { 1: ['btf_variable'] },
  // ARG_PTR_TO_CONST_STR
  [Helper.snprintf]: { 3: ['map_value'] },
  [Helper.strncmp]: { 3: ['map_value'] },
  [Helper.kptr_xchg]: { 1: ['map_value'], 2: ['btf'] },
  [Helper.dynptr_from_mem]: { 1: ['map_value'] },
};

/** Program types that give sockets, not their context, to helpers that take either. */
const OF_SOCKETS: ReadonlySet<string> = new Set(['cgroup_sockopt', 'sk_reuseport']);

function accepted(
  env: Env,
  helper: Helper,
  arg: HelperArg,
  n: number,
  map: MapDef | undefined,
): readonly string[] | undefined {
  const special = SPECIAL[helper.id]?.[n];
  if (special !== undefined) return special;
  if (arg.kind === 'ctx_or_sock' && env.hook.rawPointers !== true)
    return OF_SOCKETS.has(env.program.hook) ? [...SOCKETS, 'btf'] : ['ctx'];
  if (helper.id === Helper.sk_assign && n === 2 && env.program.hook === 'sk_lookup') return ['sock'];
  // Sockets go into maps of sockets.
  if (arg.kind === 'map_value' && map !== undefined && mapType(map.type)?.lookup === 'sock')
    return [...SOCKETS, 'btf'];
  return ACCEPTED[arg.kind];
}

/** Argument `n` (1 = r1) of a call, with the call's map where it is known. */
export function checkArgument(
  env: Env,
  state: AbstractState,
  index: number,
  helper: Helper,
  arg: HelperArg,
  n: number,
  map: MapDef | undefined,
): void {
  const v = current(state).regs[n]!;
  if (v.kind === 'uninit') {
    if (!arg.optional) env.report(index, `R${n} !read_ok`);
    return;
  }
  const wanted = accepted(env, helper, arg, n, map);
  const is = v.kind === 'pointer' ? targetOf(v.region) : v.kind;
  const refuse = () => env.report(index, `R${n} type=${is} expected=${(wanted ?? ['scalar']).join(', ')}`);
  if (wanted === undefined) {
    // What takes a number takes anything initialised; sizes must be numbers.
    if (
      (arg.kind === 'size' || arg.kind === 'alloc_size') &&
      v.kind !== 'scalar' &&
      !isUnclear(env, state, v)
    )
      refuse();
    if (arg.kind === 'alloc_size' && v.kind === 'scalar' && constantOf(v) === undefined)
      env.report(index, `R${n} is not a known constant`);
    return;
  }
  if (isUnclear(env, state, v)) return;
  if (v.kind === 'pointer') {
    if (!wanted.includes(is)) refuse();
    else if (arg.kind === 'dynptr') checkDynptr(env, state, index, helper, n, v);
    else checkPointer(env, index, helper, arg, n, v, is);
    return;
  }
  if (!(isZero(v) && takesNull(state, arg))) refuse();
}

/** Nothing is known of the value, and the kernel may know more. */
function isUnclear(env: Env, state: AbstractState, v: Value): boolean {
  return v.kind === 'any' && isLenient(env, state);
}

/** NULL is allowed where the argument says so; memory of a size in a register must then have none. */
function takesNull(state: AbstractState, arg: HelperArg): boolean {
  const by = arg.mem?.size;
  return arg.nullable && (by?.by !== 'arg' || isZero(current(state).regs[by.arg + 1]));
}

function checkPointer(
  env: Env,
  index: number,
  helper: Helper,
  arg: HelperArg,
  n: number,
  v: Pointer,
  is: string,
): void {
  const r = `R${n}`;
  if (v.nullable && !arg.nullable) env.report(index, `${r} type=${is}_or_null expected=${is}`);
  const modified = is === 'ctx' ? modifiedCtx(v, r) : undefined;
  if (modified !== undefined) env.report(index, modified);
  if (arg.mem !== undefined && is.startsWith('packet') && !helper.packetArgs)
    env.report(index, 'helper access to the packet is not allowed');
  if (is === 'ringbuf_mem' && arg.kind === 'ringbuf_mem' && constantOffset(v) !== 0)
    env.report(index, `${r} must have zero offset when passed to release func or trusted arg to kfunc`);
  const { mem } = arg;
  if (mem?.size.by === 'fixed' && mem.writes && arg.kind === 'mem' && !isAligned(v, 0, mem.size.bytes))
    env.report(index, `misaligned access off ${v.off} size ${mem.size.bytes}`);
  if (mem?.size.by === 'string' || SPECIAL[helper.id]?.[n]?.[0] === 'map_value') {
    if (helper.id === Helper.snprintf || helper.id === Helper.strncmp) checkString(env, index, r, v);
  }
}

/** A constant string lies in a frozen map and ends there (check_reg_const_str()). */
function checkString(env: Env, index: number, r: string, v: Pointer): void {
  const map = mapOf(env, v.region);
  const at = constantOffset(v);
  if (map === undefined || !isReadOnly(map)) env.report(index, `${r} does not point to a readonly map`);
  else if (at === undefined) env.report(index, `${r} is not a constant address`);
  else if (map.initial !== undefined && !map.initial.subarray(at).includes(0))
    env.report(index, 'string is not zero-terminated');
}

export function isZero(v: Value | undefined): boolean {
  return v?.kind === 'scalar' && constantOf(v) === 0n;
}

/** Bounds of size arguments, in the kernel's words (check_mem_size_reg). */
export function checkSizes(env: Env, state: AbstractState, index: number, helper: Helper): void {
  for (const [n, arg] of helper.args.entries()) {
    const v = current(state).regs[n + 1];
    if (arg.kind !== 'size' || v?.kind !== 'scalar') continue;
    if (helper.id === Helper.snprintf && n === 4 && (constantOf(v) ?? 0n) % 8n !== 0n)
      env.report(index, 'arguments of a format are 8 bytes each');
    if (v.smin < 0n)
      env.report(index, `R${n + 1} min value is negative, either use unsigned or 'var &= const'`);
    else if (v.umin === 0n && !arg.zeroOk)
      env.report(index, `R${n + 1} invalid zero-sized read: u64=[${v.umin},${v.umax}]`);
    else if (v.umax >= 1n << 29n)
      env.report(index, `R${n + 1} unbounded memory access, use 'var &= const' or 'if (var < const)'`);
  }
}
