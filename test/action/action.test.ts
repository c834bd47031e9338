/** The GitHub Action: its steps, run as a runner would run them. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { isBuilt, ROOT, scratch } from '../cli/k2.ts';

interface Action {
  inputs: Record<string, { default?: string; required?: boolean; description: string }>;
  runs: { using: string; steps: { name: string; run: string; shell: string; env: Record<string, string> }[] };
}

const action = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8')) as Action;
const folder = scratch();
const OBJECT = join(ROOT, 'corpora/builtin/obj/clang-14-O2/xdp_swap_tx.o');

/** Runs all steps in a folder of its own, with the expressions of their env filled in. */
function run(name: string, inputs: Record<string, string>) {
  const cwd = join(folder, name);
  mkdirSync(join(cwd, 'bpf'), { recursive: true });
  mkdirSync(join(cwd, 'base/bpf'), { recursive: true });
  for (const file of ['bpf/prog.o', 'base/bpf/prog.o']) copyFileSync(OBJECT, join(cwd, file));
  const files = { GITHUB_STEP_SUMMARY: join(cwd, 'summary'), GITHUB_OUTPUT: join(cwd, 'output') };
  const value = (text: string): string =>
    text
      .replace(/\$\{\{ github\.action_path \}\}/, ROOT)
      .replace(
        /\$\{\{ inputs\.([\w-]+) \}\}/,
        (_, k: string) => inputs[k] ?? action.inputs[k]!.default ?? '',
      );
  let code: number | null = 0;
  let text = '';
  for (const step of action.runs.steps) {
    if (code !== 0) break;
    const env = Object.fromEntries(Object.entries(step.env).map(([k, v]) => [k, value(v)]));
    // As GitHub's runner calls bash for `shell: bash`.
    const r = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run], {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, ...files, RUNNER_TEMP: cwd, ...env },
    });
    code = r.status;
    text += r.stdout + r.stderr;
  }
  const read = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');
  return { code, text, cwd, summary: read(files.GITHUB_STEP_SUMMARY), output: read(files.GITHUB_OUTPUT) };
}

describe.skipIf(!isBuilt)('action.yml (skipped before npm run build)', () => {
  it('is a composite action whose inputs are described, and used', () => {
    expect(action.runs.using).toBe('composite');
    const text = JSON.stringify(action.runs.steps);
    for (const [name, input] of Object.entries(action.inputs)) {
      expect(input.description, name).not.toBe('');
      expect(text).toContain(`inputs.${name} `);
    }
  });

  it('optimize: writes a smaller object in its place, and compares', () => {
    const r = run('optimize', {
      objects: 'bpf/*.o',
      mode: 'optimize',
      steps: '3000',
      'fail-on': 'size>0,stack>0',
    });
    expect(r.code, r.text).toBe(0);
    expect(r.summary).toMatch(/xdp_swap_tx +69 -> \d+/);
    expect(r.output).toContain('report<<');
    expect(readFileSync(join(r.cwd, 'bpf/prog.o')).equals(readFileSync(OBJECT))).toBe(false);
  });

  it('compare: fails on a rule, and says which program broke it', () => {
    const better = run('same', { objects: 'bpf/prog.o', base: 'base', 'fail-on': 'size>0' });
    expect(better.code, better.text).toBe(0);
    const cwd = join(folder, 'worse');
    mkdirSync(join(cwd, 'base/bpf'), { recursive: true });
    const small = run('small', { objects: 'bpf/prog.o', mode: 'optimize', steps: '3000' });
    expect(small.code, small.text).toBe(0);
    const worse = run('worse', { objects: 'bpf/prog.o', base: join(small.cwd), 'fail-on': 'size>0' });
    expect(worse.code, worse.text).toBe(1);
    expect(worse.summary).toContain('xdp_swap_tx');
  });

  it('check: fails for a kernel that would refuse', () => {
    expect(run('check', { objects: 'bpf/*.o', mode: 'check', kernel: '5.4' }).code).toBe(0);
    expect(run('old', { objects: 'bpf/*.o', mode: 'check', kernel: '4.4' }).code).toBe(1);
  });

  it('fails when nothing matches, or the mode is none', () => {
    const none = run('none', { objects: 'nowhere/*.o', base: 'base' });
    expect([none.code, none.summary]).toEqual([1, expect.stringContaining('No object matches')]);
    writeFileSync(join(folder, 'x'), '');
    expect(run('mode', { objects: 'bpf/*.o', mode: 'polish' }).code).toBe(2);
  });
});
