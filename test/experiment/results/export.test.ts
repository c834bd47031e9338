import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, describe, expect, it } from 'vitest';
import { exportResults, mergeResults, toCsv, toParquet } from '../../../src/experiment/results/export.ts';
import type { Row } from '../../../src/experiment/results/result.ts';
import { RowWriter, readRows, writeDefinition } from '../../../src/experiment/results/store.ts';
import { DEFINITION, ROWS } from '../../report/rows.ts';

const root = mkdtempSync(join(tmpdir(), 'k2-export-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function store(name: string, rows: readonly Row[], hash = 'h'): string {
  const folder = join(root, name);
  const writer = new RowWriter(folder);
  for (const r of rows) writer.append(r);
  writer.close();
  writeDefinition(folder, { definition: DEFINITION, hash, keys: ROWS.map((r) => r.key) });
  return folder;
}

describe('mergeResults', () => {
  it('brings shards together, once', () => {
    const [a, b] = [store('a', ROWS.slice(0, 1)), store('b', ROWS.slice(1))];
    const into = join(root, 'all');
    expect(mergeResults(into, [a])).toMatchObject({ rows: 1, added: 1, missing: 2 });
    expect(mergeResults(into, [a, b])).toMatchObject({ rows: 3, added: 2, missing: 0 });
    expect(mergeResults(into, [a, b])).toMatchObject({ rows: 3, added: 0 });
    expect(readRows(into).rows).toEqual(ROWS);
  });

  it('lets a result replace a failure, and nothing else', () => {
    const again = { ...ROWS[0]!, key: ROWS[2]!.key };
    const [failed, ok] = [store('failed', [ROWS[2]!]), store('ok', [again])];
    const into = join(root, 'retried');
    mergeResults(into, [failed]);
    expect(mergeResults(into, [ok])).toMatchObject({ added: 1 });
    expect(mergeResults(into, [failed])).toMatchObject({ added: 0 });
  });

  it('refuses results of another definition', () => {
    const [a, b] = [store('c', ROWS.slice(0, 1)), store('d', ROWS.slice(1), 'other')];
    expect(() => mergeResults(join(root, 'x'), [a, b])).toThrow(/are not those of/);
  });
});

describe('exports', () => {
  it('quote what CSV needs quoted', () => {
    const [head, first, , third] = toCsv([...ROWS.slice(0, 2), { ...ROWS[2]!, reason: 'a, "b"\nc' }]).split(
      '\r\n',
    );
    expect(head!.split(',').slice(0, 4)).toEqual(['experiment', 'corpus', 'program', 'variant']);
    expect(first).toMatch(/^tiny,builtin,xdp_proto_count,clang-14-O2,/);
    expect(third).toContain('"a, ""b""\nc"');
  });

  it('have the same rows in Parquet', async () => {
    const bytes = await toParquet(ROWS);
    const read = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
    });
    expect(read.map((r) => [r.program, r.slots_before, r.slots_after, r.status])).toEqual([
      ['xdp_proto_count', 22, 19, 'ok'],
      ['xdp_swap_tx', 69, 69, 'unchanged'],
      ['xdp_policer', null, null, 'failed'],
    ]);
    expect(read[2]).toMatchObject({
      commit: null,
      interrupted: null,
      reason: 'crash: the worker died of SIGSEGV',
    });
  });

  it('choose the form by the name', async () => {
    const folder = store('e', ROWS);
    expect(await exportResults(folder, join(root, 'x.csv'))).toMatchObject({ rows: 3 });
    expect(readFileSync(join(root, 'x.csv'), 'utf8').split('\r\n')).toHaveLength(5);
    await exportResults(folder, join(root, 'x.parquet'));
    expect(readFileSync(join(root, 'x.parquet')).subarray(0, 4).toString()).toBe('PAR1');
    await expect(exportResults(folder, join(root, 'x.xls'))).rejects.toThrow(/the form is not known/);
  });
});
