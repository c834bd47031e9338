import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/base/errors.ts';
import { parseElf, SectionType } from '../../../src/program/elf/container/elf.ts';
import { removeSections, writeElf } from '../../../src/program/elf/container/elf-write.ts';
import { bytesOf, NAMES } from './fixtures.ts';

const FULL = 'full-clang14.o';

function patched(change: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const bytes = new Uint8Array(bytesOf(FULL));
  change(new DataView(bytes.buffer), bytes);
  return bytes;
}

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (e) {
    expect(e).toBeInstanceOf(UserError);
    return (e as UserError).message;
  }
  throw new Error('nothing was thrown');
}

describe('ELF container', () => {
  it.each(NAMES)('%s comes out byte for byte', (name) => {
    const bytes = bytesOf(name);
    const copy = writeElf(parseElf(bytes, name));
    expect(Buffer.compare(copy, bytes)).toBe(0);
  });

  it('links sections, symbols and relocations', () => {
    const elf = parseElf(bytesOf(FULL), FULL);
    const table = elf.relocations.find((t) => t.target.name === 'xdp');
    expect(table?.section.name).toBe('.relxdp');
    expect(table?.entries.map((e) => e.symbol.name)).toContain('outer');
    const outer = elf.symbols.find((s) => s.name === 'outer');
    expect(outer).toMatchObject({ size: 40, bind: 1, type: 1 });
    expect(outer?.section?.name).toBe('.maps');
  });

  it('moves what follows a section that grows, and keeps alignment', () => {
    const elf = parseElf(bytesOf(FULL), FULL);
    const data = elf.sections.find((s) => s.name === '.data')!;
    data.data = new Uint8Array(1021).fill(7);
    const again = parseElf(writeElf(elf), FULL);
    expect(again.sections.map((s) => s.name)).toEqual(elf.sections.map((s) => s.name));
    expect(again.sections.find((s) => s.name === '.data')?.data).toEqual(data.data);
    for (const [i, s] of again.sections.entries()) {
      if (s.align > 1) expect(s.offset % s.align).toBe(0);
      if (s.name !== '.data') expect(Buffer.compare(s.data, elf.sections[i]!.data)).toBe(0);
      expect(s.link?.name).toBe(elf.sections[i]!.link?.name);
    }
    const symtab = again.symtab!;
    expect(symtab.info).toBe(again.symbols.findIndex((s) => s.bind !== 0));
  });

  it('removes sections with their relocations and symbols', () => {
    const elf = parseElf(bytesOf(FULL), FULL);
    const before = elf.relocations.find((t) => t.target.name === 'xdp')!.entries.map((e) => e.symbol.name);
    removeSections(elf, (s) => s.name.startsWith('.debug_'));
    const again = parseElf(writeElf(elf), FULL);
    expect(again.sections.filter((s) => s.name.includes('debug_'))).toEqual([]);
    expect(again.symbols.every((s) => s.section === undefined || again.sections.includes(s.section))).toBe(
      true,
    );
    const after = again.relocations.find((t) => t.target.name === 'xdp')!.entries.map((e) => e.symbol.name);
    expect(after).toEqual(before);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['no ELF', new TextEncoder().encode('#!/bin/sh\necho'), /not an ELF file/],
    ['empty', new Uint8Array(), /not an ELF file/],
    ['32 bits', patched((_, b) => b.fill(1, 4, 5)), /not a 64-bit ELF file/],
    ['no byte order', patched((_, b) => b.fill(3, 5, 6)), /no known byte order/],
    ['x86', patched((v) => v.setUint16(18, 62, true)), /machine 62, not for BPF/],
    ['header cut', patched(() => {}).subarray(0, 40), /the file header needs 64 bytes/],
    ['no sections', patched((v) => v.setBigUint64(40, 0n, true)), /no section headers/],
    ['table cut', patched(() => {}).subarray(0, 5000), /section header table needs/],
    ['far table', patched((v) => v.setBigUint64(40, 1n << 60n, true)), /impossibly large/],
    ['names', patched((v) => v.setUint16(62, 900, true)), /reference to section 900/],
  ])('says what is wrong: %s', (_, bytes, message) => {
    const text = messageOf(() => parseElf(bytes, 'broken.o'));
    expect(text).toMatch(message);
    expect(text).toMatch(/^broken\.o/);
  });

  it('names file, section and offset', () => {
    const elf = parseElf(bytesOf(FULL), FULL);
    const rel = elf.relocations.find((t) => t.target.name === 'xdp')!.section;
    const bytes = patched((v) => v.setUint32(rel.offset + 16 + 12, 0xffff, true));
    expect(messageOf(() => parseElf(bytes, 'x.o'))).toMatch(
      /^x\.o, section \.relxdp, offset 0x1c: relocation with symbol 65535/,
    );
    const symtab = elf.sections.find((s) => s.type === SectionType.SYMTAB)!;
    const lost = patched((v) => v.setUint16(symtab.offset + 24 * 3 + 6, 0x4000, true));
    expect(messageOf(() => parseElf(lost, 'x.o'))).toMatch(
      /^x\.o, section \.symtab, offset 0x4e: symbol 3 is in section 16384/,
    );
  });

  it('refuses sections that overlap, so that a small file cannot ask for a large one', () => {
    const elf = parseElf(bytesOf(FULL), FULL);
    const size = bytesOf(FULL).length;
    const bytes = patched((v) => {
      const table = Number(v.getBigUint64(40, true));
      for (let i = 1; i < elf.sections.length; i++) {
        if (elf.sections[i]!.name.startsWith('.debug') && elf.sections[i]!.type === SectionType.PROGBITS) {
          v.setBigUint64(table + i * 64 + 24, 0n, true);
          v.setBigUint64(table + i * 64 + 32, BigInt(size), true);
        }
      }
    });
    expect(messageOf(() => parseElf(bytes, 'x.o'))).toMatch(/overlap/);
  });
});
