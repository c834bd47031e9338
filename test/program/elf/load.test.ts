/** libbpf as the witness: what we write, bpftool loads. Needs root, bpf(2) and bpftool. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readObject, rewriteProgram, rewritePrograms, writeObject } from '../../../src/program/elf/index.ts';
import { edit, HARMLESS, objectOf, okPrograms, pad, pathOf, programNamed } from './fixtures.ts';

const BPFFS = '/sys/fs/bpf';
const PIN = join(BPFFS, `k2test-${process.pid}`);

function bpftool(...args: string[]): { ok: boolean; text: string } {
  const r = spawnSync('bpftool', args, { encoding: 'utf8', timeout: 60_000 });
  return { ok: r.status === 0, text: `${r.stdout ?? ''}${r.stderr ?? ''}${r.error ?? ''}` };
}

/** Loads all programs of an object, and unpins them again. */
function load(file: string, whilePinned: () => void = () => {}): { ok: boolean; text: string } {
  try {
    const loaded = bpftool('prog', 'load', file, PIN);
    if (loaded.ok) whilePinned();
    return loaded;
  } finally {
    rmSync(PIN, { force: true, recursive: true });
  }
}

function missing(): string {
  if (process.getuid?.() !== 0) return 'not root';
  if (!bpftool('version').ok) return 'no bpftool';
  if (!existsSync(BPFFS)) return 'no bpffs';
  if (!/ type bpf /.test(execFileSync('mount', { encoding: 'utf8' })))
    if (spawnSync('mount', ['-t', 'bpf', 'bpf', BPFFS]).status !== 0) return 'bpffs cannot be mounted';
  const plain = load(pathOf('full-clang19.o'));
  return plain.ok ? '' : 'this kernel or libbpf does not load the unchanged object';
}

const reason = missing();

describe.skipIf(reason !== '')(
  `bpftool loads what we write${reason === '' ? '' : ` (skipped: ${reason})`}`,
  () => {
    const dir = mkdtempSync(join(tmpdir(), 'k2-elf-'));
    afterAll(() => rmSync(dir, { recursive: true, force: true }));
    const put = (name: string, bytes: Uint8Array): string => {
      const file = join(dir, name);
      writeFileSync(file, bytes);
      return file;
    };

    it.each([
      'full-clang14.o',
      'full-clang19.o',
      'core-clang14.o',
      'core-clang19.o',
      'kfunc-clang14.o',
      'kfunc-clang19.o',
    ])(
      '%s with every function longer',
      (name) => {
        // CO-RE and kernel functions need a kernel with BTF: only what loads unchanged can be compared.
        if (!load(pathOf(name)).ok) return;
        const object = objectOf(name);
        const changes = okPrograms(object).map((p) => ({ original: p, optimized: pad(p) }));
        const file = put(name, writeObject(object, rewritePrograms(object, changes)));
        expect(load(file)).toMatchObject({ ok: true });
        // And shorter again, from the longer one.
        const longer = readObject(writeObject(object, rewritePrograms(object, changes)), name);
        const back = okPrograms(longer).map((original) => ({
          original,
          optimized: original.functions.reduce((q, f) => edit(q, f.name, 0, HARMLESS.length, []), original),
        }));
        const shorter = put(`short-${name}`, writeObject(longer, rewritePrograms(longer, back)));
        expect(load(shorter)).toMatchObject({ ok: true });
      },
      60_000,
    );

    it('one program changed, with copies of the subprograms it shares', () => {
      const object = objectOf('full-clang19.o');
      const first = programNamed(object, 'first');
      const rewrites = rewriteProgram(object, first, edit(first, 'scaled', 0, 0, HARMLESS));
      expect(rewrites.some((r) => r.copyOf !== undefined)).toBe(true);
      const file = put('copies.o', writeObject(object, rewrites));
      expect(load(file)).toMatchObject({ ok: true });
    });

    it('the kernel shows the moved lines and gives the same result', () => {
      const object = objectOf('full-clang19.o');
      const packet = put('packet', new Uint8Array(64).fill(1));
      const run = (file: string): { value: string; listing: string } => {
        let value = '';
        let listing = '';
        const loaded = load(file, () => {
          value = bpftool('prog', 'run', 'pinned', PIN, 'data_in', packet, 'repeat', '1').text;
          listing = bpftool('prog', 'dump', 'xlated', 'pinned', PIN, 'linum').text;
        });
        expect(loaded).toMatchObject({ ok: true });
        return { value: /Return value: \d+/.exec(value)?.[0] ?? value, listing };
      };
      const changes = okPrograms(object).map((p) => ({ original: p, optimized: pad(p) }));
      const before = run(pathOf('full-clang19.o'));
      const after = run(put('padded.o', writeObject(object, rewritePrograms(object, changes))));
      expect(after.value).toBe(before.value);
      expect(after.value).toMatch(/Return value/);
      // The same source lines in the same order.
      const numbers = (text: string): string[] =>
        [...text.matchAll(/line_num:(\d+) line_col:(\d+)/g)].map((m) => m[0]);
      expect(numbers(after.listing)).toEqual(numbers(before.listing));
      expect(numbers(after.listing).length).toBeGreaterThan(5);
    });
  },
);
