/** Weak kernel functions: absent in some kernels, where their address is 0. Both branches are possible. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkSafety } from '../../../src/analysis/index.ts';
import { contentsWith, loadBytes, loadFile } from '../../../src/program/file.ts';
import { programText } from '../../../src/program/listing.ts';
import type { Program } from '../../../src/program/program.ts';
import { createWindowVerifier } from '../../../src/verify/index.ts';
import { createMachine } from '../../../src/vm/machine/machine.ts';
import { generateTests } from '../../../src/vm/testgen/index.ts';

const OBJECT = join(import.meta.dirname, '../elf/data/absent.o');
const file = loadFile(OBJECT);
const program = (name: string): Program => {
  const row = file.rows.find((r) => r.ok && r.program.name === name);
  if (row?.ok !== true) throw new Error(`no ${name}`);
  return row.program;
};

describe('a weak kernel function', () => {
  it('has the address of a kernel function, not of a map', () => {
    const p = program('fallback_bad');
    expect(p.maps).toHaveLength(0);
    expect([...p.pinned.values()]).toEqual(['weak kernel function no_such_kfunc_']);
    expect(programText(p)).toContain('weak kernel function no_such_kfunc_');
  });

  it('may be absent: the fallback is checked', () => {
    expect(JSON.stringify(checkSafety(program('fallback_bad')))).toMatch(
      /invalid access to packet, off=0 size=1/,
    );
    expect(checkSafety(program('fallback_good'))).toEqual([]);
  });

  it('is asked for: neither branch is dropped', async () => {
    const verifier = await createWindowVerifier({ tests: 0 });
    const p = program('fallback_good');
    const at = p.insns.findIndex((i) => (i.op & 0x07) === 0x05 && i.off > 0);
    const window = { start: at, end: at + 1 };
    expect(verifier.check(p, window, []).kind).not.toBe('equivalent');
    const always = { ...p.insns[at]!, op: 0x05, dst: 0, imm: 0 };
    expect(verifier.check(p, window, [always]).kind).not.toBe('equivalent');
    verifier.close();
  });

  it('is absent in tests, which run the fallback', () => {
    const p = program('fallback_good');
    const machine = createMachine(p);
    machine.setTests(generateTests(p, { seed: 1, count: 16 }));
    expect(machine.setSource(p.insns)).toEqual([]);
  });

  it('keeps its relocation when the object is written', () => {
    const p = program('fallback_bad');
    const contents = contentsWith(file, [{ original: p, optimized: p }]);
    if (contents.kind !== 'object') throw new Error('no object');
    const again = loadBytes(contents.bytes, 'again.o');
    const row = again.rows.find((r) => r.ok && r.program.name === 'fallback_bad');
    expect(row?.ok && row.program.insns).toEqual(p.insns);
    expect(row?.ok && [...row.program.pinned.values()]).toEqual([...p.pinned.values()]);
  });
});
