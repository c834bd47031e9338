/**
 * Several ranges of a program replaced at once, as if each were the only one: what a replacement refers to
 * outside its range is found again wherever the others have moved it.
 */
import { EditError } from '../isa/edit.ts';
import { indexOfSlot, referencedSlot, referenceOf, slotOffsets } from '../isa/flow.ts';
import type { Insn } from '../isa/insn.ts';
import { originsOf, replaceProblem } from './edit.ts';
import type { Program } from './program.ts';

/**
 * Instructions [start, end) become `insns`, whose references stand as they would if no other range were
 * replaced.
 */
export interface Edit {
  start: number;
  end: number;
  insns: readonly Insn[];
}

/**
 * @param edits not empty, in order, without overlaps
 * @throws EditError when `replaceProblem` has something to say, a function loses its last instruction, or a
 *   16-bit distance overflows
 */
export function replaceRanges(program: Program, edits: readonly Edit[]): Program {
  for (const { start, end, insns } of edits) {
    const problem = replaceProblem(program, start, end, insns);
    if (problem !== undefined) throw new EditError(problem, start);
  }
  const { insns: old } = program;
  const from = slotOffsets(old);
  const insns: Insn[] = [];
  const origin: number[] = [];
  /** Where what refers to an old instruction leads now. */
  const target = new Int32Array(old.length + 1);
  /**
   * Of each reference of the result: the old instruction that it leads to, or, in a replacement, -1 - the new
   * one.
   */
  const aims = new Map<number, number>();
  const keep = (start: number, end: number): void => {
    for (let at = start; at < end; at++) {
      target[at] = insns.length;
      const slot = referencedSlot(old[at]!, from[at]!);
      if (slot !== undefined) aims.set(insns.length, aimOf(from, slot, at));
      origin.push(program.origin[at]!);
      insns.push(old[at]!);
    }
  };
  let done = 0;
  for (const edit of edits) {
    keep(done, edit.start);
    const first = insns.length;
    const slots = slotOffsets(edit.insns);
    edit.insns.forEach((i, n) => {
      const slot = referencedSlot(i, from[edit.start]! + slots[n]!);
      if (slot !== undefined) aims.set(first + n, aimFrom(edit, slots, from, slot, first));
      insns.push(i);
    });
    origin.push(...originsOf(program, edit.start, edit.end, edit.insns));
    target[edit.start] = first;
    for (let at = edit.start + 1; at < edit.end; at++) target[at] = insns.length;
    done = edit.end;
  }
  keep(done, old.length);
  target[old.length] = insns.length;
  const functions = program.functions.map((f) => ({ ...f, start: target[f.start]!, end: target[f.end]! }));
  const empty = functions.find((f) => f.start === f.end);
  if (empty !== undefined)
    throw new EditError(`function ${empty.name} would have no instructions`, empty.start);
  relink(insns, aims, target);
  return { ...program, insns, origin, functions };
}

function aimOf(from: Int32Array, slot: number, at: number): number {
  const aim = indexOfSlot(from, slot);
  if (aim === undefined) throw new EditError('it refers to no instruction', at);
  return aim;
}

/** What a replacement's instruction refers to; its `slot` counts as if there were no other edit. */
function aimFrom(
  { start, end, insns }: Edit,
  slots: Int32Array,
  from: Int32Array,
  slot: number,
  first: number,
): number {
  const [begin, length] = [from[start]!, slots[insns.length]!];
  if (slot < begin) return aimOf(from, slot, start);
  if (slot >= begin + length) return aimOf(from, slot - length + (from[end]! - begin), start);
  return -1 - (first + aimOf(slots, slot - begin, start));
}

function relink(insns: Insn[], aims: ReadonlyMap<number, number>, target: Int32Array): void {
  const to = slotOffsets(insns);
  for (const [at, aim] of aims) {
    const i = insns[at]!;
    const { field } = referenceOf(i)!;
    const distance = to[aim < 0 ? -1 - aim : target[aim]!]! - (to[at]! + 1);
    if (distance === i[field]) continue;
    if (field === 'off' && (distance < -0x8000 || distance > 0x7fff))
      throw new EditError(`distance ${distance} does not fit in a 16-bit offset`, at);
    insns[at] = { ...i, [field]: distance };
  }
}
