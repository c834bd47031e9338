/** `k2 reproduce`, with a budget of nothing. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isBuilt, k2, ROOT, scratch } from './k2.ts';

const shared = process.env.K2_SHARED ?? resolve(ROOT, '../shared');
const hasPaper = existsSync(join(shared, 'corpora/k2-paper'));
const args = ['reproduce', '--only', 'table6-cache', '--steps', '1', '--save', 'kept'];

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((e) => e.isFile() && /\.(html|md|json|jsonl|svg)$/.test(e.name))
    .map((e) => join(e.parentPath, e.name));
}

const [bare, full] = [scratch(), scratch()];

describe.skipIf(!isBuilt)('k2 reproduce (skipped before npm run build)', () => {
  it('without the programs: says how to get them, and lists what was skipped', () => {
    const cwd = bare;
    const r = k2(args, { cwd, env: { K2_SHARED: join(cwd, 'nothing') } });
    expect(r.err).toMatch(
      /warning: corpus k2-paper: 7 of 7 programs are not there\. Run: k2 corpus add k2-paper --clone/,
    );
    expect(r.err).toMatch(
      /Not as it should be:\ntable6-cache: 7 cells skipped: missing: a file is not there/,
    );
    expect(r.code).toBe(0);
    expect(existsSync(join(cwd, 'reports/paper/index.html'))).toBe(true);
    const again = k2(args, { cwd, env: { K2_SHARED: join(cwd, 'nothing') } });
    expect(again.err).toContain('7 cells: 7 done already, 0 to do');
  });

  it.skipIf(!hasPaper)(
    'writes reports and results without instructions and paths (skipped without the reference data)',
    () => {
      const cwd = full;
      const r = k2(args, { cwd });
      expect(r.err).toContain('Nothing was skipped.');
      expect(r.err).toContain('Overview: reports/paper/index.html');
      const files = [...filesIn(join(cwd, 'reports')), ...filesIn(join(cwd, 'kept'))];
      expect(files.some((f) => f.endsWith('kept/table6-cache/cells.jsonl'))).toBe(true);
      for (const file of files) {
        const text = readFileSync(file, 'utf8');
        expect(text, file).not.toMatch(/\br\d = r?\d|goto pc|\*\(u\d+ \*\)\(r/);
        for (const path of [ROOT, cwd, shared]) expect(text.includes(path), `${file}: ${path}`).toBe(false);
      }
      const kept = k2(['compare', 'table6-cache', 'results/table6-cache', '--baselines', 'kept', '--json'], {
        cwd,
      });
      expect(JSON.parse(kept.out)).toMatchObject({ failed: false, lost: [] });
    },
  );
});
