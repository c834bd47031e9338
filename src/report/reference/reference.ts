/**
 * The reference pages: what the tables of opcodes, helpers, hooks, map types and rewrite rules say, as
 * Markdown.
 *
 *   tables of isa/, program/ and search/rules/ --a function per page--> { file name: Markdown }
 *
 * Run as a program it writes them into a folder: `node dist/report/reference/reference.js docs/reference`.
 */
import { join } from 'node:path';
import { writeWhole } from '../../base/files.ts';
import { isMain } from '../../base/main.ts';
import { rulesMarkdown } from '../../search/rules/document.ts';
import { helpersPage } from './helpers.ts';
import { hooksPage } from './hooks.ts';
import { mapsPage } from './maps.ts';
import { opcodesPage } from './opcodes.ts';

/** All pages by file name. */
export function referencePages(): Readonly<Record<string, string>> {
  return {
    'helpers.md': helpersPage(),
    'hooks.md': hooksPage(),
    'maps.md': mapsPage(),
    'opcodes.md': opcodesPage(),
    'rules.md': rulesMarkdown(),
  };
}

const [, , folder] = process.argv;
if (folder !== undefined && isMain(import.meta.url))
  for (const [name, text] of Object.entries(referencePages())) writeWhole(join(folder, name), text);
