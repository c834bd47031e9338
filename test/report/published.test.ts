/** Reports of results that were stored without instructions, as those of programs without a license are. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { withoutInstructions } from '../../src/experiment/results/publish.ts';
import { hasResult, type Row } from '../../src/experiment/results/result.ts';
import { writeReport } from '../../src/report/write.ts';
import { DEFINITION, ROWS } from './rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'k2-published-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const published = ROWS.slice(0, 1).map((r): Row => {
  const row = withoutInstructions(structuredClone(r));
  row.program.id = 'xdp1';
  return row;
});
/** As earlier versions stored them: the fields are not there at all. */
const earlier = published.map((r): Row => {
  if (!hasResult(r)) throw new Error('no result');
  const { disassembly: _d, rewrites: _r, output: _o, executed: _e, ...rest } = r;
  return rest as Row;
});

describe.each([
  ['empty', published],
  ['absent', earlier],
])('results whose instructions are %s', (name, rows) => {
  it('make a report that says what is missing, and shows no empty listing', async () => {
    const two = [...rows, ...rows.map((r) => ({ ...r, seed: 2, key: 'other' }))];
    const files = await writeReport({ ...DEFINITION, table: 'table1' }, two, join(folder, name));
    expect(files.programs).toHaveLength(1);
    const page = readFileSync(files.programs[0]!, 'utf8');
    // Each by itself: whether the outputs are the same is not known.
    expect(
      page.match(/The instructions, the rewrites and their proofs are not in this result/g),
    ).toHaveLength(2);
    expect(page).not.toContain('<table class="code');
    expect(page).not.toMatch(/>undefined|NaN/);
    expect(readFileSync(files.html, 'utf8')).toContain('Ours is smaller than K2&#39;s in 1 of 1 programs');
    const markdown = readFileSync(files.markdown, 'utf8');
    expect(markdown).toContain('stored without instructions');
    expect(markdown).not.toMatch(/undefined|NaN/);
  });
});
