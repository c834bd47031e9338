/**
 * Dynptrs on the stack: 16 bytes that a helper makes and only helpers may look into (kernel:
 * process_dynptr_func(), destroy_if_dynptr_stack_slot()). Both slots hold a pointer of a kind of its own;
 * whatever overwrites one of them ends it.
 */
import { Helper, type HelperArg } from '../../program/tables/helpers.ts';
import { SLOTS, type Slot, STACK_SIZE } from '../domain/stack.ts';
import { type AbstractState, current } from '../domain/state.ts';
import { constantOffset, type Pointer, pointer, region, type Value, withRef } from '../domain/value.ts';
import { type Env, newId } from './env.ts';

/** Who makes a dynptr, and whether it must be given back. */
const MAKES: ReadonlyMap<number, { counted: boolean }> = new Map([
  [Helper.dynptr_from_mem, { counted: false }],
  [Helper.ringbuf_reserve_dynptr, { counted: true }],
]);
const GIVES_BACK: ReadonlySet<number> = new Set([
  Helper.ringbuf_submit_dynptr,
  Helper.ringbuf_discard_dynptr,
]);

const HALVES = [region.opaque('dynptr_1'), region.opaque('dynptr_2')] as const;

function isHalf(v: Value | undefined): v is Pointer {
  return v?.kind === 'pointer' && v.region.kind === 'opaque' && v.region.what.startsWith('dynptr_');
}

/**
 * Does one of the bytes [from, to) (0..511) of a frame belong to a dynptr? `counted`: one that must be given
 * back.
 */
export function holdsDynptr(
  state: AbstractState,
  depth: number,
  from: number,
  to: number,
  counted = false,
): boolean {
  const stack = state.frames[depth]?.stack ?? [];
  for (let n = Math.max(0, from >> 3); n < SLOTS && n * 8 < to; n++) {
    const spill = stack[n]?.spill;
    if (isHalf(spill) && (!counted || spill.ref !== undefined)) return true;
  }
  return false;
}

/**
 * First slot of the 16 bytes that an argument points to; undefined when it does not point to a place for a
 * dynptr.
 */
function placeOf(v: Value): { depth: number; slot: number } | undefined {
  if (v.kind !== 'pointer' || v.region.kind !== 'stack') return undefined;
  const off = constantOffset(v);
  if (off === undefined || off % 8 !== 0 || off < -STACK_SIZE || off > -16) return undefined;
  return { depth: v.region.frame, slot: (STACK_SIZE + off) >> 3 };
}

function dynptrAt(state: AbstractState, v: Value): Pointer | undefined {
  const at = placeOf(v);
  if (at === undefined) return undefined;
  const [a, b] = [0, 1].map((n) => state.frames[at.depth]?.stack[at.slot + n]?.spill);
  if (!isHalf(a) || !isHalf(b) || a.id !== b.id) return undefined;
  return a.region.key === HALVES[0].key && b.region.key === HALVES[1].key ? a : undefined;
}

/** Argument `n` (1 = r1) that is a dynptr on the stack. */
export function checkDynptr(
  env: Env,
  state: AbstractState,
  index: number,
  helper: Helper,
  n: number,
  v: Pointer,
): void {
  if (v.region.kind !== 'stack') {
    if (GIVES_BACK.has(helper.id)) env.report(index, 'cannot release unowned const bpf_dynptr');
    return;
  }
  const at = placeOf(v);
  if (at === undefined) {
    env.report(index, `arg ${n} is no place for a dynptr: cannot pass in dynptr at an offset`);
    return;
  }
  if (MAKES.has(helper.id)) {
    if (holdsDynptr(state, at.depth, at.slot * 8, at.slot * 8 + 16))
      env.report(index, 'Dynptr has to be an uninitialized dynptr');
    return;
  }
  const held = dynptrAt(state, v);
  if (held === undefined) env.report(index, `Expected an initialized dynptr as arg #${n - 1}`);
  else if (GIVES_BACK.has(helper.id) && (held.ref === undefined || !state.refs.includes(held.ref)))
    env.report(index, `arg ${n} is an unacquired reference`);
}

/** The reference of the dynptr in r1 that a call gives back, or whose memory dynptr_data yields; 0: none. */
export function dynptrRef(state: AbstractState, helper: Helper, regs: readonly Value[]): number {
  return GIVES_BACK.has(helper.id) || helper.id === Helper.dynptr_data
    ? (dynptrAt(state, regs[1]!)?.ref ?? 0)
    : 0;
}

/** After the call: the dynptr that the helper made lies on the stack. */
export function makeDynptr(
  env: Env,
  state: AbstractState,
  index: number,
  helper: Helper,
  regs: readonly Value[],
): void {
  const made = MAKES.get(helper.id);
  const arg = helper.args.findIndex((a: HelperArg) => a.kind === 'dynptr') + 1;
  const at = made && placeOf(regs[arg]!);
  if (at === undefined) return;
  const frame = state.frames[at.depth] ?? current(state);
  const id = newId(env, state, index, 8);
  if (made?.counted === true) state.refs = [...state.refs, id];
  const stack = frame.stack.slice();
  for (const [n, half] of HALVES.entries()) {
    const spill = withRef(pointer(half, id), made?.counted === true ? id : 0);
    const slot: Slot = { bytes: new Array<number>(8).fill(-1), spill, spillSize: 8 };
    stack[at.slot + n] = slot;
  }
  frame.stack = stack;
}
