/**
 * Without rights, and without bpf(2) at all: every command says so, none crashes, and the rest of the work is
 * done.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isBuilt, k2, MAIN, scratch } from './k2.ts';

const folder = scratch();
const at = (name: string): string => join(folder, name);
const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

/** Takes koffi away, as on a machine for which it has no binary. */
const WITHOUT_KOFFI = `const { Module } = require('node:module');
const load = Module._load;
Module._load = (name, ...rest) => {
  if (name === 'koffi') throw new Error("Cannot find module 'koffi'");
  return load(name, ...rest);
};
`;

const ways = [
  [
    'without rights',
    isRoot && isBuilt ? '' : ' (SKIPPED, needs root to drop its rights, and npm run build)',
    /EPERM/,
  ],
  ['without bpf(2)', isBuilt ? '' : ' (SKIPPED before npm run build)', /koffi cannot be loaded/],
] as const;

describe.each(ways)('%s%s', (way, skip, reason) => {
  const run = (...args: string[]): { code: number | null; out: string; err: string } => {
    const preload = way === 'without bpf(2)' ? ['--require', at('nokoffi.cjs')] : [];
    const rights = way === 'without rights' ? { uid: NOBODY, gid: NOBODY } : {};
    const r = spawnSync(process.execPath, [...preload, MAIN, ...args], {
      encoding: 'utf8',
      cwd: join(import.meta.dirname, '../..'),
      ...rights,
    });
    return { code: r.status, out: r.stdout, err: r.stderr };
  };
  const prepare = (): void => {
    chmodSync(folder, 0o777);
    writeFileSync(at('nokoffi.cjs'), WITHOUT_KOFFI);
    writeFileSync(at('p.s'), 'r1 = 1\nr0 = 2\nexit\n');
    if (k2(['asm', at('p.s'), '-o', at('p.insns')]).code !== 0) throw new Error('k2 asm');
    mkdirSync(at('out'), { recursive: true, mode: 0o777 });
    chmodSync(at('out'), 0o777);
  };
  const XDP = ['--type', 'xdp'];

  it.skipIf(skip !== '')('check, diff, time, replay and fuzz say why, and refuse nothing', () => {
    prepare();
    const p = at('p.insns');
    for (const [words, said] of [
      [['check', p, ...XDP], /not checked: /],
      [['diff', p, p, ...XDP], /cannot run: /],
      [['time', p, p, ...XDP], /cannot time: /],
      [['replay', 'test/kernel/differential/cases/cmpxchg32-zero-extends.json'], /cannot run/],
      [['fuzz', '--programs', '3'], /6 programs, 0 runs, 0 differences, 6 cannot run/],
    ] as const) {
      const r = run('kernel', ...words);
      // 3: the comparison that was asked for was not made.
      const code = words[0] === 'diff' ? 3 : 0;
      expect(r, words.join(' ')).toMatchObject({ code, out: expect.stringMatching(said) });
      if (words[0] !== 'fuzz') expect(r.out).toMatch(reason);
      expect(r.err).toBe('');
    }
  });

  it.skipIf(skip !== '')(
    'calibrate has nothing to give: exit code 2 and one paragraph; doctor says what is missing',
    () => {
      prepare();
      const r = run('kernel', 'calibrate');
      expect(r).toMatchObject({ code: 2, out: '', err: expect.stringMatching(reason) });
      expect(r.err).not.toMatch(/\n {4}at /);
      expect(run('doctor').out).toMatch(/bpf\(2\): not usable: /);
    },
  );

  it.skipIf(skip !== '')('optimize optimizes, and says that nobody was asked', () => {
    prepare();
    const out = at('out/p.insns');
    const words = ['optimize', at('p.insns'), '-o', out, ...XDP, '--steps', '1000', '--json'];
    const r = run(...words);
    expect(r.code, r.err).toBe(0);
    const text = JSON.stringify(JSON.parse(r.out));
    expect(text).toMatch(/"status":"not checked","reason":"[^"]*(EPERM|koffi)/);
    expect(text).toMatch(/"status":"not run"/);
    expect(run(...words, '--require-kernel').code).not.toBe(0);
  });
});
