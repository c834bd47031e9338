/** The overview, and a page with the paper's tables and thousands of rows, in a real browser. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasResult, type Row } from '../../src/experiment/result.ts';
import { writeSite } from '../../src/report/site.ts';
import { writeReport } from '../../src/report/write.ts';
import { hasChromium, LAUNCH } from './browser.ts';
import { DEFINITION, ROWS } from './rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'k2-site-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MANY = 5000;

function traffic(): object {
  const point = (rate: number) => ({
    rate,
    throughput: Math.min(rate, 1e7),
    loss: rate > 1e7 ? 0.1 : 0,
    meanNs: 3e4,
    p99Ns: 4e4,
  });
  const version = (name: string) => ({
    name,
    programNs: 20,
    serviceNs: 100,
    actions: { drop: 1 },
    maxRate: { lossFree: 1e7, halfPercent: 1.005e7 },
    loads: [],
    curve: [5e6, 1e7, 1.2e7].map(point),
  });
  return {
    status: 'measured',
    dispatch: { ns: 80, byAction: {} },
    source: 'a test',
    server: {},
    loads: [],
    versions: [version('clang-9-O2'), version('ours')],
  };
}

/** Rows of many seeds; the first has curves against load. */
function many(): Row[] {
  const [first] = ROWS;
  if (first === undefined || !hasResult(first)) throw new Error('no result');
  const program = { ...first.program, id: 'xdp1' };
  const small = {
    ...first,
    program,
    rewrites: first.rewrites.slice(0, 1),
    convergence: first.convergence.slice(0, 2),
  };
  return Array.from({ length: MANY }, (_, k): Row => {
    const row = { ...small, key: `k${k}`, seed: k };
    return k === 0 ? { ...row, extra: { traffic: traffic() as never } } : row;
  });
}

beforeAll(async () => {
  await writeReport({ ...DEFINITION, name: 'plain' }, ROWS, join(folder, 'plain'));
  await writeReport(
    { ...DEFINITION, name: 'large', title: 'Large', table: 'table2' },
    many(),
    join(folder, 'paper/large'),
  );
  writeSite(folder);
}, 120_000);

describe('writeSite', () => {
  it("links every report, the paper's first, and escapes their texts", () => {
    const page = readFileSync(join(folder, 'index.html'), 'utf8');
    expect(page.indexOf('paper/large/index.html')).toBeGreaterThan(0);
    expect(page.indexOf('paper/large/index.html')).toBeLessThan(page.indexOf('"plain/index.html'));
    expect(page).toContain('paper/large/index.html#paper-table2');
    expect(page).not.toContain('<script>alert(1)');
  });

  it('writes nothing where there is nothing', () => {
    expect(writeSite(join(folder, 'nowhere'))).toBeUndefined();
  });
});

describe.skipIf(!hasChromium)('site in Chromium (skipped where there is none: set CHROMIUM)', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch(LAUNCH);
  });
  afterAll(() => browser?.close());

  it('leads from the overview to a table of the paper, and stays usable with 5,000 rows', async () => {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('console', (m) => {
      if (m.type() === 'error' || m.type() === 'warning') problems.push(m.text());
    });
    page.on('pageerror', (e) => problems.push(e.message));
    await page.goto(pathToFileURL(join(folder, 'index.html')).href);
    await page.getByRole('link', { name: 'Table 2 of the paper: throughput' }).click();
    await page.waitForFunction("document.querySelectorAll('.chart svg.marks').length >= 6");
    expect(await page.locator('#paper-table2 tbody tr').count()).toBe(1);
    expect(await page.locator('#chart-load-drops svg.marks path').count()).toBeGreaterThan(3);
    await page.locator('#results th', { hasText: 'seed' }).locator('button').click();
    await page.locator('#results th', { hasText: 'seed' }).locator('button').click();
    const first = page.locator('#results tbody tr').first();
    expect(await first.textContent()).toContain(String(MANY - 1));
    await page.locator('#search').fill('no such thing');
    expect(await page.locator('#shown').textContent()).toBe(`0 of ${MANY} rows`);
    await page.locator('#paper-table2 th button').nth(1).click();
    expect(await page.locator('#paper-table2 th').nth(1).getAttribute('aria-sort')).toBe('ascending');
    expect(problems).toEqual([]);
  });
});
