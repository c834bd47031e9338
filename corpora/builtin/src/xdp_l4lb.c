/* SPDX-License-Identifier: MIT */
/* category: load-balancer */
/* override: rings.maxEntries=131074 (two virtual addresses; the real 4 million entries only cost memory) */
/*
 * Layer-4 load balancer for IPv4 and IPv6: virtual address table, per-CPU LRU connection tables (an
 * array of maps), a consistent-hashing ring per virtual address, IPIP / IP6IP6 encapsulation,
 * "packet too big" and "destination unreachable" messages routed by the packet they quote,
 * echo replies for the virtual addresses, statistics.
 */
#include "k2_net.h"

#define MAX_VIPS 64
#define RING_SIZE 65537
#define MAX_REALS 4096
#define MAX_CPUS 128
#define CONN_TABLE_SIZE 8192
#define MAX_PACKET 1480 /* leaves room for the outer header */

enum vip_flags {
	VIP_NO_SOURCE_PORT = 1, /* hash without the source port */
	VIP_NO_LRU = 2,
	VIP_HASH_DPORT_ONLY = 4,
};
enum real_flags { REAL_IPV6 = 1 };
enum { ICMP_ECHOREPLY = 0, ICMP_UNREACH = 3, ICMP_ECHO = 8 };
enum { ICMP6_UNREACH = 1, ICMP6_TOO_BIG = 2, ICMP6_ECHO = 128, ICMP6_ECHOREPLY = 129 };

struct vip {
	struct in6 addr; /* IPv4: first word, the rest zero */
	be16 port;
	u8 protocol;
	u8 family;
};

struct vip_info {
	u32 id;
	u32 flags;
};

struct real {
	struct in6 addr;
	u32 flags;
};

struct flow {
	struct in6 src;
	struct in6 dst;
	struct ports ports;
	u8 protocol;
	u8 pad[3];
};

struct conn {
	u32 real;
	u32 pad;
	u64 seen_ns;
};

struct counter {
	u64 packets;
	u64 bytes;
};

struct packet {
	struct flow flow;
	u8 family;
	u8 tos;
	u8 is_icmp; /* the flow is that of a quoted packet, sent by one of our reals */
	u8 tcp_syn;
	u8 tcp_rst;
};

struct conn_table {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(key_size, sizeof(struct flow));
	__uint(value_size, sizeof(struct conn));
	__uint(max_entries, CONN_TABLE_SIZE);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__type(key, u32);
	__type(value, u32);
	__uint(max_entries, MAX_CPUS);
	__array(values, struct conn_table);
} conn_tables SEC(".maps");

struct conn_table shared_conns SEC(".maps"); /* for a CPU that has no table of its own */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct vip);
	__type(value, struct vip_info);
	__uint(max_entries, MAX_VIPS);
} vips SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, u32);
	__type(value, u32);
	__uint(max_entries, MAX_VIPS * RING_SIZE);
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, u32);
	__type(value, struct real);
	__uint(max_entries, MAX_REALS);
} reals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, struct counter);
	__uint(max_entries, MAX_VIPS);
} vip_stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, struct counter);
	__uint(max_entries, MAX_REALS);
} real_stats SEC(".maps");

enum event {
	EV_LRU_MISS,
	EV_LRU_FALLBACK,
	EV_TCP_NON_SYN_MISS,
	EV_ICMP_ROUTED,
	EV_TOO_BIG,
	EV_NO_REAL,
	EV_MAX,
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, EV_MAX);
} events SEC(".maps");

/* What the balancer itself is called. */
struct host {
	u8 gateway_mac[ETH_ALEN];
	u16 pad;
	be32 src4_prefix; /* outer IPv4 source: 16 bits of it come from the flow, for the receiver's RSS */
	struct in6 src6;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, u32);
	__type(value, struct host);
	__uint(max_entries, 1);
} host_config SEC(".maps");

const volatile u64 udp_lru_timeout_ns = 30000000000ULL;

INLINE void event(u32 what)
{
	u64 *n = bpf_map_lookup_elem(&events, &what);

	if (n)
		*n += 1;
}

INLINE void count(void *map, u32 key, u64 bytes)
{
	struct counter *c = bpf_map_lookup_elem(map, &key);

	if (c) {
		c->packets++;
		c->bytes += bytes;
	}
}

