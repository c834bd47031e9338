/**
 * From optimized programs back to the functions of their object.
 *
 * Programs share subprograms. Where all programs that have a function agree on its new body, it is replaced;
 * where they differ, each program that wants it changed gets a copy of its own, and so do the shared
 * functions that call it. Of a function that others may call or replace there is one for all
 * (open-versions.ts).
 */
import { UserError } from '../../base/errors.ts';
import { indexOfSlot, referencedSlot, slotOffsets } from '../../isa/flow.ts';
import { type Insn, OP_CALL, OP_LD_IMM64, PseudoCall, PseudoLd, sameInsn } from '../../isa/insn.ts';
import type { FunctionRange, Program } from '../program.ts';
import type { ObjectFile, ObjectFunction, Ref } from './object-types.ts';
import { type FunctionVersion, type ProgramVersions, settleOpen } from './open-versions.ts';
import type { FunctionRewrite, InsnOrigin } from './plan.ts';
import { flatten, type Layout } from './programs.ts';

/** One program before (as `programsOf` gave it) and after. */
export interface ProgramChange {
  original: Program;
  optimized: Program;
}

/** What `writeObject` needs to put one optimized program in its place. */
export function rewriteProgram(object: ObjectFile, original: Program, optimized: Program): FunctionRewrite[] {
  return rewritePrograms(object, [{ original, optimized }]);
}

/**
 * @throws Error when a program does not belong to the object, or an optimized one refers to something that is
 *   not in its original, or changed a pinned instruction: a bug of the caller
 */
export function rewritePrograms(object: ObjectFile, changes: readonly ProgramChange[]): FunctionRewrite[] {
  const wanted = new Map(changes.map((c) => [c.original.name, c]));
  const versions: ProgramVersions = new Map();
  for (const entry of object.functions) {
    if (!entry.entry) continue;
    const flat = flatten(object, entry);
    const change = wanted.get(entry.name);
    wanted.delete(entry.name);
    if (!flat.ok) {
      if (change !== undefined) throw new Error(`${entry.name} cannot be rewritten: ${flat.reason}`);
      continue;
    }
    versions.set(entry, versionsOf(object, flat.layout, change?.optimized));
  }
  const [unknown] = wanted.keys();
  if (unknown !== undefined) throw new Error(`${object.file}: no program '${unknown}' to rewrite`);
  const open = settleOpen(object, versions, keyOf, unchanged);
  return assemble(object, versions, open);
}

function versionsOf(
  object: ObjectFile,
  layout: Layout,
  optimized: Program | undefined,
): Map<ObjectFunction, FunctionVersion> {
  if (optimized === undefined) return new Map(layout.sources.map((f) => [f, unchanged(f)]));
  const program = new ProgramReader(object, layout, optimized);
  return new Map(optimized.functions.map((range) => program.version(range)).map((v) => [v.source, v]));
}

function unchanged(f: ObjectFunction): FunctionVersion {
  const origin = f.insns.map((_, index) => ({ function: f.name, index }));
  return { source: f, insns: f.insns, origin, refs: new Map(f.refs), original: true };
}

/** Reads the functions of an optimized program in the terms of its object. */
class ProgramReader {
  private readonly object: ObjectFile;
  private readonly layout: Layout;
  private readonly program: Program;
  private readonly slots: Int32Array;
  private readonly sources: ReadonlyMap<string, ObjectFunction>;
  private readonly functionIndex: ReadonlyMap<ObjectFunction, number>;

  constructor(object: ObjectFile, layout: Layout, program: Program) {
    this.object = object;
    this.layout = layout;
    this.program = program;
    this.slots = slotOffsets(program.insns);
    this.sources = new Map(layout.sources.map((f) => [f.name, f]));
    this.functionIndex = new Map(object.functions.map((f, i) => [f, i]));
    program.maps.forEach((m, i) => {
      if (m.name !== layout.maps[i]?.name) throw new Error(`${program.name}: map ${i} is not the original's`);
    });
  }

  version(range: FunctionRange): FunctionVersion {
    const source = this.sources.get(range.name);
    if (source === undefined)
      throw new Error(`${this.program.name}: function '${range.name}' is not in the original`);
    const insns = this.program.insns.slice(range.start, range.end);
    const refs = new Map<number, Ref>();
    const origin = insns.map((insn, i): InsnOrigin => {
      const place = this.place(range.start + i, source);
      const ref = this.reference(insn, range.start + i, place);
      if (ref !== undefined) refs.set(i, ref);
      return place;
    });
    const version = { source, insns, origin, refs, original: false };
    version.original = keyOf(version) === keyOf(unchanged(source));
    return version;
  }

  /** The object's instruction that instruction `at` of the program continues; index -1 when it is new. */
  private place(at: number, source: ObjectFunction): InsnOrigin {
    const flat = this.program.origin[at] ?? -1;
    const pinned = flat >= 0 && this.layout.pinned.has(flat);
    if (pinned && !sameInsn(this.program.insns[at]!, this.layout.insns[flat]!))
      throw new Error(`${this.program.name}, insn ${at}: it was pinned, but has changed`);
    const n = flat < 0 ? -1 : this.layout.functions.findIndex((f) => f.start <= flat && flat < f.end);
    if (n < 0) return { function: source.name, index: -1 };
    return { function: this.layout.sources[n]!.name, index: flat - this.layout.functions[n]!.start };
  }

