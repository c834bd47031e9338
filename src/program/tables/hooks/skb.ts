/**
 * Hooks whose context is `struct __sk_buff`, and XDP's `struct xdp_md`.
 *
 * Sources: include/uapi/linux/bpf.h for the layouts; net/core/filter.c for what each hook may touch
 * (bpf_skb_is_valid_access and the *_is_valid_access function of each hook).
 */
import { AttachType as A, LoadFlag } from '../attach.ts';
import { layout, layoutSize, type Member, type MemberOptions } from '../context.ts';
import type { CtxField, Hook, SectionPattern } from '../hook-types.ts';

const narrow: MemberOptions = { narrow: true };

const in16: MemberOptions = { narrow: true, lossy: 'the kernel keeps 16 bits' };

const SK_BUFF: readonly Member[] = [
  { name: 'len', size: 4, options: narrow },
  { name: 'pkt_type', size: 4, options: narrow },
  { name: 'mark', size: 4, options: narrow },
  {
    name: 'queue_mapping',
    size: 4,
    options: { narrow: true, lossy: 'a store of more than 65534 does nothing', readsWhole: true },
  },
  { name: 'protocol', size: 4, options: narrow },
  { name: 'vlan_present', size: 4, options: narrow },
  { name: 'vlan_tci', size: 4, options: narrow },
  { name: 'vlan_proto', size: 4, options: narrow },
  { name: 'priority', size: 4, options: narrow },
  { name: 'ingress_ifindex', size: 4, options: narrow },
  { name: 'ifindex', size: 4, options: narrow },
  { name: 'tc_index', size: 4, options: in16 },
  { name: 'cb', size: 4, count: 5, options: { narrow: true, wide: true } },
  { name: 'hash', size: 4, options: narrow },
  { name: 'tc_classid', size: 4, options: in16 },
  { name: 'data', size: 4, options: { pointer: 'packet' } },
  { name: 'data_end', size: 4, options: { pointer: 'packet_end' } },
  { name: 'napi_id', size: 4, options: narrow },
  { name: 'family', size: 4, options: narrow },
  { name: 'remote_ip4', size: 4 },
  { name: 'local_ip4', size: 4 },
  { name: 'remote_ip6', size: 4, count: 4 },
  { name: 'local_ip6', size: 4, count: 4 },
  { name: 'remote_port', size: 4, options: narrow },
  { name: 'local_port', size: 4, options: narrow },
  { name: 'data_meta', size: 4, options: { pointer: 'packet_meta' } },
  { name: 'flow_keys', size: 8, options: { pointer: 'flow_keys' } },
  { name: 'tstamp', size: 8 },
  { name: 'wire_len', size: 4, options: narrow },
  { name: 'gso_segs', size: 4, options: narrow },
  { name: 'sk', size: 8, options: { pointer: 'sock_or_null' } },
  { name: 'gso_size', size: 4, options: narrow },
  { name: 'tstamp_type', size: 1, options: { keepAccess: 'its use changes what loads of tstamp yield' } },
  { name: 'hwtstamp', size: 8 },
];

/** All of `struct __sk_buff`; no hook may touch all of it. */
export const SK_BUFF_FIELDS: readonly CtxField[] = layout(SK_BUFF);
const SK_BUFF_SIZE = layoutSize(SK_BUFF_FIELDS, 8);

/** Members of the part about the socket, `family` to `local_port`. */
const SOCK_PART = [
  'family',
  'remote_ip4',
  'local_ip4',
  'remote_ip6',
  'local_ip6',
  'remote_port',
  'local_port',
];

/** The fields that a hook may read (all but `hidden`) and write. Stores to `cb` may have any size. */
function skb(hidden: readonly string[], writable: readonly string[]): CtxField[] {
  const nameOf = (f: CtxField): string => f.array ?? f.name;
  return SK_BUFF_FIELDS.filter((f) => !hidden.includes(nameOf(f))).map((f) =>
    writable.includes(nameOf(f))
      ? { ...f, write: true, ...(f.array === 'cb' ? { narrowWrite: true } : {}) }
      : f,
  );
}

