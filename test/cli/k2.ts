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

export function k2(
  args: readonly string[],
  { env, ...options }: { cwd?: string; input?: string; env?: Record<string, string> } = {},
): Ended {
  const r = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    input: '',
    env: { ...process.env, ...env },
    ...options,
  });
  return { code: r.status, out: r.stdout, err: r.stderr };
}

/** Starts the command, and sends Ctrl-C when stderr has a text, or after some milliseconds. */
export function k2Interrupted(args: readonly string[], cwd: string, when: string | number): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err, isSent] = ['', '', false];
  const timer = setTimeout(() => child.kill('SIGINT'), typeof when === 'number' ? when : 2 ** 30);
  child.stdout.on('data', (d) => {
    out += d;
  });
  child.stderr.on('data', (d) => {
    err += d;
    if (isSent || typeof when === 'number' || !err.includes(when)) return;
    isSent = true;
    child.kill('SIGINT');
  });
  return new Promise((done) =>
    child.on('close', (code) => {
      clearTimeout(timer);
      done({ code, out, err });
    }),
  );
}
