/**
 * A network of one's own, for programs that ask for routes: the calling thread enters a new network
 * namespace, in which everything is forwarded to a neighbour behind a veth pair, and leaves it again.
 *
 *   lo, up (test runs come in here)      fwd0 --veth-- fwd1      default routes via a neighbour on fwd0, v4
 *                                        and v6
 *
 * The namespace has no name and no other user: it and its devices are gone when the thread leaves or the
 * process dies.
 */

import { spawnSync } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { isHelperCall } from '../../isa/insn.ts';
import type { Program } from '../../program/program.ts';
import { Helper } from '../../program/tables/helpers.ts';
import { type Bpf, errnoName, type OpenBpf, openBpf } from './syscall.ts';

const OWN_NAMESPACE = '/proc/thread-self/ns/net';

/** The devices, addresses and routes, in the language of `ip -batch`. */
const NETWORK = `link set lo up
link add fwd0 type veth peer name fwd1
link set fwd1 up
link set fwd0 up
addr add 10.99.0.1/24 dev fwd0
addr add fd00:99::1/64 dev fwd0 nodad
neigh add 10.99.0.2 lladdr 02:00:00:00:99:02 dev fwd0 nud permanent
neigh add fd00:99::2 lladdr 02:00:00:00:99:02 dev fwd0 nud permanent
route add default via 10.99.0.2 dev fwd0
route add ::/0 via fd00:99::2 dev fwd0
`;

const FORWARDING = ['/proc/sys/net/ipv4/ip_forward', '/proc/sys/net/ipv6/conf/all/forwarding'];

export type InNetwork<T> = { ok: true; value: T } | { ok: false; reason: string };

/**
 * Runs `body` in a network of its own; the old one comes back whatever happens. `body` must not wait for
 * anything: other work of this thread would run in the wrong network.
 */
export function inOwnNetwork<T>(body: () => T, opened: OpenBpf = openBpf()): InNetwork<T> {
  if (!opened.ok) return opened;
  const { bpf } = opened;
  let home: number;
  try {
    home = openSync(OWN_NAMESPACE, 'r');
  } catch {
    return { ok: false, reason: 'this system has no network namespaces' };
  }
  try {
    const entered = bpf.unshareNetwork();
    if (entered < 0) return { ok: false, reason: `a new network namespace: ${errnoName(entered)}` };
    try {
      const problem = setUp();
      return problem === undefined ? { ok: true, value: body() } : { ok: false, reason: problem };
    } finally {
      goHome(bpf, home);
    }
  } finally {
    closeSync(home);
  }
}

/** Whether a program's deep paths need a route. */
export function asksForRoutes(p: Program): boolean {
  return p.insns.some((i) => isHelperCall(i, Helper.fib_lookup));
}

/**
 * Runs `body` in a network of its own; where there is none, without: the paths behind a route are then not
 * reached.
 */
export function withRoutes<T>(body: () => T): T {
  const ran = inOwnNetwork(body);
  return ran.ok ? ran.value : body();
}

/** Throws when there is no way back: going on in the wrong network would be worse. */
function goHome(bpf: Bpf, home: number): void {
  const left = bpf.enterNetwork(home);
  if (left < 0) throw new Error(`cannot go back to the network namespace: ${errnoName(left)}`);
}

/** Why the network cannot be built; undefined when it stands. */
function setUp(): string | undefined {
  const r = spawnSync('ip', ['-batch', '-'], { input: NETWORK, encoding: 'utf8' });
  if (r.error !== undefined) return `ip (iproute2) cannot be run: ${r.error.message}`;
  if (r.status !== 0) return `ip -batch: ${r.stderr.split('\n')[0]}`;
  try {
    for (const file of FORWARDING) writeFileSync(file, '1');
  } catch (e) {
    return `forwarding cannot be switched on: ${(e as Error).message}`;
  }
  return undefined;
}
