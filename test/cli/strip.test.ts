/**
 * `k2-strip` by the contract of what it stands for: `llvm-strip -g FILE.o`, as bpf2go of cilium/ebpf calls it
 * after every compile.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseElf } from '../../src/program/elf/container/elf.ts';
import { loadBytes } from '../../src/program/file.ts';
import { isBuilt, ROOT, scratch } from './k2.ts';

const folder = scratch();
const STRIP = join(ROOT, 'dist/cli/strip.js');
/** Built with -g. */
const FRESH = join(ROOT, 'test/program/elf/data/full-clang14.o');
const hasLlvmStrip = spawnSync('llvm-strip', ['--version']).status === 0;
const hasBpftool = spawnSync('bpftool', ['version']).status === 0;

function run(args: readonly string[], env: Record<string, string> = { K2_STRIP_STEPS: '2000' }) {
  const r = spawnSync(process.execPath, [STRIP, ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { code: r.status, err: r.stderr, out: r.stdout };
}

function copy(name: string, from = FRESH): string {
  const file = join(folder, name);
  copyFileSync(from, file);
  return file;
}

const sections = (file: string): string[] => parseElf(readFileSync(file), file).sections.map((s) => s.name);
const slots = (file: string): number =>
  loadBytes(readFileSync(file), file).rows.reduce((n, r) => n + (r.ok ? r.program.insns.length : 0), 0);

describe.skipIf(!isBuilt)('k2-strip (skipped before npm run build)', () => {
  it('optimizes in place, removes DWARF, keeps BTF, and says what it did', () => {
    const file = copy('a.o');
    chmodSync(file, 0o640);
    const r = run(['-g', file]);
    expect([r.code, r.out]).toEqual([0, '']);
    expect(r.err).toMatch(/programs smaller/);
    expect(sections(FRESH).some((s) => s.startsWith('.debug_'))).toBe(true);
    expect(sections(file).filter((s) => s.includes('debug_'))).toEqual([]);
    expect(sections(file)).toEqual(expect.arrayContaining(['.BTF', '.BTF.ext', '.maps', 'license']));
    expect(slots(file)).toBeLessThan(slots(FRESH));
    expect(statSync(file).mode & 0o777).toBe(0o640);
  });

  it('changes nothing the second time', () => {
    const file = copy('b.o');
    expect(run(['-g', file]).code).toBe(0);
    const once = readFileSync(file);
    const again = run(['-g', file]);
    expect([again.code, again.err]).toEqual([0, '']);
    expect(readFileSync(file).equals(once)).toBe(true);
  });

  it.skipIf(!hasLlvmStrip)(
    'without an optimizer leaves what llvm-strip leaves (skipped without llvm-strip)',
    () => {
      const [ours, theirs] = [copy('c.o'), copy('d.o')];
      expect(run(['-g', ours], { K2_STRIP_STEPS: '0' }).code).toBe(0);
      expect(spawnSync('llvm-strip', ['-g', theirs]).status).toBe(0);
      const contents = (file: string) =>
        parseElf(readFileSync(file), file)
          .sections.filter((s) => !['.strtab', '.shstrtab', '.symtab', ''].includes(s.name) && s.type !== 9)
          .map((s) => [s.name, Buffer.from(s.data).toString('hex')]);
      expect(contents(ours)).toEqual(contents(theirs));
      const symbols = (file: string) =>
        parseElf(readFileSync(file), file).symbols.map((s) => [s.name, s.value, s.size]);
      expect(symbols(ours)).toEqual(expect.arrayContaining(symbols(theirs).filter(([name]) => name !== '')));
    },
  );

  it('several files; options of llvm-strip that mean the same', () => {
    const [a, b] = [copy('e.o'), copy('f.o')];
    expect(run(['--strip-debug', a, b]).code).toBe(0);
    for (const file of [a, b]) expect(sections(file).some((s) => s.includes('debug_'))).toBe(false);
  });

  it('a file that is none: exit code 1, and the file stays; a bad option: exit code 1', () => {
    const file = join(folder, 'no.o');
    writeFileSync(file, 'not an object');
    const r = run(['-g', file]);
    expect([r.code, r.err]).toEqual([1, expect.stringContaining('no.o')]);
    expect(readFileSync(file, 'utf8')).toBe('not an object');
    expect(run(['-g', join(folder, 'missing.o')]).code).toBe(1);
    expect(run(['--frobnicate', file]).code).toBe(1);
    expect(run([]).code).toBe(1);
  });

  it.skipIf(!hasBpftool)('bpftool makes a skeleton of the result (skipped without bpftool)', () => {
    const file = copy('g.o');
    expect(run(['-g', file]).code).toBe(0);
    const r = spawnSync('bpftool', ['gen', 'skeleton', file], { encoding: 'utf8' });
    expect(r.status, r.stderr).toBe(0);
    expect(r.stdout).toContain('struct g {');
  });
});
