/* SPDX-License-Identifier: MIT */
/* category: dispatcher */
/*
 * Socket filter that dissects a packet by tail calls: one program per protocol, the position kept
 * in the control block of the packet. Uses the classic packet loads (LD_ABS, LD_IND).
 */
#include "k2_net.h"

unsigned long long load_byte(void *skb, unsigned long long off) asm("llvm.bpf.load.byte");
unsigned long long load_half(void *skb, unsigned long long off) asm("llvm.bpf.load.half");
unsigned long long load_word(void *skb, unsigned long long off) asm("llvm.bpf.load.word");

enum { PARSE_VLAN = 0, PARSE_IPV4, PARSE_IPV6, PARSE_MPLS, PARSE_MAX };
enum { CB_OFFSET = 0 };

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__type(key, u32);
	__type(value, u32);
	__uint(max_entries, PARSE_MAX);
} parsers SEC(".maps");

struct pair {
	u64 packets;
	u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, u64);
	__type(value, struct pair);
	__uint(max_entries, 4096);
} pairs SEC(".maps");

INLINE void dispatch(struct __sk_buff *skb, u32 proto)
{
	switch (proto) {
	case ETH_P_8021Q:
	case ETH_P_8021AD:
		bpf_tail_call(skb, &parsers, PARSE_VLAN);
		break;
	case ETH_P_MPLS:
		bpf_tail_call(skb, &parsers, PARSE_MPLS);
		break;
	case ETH_P_IP:
		bpf_tail_call(skb, &parsers, PARSE_IPV4);
		break;
	case ETH_P_IPV6:
		bpf_tail_call(skb, &parsers, PARSE_IPV6);
		break;
	}
}

INLINE void record(struct __sk_buff *skb, u32 src, u32 dst)
{
	u64 key = (u64)src << 32 | dst;
	struct pair *p = bpf_map_lookup_elem(&pairs, &key);

	if (p) {
		__sync_fetch_and_add(&p->packets, 1);
		__sync_fetch_and_add(&p->bytes, skb->len);
	} else {
		struct pair fresh = { 1, skb->len };

		bpf_map_update_elem(&pairs, &key, &fresh, BPF_ANY);
	}
}

SEC("socket")
int sock_dispatch(struct __sk_buff *skb)
{
	skb->cb[CB_OFFSET] = sizeof(struct eth_hdr);
	dispatch(skb, load_half(skb, 12));
	return 0;
}

SEC("socket")
int sock_parse_vlan(struct __sk_buff *skb)
{
	u32 offset = skb->cb[CB_OFFSET];
	u32 proto = load_half(skb, offset + 2);

	skb->cb[CB_OFFSET] = offset + sizeof(struct vlan_hdr);
	dispatch(skb, proto);
	return 0;
}

SEC("socket")
int sock_parse_mpls(struct __sk_buff *skb)
{
	u32 offset = skb->cb[CB_OFFSET];
	u32 label = load_word(skb, offset);

	offset += 4;
	skb->cb[CB_OFFSET] = offset;
	if (!(label & 0x100)) {
		dispatch(skb, ETH_P_MPLS);
		return 0;
	}
	if (load_byte(skb, offset) >> 4 == 6)
		dispatch(skb, ETH_P_IPV6);
	else
		dispatch(skb, ETH_P_IP);
	return 0;
}

SEC("socket")
int sock_parse_ipv4(struct __sk_buff *skb)
{
	u32 offset = skb->cb[CB_OFFSET];
	u32 protocol = load_byte(skb, offset + 9);
	u32 src = load_word(skb, offset + 12);
	u32 dst = load_word(skb, offset + 16);

	if (protocol == IPPROTO_IPIP) {
		skb->cb[CB_OFFSET] = offset + (load_byte(skb, offset) & 0xf) * 4;
		dispatch(skb, ETH_P_IP);
		return 0;
	}
	record(skb, src, dst);
	return 0;
}

SEC("socket")
int sock_parse_ipv6(struct __sk_buff *skb)
{
	u32 offset = skb->cb[CB_OFFSET];
	u32 src = 0, dst = 0;

#pragma clang loop unroll(full)
	for (int i = 0; i < 4; i++) {
		src ^= load_word(skb, offset + 8 + 4 * i);
		dst ^= load_word(skb, offset + 24 + 4 * i);
	}
	record(skb, src, dst);
	return 0;
}

LICENSE;
