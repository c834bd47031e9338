/**
 * The maps of an object: legacy definitions (section `maps`), BTF definitions (section `.maps`), global data
 * sections and the kernel's configuration (`.kconfig`).
 */

import type { MapDef } from '../program.ts';
import { MapFlag, MapTypeId } from '../tables/maps.ts';
import type { Btf, BtfMember, BtfType } from './btf/btf.ts';
import { resolve, sizeOf } from './btf/btf.ts';
import {
  type ElfFile,
  type ElfSymbol,
  type Section,
  SectionType,
  SymbolType,
  symbolsBySection,
} from './container/elf.ts';
import { ByteReader, damaged } from './container/reader.ts';

const SHF_MERGE = 0x10;
/** A .bss takes no room in the file, so its size is only a claim: more than this is refused. */
const MAX_BSS = 64 << 20;

/** A map and where the object defines it. */
export interface ObjectMap {
  def: MapDef;
  section: Section | undefined;
  /** Byte offset of the definition; a data section starts at 0. */
  offset: number;
  /** The whole section is the value of one array entry. */
  isData: boolean;
  /** Why the definition cannot be used. */
  problem?: string;
}

export function isBssName(name: string): boolean {
  return name === '.bss' || name.startsWith('.bss.');
}
function isDataName(name: string): boolean {
  return ['.data', '.rodata'].some((n) => name === n || name.startsWith(`${n}.`));
}
/** `maps`, and `maps/name` as older tool kits write it. */
function isLegacyName(name: string): boolean {
  return name === 'maps' || name.startsWith('maps/');
}

/**
 * All maps: defined ones in the order of their definitions, then data sections, then `.kconfig` if there is
 * one.
 */
export function readMaps(elf: ElfFile, btf: Btf | undefined): ObjectMap[] {
  const maps: ObjectMap[] = [];
  const bySection = symbolsBySection(elf);
  const symbolsOf = (s: Section): ElfSymbol[] =>
    (bySection.get(s) ?? []).filter((sym) => sym.type !== SymbolType.SECTION);
  for (const s of elf.sections) if (isLegacyName(s.name)) maps.push(...legacyMaps(elf, s, symbolsOf(s)));
  for (const s of elf.sections)
    if (s.name === '.maps') {
      const defined = btfMaps(s, symbolsOf(s), btf);
      fillValues(elf, s, btf, defined);
      maps.push(...defined);
    }
  let zeros = 0;
  for (const s of elf.sections) {
    const bss = s.type === SectionType.NOBITS && isBssName(s.name);
    if (!(bss || (s.type === SectionType.PROGBITS && isDataName(s.name))) || s.size === 0) continue;
    zeros += bss ? s.size : 0;
    if (zeros > MAX_BSS)
      throw damaged(`${zeros} bytes of zeros are more than can be right`, elf.file, s.name, 0);
    maps.push(dataMap(s, btf, symbolsOf(s).length > 0));
  }
  const kconfig = btf === undefined ? undefined : kconfigMap(btf);
  if (kconfig !== undefined) maps.push(kconfig);
  return maps;
}

/**
 * `struct bpf_map_def` and its relatives, told apart by size: at least { type, key_size, value_size,
 * max_entries, map_flags }; 28 bytes (kernel samples) add { inner_map_idx, numa_node }; 36 bytes (iproute2)
 * add { id, pinning, inner_id, inner_idx }.
 */
function legacyMaps(elf: ElfFile, s: Section, all: readonly ElfSymbol[]): ObjectMap[] {
  const r = new ByteReader(s.data, elf.file, s.name, elf.order);
  const symbols = all.filter((sym, i) => sym.name !== '' && sym.value !== all[i - 1]?.value);
  const maps: (ObjectMap & { size: number })[] = symbols.map((sym, i) => {
    const size = sym.size || (symbols[i + 1]?.value ?? s.data.length) - sym.value;
    const what = `map ${sym.name}`;
    const none: MapDef = { name: sym.name, type: 0, keySize: 0, valueSize: 0, maxEntries: 0, flags: 0 };
    const place = { section: s, offset: sym.value, isData: false, size };
    if (size < 16)
      return { ...place, def: none, problem: `${what} is only ${size} bytes, a definition has at least 16` };
    r.need(sym.value, size, what);
    const field = (n: number): number => (n * 4 < size ? r.u32(sym.value + n * 4, what) : 0);
    const def: MapDef = {
      name: sym.name,
      type: field(0),
      keySize: field(1),
      valueSize: field(2),
      maxEntries: field(3),
      flags: field(4),
    };
    return { ...place, def };
  });
  for (const m of maps) {
    if (m.def.type !== MapTypeId.ARRAY_OF_MAPS && m.def.type !== MapTypeId.HASH_OF_MAPS) continue;
    let inner: ObjectMap | undefined;
    if (m.size === 28) inner = maps[r.u32(m.offset + 20, 'inner map')];
    if (m.size === 36) {
      const id = r.u32(m.offset + 28, 'inner map');
      if (id !== 0)
        inner = maps.find((o) => o.size === 36 && o !== m && r.u32(o.offset + 20, 'map id') === id);
    }
    if (inner !== undefined && inner !== m) m.def.inner = { ...inner.def };
  }
  return maps.map(({ size: _, ...map }) => map);
}

