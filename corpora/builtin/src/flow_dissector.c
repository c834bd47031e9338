/* SPDX-License-Identifier: MIT */
/* category: parser */
/* Flow dissector for IPv4, IPv6 and one VLAN tag: fills the flow keys of the packet. */
#include "k2_net.h"

enum { BPF_FLOW_OK = 0, BPF_FLOW_DROP = 2 };

INLINE int dissect_ports(struct __sk_buff *skb, struct bpf_flow_keys *keys)
{
	struct ports ports;

	switch (keys->ip_proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		if (bpf_skb_load_bytes(skb, keys->thoff, &ports, sizeof(ports)))
			return BPF_FLOW_DROP;
		keys->sport = ports.source;
		keys->dport = ports.dest;
		return BPF_FLOW_OK;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return BPF_FLOW_OK;
	default:
		return BPF_FLOW_DROP;
	}
}

SEC("flow_dissector")
int flow_dissect(struct __sk_buff *skb)
{
	struct bpf_flow_keys *keys = skb->flow_keys;
	be16 proto = keys->n_proto;

	if (proto == htons(ETH_P_8021Q) || proto == htons(ETH_P_8021AD)) {
		struct vlan_hdr tag;

		if (bpf_skb_load_bytes(skb, keys->thoff, &tag, sizeof(tag)))
			return BPF_FLOW_DROP;
		proto = tag.proto;
		keys->n_proto = proto;
		keys->nhoff += sizeof(tag);
		keys->thoff += sizeof(tag);
	}

	if (proto == htons(ETH_P_IP)) {
		struct ipv4_hdr ip;

		if (bpf_skb_load_bytes(skb, keys->nhoff, &ip, sizeof(ip)) || ip.ihl < 5)
			return BPF_FLOW_DROP;
		keys->addr_proto = ETH_P_IP;
		keys->ipv4_src = ip.saddr;
		keys->ipv4_dst = ip.daddr;
		keys->ip_proto = ip.protocol;
		keys->thoff = keys->nhoff + ip.ihl * 4;
		if (ip.frag_off & htons(IP_FRAG_MASK)) {
			keys->is_frag = 1;
			if (ip.frag_off & htons(IP_OFFSET_MASK))
				return BPF_FLOW_OK;
			keys->is_first_frag = 1;
		}
		return dissect_ports(skb, keys);
	}
	if (proto == htons(ETH_P_IPV6)) {
		struct ipv6_hdr ip6;

		if (bpf_skb_load_bytes(skb, keys->nhoff, &ip6, sizeof(ip6)))
			return BPF_FLOW_DROP;
		keys->addr_proto = ETH_P_IPV6;
		memcpy(keys->ipv6_src, &ip6.saddr, sizeof(keys->ipv6_src));
		memcpy(keys->ipv6_dst, &ip6.daddr, sizeof(keys->ipv6_dst));
		keys->ip_proto = ip6.nexthdr;
		keys->flow_label = *(be32 *)&ip6 & htonl(0x000fffff);
		keys->thoff = keys->nhoff + sizeof(ip6);
		return dissect_ports(skb, keys);
	}
	return BPF_FLOW_DROP;
}

LICENSE;
