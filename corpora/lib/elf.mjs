// SPDX-License-Identifier: MIT
/**
 * The little of ELF that building a manifest needs: functions of a BPF object with their bytes,
 * relocations, section names. In: the bytes of an object. Out: plain values. Not a loader.
 */
import { createHash } from 'node:crypto';

const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SHT_REL = 9;
const SHF_EXECINSTR = 4;
const STT_FUNC = 2;
const EM_BPF = 247;

const cstring = (bytes, at) => bytes.toString('latin1', at, bytes.indexOf(0, at));

/** Sections, symbols and relocations of a little-endian 64-bit BPF object; throws Error on anything else. */
export function readElf(bytes) {
  if (bytes.length < 64 || bytes.readUInt32BE(0) !== 0x7f454c46) throw new Error('not an ELF file');
  if (bytes[4] !== 2 || bytes[5] !== 1) throw new Error('not a little-endian 64-bit ELF file');
  if (bytes.readUInt16LE(18) !== EM_BPF) throw new Error(`machine ${bytes.readUInt16LE(18)} is not BPF`);
  const table = Number(bytes.readBigUInt64LE(40));
  const count = bytes.readUInt16LE(60);
  const sections = Array.from({ length: count }, (_, i) => {
    const at = table + i * 64;
    return {
      index: i,
      nameAt: bytes.readUInt32LE(at),
      type: bytes.readUInt32LE(at + 4),
      flags: Number(bytes.readBigUInt64LE(at + 8)),
      offset: Number(bytes.readBigUInt64LE(at + 24)),
      size: Number(bytes.readBigUInt64LE(at + 32)),
      link: bytes.readUInt32LE(at + 40),
      info: bytes.readUInt32LE(at + 44),
    };
  });
  const names = sections[bytes.readUInt16LE(62)];
  for (const s of sections) s.name = cstring(bytes, names.offset + s.nameAt);
  const data = (s) => (s.type === SHT_NOBITS ? Buffer.alloc(0) : bytes.subarray(s.offset, s.offset + s.size));

  const symtab = sections.find((s) => s.type === SHT_SYMTAB);
  const symbols = [];
  if (symtab) {
    const strings = sections[symtab.link].offset;
    for (let at = symtab.offset; at < symtab.offset + symtab.size; at += 24) {
      symbols.push({
        name: cstring(bytes, strings + bytes.readUInt32LE(at)),
        type: bytes[at + 4] & 15,
        global: bytes[at + 4] >> 4 !== 0,
        section: bytes.readUInt16LE(at + 6),
        value: Number(bytes.readBigUInt64LE(at + 8)),
        size: Number(bytes.readBigUInt64LE(at + 16)),
      });
    }
  }
  /** Relocations of section `index`: { offset, symbol, type }. */
  const relocations = (index) =>
    sections
      .filter((s) => s.type === SHT_REL && s.info === index)
      .flatMap((s) => {
        const rows = [];
        for (let at = s.offset; at < s.offset + s.size; at += 16) {
          rows.push({
            offset: Number(bytes.readBigUInt64LE(at)),
            type: bytes.readUInt32LE(at + 8),
            symbol: symbols[bytes.readUInt32LE(at + 12)],
          });
        }
        return rows;
      });
  return { sections, symbols, relocations, data };
}

/** Every function of the object: { name, section, offset, global, text, relocations, calls }. */
export function functionsOf(bytes) {
  const elf = readElf(bytes);
  const found = elf.symbols
    .filter((s) => s.type === STT_FUNC && s.size > 0 && elf.sections[s.section]?.flags & SHF_EXECINSTR)
    .map((s) => ({
      name: s.name,
      section: elf.sections[s.section].name,
      sectionIndex: s.section,
      offset: s.value,
      global: s.global,
      text: elf.data(elf.sections[s.section]).subarray(s.value, s.value + s.size),
    }));
  for (const f of found) {
    f.relocations = elf
      .relocations(f.sectionIndex)
      .filter((r) => r.offset >= f.offset && r.offset < f.offset + f.text.length)
      .map((r) => ({
        ...r,
        offset: r.offset - f.offset,
        target: elf.sections[r.symbol?.section]?.name ?? '',
      }));
  }
  for (const f of found) f.calls = localCalls(f, found, elf);
  return found;
}

/** Names of the functions that `f` calls or takes the address of. */
function localCalls(f, all, elf) {
  const at = (section, offset) => all.find((g) => g.sectionIndex === section && g.offset === offset)?.name;
  const names = new Set();
  for (const { offset, symbol } of f.relocations) {
    if (!symbol || !(elf.sections[symbol.section]?.flags & SHF_EXECINSTR)) continue;
    const imm = f.text.readInt32LE(offset + 4);
    const isCall = f.text[offset] === 0x85;
    const target = symbol.type === STT_FUNC ? symbol.value : isCall ? (imm + 1) * 8 : symbol.value + imm;
    const name = at(symbol.section, target);
    if (name) names.add(name);
  }
  for (const { offset, code, src, imm } of instructions(f.text)) {
    if (code !== 0x85 || src !== 1 || f.relocations.some((r) => r.offset === offset)) continue;
    const name = at(f.sectionIndex, f.offset + offset + 8 + imm * 8);
    if (name) names.add(name);
  }
  names.delete(f.name);
  return [...names];
}

