/**
 * The package as a user gets it: packed, unpacked into an empty TypeScript project, type-checked and run.
 * Its dependencies are those of this checkout, since npm cannot install them without a registry.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { load, verify } from '../../src/index.ts';
import { isBuilt, ROOT, scratch } from '../cli/k2.ts';

const OBJECT = 'corpora/builtin/obj/clang-14-O2/xdp_queue_stats.o';
const folder = scratch();
const hasNpm = spawnSync('npm', ['--version']).status === 0;
const why = !isBuilt ? ' (SKIPPED: not built)' : !hasNpm ? ' (SKIPPED: no npm)' : '';

interface Packed {
  filename: string;
  files: { path: string }[];
}

function run(command: string, args: readonly string[], cwd = folder): { code: number | null; text: string } {
  const r = spawnSync(command, args, { cwd, encoding: 'utf8' });
  return { code: r.status, text: `${r.stdout}${r.stderr}` };
}

describe.skipIf(why !== '')(`the packed package${why}`, () => {
  let packed: Packed;

  beforeAll(() => {
    const r = spawnSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(r.status, r.stderr).toBe(0);
    // One entry per package: npm has printed them as a list and, later, by name.
    [packed] = Object.values(JSON.parse(r.stdout)) as [Packed];
    const modules = join(folder, 'node_modules');
    mkdirSync(modules);
    expect(run('tar', ['xzf', packed.filename]).code).toBe(0);
    renameSync(join(folder, 'package'), join(modules, 'k2-bpf'));
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    for (const name of [...Object.keys(dependencies), '@types/node']) {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
    }
    writeFileSync(join(folder, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }\n');
    for (const file of readdirSync(join(ROOT, 'examples')))
      copyFileSync(join(ROOT, 'examples', file), join(folder, file));
  });

  it('has the code, its types, the licence, and no build state', () => {
    const paths = packed.files.map((f) => f.path);
    for (const path of ['dist/index.js', 'dist/index.d.ts', 'dist/cli/main.js', 'README.md', 'LICENSE'])
      expect(paths).toContain(path);
    expect(paths.filter((p) => /tsbuildinfo|^(src|test|docs)\//.test(p))).toEqual([]);
  });

  it('type-checks in strict mode, its own declarations too, and runs', async () => {
    const compiled = run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.']);
    expect(compiled.code, compiled.text).toBe(0);
    copyFileSync(join(ROOT, OBJECT), join(folder, 'prog.o'));
    const ran = run(process.execPath, ['optimize.js', 'prog.o', 'small.o']);
    expect(ran.code, ran.text).toBe(0);
    expect(ran.text).toMatch(/xdp_queue_stats: \d+ -> \d+ slots by \d+ rewrites/);
    expect(ran.text).toContain('Linux 5.4: safe');
    const [before, after] = [load(join(folder, 'prog.o')), load(join(folder, 'small.o'))];
    const verdict = await verify(before.programs[0]!, after.programs[0]!);
    expect(verdict.kind).toBe('equivalent');
    expect(after.programs[0]!.insns.length).toBeLessThan(before.programs[0]!.insns.length);
  });

  it('says what is wrong, without a stack', () => {
    const r = run(process.execPath, ['optimize.js', 'none.o', 'small.o']);
    expect(r).toEqual({ code: 2, text: expect.stringMatching(/^none\.o: cannot read: no such file.*\n$/) });
  });
});
