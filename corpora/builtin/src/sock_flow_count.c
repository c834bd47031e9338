/* SPDX-License-Identifier: MIT */
/* category: counter */
/*
 * Socket filter: reads the headers with bpf_skb_load_bytes, follows up to two VLAN tags, counts
 * packets and bytes per 5-tuple in an LRU hash and lets everything through.
 */
#include "k2_net.h"

struct flow {
	be32 saddr;
	be32 daddr;
	be16 sport;
	be16 dport;
	u32 protocol;
};

struct counter {
	u64 packets;
	u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct flow);
	__type(value, struct counter);
	__uint(max_entries, 16384);
} flows SEC(".maps");

SEC("socket")
int sock_flow_count(struct __sk_buff *skb)
{
	struct flow flow = {};
	struct ipv4_hdr ip;
	struct counter *c;
	u32 offset = sizeof(struct eth_hdr);
	be16 proto;

	if (bpf_skb_load_bytes(skb, offset - 2, &proto, sizeof(proto)))
		return skb->len;
#pragma clang loop unroll(full)
	for (int i = 0; i < 2; i++) {
		if (proto != htons(ETH_P_8021Q) && proto != htons(ETH_P_8021AD))
			break;
		if (bpf_skb_load_bytes(skb, offset + 2, &proto, sizeof(proto)))
			return skb->len;
		offset += sizeof(struct vlan_hdr);
	}
	if (proto != htons(ETH_P_IP))
		return skb->len;
	if (bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)))
		return skb->len;

	flow.saddr = ip.saddr;
	flow.daddr = ip.daddr;
	flow.protocol = ip.protocol;
	if (ip.protocol == IPPROTO_TCP || ip.protocol == IPPROTO_UDP) {
		offset += ip.ihl * 4;
		if (!(ip.frag_off & htons(IP_OFFSET_MASK)))
			bpf_skb_load_bytes(skb, offset, &flow.sport, 4);
	}

	c = bpf_map_lookup_elem(&flows, &flow);
	if (c) {
		__sync_fetch_and_add(&c->packets, 1);
		__sync_fetch_and_add(&c->bytes, skb->len);
	} else {
		struct counter fresh = { .packets = 1, .bytes = skb->len };

		bpf_map_update_elem(&flows, &flow, &fresh, BPF_ANY);
	}
	return skb->len;
}

LICENSE;
