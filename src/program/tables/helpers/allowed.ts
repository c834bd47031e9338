/**
 * Which program types may call which helper, read off the running kernel: for every type (and every attach
 * type that matters) a program that calls the helper was loaded into Linux 6.18, and what the verifier called
 * unusable by the type left out. Types that load only with a target are not listed; nothing is said of them.
 */
import { AttachType } from '../attach.ts';
import type { HookName } from '../hook-types.ts';
import { Helper } from './ids.ts';

/** Helper ids that every listed type may call. */
const COMMON =
  '1-3 5-8 12 14-17 22 35 37 42 55 80 87-89 93-94 105-106 109 112-115 117-118 120 123 125 130-134 141 148-149 153-154 156-158 164-165 169-172 175-177 180-182 191 194-195 197-203 208-211';

/** What a type may call besides. */
const OF_TYPE: Partial<Record<HookName, string>> = {
  xdp: '23 25 28 44 51 54 65 69 84-86 99-100 110 136-140 160 163 178 188-190 196 204-207',
  sched_cls:
    '9-11 13 18-21 23-26 28-34 38-41 43 46-48 50 66 68-69 79 83-86 95-100 107-108 110 122 124 135-140 151-152 155 160 163 178 192 196 204-207',
  sched_act:
    '9-11 13 18-21 23-26 28-34 38-41 43 46-48 50 66 68-69 79 83-86 95-100 107-108 110 122 124 135-140 151-152 155 160 163 178 192 196 204-207',
  socket_filter: '25-26 46-47 68 122 136-140 160 178 196',
  cgroup_skb: '25-26 46-47 68 79 81 83-86 95-99 107-108 122 128-129 136-140 160 178 196',
  sk_skb: '9 25-26 38-39 43 46-47 50 52 72 84-86 99 136-140 160 178 196',
  flow_dissector: '26 136-140 160 178 196',
  lwt_in: '24-26 28 33-34 39 73 136-140 160 178 196',
  lwt_out: '24-26 28 33-34 39 136-140 160 178 196',
  lwt_xmit: '9-11 13 20-21 23-26 28-30 33-34 38-41 43 73 135-140 160 178 196',
  lwt_seg6local: '24-26 28 33-34 39 74-76 136-140 160 178 196',
  cgroup_sock_addr: '25 46 49 57 64 81 84-86 99 107-108 122 136-140 160 178 186-187 196',
  cgroup_sock: '25 46 81 107 122 160 186-187',
  cgroup_sockopt: '25 49 57 81 96 107-108 122 186-187',
  cgroup_sysctl: '25 81 101-104 160',
  cgroup_device: '25 81',
  sock_ops: '25 46 49 53 57 59 70 81 96 107-108 122 136-140 142-144 160 178 196',
  sk_msg: '25 60-63 71 90-91 107-108 122 136-140 160 178 196',
  sk_lookup: '25 86 124 136-140 160 178 196',
  sk_reuseport: '26 46 68 82 160',
  netfilter: '',
  tracepoint: '4 25 27 45 67 174',
  raw_tracepoint: '4 25 27 45 67 174',
  raw_tracepoint_writable: '4 25 27 45 67 174',
  kprobe: '4 25 27 45 67 173-174',
  perf_event: '4 25 27 45 56 67 119 174',
};

function numbers(text: string): number[] {
  return text.split(' ').flatMap((word) => {
    const [from, to] = word.split('-').map(Number) as [number, number?];
    return Array.from({ length: (to ?? from) - from + 1 }, (_, n) => from + n);
  });
}

const allowed = new Map<HookName, ReadonlySet<number>>(
  Object.entries(OF_TYPE).map(([hook, own]) => [
    hook as HookName,
    new Set([...numbers(COMMON), ...numbers(own)]),
  ]),
);

/** The types that the table lists, in its order. */
export const LISTED_HOOKS: readonly HookName[] = [...allowed.keys()];

/**
 * get_retval and set_retval; the attach types whose result nobody looks at lack them
 * (cgroup_current_func_proto()).
 */
const RETVAL: ReadonlySet<number> = new Set([Helper.get_retval, Helper.set_retval]);
const WITHOUT_RETVAL: ReadonlySet<number> = new Set([
  AttachType.CGROUP_INET_INGRESS,
  AttachType.CGROUP_INET_EGRESS,
  AttachType.CGROUP_SOCK_OPS,
  AttachType.CGROUP_UDP4_RECVMSG,
  AttachType.CGROUP_UDP6_RECVMSG,
  AttachType.CGROUP_INET4_GETPEERNAME,
  AttachType.CGROUP_INET6_GETPEERNAME,
  AttachType.CGROUP_INET4_GETSOCKNAME,
  AttachType.CGROUP_INET6_GETSOCKNAME,
  AttachType.CGROUP_UNIX_RECVMSG,
  AttachType.CGROUP_UNIX_GETPEERNAME,
  AttachType.CGROUP_UNIX_GETSOCKNAME,
]);

/**
 * May programs of this type (and attach type, where it is known) call the helper? True where nobody knows.
 */
export function hookAllowsHelper(hook: HookName, attachType: number | undefined, id: number): boolean {
  if (!allowed.has(hook)) return true;
  if (RETVAL.has(id))
    return hook.startsWith('cgroup_') && !(attachType !== undefined && WITHOUT_RETVAL.has(attachType));
  return allowed.get(hook)!.has(id);
}
