/**
 * Where control goes. Distances are encoded in slots, relative to the slot after the instruction's first;
 * everything else in this project counts instructions, so here is the way from one to the other.
 */
import { type Insn, OP_LD_IMM64, PseudoLd, slotsOf } from './insn.ts';
import { specOf } from './semantics.ts';

/** Slot number of each instruction; the last entry (index n) is the number of slots. */
export function slotOffsets(insns: readonly Insn[]): Int32Array {
  const offsets = new Int32Array(insns.length + 1);
  let slot = 0;
  for (const [index, i] of insns.entries()) {
    offsets[index] = slot;
    slot += slotsOf(i);
  }
  offsets[insns.length] = slot;
  return offsets;
}

/**
 * Index of the instruction that starts at `slot`, n for the slot after the last one; undefined in the middle
 * of an `ld_imm64` and outside the program.
 */
export function indexOfSlot(offsets: Int32Array, slot: number): number | undefined {
  let low = 0;
  let high = offsets.length - 1;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (offsets[mid]! < slot) low = mid + 1;
    else high = mid;
  }
  return offsets[low] === slot ? low : undefined;
}

/** An instruction that names another one by its distance: `kind` says why, `field` where the distance is. */
export interface Reference {
  kind: 'jump' | 'call' | 'function';
  field: 'off' | 'imm';
}

/** What `i` refers to: a jump's target, a `call local`'s function, or the function whose address it loads. */
export function referenceOf(i: Insn): Reference | undefined {
  if (i.op === OP_LD_IMM64) return i.src === PseudoLd.FUNC ? { kind: 'function', field: 'imm' } : undefined;
  const spec = specOf(i);
  if (spec === undefined) return undefined;
  switch (spec.kind) {
    case 'jump':
    case 'maygoto':
      return { kind: 'jump', field: 'off' };
    case 'goto':
      return { kind: 'jump', field: spec.distance };
    case 'call':
      return spec.target === 'local' ? { kind: 'call', field: 'imm' } : undefined;
    default:
      return undefined;
  }
}

/** Slot that the instruction at `slot` refers to; undefined when it refers to none. */
export function referencedSlot(i: Insn, slot: number): number | undefined {
  const ref = referenceOf(i);
  return ref === undefined ? undefined : slot + 1 + i[ref.field];
}

/**
 * Index of the instruction that the jump at `index` goes to when taken; undefined when it is no jump, or
 * jumps out of the program or into an `ld_imm64`.
 */
export function jumpTarget(
  insns: readonly Insn[],
  index: number,
  offsets: Int32Array = slotOffsets(insns),
): number | undefined {
  return targetOf(insns, index, offsets, true);
}

/** Where each instruction jumps to when its jump is taken (as `jumpTarget`), in program order. */
export function jumpTargets(
  insns: readonly Insn[],
  offsets: Int32Array = slotOffsets(insns),
): (number | undefined)[] {
  return insns.map((_, index) => jumpTarget(insns, index, offsets));
}

/** Index of the function that a `call local`, or a function address, at `index` refers to. */
export function calleeOf(
  insns: readonly Insn[],
  index: number,
  offsets: Int32Array = slotOffsets(insns),
): number | undefined {
  return targetOf(insns, index, offsets, false);
}

function targetOf(insns: readonly Insn[], index: number, offsets: Int32Array, jumps: boolean) {
  const i = insns[index]!;
  const ref = referenceOf(i);
  if (ref === undefined || (ref.kind === 'jump') !== jumps) return undefined;
  const target = indexOfSlot(offsets, offsets[index]! + 1 + i[ref.field]);
  return target === insns.length ? undefined : target;
}

/**
 * True when the instruction after `i` may run next; a call returns, and a legacy packet load may also end the
 * run.
 */
export function fallsThrough(i: Insn): boolean {
  const kind = specOf(i)?.kind;
  return kind !== 'goto' && kind !== 'exit';
}

/**
 * Indices that may run right after `index` in the same function, fall-through first, without duplicates. What
 * lies outside the program is left out.
 */
export function successors(
  insns: readonly Insn[],
  index: number,
  offsets: Int32Array = slotOffsets(insns),
): number[] {
  const result: number[] = [];
  if (fallsThrough(insns[index]!) && index + 1 < insns.length) result.push(index + 1);
  const target = jumpTarget(insns, index, offsets);
  if (target !== undefined && !result.includes(target)) result.push(target);
  return result;
}
