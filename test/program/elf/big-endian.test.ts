/** Objects for big-endian machines, held against the little-endian build of the same source. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/base/errors.ts';
import { readAssembly } from '../../../src/program/assembly.ts';
import { parseElf } from '../../../src/program/elf/container/elf.ts';
import { writeElf } from '../../../src/program/elf/container/elf-write.ts';
import { programsOf, readObject } from '../../../src/program/elf/index.ts';
import { withoutDebug } from '../../../src/program/elf/strip.ts';
import { loadBytes, usableIn } from '../../../src/program/file.ts';
import { programText } from '../../../src/program/listing.ts';

const bytesOf = (name: string): Uint8Array => readFileSync(join(import.meta.dirname, 'data/big', name));
const objectOf = (name: string) => readObject(bytesOf(name), name);

describe.each(['forms', 'legacy', 'table'])('%s for a big-endian machine', (name) => {
  const [big, little] = [`${name}-eb.o`, `${name}-el.o`];

  it('comes out byte for byte', () => {
    for (const file of [big, little]) {
      const bytes = bytesOf(file);
      expect(Buffer.compare(writeElf(parseElf(bytes, file)), bytes)).toBe(0);
    }
  });

  it('has the programs, maps and reasons of its twin', () => {
    const [a, b] = [big, little].map((file) => {
      const options = { listing: true };
      return programsOf(objectOf(file), options).map((row) => {
        if (!row.ok) return row;
        const { name: program, section, hook, insns, functions, maps } = row.program;
        const shapes = maps.map(({ initial: _, ...m }) => m);
        return { program, section, hook, insns, functions, maps: shapes };
      });
    });
    expect(a).toEqual(b);
    expect(a!.length).toBeGreaterThan(0);
  });

  it('has data in its own byte order', () => {
    const data = (file: string) => objectOf(file).maps.flatMap((m) => m.def.initial ?? []);
    expect(data(big).map((d) => d.length)).toEqual(data(little).map((d) => d.length));
  });

  it('is listed, and used for nothing else', () => {
    const rows = programsOf(objectOf(big));
    expect(rows.every((r) => !r.ok && /big-endian machine: k2 disasm lists it/.test(r.reason))).toBe(true);
    expect(() => usableIn(loadBytes(bytesOf(big), big))).toThrow(UserError);
    const listed = programsOf(objectOf(big), { listing: true }).find((r) => r.ok);
    const text = listed?.ok === true ? programText(listed.program) : '';
    expect(text).toContain('; byte order: big-endian\n');
    expect(() => readAssembly(text, 'text')).toThrow(/instruction files are little-endian/);
  });

  it('loses its debug information as its twin does', () => {
    const names = (file: string): string[] => {
      const stripped = withoutDebug(bytesOf(file), file);
      expect(stripped).toBeDefined();
      return parseElf(stripped!, file).sections.map((s) => s.name);
    };
    expect(names(big)).toEqual(names(little));
    expect(names(big).some((n) => n.startsWith('.debug_'))).toBe(false);
  });
});
