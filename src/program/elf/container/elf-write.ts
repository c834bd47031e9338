/** The way back: an `ElfFile` as bytes. */
import { UserError } from '../../../base/errors.ts';
import { type ElfFile, type ElfSymbol, type Section, SectionType, SymbolBind } from './elf.ts';

const HEADER = 64;
const SECTION_HEADER = 64;

/** Lays the file out: header, sections in their old order, section headers. */
export function writeElf(elf: ElfFile): Uint8Array {
  const isLittle = elf.order === 'little';
  const [typeAt, symbolAt] = isLittle ? [8, 12] : [12, 8];
  const symbols = localsFirst(elf.symbols);
  const number = new Map(elf.sections.map((s, i) => [s, i]));
  const contents = new Map<Section, Uint8Array>();
  for (const s of elf.sections) contents.set(s, s.data);
  if (elf.symtab !== undefined) contents.set(elf.symtab, encodeSymbols(symbols, number, isLittle));
  const symbolNumber = new Map(symbols.map((s, i) => [s, i]));
  for (const t of elf.relocations) {
    const rela = t.section.type === SectionType.RELA;
    const bytes = new Uint8Array(t.entries.length * (rela ? 24 : 16));
    const view = new DataView(bytes.buffer);
    t.entries.forEach((e, i) => {
      const at = i * (rela ? 24 : 16);
      view.setBigUint64(at, BigInt(e.offset), isLittle);
      view.setUint32(at + typeAt, e.type, isLittle);
      view.setUint32(at + symbolAt, need(symbolNumber.get(e.symbol), `symbol ${e.symbol.name}`), isLittle);
      if (rela) view.setBigInt64(at + 16, e.addend, isLittle);
    });
    contents.set(t.section, bytes);
  }

  // An empty section stands before the one that begins at its place.
  const order = [...elf.sections].sort(
    (a, b) =>
      a.offset - b.offset ||
      Number(a.data.length > 0) - Number(b.data.length > 0) ||
      number.get(a)! - number.get(b)!,
  );
  const offsets = new Map<Section, number>();
  let end = HEADER;
  for (const s of order) {
    if (s.type === SectionType.NULL) {
      offsets.set(s, s.offset);
      continue;
    }
    end = alignUp(end, s.align);
    offsets.set(s, end);
    end += contents.get(s)!.length;
  }
  const table = alignUp(end, 8);
  const out = new Uint8Array(table + elf.sections.length * SECTION_HEADER);
  out.set(elf.header);
  const view = new DataView(out.buffer);
  view.setBigUint64(32, 0n, isLittle); // no program headers in a relocatable object
  view.setUint16(56, 0, isLittle);
  view.setBigUint64(40, BigInt(table), isLittle);
  view.setUint16(60, elf.sections.length, isLittle);
  view.setUint16(62, elf.names === undefined ? 0 : need(number.get(elf.names), 'section names'), isLittle);
  elf.sections.forEach((s, i) => {
    const at = table + i * SECTION_HEADER;
    const data = contents.get(s)!;
    const offset = offsets.get(s)!;
    if (s.type !== SectionType.NULL) out.set(data, offset);
    view.setUint32(at, s.nameOffset, isLittle);
    view.setUint32(at + 4, s.type, isLittle);
    view.setBigUint64(at + 8, BigInt(s.flags), isLittle);
    view.setBigUint64(at + 16, BigInt(s.addr), isLittle);
    view.setBigUint64(at + 24, BigInt(offset), isLittle);
    const stored = s.type !== SectionType.NOBITS && s.type !== SectionType.NULL;
    view.setBigUint64(at + 32, BigInt(stored ? data.length : s.size), isLittle);
    view.setUint32(
      at + 40,
      s.link === undefined ? 0 : need(number.get(s.link), `link of ${s.name}`),
      isLittle,
    );
    view.setUint32(at + 44, infoOf(s, elf, symbols, number), isLittle);
    view.setBigUint64(at + 48, BigInt(s.align), isLittle);
    view.setBigUint64(at + 56, BigInt(s.entsize), isLittle);
  });
  return out;
}

function infoOf(
  s: Section,
  elf: ElfFile,
  symbols: readonly ElfSymbol[],
  number: ReadonlyMap<Section, number>,
): number {
  if (s === elf.symtab) {
    const first = symbols.findIndex((sym) => sym.bind !== SymbolBind.LOCAL);
    return first < 0 ? symbols.length : first;
  }
  return typeof s.info === 'number' ? s.info : need(number.get(s.info), `target of ${s.name}`);
}

/** ELF wants local symbols before all others. */
function localsFirst(symbols: readonly ElfSymbol[]): ElfSymbol[] {
  const isLocal = (s: ElfSymbol): boolean => s.bind === SymbolBind.LOCAL;
  return [...symbols.filter(isLocal), ...symbols.filter((s) => !isLocal(s))];
}

function encodeSymbols(
  symbols: readonly ElfSymbol[],
  number: ReadonlyMap<Section, number>,
  isLittle: boolean,
): Uint8Array {
  const bytes = new Uint8Array(symbols.length * 24);
  const view = new DataView(bytes.buffer);
  symbols.forEach((s, i) => {
    const at = i * 24;
    view.setUint32(at, s.nameOffset, isLittle);
    view.setUint8(at + 4, (s.bind << 4) | s.type);
    view.setUint8(at + 5, s.other);
    const section = s.section === undefined ? s.special : need(number.get(s.section), `section of ${s.name}`);
    view.setUint16(at + 6, section, isLittle);
    view.setBigUint64(at + 8, BigInt(s.value), isLittle);
    view.setBigUint64(at + 16, BigInt(s.size), isLittle);
  });
  return bytes;
}

/**
 * Removes sections with their relocations and symbols, and the relocations of others against them.
 * @throws UserError for an object with section groups, whose member lists are by number
 */
export function removeSections(elf: ElfFile, remove: (s: Section) => boolean): void {
  const gone = new Set(elf.sections.filter(remove));
  for (const t of elf.relocations) if (gone.has(t.target)) gone.add(t.section);
  if (gone.size === 0) return;
  if (elf.sections.some((s) => s.type === SectionType.GROUP))
    throw new UserError('section groups cannot be rewritten.', elf.file, 'Build without COMDAT groups.');
  elf.sections = elf.sections.filter((s) => !gone.has(s));
  for (const s of elf.sections) {
    if (s.link !== undefined && gone.has(s.link)) s.link = undefined;
    if (typeof s.info !== 'number' && gone.has(s.info)) s.info = 0;
  }
  const dead = (s: ElfSymbol): boolean => s.section !== undefined && gone.has(s.section);
  elf.symbols = elf.symbols.filter((s) => !dead(s));
  elf.relocations = elf.relocations.filter((t) => !gone.has(t.section));
  for (const t of elf.relocations) t.entries = t.entries.filter((e) => !dead(e.symbol));
}

function alignUp(n: number, align: number): number {
  return align > 1 ? Math.ceil(n / align) * align : n;
}

function need<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`ELF writer: ${what} is not part of the file`);
  return value;
}