const XDP_FIELDS = layout([
  { name: 'data', size: 4, options: { pointer: 'packet' } },
  { name: 'data_end', size: 4, options: { pointer: 'packet_end' } },
  { name: 'data_meta', size: 4, options: { pointer: 'packet_meta' } },
  { name: 'ingress_ifindex', size: 4 },
  { name: 'rx_queue_index', size: 4 },
  { name: 'egress_ifindex', size: 4, options: { attachTypes: [A.XDP_DEVMAP] } },
]);

const common = {
  ctxSize: SK_BUFF_SIZE,
  ctxAccess: 'fields',
  returnBits: 32,
  testRun: true,
  legacyPacketLoads: false,
} as const;

const TC_FIELDS = skb(
  [...SOCK_PART, 'flow_keys'],
  ['mark', 'tc_index', 'priority', 'tc_classid', 'cb', 'tstamp', 'queue_mapping'],
);
const LWT_FIELDS = skb(
  [...SOCK_PART, 'tc_classid', 'data_meta', 'tstamp', 'wire_len', 'hwtstamp', 'flow_keys', 'tstamp_type'],
  ['mark', 'priority', 'cb'],
);

function lwt(
  name: 'lwt_in' | 'lwt_out' | 'lwt_xmit' | 'lwt_seg6local',
  progType: number,
  packet: 'read' | 'write',
): Hook {
  const sections = [{ pattern: name }, { pattern: `${name}/` }, { pattern: `${name}*` }];
  return { ...common, name, progType, sections, fields: LWT_FIELDS, packet };
}

/** Names that Cilium's programs use for their tc entry points. */
const CILIUM_TC: readonly SectionPattern[] = [
  'container',
  'host',
  'netdev',
  'network',
  'overlay',
  'lxc',
  'wireguard',
].flatMap((where) => [{ pattern: `from-${where}*` }, { pattern: `to-${where}*` }]);