/** Instructions of a text: { offset, code, src, dst, off, imm, slots }. */
export function* instructions(text) {
  for (let at = 0; at < text.length; ) {
    const code = text[at];
    const slots = code === 0x18 ? 2 : 1;
    yield {
      offset: at,
      code,
      dst: text[at + 1] & 15,
      src: text[at + 1] >> 4,
      off: text.readInt16LE(at + 2),
      imm: text.readInt32LE(at + 4),
      slots,
    };
    at += slots * 8;
  }
}

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/**
 * SHA-256 of a text with what depends on numbering masked: of every ld_imm64 that is relocated against a
 * map (or has src_reg set) both immediates and src_reg become 0; of every local call the immediate.
 * `relocations` is empty for a raw instruction file.
 */
export function textHash(text, relocations = [], isMap = () => true) {
  const masked = Buffer.from(text);
  const byOffset = new Map(relocations.map((r) => [r.offset, r]));
  for (const { offset, code, src } of instructions(text)) {
    const relocation = byOffset.get(offset);
    if (code === 0x18 && (src !== 0 || (relocation && isMap(relocation)))) {
      masked[offset + 1] &= 15;
      masked.writeInt32LE(0, offset + 4);
      masked.writeInt32LE(0, offset + 12);
    }
    if (code === 0x85 && (src === 1 || relocation)) masked.writeInt32LE(0, offset + 4);
  }
  return sha256(masked);
}

/** All functions that running `entry` can reach, itself first. */
export function linked(entry, all) {
  const order = [entry];
  for (let i = 0; i < order.length; i++) {
    for (const name of order[i].calls) {
      const callee = all.find((f) => f.name === name);
      if (callee && !order.includes(callee)) order.push(callee);
    }
  }
  return order;
}

/** Sizes and hashes of one entry function as manifests record them. */
export function measure(entry, all) {
  const slots = (f) => f.text.length / 8;
  const reachable = linked(entry, all);
  return {
    slots: slots(entry),
    instructions: [...instructions(entry.text)].length,
    ...(reachable.length > 1 && { linkedSlots: reachable.reduce((sum, f) => sum + slots(f), 0) }),
    textSha256: textHash(entry.text, entry.relocations, isMapReference),
  };
}

/** Only a map: the addend of a reference to global data is part of what the program means. */
const isMapReference = (relocation) => relocation.target === '.maps' || relocation.target === 'maps';

/** Whether the control flow of a text has a cycle (depth-first search for a jump to an open instruction). */
function hasLoop(text) {
  const successors = new Map();
  for (const i of instructions(text)) {
    const next = i.offset + i.slots * 8;
    const cls = i.code & 7;
    const jump = (cls === 5 || cls === 6) && i.code !== 0x85 && i.code !== 0x95;
    const target = next + 8 * (i.code === 0x06 ? i.imm : i.off);
    if (i.code === 0x95) successors.set(i.offset, []);
    else if (!jump) successors.set(i.offset, [next]);
    else successors.set(i.offset, i.code === 0x05 || i.code === 0x06 ? [target] : [next, target]);
  }
  const open = new Set([0]);
  const done = new Set();
  const path = [{ at: 0, pending: [...(successors.get(0) ?? [])] }];
  while (path.length > 0) {
    const { at, pending } = path.at(-1);
    const next = pending.pop();
    if (next === undefined) {
      open.delete(at);
      done.add(at);
      path.pop();
    } else if (open.has(next)) {
      return true;
    } else if (!done.has(next)) {
      open.add(next);
      path.push({ at: next, pending: [...(successors.get(next) ?? [])] });
    }
  }
  return false;
}

/** Names of the maps that a program (with its subprograms) refers to. */
export function mapsOf(entry, all) {
  const names = linked(entry, all).flatMap((f) => f.relocations.filter(isMapReference).map((r) => r.symbol.name));
  return [...new Set(names)].filter((n) => n !== '').sort();
}

/** What of BPF a program (with its subprograms) uses, read off its code. */
export function codeFeatures(entry, all) {
  const features = new Set();
  const reachable = linked(entry, all);
  if (reachable.length > 1) features.add('subprograms');
  for (const f of reachable) {
    if (hasLoop(f.text)) features.add('loop');
    for (const i of instructions(f.text)) {
      const cls = i.code & 7;
      if (i.code === 0x85 && i.src === 0 && i.imm === 12) features.add('tail-call');
      if (i.code === 0x85 && i.src === 0 && (i.imm === 44 || i.imm === 65)) features.add('packet-resize');
      if (cls === 3 && i.code >> 5 === 6) features.add('atomic');
      if (cls === 0 && (i.code >> 5 === 1 || i.code >> 5 === 2)) features.add('legacy-packet-load');
    }
    if (f.relocations.some((r) => /^\.(rodata|data|bss)/.test(r.target))) features.add('global-data');
  }
  return features;
}
