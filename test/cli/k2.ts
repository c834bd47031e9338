/** The compiled command, as a user runs it. `npm test` builds it first. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';

export const ROOT = resolve(import.meta.dirname, '../..');
export const MAIN = join(ROOT, 'dist/cli/main.js');
export const isBuilt = existsSync(MAIN);
export const FAKE = join(ROOT, 'test/experiment/data/fake-optimizer.mjs');

export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** A folder that is gone after the tests of the file. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'k2-cli-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function k2(args: readonly string[], options: { cwd?: string; input?: string } = {}): Ended {
  const r = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', input: '', ...options });
  return { code: r.status, out: r.stdout, err: r.stderr };
}

/** Starts the command; `when` is called with all of stderr so far and may send a signal. */
export function k2Signalled(
  args: readonly string[],
  cwd: string,
  when: (err: string) => NodeJS.Signals | undefined,
): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err, sent] = ['', '', false];
  child.stdout.on('data', (d) => {
    out += d;
  });
  child.stderr.on('data', (d) => {
    err += d;
    const signal = sent ? undefined : when(err);
    if (signal !== undefined) {
      sent = true;
      child.kill(signal);
    }
  });
  return new Promise((done) => child.on('close', (code) => done({ code, out, err })));
}
