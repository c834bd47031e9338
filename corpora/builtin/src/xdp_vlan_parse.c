/* SPDX-License-Identifier: MIT */
/* category: parser */
/*
 * Parses up to two VLAN tags, then IPv4, or IPv6 with up to four extension headers (a bounded
 * loop), and counts packets per layer-4 protocol; drops frames that are cut short.
 */
#include "k2_net.h"

#define MAX_TAGS 2
#define MAX_EXTENSIONS 4

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, 256);
} l4_packets SEC(".maps");

INLINE int is_vlan(be16 proto)
{
	return proto == htons(ETH_P_8021Q) || proto == htons(ETH_P_8021AD);
}

INLINE int skip_extensions(void **pos, void *end, u8 next)
{
	for (int i = 0; i < MAX_EXTENSIONS; i++) {
		struct ipv6_ext *ext = *pos;

		switch (next) {
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
			if ((void *)(ext + 1) > end)
				return -1;
			next = ext->nexthdr;
			*pos += (ext->len + 1) * 8;
			break;
		case IPPROTO_FRAGMENT:
			if ((void *)(ext + 1) > end)
				return -1;
			next = ext->nexthdr;
			*pos += 8;
			break;
		default:
			return next;
		}
	}
	return -1;
}

SEC("xdp")
int xdp_vlan_parse(struct xdp_md *ctx)
{
	void *pos = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct eth_hdr *eth = pos;
	be16 proto;
	int l4;
	u32 key;
	u64 *n;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	proto = eth->proto;
	pos = eth + 1;

#pragma clang loop unroll(full)
	for (int i = 0; i < MAX_TAGS; i++) {
		struct vlan_hdr *tag = pos;

		if (!is_vlan(proto))
			break;
		if ((void *)(tag + 1) > end)
			return XDP_DROP;
		proto = tag->proto;
		pos = tag + 1;
	}

	if (proto == htons(ETH_P_IP)) {
		struct ipv4_hdr *ip = pos;

		if ((void *)(ip + 1) > end || ip->ihl < 5)
			return XDP_DROP;
		l4 = ip->protocol;
	} else if (proto == htons(ETH_P_IPV6)) {
		struct ipv6_hdr *ip6 = pos;

		if ((void *)(ip6 + 1) > end)
			return XDP_DROP;
		pos = ip6 + 1;
		l4 = skip_extensions(&pos, end, ip6->nexthdr);
		if (l4 < 0)
			return XDP_DROP;
	} else {
		return XDP_PASS;
	}

	key = l4;
	n = bpf_map_lookup_elem(&l4_packets, &key);
	if (n)
		*n += 1;
	return XDP_PASS;
}

LICENSE;
