/**
 * Where everything goes: which functions an object will have, what stands in each, and the new offset of
 * every old byte of a code section.
 */
import { groupBy } from '../../base/group-by.ts';
import { slotOffsets } from '../../isa/flow.ts';
import { type Insn, slotsOf } from '../../isa/insn.ts';
import type { Section } from './container/elf.ts';
import type { ObjectFile, ObjectFunction, Ref } from './object-types.ts';

/** The instruction of the original that an instruction continues: by index in its function. */
export interface InsnOrigin {
  function: string;
  index: number;
}

/** A function's new body. */
export interface FunctionRewrite {
  /** `ObjectFunction.name`; with `copyOf`, a name that is new in the object. */
  function: string;
  /**
   * Makes a new static function beside this one instead of replacing it: for a subprogram that one of the
   * programs wants changed and another one not.
   */
  copyOf?: string;
  /** Jumps as encoded. Map, data and function references stand in `refs`, whatever `imm` says. */
  insns: readonly Insn[];
  /**
   * Per instruction: what it was. A number is an index in the function itself (or in `copyOf`), -1 is new.
   */
  origin: readonly (number | InsnOrigin)[];
  /**
   * References by index in `insns`; functions from `object.functions.length` on are the copies in their
   * order. Left out, an instruction that needs one takes its origin's.
   */
  refs?: ReadonlyMap<number, Ref>;
}

/** An instruction of the original: function and index. */
export interface CodePlace {
  f: ObjectFunction;
  index: number;
}

/** A function as it will be. */
export interface NewFunction {
  name: string;
  /** The function it replaces or, for a copy, copies. */
  source: ObjectFunction;
  copy: boolean;
  /** The new body; undefined when it stays as it is. */
  body?: {
    insns: readonly Insn[];
    origin: readonly (CodePlace | undefined)[];
    refs: ReadonlyMap<number, Ref>;
    /** Slot of each instruction, and the number of slots. */
    slots: Int32Array;
  };
  /** Byte offset and size in the new section. */
  start: number;
  size: number;
}

/** A function, or bytes between functions, which move but keep their contents. */
export interface SectionPiece {
  oldStart: number;
  oldEnd: number;
  start: number;
  size: number;
  f?: NewFunction;
}

export interface SectionPlan {
  section: Section;
  /** In order; old and new ranges both ascend. Copies come last, with an empty old range. */
  pieces: SectionPiece[];
  size: number;
  /** New offset of the old end: copies stand after it. */
  end: number;
  /** Some function in it has a new body or a new place. */
  changed: boolean;
}

export interface LayoutPlan {
  sections: Map<Section, SectionPlan>;
  /** By `Ref.target`: the object's functions, then the copies. Functions that overlap others have no plan. */
  functions: (NewFunction | undefined)[];
}

export function makePlan(object: ObjectFile, rewrites: readonly FunctionRewrite[]): LayoutPlan {
  const byName = new Map(object.functions.map((f) => [f.name, f]));
  const find = (name: string): ObjectFunction => {
    const f = byName.get(name);
    if (f === undefined) throw new Error(`${object.file}: no function '${name}' to rewrite`);
    return f;
  };
  const replacing = new Map<string, FunctionRewrite>();
  for (const r of rewrites) if (r.copyOf === undefined) replacing.set(find(r.function).name, r);

  const plan: LayoutPlan = { sections: new Map(), functions: object.functions.map(() => undefined) };
  const indexOf = new Map(object.functions.map((f, i) => [f, i]));
  for (const [section, functions] of groupBy(object.functions, (f) => f.section)) {
    const pieces: SectionPiece[] = [];
    let at = 0;
    const gap = (end: number): void => {
      if (end > at) pieces.push({ oldStart: at, oldEnd: end, start: 0, size: end - at });
      at = Math.max(at, end);
    };
    for (const f of functions) {
      const rewrite = replacing.get(f.name);
      if (f.start < at) {
        if (rewrite !== undefined) throw new Error(`${f.name} overlaps another function`);
        continue;
      }
      gap(f.start);
      const next = newFunction(f, rewrite, find);
      plan.functions[indexOf.get(f)!] = next;
      pieces.push({ oldStart: f.start, oldEnd: f.end, start: 0, size: next.size, f: next });
      at = f.end;
    }
    gap(section.data.length);
    plan.sections.set(section, { section, pieces, size: 0, end: 0, changed: false });
  }
  for (const r of rewrites) {
    if (r.copyOf === undefined) continue;
    const copy = { ...newFunction(find(r.copyOf), r, find), name: r.function, copy: true };
    plan.functions.push(copy);
    const { section, pieces } = plan.sections.get(copy.source.section)!;
    const end = section.data.length;
    pieces.push({ oldStart: end, oldEnd: end, start: 0, size: copy.size, f: copy });
  }
  for (const s of plan.sections.values()) place(s);
  return plan;
}

function newFunction(
  source: ObjectFunction,
  rewrite: FunctionRewrite | undefined,
  find: (name: string) => ObjectFunction,
): NewFunction {
  const plain = { name: source.name, source, copy: false, start: 0, size: source.end - source.start };
  if (rewrite === undefined) return plain;
  const { insns } = rewrite;
  if (insns.length === 0 || insns.length !== rewrite.origin.length)
    throw new Error(`${source.name}: ${insns.length} instructions with ${rewrite.origin.length} origins`);
  const origin = rewrite.origin.map((o): CodePlace | undefined => {
    const p = typeof o === 'number' ? { f: source, index: o } : { f: find(o.function), index: o.index };
    if (p.index === -1) return undefined;
    if (p.f.insns[p.index] === undefined) throw new Error(`${p.f.name} has no instruction ${p.index}`);
    return p;
  });
  const slots = slotOffsets(insns);
  const refs = rewrite.refs ?? inheritedRefs(origin);
  const size = insns.reduce((sum, i) => sum + slotsOf(i), 0) * 8;
  return { ...plain, body: { insns, origin, refs, slots }, size };
}

function inheritedRefs(origin: readonly (CodePlace | undefined)[]): Map<number, Ref> {
  const refs = new Map<number, Ref>();
  origin.forEach((p, i) => {
    const ref = p?.f.refs.get(p.index);
    if (ref !== undefined) refs.set(i, ref);
  });
  return refs;
}

function place(s: SectionPlan): void {
  for (const p of s.pieces) {
    p.start = s.size;
    s.size += p.size;
    if (p.f?.copy !== true) s.end = s.size;
    else s.changed = true;
    if (p.f !== undefined) p.f.start = p.start;
    if (p.f?.body !== undefined || p.start !== p.oldStart) s.changed = true;
  }
}

/**
 * New offset of an old one. Inside a function with a new body: that of the first instruction that comes from
 * there or from later, else the function's end.
 */
export function newOffset(plan: SectionPlan, old: number): number {
  let low = 0;
  let high = plan.pieces.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (plan.pieces[mid]!.oldEnd <= old) low = mid + 1;
    else high = mid;
  }
  const p = plan.pieces[low];
  if (p === undefined) return plan.end + old - plan.section.data.length;
  const body = p.f?.body;
  if (body === undefined || old === p.oldStart) return p.start + old - p.oldStart;
  const oldSlots = slotOffsets(p.f!.source.insns);
  const index = body.origin.findIndex(
    (o) => o !== undefined && o.f === p.f!.source && p.oldStart + oldSlots[o.index]! * 8 >= old,
  );
  return p.start + (index < 0 ? p.size : body.slots[index]! * 8);
}
