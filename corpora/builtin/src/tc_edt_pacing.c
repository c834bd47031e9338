/* SPDX-License-Identifier: MIT */
/* category: policing */
/*
 * Earliest-departure-time pacing: delays packets of a class to its rate by writing skb->tstamp,
 * drops what would wait longer than the horizon, marks ECN beyond half of it.
 */
#include "k2_net.h"

#define NSEC_PER_SEC 1000000000ULL

struct class {
	u64 rate; /* bytes a second */
	u64 next_ns;
	u64 delayed;
	u64 dropped;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, u32);
	__type(value, struct class);
	__uint(max_entries, 4096);
} pacing SEC(".maps");

const volatile u64 horizon_ns = 2 * NSEC_PER_SEC;

INLINE void mark_ecn(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct ipv4_hdr *ip = data + sizeof(struct eth_hdr);
	u8 ecn, tos;

	if (skb->protocol != htons(ETH_P_IP) || (void *)(ip + 1) > end)
		return;
	ecn = ip->tos & 3;
	if (ecn == 0 || ecn == 3)
		return;
	tos = ip->tos | 3;
	csum_replace2(&ip->check, htons(ip->tos), htons(tos));
	ip->tos = tos;
}

SEC("tc")
int tc_edt_pacing(struct __sk_buff *skb)
{
	u32 key = skb->mark;
	struct class *class = bpf_map_lookup_elem(&pacing, &key);
	u64 now, start, delay;

	if (!class || !class->rate)
		return TC_ACT_OK;
	now = bpf_ktime_get_ns();
	start = skb->tstamp;
	if (start < now)
		start = now;
	delay = (u64)skb->wire_len * NSEC_PER_SEC / class->rate;

	if (class->next_ns <= start) {
		class->next_ns = start + delay;
		return TC_ACT_OK;
	}
	if (class->next_ns - now >= horizon_ns) {
		__sync_fetch_and_add(&class->dropped, 1);
		return TC_ACT_SHOT;
	}
	if (class->next_ns - now >= horizon_ns / 2)
		mark_ecn(skb);
	skb->tstamp = class->next_ns;
	class->next_ns += delay;
	__sync_fetch_and_add(&class->delayed, 1);
	return TC_ACT_OK;
}

LICENSE;
