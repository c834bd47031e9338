/**
 * An object with some functions replaced, as bytes:
 *
 *     plan (who goes where) -> link (instructions and relocations) -> symbols, addends in data, .BTF.ext ->
 *       ELF
 *
 * When code moves, DWARF (`.debug_*`) goes, as with `llvm-strip -g`: nothing that loads or runs a program
 * reads it, and line information stays in `.BTF.ext`. So do `.eh_frame` and `.llvm_addrsig`, which also speak
 * of code positions and symbol numbers. Without rewrites nothing goes.
 */
import { UserError } from '../../base/errors.ts';
import { slotsOf } from '../../isa/insn.ts';
import { encodeBtfExt } from './btf/btf-ext.ts';
import { moveRecords } from './btf/btf-ext-write.ts';
import {
  isCode,
  type Reloc,
  type RelocTable,
  type Section,
  SectionFlag,
  SectionType,
  SymbolType,
} from './container/elf.ts';
import { removeSections, writeElf } from './container/elf-write.ts';
import { linkBody } from './link.ts';
import { readObject } from './object.ts';
import type { ObjectFile, Ref } from './object-types.ts';
import {
  type FunctionRewrite,
  type LayoutPlan,
  makePlan,
  type NewFunction,
  newOffset,
  type SectionPlan,
} from './plan.ts';
import { RelocType } from './references.ts';
import { addString, SymbolFinder } from './symbols.ts';

/**
 * @throws Error when a rewrite does not fit the object (unknown function, reference to nothing, pinned
 *   instruction changed): a bug of the caller
 * @throws UserError when the object has what cannot be moved (section groups, code sections of equal name)
 */
export function writeObject(object: ObjectFile, rewrites: readonly FunctionRewrite[]): Uint8Array {
  const bytes = writeElf(object.elf);
  if (rewrites.length === 0) return bytes;
  // A private copy, which may be changed in place. Indices and names are those of `object`.
  const work = readObject(bytes, object.file);
  if (work.functions.some((f, i) => f.name !== object.functions[i]?.name))
    throw new UserError('its symbols are out of order.', object.file, 'Build it again.');
  const { elf } = work;
  const plan = makePlan(work, rewrites);
  const symbols = new SymbolFinder(elf, plan);

  const code: { plan: SectionPlan; data: Uint8Array; relocs: Reloc[] }[] = [];
  for (const s of plan.sections.values()) code.push({ plan: s, ...linkSection(s, work, plan, symbols) });
  for (const f of plan.functions) if (f?.copy === true) symbols.copySymbol(f);
  for (const t of elf.relocations) if (isPlainData(t.target)) moveAddends(t, plan);
  moveSymbols(work, plan);
  elf.symbols.push(...symbols.added);
  for (const c of code) {
    c.plan.section.data = c.data;
    c.plan.section.size = c.data.length;
    setRelocs(work, c.plan.section, c.relocs);
  }
  moveBtfExt(work, plan);
  const needed = new Set([elf.names, elf.symtab, elf.symtab?.link]);
  removeSections(elf, (s) => !needed.has(s) && speaksOfCode(s));
  return writeElf(elf);
}

/** Sections about positions in the code, or symbol numbers, that no loader reads. */
function speaksOfCode(s: Section): boolean {
  return s.name.startsWith('.debug_') || s.name === '.eh_frame' || s.type === SectionType.LLVM_ADDRSIG;
}

/** Sections whose relocated words may be addresses of code. */
function isPlainData(s: Section): boolean {
  return !isCode(s) && !s.name.startsWith('.debug_') && s.name !== '.BTF' && s.name !== '.BTF.ext';
}

/** New contents and relocations of a code section. */
function linkSection(
  s: SectionPlan,
  object: ObjectFile,
  plan: LayoutPlan,
  symbols: SymbolFinder,
): { data: Uint8Array; relocs: Reloc[] } {
  const data = new Uint8Array(s.size);
  const relocs: Reloc[] = [];
  const rewritten = s.pieces.filter((p) => p.f?.body !== undefined && p.oldEnd > p.oldStart);
  for (const t of object.elf.relocations) {
    if (t.target !== s.section) continue;
    for (const r of t.entries)
      if (!rewritten.some((p) => r.offset >= p.oldStart && r.offset < p.oldEnd))
        relocs.push({ ...r, offset: newOffset(s, r.offset) });
  }
  for (const p of s.pieces) {
    if (p.f?.body !== undefined) {
      const body = linkBody(p.f, object, plan, symbols);
      data.set(body.bytes, p.start);
      relocs.push(...body.relocs);
    } else {
      data.set(s.section.data.subarray(p.oldStart, p.oldEnd), p.start);
      if (p.f !== undefined) relinkUnchanged(p.f, data, plan, symbols);
    }
  }
  return { data, relocs: relocs.sort((a, b) => a.offset - b.offset) };
}

