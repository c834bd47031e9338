/** A connection to Redis, or one sentence that says why there is none. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis, type RedisOptions } from 'ioredis';
import { UserError } from '../../../base/errors.ts';

/** Lua scripts of the queue need what came with it. */
const OLDEST = [6, 2] as const;
const CONNECT_MS = 5000;
const START =
  'Start one (redis-server), or check the address: redis://HOST:PORT, rediss://, or unix:///PATH.';

/**
 * Tries once; a connection that was there and is lost is tried again until it is back.
 * @param url redis://[user:password@]host[:port][/db], rediss:// the same with TLS, unix:///path
 * @throws UserError
 */
export async function connect(url: string, onNote: (text: string) => void): Promise<Redis> {
  const shown = withoutPassword(url);
  let [isUp, isLost, cause] = [false, false, ''];
  const options: RedisOptions = {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    maxRetriesPerRequest: null,
    // The version is asked below, and a server that is none would be asked for ever.
    enableReadyCheck: false,
    retryStrategy: (times) => (isUp ? Math.min(times * 500, 5000) : null),
  };
  const redis = url.startsWith('unix://')
    ? new Redis(url.slice('unix://'.length), options)
    : new Redis(checkedUrl(url), options);
  redis.on('error', (e: Error) => {
    cause = reasonOf(e);
    if (!isUp || isLost) return;
    isLost = true;
    onNote(`${shown} is not reachable any more (${cause}); waiting for it to come back`);
  });
  redis.on('ready', () => {
    if (isLost) onNote(`${shown} is back`);
    isLost = false;
  });
  try {
    await redis.connect();
    const silence = new AbortController();
    const info = await Promise.race([
      redis.info('server'),
      sleep(CONNECT_MS, '', { signal: silence.signal }),
    ]);
    silence.abort();
    checkVersion(info, shown);
    isUp = true;
    return redis;
  } catch (e) {
    redis.disconnect();
    if (e instanceof UserError) throw e;
    const reason = cause || reasonOf(e as Error);
    if (/NOAUTH|WRONGPASS|NOPERM/.test(reason))
      throw new UserError(
        `Redis wants other credentials: ${reason}.`,
        shown,
        'Write them into the address: redis://USER:PASSWORD@HOST.',
      );
    throw new UserError(`Redis cannot be reached: ${reason}.`, shown, START);
  }
}

/** Names, such as ECONNREFUSED, where a message has none. */
function reasonOf(e: Error): string {
  const code = (e as NodeJS.ErrnoException).code;
  return (e.message || code || 'no answer').replace(/\.$/, '');
}

function checkedUrl(url: string): string {
  if (/^rediss?:\/\//.test(url) && URL.canParse(url)) return url;
  throw new UserError('this is no address of a Redis server.', withoutPassword(url), START);
}

/** @throws UserError when the server is none, or too old */
export function checkVersion(info: string, shown: string): void {
  const version = /^redis_version:\s*(\d+)\.(\d+)\S*/m.exec(info);
  if (version === null) throw new UserError('the server does not say which version it is.', shown, START);
  const [major, minor] = [Number(version[1]), Number(version[2])];
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
    throw new UserError(
      `Redis ${version[1]}.${version[2]} is too old.`,
      shown,
      `Use ${OLDEST.join('.')} or newer.`,
    );
}

export function withoutPassword(url: string): string {
  return url.replace(/^(\w+:\/\/[^:@/]*):[^@]*@/, '$1:***@');
}
