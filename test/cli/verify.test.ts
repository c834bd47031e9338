/** `k2 verify` as a user sees it. */
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isBuilt, k2, ROOT, scratch } from './k2.ts';

const folder = scratch();
const at = (name: string): string => join(folder, name);
const objects = join(ROOT, 'corpora/builtin/obj');
const XDP = ['--type', 'xdp'];

/** Reads two bytes behind the Ethernet header when they are there. */
const parse = (code: number, action: number): string =>
  `r2 = *(u32 *)(r1 +0)
r3 = *(u32 *)(r1 +4)
r4 = r2
r4 += 14
r0 = 1
if r4 > r3 goto pc+3
r5 = *(u16 *)(r2 +12)
if r5 != ${code} goto pc+1
r0 = ${action}
exit
`;
/** Counts down from 5. */
const loop = (body: string): string => `r6 = 5\n${body}r6 += -1\nif r6 != 0x0 goto pc-3\nr0 = 1\nexit\n`;

function assembled(name: string, text: string): string {
  writeFileSync(at(`${name}.s`), text);
  expect(k2(['asm', at(`${name}.s`), '-o', at(`${name}.insns`)]).code).toBe(0);
  return at(`${name}.insns`);
}

describe.skipIf(!isBuilt)('k2 verify (skipped before npm run build)', () => {
  it('shows the packet, the outputs that differ, and who has seen it', () => {
    const [a, b] = [assembled('a', parse(8, 2)), assembled('b', parse(8, 3))];
    const r = k2(['verify', a, b, ...XDP, '--no-cache', '--no-kernel']);
    expect(r.code).toBe(1);
    expect(r.out).toMatch(/^a: DIFFERENT: r0 is 2 and 3 /);
    expect(r.out).toMatch(/packet, \d+ bytes:\n {6}0000 {2}(.. {1,2}){12}08 00/);
    expect(r.out).toContain('    r0: 2, 3\n');
    expect(r.out).toContain('seen by our interpreter');
    expect(r.out).toContain('the running kernel was not asked: switched off');
  });

  it('--window: one range, by the slots of disasm', () => {
    const [a, b] = [assembled('a', parse(8, 2)), assembled('b', parse(8, 3))];
    const differs = k2(['verify', a, b, ...XDP, '--window', '8..9', '--no-cache']);
    expect([differs.code, differs.out.split('\n')[0]]).toEqual([
      1,
      expect.stringMatching(/^a: DIFFERENT: r0 /),
    ]);
    const elsewhere = k2(['verify', a, b, ...XDP, '--window', '0..2']);
    expect([elsewhere.code, elsewhere.err]).toEqual([2, expect.stringContaining('also differ outside')]);
    expect(k2(['verify', a, b, ...XDP, '--window', '2']).code).toBe(2);
    expect(k2(['verify', a, b, ...XDP, '--window', '0..99']).code).toBe(2);
  });

  it('a straight part beside and inside a loop is proven; a loop of another length is not known', () => {
    const a = assembled('loop', loop('r1 = 3\n').replace('r0 = 1', 'r0 = 1\nr0 = 2'));
    const b = assembled('loop2', loop('w1 = 3\n').replace('r0 = 1', 'r0 = 2'));
    const ok = k2(['verify', a, b, ...XDP, '--no-cache']);
    expect([ok.code, ok.out]).toEqual([0, expect.stringContaining('range by range')]);
    const c = assembled('loop3', loop('r1 = 3\n').replace('r6 = 5', 'r6 = 6').replace('r0 = 1', 'r0 = 2'));
    const unknown = k2(['verify', a, c, ...XDP, '--no-cache']);
    expect([unknown.code, unknown.out]).toEqual([3, expect.stringMatching(/unknown: a loop/)]);
  });

  it('keeps proofs between runs, and does without the file', () => {
    const [a, b] = [assembled('a', parse(8, 2)), assembled('e', parse(8, 2).replace('r0 = 1', 'w0 = 1'))];
    const args = ['verify', a, b, ...XDP];
    expect(k2(args, { cwd: folder }).out).toContain('equal normal forms');
    expect(readdirSync(at('.k2'))).toEqual(['verdicts.jsonl']);
    expect(k2(args, { cwd: folder }).out).toContain('proven in an earlier run');
    expect(k2([...args, '--no-cache'], { cwd: folder }).out).toContain('equal normal forms');
  });

  it('whole objects: every program, paired by section and name', () => {
    const files = ['clang-14-O2', 'clang-14-O1'].map((v) => join(objects, v, 'tp_xdp_exception.o'));
    const r = k2(['verify', ...files, '--no-cache']);
    expect([r.code, r.out]).toEqual([0, expect.stringMatching(/3 programs: 3 equivalent\n$/)]);
    const missing = k2(['verify', files[0]!, join(objects, 'clang-14-O2/tp_sys_open.o'), '--no-cache']);
    expect([missing.code, missing.out]).toEqual([1, expect.stringContaining('has no such program')]);
  });

  it('--solver: says what is wrong with a binary that cannot be used', () => {
    const a = assembled('a', parse(8, 2));
    const r = k2(['verify', a, a, ...XDP, '--solver', '/nonexistent/z3']);
    expect([r.code, r.err]).toEqual([2, expect.stringMatching(/^k2: --solver: the solver cannot be used/)]);
  });

  for (const name of ['z3', 'cvc5', 'bitwuzla'])
    it.skipIf(spawnSync(name, ['--version']).status !== 0)(`--solver ${name} (needs it installed)`, () => {
      // x * y = y * x + 0 by a detour that normal forms do not see through.
      const [a, b] = [
        assembled('sq', 'r2 = *(u32 *)(r1 +12)\nr2 &= 255\nr0 = r2\nr0 *= r2\nr0 &= 1\nexit\n'),
        assembled('sq2', 'r2 = *(u32 *)(r1 +12)\nr0 = r2\nr0 &= 1\nexit\n'),
      ];
      const r = k2(['verify', a, b, ...XDP, '--solver', name, '--no-cache']);
      expect([r.code, r.out]).toEqual([0, expect.stringMatching(/^sq: equivalent: by the solver/)]);
    });
});
