/** `k2 check` as a user sees it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isBuilt, k2, ROOT, scratch } from './k2.ts';

const folder = scratch();
const OBJECT = join(ROOT, 'corpora/builtin/obj/clang-14-O2/xdp_router_lpm.o');

function assembled(name: string, text: string): string {
  writeFileSync(join(folder, `${name}.s`), text);
  const file = join(folder, `${name}.insns`);
  expect(k2(['asm', join(folder, `${name}.s`), '-o', file]).code).toBe(0);
  return file;
}

describe.skipIf(!isBuilt)('k2 check (skipped before npm run build)', () => {
  it('safe: says how much was followed', () => {
    const r = k2(['check', OBJECT]);
    expect([r.code, r.out]).toEqual([0, expect.stringMatching(/: safe, \d+ instructions processed\n$/)]);
  });

  it("unsafe: the reason in the kernel's words, and a run that shows it", () => {
    const file = assembled('short', `r2 = *(u32 *)(r1 +0)\nr0 = *(u8 *)(r2 +0)\nexit\n`);
    const r = k2(['check', file, '--type', 'xdp']);
    expect(r.code).toBe(1);
    expect(r.out.split('\n').slice(0, 5)).toEqual([
      'short: UNSAFE',
      '  slot 1, r0 = *(u8 *)(r2 +0): invalid access to packet, off=0 size=1, R2(off=0,r=0)',
      '  shown by a run: out-of-bounds at slot 1, r0 = *(u8 *)(r2 +0)',
      '  input:',
      '    packet, 0 bytes',
    ]);
    const [row] = JSON.parse(k2(['check', file, '--type', 'xdp', '--json']).out);
    expect(row).toMatchObject({
      status: 'unsafe',
      findings: [{ slot: 1 }],
      shownBy: { fault: 'out-of-bounds' },
    });
  });

  it('by the rules of a version', () => {
    const loop = assembled('loop', 'r0 = 4\nr0 += -1\nif r0 != 0x0 goto pc-2\nexit\n');
    expect(k2(['check', loop, '--type', 'xdp', '--kernel', '5.4']).code).toBe(0);
    const old = k2(['check', loop, '--type', 'xdp', '--kernel', '5.2']);
    expect([old.code, old.out]).toEqual([1, expect.stringContaining('back-edge')]);
  });
});
