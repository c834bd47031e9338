/**
 * From relocations to references, as libbpf reads them (`bpf_program__record_reloc`,
 * `bpf_object__reloc_code`).
 */
import { groupBy } from '../../base/group-by.ts';
import { indexOfSlot, slotOffsets } from '../../isa/flow.ts';
import { type Insn, OP_CALL, OP_LD_IMM64, PseudoCall, PseudoLd } from '../../isa/insn.ts';
import {
  type ElfSymbol,
  isCode,
  type Reloc,
  type Section,
  SectionType,
  SymbolBind,
  SymbolType,
} from './container/elf.ts';
import { hex } from './container/reader.ts';
import { kconfigLayout } from './map-definitions.ts';
import type { MutableFunction, ObjectFile, Ref } from './object-types.ts';

/** Relocation types of machine 247 (Documentation/bpf/llvm_reloc.rst). */
export const RelocType = {
  NONE: 0,
  /** ld_imm64. */
  R_64_64: 1,
  /** 8 bytes of data. */
  ABS64: 2,
  /** 4 bytes of data. */
  ABS32: 3,
  /** 4 bytes of .BTF and .BTF.ext. */
  NODYLD32: 4,
  /** call. */
  R_64_32: 10,
} as const;

/** Section number of variables that the linker has yet to place. */
const SHN_COMMON = 0xfff2;

type Result = { ok: true; ref: Ref } | { ok: false; reason: string };
const no = (reason: string): Result => ({ ok: false, reason });
const yes = (ref: Ref): Result => ({ ok: true, ref });

/** Everything that resolving needs, made once per object. */
interface Context {
  object: ObjectFile;
  /** By section and start. */
  functionAt: ReadonlyMap<Section, ReadonlyMap<number, number>>;
  mapAt: ReadonlyMap<Section, ReadonlyMap<number, number>>;
  dataMap: ReadonlyMap<Section, number>;
  externs: ReadonlyMap<string, Ref>;
}

/** Fills `refs` and `relocs` of all functions; what cannot be resolved becomes the function's `problem`. */
export function resolveReferences(object: ObjectFile, functions: readonly MutableFunction[]): void {
  const context = makeContext(object);
  const bySection = groupBy(functions, (f) => f.section);
  for (const table of object.elf.relocations) {
    const inSection = bySection.get(table.target);
    if (inSection === undefined) continue;
    const sorted = [...table.entries].sort((a, b) => a.offset - b.offset);
    for (const f of inSection) placeRelocs(f, sorted, table.section.type === SectionType.RELA);
  }
  for (const f of functions) {
    if (f.problem !== '') continue;
    const offsets = slotOffsets(f.insns);
    for (const [index, insn] of f.insns.entries()) {
      const reloc = f.relocs.get(index);
      const result =
        reloc === undefined
          ? withoutReloc(insn, f, offsets[index]!, context)
          : withReloc(insn, reloc, context);
      if (result === undefined) continue;
      if (result.ok) f.refs.set(index, result.ref);
      else f.problem ||= `insn ${index}: ${result.reason}`;
    }
  }
}

function placeRelocs(f: MutableFunction, sorted: readonly Reloc[], rela: boolean): void {
  const offsets = slotOffsets(f.insns);
  let i = lowerBound(sorted, f.start);
  for (; i < sorted.length; i++) {
    const reloc = sorted[i]!;
    if (reloc.offset >= f.end) break;
    const index = indexOfSlot(offsets, (reloc.offset - f.start) / 8);
    const where = `relocation at ${hex(reloc.offset)}`;
    if (index === undefined || index === f.insns.length) f.problem ||= `${where} belongs to no instruction`;
    else if (rela) f.problem ||= `${where} has an explicit addend (SHT_RELA), which no BPF loader reads`;
    else if (f.relocs.has(index)) f.problem ||= `${where} is the second one of its instruction`;
    else f.relocs.set(index, reloc);
  }
}

function lowerBound(sorted: readonly Reloc[], offset: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (sorted[mid]!.offset < offset) low = mid + 1;
    else high = mid;
  }
  return low;
}

function makeContext(object: ObjectFile): Context {
  const functionAt = new Map<Section, Map<number, number>>();
  object.functions.forEach((f, i) => {
    const at = functionAt.get(f.section) ?? new Map<number, number>();
    if (!at.has(f.start)) at.set(f.start, i);
    functionAt.set(f.section, at);
  });
  const mapAt = new Map<Section, Map<number, number>>();
  const dataMap = new Map<Section, number>();
  object.maps.forEach((m, i) => {
    if (m.section === undefined) return;
    if (m.isData) {
      dataMap.set(m.section, i);
      return;
    }
    const at = mapAt.get(m.section) ?? new Map<number, number>();
    at.set(m.offset, i);
    mapAt.set(m.section, at);
  });
  return { object, functionAt, mapAt, dataMap, externs: readExterns(object) };
}

