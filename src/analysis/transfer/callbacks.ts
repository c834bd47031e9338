/**
 * Helpers that call back a function of the program: what they pass to it and what it may return
 * (kernel: set_*_callback_state() and the callback_ret_range of check_helper_call()).
 */

import { type Insn, OP_CALL, PseudoCall } from '../../isa/insn.ts';
import { Helper } from '../../program/tables/helpers.ts';
import { UNKNOWN } from '../domain/scalar.ts';
import type { AbstractState } from '../domain/state.ts';
import { ANY, pointer, type Region, region, UNINIT, type Value } from '../domain/value.ts';
import { type Env, mapOf, newId } from './env.ts';

/**
 * What a callback is given: the map, key and value of the map that the call has in r1 (or whose timer it is),
 * the caller's argument of that number, a number, or a kernel object.
 */
type Given = 'map' | 'map_key' | 'map_value' | 'scalar' | 'dynptr' | 'object' | number;

export interface Callback {
  /** Argument (1 = r1) that is the function. */
  fn: number;
  given: readonly Given[];
  /** What it may return, inclusive. */
  result: readonly [number, number];
  /** Runs later, on a stack of its own. */
  later: boolean;
}

const CALLBACKS: ReadonlyMap<number, Callback> = new Map([
  [
    Helper.for_each_map_elem,
    { fn: 2, given: ['map', 'map_key', 'map_value', 3], result: [0, 1], later: false },
  ],
  [Helper.timer_set_callback, { fn: 2, given: ['map', 'map_key', 'map_value'], result: [0, 0], later: true }],
  [Helper.find_vma, { fn: 3, given: [1, 'object', 4], result: [0, 1], later: false }],
  [Helper.loop, { fn: 2, given: ['scalar', 3], result: [0, 1], later: false }],
  [Helper.user_ringbuf_drain, { fn: 2, given: ['dynptr', 3], result: [0, 1], later: false }],
]);

/** The helper's callback; undefined when it has none. */
export function callbackOf(i: Insn): Callback | undefined {
  return i.op === OP_CALL && i.src === PseudoCall.HELPER ? CALLBACKS.get(i.imm) : undefined;
}

/** The first argument points to the map or into one of its values. */
function mapRegion(v: Value | undefined): { map: number; inner: boolean } | undefined {
  const to: Region | undefined = v?.kind === 'pointer' ? v.region : undefined;
  return to?.kind === 'map' || to?.kind === 'map_value' ? to : undefined;
}

/** r1.. of the callback, for a call at `index` with registers `regs`. */
export function callbackArguments(
  env: Env,
  state: AbstractState,
  index: number,
  callback: Callback,
  regs: readonly Value[],
): Value[] {
  const of = mapRegion(regs[1]);
  const give = (what: Given, n: number): Value => {
    if (typeof what === 'number') return regs[what] ?? UNINIT;
    if (what === 'scalar') return UNKNOWN;
    if (what === 'object') return pointer(region.opaque('btf'), newId(env, state, index, n + 2));
    if (what === 'dynptr') return pointer(region.opaque('dynptr'), newId(env, state, index, n + 2));
    if (of === undefined) return ANY;
    if (what === 'map') return pointer(region.map(of.map, of.inner));
    const id = newId(env, state, index, n + 2);
    if (what === 'map_value') return pointer(region.mapValue(of.map, of.inner), id);
    const size = mapOf(env, region.map(of.map, of.inner))?.keySize;
    return pointer(region.memory('map_key', size, false), id);
  };
  return callback.given.map(give);
}
