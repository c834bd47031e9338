/** The page in a real browser: charts draw, the table sorts and filters, nothing is fetched, nothing is logged. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeReport } from '../../src/report/write.ts';
import { hasChromium, LAUNCH } from './browser.ts';
import { DEFINITION, ROWS } from './rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'k2-page-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!hasChromium)('report page in Chromium (skipped where there is none: set CHROMIUM)', () => {
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];
  const requests: string[] = [];

  beforeAll(async () => {
    const files = await writeReport(DEFINITION, ROWS, folder);
    browser = await chromium.launch(LAUNCH);
    page = await browser.newPage();
    page.on('console', (m) => {
      if (m.type() === 'error' || m.type() === 'warning') problems.push(m.text());
    });
    page.on('pageerror', (e) => problems.push(e.message));
    page.on('request', (r) => requests.push(r.url()));
    page.on('dialog', (d) => {
      problems.push(`dialog: ${d.message()}`);
      void d.dismiss();
    });
    await page.goto(pathToFileURL(files.html).href);
    await page.waitForFunction("document.querySelectorAll('.chart svg.marks').length === 3");
  });
  afterAll(() => browser?.close());

  const firstColumn = () => page.locator('#results tbody tr:visible td:first-child').allTextContents();

  it('draws three charts with marks', async () => {
    for (const id of ['size', 'latency', 'convergence'])
      expect(await page.locator(`#chart-${id} svg.marks path`).count()).toBeGreaterThan(3);
  });

  it('shows titles and code as text, never as markup', async () => {
    expect(await page.title()).toBe(DEFINITION.title);
    expect(await page.locator('h1').textContent()).toBe(DEFINITION.title);
    expect(await page.locator('table.rewrites pre').first().textContent()).toBe('r1 = <b>\nr2 = r1');
  });

  it('sorts by numbers, both ways, with missing values last, and says so', async () => {
    const header = page.locator('#results th', { hasText: 'ours' });
    await header.locator('button').click();
    expect(await firstColumn()).toEqual(['xdp_proto_count', 'xdp_swap_tx', 'xdp_policer']);
    expect(await header.getAttribute('aria-sort')).toBe('ascending');
    await header.locator('button').click();
    expect(await firstColumn()).toEqual(['xdp_swap_tx', 'xdp_proto_count', 'xdp_policer']);
    expect(await header.getAttribute('aria-sort')).toBe('descending');
    expect(await page.locator('#sorted').textContent()).toContain('descending');
  });

  it('sorts from the keyboard', async () => {
    await page.locator('#results th', { hasText: 'program' }).locator('button').focus();
    await page.keyboard.press('Enter');
    expect(await firstColumn()).toEqual(['xdp_policer', 'xdp_proto_count', 'xdp_swap_tx']);
  });

  it('filters', async () => {
    await page.locator('#search').fill('SIGSEGV');
    expect(await firstColumn()).toEqual(['xdp_policer']);
    expect(await page.locator('#shown').textContent()).toBe('1 of 3 rows');
    await page.locator('#search').fill('');
    expect(await firstColumn()).toHaveLength(3);
  });

  it('opens the section of a program from the table, with equal lines beside each other', async () => {
    await page.locator('#results a', { hasText: 'xdp_proto_count' }).click();
    await page.waitForFunction("document.getElementById('program-0').open");
    const rows = page.locator('#program-0 table.code tbody tr');
    expect(await rows.nth(0).locator('td').allTextContents()).toEqual(['0: r1 = 1', '']);
    expect(await rows.nth(1).locator('td').allTextContents()).toEqual([
      '1: if r1 == 0x0 goto pc+1',
      '0: if r1 == 0x0 goto pc+0',
    ]);
  });

  it('has a dark side', async () => {
    const paper = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const light = await paper();
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await paper()).not.toBe(light);
    await page.waitForFunction("document.querySelectorAll('.chart svg.marks').length === 3");
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('asks for no other file and logs nothing', () => {
    expect(problems).toEqual([]);
    expect(requests.filter((url) => !url.startsWith('file:') && !url.startsWith('data:'))).toEqual([]);
  });
});

describe('report files', () => {
  it('are complete and escape what programs bring along', async () => {
    const files = await writeReport(DEFINITION, ROWS, folder);
    const page = readFileSync(files.html, 'utf8');
    expect(page).not.toContain('<script>alert(1)');
    expect(page).not.toContain('<i>markup</i>');
    const markdown = readFileSync(files.markdown, 'utf8');
    expect(markdown).toContain('![');
    expect(markdown).toContain('\\<i\\>markup');
    for (const chart of files.charts) expect(readFileSync(chart, 'utf8')).toMatch(/^<svg[\s\S]*<\/svg>\s*$/);
  });

  it('are made for an experiment without any result', async () => {
    const files = await writeReport(DEFINITION, [], join(folder, 'empty'));
    expect(files.charts).toEqual([]);
    expect(readFileSync(files.html, 'utf8')).toContain('0 of 0 improved');
  });
});
