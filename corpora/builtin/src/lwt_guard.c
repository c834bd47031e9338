/* SPDX-License-Identifier: MIT */
/* category: tunnel */
/*
 * Lightweight-tunnel programs of a route: on input only known sources may use it, on transmission
 * packets over the route's limit are dropped and the bytes are counted per traffic class.
 */
#include "k2_net.h"

struct route_stats {
	u64 packets;
	u64 bytes;
	u64 dropped;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, be32);
	__type(value, u32);
	__uint(max_entries, 1024);
} allowed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, struct route_stats);
	__uint(max_entries, 64);
} class_stats SEC(".maps");

const volatile u32 max_len = 1400;

SEC("lwt_in")
int lwt_in_guard(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct ipv4_hdr *ip = data;
	be32 source;
	u32 *mark;

	if (skb->protocol != htons(ETH_P_IP))
		return BPF_OK;
	if ((void *)(ip + 1) > end)
		return BPF_DROP;
	source = ip->saddr;
	mark = bpf_map_lookup_elem(&allowed, &source);
	if (!mark)
		return BPF_DROP;
	skb->cb[0] = *mark;
	return BPF_OK;
}

SEC("lwt_xmit")
int lwt_xmit_limit(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct route_stats *stats;
	struct ipv4_hdr *ip = data;
	u32 class = 0;

	if (skb->protocol == htons(ETH_P_IP)) {
		if ((void *)(ip + 1) > end)
			return BPF_DROP;
		class = ip->tos >> 2;
	} else if (skb->protocol == htons(ETH_P_IPV6)) {
		struct ipv6_hdr *ip6 = data;

		if ((void *)(ip6 + 1) > end)
			return BPF_DROP;
		class = ip6->priority << 2 | ip6->flow[0] >> 6;
	}
	stats = bpf_map_lookup_elem(&class_stats, &class);
	if (!stats)
		return BPF_DROP;
	if (skb->len > max_len && !skb->gso_segs) {
		stats->dropped++;
		return BPF_DROP;
	}
	stats->packets++;
	stats->bytes += skb->len;
	return BPF_OK;
}

LICENSE;
