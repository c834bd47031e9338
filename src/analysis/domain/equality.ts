/** Equality of what is known, to the last bound and id: `a` and `b` are interchangeable inside one exploration. */
import type { Bounds, Scalar } from './scalar.ts';
import type { Slot, Stack } from './stack.ts';
import type { AbstractState, Frame } from './state.ts';
import type { Pointer, Value } from './value.ts';

function sameBounds(a: Bounds, b: Bounds): boolean {
  return a === b || (a.umin === b.umin && a.umax === b.umax && a.smin === b.smin && a.smax === b.smax);
}

function sameScalar(a: Scalar, b: Scalar): boolean {
  return (
    a === b ||
    (a.id === b.id &&
      a.tnum.value === b.tnum.value &&
      a.tnum.mask === b.tnum.mask &&
      sameBounds(a, b) &&
      sameBounds(a.low, b.low))
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

function sameSlot(a: Slot | undefined, b: Slot | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a.spillSize !== b.spillSize) return false;
  if (!a.bytes.every((x, n) => x === b.bytes[n])) return false;
  return (
    a.spill === b.spill || (a.spill !== undefined && b.spill !== undefined && sameValue(a.spill, b.spill))
  );
}

function sameStack(a: Stack, b: Stack): boolean {
  return a === b || a.every((slot, n) => sameSlot(slot, b[n]));
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
