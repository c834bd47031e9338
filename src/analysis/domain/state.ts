/**
 * The abstract state before an instruction: the registers of the running function and the stack frames below
 * it. States are copied when they fork; values and slots inside them are immutable and shared.
 */
import { constantOf, type Scalar } from './scalar.ts';
import {
  EMPTY_STACK,
  mergeSlots,
  SLOTS,
  type Slot,
  type Stack,
  sameStack,
  slotSubsumes,
  withSpill,
} from './stack.ts';
import {
  mergeValues,
  type PairNames,
  type Pointer,
  pointer,
  region,
  sameValue,
  UNINIT,
  type Value,
  valueSubsumes,
  type Widening,
  withRef,
} from './value.ts';

export interface Frame {
  /** r0..r10. In a calling function only r6 to r10 mean something. */
  regs: Value[];
  stack: Stack;
  /** Index into `Program.functions`. */
  fn: number;
  /** Index of the `call` that made this frame; -1 for the entry function. */
  callSite: number;
  /** Of a callback's run: what it may return, and the references that it found. */
  callback?: { readonly result: readonly [number, number]; readonly refs: readonly number[] };
}

export interface AbstractState {
  /** Entry function first; the running function last. */
  frames: Frame[];
  /** References that must be released before the program ends, oldest first; `LOST` when nothing holds it. */
  refs: readonly number[];
  /** How often a may_goto was passed without a jump: a loop in which that happens ends. */
  rounds: number;
}

/** A reference that can no longer be released. */
export const LOST = -1;
const NO_REFS: readonly number[] = [];

/** A state with these frames and nothing to release. */
export function stateOf(...frames: Frame[]): AbstractState {
  return { frames, refs: NO_REFS, rounds: 0 };
}

export function newFrame(fn: number, callSite: number, depth: number): Frame {
  const regs = new Array<Value>(11).fill(UNINIT);
  regs[10] = pointer(region.stack(depth));
  return { regs, stack: EMPTY_STACK, fn, callSite };
}

/** The running function's frame. */
export function current(state: AbstractState): Frame {
  return state.frames[state.frames.length - 1]!;
}

export function cloneState(state: AbstractState): AbstractState {
  return { ...state, frames: state.frames.map((f) => ({ ...f, regs: f.regs.slice() })) };
}

/** Replace every value in registers and spills; `f` returns its argument when nothing changes. */
export function mapValues(state: AbstractState, f: (v: Value) => Value): void {
  for (const frame of state.frames) {
    for (let n = 0; n <= 10; n++) frame.regs[n] = f(frame.regs[n]!);
    let stack: (Slot | undefined)[] | undefined;
    for (let n = 0; n < SLOTS; n++) {
      const slot = frame.stack[n];
      if (slot?.spill === undefined) continue;
      const value = f(slot.spill);
      if (value === slot.spill) continue;
      stack ??= frame.stack.slice();
      stack[n] = withSpill(slot, value);
    }
    if (stack !== undefined) frame.stack = stack;
  }
}

/** Refine all copies of a number, also where it is a pointer's offset. */
export function assignScalar(state: AbstractState, id: number, refined: Scalar): void {
  if (id === 0) return;
  mapValues(state, (v) => {
    if (v.kind === 'scalar') return v.id === id ? refined : v;
    return v.kind === 'pointer' && v.variable.id === id ? { ...v, variable: refined } : v;
  });
}

/** Refine all pointers that satisfy a condition. */
export function mapPointers(state: AbstractState, f: (p: Pointer) => Value): void {
  mapValues(state, (v) => (v.kind === 'pointer' ? f(v) : v));
}

/**
 * An id is about to be given to a new number or object: whoever still has it from an earlier round loses it.
 */
export function retireId(state: AbstractState, id: number): void {
  if (state.refs.includes(id)) {
    state.refs = state.refs.map((r) => (r === id ? LOST : r));
    mapPointers(state, (p) => (p.ref === id ? withRef(p, 0) : p));
  }
  mapValues(state, (v) => {
    if (v.kind === 'scalar') return v.id === id ? { ...v, id: 0 } : v;
    if (v.kind !== 'pointer' || (v.id !== id && v.variable.id !== id)) return v;
    const variable = v.variable.id === id ? { ...v.variable, id: 0 } : v.variable;
    return { ...v, id: v.id === id ? 0 : v.id, variable };
  });
}

const PLACES = 2 * (11 + SLOTS);

/** Same functions called from the same places: such states can be merged location by location. */
export function sameChain(a: AbstractState, b: AbstractState): boolean {
  return (
    a.frames.length === b.frames.length &&
    a.frames.every((f, i) => f.fn === b.frames[i]!.fn && f.callSite === b.frames[i]!.callSite)
  );
}

/** Visit all locations of two states side by side. */
function pairUp(
  a: AbstractState,
  b: AbstractState,
  visit: (a: Value, b: Value, place: number) => void,
): void {
  for (const [depth, f] of a.frames.entries()) {
    const g = b.frames[depth]!;
    for (let n = 0; n <= 10; n++) visit(f.regs[n]!, g.regs[n]!, depth * PLACES + 2 * n);
    for (let n = 0; n < SLOTS; n++) {
      const [x, y] = [f.stack[n]?.spill, g.stack[n]?.spill];
      if (x !== undefined && y !== undefined) visit(x, y, depth * PLACES + 2 * (11 + n));
    }
  }
}

/**
 * Consistent names for pairs of ids: numbers that are equal on both sides stay equal after the merge, with
 * the old name if both sides had it, else with one made from `base` and the first location that holds the
 * pair.
 */
