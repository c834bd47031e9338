/* SPDX-License-Identifier: MIT */
/* category: accounting */
/*
 * Accounting of what a control group sends and receives: bytes and packets per (remote prefix class,
 * protocol), with a monthly budget that turns into drops when it is used up.
 */
#include "k2_net.h"

enum { CLASS_LOCAL, CLASS_PRIVATE, CLASS_INTERNET, CLASS_MAX };

struct usage_key {
	u8 class;
	u8 protocol;
	u8 direction;
	u8 family;
};

struct usage {
	u64 packets;
	u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__type(key, struct usage_key);
	__type(value, struct usage);
	__uint(max_entries, 2048);
} usage SEC(".maps");

struct budget {
	u64 left;
	u64 dropped;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, u32);
	__type(value, struct budget);
	__uint(max_entries, 1);
} budgets SEC(".maps");

INLINE u8 classify4(be32 addr)
{
	u32 host = ntohl(addr);

	if (host >> 24 == 127)
		return CLASS_LOCAL;
	if (host >> 24 == 10 || host >> 20 == 0xac1 || host >> 16 == 0xc0a8)
		return CLASS_PRIVATE;
	return CLASS_INTERNET;
}

INLINE u8 classify6(const struct in6 *addr)
{
	u32 top = ntohl(addr->w[0]);

	if (!addr->w[0] && !addr->w[1] && !addr->w[2] && addr->w[3] == htonl(1))
		return CLASS_LOCAL;
	if (top >> 25 == 0x7e || top >> 22 == 0x3fa) /* fc00::/7, fe80::/10 */
		return CLASS_PRIVATE;
	return CLASS_INTERNET;
}

INLINE int account(struct __sk_buff *skb, u8 egress)
{
	struct usage_key key = { .direction = egress };
	struct usage *u;
	u32 len = skb->len;

	if (skb->protocol == htons(ETH_P_IP)) {
		struct ipv4_hdr ip;

		if (bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)))
			return 1;
		key.family = AF_INET;
		key.protocol = ip.protocol;
		key.class = classify4(egress ? ip.daddr : ip.saddr);
	} else if (skb->protocol == htons(ETH_P_IPV6)) {
		struct ipv6_hdr ip6;

		if (bpf_skb_load_bytes(skb, 0, &ip6, sizeof(ip6)))
			return 1;
		key.family = AF_INET6;
		key.protocol = ip6.nexthdr;
		key.class = classify6(egress ? &ip6.daddr : &ip6.saddr);
	} else {
		return 1;
	}

	u = bpf_map_lookup_elem(&usage, &key);
	if (u) {
		u->packets++;
		u->bytes += len;
	} else {
		struct usage fresh = { 1, len };

		bpf_map_update_elem(&usage, &key, &fresh, BPF_NOEXIST);
	}

	if (egress && key.class == CLASS_INTERNET) {
		u32 zero = 0;
		struct budget *budget = bpf_map_lookup_elem(&budgets, &zero);

		if (!budget)
			return 1;
		if (budget->left < len) {
			__sync_fetch_and_add(&budget->dropped, 1);
			return 0;
		}
		__sync_fetch_and_sub(&budget->left, len);
	}
	return 1;
}

SEC("cgroup_skb/egress")
int cgroup_egress_acct(struct __sk_buff *skb)
{
	return account(skb, 1);
}

SEC("cgroup_skb/ingress")
int cgroup_ingress_acct(struct __sk_buff *skb)
{
	return account(skb, 0);
}

LICENSE;
