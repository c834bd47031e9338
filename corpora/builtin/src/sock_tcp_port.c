/* SPDX-License-Identifier: MIT */
/* category: filter */
/* Capture filter "tcp port 80 or 443 and not a pure ACK", with the classic packet loads. */
#include "k2_net.h"

unsigned long long load_byte(void *skb, unsigned long long off) asm("llvm.bpf.load.byte");
unsigned long long load_half(void *skb, unsigned long long off) asm("llvm.bpf.load.half");

#define SNAP_LEN 262144
#define IP_OFF 14

SEC("socket")
int sock_tcp_port(struct __sk_buff *skb)
{
	u32 l4, sport, dport, header, payload;

	if (load_half(skb, 12) != ETH_P_IP)
		return 0;
	if (load_byte(skb, IP_OFF + 9) != IPPROTO_TCP)
		return 0;
	if (load_half(skb, IP_OFF + 6) & IP_OFFSET_MASK)
		return 0;
	header = (load_byte(skb, IP_OFF) & 0xf) << 2;
	l4 = IP_OFF + header;
	sport = load_half(skb, l4);
	dport = load_half(skb, l4 + 2);
	if (sport != 80 && sport != 443 && dport != 80 && dport != 443)
		return 0;
	payload = load_half(skb, IP_OFF + 2) - header - ((load_byte(skb, l4 + 12) >> 2) & 0x3c);
	if (!payload && (load_byte(skb, l4 + 13) & 0x17) == 0x10)
		return 0;
	return SNAP_LEN;
}

LICENSE;
