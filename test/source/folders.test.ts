/** The layout of src/: folders that a reader can take in, and a header on every file. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';

const SRC = 'src';
/** Files of a folder, next to its `index.ts` and `README.md`. */
const MOST = 15;

const folders = readdirSync(SRC, { recursive: true, withFileTypes: true })
  .filter((e) => e.isDirectory())
  .map((e) => join(e.parentPath, e.name));
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => join(folder, e.name));

it(`no folder of src has more than ${MOST} files`, () => {
  expect(folders.length).toBeGreaterThan(50);
  const counted = folders.map((folder) => {
    const files = filesIn(folder).filter((f) => !/\/(index\.ts|README\.md)$/.test(f));
    return { folder: relative(SRC, folder), files: files.length };
  });
  expect(counted.filter(({ files }) => files > MOST)).toEqual([]);
});

it('every file of src starts with a comment that says what it is', () => {
  const bare = folders
    .flatMap(filesIn)
    .filter((f) => f.endsWith('.ts'))
    .filter(
      (f) =>
        !readFileSync(f, 'utf8')
          .replace(/^#!.*\n/, '')
          .startsWith('/**'),
    );
  expect(bare).toEqual([]);
});