  private reference(insn: Insn, at: number, place: InsnOrigin): Ref | undefined {
    const old = this.sources.get(place.function)!.refs.get(place.index);
    if (old?.kind === 'kconfig' || old?.kind === 'ksym' || old?.kind === 'kfunc') return old;
    if (insn.op === OP_CALL) return insn.src === PseudoCall.LOCAL ? this.callee('call', insn, at) : undefined;
    if (insn.op !== OP_LD_IMM64) return undefined;
    if (insn.src === PseudoLd.FUNC) return this.callee('func', insn, at);
    if (insn.src !== PseudoLd.MAP_FD && insn.src !== PseudoLd.MAP_VALUE) return undefined;
    const map = this.layout.mapIndex[insn.imm];
    if (map === undefined) throw new Error(`${this.program.name}, insn ${at}: no map ${insn.imm}`);
    if (insn.src === PseudoLd.MAP_FD) return { kind: 'map', map };
    if (!this.object.maps[map]!.isData)
      throw new Error(`${this.program.name}, insn ${at}: an object cannot express an address in this map`);
    return { kind: 'data', map, offset: insn.immHi };
  }

  private callee(kind: 'call' | 'func', insn: Insn, at: number): Ref {
    const start = indexOfSlot(this.slots, referencedSlot(insn, this.slots[at]!)!);
    const range = this.program.functions.find((f) => f.start === start);
    const f = range === undefined ? undefined : this.sources.get(range.name);
    if (f === undefined)
      throw new Error(`${this.program.name}, insn ${at}: no function starts at its target`);
    return { kind, target: this.functionIndex.get(f)! };
  }
}

/** Equal for equal bodies: instructions without what `refs` tells, and `refs`. */
function keyOf(v: FunctionVersion): string {
  const fields = v.insns.map((i, at) => {
    const ref = v.refs.get(at);
    return ref === undefined ? [i.op, i.dst, i.src, i.off, i.imm, i.immHi] : [i.op, i.dst, ref];
  });
  return JSON.stringify(fields);
}

/** @param open functions that are shared and of which there is one version */
function assemble(
  object: ObjectFile,
  versions: ProgramVersions,
  open: ReadonlySet<ObjectFunction>,
): FunctionRewrite[] {
  const keys = new Map<ObjectFunction, Set<string>>();
  for (const program of versions.values()) {
    for (const [f, v] of program) {
      const known = keys.get(f) ?? new Set<string>();
      keys.set(f, known.add(v.original ? '' : keyOf(v)));
    }
  }
  const disputed = new Set([...keys].filter(([, k]) => k.size > 1).map(([f]) => f));
  const users = new Map<ObjectFunction, number>();
  for (const program of versions.values())
    for (const f of program.keys()) users.set(f, (users.get(f) ?? 0) + 1);

  const replaced = new Map<string, FunctionRewrite>();
  const copies: FunctionRewrite[] = [];
  const names = new Set(object.functions.map((f) => f.name));
  for (const [entry, program] of versions) {
    const own = needOwn(object, program, disputed, open);
    // Shared functions of which this program needs its own: they get numbers after the object's functions,
    // in the order in which the copies are made below.
    if (own.has(entry) && (users.get(entry) ?? 0) > 1)
      throw new UserError(
        `program ${entry.name} is also a subprogram of another one.`,
        object.file,
        'Move the shared part into a function of its own.',
      );
    const copied = [...program.keys()].filter((f) => own.has(f) && (users.get(f) ?? 0) > 1);
    const number = new Map(copied.map((f, i) => [f, object.functions.length + copies.length + i]));
    const redirect = (v: FunctionVersion): ReadonlyMap<number, Ref> =>
      new Map(
        [...v.refs].map(([i, ref]): [number, Ref] => {
          if (ref.kind !== 'call' && ref.kind !== 'func') return [i, ref];
          return [i, { ...ref, target: number.get(object.functions[ref.target]!) ?? ref.target }];
        }),
      );
    for (const [f, v] of program) {
      const { insns, origin } = v;
      const refs = redirect(v);
      if (number.has(f)) {
        const name = freshName(f.name, names);
        copies.push({ function: name, copyOf: f.name, insns, origin, refs });
      } else if (!v.original && !disputed.has(f)) {
        replaced.set(f.name, { function: f.name, insns, origin, refs });
      } else if (own.has(f)) {
        replaced.set(f.name, { function: f.name, insns, origin, refs });
      }
    }
  }
  return [...replaced.values(), ...copies];
}

/**
 * The functions that must not be shared: disputed ones that this program wants changed, and all that reach
 * one of them.
 */
function needOwn(
  object: ObjectFile,
  program: ReadonlyMap<ObjectFunction, FunctionVersion>,
  disputed: ReadonlySet<ObjectFunction>,
  open: ReadonlySet<ObjectFunction>,
): Set<ObjectFunction> {
  const own = new Set([...program].filter(([f, v]) => disputed.has(f) && !v.original).map(([f]) => f));
  for (let grew = own.size > 0; grew; ) {
    grew = false;
    for (const [f, v] of program) {
      if (own.has(f) || open.has(f)) continue;
      const reaches = [...v.refs.values()].some(
        (r) => (r.kind === 'call' || r.kind === 'func') && own.has(object.functions[r.target]!),
      );
      if (!reaches) continue;
      own.add(f);
      grew = true;
    }
  }
  return own;
}

function freshName(base: string, taken: Set<string>): string {
  for (let n = 2; ; n++) {
    const name = `${base}.${n}`;
    if (taken.has(name)) continue;
    taken.add(name);
    return name;
  }
}
