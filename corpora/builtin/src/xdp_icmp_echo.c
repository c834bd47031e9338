/* SPDX-License-Identifier: MIT */
/* category: responder */
/* Answers ICMP and ICMPv6 echo requests in the driver, with incremental checksums and a rate limit. */
#include "k2_net.h"

enum { ICMP_ECHO = 8, ICMP_ECHOREPLY = 0, ICMP6_ECHO = 128, ICMP6_ECHOREPLY = 129 };

struct limit {
	u64 second;
	u64 answers;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, struct limit);
	__uint(max_entries, 1);
} limits SEC(".maps");

const volatile u64 answers_per_second = 1000;

INLINE int allowed(void)
{
	u64 second = bpf_ktime_get_ns() >> 30;
	u32 zero = 0;
	struct limit *limit = bpf_map_lookup_elem(&limits, &zero);

	if (!limit)
		return 0;
	if (limit->second != second) {
		limit->second = second;
		limit->answers = 0;
	}
	return limit->answers++ < answers_per_second;
}

SEC("xdp")
int xdp_icmp_echo(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct eth_hdr *eth = data;

	if ((void *)(eth + 1) > end)
		return XDP_PASS;
	if (eth->proto == htons(ETH_P_IP)) {
		struct ipv4_hdr *ip = (void *)(eth + 1);
		struct icmp_hdr *icmp = (void *)(ip + 1);
		be32 addr;

		if ((void *)(icmp + 1) > end)
			return XDP_PASS;
		if (ip->ihl != 5 || ip->protocol != IPPROTO_ICMP || icmp->type != ICMP_ECHO)
			return XDP_PASS;
		if (!allowed())
			return XDP_DROP;
		addr = ip->saddr;
		ip->saddr = ip->daddr;
		ip->daddr = addr;
		csum_replace2(&ip->check, ip->ttl, 64);
		ip->ttl = 64;
		csum_replace2(&icmp->check, ICMP_ECHO, ICMP_ECHOREPLY);
		icmp->type = ICMP_ECHOREPLY;
	} else if (eth->proto == htons(ETH_P_IPV6)) {
		struct ipv6_hdr *ip6 = (void *)(eth + 1);
		struct icmp_hdr *icmp = (void *)(ip6 + 1);
		struct in6 addr;

		if ((void *)(icmp + 1) > end)
			return XDP_PASS;
		if (ip6->nexthdr != IPPROTO_ICMPV6 || icmp->type != ICMP6_ECHO)
			return XDP_PASS;
		if (!allowed())
			return XDP_DROP;
		addr = ip6->saddr;
		ip6->saddr = ip6->daddr;
		ip6->daddr = addr;
		ip6->hop_limit = 64;
		csum_replace2(&icmp->check, ICMP6_ECHO, ICMP6_ECHOREPLY);
		icmp->type = ICMP6_ECHOREPLY;
	} else {
		return XDP_PASS;
	}
	mac_swap(eth);
	return XDP_TX;
}

LICENSE;
