/* SPDX-License-Identifier: MIT */
/* category: firewall */
/*
 * Stateless firewall: deny list of source prefixes, then an exact 5-tuple rule, then the same rule
 * with the source wildcarded, then the default policy from a configuration in .rodata.
 */
#include "k2_net.h"

enum policy { ALLOW, DENY };

struct prefix {
	u32 len;
	be32 addr;
};

struct tuple {
	be32 saddr;
	be32 daddr;
	be16 sport;
	be16 dport;
	u8 protocol;
	u8 pad[3];
};

struct rule {
	u64 hits;
	u32 policy;
	u32 id;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__type(key, struct prefix);
	__type(value, u64);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} denied_sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct tuple);
	__type(value, struct rule);
	__uint(max_entries, 4096);
} rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, 2);
} verdicts SEC(".maps");

const volatile u32 default_policy = ALLOW;
const volatile u8 drop_fragments = 1;

INLINE int verdict(u32 policy)
{
	u64 *n = bpf_map_lookup_elem(&verdicts, &policy);

	if (n)
		*n += 1;
	return policy == DENY ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int xdp_firewall(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct eth_hdr *eth = data;
	struct ipv4_hdr *ip = (void *)(eth + 1);
	struct prefix source;
	struct tuple key = {};
	struct rule *rule;
	u64 *hits;

	if ((void *)(ip + 1) > end)
		return XDP_PASS;
	if (eth->proto != htons(ETH_P_IP))
		return XDP_PASS;

	source.len = 32;
	source.addr = ip->saddr;
	hits = bpf_map_lookup_elem(&denied_sources, &source);
	if (hits) {
		__sync_fetch_and_add(hits, 1);
		return verdict(DENY);
	}

	if (ip->frag_off & htons(IP_FRAG_MASK))
		return drop_fragments ? verdict(DENY) : verdict(default_policy);

	key.saddr = ip->saddr;
	key.daddr = ip->daddr;
	key.protocol = ip->protocol;
	if (ip->protocol == IPPROTO_TCP || ip->protocol == IPPROTO_UDP) {
		struct ports *ports = (void *)ip + ip->ihl * 4;

		if ((void *)(ports + 1) > end)
			return verdict(DENY);
		key.sport = ports->source;
		key.dport = ports->dest;
	}

	rule = bpf_map_lookup_elem(&rules, &key);
	if (!rule) {
		key.saddr = 0;
		key.sport = 0;
		rule = bpf_map_lookup_elem(&rules, &key);
	}
	if (!rule)
		return verdict(default_policy);
	__sync_fetch_and_add(&rule->hits, 1);
	return verdict(rule->policy);
}

LICENSE;
