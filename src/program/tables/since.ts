/**
 * The first Linux of each program type, expected attach type, load flag and context field; those of
 * instructions, helpers and map types stand in their own tables.
 *
 * Sources: the commits that added them (kernel/bpf/syscall.c, kernel/bpf/verifier.c, net/core/filter.c). What
 * is not listed is as old as the program type, or is not refused by kernels that do not know it: they ignore,
 * for one, the attach types of XDP and tc programs.
 */
import { linux } from '../../base/linux.ts';
import { AttachType as A, LoadFlag } from './attach.ts';
import type { CtxField, HookName } from './hook-types.ts';

const HOOK_SINCE: Readonly<Record<HookName, number>> = {
  socket_filter: linux(3, 19),
  kprobe: linux(4, 1),
  sched_cls: linux(4, 1),
  sched_act: linux(4, 1),
  tracepoint: linux(4, 7),
  xdp: linux(4, 8),
  perf_event: linux(4, 9),
  cgroup_skb: linux(4, 10),
  cgroup_sock: linux(4, 10),
  lwt_in: linux(4, 10),
  lwt_out: linux(4, 10),
  lwt_xmit: linux(4, 10),
  sock_ops: linux(4, 13),
  sk_skb: linux(4, 14),
  cgroup_device: linux(4, 15),
  sk_msg: linux(4, 17),
  raw_tracepoint: linux(4, 17),
  cgroup_sock_addr: linux(4, 17),
  lwt_seg6local: linux(4, 18),
  lirc_mode2: linux(4, 18),
  sk_reuseport: linux(4, 19),
  flow_dissector: linux(4, 20),
  cgroup_sysctl: linux(5, 2),
  raw_tracepoint_writable: linux(5, 2),
  cgroup_sockopt: linux(5, 3),
  tracing: linux(5, 5),
  struct_ops: linux(5, 6),
  ext: linux(5, 6),
  lsm: linux(5, 7),
  sk_lookup: linux(5, 9),
  syscall: linux(5, 14),
  netfilter: linux(6, 4),
};

const ATTACH_SINCE: ReadonlyMap<number, number> = new Map([
  [A.CGROUP_INET4_POST_BIND, linux(4, 17)],
  [A.CGROUP_INET6_POST_BIND, linux(4, 17)],
  [A.CGROUP_UDP4_SENDMSG, linux(4, 18)],
  [A.CGROUP_UDP6_SENDMSG, linux(4, 18)],
  [A.CGROUP_UDP4_RECVMSG, linux(5, 2)],
  [A.CGROUP_UDP6_RECVMSG, linux(5, 2)],
  [A.MODIFY_RETURN, linux(5, 7)],
  [A.TRACE_ITER, linux(5, 8)],
  [A.CGROUP_INET4_GETPEERNAME, linux(5, 8)],
  [A.CGROUP_INET6_GETPEERNAME, linux(5, 8)],
  [A.CGROUP_INET4_GETSOCKNAME, linux(5, 8)],
  [A.CGROUP_INET6_GETSOCKNAME, linux(5, 8)],
  [A.CGROUP_INET_SOCK_RELEASE, linux(5, 9)],
  [A.LSM_CGROUP, linux(6, 0)],
  [A.CGROUP_UNIX_CONNECT, linux(6, 7)],
  [A.CGROUP_UNIX_SENDMSG, linux(6, 7)],
  [A.CGROUP_UNIX_RECVMSG, linux(6, 7)],
  [A.CGROUP_UNIX_GETPEERNAME, linux(6, 7)],
  [A.CGROUP_UNIX_GETSOCKNAME, linux(6, 7)],
]);

