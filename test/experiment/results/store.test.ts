import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/base/errors.ts';
import { lockFolder } from '../../../src/base/lock.ts';
import type { Row } from '../../../src/experiment/results/result.ts';
import { RowWriter, readRows } from '../../../src/experiment/results/store.ts';

const root = mkdtempSync(join(tmpdir(), 'k2-store-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(root, 'x-'));
});

const row = (key: string): Row =>
  ({
    schema: 1,
    key,
    experiment: 't',
    program: { corpus: 'builtin', id: key, variant: 'v' },
    configuration: 'd',
    seed: 1,
    status: 'skipped',
    reason: 'missing',
  }) as unknown as Row;

function append(...keys: string[]): void {
  const writer = new RowWriter(folder);
  for (const key of keys) writer.append(row(key));
  writer.close();
}
const keys = (): string[] => readRows(folder).rows.map((r) => r.key);

describe('result store', () => {
  it('gives back what was appended, in order, over several sessions', () => {
    append('a', 'b');
    append('c');
    expect(keys()).toEqual(['a', 'b', 'c']);
  });

  it('survives being cut anywhere in the last line, and says what it skipped', () => {
    append('a', 'b');
    const file = join(folder, 'cells.jsonl');
    const whole = readFileSync(file, 'utf8');
    const start = whole.indexOf('\n') + 1;
    for (let cut = start; cut < whole.length - 1; cut += 7) {
      writeFileSync(file, whole.slice(0, cut));
      const before = readRows(folder);
      expect(before.rows.map((r) => r.key)).toEqual(['a']);
      expect(before.warnings).toHaveLength(cut === start ? 0 : 1);
      append('c');
      expect(keys()).toEqual(['a', 'c']);
    }
  });

  it.skipIf(!existsSync('/dev/full'))('says that the disk is full (skipped without /dev/full)', () => {
    symlinkSync('/dev/full', join(folder, 'cells.jsonl'));
    expect(readRows(folder).rows).toEqual([]);
    const writer = new RowWriter(folder);
    expect(() => writer.append(row('a'))).toThrow(/no space left on the device/);
    writer.close();
  });

  it('skips lines that are no rows, with their line number', () => {
    append('a');
    appendFileSync(join(folder, 'cells.jsonl'), '{"schema":1}\n[]\n');
    append('b');
    const { rows, warnings } = readRows(folder);
    expect(rows.map((r) => r.key)).toEqual(['a', 'b']);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/cells.jsonl, line 2: key: /);
  });
});

describe('lock', () => {
  it('keeps others out until it is given back', () => {
    const unlock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(UserError);
    unlock();
    lockFolder(folder)();
    expect(existsSync(join(folder, '.lock'))).toBe(false);
  });

  it('is void when its process is gone', () => {
    writeFileSync(join(folder, '.lock'), '999999999');
    lockFolder(folder)();
    writeFileSync(join(folder, '.lock'), '');
    lockFolder(folder)();
  });
});
