/* SPDX-License-Identifier: MIT */
/* category: nat */
/*
 * IPv4 source NAT. Outbound: translate (address, port) by a table, allocating a port of the public
 * address on the first packet. Inbound: the reverse table. Checksums are updated incrementally in
 * bpf-to-bpf subprograms.
 */
#include "k2_net.h"

#define PORT_FIRST 20000
#define PORT_COUNT 32768 /* a power of two */
#define PORT_TRIES 8

struct endpoint {
	be32 addr;
	be16 port;
	u8 protocol;
	u8 pad;
};

struct binding {
	be32 addr;
	be16 port;
	u16 pad;
	u64 seen_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct endpoint);
	__type(value, struct binding);
	__uint(max_entries, 65536);
} outbound SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct endpoint);
	__type(value, struct binding);
	__uint(max_entries, 65536);
} inbound SEC(".maps");

const volatile be32 public_addr = 0x010200c0;  /* 192.0.2.1 */
const volatile be32 inside_net = 0x0000000a;   /* 10.0.0.0 */
const volatile be32 inside_mask = 0x000000ff;  /* /8 */
u64 exhausted;

static NOINLINE u16 update_addr(u16 check, u32 from, u32 to)
{
	csum_replace4(&check, from, to);
	return check;
}

static NOINLINE u16 update_port(u16 check, u16 from, u16 to)
{
	csum_replace2(&check, from, to);
	return check;
}

/* Picks a free public port for `inside` and enters both directions; 0 when none was found. */
static NOINLINE be16 allocate(struct endpoint *inside, u64 now)
{
	struct binding in = { .addr = inside->addr, .port = inside->port, .seen_ns = now };
	struct binding out = { .addr = public_addr, .seen_ns = now };
	struct endpoint key = { .addr = public_addr, .protocol = inside->protocol };
	u32 start = bpf_get_prandom_u32();

	for (u32 i = 0; i < PORT_TRIES; i++) {
		key.port = htons(PORT_FIRST + ((start + i) & (PORT_COUNT - 1)));
		if (bpf_map_update_elem(&inbound, &key, &in, BPF_NOEXIST))
			continue;
		out.port = key.port;
		if (bpf_map_update_elem(&outbound, inside, &out, BPF_ANY)) {
			bpf_map_delete_elem(&inbound, &key);
			return 0;
		}
		return key.port;
	}
	__sync_fetch_and_add(&exhausted, 1);
	return 0;
}

SEC("xdp")
int xdp_nat44(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct eth_hdr *eth = data;
	struct ipv4_hdr *ip = (void *)(eth + 1);
	struct ports *ports = (void *)(ip + 1);
	struct endpoint key = {};
	struct binding *binding;
	be32 old_addr, new_addr;
	be16 old_port, new_port;
	u16 *l4_check;
	u64 now;
	int out;

	if ((void *)(ports + 1) > end)
		return XDP_PASS;
	if (eth->proto != htons(ETH_P_IP) || ip->ihl != 5)
		return XDP_PASS;
	if (ip->frag_off & htons(IP_FRAG_MASK))
		return XDP_PASS;
	if (ip->protocol == IPPROTO_TCP) {
		struct tcp_hdr *tcp = (void *)ports;

		if ((void *)(tcp + 1) > end)
			return XDP_DROP;
		l4_check = &tcp->check;
	} else if (ip->protocol == IPPROTO_UDP) {
		struct udp_hdr *udp = (void *)ports;

		if ((void *)(udp + 1) > end)
			return XDP_DROP;
		l4_check = &udp->check;
	} else {
		return XDP_PASS;
	}

	out = (ip->saddr & inside_mask) == inside_net;
	if (!out && ip->daddr != public_addr)
		return XDP_PASS;

	key.protocol = ip->protocol;
	key.addr = out ? ip->saddr : ip->daddr;
	key.port = out ? ports->source : ports->dest;
	old_addr = key.addr;
	old_port = key.port;
	now = bpf_ktime_get_ns();

	if (out)
		binding = bpf_map_lookup_elem(&outbound, &key);
	else
		binding = bpf_map_lookup_elem(&inbound, &key);
	if (binding) {
		binding->seen_ns = now;
		new_addr = binding->addr;
		new_port = binding->port;
	} else {
		if (!out)
			return XDP_PASS;
		new_addr = public_addr;
		new_port = allocate(&key, now);
		if (!new_port)
			return XDP_DROP;
	}

	ip->check = update_addr(ip->check, old_addr, new_addr);
	if (*l4_check || ip->protocol == IPPROTO_TCP) {
		u16 check = update_addr(*l4_check, old_addr, new_addr);

		check = update_port(check, old_port, new_port);
		if (!check && ip->protocol == IPPROTO_UDP)
			check = 0xffff;
		*l4_check = check;
	}
	if (out) {
		ip->saddr = new_addr;
		ports->source = new_port;
	} else {
		ip->daddr = new_addr;
		ports->dest = new_port;
	}
	return XDP_PASS;
}

LICENSE;
