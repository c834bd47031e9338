/**
 * Which of an object's optimized programs make the object smaller.
 *
 *   object, programs before and after --> those whose changes go into the output
 *
 * Programs share functions. Where one wants a function otherwise than the others, it needs a copy of it, and
 * the object may grow although each program shrinks. Each program is taken as it was or as it is, which both
 * are proven.
 */
import { sizeInSlots } from '../../isa/insn.ts';
import {
  type FunctionRewrite,
  type ObjectFile,
  type ProgramChange,
  rewritePrograms,
} from '../../program/elf/index.ts';

/** Slots of code of an object once some functions are replaced or copied. */
export function slotsOfCode(object: ObjectFile, rewrites: readonly FunctionRewrite[]): number {
  const replaced = new Map(rewrites.map((r) => [r.copyOf === undefined ? r.function : '', r]));
  const kept = object.functions.reduce(
    (sum, f) => sum + (replaced.has(f.name) ? 0 : sizeInSlots(f.insns)),
    0,
  );
  return rewrites.reduce((sum, r) => sum + sizeInSlots(r.insns), kept);
}

/**
 * The changes that together make the object smallest, as far as taking one more or one less shows; the
 * input's order.
 */
export function worthwhile<T extends ProgramChange>(object: ObjectFile, changes: readonly T[]): T[] {
  const all = changes.filter(({ original, optimized }) => original !== optimized);
  const size = (some: readonly T[]): number => slotsOfCode(object, rewritePrograms(object, some));
  const rewrites = rewritePrograms(object, all);
  if (!rewrites.some((r) => r.copyOf !== undefined)) return all;
  const step = (kept: T[], change: T): T[] => {
    const other = kept.includes(change)
      ? kept.filter((c) => c !== change)
      : all.filter((c) => c === change || kept.includes(c));
    return size(other) < size(kept) ? other : kept;
  };
  const [fewer, more] = [all.reduce(step, all), all.reduce<T[]>(step, [])];
  return size(fewer) <= size(more) ? fewer : more;
}
