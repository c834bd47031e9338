import { describe, expect, it } from 'vitest';
import { sizeInSlots } from '../../src/isa/insn.ts';
import { OPTIMIZE_DEFAULTS } from '../../src/optimizer/defaults.ts';
import { optimizeFile } from '../../src/optimizer/objects/optimize-file.ts';
import { frozen, sharedFunctions } from '../../src/optimizer/objects/shared-functions.ts';
import { slotsOfCode, worthwhile } from '../../src/optimizer/objects/worthwhile.ts';
import { pinOf, replaceRange } from '../../src/program/edit.ts';
import { type ObjectFile, programsOf, readObject, rewritePrograms } from '../../src/program/elf/index.ts';
import { loadBytes } from '../../src/program/file.ts';
import type { Program } from '../../src/program/program.ts';
import { bytesOf, NAMES, objectOf, okPrograms } from '../program/elf/fixtures.ts';

const OPTIONS = { ...OPTIMIZE_DEFAULTS, steps: 8000, tests: 8, kernel: 'off', diffRuns: 0 } as const;

describe.each(NAMES.slice(0, 3))('optimizeFile of %s', (name) => {
  it('gives an object whose programs are the results', async () => {
    const before = programsOf(readObject(bytesOf(name), name)).length;
    const { contents, rows } = await optimizeFile(loadBytes(bytesOf(name), name), OPTIONS);
    if (contents.kind !== 'object') throw new Error('an object comes out as an object');
    expect(rows).toHaveLength(before);
    const after = programsOf(readObject(contents.bytes, name));
    for (const row of rows) {
      if (row.status === 'skipped') {
        expect(row.reason).not.toBe('');
        continue;
      }
      const again = after.find((r) => r.ok && r.program.name === row.name);
      if (again?.ok !== true) throw new Error(`${row.name} does not load any more`);
      expect(again.program.insns).toEqual(row.result.program.insns);
      expect(sizeInSlots(again.program.insns)).toBeLessThanOrEqual(sizeInSlots(row.original.insns));
      for (const index of row.original.pinned.keys()) {
        const at = row.result.program.origin.indexOf(index);
        expect(row.result.program.insns[at]?.op).toBe(row.original.insns[index]?.op);
      }
    }
  });
});

it('names what an object has when a section is not there', () => {
  expect(() => loadBytes(bytesOf(NAMES[0]!), NAMES[0]!, { section: 'nowhere' })).toThrow(/nowhere/);
});

describe('an object whose programs share functions', () => {
  it('never gets larger, and says what became of it', async () => {
    const before = readObject(bytesOf('shared.o'), 'shared.o');
    const file = loadBytes(bytesOf('shared.o'), 'shared.o');
    const { contents, rows, sizes } = await optimizeFile(file, OPTIONS);
    if (contents.kind !== 'object' || sizes === undefined)
      throw new Error('an object comes out as an object');
    const code = (object: ObjectFile): number =>
      object.functions.reduce((sum, f) => sum + 8 * sizeInSlots(f.insns), 0);
    const after = readObject(contents.bytes, 'shared.o');
    expect(sizes).toEqual({
      codeBefore: code(before),
      codeAfter: code(after),
      fileBefore: bytesOf('shared.o').length,
      fileAfter: contents.bytes.length,
    });
    expect(sizes.codeAfter).toBeLessThanOrEqual(sizes.codeBefore);
    expect(rows.map((r) => r.status)).toEqual(['optimized', 'optimized', 'optimized']);
  });
});

it('an internal error costs the row of its program only', async () => {
  const file = loadBytes(bytesOf('shared.o'), 'shared.o');
  const rows = file.rows.map((row) =>
    row.ok && row.program.name === 'strict' ? { ...row, program: { ...row.program, functions: [] } } : row,
  );
  const result = await optimizeFile({ ...file, rows }, OPTIONS);
  expect(result.rows.map((r) => r.status)).toEqual(['optimized', 'skipped', 'optimized']);
  const [, row] = result.rows;
  expect(row?.status === 'skipped' && row.reason).toMatch(/^internal error: /);
});

describe('frozen', () => {
  it('keeps the functions that programs share, and only these', () => {
    const programs = okPrograms(objectOf('shared.o'));
    const shared = sharedFunctions(programs);
    expect([...shared].sort()).toEqual(['classify', 'count']);
    const first = frozen(programs[0]!, shared);
    const own = first.functions[0]!;
    expect(pinOf(first, own.end - 1)).toBeUndefined();
    expect(pinOf(first, own.end)).toMatch(/classify is shared/);
  });
});

describe('worthwhile', () => {
  const object = objectOf('shared.o');
  const programs = okPrograms(object);
  const shorter = (p: Program, name: string): Program => {
    const { end } = p.functions.find((f) => f.name === name)!;
    return replaceRange(p, end - 2, end - 1, []);
  };

  it('takes what every program wants of a function that they share', () => {
    const changes = programs.map((original) => ({ original, optimized: shorter(original, 'count') }));
    expect(worthwhile(object, changes)).toEqual(changes);
    expect(slotsOfCode(object, rewritePrograms(object, changes))).toBe(slotsOfCode(object, []) - 1);
  });

  it('leaves out what would need a copy of it', () => {
    const [first, second, third] = programs as [Program, Program, Program];
    const changes = [
      { original: first, optimized: shorter(first, 'count') },
      { original: second, optimized: shorter(second, 'strict') },
      { original: third, optimized: third },
    ];
    expect(worthwhile(object, changes)).toEqual([changes[1]]);
  });
});
