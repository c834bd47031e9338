/** Copies the pages of the repository into one folder, from which the site is built: docs/.site, with the same paths. */
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');
export const SITE = join(ROOT, 'docs/.site');

const SKIPPED = new Set(['node_modules', 'dist', 'results', 'reports', 'baselines', '.git', '.k2', '.site', '.vitepress']);
const PAGES = /\.(md|svg)$/;

/** Markdown files and pictures, relative to the root. */
export function pagesIn(folder = '') {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : pagesIn(path);
    return PAGES.test(entry.name) ? [path] : [];
  });
}

export function stage() {
  rmSync(SITE, { recursive: true, force: true });
  for (const path of pagesIn()) cpSync(join(ROOT, path), join(SITE, path));
}
