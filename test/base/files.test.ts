import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/base/errors.ts';
import { makeFolder, writeWhole } from '../../src/base/files.ts';

const root = mkdtempSync(join(tmpdir(), 'k2-files-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('folders and files', () => {
  it('are made with all that is above them, once or again', () => {
    makeFolder(join(root, 'a/b/c'));
    makeFolder(join(root, 'a/b/c'));
    writeWhole(join(root, 'd/e/f.txt'), 'text');
    expect(existsSync(join(root, 'a/b/c'))).toBe(true);
    expect(readFileSync(join(root, 'd/e/f.txt'), 'utf8')).toBe('text');
  });

  it('say that a part of the path is a file', () => {
    writeFileSync(join(root, 'file'), '');
    expect(() => makeFolder(join(root, 'file/x/y'))).toThrow(/a part of the path is not a folder/);
    expect(() => makeFolder(join(root, 'file'))).toThrow(/there is a file of this name/);
    expect(() => writeWhole(join(root, 'file/x'), '')).toThrow(UserError);
  });

  const place = join(root, 'mounted');
  const mounted = mountReadOnly(place);
  afterAll(() => {
    if (mounted) execFileSync('umount', [place]);
  });
  it.skipIf(!mounted)('say that the file system is read-only, however deep the path is', () => {
    for (const path of ['x', 'x/y', 'x/y/z']) {
      expect(() => makeFolder(join(place, path))).toThrow(/the file system is read-only/);
      expect(() => writeWhole(join(place, path), '')).toThrow(/the file system is read-only/);
    }
  });
});

/** Takes root; false where it cannot be done. */
function mountReadOnly(place: string): boolean {
  try {
    mkdirSync(place);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'k2-test', place], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
