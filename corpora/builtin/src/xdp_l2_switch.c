/* SPDX-License-Identifier: MIT */
/* category: forwarder */
/* Learning switch: remembers the source MAC's port, forwards known destinations, floods by the stack. */
#include "k2_net.h"

struct mac_key {
	u8 mac[ETH_ALEN];
	u16 vlan;
};

struct mac_entry {
	u32 ifindex;
	u32 pad;
	u64 seen_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct mac_key);
	__type(value, struct mac_entry);
	__uint(max_entries, 4096);
} mac_table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__type(key, u32);
	__type(value, u32);
	__uint(max_entries, 64);
} tx_ports SEC(".maps");

const volatile u64 mac_age_ns = 300000000000ULL;
const volatile u64 refresh_ns = 1000000000ULL;

SEC("xdp")
int xdp_l2_switch(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	u32 in = ctx->ingress_ifindex;
	struct eth_hdr *eth = data;
	struct vlan_hdr *tag = (void *)(eth + 1);
	struct mac_key key;
	struct mac_entry *entry;
	u16 vlan = 0;
	u64 now;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	if (eth->proto == htons(ETH_P_8021Q)) {
		if ((void *)(tag + 1) > end)
			return XDP_DROP;
		vlan = ntohs(tag->tci) & 0x0fff;
	}
	if (eth->src[0] & 1)
		return XDP_DROP; /* a group address is no source */

	now = bpf_ktime_get_ns();
	key.vlan = vlan;
	mac_copy(key.mac, eth->src);
	entry = bpf_map_lookup_elem(&mac_table, &key);
	if (!entry || entry->ifindex != in) {
		struct mac_entry learned = { .ifindex = in, .seen_ns = now };

		bpf_map_update_elem(&mac_table, &key, &learned, BPF_ANY);
	} else if (now - entry->seen_ns > refresh_ns) {
		entry->seen_ns = now;
	}

	if (eth->dst[0] & 1)
		return XDP_PASS; /* broadcast, multicast */
	mac_copy(key.mac, eth->dst);
	entry = bpf_map_lookup_elem(&mac_table, &key);
	if (!entry || now - entry->seen_ns > mac_age_ns)
		return XDP_PASS;
	if (entry->ifindex == in)
		return XDP_DROP;
	return bpf_redirect_map(&tx_ports, entry->ifindex, XDP_PASS);
}

LICENSE;
