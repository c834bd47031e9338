/* SPDX-License-Identifier: MIT */
/* category: router */
/*
 * IPv4 router: longest prefix match, neighbour table, TTL and checksum, transmit through a device
 * map. Packets for which there is no neighbour go to the stack, which resolves it.
 */
#include "k2_net.h"

struct prefix {
	u32 len;
	be32 addr;
};

struct route {
	be32 gateway; /* 0: directly attached */
	u32 port;     /* index into tx_ports */
	u32 mtu;
};

struct neighbour {
	u8 mac[ETH_ALEN];
	u16 pad;
};

struct port {
	u8 mac[ETH_ALEN];
	u16 pad;
};

struct port_stats {
	u64 packets;
	u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__type(key, struct prefix);
	__type(value, struct route);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} routes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, be32);
	__type(value, struct neighbour);
	__uint(max_entries, 4096);
} neighbours SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, u32);
	__type(value, struct port);
	__uint(max_entries, 64);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__type(key, u32);
	__type(value, u32);
	__uint(max_entries, 64);
} tx_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, struct port_stats);
	__uint(max_entries, 64);
} stats SEC(".maps");

SEC("xdp")
int xdp_router_lpm(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct eth_hdr *eth = data;
	struct ipv4_hdr *ip = (void *)(eth + 1);
	struct neighbour *neighbour;
	struct port_stats *st;
	struct prefix key;
	struct route *route;
	struct port *port;
	be32 next_hop;
	u32 index;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	if (eth->proto != htons(ETH_P_IP))
		return XDP_PASS;
	if ((void *)(ip + 1) > end)
		return XDP_DROP;
	if (ip->version != 4 || ip->ihl != 5)
		return XDP_PASS; /* options: slow path */
	if (ip->ttl <= 1)
		return XDP_PASS; /* the stack answers with time exceeded */

	key.len = 32;
	key.addr = ip->daddr;
	route = bpf_map_lookup_elem(&routes, &key);
	if (!route)
		return XDP_PASS;
	if (ntohs(ip->tot_len) > route->mtu)
		return XDP_PASS;

	next_hop = route->gateway ? route->gateway : ip->daddr;
	neighbour = bpf_map_lookup_elem(&neighbours, &next_hop);
	if (!neighbour)
		return XDP_PASS;

	index = route->port;
	port = bpf_map_lookup_elem(&ports, &index);
	if (!port)
		return XDP_DROP;

	mac_copy(eth->dst, neighbour->mac);
	mac_copy(eth->src, port->mac);
	ipv4_dec_ttl(ip);

	st = bpf_map_lookup_elem(&stats, &index);
	if (st) {
		st->packets++;
		st->bytes += end - data;
	}
	return bpf_redirect_map(&tx_ports, index, 0);
}

LICENSE;
