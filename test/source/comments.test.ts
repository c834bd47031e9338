/** Comment lines of the sources are at most 110 columns wide; `npm run format` wraps them. */
import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Tool {
  sourceFiles(): string[];
  wideComments(text: string): number[];
  wrapped(text: string): string;
}

const ROOT = resolve(import.meta.dirname, '../..');
const TOOL = '../../.ci/wrap-comments.mjs';
const { sourceFiles, wideComments, wrapped } = (await import(TOOL)) as Tool;

it('no comment line is wider than 110 columns', () => {
  const files = sourceFiles();
  expect(files.length).toBeGreaterThan(400);
  const wide = files.flatMap((file) =>
    wideComments(readFileSync(file, 'utf8')).map((line) => `${relative(ROOT, file)}:${line}`),
  );
  expect(wide).toEqual([]);
});

describe('the tool', () => {
  const long = 'word '.repeat(30).trim();

  it('wraps paragraphs, and leaves the next ones alone', () => {
    const text = `/**\n * ${long}\n *\n * short\n * lines\n */\nconst a = 1; // ${long}\n`;
    const lines = wrapped(text).split('\n');
    expect(lines.every((l) => l.length <= 110 || l.startsWith('const'))).toBe(true);
    expect(wrapped(text)).toMatch(/\n \*\n \* short\n \* lines\n \*\/\nconst a = 1;/);
    expect(wrapped(text).match(/word/g)).toHaveLength(60);
    expect(wrapped(wrapped(text))).toBe(wrapped(text));
  });

  it('makes a block of a wide comment of one line, and keeps indentation', () => {
    expect(wrapped(`  /** ${long} */\n`)).toMatch(/^ {2}\/\*\*\n {3}\* word.*\n {3}\* word.*\n {3}\*\/\n$/);
    expect(wrapped(`  // ${long}\n`)).toMatch(/^ {2}\/\/ word.*\n {2}\/\/ word.*\n$/);
  });

  it('continues a list of words below its text', () => {
    const text = `/**\n *   name   ${long}\n */\n`;
    expect(wrapped(text).split('\n')[2]).toMatch(/^ \* {10}word/);
  });

  it('does not look into template texts', () => {
    const text = `const t = \`\n// ${long}\n\`;\n`;
    expect(wrapped(text)).toBe(text);
  });
});
