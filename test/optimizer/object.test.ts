import { describe, expect, it } from 'vitest';
import { sizeInSlots } from '../../src/isa/insn.ts';
import { OPTIMIZE_DEFAULTS } from '../../src/optimizer/defaults.ts';
import { optimizeObject } from '../../src/optimizer/object.ts';
import { programsOf, readObject } from '../../src/program/elf/index.ts';
import { bytesOf, NAMES } from '../program/elf/fixtures.ts';

const OPTIONS = { ...OPTIMIZE_DEFAULTS, steps: 8000, tests: 8, kernel: 'off', diffRuns: 0 } as const;

describe.each(NAMES.slice(0, 3))('optimizeObject of %s', (name) => {
  it('gives an object whose programs are the results', async () => {
    const before = programsOf(readObject(bytesOf(name), name)).length;
    const { bytes, rows } = await optimizeObject(bytesOf(name), name, OPTIONS);
    expect(rows).toHaveLength(before);
    const after = programsOf(readObject(bytes, name));
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

it('names what an object has when a section is not there', async () => {
  await expect(
    optimizeObject(bytesOf(NAMES[0]!), NAMES[0]!, OPTIONS, { section: 'nowhere' }),
  ).rejects.toThrow(/nowhere/);
});
