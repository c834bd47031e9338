/**
 * A BPF object file, understood: its functions and what each of their instructions refers to.
 *
 *     bytes --parseElf--> container --sections--> maps, functions --relocations--> references
 *
 * Reading never judges whether a program makes sense: a function that cannot be used carries its `problem`.
 */
import { createHash } from 'node:crypto';
import { groupBy } from '../../base/group-by.ts';
import { type ByteOrder, decode } from '../../isa/codec.ts';
import { indexOfSlot, slotOffsets } from '../../isa/flow.ts';
import type { Insn } from '../../isa/insn.ts';
import { parseBtf } from './btf/btf.ts';
import { parseBtfExt } from './btf/btf-ext.ts';
import {
  type ElfFile,
  type ElfSymbol,
  isCode,
  parseElf,
  type Section,
  SectionType,
  SymbolBind,
  SymbolType,
  symbolsBySection,
} from './container/elf.ts';
import { ByteReader, hex } from './container/reader.ts';
import { readMaps } from './map-definitions.ts';
import type { MutableFunction, ObjectFile, ObjectFunction } from './object-types.ts';
import { resolveReferences } from './references.ts';

/** Names that LLVM gives to places within functions. */
const LABEL = /^\.?L(BB|tmp|func|const|C)/;

const CORE_KINDS = [
  'field_byte_offset',
  'field_byte_size',
  'field_exists',
  'field_signed',
  'field_lshift_u64',
  'field_rshift_u64',
  'type_id_local',
  'type_id_target',
  'type_exists',
  'type_size',
  'enumval_exists',
  'enumval_value',
  'type_matches',
];

/**
 * @param file name for messages
 * @throws UserError when the container, the maps or the BTF are damaged; names file, section and offset
 */
export function readObject(bytes: Uint8Array, file: string): ObjectFile {
  const elf = parseElf(bytes, file);
  const section = (name: string): Section | undefined =>
    elf.sections.find((s) => s.name === name && s.type === SectionType.PROGBITS && s.data.length > 0);
  const btfSection = section('.BTF');
  const btf = btfSection === undefined ? undefined : parseBtf(btfSection.data, file, elf.order);
  const extSection = btf === undefined ? undefined : section('.BTF.ext');
  const btfExt =
    btf === undefined || extSection === undefined
      ? undefined
      : parseBtfExt(extSection.data, btf.strings, file, elf.order);
  const maps = readMaps(elf, btf);
  const symbols = symbolsBySection(elf);
  const functions = elf.sections.filter(isCode).flatMap((s) => functionsOf(elf, s, symbols.get(s) ?? []));
  makeNamesUnique(functions);
  const object: ObjectFile = {
    file,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    elf,
    license: licenseOf(section('license')),
    version: versionOf(section('version'), elf),
    maps,
    functions,
    btf,
    btfExt,
  };
  resolveReferences(object, functions);
  addCore(object, functions);
  markEntries(functions);
  return object;
}

function licenseOf(s: Section | undefined): string {
  if (s === undefined) return '';
  const end = s.data.indexOf(0);
  return new TextDecoder().decode(s.data.subarray(0, end < 0 ? s.data.length : end));
}

function versionOf(s: Section | undefined, { file, order }: ElfFile): number {
  return s === undefined ? 0 : new ByteReader(s.data, file, s.name, order).u32(0, 'the kernel version');
}

/**
 * Symbols of type FUNC; in the sections of old compilers, which had none, the untyped symbols but labels;
 * without any symbol the section is one function. A function without a size reaches to the next one.
 */
function functionsOf(elf: ElfFile, s: Section, inSection: readonly ElfSymbol[]): MutableFunction[] {
  let symbols = inSection.filter((sym) => sym.type === SymbolType.FUNC);
  if (symbols.length === 0)
    symbols = inSection.filter(
      (sym) => sym.type === SymbolType.NOTYPE && sym.name !== '' && !LABEL.test(sym.name),
    );
  const r = new ByteReader(s.data, elf.file, s.name, elf.order);
  if (symbols.length === 0) return [makeFunction(s, s.name, 0, s.data.length, undefined, 0, elf.order)];
  const starts = [...new Set(symbols.map((sym) => sym.value)), s.data.length];
  const next = new Map(starts.map((start, i) => [start, starts[i + 1] ?? start]));
  let covered = 0;
  return symbols.map((sym) => {
    if (sym.value >= s.data.length)
      throw r.fail(`function ${sym.name} starts after the end of its section`, sym.value);
    const end = sym.size === 0 ? next.get(sym.value)! : sym.value + sym.size;
    r.need(sym.value, end - sym.value, `function ${sym.name}`);
    const f = makeFunction(s, sym.name, sym.value, end, sym, covered, elf.order);
    covered = Math.max(covered, end);
    return f;
  });
}

