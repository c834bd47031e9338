/**
 * Hooks about sockets and cgroups: bpf_sock_addr, bpf_sock, bpf_sock_ops, sk_msg_md, sk_reuseport_md,
 * bpf_sk_lookup, bpf_sysctl, bpf_sockopt, bpf_cgroup_dev_ctx.
 *
 * Sources: include/uapi/linux/bpf.h for the layouts; the *_is_valid_access functions of net/core/filter.c and
 * kernel/bpf/cgroup.c; check_return_code() of kernel/bpf/verifier.c for the ranges.
 */
import { AttachType as A } from '../attach.ts';
import { layout, layoutSize, type Member, type MemberOptions } from '../context.ts';
import type { CtxField, CtxPointer, Hook, SectionPattern } from '../hook-types.ts';

const narrow: MemberOptions = { narrow: true };
/** The verifier looks for the field's first byte only. */
const narrowAtStart: MemberOptions = { narrow: true, narrowWithin: 1 };
const ptr = (name: string, pointer: CtxPointer): Member => ({ name, size: 8, options: { pointer } });
const words = (names: string, options?: MemberOptions): Member[] =>
  names.split(' ').map((name) => ({ name, size: 4, options }));

const V4 = [
  A.CGROUP_INET4_BIND,
  A.CGROUP_INET4_CONNECT,
  A.CGROUP_INET4_GETPEERNAME,
  A.CGROUP_INET4_GETSOCKNAME,
  A.CGROUP_UDP4_SENDMSG,
  A.CGROUP_UDP4_RECVMSG,
];
const V6 = [
  A.CGROUP_INET6_BIND,
  A.CGROUP_INET6_CONNECT,
  A.CGROUP_INET6_GETPEERNAME,
  A.CGROUP_INET6_GETSOCKNAME,
  A.CGROUP_UDP6_SENDMSG,
  A.CGROUP_UDP6_RECVMSG,
];

const SOCK_ADDR = layout([
  ...words('user_family'),
  { name: 'user_ip4', size: 4, options: { narrow: true, write: true, attachTypes: V4 } },
  {
    name: 'user_ip6',
    size: 4,
    count: 4,
    options: { narrow: true, wide: true, write: true, attachTypes: V6 },
  },
  { name: 'user_port', size: 4, options: { narrow: true, write: true, lossy: 'the kernel keeps 16 bits' } },
  ...words('family type protocol'),
  {
    name: 'msg_src_ip4',
    size: 4,
    options: { narrow: true, write: true, attachTypes: [A.CGROUP_UDP4_SENDMSG] },
  },
  {
    name: 'msg_src_ip6',
    size: 4,
    count: 4,
    options: { narrow: true, wide: true, write: true, attachTypes: [A.CGROUP_UDP6_SENDMSG] },
  },
  ptr('sk', 'sock'),
]);

const POST_BIND = [A.CGROUP_INET4_POST_BIND, A.CGROUP_INET6_POST_BIND];
const LIFE = [A.CGROUP_INET_SOCK_CREATE, A.CGROUP_INET_SOCK_RELEASE];

/** `struct bpf_sock` as a socket pointer shows it: nothing writable. */
export const SOCK_FIELDS: readonly CtxField[] = layout([
  ...words('bound_dev_if'),
  ...words('family type protocol', narrowAtStart),
  ...words('mark priority'),
  ...words('src_ip4', narrow),
  { name: 'src_ip6', size: 4, count: 4, options: narrow },
  ...words('src_port', narrowAtStart),
  // A 2-byte field with 2 bytes of padding: 4-byte loads give the port and zeros.
  ...words('dst_port', { narrow: true, narrowWithin: 2 }),
  ...words('dst_ip4', narrow),
  { name: 'dst_ip6', size: 4, count: 4, options: narrow },
  ...words('state rx_queue_mapping', narrowAtStart),
]);

const CGROUP_SOCK = SOCK_FIELDS.map((f): CtxField => {
  if (['bound_dev_if', 'mark', 'priority'].includes(f.name)) return { ...f, write: true, attachTypes: LIFE };
  if (f.name === 'src_ip4') return { ...f, attachTypes: [A.CGROUP_INET4_POST_BIND] };
  if (f.array === 'src_ip6') return { ...f, attachTypes: [A.CGROUP_INET6_POST_BIND] };
  if (f.name === 'src_port') return { ...f, attachTypes: POST_BIND };
  return f;
});

