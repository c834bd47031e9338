/**
 * The digest of the code that decides results changes with everything that can change one, and with nothing
 * else.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { optimizerCode } from '../../../src/experiment/results/provenance.ts';

const folder = mkdtempSync(join(tmpdir(), 'k2-code-'));
afterAll(() => rmSync(folder, { recursive: true }));
const [dist, rules] = [join(folder, 'dist'), join(folder, 'rules')];

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

it.each([
  ['dist/base/random.js', true],
  ['dist/isa/table/alu.js', true],
  ['dist/experiment/measure/traffic.js', true],
  ['rules/peephole.rules', true],
  ['dist/report/write.js', false],
  ['dist/cli/main.js', false],
  ['dist/isa/insn.d.ts', false],
  ['dist/experiment/results/store.js', false],
])('%s: %s', (path, decides) => {
  write(path, 'one');
  const before = optimizerCode(dist, rules);
  expect(optimizerCode(dist, rules)).toBe(before);
  write(path, 'two');
  expect(optimizerCode(dist, rules) !== before).toBe(decides);
});