INLINE int parse_l4(struct packet *pkt, void *l4, void *end)
{
	if (pkt->flow.protocol == IPPROTO_TCP) {
		struct tcp_hdr *tcp = l4;

		if ((void *)(tcp + 1) > end)
			return -1;
		pkt->tcp_syn = tcp->syn;
		pkt->tcp_rst = tcp->rst;
		pkt->flow.ports.source = tcp->source;
		pkt->flow.ports.dest = tcp->dest;
		return 0;
	}
	if (pkt->flow.protocol == IPPROTO_UDP) {
		struct udp_hdr *udp = l4;

		if ((void *)(udp + 1) > end)
			return -1;
		pkt->flow.ports.source = udp->source;
		pkt->flow.ports.dest = udp->dest;
		return 0;
	}
	return -1;
}

/* The quoted packet went from virtual address to client: its flow is the reverse. */
INLINE int quoted_ports(struct packet *pkt, void *l4, void *end)
{
	struct ports *ports = l4;

	if (pkt->flow.protocol != IPPROTO_TCP && pkt->flow.protocol != IPPROTO_UDP)
		return -1;
	if ((void *)(ports + 1) > end)
		return -1;
	pkt->flow.ports.source = ports->dest;
	pkt->flow.ports.dest = ports->source;
	pkt->is_icmp = 1;
	event(EV_ICMP_ROUTED);
	return 0;
}

INLINE int echo_reply4(struct eth_hdr *eth, struct ipv4_hdr *ip, struct icmp_hdr *icmp)
{
	be32 addr = ip->saddr;

	ip->saddr = ip->daddr;
	ip->daddr = addr;
	csum_replace2(&ip->check, ip->ttl, 64);
	ip->ttl = 64;
	csum_replace2(&icmp->check, ICMP_ECHO, ICMP_ECHOREPLY);
	icmp->type = ICMP_ECHOREPLY;
	mac_swap(eth);
	return XDP_TX;
}

INLINE int echo_reply6(struct eth_hdr *eth, struct ipv6_hdr *ip6, struct icmp_hdr *icmp)
{
	struct in6 addr = ip6->saddr;

	ip6->saddr = ip6->daddr;
	ip6->daddr = addr;
	ip6->hop_limit = 64;
	csum_replace2(&icmp->check, ICMP6_ECHO, ICMP6_ECHOREPLY);
	icmp->type = ICMP6_ECHOREPLY;
	mac_swap(eth);
	return XDP_TX;
}

/* Both parsers return an XDP action when the packet is dealt with, -1 when it is to be balanced. */
INLINE int parse4(struct packet *pkt, struct eth_hdr *eth, void *end)
{
	struct ipv4_hdr *ip = (void *)(eth + 1);
	void *l4 = ip + 1;

	if (l4 > end)
		return XDP_DROP;
	if (ip->ihl != 5)
		return XDP_DROP; /* options */
	if (ip->frag_off & htons(IP_FRAG_MASK))
		return XDP_DROP;
	pkt->family = AF_INET;
	pkt->tos = ip->tos;
	pkt->flow.protocol = ip->protocol;

	if (ip->protocol == IPPROTO_ICMP) {
		struct icmp_hdr *icmp = l4;
		struct ipv4_hdr *quoted = (void *)(icmp + 1);

		if ((void *)(icmp + 1) > end)
			return XDP_DROP;
		if (icmp->type == ICMP_ECHO)
			return echo_reply4(eth, ip, icmp);
		if (icmp->type != ICMP_UNREACH)
			return XDP_PASS;
		if ((void *)(quoted + 1) > end || quoted->ihl != 5)
			return XDP_DROP;
		pkt->flow.protocol = quoted->protocol;
		pkt->flow.src.w[0] = quoted->daddr;
		pkt->flow.dst.w[0] = quoted->saddr;
		return quoted_ports(pkt, quoted + 1, end) ? XDP_PASS : -1;
	}

	pkt->flow.src.w[0] = ip->saddr;
	pkt->flow.dst.w[0] = ip->daddr;
	return parse_l4(pkt, l4, end) ? XDP_PASS : -1;
}

