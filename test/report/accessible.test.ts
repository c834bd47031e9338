/**
 * What WCAG 2 AA asks of the pages and a machine can see: contrast, names, keyboard, width, motion, print.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OTHERS, OURS, THEIRS } from '../../src/report/charts/theme.ts';
import { writeSite } from '../../src/report/html/site.ts';
import { writeReport } from '../../src/report/write.ts';
import { contrast, drawAll, hasChromium, LAUNCH, lowContrast, open } from './browser.ts';
import { DEFINITION, ROWS } from './rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'k2-accessible-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PAGES = {
  overview: 'index.html',
  experiment: 'tiny/index.html',
  program: 'tiny/programs/builtin_xdp_proto_count_clang-14-O2.html',
  failure: 'tiny/programs/builtin_xdp_policer_clang-14-O2.html',
} as const;
const LIGHT_PAPER = [255, 255, 255] as const;
const DARK_PAPER = [20, 24, 29] as const;

describe('colours of charts', () => {
  it.each([OURS, THEIRS, ...OTHERS])('%s stands out from both papers, 3:1', (hex) => {
    const rgb = [1, 3, 5].map((k) => Number.parseInt(hex.slice(k, k + 2), 16));
    expect(contrast(rgb, LIGHT_PAPER)).toBeGreaterThanOrEqual(3);
    expect(contrast(rgb, DARK_PAPER)).toBeGreaterThanOrEqual(3);
  });
});

describe.skipIf(!hasChromium)('pages in Chromium (skipped where there is none: set CHROMIUM)', () => {
  let browser: Browser;
  const pages = new Map<string, Page>();
  beforeAll(async () => {
    await writeReport({ ...DEFINITION, table: 'table1' }, ROWS, join(folder, 'tiny'));
    writeSite(folder);
    browser = await chromium.launch(LAUNCH);
    for (const [name, file] of Object.entries(PAGES)) {
      const { page } = await open(browser, join(folder, file));
      await drawAll(page);
      for (const d of await page.locator('main details').all())
        await d.evaluate((e) => e.setAttribute('open', ''));
      pages.set(name, page);
    }
  });
  afterAll(() => browser?.close());
  const pageOf = (name: string): Page => pages.get(name)!;
  const names = Object.keys(PAGES);

  it.each(names)('%s: text keeps 4.5:1, light and dark', async (name) => {
    const page = pageOf(name);
    for (const [colorScheme, paper] of [
      ['light', LIGHT_PAPER],
      ['dark', DARK_PAPER],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await lowContrast(page, paper), colorScheme).toEqual([]);
    }
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it.each(names)(
    '%s: a language, a title, one h1, headings without gaps, a skip link that comes first',
    async (name) => {
      const page = pageOf(name);
      expect(await page.locator('html').getAttribute('lang')).toBe('en');
      expect(await page.title()).not.toBe('');
      const levels = await page
        .locator('h1, h2, h3')
        .evaluateAll((all) => all.map((h) => Number(h.tagName[1])));
      expect(levels.filter((l) => l === 1)).toHaveLength(1);
      expect(levels.every((l, k) => l - (levels[k - 1] ?? 0) <= 1)).toBe(true);
      await page.evaluate('scrollTo(0, 0); document.activeElement.blur()');
      await page.keyboard.press('Tab');
      const focused = page.locator(':focus');
      expect(await focused.textContent()).toBe('Skip to the content');
      expect((await focused.boundingBox())!.x).toBeGreaterThanOrEqual(0);
      await page.keyboard.press('Enter');
      expect(await page.evaluate('document.activeElement.id')).toBe('main');
    },
  );

  it.each(names)(
    '%s: every control, region and figure has a name, every table a caption and headed columns',
    async (name) => {
      const page = pageOf(name);
      const nameless = await page
        .locator('button, a[href], input, select, summary, [role=region], [role=group], figure, nav')
        .evaluateAll((all) =>
          all
            .filter((e) => {
              const labels = (e as { labels?: { length: number } | null }).labels;
              const text = (e.getAttribute('aria-label') ?? e.textContent ?? '').trim();
              return text === '' && (labels?.length ?? 0) === 0 && e.querySelector('svg') === null;
            })
            .map((e) => e.outerHTML.slice(0, 120)),
        );
      expect(nameless).toEqual([]);
      for (const table of await page.locator('table').all()) {
        expect(await table.locator('caption').count()).toBe(1);
        expect(await table.locator('thead th:not([scope])').count()).toBe(0);
      }
      for (const chart of await page.locator('.chart').all())
        expect(await chart.getAttribute('aria-label')).toMatch(/^Chart: ./);
    },
  );

  it.each(names)('%s: nothing is wider than a phone but what scrolls by itself', async (name) => {
    const page = pageOf(name);
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it('leads through the tools of the main table in the order in which they stand', async () => {
    const page = pageOf('experiment');
    await page.locator('#search').focus();
    const order: (string | null)[] = [];
    for (let k = 0; k < 5; k++) {
      await page.keyboard.press('Tab');
      order.push(
        await page.evaluate<string | null>(
          "document.activeElement.id || document.activeElement.closest('label')?.firstChild.textContent.trim()",
        ),
      );
    }
    // Previous and Next are disabled where there is one page.
    expect(order).toEqual(['status', 'kernel', 'differential runs', 'size', 'csv']);
    const region = page.getByRole('region', { name: 'Results' });
    await region.focus();
    await page.keyboard.press('Tab');
    expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('program');
    await page.keyboard.press('Enter');
    expect(await page.locator('th[aria-sort=ascending]').count()).toBe(1);
  });

  it('moves nothing for who asks for that', async () => {
    const page = pageOf('experiment');
    const behaviour = () =>
      page.evaluate<string>('getComputedStyle(document.documentElement).scrollBehavior');
    await page.emulateMedia({ reducedMotion: 'reduce' });
    expect(await behaviour()).toBe('auto');
    const moving = await page.evaluate<number>('document.getAnimations().length');
    expect(moving).toBe(0);
    await page.emulateMedia({ reducedMotion: 'no-preference' });
  });

  it('prints in black on white, without tools, with whole tables', async () => {
    const page = pageOf('experiment');
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.evaluate<string>('getComputedStyle(document.body).color')).toBe('rgb(0, 0, 0)');
    expect(await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')).toBe(
      'rgb(255, 255, 255)',
    );
    expect(await page.locator('.tools').isVisible()).toBe(false);
    expect(
      await page.evaluate<string>("getComputedStyle(document.querySelector('.wide.tall')).overflow"),
    ).toBe('visible');
    await page.emulateMedia({ media: 'screen', colorScheme: 'light' });
  });
});
