import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FileVerdictCache } from '../../../src/verify/cache/cache-file.ts';
import { createWindowVerifier } from '../../../src/verify/index.ts';
import { text } from '../../analysis/programs.ts';

const dir = mkdtempSync(join(tmpdir(), 'k2-cache-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('verdicts on disk', () => {
  it('come back in another process', async () => {
    const path = join(dir, 'a.jsonl');
    const p = text('r0 = *(u32 *)(r1 + 12)\nr0 += 1\nr0 += 2\nexit');
    const ask = async () => {
      const cache = new FileVerdictCache(path);
      const verifier = await createWindowVerifier({ cache });
      const verdict = verifier.check(p, { start: 1, end: 3 }, text('r0 += 3\nexit').insns.slice(0, 1));
      verifier.close();
      return { verdict, stats: cache.stats };
    };
    expect(await ask()).toMatchObject({
      verdict: { kind: 'equivalent', how: 'normal-form' },
      stats: { hits: 0 },
    });
    expect(await ask()).toMatchObject({ verdict: { kind: 'equivalent', how: 'cache' }, stats: { hits: 1 } });
  });

  it('are not believed when a line is damaged, and damage does not spread', () => {
    const path = join(dir, 'b.jsonl');
    const one = new FileVerdictCache(path);
    one.set('x', { kind: 'different', where: 'r0', ms: 1 });
    one.set('y', { kind: 'equivalent', how: 'solver', ms: 1 });
    one.flush();
    const whole = readFileSync(path, 'utf8');
    writeFileSync(path, whole.replace('"different"', '"equivalent"'));
    appendFileSync(path, '{"k":"half of a li');
    const two = new FileVerdictCache(path);
    expect(two.get('x')).toBeUndefined();
    expect(two.get('y')).toMatchObject({ kind: 'equivalent' });
    two.set('z', { kind: 'unknown', reason: 'why', ms: 0 });
    two.flush();
    expect(new FileVerdictCache(path).get('z')).toMatchObject({ kind: 'unknown' });
  });

  it('of two writers are both kept, and dropping removes all', () => {
    const path = join(dir, 'c.jsonl');
    const [a, b] = [new FileVerdictCache(path), new FileVerdictCache(path)];
    a.set('a', { kind: 'equivalent', how: 'solver', ms: 1 });
    b.set('b', { kind: 'equivalent', how: 'solver', ms: 1 });
    a.flush();
    b.flush();
    const c = new FileVerdictCache(path);
    expect([c.get('a')?.kind, c.get('b')?.kind, c.size]).toEqual(['equivalent', 'equivalent', 2]);
    c.drop();
    expect(existsSync(path)).toBe(false);
    expect(c.get('a')).toBeUndefined();
  });
});
