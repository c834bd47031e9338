/**
 * Edits of instruction lists that keep every reference on its target: jumps (`off`, `gotol`: `imm`), `call
 * local` and function addresses.
 */
import { indexOfSlot, referencedSlot, referenceOf, slotOffsets } from './flow.ts';
import { type Insn, isNop } from './insn.ts';

/**
 * An edit that cannot be encoded, or a reference that had no target before it. `index`: in the edited list.
 */
export class EditError extends Error {
  readonly index: number;
  constructor(what: string, index: number) {
    super(`insn ${index}: ${what}`);
    this.name = 'EditError';
    this.index = index;
  }
}

/** Place of an instruction that did not survive. */
const GONE = -1;

/**
 * An edited list. `map[old]` is the new index of an instruction; of a removed one, that of its next survivor.
 */
export interface Edited {
  insns: Insn[];
  /** Length n + 1: the end maps to the end. */
  map: Int32Array;
}

/**
 * Replaces `count` instructions from `start`. References in `replacement` stand as they shall stand in the
 * result: a jump inside it is relative within it, and may go to its end, which is the instruction after the
 * range. References from outside to the first replaced instruction go to the first of `replacement`; to any
 * other replaced one, to the instruction after the range.
 * @throws EditError when a 16-bit offset overflows
 */
export function splice(
  insns: readonly Insn[],
  start: number,
  count: number,
  replacement: readonly Insn[],
): Insn[] {
  const end = start + count;
  const newEnd = start + replacement.length;
  const target = new Int32Array(insns.length + 1);
  const place = new Int32Array(insns.length);
  for (let i = 0; i <= insns.length; i++) {
    const moved = i < start ? i : i < end ? GONE : i - end + newEnd;
    target[i] = i === start ? start : moved === GONE ? newEnd : moved;
    if (i < insns.length) place[i] = moved;
  }
  const result = [...insns.slice(0, start), ...replacement, ...insns.slice(end)];
  relink(insns, result, place, target);
  return result;
}

/** Keeps the instructions for which `keep` is true. References to a removed one go to its next survivor. */
export function retain(insns: readonly Insn[], keep: (i: Insn, index: number) => boolean): Edited {
  const map = new Int32Array(insns.length + 1);
  const place = new Int32Array(insns.length);
  const result: Insn[] = [];
  for (const [index, i] of insns.entries()) {
    const kept = keep(i, index);
    map[index] = result.length;
    place[index] = kept ? result.length : GONE;
    if (kept) result.push(i);
  }
  map[insns.length] = result.length;
  relink(insns, result, place, map);
  return { insns: result, map };
}

/** Drops every `goto +0`, also those that become one because what they jumped over is gone. */
export function removeNops(insns: readonly Insn[]): Edited {
  let edited = retain(insns, (i) => !isNop(i));
  while (edited.insns.some(isNop)) {
    const again = retain(edited.insns, (i) => !isNop(i));
    edited = { insns: again.insns, map: edited.map.map((index) => again.map[index]!) };
  }
  return edited;
}

/**
 * Rewrites in `result` the distances of the instructions that came from `old`: the one at i now stands at
 * `place[i]` (or is GONE), and what referred to it now refers to `target[i]`.
 */
function relink(old: readonly Insn[], result: Insn[], place: Int32Array, target: Int32Array): void {
  const from = slotOffsets(old);
  const to = slotOffsets(result);
  for (const [index, i] of old.entries()) {
    const now = place[index]!;
    const ref = referenceOf(i);
    if (ref === undefined || now === GONE) continue;
    const aim = indexOfSlot(from, referencedSlot(i, from[index]!)!);
    if (aim === undefined) throw new EditError('it refers to no instruction', now);
    const distance = to[target[aim]!]! - (to[now]! + 1);
    if (distance === i[ref.field]) continue;
    if (ref.field === 'off' && (distance < -0x8000 || distance > 0x7fff))
      throw new EditError(`distance ${distance} does not fit in a 16-bit offset`, now);
    result[now] = { ...i, [ref.field]: distance };
  }
}
