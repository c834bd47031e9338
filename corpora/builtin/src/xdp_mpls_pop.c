/* SPDX-License-Identifier: MIT */
/* category: tunnel */
/* MPLS edge: pops the label stack (up to three) when the labels are ours and passes the inner packet. */
#include "k2_net.h"

#define MAX_LABELS 3

struct label_stats {
	u64 packets;
	u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, u32);
	__type(value, struct label_stats);
	__uint(max_entries, 1024);
} labels SEC(".maps");

SEC("xdp")
int xdp_mpls_pop(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct eth_hdr *eth = data, saved;
	be32 *entry = (void *)(eth + 1);
	int popped = 0, bottom = 0;
	u8 *inner;
	be16 proto;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	if (eth->proto != htons(ETH_P_MPLS))
		return XDP_PASS;

#pragma clang loop unroll(full)
	for (int i = 0; i < MAX_LABELS; i++) {
		struct label_stats *st;
		u32 word, label;

		if (bottom)
			break;
		if ((void *)(entry + 1) > end)
			return XDP_DROP;
		word = ntohl(*entry);
		label = word >> 12;
		bottom = (word >> 8) & 1;
		if (!(word & 0xff))
			return XDP_DROP; /* TTL expired */
		st = bpf_map_lookup_elem(&labels, &label);
		if (!st)
			return XDP_PASS;
		__sync_fetch_and_add(&st->packets, 1);
		__sync_fetch_and_add(&st->bytes, end - data);
		popped += sizeof(*entry);
		entry++;
	}
	if (!bottom)
		return XDP_PASS;

	inner = (u8 *)entry;
	if ((void *)(inner + 1) > end)
		return XDP_DROP;
	switch (*inner >> 4) {
	case 4:
		proto = htons(ETH_P_IP);
		break;
	case 6:
		proto = htons(ETH_P_IPV6);
		break;
	default:
		return XDP_DROP;
	}

	memcpy(&saved, eth, sizeof(saved));
	saved.proto = proto;
	if (bpf_xdp_adjust_head(ctx, popped))
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
