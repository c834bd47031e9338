/**
 * From an object to the programs the kernel would be given: an entry function followed by every subprogram it
 * reaches, in libbpf's order (a callee is appended where its first call is met, then searched itself).
 */
import { slotOffsets } from '../../isa/flow.ts';
import { type Insn, OP_CALL, PseudoCall, PseudoLd } from '../../isa/insn.ts';
import { structureError } from '../../isa/validate.ts';
import { assumed, WEAK } from '../contracts/values.ts';
import type { CoreRelocation, FunctionRange, MapDef, Program } from '../program.ts';
import { contractsOf, exceptionCallbackOf } from './btf/function-contracts.ts';
import { loadableBtf } from './btf/loadable.ts';
import type { CorePlace, ObjectFile, ObjectFunction, Ref } from './object-types.ts';
import { type ProgramOptions, typeOfProgram } from './program-type.ts';

/** A program of an object, or why there is none. */
export type ProgramRow =
  | { ok: true; program: Program }
  | { ok: false; name: string; section: string; reason: string };

/**
 * The kernel's limit for one program; and ours for all programs of an object, which may share their
 * subprograms.
 */
const MAX_INSNS = 1_000_000;
const MAX_OBJECT_INSNS = 8_000_000;

/** One row per entry function, in file order. */
export function programsOf(object: ObjectFile, options: ProgramOptions = {}): ProgramRow[] {
  let total = 0;
  return object.functions
    .filter((f) => f.entry)
    .map((f) => {
      const row: ProgramRow =
        total > MAX_OBJECT_INSNS
          ? refused(f, `the programs before it add up to more than ${MAX_OBJECT_INSNS} instructions`)
          : programOf(object, f, options);
      if (row.ok) total += row.program.insns.length;
      return row;
    });
}

function refused(entry: ObjectFunction, reason: string): ProgramRow {
  return { ok: false, name: entry.name, section: entry.section.name, reason };
}

/** The program of one entry function. */
export function programOf(
  object: ObjectFile,
  entry: ObjectFunction,
  options: ProgramOptions = {},
): ProgramRow {
  const section = entry.section.name;
  if (object.elf.order === 'big' && options.listing !== true)
    return refused(
      entry,
      'it is for a big-endian machine: k2 disasm lists it, and nothing else is done with it',
    );
  const type = typeOfProgram(object, entry, options);
  if (!type.ok) return refused(entry, type.reason);
  const flat = flatten(object, entry);
  if (!flat.ok) return refused(entry, flat.reason);
  const { insns, pinned, core, sources } = flat.layout;
  const maps = flat.layout.maps.map((m) => assumed(m, options.assume));
  const contracts = contractsOf(object, sources, type.hook);
  const functions = flat.layout.functions.map((f, n) => ({ ...f, contract: contracts[n]! }));
  const btf = contracts.every((c) => c.btfType !== undefined) ? loadableBtf(object) : undefined;
  return {
    ok: true,
    program: {
      name: entry.name,
      section,
      hook: type.hook,
      ...(type.attachType === undefined ? {} : { attachType: type.attachType }),
      license: object.license,
      insns,
      functions,
      maps,
      origin: insns.map((_, i) => i),
      pinned,
      ...(btf === undefined ? {} : { btf }),
      ...(btf === undefined || core.size === 0 ? {} : { core }),
      provenance: {
        file: object.file,
        sha256: object.sha256,
        ...(object.elf.order === 'big' ? { byteOrder: 'big' } : {}),
        ...(object.version === 0 ? {} : { kernelVersion: object.version }),
      },
    },
  };
}

/** A program's parts and where they came from. */
export interface Layout {
  insns: Insn[];
  functions: FunctionRange[];
  /** Of each range in `functions`, the object's function. */
  sources: ObjectFunction[];
  maps: MapDef[];
  /** Of each map, its index in the object. */
  mapIndex: number[];
  pinned: Map<number, string>;
  /** By instruction index, as the object has them. */
  core: Map<number, CoreRelocation>;
}