function btfMaps(s: Section, all: readonly ElfSymbol[], btf: Btf | undefined): ObjectMap[] {
  const vars = btf?.sections.get('.maps');
  const symbols = all.filter((sym) => sym.type === SymbolType.OBJECT);
  if (btf === undefined || vars === undefined) {
    const problem = 'section .maps has no BTF that describes it: build with -g';
    return symbols.map((sym) => ({
      def: { name: sym.name, type: 0, keySize: 0, valueSize: 0, maxEntries: 0, flags: 0 },
      section: s,
      offset: sym.value,
      isData: false,
      problem,
    }));
  }
  const places = new Map(symbols.map((sym) => [sym.name, sym.value]));
  const maps = vars.map((v): ObjectMap => {
    const variable = btf.types[v.type];
    const name = variable?.name ?? '';
    // Compilers leave the variables' offsets to relocation: the symbol knows.
    const offset = places.get(name) ?? v.offset;
    const def: MapDef = { name, type: 0, keySize: 0, valueSize: 0, maxEntries: 0, flags: 0 };
    const struct = variable?.kind === 'var' ? resolve(btf, variable.type)?.type : undefined;
    const problem = struct === undefined ? 'it is no variable' : fillFromStruct(btf, struct, def, false);
    const named = problem === undefined ? {} : { problem: `map ${name}: ${problem}` };
    return { def, section: s, offset, isData: false, ...named };
  });
  return maps.sort((a, b) => a.offset - b.offset);
}

/**
 * Reads `__uint`, `__type`, `__array` and `__ulong` members into `def`; returns what is wrong with them, if
 * anything.
 */
