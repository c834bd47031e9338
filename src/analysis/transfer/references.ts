/**
 * References: what a helper acquired must be released on every path, once (kernel: acquire_reference(),
 * release_reference(), check_reference_leak()).
 */

import { linux } from '../../base/linux.ts';
import type { MapDef } from '../../program/program.ts';
import { Helper, releases } from '../../program/tables/helpers.ts';
import { mapType } from '../../program/tables/maps.ts';
import { UNKNOWN } from '../domain/scalar.ts';
import { type AbstractState, mapPointers } from '../domain/state.ts';
import { type Pointer, UNINIT, type Value, withRef } from '../domain/value.ts';
import { dynptrRef } from './dynptrs.ts';
import type { Env } from './env.ts';

/** Another view of the same socket (is_ptr_cast_function()). */
const CASTS: ReadonlySet<number> = new Set([
  Helper.sk_fullsock,
  Helper.tcp_sock,
  Helper.skc_to_tcp6_sock,
  Helper.skc_to_tcp_sock,
  Helper.skc_to_tcp_timewait_sock,
  Helper.skc_to_tcp_request_sock,
  Helper.skc_to_udp6_sock,
  Helper.skc_to_mptcp_sock,
]);

function acquires(helper: Helper, map: MapDef | undefined): boolean {
  return (
    // What kptr_xchg and dynptrs acquire is not followed here.
    (helper.known && helper.effects.includes('acquire')) ||
    (helper.id === Helper.map_lookup_elem && map !== undefined && mapType(map.type)?.lookup === 'sock')
  );
}

/** References cannot be released twice, nor what was not acquired. */
export function checkRelease(env: Env, state: AbstractState, index: number, helper: Helper, v: Value): void {
  if (!releases(helper) || helper.args[0]?.kind === 'dynptr' || v.kind !== 'pointer') return;
  if (v.ref === undefined) env.report(index, 'R1 must be referenced when passed to release function');
  else if (!state.refs.includes(v.ref)) env.report(index, 'arg 1 is an unacquired reference');
}

/**
 * After the call: nobody may use what was released. `dynptr`: the reference of the dynptr in r1, if it is
 * one.
 */
export function release(env: Env, state: AbstractState, helper: Helper, v: Value, dynptr: number): void {
  const ref = v.kind === 'pointer' && v.ref !== undefined ? v.ref : dynptr;
  if (releases(helper) && ref !== 0) drop(env, state, ref);
}

function drop(env: Env, state: AbstractState, ref: number): void {
  state.refs = state.refs.filter((r) => r !== ref);
  const gone = env.rules.linux >= linux(6, 3) ? UNKNOWN : UNINIT;
  mapPointers(state, (p) => (p.ref === ref ? gone : p));
}

/** The result with its reference: a new one, or that of the pointer it is cast from. */
export function withReference(
  state: AbstractState,
  helper: Helper,
  map: MapDef | undefined,
  regs: readonly Value[],
  r0: Pointer,
): Pointer {
  if (acquires(helper, map)) {
    state.refs = [...state.refs, r0.id];
    return withRef(r0, r0.id);
  }
  const dynptr = dynptrRef(state, helper, regs);
  if (dynptr !== 0) return withRef(r0, dynptr);
  const from = regs[1];
  return CASTS.has(helper.id) && from?.kind === 'pointer' && from.ref !== undefined
    ? withRef(r0, from.ref)
    : r0;
}

/** `p`, which the reference is named after, turned out to be NULL: there is nothing to release. */
export function forgetNull(state: AbstractState, p: Pointer): void {
  if (p.ref !== undefined && p.ref === p.id) state.refs = state.refs.filter((r) => r !== p.ref);
}

/** Nothing that was acquired may be left. */
export function checkLeaks(env: Env, index: number, state: AbstractState, what: string): void {
  if (state.refs.length > 0) env.report(index, `${what} would lead to reference leak`);
}
