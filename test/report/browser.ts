/** A Chromium to look at pages with: `CHROMIUM`, or where Debian puts it. */
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';

export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
export const hasChromium = existsSync(CHROMIUM);

export const LAUNCH = {
  executablePath: CHROMIUM,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};

/** A page from disk, and what it complains of or asks of a network. */
export interface Watched {
  page: Page;
  problems: string[];
}

export async function open(browser: Browser, file: string): Promise<Watched> {
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on('console', (m) => {
    if (m.type() === 'error' || m.type() === 'warning') problems.push(m.text());
  });
  page.on('pageerror', (e) => problems.push(e.message));
  page.on('request', (r) => {
    if (!/^(file|data|blob):/.test(r.url())) problems.push(`asks for ${r.url()}`);
  });
  page.on('requestfailed', (r) => problems.push(`not found: ${r.url()}`));
  page.on('dialog', (d) => {
    problems.push(`dialog: ${d.message()}`);
    void d.dismiss();
  });
  await page.goto(pathToFileURL(file).href);
  return { page, problems };
}

/** Scrolls every chart into view until all are interactive. */
export async function drawAll(page: Page): Promise<void> {
  for (const chart of await page.locator('.chart').all()) {
    await chart.scrollIntoViewIfNeeded();
    await page.waitForFunction((e) => e?.hasAttribute('data-ready'), await chart.elementHandle());
  }
}

type Rgb = readonly number[];

/** Ratio of relative luminances, 1 to 21 (WCAG 2, 1.4.3). */
export function contrast(a: Rgb, b: Rgb): number {
  const luminance = (c: Rgb): number => {
    const [r, g, bl] = c.map((x) => {
      const s = x / 255;
      return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * bl!;
  };
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light! + 0.05) / (dark! + 0.05);
}

/** Visible texts, disabled controls left out, whose computed colours are closer than 4.5:1. */
export async function lowContrast(page: Page, paper: Rgb): Promise<string[]> {
  const texts = await page.evaluate<{ text: string; color: string; grounds: string[] }[]>(`(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
      const text = walker.currentNode.data.trim(), e = walker.currentNode.parentElement;
      if (text === '' || e.closest('script, style, .sr, .skip, :disabled, .vega-actions') || !e.checkVisibility()) continue;
      const grounds = [];
      for (let up = e; up !== null; up = up.parentElement) grounds.push(getComputedStyle(up).backgroundColor);
      const style = getComputedStyle(e);
      found.push({ text, color: e instanceof SVGElement ? style.fill : style.color, grounds });
    }
    return found;
  })()`);
  if (texts.length < 10) throw new Error('the page has no text');
  const parse = (css: string): number[] => (css.match(/[\d.]+/g) ?? []).map(Number);
  return texts.flatMap(({ text, color, grounds }) => {
    const ground = grounds.map(parse).find((c) => c.length === 3 || (c[3] ?? 0) === 1) ?? paper;
    const ratio = contrast(parse(color).slice(0, 3), ground.slice(0, 3));
    return ratio >= 4.5
      ? []
      : [`${text.slice(0, 40)}: ${color} on ${ground.join()} is ${ratio.toFixed(2)}:1`];
  });
}
