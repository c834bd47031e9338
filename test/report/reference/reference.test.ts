/** The committed reference pages say what the tables say. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OPS, opNamed } from '../../../src/isa/semantics.ts';
import { HELPERS } from '../../../src/program/tables/helpers.ts';
import { HOOKS } from '../../../src/program/tables/hooks.ts';
import { MAP_TYPES } from '../../../src/program/tables/maps.ts';
import { argumentText, callersOf } from '../../../src/report/reference/helpers.ts';
import { meaningOf } from '../../../src/report/reference/opcodes.ts';
import { referencePages } from '../../../src/report/reference/reference.ts';

const FOLDER = 'docs/reference';
const pages = referencePages();

describe('docs/reference (npm run docs:reference writes it)', () => {
  it('has these pages and no others', () => {
    expect(readdirSync(FOLDER).sort()).toEqual(Object.keys(pages).sort());
  });

  it.each(Object.keys(pages))('%s is what the tables say', (name) => {
    expect(readFileSync(join(FOLDER, name), 'utf8')).toBe(pages[name]);
  });

  it('names every row once', () => {
    const rows: [string, readonly string[]][] = [
      ['opcodes.md', OPS.map((o) => `| \`${o.name}\` |`)],
      ['helpers.md', HELPERS.map((h) => `\n### ${h.name}\n`)],
      ['hooks.md', Object.keys(HOOKS).map((h) => `\n## ${h}\n`)],
      ['maps.md', MAP_TYPES.map((m) => `| ${m.type} | \`${m.name}\` |`)],
    ];
    for (const [page, texts] of rows)
      for (const text of texts) expect(pages[page]!.split(text), text).toHaveLength(2);
  });
});

describe('meanings, computed over text', () => {
  it.each([
    ['add64.k', 'dst = dst + imm'],
    ['mod32.x', 'dst = if (src == 0) then dst else (dst % src)'],
    ['arsh32.x', 'dst = dst s>> (src & 31)'],
    ['movsx8_32.x', 'dst = sext32(low8(src))'],
    ['jset64.k', 'if (dst & imm) != 0, jump by off slots'],
    ['jsge32.x', 'if dst s>= src, jump by off slots'],
    ['atomic.cmpxchg.dw', 'mem = if (mem == r0) then src else mem; r0 = old mem'],
  ])('%s: %s', (name, meaning) => {
    expect(meaningOf(opNamed(name))).toBe(meaning);
  });
});

it('says what arguments are, and who may call', () => {
  const helper = (name: string) => HELPERS.find((h) => h.name === name)!;
  expect(helper('probe_read').args.map(argumentText)).toEqual([
    'memory (as many bytes as r2 says, written)',
    'size (0 or more)',
    'number',
  ]);
  expect(callersOf(helper('map_lookup_elem').id)).toBe('all');
  expect(callersOf(helper('xdp_adjust_head').id)).toEqual(['xdp']);
});