/** Distances and addends in a function that only moved. */
function relinkUnchanged(f: NewFunction, data: Uint8Array, plan: LayoutPlan, symbols: SymbolFinder): void {
  const view = new DataView(data.buffer);
  let at = f.start;
  f.source.insns.forEach((insn, i) => {
    const ref = f.source.refs.get(i);
    if (ref !== undefined && (ref.kind === 'call' || ref.kind === 'func'))
      relinkOne(f, i, ref, at, view, plan, symbols);
    at += slotsOf(insn) * 8;
  });
}

function relinkOne(
  f: NewFunction,
  index: number,
  ref: Extract<Ref, { kind: 'call' | 'func' }>,
  at: number,
  view: DataView,
  plan: LayoutPlan,
  symbols: SymbolFinder,
): void {
  const target = plan.functions[ref.target];
  if (target === undefined) return;
  const symbol = f.source.relocs.get(index)?.symbol;
  const base = symbol === undefined ? at : symbols.newValue(symbol);
  const imm = ref.kind === 'call' ? (target.start - base) / 8 - 1 : target.start - base;
  view.setInt32(at + 4, imm, true);
}

/**
 * Words in data that hold a code address as the offset from a section's symbol (callbacks in tables,
 * struct_ops).
 */
function moveAddends(t: RelocTable, plan: LayoutPlan): void {
  const copy = t.target.data.slice();
  const view = new DataView(copy.buffer);
  let changed = false;
  for (const r of t.entries) {
    const s = r.symbol.section === undefined ? undefined : plan.sections.get(r.symbol.section);
    if (s === undefined || !s.changed || r.symbol.type !== SymbolType.SECTION) continue;
    if (t.section.type === SectionType.RELA) {
      r.addend = BigInt(newOffset(s, Number(r.addend)));
      continue;
    }
    const size = r.type === RelocType.R_64_64 || r.type === RelocType.ABS64 ? 8 : 4;
    if (r.offset + size > copy.length) continue;
    if (size === 8) {
      const old = Number(view.getBigUint64(r.offset, true));
      view.setBigUint64(r.offset, BigInt(newOffset(s, old)), true);
    } else {
      view.setUint32(r.offset, newOffset(s, view.getUint32(r.offset, true)), true);
    }
    changed = true;
  }
  if (changed) t.target.data = copy;
}

function moveSymbols(object: ObjectFile, plan: LayoutPlan): void {
  for (const symbol of object.elf.symbols) {
    const s = symbol.section === undefined ? undefined : plan.sections.get(symbol.section);
    if (s === undefined || !s.changed || symbol.type === SymbolType.SECTION) continue;
    const start = newOffset(s, symbol.value);
    if (symbol.size > 0) symbol.size = newOffset(s, symbol.value + symbol.size) - start;
    symbol.value = start;
  }
}

/** Puts the relocations into the section's table, making one if there was none. */
function setRelocs(object: ObjectFile, section: Section, entries: Reloc[]): void {
  const { elf } = object;
  const tables = elf.relocations.filter((t) => t.target === section);
  for (const t of tables.slice(1)) t.entries = [];
  if (tables[0] !== undefined) {
    tables[0].entries = entries;
    return;
  }
  if (entries.length === 0) return;
  const name = `.rel${section.name}`;
  const table: Section = {
    name,
    nameOffset: elf.names === undefined ? 0 : addString(elf.names, name),
    type: SectionType.REL,
    flags: SectionFlag.INFO_LINK,
    addr: 0,
    data: new Uint8Array(),
    size: 0,
    align: 8,
    entsize: 16,
    link: elf.symtab,
    info: section,
    offset: Number.MAX_SAFE_INTEGER,
  };
  elf.sections.push(table);
  elf.relocations.push({ section: table, target: section, entries });
}

function moveBtfExt(object: ObjectFile, plan: LayoutPlan): void {
  const section = object.elf.sections.find((s) => s.name === '.BTF.ext');
  if (section === undefined || object.btfExt === undefined) return;
  const { bytes, placed } = encodeBtfExt(moveRecords(object.btfExt, object, plan));
  const table = object.elf.relocations.find((t) => t.target === section);
  section.data = bytes;
  section.size = bytes.length;
  if (table === undefined) return;
  // Relocations of `insn_off` are for linkers: keep one per record, against the symbol its section always
  // had.
  const bySection = new Map(table.entries.map((e) => [e.symbol.section?.name ?? '', e]));
  table.entries = placed.flatMap(({ section: name, offset }) => {
    const like = bySection.get(name);
    return like === undefined ? [] : [{ ...like, offset }];
  });
}