/** Contexts by the first name of their hooks; all that see packets through `struct __sk_buff` share one. */
const FIELD_SINCE: Readonly<Partial<Record<HookName | 'skb', Readonly<Record<string, number>>>>> = {
  skb: {
    ingress_ifindex: linux(4, 2),
    ifindex: linux(4, 2),
    tc_index: linux(4, 2),
    cb: linux(4, 2),
    hash: linux(4, 3),
    tc_classid: linux(4, 4),
    data: linux(4, 7),
    data_end: linux(4, 7),
    napi_id: linux(4, 12),
    data_meta: linux(4, 15),
    tstamp: linux(5, 0),
    wire_len: linux(5, 0),
    gso_segs: linux(5, 1),
    sk: linux(5, 1),
    gso_size: linux(5, 7),
    hwtstamp: linux(5, 16),
    tstamp_type: linux(5, 18),
  },
  xdp: {
    data_meta: linux(4, 15),
    ingress_ifindex: linux(4, 16),
    rx_queue_index: linux(4, 16),
    egress_ifindex: linux(5, 8),
  },
  perf_event: { addr: linux(4, 17) },
  cgroup_sock: {
    mark: linux(4, 14),
    priority: linux(4, 14),
    src_ip4: linux(4, 17),
    src_ip6: linux(4, 17),
    src_port: linux(4, 17),
    dst_port: linux(5, 1),
    dst_ip4: linux(5, 1),
    dst_ip6: linux(5, 1),
    state: linux(5, 1),
    rx_queue_mapping: linux(5, 8),
  },
  cgroup_sock_addr: { msg_src_ip4: linux(4, 18), msg_src_ip6: linux(4, 18), sk: linux(5, 3) },
  sock_ops: {
    ...Object.fromEntries(
      ['is_fullsock', 'snd_cwnd', 'srtt_us', 'bpf_sock_ops_cb_flags', 'state', 'rtt_min'].map((f) => [
        f,
        linux(4, 16),
      ]),
    ),
    sk: linux(5, 3),
    skb_data: linux(5, 10),
    skb_data_end: linux(5, 10),
    skb_len: linux(5, 10),
    skb_tcp_flags: linux(5, 10),
    skb_hwtstamp: linux(6, 2),
  },
  sk_msg: {
    family: linux(4, 18),
    remote_ip4: linux(4, 18),
    local_ip4: linux(4, 18),
    remote_ip6: linux(4, 18),
    local_ip6: linux(4, 18),
    remote_port: linux(4, 18),
    local_port: linux(4, 18),
    size: linux(5, 0),
    sk: linux(5, 8),
  },
  sk_reuseport: { sk: linux(5, 14), migrating_sk: linux(5, 14) },
  sk_lookup: { ingress_ifindex: linux(5, 17) },
};

const SEES_SKB: readonly HookName[] = [
  'socket_filter',
  'sched_cls',
  'sched_act',
  'cgroup_skb',
  'sk_skb',
  'lwt_in',
  'lwt_out',
  'lwt_xmit',
  'lwt_seg6local',
];

export function hookSince(hook: HookName): number {
  return HOOK_SINCE[hook];
}

/** 0 where every kernel that knows the program type takes it. */
export function attachTypeSince(attachType: number): number {
  return ATTACH_SINCE.get(attachType) ?? 0;
}

/** First Linux that takes all of these BPF_F_* flags from a program of this type. */
export function loadFlagsSince(hook: HookName, flags: number): number {
  const sleeps = (flags & LoadFlag.SLEEPABLE) !== 0;
  const frags = (flags & LoadFlag.XDP_HAS_FRAGS) !== 0;
  return Math.max(
    // Sleepable uprobes came after fentry, fexit and LSM programs.
    sleeps ? (hook === 'kprobe' ? linux(6, 0) : linux(5, 10)) : 0,
    frags ? linux(5, 18) : 0,
  );
}

/** Names of the fields of a hook's context that came later than the program type. */
export function laterFields(hook: HookName): readonly string[] {
  return Object.keys(FIELD_SINCE[SEES_SKB.includes(hook) ? 'skb' : hook] ?? {});
}

/** 0 where the field is as old as the program type. */
export function fieldSince(hook: HookName, field: CtxField): number {
  const fields = FIELD_SINCE[SEES_SKB.includes(hook) ? 'skb' : hook];
  return fields?.[field.array ?? field.name] ?? 0;
}