export function flatten(
  object: ObjectFile,
  entry: ObjectFunction,
): { ok: true; layout: Layout } | { ok: false; reason: string } {
  const sources = reachable(object, entry);
  for (const f of sources) {
    const where = f === entry ? '' : `subprogram ${f.name}: `;
    if (f.problem !== '') return { ok: false, reason: where + f.problem };
    if (f.insns.length === 0) return { ok: false, reason: `${where}no instructions` };
  }
  const length = sources.reduce((sum, f) => sum + f.insns.length, 0);
  if (length > MAX_INSNS)
    return { ok: false, reason: `${length} instructions, the kernel takes ${MAX_INSNS}` };
  const used = new Set<number>();
  for (const f of sources)
    for (const ref of f.refs.values())
      if (ref.kind === 'map' || ref.kind === 'data' || ref.kind === 'kconfig') used.add(ref.map);
  const mapIndex = [...used].sort((a, b) => a - b);
  const mapNumber = new Map(mapIndex.map((m, i) => [m, i]));

  const firstSlot = new Map<ObjectFunction, number>();
  let slots = 0;
  for (const f of sources) {
    firstSlot.set(f, slots);
    slots += (f.end - f.start) / 8;
  }
  const insns: Insn[] = [];
  const functions: FunctionRange[] = [];
  const pinned = new Map<number, string>();
  const core = new Map<number, CoreRelocation>();
  for (const f of sources) {
    const start = insns.length;
    const offsets = slotOffsets(f.insns);
    f.insns.forEach((insn, i) => {
      const ref = f.refs.get(i);
      const place = f.core.get(i);
      if (place?.relocation !== undefined) core.set(insns.length, place.relocation);
      const reason = pinReason(insn, ref, place);
      if (reason !== undefined) pinned.set(insns.length, reason);
      const slot = firstSlot.get(f)! + offsets[i]!;
      insns.push(ref === undefined ? insn : link(insn, ref, slot));
    });
    functions.push({ name: f.name, start, end: insns.length });
  }
  const broken = structureError(insns);
  if (broken !== undefined) {
    const f = functions.find((g) => broken.index < g.end)!;
    return { ok: false, reason: `${f.name}, insn ${broken.index - f.start}: ${broken.reason}` };
  }
  const maps = mapIndex.map((m) => object.maps[m]!.def);
  return { ok: true, layout: { insns, functions, sources, maps, mapIndex, pinned, core } };

  function link(insn: Insn, ref: Ref, slot: number): Insn {
    const distance = (target: number): number => firstSlot.get(object.functions[target]!)! - slot - 1;
    switch (ref.kind) {
      case 'map':
        return { ...insn, src: PseudoLd.MAP_FD, imm: mapNumber.get(ref.map)!, immHi: 0 };
      case 'data':
      case 'kconfig':
        return { ...insn, src: PseudoLd.MAP_VALUE, imm: mapNumber.get(ref.map)!, immHi: ref.offset };
      case 'call':
        return { ...insn, src: PseudoCall.LOCAL, imm: distance(ref.target) };
      case 'func':
        return { ...insn, src: PseudoLd.FUNC, imm: distance(ref.target), immHi: 0 };
      case 'ksym':
        return { ...insn, src: ref.typed ? PseudoLd.BTF_ID : PseudoLd.IMM64, imm: 0, immHi: 0 };
      case 'kfunc':
        if (insn.op === OP_CALL) return { ...insn, src: PseudoCall.KFUNC, imm: 0 };
        // Its address. Where it may be absent, nothing is known but that the loader puts a number there.
        return { ...insn, src: ref.weak === true ? PseudoLd.IMM64 : PseudoLd.BTF_ID, imm: 0, immHi: 0 };
    }
  }
}

function pinReason(insn: Insn, ref: Ref | undefined, core: CorePlace | undefined): string | undefined {
  if (core !== undefined) return `CO-RE relocation ${core.name}`;
  if (ref?.kind === 'kconfig') return `kernel configuration ${ref.name}`;
  const weak = (ref?.kind === 'ksym' || ref?.kind === 'kfunc') && ref.weak === true ? WEAK : '';
  if (ref?.kind === 'ksym') return `${weak}kernel symbol ${ref.name}`;
  if (ref?.kind === 'kfunc') return `${weak}kernel function ${ref.name}`;
  if (insn.op === OP_CALL && insn.src === PseudoCall.KFUNC) return 'kernel function by number';
  return undefined;
}

/**
 * Entry and subprograms in libbpf's order. The search keeps its own stack: a hostile call chain may be long.
 */
export function reachable(object: ObjectFile, entry: ObjectFunction): ObjectFunction[] {
  const order = [entry];
  const seen = new Set(order);
  follow(object, entry, order, seen);
  const thrown = exceptionCallbackOf(object, entry);
  if (thrown !== undefined && !seen.has(thrown)) {
    seen.add(thrown);
    order.push(thrown);
    follow(object, thrown, order, seen);
  }
  return order;
}

function follow(
  object: ObjectFile,
  from: ObjectFunction,
  order: ObjectFunction[],
  seen: Set<ObjectFunction>,
): void {
  const stack = [callees(object, from)];
  while (stack.length > 0) {
    const next = stack[stack.length - 1]!.next();
    if (next.done === true) {
      stack.pop();
    } else if (!seen.has(next.value)) {
      seen.add(next.value);
      order.push(next.value);
      stack.push(callees(object, next.value));
    }
  }
}

function* callees(object: ObjectFile, f: ObjectFunction): Generator<ObjectFunction, void> {
  for (const [, ref] of [...f.refs].sort(([a], [b]) => a - b))
    if (ref.kind === 'call' || ref.kind === 'func') yield object.functions[ref.target]!;
}
