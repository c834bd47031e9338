/** Files of both kinds, loaded and saved. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/base/errors.ts';
import { assemble } from '../../src/isa/asm/asm.ts';
import { encode } from '../../src/isa/codec.ts';
import { sizeInSlots } from '../../src/isa/insn.ts';
import { replaceRange } from '../../src/program/edit.ts';
import { contentsWith, labelOf, loadBytes, loadFile, saveFile, usableIn } from '../../src/program/file.ts';

const OBJECT = resolve('corpora/builtin/obj/clang-14-O2/xdp_queue_stats.o');
const folder = mkdtempSync(join(tmpdir(), 'k2-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

const RAW = encode(assemble('r0 = 2\nexit'));

describe('objects', () => {
  it('are the same from a path and from bytes', () => {
    const [a, b] = [loadFile(OBJECT), loadBytes(readFileSync(OBJECT), OBJECT)];
    expect(usableIn(a).length).toBeGreaterThan(0);
    expect(b).toEqual(a);
  });

  it('come out unchanged when no program changed, changed when one did', () => {
    const file = loadFile(OBJECT);
    const [original] = usableIn(file);
    const path = join(folder, 'same.o');
    saveFile(path, contentsWith(file, []));
    expect(usableIn(loadFile(path)).map((p) => p.insns)).toEqual(usableIn(file).map((p) => p.insns));
    const optimized = replaceRange(original!, 0, 1, [original!.insns[0]!, original!.insns[0]!]);
    saveFile(path, contentsWith(file, [{ original: original!, optimized }]));
    expect(sizeInSlots(usableIn(loadFile(path))[0]!.insns)).toBe(sizeInSlots(optimized.insns));
  });

  it('give the programs of one section, and name the sections when it is not there', () => {
    const { section, name } = labelOf(loadFile(OBJECT).rows[0]!);
    for (const chosen of [section, name])
      expect(loadFile(OBJECT, { section: chosen }).rows.map((r) => labelOf(r).section)).toContain(section);
    expect(() => loadFile(OBJECT, { section: 'nowhere' })).toThrow(`There are: ${section}`);
  });
});

describe('raw instructions', () => {
  it('come from a path with what is next to it, or from bytes and texts', () => {
    const path = join(folder, 'p.insns');
    writeFileSync(path, RAW);
    expect(() => loadFile(path)).toThrow(/--type/);
    writeFileSync(join(folder, 'p.desc'), '{ pgm_input_type = 2, }\n');
    const file = loadFile(path);
    expect(file.source).toBe('raw');
    expect(usableIn(file).map((p) => [p.name, p.hook, p.insns.length])).toEqual([['p', 'xdp', 2]]);
    expect(loadBytes(RAW, path, {}, { desc: '{ pgm_input_type = 2, }\n' })).toEqual(file);
    expect(usableIn(loadBytes(RAW, path, { hook: 'sched_cls' }))[0]?.hook).toBe('sched_cls');
  });

  it('are saved as three files', () => {
    const file = loadBytes(RAW, 'q.insns', { hook: 'xdp' });
    const path = join(folder, 'q.insns');
    saveFile(path, contentsWith(file, []));
    expect(usableIn(loadFile(path))[0]?.insns).toEqual(usableIn(file)[0]?.insns);
  });
});

it('refuses what is neither', () => {
  expect(() => loadBytes(new Uint8Array(64), 'x.o')).toThrow(UserError);
  expect(() => loadFile(join(folder, 'none.o'))).toThrow(/no such file/);
});
