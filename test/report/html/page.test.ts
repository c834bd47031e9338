/**
 * The page of an experiment in a real browser: charts draw, the table sorts and filters, nothing is fetched
 * or logged.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeReport } from '../../../src/report/write.ts';
import { drawAll, hasChromium, LAUNCH, open, type Watched } from '../browser.ts';
import { DEFINITION, ROWS } from '../rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'k2-page-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!hasChromium)('report page in Chromium (skipped where there is none: set CHROMIUM)', () => {
  let browser: Browser;
  let w: Watched;

  beforeAll(async () => {
    const files = await writeReport(DEFINITION, ROWS, folder, { hasOverview: false });
    browser = await chromium.launch(LAUNCH);
    w = await open(browser, files.html);
    await drawAll(w.page);
  });
  afterAll(() => browser?.close());

  const names = () => w.page.locator('#results tbody th').allTextContents();
  const header = (text: string) => w.page.locator('#results thead tr:last-child th', { hasText: text });

  it('draws its charts with marks, each with its numbers', async () => {
    for (const id of ['size', 'latency', 'convergence']) {
      const figure = w.page.locator(`#figure-${id}`);
      expect(await figure.locator('.chart svg path').count()).toBeGreaterThan(3);
      expect(await figure.locator('.chart[data-ready] summary').count()).toBe(1);
      expect(await figure.locator('details.numbers tbody tr').count()).toBeGreaterThan(1);
    }
  });

  it('shows titles and code as text, never as markup', async () => {
    expect(await w.page.title()).toBe(DEFINITION.title);
    expect(await w.page.locator('h1').textContent()).toBe(DEFINITION.title);
  });

  it('sorts by numbers, both ways, with missing values last, and says so', async () => {
    const ours = header('ours').first();
    await ours.locator('button').click();
    expect(await names()).toEqual(['xdp_proto_count', 'xdp_swap_tx', 'xdp_policer']);
    expect(await ours.getAttribute('aria-sort')).toBe('ascending');
    await ours.locator('button').click();
    expect(await names()).toEqual(['xdp_swap_tx', 'xdp_proto_count', 'xdp_policer']);
    expect(await ours.getAttribute('aria-sort')).toBe('descending');
    expect(await w.page.locator('#spoken').textContent()).toContain('descending');
  });

  it('sorts from the keyboard', async () => {
    await header('program').locator('button').focus();
    await w.page.keyboard.press('Enter');
    expect(await names()).toEqual(['xdp_policer', 'xdp_proto_count', 'xdp_swap_tx']);
  });

  it('searches for all words, and filters by a column', async () => {
    await w.page.locator('#search').fill('sigsegv crash');
    expect(await names()).toEqual(['xdp_policer']);
    expect(await w.page.locator('#shown').textContent()).toBe('1 matching rows of 3');
    await w.page.locator('#search').fill('');
    await w.page.getByLabel('status').selectOption('unchanged');
    expect(await names()).toEqual(['xdp_swap_tx']);
    await w.page.getByLabel('status').selectOption('');
    expect(await names()).toHaveLength(3);
  });

  it('saves the shown rows as CSV', async () => {
    const download = w.page.waitForEvent('download');
    await w.page.locator('#csv').click();
    const lines = readFileSync(await (await download).path(), 'utf8')
      .trim()
      .split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^program,hook,-O1,-O2,-Os,input,ours,/);
    expect(lines.find((l) => l.startsWith('xdp_proto_count'))).toMatch(
      /^xdp_proto_count,xdp,24,22,22,22,19,13.6/,
    );
  });

  it('leads to a program: rewrites with proofs, equal lines beside each other, costs that add up', async () => {
    const { page, problems } = await open(browser, join(folder, 'index.html'));
    await page.locator('#results a', { hasText: 'xdp_proto_count' }).click();
    await drawAll(page);
    expect(await page.locator('table.rewrites pre').first().textContent()).toBe('r1 = <b>\nr2 = r1');
    expect(await page.locator('table.rewrites tbody tr').first().textContent()).toContain('SMT solver');
    const rows = page.locator('table.code tbody tr');
    const texts = (n: number) => rows.nth(n).locator('td').allTextContents();
    expect(await texts(0)).toEqual(['0: r1 = 1', '0.10', '1.00', '', '', '']);
    expect(await texts(1)).toEqual([
      '1: if r1 == 0x0 goto pc+1',
      '1.87',
      '1.00',
      '0: if r1 == 0x0 goto pc+0',
      '1.87',
      '1.00',
    ]);
    const perRun = await page.locator('table.code tfoot tr').last().locator('td.n').allTextContents();
    expect(perRun.map(Number)).toEqual([2.01, 1.92]);
    expect(await page.locator('nav[aria-label=Programs] a').allTextContents()).toEqual(['Next: xdp_swap_tx']);
    expect(problems).toEqual([]);
    await page.close();
  });

  it('says why a program has no result', async () => {
    const { page } = await open(browser, join(folder, 'programs/builtin_xdp_policer_clang-14-O2.html'));
    expect(await page.locator('main').textContent()).toContain('crash: the worker died of SIGSEGV');
    expect(await page.locator('pre.log').textContent()).toBe('last <words>');
    await page.close();
  });

  it('asks for no other file than its own and logs nothing', () => {
    expect(w.problems).toEqual([]);
  });

  it('is readable without scripts: table, drawings, listing', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`file://${join(folder, 'index.html')}`);
    expect(await page.locator('#results tbody tr').count()).toBe(3);
    expect(await page.locator('#chart-size svg path').count()).toBeGreaterThan(3);
    expect(await page.locator('.tools').isVisible()).toBe(false);
    await context.close();
  });
});

describe('report files', () => {
  it('are complete and escape what programs bring along', async () => {
    const files = await writeReport(DEFINITION, ROWS, folder);
    expect(files.programs).toHaveLength(3);
    for (const file of [files.html, ...files.programs]) {
      const page = readFileSync(file, 'utf8');
      expect(page).not.toContain('<script>alert(1)');
      expect(page).not.toContain('<i>markup</i>');
    }
    const markdown = readFileSync(files.markdown, 'utf8');
    expect(markdown).toContain('![');
    expect(markdown).toContain('\\<i\\>markup');
    for (const chart of files.charts) expect(readFileSync(chart, 'utf8')).toMatch(/^<svg[\s\S]*<\/svg>\s*$/);
  });

  it('link only to files that are there', async () => {
    const files = await writeReport(DEFINITION, ROWS, folder, { hasOverview: false });
    for (const file of [files.html, ...files.programs])
      for (const [, href] of readFileSync(file, 'utf8').matchAll(/(?:href|src)="([^"#]+)["#]/g))
        if (!href!.startsWith('data:')) expect(existsSync(join(dirname(file), href!)), href).toBe(true);
  });

  it('are made for an experiment without any result', async () => {
    const files = await writeReport(DEFINITION, [], join(folder, 'empty'));
    expect(files.charts).toEqual([]);
    expect(readFileSync(files.html, 'utf8')).toContain('0 of 0 improved');
  });

  it('do not keep pages of programs that are gone', async () => {
    const files = await writeReport(DEFINITION, ROWS.slice(0, 1), folder);
    expect(files.programs).toHaveLength(1);
    expect(existsSync(join(folder, 'programs/builtin_xdp_policer_clang-14-O2.html'))).toBe(false);
  });
});
