/** `k2 learn` as a user runs it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseRules } from '../../src/search/rules/parse.ts';
import { isBuilt, k2, scratch } from './k2.ts';

const folder = scratch();
const results = join(folder, 'optimized.json');
const rewrite = (by: string, before: string[], after: string[]) => ({ by, before, after });

describe.skipIf(!isBuilt)('k2 learn (skipped before npm run build)', () => {
  it('writes the rules of what chains have found', () => {
    const rewrites = [
      rewrite('chain default', ['r1 += 2', 'r1 += 3'], ['r1 += 5']),
      rewrite('dead code', ['r7 = r6', 'w7 = w7'], ['w7 = w6']),
    ];
    writeFileSync(results, JSON.stringify({ programs: [{ rewrites }] }));
    const r = k2(['learn', results, '-o', join(folder, 'rules'), '--json']);
    expect(r.code).toBe(0);
    const file = join(folder, 'rules', 'learned.rules');
    expect(JSON.parse(r.out)).toEqual({ rewrites: 1, examples: 1, proven: 1, kept: 1, file });
    expect(parseRules(readFileSync(file, 'utf8')).map((rule) => rule.name)).toEqual(['learned-1']);
  });

  it('says when there is nothing to learn from', () => {
    const none = k2(['learn', results, '-o', folder, '--by', 'mined']);
    expect([none.code, none.err]).toEqual([
      2,
      expect.stringContaining("no rewrite there was found by 'mined'"),
    ]);
    writeFileSync(join(folder, 'text'), 'hello');
    expect(k2(['learn', join(folder, 'text'), '-o', folder]).err).toContain(
      'not what k2 optimize --json prints',
    );
  });
});
