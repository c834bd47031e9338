/* SPDX-License-Identifier: MIT */
/* category: policing */
/*
 * Token bucket per IPv4 source /24 in a hash map: rate and burst from .rodata, passed and dropped
 * bytes in .bss. A source without a bucket starts with a full one.
 */
#include "k2_net.h"

struct bucket {
	u64 tokens; /* bytes */
	u64 filled_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, be32);
	__type(value, struct bucket);
	__uint(max_entries, 65536);
} buckets SEC(".maps");

const volatile u64 rate = 125000000; /* bytes a second */
const volatile u64 burst = 1500000;  /* bytes */

u64 passed_bytes;
u64 dropped_bytes;

SEC("xdp")
int xdp_policer(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct eth_hdr *eth = data;
	struct ipv4_hdr *ip = (void *)(eth + 1);
	u64 bytes = end - data;
	struct bucket *bucket;
	u64 now, elapsed, tokens;
	be32 net;

	if ((void *)(ip + 1) > end)
		return XDP_PASS;
	if (eth->proto != htons(ETH_P_IP))
		return XDP_PASS;

	net = ip->saddr & htonl(0xffffff00);
	now = bpf_ktime_get_ns();
	bucket = bpf_map_lookup_elem(&buckets, &net);
	if (!bucket) {
		struct bucket full = { .tokens = burst - bytes, .filled_ns = now };

		bpf_map_update_elem(&buckets, &net, &full, BPF_ANY);
		__sync_fetch_and_add(&passed_bytes, bytes);
		return XDP_PASS;
	}

	elapsed = now - bucket->filled_ns;
	if (elapsed > 1000000000ULL)
		elapsed = 1000000000ULL;
	tokens = bucket->tokens + elapsed * rate / 1000000000ULL;
	if (tokens > burst)
		tokens = burst;
	bucket->filled_ns = now;
	if (tokens < bytes) {
		bucket->tokens = tokens;
		__sync_fetch_and_add(&dropped_bytes, bytes);
		return XDP_DROP;
	}
	bucket->tokens = tokens - bytes;
	__sync_fetch_and_add(&passed_bytes, bytes);
	return XDP_PASS;
}

LICENSE;
