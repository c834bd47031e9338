/* SPDX-License-Identifier: MIT */
/* category: filter */
/*
 * SYN cookies in the driver: answers a SYN for a protected port with a SYN-ACK whose sequence
 * number is a keyed hash of the flow and a coarse clock, and admits a flow when its ACK returns it.
 */
#include "k2_net.h"

struct flow {
	be32 saddr;
	be32 daddr;
	be16 sport;
	be16 dport;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, be16);
	__type(value, u8);
	__uint(max_entries, 256);
} protected_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct flow);
	__type(value, u64);
	__uint(max_entries, 131072);
} admitted SEC(".maps");

enum { STAT_SYN, STAT_ADMITTED, STAT_BAD_COOKIE, STAT_MAX };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, STAT_MAX);
} stats SEC(".maps");

const volatile u32 secret[2] = { 0x6b32c0de, 0x5ca1ab1e };

INLINE void count(u32 what)
{
	u64 *n = bpf_map_lookup_elem(&stats, &what);

	if (n)
		*n += 1;
}

INLINE u32 cookie(const struct flow *flow, u32 minute)
{
	u32 ports = (u32)flow->sport << 16 | flow->dport;
	u32 hash = hash_3words(flow->saddr, flow->daddr, ports, secret[0]);

	return hash_2words(hash, minute, secret[1]);
}

INLINE int answer(struct eth_hdr *eth, struct ipv4_hdr *ip, struct tcp_hdr *tcp, u32 isn)
{
	be32 addr = ip->saddr;
	be16 port = tcp->source;
	be32 old_seq = tcp->seq, old_ack = tcp->ack_seq;
	u16 *flags = (u16 *)tcp + 6;
	u16 old_flags = *flags;
	u16 check = tcp->check;

	mac_swap(eth);
	ip->saddr = ip->daddr; /* swapping leaves both checksums alone */
	ip->daddr = addr;
	tcp->source = tcp->dest;
	tcp->dest = port;

	tcp->ack_seq = htonl(ntohl(old_seq) + 1);
	tcp->seq = htonl(isn);
	tcp->ack = 1;
	tcp->ece = 0;
	tcp->cwr = 0;
	csum_replace4(&check, old_seq, tcp->seq);
	csum_replace4(&check, old_ack, tcp->ack_seq);
	csum_replace2(&check, old_flags, *flags);
	tcp->check = check;

	csum_replace2(&ip->check, ip->ttl, 64); /* the TTL is the first byte of its word */
	ip->ttl = 64;
	return XDP_TX;
}

SEC("xdp")
int xdp_syn_cookie(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct eth_hdr *eth = data;
	struct ipv4_hdr *ip = (void *)(eth + 1);
	struct tcp_hdr *tcp = (void *)(ip + 1);
	struct flow flow;
	u64 now, *seen;
	u32 minute;
	be16 port;

	if ((void *)(tcp + 1) > end)
		return XDP_PASS;
	if (eth->proto != htons(ETH_P_IP) || ip->ihl != 5 || ip->protocol != IPPROTO_TCP)
		return XDP_PASS;
	port = tcp->dest;
	if (!bpf_map_lookup_elem(&protected_ports, &port))
		return XDP_PASS;

	flow.saddr = ip->saddr;
	flow.daddr = ip->daddr;
	flow.sport = tcp->source;
	flow.dport = port;
	now = bpf_ktime_get_ns();
	seen = bpf_map_lookup_elem(&admitted, &flow);
	if (seen) {
		*seen = now;
		return XDP_PASS;
	}

	minute = (u32)(now >> 36); /* 69 s */
	if (tcp->syn && !tcp->ack) {
		count(STAT_SYN);
		return answer(eth, ip, tcp, cookie(&flow, minute));
	}
	if (tcp->ack && !tcp->syn) {
		u32 isn = ntohl(tcp->ack_seq) - 1;

		if (isn == cookie(&flow, minute) || isn == cookie(&flow, minute - 1)) {
			bpf_map_update_elem(&admitted, &flow, &now, BPF_ANY);
			count(STAT_ADMITTED);
			return XDP_PASS;
		}
	}
	count(STAT_BAD_COOKIE);
	return XDP_DROP;
}

LICENSE;
