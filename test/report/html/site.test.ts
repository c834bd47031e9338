/** The overview, and a page with the paper's tables and thousands of rows, in a real browser. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasResult, type Row } from '../../../src/experiment/results/result.ts';
import { writeSite } from '../../../src/report/html/site.ts';
import { writeReport } from '../../../src/report/write.ts';
import { drawAll, hasChromium, LAUNCH, open } from '../browser.ts';
import { DEFINITION, ROWS } from '../rows.ts';

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
    server: {
      ring: 800,
      batch: 64,
      wakeNs: 0,
      pollNs: 0,
      isFlushedPerBatch: false,
      baseNs: 20_000,
      baseBatch: 64,
    },
    loads: [],
    versions: [version('clang-9-O2'), version('ours')],
  };
}

/** Rows of a hundred programs with fifty seeds each; the first has curves against load. */
function many(): Row[] {
  const [first] = ROWS;
  if (first === undefined || !hasResult(first)) throw new Error('no result');
  return Array.from({ length: MANY }, (_, k): Row => {
    const program = { ...first.program, id: k < 50 ? 'xdp1' : `program_${Math.floor(k / 50)}` };
    const after = { ...first.measurements.slots.after, value: 10 + (k % 7) };
    const measurements = { ...first.measurements, slots: { ...first.measurements.slots, after } };
    const status = k % 7 === 6 ? ('unchanged' as const) : ('ok' as const);
    const row = { ...first, program, measurements, status, key: `k${k}`, seed: k, output: `${k % 7}` };
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

  it('leads from the overview to a table of the paper and its charts', async () => {
    const { page, problems } = await open(browser, join(folder, 'index.html'));
    await page.getByText(/^\d tables$/).click();
    await page.getByRole('link', { name: 'Table 2 of the paper: throughput' }).click();
    await drawAll(page);
    expect(await page.locator('#paper-table2 tbody tr').count()).toBe(1);
    expect(await page.locator('#chart-load-drops svg path').count()).toBeGreaterThan(3);
    expect(await page.locator('#chart-difference-paper-table2 svg path').count()).toBeGreaterThan(1);
    await page.locator('#paper-table2 th button').nth(1).click();
    expect(await page.locator('#paper-table2 th[aria-sort=ascending]').textContent()).toBe('-O1');
    expect(await page.locator('#spoken').textContent()).toContain('-O1, measured in the paper');
    expect(problems).toEqual([]);
    await page.close();
  });

  it('stays usable with 5,000 rows: pages of them, sorted and filtered as a whole', async () => {
    const file = join(folder, 'paper/large/index.html');
    expect(statSync(file).size).toBeLessThan(2_500_000);
    const { page, problems } = await open(browser, file);
    const rows = page.locator('#results tbody tr');
    const shown = page.locator('#shown');
    expect(await rows.count()).toBe(100);
    expect(await shown.textContent()).toBe(`rows 1 to 100 of 5,000 rows`);
    const seed = page.locator('#results th', { hasText: 'seed' }).locator('button');
    await seed.click();
    await seed.click();
    expect(await rows.first().locator('td').first().textContent()).toBe('4,999');
    await page.getByRole('button', { name: 'Next' }).click();
    expect(await rows.first().locator('td').first().textContent()).toBe('4,899');
    await page.locator('#search').fill('program_7');
    expect(await shown.textContent()).toBe(`rows 1 to 100 of 550 matching rows of 5,000`);
    await page.getByLabel('status').selectOption('unchanged');
    expect(await shown.textContent()).toBe(`78 matching rows of 5,000`);
    await page.locator('#search').fill('no such thing');
    expect(await shown.textContent()).toBe(`0 matching rows of 5,000`);
    expect(problems).toEqual([]);
    await page.close();
  });

  it('shows of a program with many seeds the time to best, and each output once', async () => {
    const { page, problems } = await open(
      browser,
      join(folder, 'paper/large/programs/builtin_xdp1_clang-14-O2.html'),
    );
    await drawAll(page);
    expect(await page.locator('#figure-search h2').textContent()).toBe('Time to best over seeds');
    expect(await page.locator('#figure-load').count()).toBe(1);
    // Seven different outputs; the last is only counted.
    expect(await page.locator('section[id^=output]').count()).toBe(6);
    expect(await page.locator('main').textContent()).toContain('1 larger output is not listed here');
    expect(problems).toEqual([]);
    await page.close();
  });
});
