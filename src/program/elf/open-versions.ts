/**
 * Functions that others may call or replace, in the versions that several programs want of them.
 *
 * Such a function stays where it is, and stays one: whoever replaces it replaces it for all. Its version was
 * proven by itself, so that of any program will do for all of them, with the static functions that it calls
 * as they are in that program.
 */

import type { Insn } from '../../isa/insn.ts';
import { sizeInSlots } from '../../isa/insn.ts';
import { isOpenFunction } from './btf/function-contracts.ts';
import type { ObjectFile, ObjectFunction, Ref } from './object-types.ts';
import type { InsnOrigin } from './plan.ts';

/** A function as one program wants it. */
export interface FunctionVersion {
  source: ObjectFunction;
  insns: readonly Insn[];
  origin: InsnOrigin[];
  refs: Map<number, Ref>;
  /** Same as in the object. */
  original: boolean;
}

/** By entry, the functions of its program. */
export type ProgramVersions = Map<ObjectFunction, Map<ObjectFunction, FunctionVersion>>;

/**
 * Makes programs agree on their open functions; changes `versions`.
 * @returns the open functions that are shared
 */
export function settleOpen(
  object: ObjectFile,
  versions: ProgramVersions,
  keyOf: (v: FunctionVersion) => string,
  unchanged: (f: ObjectFunction) => FunctionVersion,
): Set<ObjectFunction> {
  const shared = new Set<ObjectFunction>();
  for (const f of new Set([...versions.values()].flatMap((program) => [...program.keys()]))) {
    const users = [...versions].filter(([, program]) => program.has(f));
    if (users.length > 1 && isOpenFunction(object, f)) shared.add(f);
  }
  const taken = new Set<ObjectFunction>();
  for (const f of shared) {
    const users = [...versions].filter(([, program]) => program.has(f));
    // Of an entry the hook sees less than a caller does.
    const wanted = users.filter(([entry]) => entry !== f).map(([, program]) => program.get(f)!);
    const best = wanted.reduce((a, b) => (isBetter(b, a) ? b : a));
    const parts = partsOf(object, [best], users[0]![1], shared);
    const isAgreed = [...parts].every((g) => new Set(users.map(([, p]) => keyOf(p.get(g)!))).size === 1);
    if (isAgreed) taken.add(f);
    for (const [, program] of users) program.set(f, isAgreed ? best : unchanged(f));
  }
  for (const [entry, program] of versions) {
    const roots = [entry, ...taken].flatMap((f) => program.get(f) ?? []);
    const parts = partsOf(object, roots, program, shared);
    for (const g of program.keys())
      if (!shared.has(g) && g !== entry && !parts.has(g)) program.set(g, unchanged(g));
  }
  return shared;
}

/** One that was changed before one that was not, then the smaller one. */
function isBetter(a: FunctionVersion, b: FunctionVersion): boolean {
  if (a.original !== b.original) return b.original;
  return sizeInSlots(a.insns) < sizeInSlots(b.insns);
}

/**
 * Functions that run as part of these: what they call, and what that calls, but not what others may replace.
 */
function partsOf(
  object: ObjectFile,
  roots: readonly FunctionVersion[],
  program: ReadonlyMap<ObjectFunction, FunctionVersion>,
  open: ReadonlySet<ObjectFunction>,
): Set<ObjectFunction> {
  const found = new Set<ObjectFunction>();
  const add = (v: FunctionVersion): void => {
    for (const ref of v.refs.values()) {
      if (ref.kind !== 'call' && ref.kind !== 'func') continue;
      const callee = object.functions[ref.target]!;
      if (!open.has(callee) && program.has(callee)) found.add(callee);
    }
  };
  for (const v of roots) add(v);
  for (const f of found) add(program.get(f)!);
  return found;
}
