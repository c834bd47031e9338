/* SPDX-License-Identifier: MIT */
/* category: policy */
/*
 * Container egress policy: validates the source of what a container sends, counts drops per reason
 * and direction, and tail-calls the program for the packet's family. The IPv4 part looks the
 * destination's identity up (LPM) and the policy for (identity, port, protocol).
 */
#include "k2_net.h"

enum reason { DROP_ETHERTYPE = 1, DROP_SHORT, DROP_SOURCE, DROP_POLICY, DROP_MISSED_TAIL_CALL };
enum { DIR_EGRESS = 1, DIR_INGRESS = 2 };
enum { CALL_IPV4 = 0, CALL_IPV6 = 1, CALL_MAX };
enum { CB_IDENTITY = 0 };
#define WORLD 2

struct metric_key {
	u8 reason;
	u8 dir;
	u16 pad[3];
};

struct metric {
	u64 packets;
	u64 bytes;
};

struct endpoint {
	be32 addr4;
	u32 identity;
	struct in6 addr6;
	u8 mac[ETH_ALEN];
	u16 flags;
};

struct prefix {
	u32 len;
	be32 addr;
};

struct policy_key {
	u32 identity;
	be16 dport;
	u8 protocol;
	u8 egress;
};

struct policy_entry {
	u64 packets;
	u64 bytes;
	u32 deny;
	u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__type(key, struct metric_key);
	__type(value, struct metric);
	__uint(max_entries, 1024);
} metrics SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, u32);
	__type(value, struct endpoint);
	__uint(max_entries, 65536);
} endpoints SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__type(key, struct prefix);
	__type(value, u32);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} identities SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct policy_key);
	__type(value, struct policy_entry);
	__uint(max_entries, 16384);
} policies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__type(key, u32);
	__type(value, u32);
	__uint(max_entries, CALL_MAX);
} calls SEC(".maps");

INLINE int drop(struct __sk_buff *skb, u8 reason)
{
	struct metric_key key = { .reason = reason, .dir = DIR_EGRESS };
	struct metric *m = bpf_map_lookup_elem(&metrics, &key);

	if (m) {
		m->packets++;
		m->bytes += skb->len;
	} else {
		struct metric fresh = { .packets = 1, .bytes = skb->len };

		bpf_map_update_elem(&metrics, &key, &fresh, BPF_ANY);
	}
	return TC_ACT_SHOT;
}

SEC("tc")
int tc_from_container(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct eth_hdr *eth = data;
	u32 ifindex = skb->ifindex;
	struct endpoint *ep;

	skb->cb[CB_IDENTITY] = 0;
	if ((void *)(eth + 1) > end)
		return drop(skb, DROP_SHORT);
	ep = bpf_map_lookup_elem(&endpoints, &ifindex);
	if (!ep)
		return TC_ACT_OK;
	if (!mac_equal(eth->src, ep->mac))
		return drop(skb, DROP_SOURCE);
	skb->cb[CB_IDENTITY] = ep->identity;
	skb->mark = ep->identity << 16 | 0x0f00;

	switch (skb->protocol) {
	case htons(ETH_P_IP):
		bpf_tail_call(skb, &calls, CALL_IPV4);
		break;
	case htons(ETH_P_IPV6):
		bpf_tail_call(skb, &calls, CALL_IPV6);
		break;
	case htons(ETH_P_ARP):
		return TC_ACT_OK;
	default:
		return drop(skb, DROP_ETHERTYPE);
	}
	return drop(skb, DROP_MISSED_TAIL_CALL);
}

SEC("tc")
int tc_policy_ipv4(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct ipv4_hdr *ip = data + sizeof(struct eth_hdr);
	u32 ifindex = skb->ifindex;
	struct policy_key key = {};
	struct policy_entry *policy;
	struct prefix destination;
	struct endpoint *ep;
	u32 *identity;

	if ((void *)(ip + 1) > end)
		return drop(skb, DROP_SHORT);
	ep = bpf_map_lookup_elem(&endpoints, &ifindex);
	if (!ep || ip->saddr != ep->addr4)
		return drop(skb, DROP_SOURCE);

	destination.len = 32;
	destination.addr = ip->daddr;
	identity = bpf_map_lookup_elem(&identities, &destination);
	key.identity = identity ? *identity : WORLD;
	key.protocol = ip->protocol;
	key.egress = 1;
	if (ip->protocol == IPPROTO_TCP || ip->protocol == IPPROTO_UDP) {
		struct ports ports;

		if (bpf_skb_load_bytes(skb, sizeof(struct eth_hdr) + ip->ihl * 4, &ports, sizeof(ports)))
			return drop(skb, DROP_SHORT);
		key.dport = ports.dest;
	}

	policy = bpf_map_lookup_elem(&policies, &key);
	if (!policy) {
		key.dport = 0;
		key.protocol = 0;
		policy = bpf_map_lookup_elem(&policies, &key);
	}
	if (!policy)
		return drop(skb, DROP_POLICY);
	__sync_fetch_and_add(&policy->packets, 1);
	__sync_fetch_and_add(&policy->bytes, skb->len);
	if (policy->deny)
		return drop(skb, DROP_POLICY);
	return TC_ACT_OK;
}

LICENSE;
