/* SPDX-License-Identifier: MIT */
/* category: counter */
/* Counts IPv4 packets per protocol number in a shared array. */
#include "k2_net.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, 256);
} proto_packets SEC(".maps");

SEC("xdp")
int xdp_proto_count(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct eth_hdr *eth = data;
	struct ipv4_hdr *ip = (void *)(eth + 1);
	u32 key = 0;
	u64 *packets;

	if ((void *)(ip + 1) > end)
		return XDP_PASS;
	if (eth->proto != htons(ETH_P_IP))
		return XDP_PASS;
	key = ip->protocol;
	packets = bpf_map_lookup_elem(&proto_packets, &key);
	if (packets)
		__sync_fetch_and_add(packets, 1);
	return XDP_PASS;
}

LICENSE;
