/* SPDX-License-Identifier: MIT */
/* category: forwarder */
/* Spreads flows over CPUs: symmetric hash of addresses and ports picks an entry of a CPU map. */
#include "k2_net.h"

#define MAX_CPUS 64

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__type(key, u32);
	__type(value, u32);
	__uint(max_entries, MAX_CPUS);
} cpu_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, u32);
	__type(value, u32);
	__uint(max_entries, MAX_CPUS);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, MAX_CPUS);
} spread_count SEC(".maps");

const volatile u32 cpu_count = 1;

SEC("xdp")
int xdp_cpu_spread(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct eth_hdr *eth = data;
	void *l4 = NULL;
	u32 hash, slot, *cpu;
	u32 count = cpu_count;
	u8 protocol;
	u64 *n;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	if (eth->proto == htons(ETH_P_IP)) {
		struct ipv4_hdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end)
			return XDP_DROP;
		hash = ip->saddr ^ ip->daddr;
		protocol = ip->protocol;
		if (!(ip->frag_off & htons(IP_FRAG_MASK)))
			l4 = (void *)ip + ip->ihl * 4;
	} else if (eth->proto == htons(ETH_P_IPV6)) {
		struct ipv6_hdr *ip6 = (void *)(eth + 1);

		if ((void *)(ip6 + 1) > end)
			return XDP_DROP;
		hash = 0;
#pragma clang loop unroll(full)
		for (int i = 0; i < 4; i++)
			hash ^= ip6->saddr.w[i] ^ ip6->daddr.w[i];
		protocol = ip6->nexthdr;
		l4 = ip6 + 1;
	} else {
		return XDP_PASS;
	}

	if (l4 && (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP)) {
		struct ports *ports = l4;

		if ((void *)(ports + 1) <= end)
			hash ^= ports->source ^ ports->dest;
	}

	hash = hash_2words(hash, protocol, 0);
	if (!count)
		return XDP_PASS;
	slot = hash % count;
	cpu = bpf_map_lookup_elem(&cpus, &slot);
	if (!cpu)
		return XDP_PASS;
	n = bpf_map_lookup_elem(&spread_count, &slot);
	if (n)
		*n += 1;
	return bpf_redirect_map(&cpu_map, *cpu, 0);
}

LICENSE;