INLINE int parse6(struct packet *pkt, struct eth_hdr *eth, void *end)
{
	struct ipv6_hdr *ip6 = (void *)(eth + 1);
	void *l4 = ip6 + 1;

	if (l4 > end)
		return XDP_DROP;
	if (ip6->nexthdr == IPPROTO_FRAGMENT)
		return XDP_DROP;
	pkt->family = AF_INET6;
	pkt->tos = ip6->priority << 4 | ip6->flow[0] >> 4;
	pkt->flow.protocol = ip6->nexthdr;

	if (ip6->nexthdr == IPPROTO_ICMPV6) {
		struct icmp_hdr *icmp = l4;
		struct ipv6_hdr *quoted = (void *)(icmp + 1);

		if ((void *)(icmp + 1) > end)
			return XDP_DROP;
		if (icmp->type == ICMP6_ECHO)
			return echo_reply6(eth, ip6, icmp);
		if (icmp->type != ICMP6_TOO_BIG && icmp->type != ICMP6_UNREACH)
			return XDP_PASS;
		if ((void *)(quoted + 1) > end)
			return XDP_DROP;
		pkt->flow.protocol = quoted->nexthdr;
		pkt->flow.src = quoted->daddr;
		pkt->flow.dst = quoted->saddr;
		return quoted_ports(pkt, quoted + 1, end) ? XDP_PASS : -1;
	}

	pkt->flow.src = ip6->saddr;
	pkt->flow.dst = ip6->daddr;
	return parse_l4(pkt, l4, end) ? XDP_PASS : -1;
}

INLINE u32 flow_hash(const struct packet *pkt, u32 flags)
{
	u32 ports = *(u32 *)&pkt->flow.ports;

	if (flags & VIP_HASH_DPORT_ONLY)
		return hash_2words(pkt->flow.ports.dest, 0, MAX_VIPS);
	if (flags & VIP_NO_SOURCE_PORT)
		ports = pkt->flow.ports.dest;
	if (pkt->family == AF_INET6)
		return hash_2words(hash_words(pkt->flow.src.w, 4, RING_SIZE), ports, MAX_VIPS);
	return hash_2words(pkt->flow.src.w[0], ports, MAX_VIPS);
}

INLINE struct vip_info *find_vip(const struct packet *pkt)
{
	struct vip key = {};
	struct vip_info *info;

	key.addr = pkt->flow.dst;
	key.port = pkt->flow.ports.dest;
	key.protocol = pkt->flow.protocol;
	key.family = pkt->family;
	info = bpf_map_lookup_elem(&vips, &key);
	if (info)
		return info;
	key.port = 0; /* all ports of the address */
	return bpf_map_lookup_elem(&vips, &key);
}

INLINE void *conn_table(void)
{
	u32 cpu = bpf_get_smp_processor_id();
	void *table = bpf_map_lookup_elem(&conn_tables, &cpu);

	if (table)
		return table;
	event(EV_LRU_FALLBACK);
	return &shared_conns;
}

INLINE int known_real(struct packet *pkt, void *table, u32 *index)
{
	struct conn *conn = bpf_map_lookup_elem(table, &pkt->flow);

	if (!conn)
		return 0;
	if (pkt->flow.protocol == IPPROTO_UDP) {
		u64 now = bpf_ktime_get_ns();

		if (now - conn->seen_ns > udp_lru_timeout_ns)
			return 0;
		conn->seen_ns = now;
	}
	*index = conn->real;
	return 1;
}

INLINE struct real *choose_real(struct packet *pkt, struct vip_info *vip, u32 *index)
{
	struct conn fresh = {};
	u32 slot, *ring;
	void *table = NULL;

	if (!(vip->flags & VIP_NO_LRU)) {
		table = conn_table();
		if (!pkt->tcp_syn && known_real(pkt, table, index))
			return bpf_map_lookup_elem(&reals, index);
		if (pkt->flow.protocol == IPPROTO_TCP && !pkt->tcp_syn)
			event(EV_TCP_NON_SYN_MISS);
		event(EV_LRU_MISS);
	}

	slot = vip->id * RING_SIZE + flow_hash(pkt, vip->flags) % RING_SIZE;
	ring = bpf_map_lookup_elem(&rings, &slot);
	if (!ring)
		return NULL;
	*index = *ring;

	if (table && !pkt->tcp_rst && !pkt->is_icmp) {
		fresh.real = *index;
		if (pkt->flow.protocol == IPPROTO_UDP)
			fresh.seen_ns = bpf_ktime_get_ns();
		bpf_map_update_elem(table, &pkt->flow, &fresh, BPF_ANY);
	}
	return bpf_map_lookup_elem(&reals, index);
}

