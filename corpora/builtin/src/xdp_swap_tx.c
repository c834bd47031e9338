/* SPDX-License-Identifier: MIT */
/* category: forwarder */
/* Reflector: swaps the MAC addresses of UDP packets and sends them back, counting per CPU. */
#include "k2_net.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, 1);
} reflected SEC(".maps");

SEC("xdp")
int xdp_swap_tx(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct eth_hdr *eth = data;
	struct ipv4_hdr *ip = (void *)(eth + 1);
	u32 zero = 0;
	u64 *n;

	if ((void *)(ip + 1) > end)
		return XDP_PASS;
	if (eth->proto != htons(ETH_P_IP) || ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	mac_swap(eth);
	n = bpf_map_lookup_elem(&reflected, &zero);
	if (n)
		*n += 1;
	return XDP_TX;
}

LICENSE;
