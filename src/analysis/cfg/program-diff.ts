/**
 * What two versions of a program have in common: instructions at the start and at the end that are the same
 * but for the distances of jumps.
 */
import { fallsThrough, referenceOf } from '../../isa/flow.ts';
import { type Insn, sameInsn, slotsOf } from '../../isa/insn.ts';
import type { MapDef, Program } from '../../program/program.ts';
import type { Block, Cfg } from './cfg.ts';

export interface Common {
  /** Instructions at the start. */
  readonly prefix: number;
  /** Instructions at the end; they do not overlap with those at the start, in neither version. */
  readonly suffix: number;
}

/** Undefined when the two differ in more than their instructions. */
export function commonOf(old: Program, now: Program): Common | undefined {
  if (!sameSurroundings(old, now)) return undefined;
  const [n, m] = [old.insns.length, now.insns.length];
  const least = Math.min(n, m);
  const same = (p: number, q: number): boolean =>
    sameButDistance(old.insns[p]!, now.insns[q]!) &&
    (old.pinned.size === 0 || old.origin[p] === now.origin[q]);
  let prefix = 0;
  while (prefix < least && same(prefix, prefix)) prefix++;
  let suffix = 0;
  while (suffix < least - prefix && same(n - 1 - suffix, m - 1 - suffix)) suffix++;
  return { prefix, suffix };
}

export function sameButDistance(a: Insn, b: Insn): boolean {
  if (a === b) return true;
  if (a.op !== b.op) return false;
  const ref = referenceOf(a);
  return sameInsn(a, ref?.kind === 'jump' ? { ...b, [ref.field]: a[ref.field] } : b);
}

function sameSurroundings(a: Program, b: Program): boolean {
  return (
    a.hook === b.hook &&
    a.attachType === b.attachType &&
    a.license === b.license &&
    a.functions.length === b.functions.length &&
    samePins(a.pinned, b.pinned) &&
    a.maps.length === b.maps.length &&
    a.maps.every((map, n) => sameMap(map, b.maps[n]!))
  );
}

function samePins(a: Program['pinned'], b: Program['pinned']): boolean {
  return a === b || (a.size === b.size && [...a].every(([at, why]) => b.get(at) === why));
}

function sameMap(a: MapDef, b: MapDef): boolean {
  if (a === b) return true;
  return (
    a.type === b.type &&
    a.keySize === b.keySize &&
    a.valueSize === b.valueSize &&
    a.maxEntries === b.maxEntries &&
    a.flags === b.flags &&
    a.readonly === b.readonly &&
    sameBytes(a.initial, b.initial) &&
    (a.inner === b.inner || (a.inner !== undefined && b.inner !== undefined && sameMap(a.inner, b.inner)))
  );
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && b !== undefined && a.length === b.length && a.every((x, n) => x === b[n]);
}

/** An edit inside one block. */
export interface SameShape {
  /** The block, which has the same number in both versions, as all others have. */
  readonly block: number;
  /** Control flow of the new version. */
  readonly cfg: Cfg;
}

/**
 * Undefined unless the edit lies inside one block and all jumps lead where they did. Of programs of one
 * function only.
 */
export function sameShape(old: Program, cfg: Cfg, now: Program, common: Common): SameShape | undefined {
  if (old.functions.length !== 1 || cfg.calls.length > 0 || cfg.unreachable.length > 0) return undefined;
  const { prefix, suffix } = common;
  const [oldEnd, newEnd] = [old.insns.length - suffix, now.insns.length - suffix];
  const delta = newEnd - oldEnd;
  const block = cfg.blocks[cfg.blockOf[prefix] ?? -1];
  if (block === undefined || oldEnd > block.end || block.end - block.start + delta <= 0) return undefined;
  // What is put between two blocks may belong to either.
  if (oldEnd === prefix && block.start === prefix) return undefined;
  if (!isStraight(old.insns, prefix, oldEnd) || !isStraight(now.insns, prefix, newEnd)) return undefined;
  const offsets = new Int32Array(now.insns.length + 1);
  offsets.set(cfg.offsets.subarray(0, prefix + 1));
  for (let at = prefix; at < newEnd; at++) offsets[at + 1] = offsets[at]! + slotsOf(now.insns[at]!);
  const slots = offsets[newEnd]! - cfg.offsets[oldEnd]!;
  for (let at = newEnd; at <= now.insns.length; at++) offsets[at] = cfg.offsets[at - delta]! + slots;
  if (!jumpsLead(old, cfg, now, offsets, [cfg.offsets[prefix]!, cfg.offsets[oldEnd]!])) return undefined;
  const blockOf = new Int32Array(now.insns.length);
  blockOf.set(cfg.blockOf.subarray(0, prefix));
  blockOf.fill(block.id, prefix, newEnd);
  blockOf.set(cfg.blockOf.subarray(oldEnd), newEnd);
  const moved = (b: Block): Block =>
    b.id < block.id ? b : { ...b, start: b.start + (b === block ? 0 : delta), end: b.end + delta };
  const blocks = delta === 0 ? cfg.blocks : cfg.blocks.map(moved);
  return { block: block.id, cfg: { ...cfg, blocks, blockOf, offsets } };
}

function isStraight(insns: readonly Insn[], start: number, end: number): boolean {
  for (let at = start; at < end; at++)
    if (!fallsThrough(insns[at]!) || referenceOf(insns[at]!) !== undefined) return false;
  return true;
}

/** All jumps lead to the instructions that they led to. `edit`: the slots that were replaced, from and to. */
function jumpsLead(
  old: Program,
  cfg: Cfg,
  now: Program,
  offsets: Int32Array,
  [first, end]: readonly [number, number],
): boolean {
  const indices = now.insns.length - old.insns.length;
  const slots = offsets[now.insns.length]! - cfg.offsets[old.insns.length]!;
  return cfg.blocks.every((b) => {
    const at = b.end - 1;
    const i = old.insns[at]!;
    const ref = referenceOf(i);
    if (ref === undefined) return true;
    const place = cfg.offsets[at]! < end ? at : at + indices;
    const [from, to] = [
      cfg.offsets[at]! + 1 + i[ref.field],
      offsets[place]! + 1 + now.insns[place]![ref.field],
    ];
    return from <= first ? to === from : from >= end && to === from + slots;
  });
}
