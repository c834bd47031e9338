/* SPDX-License-Identifier: MIT */
/* category: router */
/* Forwards IPv4 and IPv6 by the kernel's own routing table (bpf_fib_lookup) through a device map. */
#include "k2_net.h"

#define IPV6_FLOWINFO_MASK htonl(0x0fffffff)

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__type(key, u32);
	__type(value, u32);
	__uint(max_entries, 64);
} tx_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, 16);
} fib_results SEC(".maps");

SEC("xdp")
int xdp_fib_forward(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct bpf_fib_lookup fib = {};
	struct eth_hdr *eth = data;
	struct ipv6_hdr *ip6 = NULL;
	struct ipv4_hdr *ip = NULL;
	be16 proto;
	u64 *count;
	u32 rc;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;

	proto = eth->proto;
	if (proto == htons(ETH_P_IP)) {
		ip = (void *)(eth + 1);
		if ((void *)(ip + 1) > end)
			return XDP_DROP;
		if (ip->ttl <= 1)
			return XDP_PASS;
		fib.family = AF_INET;
		fib.tos = ip->tos;
		fib.l4_protocol = ip->protocol;
		fib.tot_len = ntohs(ip->tot_len);
		fib.ipv4_src = ip->saddr;
		fib.ipv4_dst = ip->daddr;
	} else if (proto == htons(ETH_P_IPV6)) {
		ip6 = (void *)(eth + 1);
		if ((void *)(ip6 + 1) > end)
			return XDP_DROP;
		if (ip6->hop_limit <= 1)
			return XDP_PASS;
		fib.family = AF_INET6;
		fib.flowinfo = *(be32 *)ip6 & IPV6_FLOWINFO_MASK;
		fib.l4_protocol = ip6->nexthdr;
		fib.tot_len = ntohs(ip6->payload_len);
		memcpy(fib.ipv6_src, &ip6->saddr, sizeof(fib.ipv6_src));
		memcpy(fib.ipv6_dst, &ip6->daddr, sizeof(fib.ipv6_dst));
	} else {
		return XDP_PASS;
	}
	fib.ifindex = ctx->ingress_ifindex;

	rc = bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);
	count = bpf_map_lookup_elem(&fib_results, &rc);
	if (count)
		*count += 1;

	switch (rc) {
	case BPF_FIB_LKUP_RET_SUCCESS:
		if (!bpf_map_lookup_elem(&tx_ports, &fib.ifindex))
			return XDP_PASS;
		if (ip)
			ipv4_dec_ttl(ip);
		else if (ip6)
			ip6->hop_limit--;
		mac_copy(eth->dst, fib.dmac);
		mac_copy(eth->src, fib.smac);
		return bpf_redirect_map(&tx_ports, fib.ifindex, 0);
	case BPF_FIB_LKUP_RET_BLACKHOLE:
	case BPF_FIB_LKUP_RET_UNREACHABLE:
	case BPF_FIB_LKUP_RET_PROHIBIT:
		return XDP_DROP;
	default:
		return XDP_PASS;
	}
}

LICENSE;
