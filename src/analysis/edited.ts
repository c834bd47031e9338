/**
 * What two versions of a program have in common: instructions at the start and at the end that are the same but for the
 * distances of jumps.
 */
import { referenceOf } from '../isa/flow.ts';
import { type Insn, sameInsn } from '../isa/insn.ts';
import type { MapDef, Program } from '../program/program.ts';

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
