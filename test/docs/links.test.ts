/** Relative links of the Markdown pages lead to a file, and to a heading where they name one. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const SKIPPED = new Set([
  'node_modules',
  'dist',
  'results',
  'reports',
  'baselines',
  'api',
  '.site',
  '.vitepress',
  '.git',
  '.k2',
]);

function pagesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((e) => {
    const path = join(folder, e.name);
    if (e.isDirectory()) return SKIPPED.has(e.name) && folder !== 'src' ? [] : pagesIn(path);
    return e.name.endsWith('.md') ? [path] : [];
  });
}

/** Without code, in which brackets are no links. */
function prose(markdown: string): string {
  return markdown.replace(/^ *```[\s\S]*?^ *```/gm, '').replace(/`[^`\n]*`/g, '');
}

function linksOf(markdown: string): string[] {
  return [...prose(markdown).matchAll(/\]\(([^)\s]+)\)/g)]
    .map((m) => m[1]!)
    .filter((link) => !/^\w+:/.test(link));
}

/** As GitHub makes them. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.replace(/^ *```[\s\S]*?^ *```/gm, '').matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );
}

/** What is wrong with a link of a page. */
function problem(page: string, link: string): string | undefined {
  const [path, anchor] = link.split('#') as [string, string?];
  const file = path === '' ? join(ROOT, page) : resolve(ROOT, dirname(page), path);
  if (!existsSync(file)) return `${page}: ${link}: no such file`;
  if (anchor === undefined) return undefined;
  const target = statSync(file).isDirectory() ? join(file, 'README.md') : file;
  return anchorsOf(readFileSync(target, 'utf8')).includes(anchor)
    ? undefined
    : `${page}: ${link}: no such heading`;
}

const pages = pagesIn('.');

describe('links', () => {
  it('lead somewhere, on every page', () => {
    expect(pages.length).toBeGreaterThan(30);
    const links = pages.flatMap((page) =>
      linksOf(readFileSync(join(ROOT, page), 'utf8')).map((link) => [page, link] as const),
    );
    expect(links.length).toBeGreaterThan(100);
    expect(links.flatMap(([page, link]) => problem(page, link) ?? [])).toEqual([]);
  });

  it('every page of docs/ is in the menu of the site', () => {
    const menu = readFileSync(join(ROOT, 'docs/.vitepress/config.mjs'), 'utf8');
    const missing = pages
      .filter((p) => /^docs\/(reference\/)?[\w-]+\.md$/.test(p))
      .filter((p) => !menu.includes(`'/${p.replace(/\.md$/, '')}'`));
    expect(missing).toEqual([]);
  });

  it('every floor of src has a README', () => {
    const floors = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((e) => e.isDirectory());
    expect(floors.filter((f) => !existsSync(join(ROOT, 'src', f.name, 'README.md')))).toEqual([]);
  });
});
