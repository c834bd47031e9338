/* SPDX-License-Identifier: MIT */
/* category: conntrack */
/*
 * TCP and UDP connection tracking: one entry for both directions, a small TCP state machine, per
 * direction counters. Packets that open no connection and belong to none are dropped.
 */
#include "k2_net.h"

enum tcp_state { NONE, SYN_SENT, SYN_RECV, ESTABLISHED, FIN_WAIT, LAST_ACK, CLOSED };

struct flow {
	be32 addr[2]; /* lower (address, port) first */
	be16 port[2];
	u8 protocol;
	u8 pad[3];
};

struct connection {
	u64 seen_ns;
	u64 packets[2];
	u64 bytes[2];
	u8 state;
	u8 opener; /* index of the side that sent the first packet */
	u8 pad[6];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct flow);
	__type(value, struct connection);
	__uint(max_entries, 65536);
} connections SEC(".maps");

enum { STAT_NEW, STAT_KNOWN, STAT_INVALID, STAT_CLOSED, STAT_MAX };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, STAT_MAX);
} stats SEC(".maps");

const volatile u64 udp_timeout_ns = 30000000000ULL;

INLINE void count(u32 what)
{
	u64 *n = bpf_map_lookup_elem(&stats, &what);

	if (n)
		*n += 1;
}

INLINE u8 tcp_next(u8 state, u8 from_opener, const struct tcp_hdr *tcp)
{
	if (tcp->rst)
		return CLOSED;
	switch (state) {
	case SYN_SENT:
		if (!from_opener && tcp->syn && tcp->ack)
			return SYN_RECV;
		break;
	case SYN_RECV:
		if (from_opener && tcp->ack && !tcp->syn)
			return ESTABLISHED;
		break;
	case ESTABLISHED:
		if (tcp->fin)
			return FIN_WAIT;
		break;
	case FIN_WAIT:
		if (tcp->fin)
			return LAST_ACK;
		break;
	case LAST_ACK:
		if (tcp->ack)
			return CLOSED;
		break;
	case CLOSED:
		if (from_opener && tcp->syn && !tcp->ack)
			return SYN_SENT;
		break;
	}
	return state;
}

SEC("xdp")
int xdp_conntrack(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct eth_hdr *eth = data;
	struct ipv4_hdr *ip = (void *)(eth + 1);
	struct tcp_hdr *tcp = NULL;
	struct connection *conn;
	struct ports *ports;
	struct flow flow = {};
	u64 bytes = end - data;
	u64 now;
	u8 dir;

	if ((void *)(ip + 1) > end)
		return XDP_PASS;
	if (eth->proto != htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	if (ip->ihl < 5 || (ip->frag_off & htons(IP_OFFSET_MASK)))
		return XDP_DROP;

	ports = (void *)ip + ip->ihl * 4;
	if (ip->protocol == IPPROTO_TCP) {
		tcp = (void *)ports;
		if ((void *)(tcp + 1) > end)
			return XDP_DROP;
	} else if ((void *)ports + sizeof(struct udp_hdr) > end) {
		return XDP_DROP;
	}

	dir = ip->saddr > ip->daddr || (ip->saddr == ip->daddr && ports->source > ports->dest);
	if (dir) {
		flow.addr[0] = ip->daddr;
		flow.addr[1] = ip->saddr;
		flow.port[0] = ports->dest;
		flow.port[1] = ports->source;
	} else {
		flow.addr[0] = ip->saddr;
		flow.addr[1] = ip->daddr;
		flow.port[0] = ports->source;
		flow.port[1] = ports->dest;
	}
	flow.protocol = ip->protocol;

	now = bpf_ktime_get_ns();
	conn = bpf_map_lookup_elem(&connections, &flow);
	if (!conn || (!tcp && now - conn->seen_ns > udp_timeout_ns)) {
		struct connection fresh = {};

		if (tcp && (!tcp->syn || tcp->ack)) {
			count(STAT_INVALID);
			return XDP_DROP;
		}
		fresh.seen_ns = now;
		fresh.opener = dir;
		fresh.state = tcp ? SYN_SENT : ESTABLISHED;
		if (dir) {
			fresh.packets[1] = 1;
			fresh.bytes[1] = bytes;
		} else {
			fresh.packets[0] = 1;
			fresh.bytes[0] = bytes;
		}
		bpf_map_update_elem(&connections, &flow, &fresh, BPF_ANY);
		count(STAT_NEW);
		return XDP_PASS;
	}

	conn->seen_ns = now;
	if (dir) {
		__sync_fetch_and_add(&conn->packets[1], 1);
		__sync_fetch_and_add(&conn->bytes[1], bytes);
	} else {
		__sync_fetch_and_add(&conn->packets[0], 1);
		__sync_fetch_and_add(&conn->bytes[0], bytes);
	}
	if (tcp) {
		u8 next = tcp_next(conn->state, conn->opener == dir, tcp);

		if (next != conn->state) {
			conn->state = next;
			if (next == CLOSED)
				count(STAT_CLOSED);
		}
	}
	count(STAT_KNOWN);
	return XDP_PASS;
}

LICENSE;
