/** A Redis server of our own on a Unix socket, and the compiled worker, for as long as a test file runs. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll } from 'vitest';
import { FAKE, isBuilt, MAIN } from '../../cli/k2.ts';

export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
/** For names of tests. */
export const WHY = !hasRedis
  ? ' (SKIPPED: no redis-server here)'
  : isBuilt
    ? ''
    : ' (skipped before npm run build)';
export const canQueue = hasRedis && isBuilt;

// A hook that a hook or a test registers would not run: this is the module's.
const started: ChildProcess[] = [];
afterAll(() => {
  for (const p of started) p.kill('SIGKILL');
});

/** @param folder short enough for a socket's path */
export async function redisServer(folder: string): Promise<string> {
  const socket = join(folder, 'r.sock');
  const args = ['--port', '0', '--unixsocket', socket, '--save', '', '--dir', folder];
  const server = spawn('redis-server', args, { stdio: 'ignore' });
  started.push(server);
  while (!(await answers(socket))) await sleep(20);
  return `unix://${socket}`;
}

function answers(socket: string): Promise<boolean> {
  if (!existsSync(socket)) return Promise.resolve(false);
  return new Promise((done) => {
    const c = createConnection(socket, () => {
      c.destroy();
      done(true);
    });
    c.on('error', () => done(false));
  });
}

export interface StartedWorker {
  child: ChildProcess;
  err(): string;
  ended: Promise<number | null>;
}

/** Ready when this resolves. */
export async function startWorker(
  url: string,
  env: Record<string, string>,
  more: string[] = ['--optimizer', FAKE],
): Promise<StartedWorker> {
  const args = [MAIN, 'worker', '--queue', url, '--workers', '1', '--lost-after', '1', ...more];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  child.stderr?.on('data', (d) => {
    err += d;
  });
  const ended = new Promise<number | null>((done) => child.on('close', done));
  started.push(child);
  while (!err.includes('takes cells') && child.exitCode === null) await sleep(20);
  return { child, err: () => err, ended };
}
