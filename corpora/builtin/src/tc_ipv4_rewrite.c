/* SPDX-License-Identifier: MIT */
/* category: nat */
/*
 * Destination translation on the way in (a service address to a backend): looks the service up,
 * picks a backend by the flow hash and rewrites address and port with the checksum helpers.
 */
#include "k2_net.h"

#define IP_OFF sizeof(struct eth_hdr)
#define IP_CHECK_OFF (IP_OFF + __builtin_offsetof(struct ipv4_hdr, check))
#define DADDR_OFF (IP_OFF + __builtin_offsetof(struct ipv4_hdr, daddr))
#define L4_OFF (IP_OFF + sizeof(struct ipv4_hdr))
#define TCP_CHECK_OFF (L4_OFF + __builtin_offsetof(struct tcp_hdr, check))
#define UDP_CHECK_OFF (L4_OFF + __builtin_offsetof(struct udp_hdr, check))
#define DPORT_OFF (L4_OFF + __builtin_offsetof(struct ports, dest))

struct service_key {
	be32 addr;
	be16 port;
	u8 protocol;
	u8 pad;
};

struct service {
	u32 first; /* of its backends */
	u32 count;
};

struct backend {
	be32 addr;
	be16 port;
	u16 flags;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct service_key);
	__type(value, struct service);
	__uint(max_entries, 4096);
} services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, u32);
	__type(value, struct backend);
	__uint(max_entries, 65536);
} backends SEC(".maps");

SEC("classifier")
int tc_ipv4_rewrite(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct ipv4_hdr *ip = data + IP_OFF;
	struct ports *ports = (void *)(ip + 1);
	struct service_key key = {};
	struct service *service;
	struct backend *backend;
	be32 addr, new_addr;
	be16 port, new_port;
	u32 slot, check_off;
	u64 flags = 0;

	if (skb->protocol != htons(ETH_P_IP))
		return TC_ACT_OK;
	if ((void *)(ports + 1) > end || ip->ihl != 5)
		return TC_ACT_OK;
	if (ip->protocol == IPPROTO_TCP) {
		check_off = TCP_CHECK_OFF;
	} else if (ip->protocol == IPPROTO_UDP) {
		check_off = UDP_CHECK_OFF;
		flags = BPF_F_MARK_MANGLED_0;
	} else {
		return TC_ACT_OK;
	}

	addr = key.addr = ip->daddr;
	port = key.port = ports->dest;
	key.protocol = ip->protocol;
	service = bpf_map_lookup_elem(&services, &key);
	if (!service || !service->count)
		return TC_ACT_OK;
	slot = service->first + bpf_get_hash_recalc(skb) % service->count;
	backend = bpf_map_lookup_elem(&backends, &slot);
	if (!backend)
		return TC_ACT_SHOT;
	new_addr = backend->addr;
	new_port = backend->port;

	if (bpf_l4_csum_replace(skb, check_off, addr, new_addr, flags | BPF_F_PSEUDO_HDR | sizeof(addr)))
		return TC_ACT_SHOT;
	if (bpf_l3_csum_replace(skb, IP_CHECK_OFF, addr, new_addr, sizeof(addr)))
		return TC_ACT_SHOT;
	if (bpf_skb_store_bytes(skb, DADDR_OFF, &new_addr, sizeof(new_addr), 0))
		return TC_ACT_SHOT;
	if (port != new_port) {
		if (bpf_l4_csum_replace(skb, check_off, port, new_port, flags | sizeof(port)))
			return TC_ACT_SHOT;
		if (bpf_skb_store_bytes(skb, DPORT_OFF, &new_port, sizeof(new_port), 0))
			return TC_ACT_SHOT;
	}
	return TC_ACT_OK;
}

LICENSE;
