/**
 * The ELF container: 64-bit relocatable objects, of either byte order, of machine 247 (EM_BPF), or 0 (old
 * LLVM).
 *
 *     bytes --parseElf--> ElfFile (sections, symbols, relocations, linked by reference) --writeElf--> bytes
 *
 * Sections, symbols and relocations refer to each other as objects, not by number, so that any of them can be
 * added, resized or removed; numbers, offsets and the header table are made anew when writing. An unchanged
 * file comes out byte for byte when its headers stand at the end, as LLVM and binutils place them.
 */
import { UserError } from '../../../base/errors.ts';
import { groupBy } from '../../../base/group-by.ts';
import type { ByteOrder } from '../../../isa/codec.ts';
import { ByteReader, hex, StringTable } from './reader.ts';

export const SectionType = {
  NULL: 0,
  PROGBITS: 1,
  SYMTAB: 2,
  STRTAB: 3,
  RELA: 4,
  NOBITS: 8,
  REL: 9,
  GROUP: 17,
  SYMTAB_SHNDX: 18,
  LLVM_ADDRSIG: 0x6fff4c03,
} as const;
export const SectionFlag = { EXECINSTR: 0x4, INFO_LINK: 0x40 } as const;
export const SymbolType = { NOTYPE: 0, OBJECT: 1, FUNC: 2, SECTION: 3, FILE: 4 } as const;
export const SymbolBind = { LOCAL: 0, GLOBAL: 1, WEAK: 2 } as const;
/** STV_*, the low two bits of `st_other`. */
export const SymbolVisibility = { INTERNAL: 1, HIDDEN: 2 } as const;
/** First of the reserved section numbers: absolute, common, ... */
const SHN_LORESERVE = 0xff00;
export const EM_BPF = 247;
/** What LLVM wrote before BPF had a number; libbpf takes it, too. */
const EM_NONE = 0;
const HEADER = 64;
const MAGIC = [0x7f, 0x45, 0x4c, 0x46];
/** Place of the byte order in the header, and its values. */
const EI_DATA = 5;
const [LITTLE_ENDIAN, BIG_ENDIAN] = [1, 2];
const SECTION_HEADER = 64;
const SYMBOL = 24;
/** No BPF object needs more; larger would let a few bytes ask for a huge file. */
const MAX_ALIGN = 65536;

export interface Section {
  name: string;
  /** Place of the name in the section-name table, which is kept as it is. */
  nameOffset: number;
  type: number;
  flags: number;
  addr: number;
  /**
   * Contents; empty for NOBITS. Contents of symbol and relocation tables are written from their parsed form.
   */
  data: Uint8Array;
  /** Bytes in memory; for NOBITS the only size there is. */
  size: number;
  align: number;
  entsize: number;
  /** sh_link, where it names a section. */
  link: Section | undefined;
  /** sh_info: a section (relocations, SHF_INFO_LINK) or a plain number. */
  info: Section | number;
  /** File offset it was read from: sections keep this order. */
  offset: number;
}

export interface ElfSymbol {
  name: string;
  nameOffset: number;
  value: number;
  size: number;
  type: number;
  bind: number;
  other: number;
  /** Section it lives in; undefined for undefined, absolute and common symbols, whose number is `special`. */
  section: Section | undefined;
  special: number;
}

export interface Reloc {
  /** Byte offset in the target section. */
  offset: number;
  type: number;
  symbol: ElfSymbol;
  /** RELA only; REL keeps its addend in the target. */
  addend: bigint;
}

export interface RelocTable {
  /** The SHT_REL or SHT_RELA section. */
  section: Section;
  target: Section;
  entries: Reloc[];
}

export interface ElfFile {
  /** As the user named it, for messages. */
  file: string;
  /** Of the machine that the object is for. */
  order: ByteOrder;
  /** The 64 bytes of the file header. */
  header: Uint8Array;
  sections: Section[];
  /** Section with the section names. */
  names: Section | undefined;
  symtab: Section | undefined;
  /** Number 0 is the null symbol. */
  symbols: ElfSymbol[];
  relocations: RelocTable[];
}

/** Sections that hold programs. */
export function isCode(s: Section): boolean {
  return s.type === SectionType.PROGBITS && (s.flags & SectionFlag.EXECINSTR) !== 0 && s.data.length > 0;
}