/** `.kconfig` and `.ksyms` variables and functions, by name. */
function readExterns({ btf, maps }: ObjectFile): Map<string, Ref> {
  const externs = new Map<string, Ref>();
  if (btf === undefined) return externs;
  const kconfig = maps.findIndex((m) => m.isData && m.section === undefined);
  for (const [name, offset] of kconfigLayout(btf).offsets)
    externs.set(name, { kind: 'kconfig', name, map: kconfig, offset });
  for (const v of btf.sections.get('.ksyms') ?? []) {
    const t = btf.types[v.type];
    if (t?.kind === 'func') externs.set(t.name, { kind: 'kfunc', name: t.name });
    if (t?.kind !== 'var') continue;
    let type = btf.types[t.type];
    for (let i = 0; i < 32 && type !== undefined && ['const', 'volatile'].includes(type.kind); i++)
      type = 'type' in type ? btf.types[type.type] : undefined;
    externs.set(t.name, { kind: 'ksym', name: t.name, typed: type !== undefined && type.kind !== 'void' });
  }
  return externs;
}

function withReloc(insn: Insn, reloc: Reloc, c: Context): Result {
  const symbol = reloc.symbol;
  const known = reloc.type === RelocType.R_64_64 || reloc.type === RelocType.R_64_32;
  if (!known) return no(`relocation of type ${reloc.type}, which does not belong in code`);
  if (insn.op === OP_CALL) return callTarget(insn, symbol, c);
  if (insn.op !== OP_LD_IMM64)
    return no(`relocation of an instruction that takes none (opcode ${hex(insn.op)})`);
  const section = symbol.section;
  if (section === undefined) return externRef(symbol, c);
  const at = symbol.value + insn.imm;
  if (isCode(section)) {
    const target = c.functionAt.get(section)?.get(at);
    return target === undefined
      ? no(`address of ${section.name}+${hex(at)}, where no function starts`)
      : yes({ kind: 'func', target });
  }
  const data = c.dataMap.get(section);
  if (data !== undefined) return yes({ kind: 'data', map: data, offset: at | 0 });
  const place = symbol.type === SymbolType.SECTION ? at : symbol.value;
  const map = c.mapAt.get(section)?.get(place);
  if (map === undefined)
    return no(`reference to ${section.name}+${hex(place)}, which is no map and no global data`);
  const problem = c.object.maps[map]?.problem;
  return problem === undefined ? yes({ kind: 'map', map }) : no(problem);
}

function callTarget(insn: Insn, symbol: ElfSymbol, c: Context): Result {
  if (symbol.section === undefined) {
    const ref = externRef(symbol, c);
    return !ref.ok || ref.ref.kind === 'kfunc'
      ? ref
      : no(`call of ${symbol.name}, which is no kernel function`);
  }
  if (insn.src !== PseudoCall.LOCAL) return no('relocation of a helper call');
  return localCall(symbol.section, symbol.value + (insn.imm + 1) * 8, c);
}

function localCall(section: Section, at: number, c: Context): Result {
  const target = c.functionAt.get(section)?.get(at);
  if (target === undefined) return no(`call of ${section.name}+${hex(at)}, where no function starts`);
  return yes({ kind: 'call', target });
}

function externRef(symbol: ElfSymbol, c: Context): Result {
  if (symbol.special === SHN_COMMON)
    return no(`'${symbol.name}' is an uninitialised common variable: build with -fno-common`);
  if (symbol.special !== 0 || symbol.name === '')
    return no(`symbol '${symbol.name}' in special section ${hex(symbol.special)}`);
  const ref = c.externs.get(symbol.name);
  if (ref === undefined) return no(`undefined symbol '${symbol.name}'`);
  const isKernels = ref.kind === 'ksym' || ref.kind === 'kfunc';
  return yes(isKernels && symbol.bind === SymbolBind.WEAK ? { ...ref, weak: true } : ref);
}

/** Calls of functions of the same section need no relocation; other references do. */
function withoutReloc(insn: Insn, f: MutableFunction, slot: number, c: Context): Result | undefined {
  if (insn.op === OP_CALL && insn.src === PseudoCall.LOCAL)
    return localCall(f.section, f.start + (slot + insn.imm + 1) * 8, c);
  if (insn.op === OP_LD_IMM64 && insn.src !== PseudoLd.IMM64)
    return no(`ld_imm64 with src ${insn.src}, but without a relocation that says what it refers to`);
  return undefined;
}
