/** `k2 kernel`: thin wrappers, so only that they say and exit what they should. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { probeKernel } from '../../src/kernel/syscall/doctor.ts';
import { isBuilt, k2, scratch } from './k2.ts';

const folder = scratch();
const at = (name: string): string => join(folder, name);
const probe = probeKernel();
const why = probe.available
  ? isBuilt
    ? ''
    : ' (skipped before npm run build)'
  : ` (SKIPPED, no kernel here: ${probe.reason})`;
const CASES = 'test/kernel/differential/cases';
const XDP = ['--type', 'xdp'];

function assembled(name: string, text: string): string {
  writeFileSync(at(`${name}.s`), text);
  expect(k2(['asm', at(`${name}.s`), '-o', at(`${name}.insns`)]).code).toBe(0);
  return at(`${name}.insns`);
}

describe.skipIf(!isBuilt || !probe.available)(`k2 kernel${why}`, () => {
  const slow = (n: number): string => `r0 = 3\n${'r0 *= 5\n'.repeat(n)}r0 &= 1\nr0 += 1\nexit\n`;

  it('time says slower, with an interval, and why it cannot', () => {
    const [a, b] = [assembled('quick', slow(10)), assembled('slow', slow(1000))];
    const r = k2(['kernel', 'time', a, b, ...XDP, '--samples', '2', '--tests', '2']);
    expect(r.out).toMatch(/slow\.insns: .* ns \[.*\] {2}x .* slower/);
    const json = JSON.parse(k2(['kernel', 'time', a, '--type', 'lirc_mode2', '--json']).out);
    expect(json).toMatchObject([{ status: 'cannot time', reason: expect.stringMatching(/no way/) }]);
  });

  it('diff writes a case that replay plays, and names the third opinion', () => {
    const [a, b] = [assembled('one', 'r0 = 1\nexit\n'), assembled('two', 'r0 = 2\nexit\n')];
    const r = k2(['kernel', 'diff', a, b, ...XDP, '--runs', '20', '--case', at('found.json')]);
    expect(r.code).toBe(1);
    expect(r.out).toMatch(/interpreter and the kernel: agree on .*, agree on /);
    expect(k2(['kernel', 'replay', at('found.json')])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/differ/),
    });
    const kept = readFileSync(at('found.json'), 'utf8').replace('"expect": "differ"', '"expect": "agree"');
    writeFileSync(at('other.json'), kept);
    expect(k2(['kernel', 'replay', at('other.json')])).toMatchObject({
      code: 1,
      out: expect.stringMatching(/expected agree/),
    });
    expect(k2(['kernel', 'replay', join(CASES, 'trie-longest-prefix.json')]).code).toBe(0);
  });

  it('fuzz finds nothing', () => {
    const r = k2(['kernel', 'fuzz', '--programs', '10', '--tests', '4', '--json']);
    expect(JSON.parse(r.out)).toMatchObject({ programs: 20, runs: 80, differences: 0, found: [] });
  });
});
