/** `k2 optimize` of objects with several programs: threads, signals, time limits. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pathOf } from '../program/elf/fixtures.ts';
import { isBuilt, k2, k2Interrupted, scratch } from './k2.ts';

describe.skipIf(!isBuilt)('k2 optimize of an object', () => {
  const folder = scratch();
  const output = (name: string): string => join(folder, name);
  const args = (name: string, ...more: string[]): string[] => [
    ...['optimize', pathOf('shared.o'), '-o', output(name), '--no-kernel', '--tests', '8', ...more],
  ];

  it('writes the same bytes for any number of threads, and says what became of the object', () => {
    const one = k2(args('one.o', '--steps', '2000', '--workers', '1', '--json'));
    const three = k2(args('three.o', '--steps', '2000', '--workers', '3'));
    expect([one.code, three.code]).toEqual([0, 0]);
    expect(readFileSync(output('one.o'))).toEqual(readFileSync(output('three.o')));
    const { object } = JSON.parse(one.out) as { object: Record<string, number> };
    expect(object.codeAfter).toBeLessThan(object.codeBefore!);
    expect(three.out).toContain(`object: ${object.codeBefore} -> ${object.codeAfter} bytes of code`);
  }, 120_000);

  it('ends soon after Ctrl-C, with code 130, and writes nothing or a whole object', async () => {
    const { code, err } = await k2Interrupted(args('cut.o', '--steps', '2000000000'), folder, 4000);
    expect(code).toBe(130);
    expect(err).toMatch(/interrupted|nothing was written/);
    if (existsSync(output('cut.o'))) expect(k2(['disasm', output('cut.o')]).code).toBe(0);
  }, 60_000);

  it('ends at a time limit, and says so', () => {
    const { code, out } = k2(args('limit.o', '--steps', '2000000000', '--time-limit', '4', '--workers', '1'));
    if (code === 0) expect(out).toMatch(/the time was over before its turn/);
    else expect(existsSync(output('limit.o'))).toBe(false);
  }, 60_000);
});
