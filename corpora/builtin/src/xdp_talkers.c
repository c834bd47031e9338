/* SPDX-License-Identifier: MIT */
/* category: counter */
/* Top talkers: packets, bytes and last activity per IPv4 source in a hash map. */
#include "k2_net.h"

struct talker {
	u64 packets;
	u64 bytes;
	u64 last_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, be32);
	__type(value, struct talker);
	__uint(max_entries, 8192);
} talkers SEC(".maps");

SEC("xdp")
int xdp_talkers(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct eth_hdr *eth = data;
	struct ipv4_hdr *ip = data + sizeof(*eth);
	struct talker *t, fresh = {};
	u64 bytes = end - data;
	be32 src;

	if (data + sizeof(*eth) + sizeof(*ip) > end)
		return XDP_PASS;
	if (eth->proto != htons(ETH_P_IP))
		return XDP_PASS;
	src = ip->saddr;

	t = bpf_map_lookup_elem(&talkers, &src);
	if (t) {
		__sync_fetch_and_add(&t->packets, 1);
		__sync_fetch_and_add(&t->bytes, bytes);
		t->last_ns = bpf_ktime_get_ns();
		return XDP_PASS;
	}
	fresh.packets = 1;
	fresh.bytes = bytes;
	fresh.last_ns = bpf_ktime_get_ns();
	bpf_map_update_elem(&talkers, &src, &fresh, BPF_NOEXIST);
	return XDP_PASS;
}

LICENSE;
