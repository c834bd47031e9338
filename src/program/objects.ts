/**
 * Kernel objects that a program reaches through a pointer from its context or from a helper, other than packet and
 * map values: which bytes of them it may touch.
 *
 * Sources: net/core/filter.c, bpf_sock_common_is_valid_access(), bpf_tcp_sock_is_valid_access(),
 * bpf_xdp_sock_is_valid_access(); check_flow_keys_access() of kernel/bpf/verifier.c.
 */
import { layout, layoutSize, type Member } from './context.ts';
import { SOCK_FIELDS } from './hooks/sock.ts';
import type { CtxField } from './hooks.ts';

export interface ObjectLayout {
  /** Bytes. */
  size: number;
  /** 'raw': any aligned access inside; 'fields': as the fields say. */
  access: 'raw' | 'fields';
  write: boolean;
  fields: readonly CtxField[];
}

const words = (names: string): Member[] => names.split(' ').map((name) => ({ name, size: 4 }));

const TCP_SOCK = layout([
  ...words('snd_cwnd srtt_us rtt_min snd_ssthresh rcv_nxt snd_nxt snd_una mss_cache ecn_flags'),
  ...words('rate_delivered rate_interval_us packets_out retrans_out total_retrans segs_in data_segs_in'),
  ...words('segs_out data_segs_out lost_out sacked_out'),
  { name: 'bytes_received', size: 8 },
  { name: 'bytes_acked', size: 8 },
  ...words('dsack_dups delivered delivered_ce icsk_retransmits'),
]);

const NOT_COMMON = ['type', 'protocol', 'mark', 'priority'];

function readable(fields: readonly CtxField[], align: 4 | 8): ObjectLayout {
  return { size: layoutSize(fields, align), access: 'fields', write: false, fields };
}

/** By the kind of pointer: `struct bpf_sock` in two forms, `bpf_tcp_sock`, `bpf_xdp_sock`, `bpf_flow_keys`. */
export const OBJECTS = {
  sock: readable(SOCK_FIELDS, 4),
  sock_common: readable(
    SOCK_FIELDS.filter((f) => !NOT_COMMON.includes(f.name)),
    4,
  ),
  tcp_sock: readable(TCP_SOCK, 8),
  xdp_sock: readable(layout(words('queue_id')), 4),
  flow_keys: { size: 56, access: 'raw', write: true, fields: [] },
} as const satisfies Record<string, ObjectLayout>;
