/** `k2 optimize --proofs` and `k2 proofs check` as a user sees them. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/base/hash.ts';
import { isBuilt, k2, ROOT, scratch } from './k2.ts';

const folder = scratch();
const input = join(ROOT, 'corpora/builtin/obj/clang-14-O2/xdp_router_lpm.o');
const output = join(folder, 'out.o');
const proofs = join(folder, 'proofs');
const hasZ3 = spawnSync('z3', ['--version']).status === 0;

describe.skipIf(!isBuilt)('proofs on disk (skipped before npm run build)', () => {
  it('are written beside the output, bound to it by digests', () => {
    const r = k2(['optimize', input, '-o', output, '--steps', '5000', '--no-kernel', '--proofs', proofs]);
    expect(r.code).toBe(0);
    const manifest = JSON.parse(readFileSync(join(proofs, 'manifest.json'), 'utf8'));
    expect(manifest.input.sha256).toBe(sha256(readFileSync(input)));
    expect(manifest.outputs).toEqual([{ file: output, sha256: sha256(readFileSync(output)) }]);
    expect(manifest.proofs.length).toBeGreaterThan(5);
    for (const p of manifest.proofs) {
      expect((p.script === undefined) !== (p.without === undefined), JSON.stringify(p)).toBe(true);
      if (p.script === undefined) continue;
      const text = readFileSync(join(proofs, p.script.file), 'utf8');
      expect(sha256(text)).toBe(p.script.sha256);
      for (const line of [...p.before, ...p.after]) expect(text).toContain(`;   ${line}\n`);
      expect(text).toContain('(check-sat)');
    }
  });

  it.skipIf(!hasZ3)('are confirmed by z3, and a file that was changed is not (skipped without z3)', () => {
    const r = k2(['proofs', 'check', proofs, '--solver', 'z3', '--json']);
    expect(r.code).toBe(0);
    const { proofs: rows } = JSON.parse(r.out);
    expect(rows.filter((x: { status: string }) => x.status === 'confirmed').length).toBeGreaterThan(5);
    const manifest = JSON.parse(readFileSync(join(proofs, 'manifest.json'), 'utf8'));
    const { script } = manifest.proofs.find((p: { script?: object }) => p.script !== undefined);
    appendFileSync(join(proofs, script.file), '; changed\n');
    const again = k2(['proofs', 'check', proofs, '--solver', 'z3']);
    expect([again.code, again.out]).toEqual([1, expect.stringContaining('damaged')]);
  });

  it('need a solver and a manifest', () => {
    const noSolver = k2(['proofs', 'check', proofs, '--solver', 'no-such-solver']);
    expect([noSolver.code, noSolver.err]).toEqual([2, expect.stringContaining('no-such-solver')]);
    const noFolder = k2(['proofs', 'check', join(folder, 'nowhere')]);
    expect([noFolder.code, noFolder.err]).toEqual([2, expect.stringContaining('no such file')]);
  });
});