/** The symbols of each section, by value. */
export function symbolsBySection(elf: ElfFile): Map<Section, ElfSymbol[]> {
  const placed = elf.symbols.filter((s) => s.section !== undefined);
  const result = groupBy(placed, (s) => s.section as Section);
  for (const list of result.values()) list.sort((a, b) => a.value - b.value);
  return result;
}

/** @throws UserError when it is no ELF object for BPF, or damaged */
export function parseElf(input: Uint8Array, file: string): ElfFile {
  // A Buffer's slice() would share memory instead of copying: see it as the plain array it is.
  const bytes = new Uint8Array(input.buffer, input.byteOffset, input.length);
  const order: ByteOrder = bytes[EI_DATA] === BIG_ENDIAN ? 'big' : 'little';
  const r = new ByteReader(bytes, file, '', order);
  checkHeader(r);
  const { sections, links } = readSections(r);
  const names = linkSections(r, sections, links);
  const symtabs = sections.filter((s) => s.type === SectionType.SYMTAB);
  const symtab = symtabs[0];
  if (symtabs.length > 1) throw r.fail('two symbol tables', symtabs[1]?.offset ?? 0);
  const symbols = symtab === undefined ? [] : readSymbols(symtab, sections, r);
  const relocations: RelocTable[] = [];
  for (const s of sections)
    if (s.type === SectionType.REL || s.type === SectionType.RELA)
      relocations.push(readRelocs(s, symtab, symbols, r));
  return { file, order, header: bytes.slice(0, HEADER), sections, names, symtab, symbols, relocations };
}

function checkHeader(r: ByteReader): void {
  const unsupported = (what: string, hint: string): UserError => new UserError(`${what}.`, r.file, hint);
  if (!MAGIC.every((b, i) => r.bytes[i] === b))
    throw unsupported('not an ELF file', 'Give an object that clang -target bpf wrote.');
  r.need(0, HEADER, 'the file header');
  if (r.bytes[4] !== 2) throw unsupported('not a 64-bit ELF file', 'BPF objects are ELF64.');
  if (r.bytes[EI_DATA] !== LITTLE_ENDIAN && r.bytes[EI_DATA] !== BIG_ENDIAN)
    throw unsupported('an ELF file of no known byte order', 'Give an object that clang -target bpf wrote.');
  const machine = r.u16(18, 'the machine number');
  if (machine !== EM_BPF && machine !== EM_NONE)
    throw unsupported(`an object for machine ${machine}, not for BPF (${EM_BPF})`, 'Build with -target bpf.');
}

interface Links {
  link: number;
  info: number;
  /** File offset of the section's header. */
  at: number;
}

function readSections(r: ByteReader): { sections: Section[]; links: Links[] } {
  const shoff = r.u64(40, 'the offset of the section headers');
  const count = r.u16(60, 'the number of sections');
  const entry = r.u16(58, 'the size of a section header');
  if (count === 0 || shoff === 0) throw r.fail('no section headers', 40);
  if (entry !== SECTION_HEADER) throw r.fail(`section headers of ${entry} bytes instead of 64`, 58);
  r.need(shoff, count * SECTION_HEADER, 'the section header table');
  const sections: Section[] = [];
  const links: Links[] = [];
  let total = 0;
  for (let i = 0; i < count; i++) {
    const at = shoff + i * SECTION_HEADER;
    const what = `header of section ${i}`;
    const type = r.u32(at + 4, what);
    const size = r.u64(at + 32, `${what}: size`);
    const align = r.u64(at + 48, `${what}: alignment`);
    const offset = r.u64(at + 24, `${what}: offset`);
    const empty = type === SectionType.NULL || type === SectionType.NOBITS;
    if (type !== SectionType.NULL && align > 1 && (align > MAX_ALIGN || !Number.isInteger(Math.log2(align))))
      throw r.fail(`section ${i} asks for an alignment of ${align}`, at + 48);
    const data = empty ? new Uint8Array() : r.slice(offset, size, `section ${i}`);
    total += data.length;
    sections.push({
      name: '',
      nameOffset: r.u32(at, what),
      type,
      flags: r.u64(at + 8, `${what}: flags`),
      addr: r.u64(at + 16, `${what}: address`),
      data,
      size,
      align,
      entsize: r.u64(at + 56, `${what}: entry size`),
      link: undefined,
      info: 0,
      offset,
    });
    links.push({ link: r.u32(at + 40, what), info: r.u32(at + 44, what), at });
  }
  if (total > r.bytes.length) throw r.fail('sections overlap: together they are larger than the file', shoff);
  return { sections, links };
}