const SOCK_OPS = layout([
  ...words('op'),
  { name: 'reply', size: 4, options: { write: true } },
  ...words('args[1] args[2] args[3] family remote_ip4 local_ip4'),
  { name: 'remote_ip6', size: 4, count: 4 },
  { name: 'local_ip6', size: 4, count: 4 },
  ...words('remote_port local_port is_fullsock snd_cwnd srtt_us bpf_sock_ops_cb_flags state rtt_min'),
  ...words('snd_ssthresh rcv_nxt snd_nxt snd_una mss_cache ecn_flags rate_delivered rate_interval_us'),
  ...words('packets_out retrans_out total_retrans segs_in data_segs_in segs_out data_segs_out lost_out'),
  ...words('sacked_out'),
  { name: 'sk_txhash', size: 4, options: { write: true } },
  { name: 'bytes_received', size: 8 },
  { name: 'bytes_acked', size: 8 },
  ptr('sk', 'sock_or_null'),
  ptr('skb_data', 'packet'),
  ptr('skb_data_end', 'packet_end'),
  ...words('skb_len'),
  ...words('skb_tcp_flags', narrowAtStart),
  // Since Linux 6.2.
  { name: 'skb_hwtstamp', size: 8 },
]);

const SK_MSG = layout([
  ptr('data', 'packet'),
  ptr('data_end', 'packet_end'),
  ...words('family remote_ip4 local_ip4'),
  { name: 'remote_ip6', size: 4, count: 4 },
  { name: 'local_ip6', size: 4, count: 4 },
  ...words('remote_port local_port size'),
  ptr('sk', 'sock'),
]);

const SK_REUSEPORT = layout([
  ptr('data', 'packet'),
  ptr('data_end', 'packet_end'),
  ...words('len', narrow),
  { name: 'eth_protocol', size: 4, options: { narrow: true, narrowMin: 2 } },
  ...words('ip_protocol bind_inany', narrow),
  ...words('hash'),
  ptr('sk', 'sock'),
  ptr('migrating_sk', 'sock_or_null'),
]);

const SK_LOOKUP = layout([
  ptr('sk', 'sock_or_null'),
  ...words('family protocol remote_ip4', narrow),
  { name: 'remote_ip6', size: 4, count: 4, options: narrow },
  // A 2-byte field with 2 bytes of padding: 4-byte loads give the port and zeros.
  ...words('remote_port local_ip4', narrow),
  { name: 'local_ip6', size: 4, count: 4, options: narrow },
  ...words('local_port ingress_ifindex', narrow),
]);

const SYSCTL = layout([
  ...words('write', narrow),
  { name: 'file_pos', size: 4, options: { narrow: true, write: true } },
]);

const SOCKOPT = layout([
  ptr('sk', 'sock'),
  ptr('optval', 'packet'),
  ptr('optval_end', 'packet_end'),
  ...words('level optname', { write: true, writeAttachTypes: [A.CGROUP_SETSOCKOPT] }),
  ...words('optlen', { write: true }),
  ...words('retval', { write: true, attachTypes: [A.CGROUP_GETSOCKOPT] }),
]);

const CGROUP_DEV = layout([...words('access_type', narrow), ...words('major minor')]);

const fieldsOf = (fields: readonly CtxField[], align: 4 | 8) => ({
  ctxAccess: 'fields' as const,
  fields,
  ctxSize: layoutSize(fields, align),
});
const common = { returnBits: 32, testRun: false, legacyPacketLoads: false } as const;
/** `cgroup/NAME`, which libbpf knows, and the bare name that Cilium uses. */
const cgroup = (name: string, attachType: number): SectionPattern[] => [
  { pattern: `cgroup/${name}`, attachType },
  { pattern: `cgroup/${name}/`, attachType },
  { pattern: name, attachType },
];

