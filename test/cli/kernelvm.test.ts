/**
 * `k2 kernel vm` and `--kernels`: several kernels asked in one command, and nothing left when it is killed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { hasVm, needsVm, vmKernels } from '../kernel/vm/vm.ts';
import { isBuilt, k2, ROOT, scratch } from './k2.ts';

const folder = scratch();
const OBJECT = join(ROOT, 'corpora/builtin/obj/clang-14-O2/xdp_router_lpm.o');

it.skipIf(!isBuilt)('an unknown kernel is named, with what to do', () => {
  const r = k2(['kernel', 'check', OBJECT, '--kernels', '9.9'], { cwd: folder });
  expect(r.code).toBe(2);
  expect(r.err).toMatch(/no kernel '9\.9'.*k2 kernel vm add/s);
  expect(k2(['kernel', 'vm', 'list'], { cwd: folder }).out).toMatch(/no kernels were added/);
});

describe.skipIf(!isBuilt || !hasVm)(`guest kernels${needsVm}`, () => {
  const [name = ''] = vmKernels;

  it('each row says which kernel it comes from', () => {
    const r = k2(['kernel', 'check', OBJECT, '--kernels', vmKernels.join(','), '--json'], { cwd: ROOT });
    expect(r.code).toBe(0);
    const rows = JSON.parse(r.out);
    expect(rows.map((row: { kernel: string }) => row.kernel)).toEqual(vmKernels);
    for (const row of rows) {
      expect(row).toMatchObject({ status: 'accepted', release: expect.stringMatching(/^\d/) });
      expect(row.effort.processed).toBe(row.verifiedInsns);
      expect(row.effort.processed).toBeGreaterThan(60);
      expect(row.jited).toBeGreaterThan(300);
    }
    const text = k2(['kernel', 'check', OBJECT, '--kernels', `${name},${name}`], { cwd: ROOT }).out;
    expect(text).toMatch(new RegExp(`kernel ${name}: accepted, \\d+ instructions verified, \\d+ states`));
  });

  it('without qemu they are skipped, and the command says so', () => {
    const r = k2(['kernel', 'check', OBJECT, '--kernels', name], { cwd: ROOT, env: { PATH: '/nowhere' } });
    expect(r.err).toMatch(/skipped: qemu-system-x86_64 is not installed/);
    expect(r.out).toMatch(/not checked/);
  });

  it('the emulator ends with the command, also when it is killed', async () => {
    const script = `const { openKernel } = await import(${JSON.stringify(join(ROOT, 'dist/kernel/index.js'))});
      console.log(openKernel(${JSON.stringify(name)}).ok);
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: ROOT });
    const [said] = await once(child.stdout, 'data');
    expect(String(said)).toBe('true\n');
    const emulators = (): string[] => processesOf(child.pid!);
    const guard = emulators();
    expect(guard.length).toBeGreaterThan(0);
    child.kill('SIGKILL');
    await once(child, 'close');
    for (let k = 0; k < 200 && guard.some((pid) => existsSync(`/proc/${pid}`)); k++) await sleep(50);
    expect(guard.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  });
});

/** The processes below one, as they are now. */
function processesOf(pid: number): string[] {
  const below = spawnSync('sh', ['-c', `cat /proc/${pid}/task/*/children`], { encoding: 'utf8' });
  const children = below.stdout.split(/\s+/).filter((p) => p !== '' && readdirSync('/proc').includes(p));
  return children.flatMap((c) => [c, ...processesOf(Number(c))]);
}
