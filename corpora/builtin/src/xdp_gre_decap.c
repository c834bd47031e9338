/* SPDX-License-Identifier: MIT */
/* category: tunnel */
/*
 * GRE decapsulation for a table of tunnels (outer source, key): optional checksum, key and sequence
 * fields, per-tunnel counters and sequence gaps, then the outer headers are removed.
 */
#include "k2_net.h"

#define GRE_CSUM htons(0x8000)
#define GRE_KEY htons(0x2000)
#define GRE_SEQ htons(0x1000)
#define GRE_VERSION htons(0x0007)

struct gre_hdr {
	be16 flags;
	be16 proto;
};

struct tunnel_key {
	be32 remote;
	be32 key;
};

struct tunnel {
	u64 packets;
	u64 bytes;
	u64 lost;
	u32 next_seq;
	u32 enabled;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct tunnel_key);
	__type(value, struct tunnel);
	__uint(max_entries, 512);
} tunnels SEC(".maps");

#define MISSING (~0ULL)

/* The optional word at `offset` of the packet. Global, so the checker looks at it once, by its type. */
NOINLINE u64 optional_word(struct xdp_md *ctx, u32 offset)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	be32 *p;

	if (offset > 128)
		return MISSING;
	p = data + offset;
	if ((void *)(p + 1) > end)
		return MISSING;
	return *p;
}

SEC("xdp")
int xdp_gre_decap(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct eth_hdr *eth = data, saved;
	struct ipv4_hdr *ip = (void *)(eth + 1);
	struct gre_hdr *gre = (void *)(ip + 1);
	struct tunnel_key key = {};
	struct tunnel *tunnel;
	be32 seq = 0;
	u32 offset = sizeof(*eth) + sizeof(*ip) + sizeof(*gre);
	u64 bytes = end - data;
	u64 word;
	be16 flags;

	if ((void *)(gre + 1) > end)
		return XDP_PASS;
	if (eth->proto != htons(ETH_P_IP) || ip->protocol != IPPROTO_GRE || ip->ihl != 5)
		return XDP_PASS;
	flags = gre->flags;
	if (flags & GRE_VERSION)
		return XDP_PASS;
	if (gre->proto != htons(ETH_P_IP) && gre->proto != htons(ETH_P_IPV6))
		return XDP_PASS;
	memcpy(&saved, eth, sizeof(saved));
	saved.proto = gre->proto;
	key.remote = ip->saddr;

	if (flags & GRE_CSUM)
		offset += 4;
	if (flags & GRE_KEY) {
		word = optional_word(ctx, offset);
		if (word == MISSING)
			return XDP_DROP;
		key.key = word;
		offset += 4;
	}
	if (flags & GRE_SEQ) {
		word = optional_word(ctx, offset);
		if (word == MISSING)
			return XDP_DROP;
		seq = word;
		offset += 4;
	}

	tunnel = bpf_map_lookup_elem(&tunnels, &key);
	if (!tunnel || !tunnel->enabled)
		return XDP_PASS;
	tunnel->packets++;
	tunnel->bytes += bytes;
	if (flags & GRE_SEQ) {
		u32 got = ntohl(seq);
		u32 gap = got - tunnel->next_seq;

		if (gap && gap < 0x80000000)
			tunnel->lost += gap;
		tunnel->next_seq = got + 1;
	}

	if (bpf_xdp_adjust_head(ctx, (int)(offset - sizeof(*eth))))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	eth = data;
	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	memcpy(eth, &saved, sizeof(*eth));
	return XDP_PASS;
}

LICENSE;
