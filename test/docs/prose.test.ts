/**
 * What user documentation does not have: commit ids, and what was the case in earlier versions (CHANGELOG.md
 * has both).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'bench/README.md',
  'corpora/README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((f) => f.endsWith('.md'))
    .map((f) => `docs/${f}`),
];

/** Seven or more hexadecimal digits of both kinds. */
const COMMIT = /\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b/;
const HISTORY = /\b(mended|used to be|was fixed|of ours)\b|\bcommit [0-9a-f]{7}|[;(,] ?\d+ before\b/;

it('the pages name no commits and no earlier versions', () => {
  const found = PAGES.flatMap((page) =>
    readFileSync(join(ROOT, page), 'utf8')
      .split('\n')
      .flatMap((line, n) => (COMMIT.test(line) || HISTORY.test(line) ? [`${page}:${n + 1}: ${line}`] : [])),
  );
  expect(found).toEqual([]);
});

it('README says in its first ten lines what it is for, for whom, with figures', () => {
  const head = readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n').slice(0, 10).join('\n');
  for (const word of ['BPF', 'smaller', 'proves', 'for people who', '%']) expect(head).toContain(word);
});

it('README documents every exit code', () => {
  const source = readFileSync(join(ROOT, 'src/cli/failure.ts'), 'utf8');
  const codes = [...source.matchAll(/EXIT_\w+ = (\d+)/g)].map((m) => m[1]!);
  expect(codes.sort()).toEqual(['130', '2', '3', '70']);
  for (const page of ['README.md', 'src/cli/main.ts']) {
    const text = readFileSync(join(ROOT, page), 'utf8').split('Exit codes:')[1]!.slice(0, 300);
    for (const code of ['0', '1', ...codes]) expect(text).toMatch(new RegExp(`\\b${code}\\b`));
  }
});
