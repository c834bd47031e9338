/* SPDX-License-Identifier: MIT */
/* category: classifier */
/*
 * Traffic classes: destination port to DSCP by a table, rewrites the TOS byte with the checksum
 * helpers and sets priority and class id of the packet.
 */
#include "k2_net.h"

#define IP_OFF sizeof(struct eth_hdr)
#define TOS_OFF (IP_OFF + __builtin_offsetof(struct ipv4_hdr, tos))
#define CHECK_OFF (IP_OFF + __builtin_offsetof(struct ipv4_hdr, check))

struct class {
	u8 dscp;
	u8 pad[3];
	u32 priority;
	u32 classid;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, u32); /* protocol << 16 | port */
	__type(value, struct class);
	__uint(max_entries, 1024);
} classes SEC(".maps");

SEC("tc")
int tc_dscp_mark(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct ipv4_hdr *ip = data + IP_OFF;
	struct class *class;
	struct ports ports;
	u8 old_tos, new_tos;
	u32 key;

	if (skb->protocol != htons(ETH_P_IP))
		return TC_ACT_OK;
	if ((void *)(ip + 1) > end) {
		if (bpf_skb_pull_data(skb, IP_OFF + sizeof(*ip)))
			return TC_ACT_SHOT;
		data = (void *)(long)skb->data;
		end = (void *)(long)skb->data_end;
		ip = data + IP_OFF;
		if ((void *)(ip + 1) > end)
			return TC_ACT_SHOT;
	}
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return TC_ACT_OK;
	if (ip->frag_off & htons(IP_OFFSET_MASK))
		return TC_ACT_OK;
	if (bpf_skb_load_bytes(skb, IP_OFF + ip->ihl * 4, &ports, sizeof(ports)) < 0)
		return TC_ACT_OK;

	key = ip->protocol << 16 | ntohs(ports.dest);
	class = bpf_map_lookup_elem(&classes, &key);
	if (!class)
		return TC_ACT_OK;
	skb->priority = class->priority;
	skb->tc_classid = class->classid;

	old_tos = ip->tos;
	new_tos = (old_tos & 3) | class->dscp << 2;
	if (new_tos == old_tos)
		return TC_ACT_OK;
	bpf_l3_csum_replace(skb, CHECK_OFF, htons(old_tos), htons(new_tos), 2);
	bpf_skb_store_bytes(skb, TOS_OFF, &new_tos, sizeof(new_tos), 0);
	return TC_ACT_OK;
}

LICENSE;
