/** The built documentation site (npm run docs): every page fits a phone, and the search finds a helper. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium, LAUNCH } from '../report/browser.ts';

const SITE = 'docs/.vitepress/dist';
const isThere = existsSync(join(SITE, 'index.html'));
const why = !isThere ? ' (SKIPPED: npm run docs builds it)' : !hasChromium ? ' (SKIPPED: no Chromium)' : '';
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const PHONE = { width: 390, height: 800 };

describe.skipIf(why !== '')(`the documentation site${why}`, () => {
  let server: Server;
  let browser: Browser;
  let address = '';

  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = normalize(new URL(request.url ?? '/', 'http://x').pathname);
      const file = join(SITE, path.endsWith('/') ? `${path}index.html` : path);
      if (!existsSync(file)) return response.writeHead(404).end();
      response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
      return response.end(readFileSync(file));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await chromium.launch(LAUNCH);
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  it('has every page of the menus, and none is wider than a phone', async () => {
    const pages = readdirSync(SITE, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.html'));
    expect(pages.length).toBeGreaterThan(60);
    const page = await browser.newPage({ viewport: PHONE });
    const wide: string[] = [];
    for (const file of pages) {
      await page.goto(`${address}/${file}`);
      const width = await page.evaluate('document.documentElement.scrollWidth');
      if (Number(width) > PHONE.width) wide.push(`${file}: ${width}`);
    }
    expect(wide).toEqual([]);
  });

  it('finds a helper', async () => {
    const page = await browser.newPage({ viewport: PHONE });
    await page.goto(`${address}/`);
    await page.click('.VPNavBarSearch button');
    await page.fill('.VPLocalSearchBox input', 'xdp_adjust_head');
    const first = page.locator('.VPLocalSearchBox .result').first();
    await first.waitFor();
    expect(await first.innerText()).toContain('xdp_adjust_head');
  });
});