function fillFromStruct(btf: Btf, struct: BtfType, def: MapDef, inner: boolean): string | undefined {
  if (struct.kind !== 'struct') return `its type is a ${struct.kind}, not a struct`;
  for (const m of struct.members) {
    const problem = applyMember(btf, m, def, inner);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function applyMember(btf: Btf, m: BtfMember, def: MapDef, inner: boolean): string | undefined {
  switch (m.name) {
    case 'type':
    case 'max_entries':
    case 'map_flags':
    case 'key_size':
    case 'value_size': {
      const value = numberMember(btf, m);
      if (value === undefined) return `${m.name} is no number`;
      if (m.name === 'type') def.type = value;
      else if (m.name === 'max_entries') def.maxEntries = value;
      else if (m.name === 'map_flags') def.flags = value;
      else if (m.name === 'key_size') def.keySize = value;
      else def.valueSize = value;
      return undefined;
    }
    case 'key':
    case 'value': {
      const pointer = btf.types[m.type];
      const size = pointer?.kind === 'ptr' ? sizeOf(btf, pointer.type) : undefined;
      if (size === undefined) return `${m.name} has no size`;
      if (m.name === 'key') def.keySize = size;
      else def.valueSize = size;
      return undefined;
    }
    case 'values':
      return inner ? 'maps nest only once' : applyValues(btf, m, def);
    default:
      // pinning, numa_node, map_extra: no bearing on what a program computes.
      return undefined;
  }
}

/** `__array(values, T)`: T is the inner map's definition, or the prototype of programs (prog array). */
function applyValues(btf: Btf, m: BtfMember, def: MapDef): string | undefined {
  const array = btf.types[m.type];
  const pointer = array?.kind === 'array' ? resolve(btf, array.element)?.type : undefined;
  const element = pointer?.kind === 'ptr' ? resolve(btf, pointer.type)?.type : undefined;
  if (element === undefined) return 'values is no array of pointers';
  def.keySize ||= 4;
  def.valueSize ||= 4;
  if (element.kind !== 'struct') return undefined;
  def.inner = { name: `${def.name}.inner`, type: 0, keySize: 0, valueSize: 0, maxEntries: 0, flags: 0 };
  return fillFromStruct(btf, element, def.inner, true);
}

/**
 * `.values = { [1] = &inner }`: each is a relocation of the section, at the definition's place plus that of
 * `values`. Those that name programs (prog arrays) are left out.
 */
function fillValues(elf: ElfFile, s: Section, btf: Btf | undefined, maps: readonly ObjectMap[]): void {
  if (btf === undefined) return;
  const placeOfValues = new Map<string, number>();
  for (const v of btf.sections.get('.maps') ?? []) {
    const variable = btf.types[v.type];
    const struct = variable?.kind === 'var' ? resolve(btf, variable.type)?.type : undefined;
    const member = struct?.kind === 'struct' ? struct.members.find((m) => m.name === 'values') : undefined;
    if (member !== undefined) placeOfValues.set(variable?.name ?? '', member.bitOffset / 8);
  }
  const entries = elf.relocations.filter((t) => t.target === s).flatMap((t) => t.entries);
  for (const { def, offset } of maps) {
    const place = placeOfValues.get(def.name);
    if (place === undefined) continue;
    const end = Math.min(...maps.map((m) => m.offset).filter((o) => o > offset), s.data.length);
    const values = entries.flatMap((r) => {
      const index = (r.offset - offset - place) / 8;
      const map = maps.find((m) => m.def.name === r.symbol.name)?.def;
      return map === undefined || !Number.isInteger(index) || index < 0 || r.offset >= end
        ? []
        : [{ index, map }];
    });
    if (values.length > 0) def.values = values;
  }
}

/** `__uint(name, n)` is `int (*name)[n]`; `__ulong(name, n)` an enum of one value. */
function numberMember(btf: Btf, m: BtfMember): number | undefined {
  const pointer = resolve(btf, m.type)?.type;
  if (pointer?.kind === 'enum') return Number(BigInt.asUintN(32, pointer.values[0]?.value ?? 0n));
  if (pointer?.kind !== 'ptr') return undefined;
  const array = resolve(btf, pointer.type)?.type;
  return array?.kind === 'array' ? array.length : undefined;
}

/**
 * `.rodata` becomes a frozen map. Its contents count as constants only where nobody can set them before
 * loading (contracts/values.ts): literals of the compiler, which have no name.
 * @param isNamed a symbol of the object names some of its bytes
 */
function dataMap(s: Section, btf: Btf | undefined, isNamed: boolean): ObjectMap {
  const readonly = s.name.startsWith('.rodata');
  const settable = btf === undefined || isNamed || (btf.sections.get(s.name) ?? []).length > 0;
  const constant = readonly && ((s.flags & SHF_MERGE) !== 0 || !settable);
  const def: MapDef = {
    name: s.name,
    type: MapTypeId.ARRAY,
    keySize: 4,
    valueSize: s.size,
    maxEntries: 1,
    flags: readonly ? MapFlag.RDONLY_PROG : 0,
    initial: s.type === SectionType.NOBITS ? new Uint8Array(s.size) : s.data.slice(),
    ...(constant ? { readonly: true } : {}),
  };
  return { def, section: s, offset: 0, isData: true };
}

/** Variables that the loader fills from the kernel's configuration, in our own order; unknown until then. */
function kconfigMap(btf: Btf): ObjectMap | undefined {
  const { size } = kconfigLayout(btf);
  if (size === 0) return undefined;
  const def: MapDef = {
    name: '.kconfig',
    type: MapTypeId.ARRAY,
    keySize: 4,
    valueSize: size,
    maxEntries: 1,
    flags: MapFlag.RDONLY_PROG,
  };
  return { def, section: undefined, offset: 0, isData: true };
}

/** Byte offset of each `.kconfig` variable. */
export function kconfigLayout(btf: Btf): { size: number; offsets: ReadonlyMap<string, number> } {
  const offsets = new Map<string, number>();
  let size = 0;
  for (const v of btf.sections.get('.kconfig') ?? []) {
    const variable = btf.types[v.type];
    if (variable?.kind !== 'var') continue;
    const bytes = Math.min(sizeOf(btf, variable.type) ?? v.size, 4096);
    offsets.set(variable.name, size);
    size += Math.max(8, Math.ceil(bytes / 8) * 8);
  }
  return { size, offsets };
}
