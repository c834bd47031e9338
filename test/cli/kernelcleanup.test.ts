/** What a command leaves in the kernel when it ends, and when it is killed in the middle: nothing. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { probeKernel } from '../../src/kernel/syscall/doctor.ts';
import { isBuilt, k2, MAIN, scratch } from './k2.ts';

const probe = probeKernel();
const hasBpftool = spawnSync('bpftool', ['version']).status === 0;
const why = !probe.available
  ? ` (SKIPPED, no kernel here: ${probe.reason})`
  : !isBuilt
    ? ' (SKIPPED before npm run build)'
    : hasBpftool
      ? ''
      : ' (SKIPPED, no bpftool to count with)';

const folder = scratch();
/** Other tests run at the same time: only what has this name counts. */
const NAME = `kc${process.pid}`.slice(0, 12);

const listed = (kind: 'prog' | 'map'): number => {
  const r = spawnSync('bpftool', ['-j', kind, 'list'], { encoding: 'utf8', maxBuffer: 1 << 26 });
  const all = JSON.parse(r.stdout) as { name?: string }[];
  return all.filter((o) => o.name === NAME).length;
};
const counts = (): [programs: number, maps: number] => [listed('prog'), listed('map')];

/** Programs and maps of dead processes are freed a little later. Looks again, a bounded number of times. */
async function eventually(look: () => boolean): Promise<boolean> {
  for (let k = 0; k < 200; k++) {
    if (look()) return true;
    await sleep(50);
  }
  return false;
}

/** Network namespaces that a process has entered. */
const networks = (pid: number): string[] => {
  try {
    return readdirSync(`/proc/${pid}/task`).map((t) => readlinkSync(`/proc/${pid}/task/${t}/ns/net`));
  } catch {
    return [];
  }
};

/** Counts a hash entry and asks for a route, so that it runs in a network of its own. */
const PROGRAM = `*(u64 *)(r10 -8) = 0
r6 = r1
r2 = r10
r2 += -8
r1 = map[id:0]
call map_lookup_elem
r2 = r10
r2 += -72
${Array.from({ length: 8 }, (_, k) => `*(u64 *)(r10 -${72 - 8 * k}) = 0`).join('\n')}
r1 = r6
r3 = 64
r4 = 0
call fib_lookup
r0 = 2
exit
`;

describe.skipIf(why !== '')(`the kernel afterwards${why}`, () => {
  const file = join(folder, `${NAME}.insns`);
  const prepare = (): void => {
    writeFileSync(join(folder, 'p.s'), PROGRAM);
    const made = k2(['asm', join(folder, 'p.s'), '-o', file]);
    expect(made.code, made.err).toBe(0);
    writeFileSync(
      join(folder, `${NAME}.maps`),
      `${NAME} { type = 1, key_size = 8, value_size = 8, max_entries = 64, fd = 0 }\n`,
    );
  };
  const args = (...more: string[]): string[] => ['kernel', ...more, '--type', 'xdp'];

  it('has nothing of a command that ended', async () => {
    prepare();
    for (const words of [
      args('check', file),
      args('diff', file, file, '--runs', '300'),
      args('time', file, file, '--rounds', '2', '--tests', '2'),
    ]) {
      const r = k2(words);
      expect(r, words.join(' ')).toMatchObject({ code: 0, err: '' });
    }
    expect(await eventually(() => counts().join() === '0,0'), `left: ${counts()}`).toBe(true);
  });

  it.each(['diff', 'time'])('has nothing of a %s that was killed in the middle', async (command) => {
    prepare();
    const endless = command === 'diff' ? ['--runs', '1000000000'] : ['--rounds', '1000000'];
    const child = spawn(process.execPath, [MAIN, ...args(command, file, file, ...endless)], {
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    const home = readlinkSync('/proc/self/ns/net');
    const there = await eventually(
      () => counts()[1] > 0 && networks(child.pid!).some((n) => n !== '' && n !== home),
    );
    child.kill('SIGKILL');
    await ended;
    expect(there).toBe(true);
    expect(await eventually(() => counts().join() === '0,0'), `left: ${counts()}`).toBe(true);
    // Its devices were in its own network only, which went with it.
    const devices = spawnSync('ip', ['-o', 'link'], { encoding: 'utf8' }).stdout;
    expect(devices).not.toMatch(/fwd[01]/);
  });
});