function makeFunction(
  section: Section,
  name: string,
  start: number,
  end: number,
  symbol: ElfSymbol | undefined,
  covered: number,
  order: ByteOrder,
): MutableFunction {
  let problem = '';
  let insns: readonly Insn[] = [];
  if (start % 8 !== 0) problem = `starts at ${hex(start)}, in the middle of an instruction`;
  else if (start < covered) problem = 'overlaps the function before it';
  else {
    const decoded = decode(section.data.subarray(start, end), order);
    if (decoded.ok) insns = decoded.insns;
    else problem = `${decoded.reason} (slot ${decoded.slot})`;
  }
  return {
    name,
    section,
    start,
    end,
    symbol,
    entry: false,
    insns,
    refs: new Map(),
    relocs: new Map(),
    core: new Map(),
    problem,
  };
}

function makeNamesUnique(functions: readonly ObjectFunction[]): void {
  const count = new Map<string, number>();
  for (const f of functions) count.set(f.name, (count.get(f.name) ?? 0) + 1);
  for (const f of functions)
    if (f.name === '' || (count.get(f.name) ?? 0) > 1) f.name += `@${f.section.name}+${hex(f.start)}`;
}

function addCore(object: ObjectFile, functions: readonly MutableFunction[]): void {
  const bySection = groupBy(functions, (f) => f.section.name);
  const offsets = new Map(functions.map((f) => [f, slotOffsets(f.insns)]));
  for (const block of object.btfExt?.core?.blocks ?? []) {
    const inSection = bySection.get(block.section) ?? [];
    for (const record of block.records) {
      const f = functionAround(inSection, record.insnOff);
      if (f === undefined) continue;
      const index = indexOfSlot(offsets.get(f)!, (record.insnOff - f.start) / 8);
      if (index === undefined || index === f.insns.length) {
        f.problem ||= `CO-RE relocation at ${hex(record.insnOff)}, which is no instruction`;
        continue;
      }
      const rest = new DataView(record.rest.buffer, record.rest.byteOffset, record.rest.byteLength);
      const isLittle = object.elf.order === 'little';
      const [type, access, kind] = [0, 4, 8].map((at) => rest.getUint32(at, isLittle)) as [
        number,
        number,
        number,
      ];
      const name = CORE_KINDS[kind] ?? `kind ${kind}`;
      f.core.set(index, f.core.has(index) ? { name } : { name, relocation: { type, access, kind } });
    }
  }
}

/** The function of a section (given in order) that contains a byte offset. */
export function functionAround<F extends ObjectFunction>(
  inSection: readonly F[],
  offset: number,
): F | undefined {
  let low = 0;
  let high = inSection.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (inSection[mid]!.start <= offset) low = mid + 1;
    else high = mid;
  }
  const f = inSection[low - 1];
  return f !== undefined && offset < f.end ? f : undefined;
}

/**
 * As libbpf has it: what stands in .text is a subprogram when there are programs elsewhere. A static function
 * in another section that somebody calls is a subprogram, too.
 */
function markEntries(functions: readonly ObjectFunction[]): void {
  const outside = functions.some((f) => f.section.name !== '.text');
  const called = new Set<number>();
  for (const f of functions)
    for (const ref of f.refs.values()) if (ref.kind === 'call' || ref.kind === 'func') called.add(ref.target);
  functions.forEach((f, i) => {
    const isStatic = f.symbol?.bind === SymbolBind.LOCAL;
    f.entry = f.section.name === '.text' ? !outside && !called.has(i) : !(isStatic && called.has(i));
  });
}
