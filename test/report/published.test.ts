/** Reports of results that were stored without instructions, as those in results/reference are. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readDefinition } from '../../src/experiment/definition.ts';
import { PACKAGE_ROOT } from '../../src/experiment/home.ts';
import { parseRow, type Row } from '../../src/experiment/result.ts';
import { writeReport } from '../../src/report/write.ts';

const folder = mkdtempSync(join(tmpdir(), 'k2-published-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('results/reference/table1-size.jsonl', () => {
  const definition = readDefinition(join(PACKAGE_ROOT, 'experiments/table1-size.yaml'));
  const rows = readFileSync(join(PACKAGE_ROOT, 'results/reference/table1-size.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line): Row => {
      const parsed = parseRow(line);
      if (!parsed.ok) throw new Error(parsed.reason);
      return parsed.row;
    });

  it('makes a report that says what is missing, and shows no empty listing', async () => {
    const files = await writeReport(definition, rows, folder);
    expect(files.programs).toHaveLength(rows.length);
    for (const file of files.programs) {
      const page = readFileSync(file, 'utf8');
      expect(page).toContain('The instructions, the rewrites and their proofs are not in this result');
      expect(page).not.toContain('<table class="code');
      expect(page).not.toMatch(/undefined|NaN/);
    }
    const page = readFileSync(files.html, 'utf8');
    expect(page).toMatch(/Ours is smaller than K2&#39;s in \d+ of 19 programs/);
    const markdown = readFileSync(files.markdown, 'utf8');
    expect(markdown).toContain('| xdp-balancer | - | 1,811 | 1,771 | 1,607 |');
    expect(markdown).toContain('stored without instructions');
    expect(markdown).not.toMatch(/undefined|NaN/);
  });
});