function pairNames(a: AbstractState, b: AbstractState, base: number): PairNames {
  const kept = new Set<number>();
  pairUp(a, b, (x, y) => {
    for (const [p, q] of idPairs(x, y)) if (p === q && p !== 0) kept.add(p);
  });
  const made = new Map<string, number>();
  const taken = new Set(kept);
  return (p, q, place) => {
    if (p === 0 || q === 0) return 0;
    if (p === q) return p;
    const key = `${p}:${q}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const name = base + place;
    const free = taken.has(name) ? 0 : name;
    taken.add(name);
    made.set(key, free);
    return free;
  };
}

function idPairs(x: Value, y: Value): [number, number][] {
  if (x.kind === 'scalar' && y.kind === 'scalar') return [[x.id, y.id]];
  if (x.kind !== 'pointer' || y.kind !== 'pointer') return [];
  return [
    [x.id, y.id],
    [x.variable.id, y.variable.id],
  ];
}

/**
 * What either state allows; both must be of the same call chain. `base`: first of the ids that the merge may
 * use.
 */
export function mergeStates(a: AbstractState, b: AbstractState, base: number, how: Widening): AbstractState {
  if (!sameChain(a, b)) throw new Error('states of different call chains cannot be merged');
  const names = pairNames(a, b, base);
  const frames = a.frames.map((f, depth) => {
    const g = b.frames[depth]!;
    const at = depth * PLACES;
    const regs = f.regs.map((v, n) => mergeValues(v, g.regs[n]!, names, at + 2 * n, how));
    const stack =
      f.stack === g.stack && f.stack === EMPTY_STACK
        ? f.stack
        : f.stack.map((s, n) => mergeSlots(s, g.stack[n], names, at + 2 * (11 + n), how));
    return { ...f, regs, stack };
  });
  return { frames, refs: mergeRefs(a.refs, b.refs), rounds: Math.max(a.rounds, b.rounds) };
}

function sameRefs(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((r, n) => r === b[n]));
}

/** What only one side has to release cannot be released after the merge. */
function mergeRefs(a: readonly number[], b: readonly number[]): readonly number[] {
  if (sameRefs(a, b)) return a;
  const both = a.filter((r) => b.includes(r));
  return [...both, LOST];
}

/** Number of ids that one merge may use. */
export const IDS_PER_MERGE = PLACES * 9;

/** Does `a` allow everything that `b` allows? */
export function stateSubsumes(a: AbstractState, b: AbstractState): boolean {
  if (!sameRefs(a.refs, b.refs) || !sameChain(a, b)) return false;
  const seen = new Map<number, number>();
  const ids = (x: number, y: number): boolean => {
    if (x === 0) return true;
    if (y === 0) return false;
    const known = seen.get(x);
    if (known !== undefined) return known === y;
    seen.set(x, y);
    return true;
  };
  return a.frames.every((f, depth) => frameSubsumes(f, b.frames[depth]!, ids));
}

/** Plain loops: this is asked for each pair of states that meet. */
function frameSubsumes(f: Frame, g: Frame, ids: (x: number, y: number) => boolean): boolean {
  for (let n = 0; n <= 10; n++) if (!valueSubsumes(f.regs[n]!, g.regs[n]!, ids)) return false;
  for (let n = 0; n < SLOTS; n++) {
    const slot = f.stack[n];
    if (slot !== undefined && !slotSubsumes(slot, g.stack[n], ids)) return false;
  }
  return true;
}

/** States of one sort lose only bounds of numbers when they are merged: their pointers agree. */
export function sortOf(state: AbstractState): readonly string[] {
  const { regs, stack } = current(state);
  return [...regs.map(sortOfValue), ...stack.map((s) => sortOfValue(s?.spill)), state.refs.join()];
}

function sortOfValue(v: Value | undefined): string {
  if (v === undefined) return '';
  if (v.kind === 'scalar') return constantOf(v) === 0n ? '0' : 's';
  if (v.kind !== 'pointer') return v.kind;
  const { region: to, nullable, off, variable, range } = v;
  return `${to.key}${nullable ? '?' : ''}+${off}${constantOf(variable) === 0n ? '' : 'v'}${range > 0 ? 'r' : ''}`;
}

/**
 * How much two sorts have in common: places that agree, and, for less, places that point into the same
 * region.
 */
export function likeness(a: readonly string[], b: readonly string[]): number {
  let sum = 0;
  for (const [n, x] of a.entries()) {
    const y = b[n]!;
    if (x === y) sum += 4;
    else if (x.split('+', 1)[0] === y.split('+', 1)[0]) sum += 1;
  }
  return sum;
}

export function sameSort(a: readonly string[], b: readonly string[]): boolean {
  return a.every((x, n) => x === b[n]);
}

function sameFrame(a: Frame, b: Frame): boolean {
  return (
    a.fn === b.fn &&
    a.callSite === b.callSite &&
    a.callback === b.callback &&
    a.regs.every((v, n) => sameValue(v, b.regs[n]!)) &&
    sameStack(a.stack, b.stack)
  );
}

export function sameState(a: AbstractState, b: AbstractState): boolean {
  return (
    a === b ||
    (a.frames.length === b.frames.length &&
      a.frames.every((f, depth) => sameFrame(f, b.frames[depth]!)) &&
      a.refs.length === b.refs.length &&
      a.refs.every((r, n) => r === b.refs[n]))
  );
}

export function sameStates(a: readonly AbstractState[], b: readonly AbstractState[]): boolean {
  return a.length === b.length && a.every((s, n) => sameState(s, b[n]!));
}