INLINE void new_eth(struct eth_hdr *eth, const struct eth_hdr *old, const struct host *host, be16 proto)
{
	mac_copy(eth->src, old->dst);
	mac_copy(eth->dst, host->gateway_mac);
	eth->proto = proto;
}

INLINE int encap4(struct xdp_md *ctx, const struct packet *pkt, const struct host *host,
		  const struct real *real, u16 inner_len)
{
	struct eth_hdr *eth, *old;
	struct ipv4_hdr *ip;
	void *data, *end;

	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*ip)))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	eth = data;
	ip = (void *)(eth + 1);
	old = data + sizeof(*ip);
	if ((void *)(old + 1) > end || (void *)(ip + 1) > end)
		return XDP_DROP;

	new_eth(eth, old, host, htons(ETH_P_IP));
	ip->version = 4;
	ip->ihl = 5;
	ip->tos = pkt->tos;
	ip->tot_len = htons(inner_len + sizeof(*ip));
	ip->id = 0;
	ip->frag_off = 0;
	ip->ttl = 64;
	ip->protocol = IPPROTO_IPIP;
	ip->check = 0;
	ip->saddr = host->src4_prefix | (((u32)pkt->flow.ports.source << 16) ^ (pkt->flow.src.w[0] & 0xffff0000));
	ip->daddr = real->addr.w[0];
	ip->check = ipv4_csum(ip);
	return XDP_TX;
}

INLINE int encap6(struct xdp_md *ctx, const struct packet *pkt, const struct host *host,
		  const struct real *real, u16 inner_len)
{
	struct eth_hdr *eth, *old;
	struct ipv6_hdr *ip6;
	void *data, *end;

	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*ip6)))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	eth = data;
	ip6 = (void *)(eth + 1);
	old = data + sizeof(*ip6);
	if ((void *)(old + 1) > end || (void *)(ip6 + 1) > end)
		return XDP_DROP;

	new_eth(eth, old, host, htons(ETH_P_IPV6));
	ip6->version = 6;
	ip6->priority = pkt->tos >> 4;
	memset(ip6->flow, 0, sizeof(ip6->flow));
	ip6->payload_len = htons(inner_len);
	ip6->nexthdr = pkt->family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
	ip6->hop_limit = 64;
	ip6->saddr = host->src6;
	ip6->saddr.w[3] = pkt->flow.src.w[3] ^ pkt->flow.src.w[0] ^ pkt->flow.ports.source;
	ip6->daddr = real->addr;
	return XDP_TX;
}

SEC("xdp")
int xdp_l4lb(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	u64 bytes = end - data;
	struct eth_hdr *eth = data;
	struct packet pkt = {};
	struct vip_info *vip;
	struct host *host;
	struct real *real;
	u32 zero = 0, index = 0;
	u16 inner_len;
	int action;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	if (eth->proto == htons(ETH_P_IP))
		action = parse4(&pkt, eth, end);
	else if (eth->proto == htons(ETH_P_IPV6))
		action = parse6(&pkt, eth, end);
	else
		return XDP_PASS;
	if (action >= 0)
		return action;

	vip = find_vip(&pkt);
	if (!vip)
		return XDP_PASS;
	inner_len = bytes - sizeof(*eth);
	if (inner_len > MAX_PACKET) {
		event(EV_TOO_BIG);
		return XDP_DROP;
	}
	host = bpf_map_lookup_elem(&host_config, &zero);
	if (!host)
		return XDP_DROP;
	real = choose_real(&pkt, vip, &index);
	if (!real) {
		event(EV_NO_REAL);
		return XDP_DROP;
	}
	count(&vip_stats, vip->id, bytes);
	count(&real_stats, index, bytes);

	if (real->flags & REAL_IPV6)
		return encap6(ctx, &pkt, host, real, inner_len);
	if (pkt.family == AF_INET6)
		return XDP_DROP; /* no IPv6 in IPv4 tunnels */
	return encap4(ctx, &pkt, host, real, inner_len);
}

LICENSE;