export const SKB_HOOKS = {
  xdp: {
    name: 'xdp',
    progType: 6,
    sections: [
      { pattern: 'xdp', attachType: A.XDP },
      { pattern: 'xdp/', attachType: A.XDP },
      { pattern: 'xdp.frags', attachType: A.XDP, loadFlags: LoadFlag.XDP_HAS_FRAGS },
      { pattern: 'xdp.frags/', attachType: A.XDP, loadFlags: LoadFlag.XDP_HAS_FRAGS },
      { pattern: 'xdp/devmap*', attachType: A.XDP_DEVMAP },
      { pattern: 'xdp/cpumap*', attachType: A.XDP_CPUMAP },
      { pattern: 'xdp.frags/devmap*', attachType: A.XDP_DEVMAP, loadFlags: LoadFlag.XDP_HAS_FRAGS },
      { pattern: 'xdp.frags/cpumap*', attachType: A.XDP_CPUMAP, loadFlags: LoadFlag.XDP_HAS_FRAGS },
      { pattern: 'xdp_devmap/', attachType: A.XDP_DEVMAP },
      { pattern: 'xdp_cpumap/', attachType: A.XDP_CPUMAP },
      // xdp1, xdp_fwd, xdp-balancer, xdp_tx_iptunnel, ...: names of the kernel's samples.
      { pattern: 'xdp*', attachType: A.XDP },
      { pattern: 'from-netdev-xdp*', attachType: A.XDP },
    ],
    ctxSize: layoutSize(XDP_FIELDS, 4),
    ctxAccess: 'fields',
    fields: XDP_FIELDS,
    packet: 'write',
    returnBits: 32,
    testRun: true,
    legacyPacketLoads: false,
  },
  sched_cls: {
    ...common,
    name: 'sched_cls',
    progType: 3,
    sections: [
      { pattern: 'tc' },
      { pattern: 'tc/' },
      { pattern: 'tc_*' },
      { pattern: 'tc/ingress', attachType: A.TCX_INGRESS },
      { pattern: 'tc/egress', attachType: A.TCX_EGRESS },
      { pattern: 'tcx/ingress', attachType: A.TCX_INGRESS },
      { pattern: 'tcx/egress', attachType: A.TCX_EGRESS },
      { pattern: 'netkit/primary', attachType: A.NETKIT_PRIMARY },
      { pattern: 'netkit/peer', attachType: A.NETKIT_PEER },
      { pattern: 'classifier*' },
      ...CILIUM_TC,
      // iproute2 puts tail-call targets into sections `<map id>/<index>`, almost always of map 2.
      { pattern: '1/' },
      { pattern: '2/' },
      { pattern: '3/' },
    ],
    fields: TC_FIELDS,
    packet: 'write',
    legacyPacketLoads: true,
  },
  sched_act: {
    ...common,
    name: 'sched_act',
    progType: 4,
    sections: [{ pattern: 'action*' }],
    fields: TC_FIELDS,
    packet: 'write',
    legacyPacketLoads: true,
  },
  socket_filter: {
    ...common,
    name: 'socket_filter',
    progType: 1,
    sections: [{ pattern: 'socket' }, { pattern: 'socket/' }, { pattern: 'socket*' }, { pattern: 'filter' }],
    fields: skb(
      [
        ...SOCK_PART,
        'tc_classid',
        'data',
        'data_meta',
        'data_end',
        'tstamp',
        'wire_len',
        'hwtstamp',
        'flow_keys',
        'tstamp_type',
      ],
      ['cb'],
    ),
    packet: 'none',
    legacyPacketLoads: true,
  },
  cgroup_skb: {
    ...common,
    name: 'cgroup_skb',
    progType: 8,
    sections: [
      { pattern: 'cgroup_skb/ingress*', attachType: A.CGROUP_INET_INGRESS },
      { pattern: 'cgroup_skb/egress*', attachType: A.CGROUP_INET_EGRESS },
      { pattern: 'cgroup/skb*' },
    ],
    fields: skb(
      ['tc_classid', 'data_meta', 'wire_len', 'flow_keys', 'tstamp_type'],
      ['mark', 'priority', 'cb', 'tstamp'],
    ),
    packet: 'read',
    returnRange: [0, 1],
    returnRangeBy: [{ attachTypes: [A.CGROUP_INET_EGRESS], range: [0, 3] }],
  },
  sk_skb: {
    ...common,
    name: 'sk_skb',
    progType: 14,
    sections: [
      { pattern: 'sk_skb' },
      { pattern: 'sk_skb/' },
      { pattern: 'sk_skb*' },
      { pattern: 'sk_skb/stream_parser*', attachType: A.SK_SKB_STREAM_PARSER },
      { pattern: 'sk_skb/stream_verdict*', attachType: A.SK_SKB_STREAM_VERDICT },
      { pattern: 'sk_skb/verdict*', attachType: A.SK_SKB_VERDICT },
    ],
    fields: skb(
      ['tc_classid', 'data_meta', 'tstamp', 'wire_len', 'hwtstamp', 'mark', 'flow_keys', 'tstamp_type'],
      ['tc_index', 'priority'],
    ),
    packet: 'write',
    testRun: false,
  },
  flow_dissector: {
    ...common,
    name: 'flow_dissector',
    progType: 22,
    sections: [
      { pattern: 'flow_dissector', attachType: A.FLOW_DISSECTOR },
      { pattern: 'flow_dissector*', attachType: A.FLOW_DISSECTOR },
    ],
    fields: SK_BUFF_FIELDS.filter((f) => ['data', 'data_end', 'flow_keys'].includes(f.name)),
    packet: 'read',
  },
  lwt_in: lwt('lwt_in', 10, 'read'),
  lwt_out: lwt('lwt_out', 11, 'read'),
  lwt_xmit: lwt('lwt_xmit', 12, 'write'),
  lwt_seg6local: lwt('lwt_seg6local', 19, 'read'),
} as const satisfies Record<string, Hook>;