export const SOCK_HOOKS = {
  cgroup_sock_addr: {
    ...common,
    ...fieldsOf(SOCK_ADDR, 8),
    name: 'cgroup_sock_addr',
    progType: 18,
    sections: [
      ...cgroup('bind4', A.CGROUP_INET4_BIND),
      ...cgroup('bind6', A.CGROUP_INET6_BIND),
      ...cgroup('connect4', A.CGROUP_INET4_CONNECT),
      ...cgroup('connect6', A.CGROUP_INET6_CONNECT),
      ...cgroup('connect_unix', A.CGROUP_UNIX_CONNECT),
      ...cgroup('sendmsg4', A.CGROUP_UDP4_SENDMSG),
      ...cgroup('sendmsg6', A.CGROUP_UDP6_SENDMSG),
      ...cgroup('sendmsg_unix', A.CGROUP_UNIX_SENDMSG),
      ...cgroup('recvmsg4', A.CGROUP_UDP4_RECVMSG),
      ...cgroup('recvmsg6', A.CGROUP_UDP6_RECVMSG),
      ...cgroup('recvmsg_unix', A.CGROUP_UNIX_RECVMSG),
      ...cgroup('getpeername4', A.CGROUP_INET4_GETPEERNAME),
      ...cgroup('getpeername6', A.CGROUP_INET6_GETPEERNAME),
      ...cgroup('getpeername_unix', A.CGROUP_UNIX_GETPEERNAME),
      ...cgroup('getsockname4', A.CGROUP_INET4_GETSOCKNAME),
      ...cgroup('getsockname6', A.CGROUP_INET6_GETSOCKNAME),
      ...cgroup('getsockname_unix', A.CGROUP_UNIX_GETSOCKNAME),
    ],
    packet: 'none',
    returnRange: [0, 1],
    returnRangeBy: [
      {
        attachTypes: [
          A.CGROUP_UDP4_RECVMSG,
          A.CGROUP_UDP6_RECVMSG,
          A.CGROUP_UNIX_RECVMSG,
          A.CGROUP_INET4_GETPEERNAME,
          A.CGROUP_INET6_GETPEERNAME,
          A.CGROUP_UNIX_GETPEERNAME,
          A.CGROUP_INET4_GETSOCKNAME,
          A.CGROUP_INET6_GETSOCKNAME,
          A.CGROUP_UNIX_GETSOCKNAME,
        ],
        range: [1, 1],
      },
      { attachTypes: [A.CGROUP_INET4_BIND, A.CGROUP_INET6_BIND], range: [0, 3] },
    ],
  },
  cgroup_sock: {
    ...common,
    ...fieldsOf(CGROUP_SOCK, 4),
    name: 'cgroup_sock',
    progType: 9,
    sections: [
      ...cgroup('sock_create', A.CGROUP_INET_SOCK_CREATE),
      ...cgroup('sock_release', A.CGROUP_INET_SOCK_RELEASE),
      ...cgroup('post_bind4', A.CGROUP_INET4_POST_BIND),
      ...cgroup('post_bind6', A.CGROUP_INET6_POST_BIND),
      { pattern: 'cgroup/sock*', attachType: A.CGROUP_INET_SOCK_CREATE },
    ],
    packet: 'none',
    returnRange: [0, 1],
  },
  cgroup_sockopt: {
    ...common,
    ...fieldsOf(SOCKOPT, 8),
    name: 'cgroup_sockopt',
    progType: 25,
    sections: [
      ...cgroup('getsockopt', A.CGROUP_GETSOCKOPT),
      ...cgroup('setsockopt', A.CGROUP_SETSOCKOPT),
      { pattern: 'cgroup/getsockopt*', attachType: A.CGROUP_GETSOCKOPT },
      { pattern: 'cgroup/setsockopt*', attachType: A.CGROUP_SETSOCKOPT },
    ],
    packet: 'write',
    returnRange: [0, 1],
  },
  cgroup_sysctl: {
    ...common,
    ...fieldsOf(SYSCTL, 4),
    name: 'cgroup_sysctl',
    progType: 23,
    sections: [{ pattern: 'cgroup/sysctl*', attachType: A.CGROUP_SYSCTL }],
    packet: 'none',
    returnRange: [0, 1],
  },
  cgroup_device: {
    ...common,
    ...fieldsOf(CGROUP_DEV, 4),
    name: 'cgroup_device',
    progType: 15,
    sections: [{ pattern: 'cgroup/dev*', attachType: A.CGROUP_DEVICE }],
    packet: 'none',
    returnRange: [0, 1],
  },
  sock_ops: {
    ...common,
    ...fieldsOf(SOCK_OPS, 8),
    name: 'sock_ops',
    progType: 13,
    sections: [{ pattern: 'sockops*', attachType: A.CGROUP_SOCK_OPS }],
    packet: 'read',
    returnRange: [0, 1],
  },
  sk_msg: {
    ...common,
    ...fieldsOf(SK_MSG, 8),
    name: 'sk_msg',
    progType: 16,
    sections: [{ pattern: 'sk_msg*', attachType: A.SK_MSG_VERDICT }],
    packet: 'write',
  },
  sk_lookup: {
    ...common,
    ...fieldsOf(SK_LOOKUP, 8),
    name: 'sk_lookup',
    progType: 30,
    sections: [{ pattern: 'sk_lookup*', attachType: A.SK_LOOKUP }],
    packet: 'none',
    returnRange: [0, 1],
    testRun: true,
  },
  sk_reuseport: {
    ...common,
    ...fieldsOf(SK_REUSEPORT, 8),
    name: 'sk_reuseport',
    progType: 21,
    sections: [
      { pattern: 'sk_reuseport*', attachType: A.SK_REUSEPORT_SELECT },
      { pattern: 'sk_reuseport/migrate*', attachType: A.SK_REUSEPORT_SELECT_OR_MIGRATE },
    ],
    packet: 'read',
  },
  netfilter: {
    ...common,
    ...fieldsOf(layout([ptr('state', 'opaque'), ptr('skb', 'opaque')]), 8),
    name: 'netfilter',
    progType: 32,
    sections: [{ pattern: 'netfilter*', attachType: A.NETFILTER }],
    packet: 'none',
    returnRange: [0, 1],
    testRun: true,
  },
} as const satisfies Record<string, Hook>;
