/**
 * Sockets as programs see them: what may be loaded through a socket pointer of each kind.
 *
 * Sources: bpf_sock_is_valid_access(), bpf_sock_common_is_valid_access(), bpf_tcp_sock_is_valid_access() and
 * bpf_xdp_sock_is_valid_access() of net/core/filter.c; the structs of include/uapi/linux/bpf.h.
 */
import { ctxAccess, layout, layoutSize, type Member } from './context.ts';
import type { CtxField } from './hook-types.ts';
import { SOCK_FIELDS } from './hooks/sock.ts';

export type SocketKind = 'sock' | 'sock_common' | 'tcp_sock' | 'xdp_sock';

const members = (size: number, names: string): Member[] => names.split(' ').map((name) => ({ name, size }));

const TCP_SOCK = layout([
  ...members(4, 'snd_cwnd srtt_us rtt_min snd_ssthresh rcv_nxt snd_nxt snd_una mss_cache ecn_flags'),
  ...members(4, 'rate_delivered rate_interval_us packets_out retrans_out total_retrans segs_in data_segs_in'),
  ...members(4, 'segs_out data_segs_out lost_out sacked_out'),
  ...members(8, 'bytes_received bytes_acked'),
  ...members(4, 'dsack_dups delivered delivered_ce icsk_retransmits'),
]);

/** What only full sockets have. */
const FULL_ONLY: ReadonlySet<string> = new Set(['type', 'protocol', 'mark', 'priority']);

const FIELDS: Readonly<Record<SocketKind, readonly CtxField[]>> = {
  sock: SOCK_FIELDS,
  sock_common: SOCK_FIELDS.filter((f) => !FULL_ONLY.has(f.name)),
  tcp_sock: TCP_SOCK,
  xdp_sock: layout([{ name: 'queue_id', size: 4 }]),
};

export function isSocketKind(what: string): what is SocketKind {
  return Object.hasOwn(FIELDS, what);
}

/** Its struct: fields, and size in bytes. */
export function socketStruct(kind: SocketKind): { fields: readonly CtxField[]; ctxSize: number } {
  const fields = FIELDS[kind];
  const align = fields.some((f) => f.size === 8) ? 8 : 4;
  return { fields, ctxSize: layoutSize(fields, align) };
}

/** May `size` bytes at `offset` of a socket be loaded? Stores are never allowed. */
export function mayLoadSocket(kind: SocketKind, offset: number, size: 1 | 2 | 4 | 8): boolean {
  return (
    ctxAccess({ ctxAccess: 'fields', ...socketStruct(kind) }, undefined, offset, size, 'read') !== undefined
  );
}
