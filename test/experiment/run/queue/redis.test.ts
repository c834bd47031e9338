/** What can be wrong with a Redis server, in one sentence each. */
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { UserError } from '../../../../src/base/errors.ts';
import { connect, withoutPassword } from '../../../../src/experiment/run/queue/redis.ts';

let server: Server | undefined;
afterEach(() => server?.close());

/** Answers every command with the same text. */
async function pretend(answer: string): Promise<string> {
  const started = createServer((socket) => {
    socket.on('data', (d) => socket.write(answer.repeat(d.toString().match(/^\*\d/gm)?.length ?? 0)));
    socket.on('error', () => {});
  });
  server = started;
  await new Promise<void>((done) => started.listen(0, '127.0.0.1', done));
  const address = started.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `redis://127.0.0.1:${address.port}`;
}
const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;

async function failure(url: string): Promise<string> {
  try {
    (await connect(url, () => {})).disconnect();
  } catch (e) {
    if (e instanceof UserError) return e.message;
    throw e;
  }
  throw new Error('it connected');
}

describe('connect', () => {
  it.each(['localhost:6379', 'http://x', 'redis://'])('%s is no address', async (url) =>
    expect(await failure(url)).toMatch(/this is no address|cannot be reached/),
  );

  it('names the address and the cause where nobody listens', async () => {
    const url = await pretend('');
    server?.close();
    expect(await failure(url.replace('//', '//me:secret@'))).toMatch(
      /^redis:\/\/me:\*\*\*@127\.0\.0\.1:\d+: Redis cannot be reached: connect ECONNREFUSED .*Start one/,
    );
    expect(await failure('unix:///nowhere/r.sock')).toMatch(/ENOENT/);
  });

  it('wants a version with what the queue needs', async () => {
    expect(await failure(await pretend(bulk('redis_version:5.0.7\r\n')))).toMatch(
      /Redis 5\.0 is too old\. Use 6\.2 or newer/,
    );
  });

  it('wants a version at all', async () => {
    expect(await failure(await pretend(bulk('hello\r\n')))).toMatch(/does not say which version/);
  });

  it('tells a missing password from a missing server', async () => {
    expect(await failure(await pretend('-NOAUTH Authentication required.\r\n'))).toMatch(
      /wants other credentials/,
    );
  });
});

it('passwords are not shown', () => {
  expect(withoutPassword('rediss://u:p@h:1/2')).toBe('rediss://u:***@h:1/2');
  expect(withoutPassword('redis://:p@h')).toBe('redis://:***@h');
  expect(withoutPassword('redis://h:1')).toBe('redis://h:1');
});
