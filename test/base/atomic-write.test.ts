import { existsSync, lstatSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeAtomically } from '../../src/base/atomic-write.ts';
import { UserError } from '../../src/base/errors.ts';

describe('writeAtomically', () => {
  const folder = mkdtempSync(join(tmpdir(), 'k2-write-'));

  it('replaces a file and leaves nothing else behind', () => {
    const path = join(folder, 'a');
    writeFileSync(path, 'old');
    writeAtomically(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(existsSync(`${path}.part`)).toBe(false);
  });

  it('writes through a link instead of replacing it', () => {
    const target = join(folder, 'target');
    const link = join(folder, 'link');
    writeFileSync(target, 'old');
    symlinkSync(target, link);
    writeAtomically(link, 'new');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(target, 'utf8')).toBe('new');
  });

  it.skipIf(!existsSync('/dev/full'))(
    'reports a full device and leaves it a device (skipped without /dev/full)',
    () => {
      expect(() => writeAtomically('/dev/full', 'x')).toThrow(/ENOSPC/);
      expect(lstatSync('/dev/full').isCharacterDevice()).toBe(true);
    },
  );
});

describe('UserError', () => {
  it('joins what, where and hint into sentences', () => {
    expect(new UserError('it is broken', 'a.o', 'Mend it.').message).toBe('a.o: it is broken. Mend it.');
    expect(new UserError('It is broken.', '', 'Mend it.').message).toBe('It is broken. Mend it.');
    expect(new UserError('it is broken').message).toBe('it is broken');
  });
});
