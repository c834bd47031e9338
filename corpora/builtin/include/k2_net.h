/* SPDX-License-Identifier: MIT */
/* Protocol headers and checksum arithmetic shared by the network programs of this corpus. */
#ifndef K2_NET_H
#define K2_NET_H

#include "k2_bpf.h"

enum { AF_INET = 2, AF_INET6 = 10 };
enum { SOCK_STREAM = 1, SOCK_DGRAM = 2 };
enum {
	ETH_ALEN = 6,
	ETH_P_IP = 0x0800,
	ETH_P_ARP = 0x0806,
	ETH_P_8021Q = 0x8100,
	ETH_P_IPV6 = 0x86dd,
	ETH_P_MPLS = 0x8847,
	ETH_P_8021AD = 0x88a8,
};
enum {
	IPPROTO_HOPOPTS = 0,
	IPPROTO_ICMP = 1,
	IPPROTO_IPIP = 4,
	IPPROTO_TCP = 6,
	IPPROTO_UDP = 17,
	IPPROTO_IPV6 = 41,
	IPPROTO_ROUTING = 43,
	IPPROTO_FRAGMENT = 44,
	IPPROTO_GRE = 47,
	IPPROTO_ICMPV6 = 58,
	IPPROTO_DSTOPTS = 60,
};
#define IP_FRAG_MASK 0x3fff /* more-fragments flag and offset */
#define IP_OFFSET_MASK 0x1fff

struct eth_hdr {
	u8 dst[ETH_ALEN];
	u8 src[ETH_ALEN];
	be16 proto;
} __attribute__((packed));

struct vlan_hdr {
	be16 tci;
	be16 proto;
};

struct ipv4_hdr {
	u8 ihl : 4;
	u8 version : 4;
	u8 tos;
	be16 tot_len;
	be16 id;
	be16 frag_off;
	u8 ttl;
	u8 protocol;
	u16 check;
	be32 saddr;
	be32 daddr;
};

struct in6 {
	u32 w[4];
};

struct ipv6_hdr {
	u8 priority : 4;
	u8 version : 4;
	u8 flow[3];
	be16 payload_len;
	u8 nexthdr;
	u8 hop_limit;
	struct in6 saddr;
	struct in6 daddr;
};

struct ipv6_ext {
	u8 nexthdr;
	u8 len; /* in 8 bytes, the first 8 not counted */
};

struct tcp_hdr {
	be16 source;
	be16 dest;
	be32 seq;
	be32 ack_seq;
	u16 res1 : 4;
	u16 doff : 4;
	u16 fin : 1;
	u16 syn : 1;
	u16 rst : 1;
	u16 psh : 1;
	u16 ack : 1;
	u16 urg : 1;
	u16 ece : 1;
	u16 cwr : 1;
	be16 window;
	u16 check;
	be16 urg_ptr;
};

struct udp_hdr {
	be16 source;
	be16 dest;
	be16 len;
	u16 check;
};

struct icmp_hdr {
	u8 type;
	u8 code;
	u16 check;
	be16 id;
	be16 seq;
};

struct ports {
	be16 source;
	be16 dest;
};

/* One's complement sum folded to 16 bits and inverted. */
INLINE u16 csum_fold(u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

/* RFC 1624, equation 3: the checksum after a 16-bit word of the data changed. */
INLINE void csum_replace2(u16 *check, u16 from, u16 to)
{
	u32 sum = (u16)~*check + (u16)~from + to;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	*check = (u16)~sum;
}

INLINE void csum_replace4(u16 *check, u32 from, u32 to)
{
	u64 sum = (u16)~*check;

	sum += ~from & 0xffffffff;
	sum += to;
	*check = csum_fold(sum);
}

/* Decrementing the TTL adds 1 to the upper byte of its word: the checksum gains 0x0100. */
INLINE void ipv4_dec_ttl(struct ipv4_hdr *ip)
{
	u32 check = ip->check;

	check += htons(0x0100);
	ip->check = (u16)(check + (check >= 0xffff));
	ip->ttl--;
}

/* Checksum of a header without options. */
INLINE u16 ipv4_csum(const struct ipv4_hdr *ip)
{
	const u16 *word = (const u16 *)ip;
	u32 sum = 0;

#pragma clang loop unroll(full)
	for (int i = 0; i < (int)sizeof(*ip) / 2; i++)
		sum += word[i];
	return csum_fold(sum);
}

INLINE void mac_copy(u8 *to, const u8 *from)
{
	memcpy(to, from, ETH_ALEN);
}

INLINE int mac_equal(const u8 *a, const u8 *b)
{
	u8 differ = 0;

#pragma clang loop unroll(full)
	for (int i = 0; i < ETH_ALEN; i++)
		differ |= a[i] ^ b[i];
	return !differ;
}

INLINE void mac_swap(struct eth_hdr *eth)
{
	u8 tmp[ETH_ALEN];

	mac_copy(tmp, eth->src);
	mac_copy(eth->src, eth->dst);
	mac_copy(eth->dst, tmp);
}

INLINE u32 rol32(u32 word, u32 shift)
{
	return (word << shift) | (word >> (32 - shift));
}

/* Mixing rounds after Bob Jenkins' lookup3 (public domain). */
#define HASH_INIT 0xdeadbeefu

INLINE u32 hash_final(u32 a, u32 b, u32 c)
{
	c ^= b;
	c -= rol32(b, 14);
	a ^= c;
	a -= rol32(c, 11);
	b ^= a;
	b -= rol32(a, 25);
	c ^= b;
	c -= rol32(b, 16);
	a ^= c;
	a -= rol32(c, 4);
	b ^= a;
	b -= rol32(a, 14);
	c ^= b;
	c -= rol32(b, 24);
	return c;
}

INLINE u32 hash_3words(u32 a, u32 b, u32 c, u32 seed)
{
	u32 init = HASH_INIT + (3 << 2) + seed;

	return hash_final(a + init, b + init, c + init);
}

INLINE u32 hash_2words(u32 a, u32 b, u32 seed)
{
	u32 init = HASH_INIT + (2 << 2) + seed;

	return hash_final(a + init, b + init, init);
}

/* Hash of `n` (a constant) 32-bit words. */
INLINE u32 hash_words(const u32 *k, u32 n, u32 seed)
{
	u32 a, b, c;

	a = b = c = HASH_INIT + (n << 2) + seed;
#pragma clang loop unroll(full)
	while (n > 3) {
		a += k[0];
		b += k[1];
		c += k[2];
		a -= c; a ^= rol32(c, 4); c += b;
		b -= a; b ^= rol32(a, 6); a += c;
		c -= b; c ^= rol32(b, 8); b += a;
		a -= c; a ^= rol32(c, 16); c += b;
		b -= a; b ^= rol32(a, 19); a += c;
		c -= b; c ^= rol32(b, 4); b += a;
		n -= 3;
		k += 3;
	}
	switch (n) {
	case 3:
		c += k[2];
		/* fallthrough */
	case 2:
		b += k[1];
		/* fallthrough */
	case 1:
		a += k[0];
		c = hash_final(a, b, c);
	}
	return c;
}

#endif