/** Names the sections and turns sh_link and sh_info into references; returns the section with the names. */
function linkSections(r: ByteReader, sections: Section[], links: readonly Links[]): Section | undefined {
  const byNumber = (n: number, at: number): Section => {
    const s = sections[n];
    if (s === undefined) throw r.fail(`reference to section ${n} of ${sections.length}`, at);
    return s;
  };
  const namesIndex = r.u16(62, 'the number of the name section');
  const names = namesIndex === 0 ? undefined : byNumber(namesIndex, 62);
  const table =
    names === undefined
      ? undefined
      : new StringTable(new ByteReader(names.data, r.file, 'of the section names'));
  sections.forEach((s, i) => {
    const { link, info, at } = links[i] as Links;
    s.name = table?.at(s.nameOffset) ?? '';
    if (s.type === SectionType.SYMTAB_SHNDX) throw r.fail('extended section numbers', at);
    s.link = link === 0 ? undefined : byNumber(link, at + 40);
    const refers =
      s.type === SectionType.REL || s.type === SectionType.RELA || (s.flags & SectionFlag.INFO_LINK) !== 0;
    s.info = refers ? byNumber(info, at + 44) : info;
  });
  return names;
}

function readSymbols(symtab: Section, sections: readonly Section[], of: ByteReader): ElfSymbol[] {
  const r = new ByteReader(symtab.data, of.file, symtab.name, of.order);
  if (symtab.size % SYMBOL !== 0) throw r.fail('the symbol table ends within a symbol', symtab.size);
  if (symtab.link?.type !== SectionType.STRTAB) throw r.fail('the symbol table has no string table', 0);
  const names = new StringTable(new ByteReader(symtab.link.data, of.file, symtab.link.name));
  const symbols: ElfSymbol[] = [];
  for (let at = 0; at < symtab.size; at += SYMBOL) {
    const what = `symbol ${at / SYMBOL}`;
    const info = r.u8(at + 4, what);
    const number = r.u16(at + 6, what);
    const special = number === 0 || number >= SHN_LORESERVE;
    const section = special ? undefined : sections[number];
    if (!special && section === undefined)
      throw r.fail(`${what} is in section ${number} of ${sections.length}`, at + 6);
    const nameOffset = r.u32(at, what);
    symbols.push({
      name: names.at(nameOffset),
      nameOffset,
      value: r.u64(at + 8, `value of ${what}`),
      size: r.u64(at + 16, `size of ${what}`),
      type: info & 0xf,
      bind: info >> 4,
      other: r.u8(at + 5, what),
      section,
      special: special ? number : 0,
    });
  }
  return symbols;
}

function readRelocs(
  section: Section,
  symtab: Section | undefined,
  symbols: readonly ElfSymbol[],
  of: ByteReader,
): RelocTable {
  const r = new ByteReader(section.data, of.file, section.name, of.order);
  const step = section.type === SectionType.RELA ? 24 : 16;
  if (section.size % step !== 0) throw r.fail('the relocation table ends within an entry', section.size);
  const target = section.info;
  if (typeof target === 'number') throw r.fail('relocations without a target section', 0);
  if (section.link === undefined || section.link !== symtab)
    throw r.fail('relocations without a symbol table', 0);
  const [typeAt, symbolAt] = r.order === 'little' ? [8, 12] : [12, 8];
  const entries: Reloc[] = [];
  for (let at = 0; at < section.size; at += step) {
    const offset = r.u64(at, 'offset of a relocation');
    if (offset >= Math.max(target.size, 1))
      throw r.fail(`relocation at ${hex(offset)}, past the end of ${target.name} (${hex(target.size)})`, at);
    // r_info: the symbol in the upper half, the type in the lower.
    const number = r.u32(at + symbolAt, 'a relocation');
    const symbol = symbols[number];
    if (symbol === undefined)
      throw r.fail(`relocation with symbol ${number} of ${symbols.length}`, at + symbolAt);
    r.need(at, step, 'a relocation');
    const view = new DataView(section.data.buffer, section.data.byteOffset + at, step);
    const addend = step === 24 ? view.getBigInt64(16, r.order === 'little') : 0n;
    entries.push({ offset, type: r.u32(at + typeAt, 'a relocation'), symbol, addend });
  }
  return { section, target, entries };
}
