/* SPDX-License-Identifier: MIT */
/* category: counter */
/* Packets and bytes per receive queue, and in total, in per-CPU arrays. */
#include "k2_net.h"

#define MAX_QUEUES 64

struct counter {
	u64 packets;
	u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, struct counter);
	__uint(max_entries, MAX_QUEUES + 1); /* the last one: queues beyond MAX_QUEUES */
} queue_stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, struct counter);
	__uint(max_entries, 1);
} total_stats SEC(".maps");

INLINE void count(struct counter *c, u64 bytes)
{
	c->packets++;
	c->bytes += bytes;
}

SEC("xdp")
int xdp_queue_stats(struct xdp_md *ctx)
{
	u64 bytes = (u64)ctx->data_end - ctx->data;
	u32 queue = ctx->rx_queue_index;
	u32 zero = 0;
	struct counter *c;

	c = bpf_map_lookup_elem(&total_stats, &zero);
	if (!c)
		return XDP_ABORTED;
	count(c, bytes);

	if (queue > MAX_QUEUES)
		queue = MAX_QUEUES;
	c = bpf_map_lookup_elem(&queue_stats, &queue);
	if (!c)
		return XDP_ABORTED;
	count(c, bytes);
	return XDP_PASS;
}

LICENSE;
