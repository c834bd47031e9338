/* SPDX-License-Identifier: MIT */
/* category: filter */
/*
 * DNS filter: parses the question of a UDP query, hashes the lower-cased name in a bounded loop
 * (FNV-1a, 64 bits) and looks (name, type) up in the block list: drop, or answer "refused".
 */
#include "k2_net.h"

#define MAX_NAME 64
#define DNS_PORT 53
#define DNS_QR htons(0x8000)
#define DNS_REFUSED htons(0x8005)
#define FNV_OFFSET 0xcbf29ce484222325ULL
#define FNV_PRIME 0x100000001b3ULL

struct dns_hdr {
	be16 id;
	be16 flags;
	be16 questions;
	be16 answers;
	be16 authority;
	be16 additional;
};

struct question {
	u64 name;
	u32 type;
	u32 pad;
};

enum action { ACT_DROP = 1, ACT_REFUSE = 2 };

struct rule {
	u32 action;
	u32 pad;
	u64 hits;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct question);
	__type(value, struct rule);
	__uint(max_entries, 10000);
} blocked SEC(".maps");

INLINE int refuse(struct eth_hdr *eth, struct ipv4_hdr *ip, struct udp_hdr *udp, struct dns_hdr *dns)
{
	be32 addr = ip->saddr;
	be16 port = udp->source;

	mac_swap(eth);
	ip->saddr = ip->daddr;
	ip->daddr = addr;
	udp->source = udp->dest;
	udp->dest = port;
	dns->flags = (dns->flags & htons(0x0100)) | DNS_REFUSED; /* keep "recursion desired" */
	udp->check = 0;
	return XDP_TX;
}

SEC("xdp")
int xdp_dns_filter(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct eth_hdr *eth = data;
	struct ipv4_hdr *ip = (void *)(eth + 1);
	struct udp_hdr *udp = (void *)(ip + 1);
	struct dns_hdr *dns = (void *)(udp + 1);
	struct question q = {};
	struct rule *rule;
	u64 hash = FNV_OFFSET;
	u8 *name = (u8 *)(dns + 1);
	int i;

	if ((void *)(dns + 1) > end)
		return XDP_PASS;
	if (eth->proto != htons(ETH_P_IP) || ip->ihl != 5 || ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	if (udp->dest != htons(DNS_PORT) || (dns->flags & DNS_QR) || dns->questions != htons(1))
		return XDP_PASS;

	for (i = 0; i < MAX_NAME; i++) {
		u8 c;

		if ((void *)(name + 1) > end)
			return XDP_DROP;
		c = *name++;
		if (!c)
			break;
		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		hash = (hash ^ c) * FNV_PRIME;
	}
	if (i == MAX_NAME || (void *)(name + 4) > end)
		return XDP_PASS;

	q.name = hash;
	q.type = name[0] << 8 | name[1];
	rule = bpf_map_lookup_elem(&blocked, &q);
	if (!rule) {
		q.type = 0; /* any type */
		rule = bpf_map_lookup_elem(&blocked, &q);
	}
	if (!rule)
		return XDP_PASS;
	__sync_fetch_and_add(&rule->hits, 1);
	if (rule->action == ACT_REFUSE)
		return refuse(eth, ip, udp, dns);
	return XDP_DROP;
}

LICENSE;
