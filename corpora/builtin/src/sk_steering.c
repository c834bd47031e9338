/* SPDX-License-Identifier: MIT */
/* category: dispatcher */
/*
 * Socket steering: sk_lookup sends a range of ports to one listening socket, sk_reuseport spreads
 * datagrams over the group by the connection id they carry.
 */
#include "k2_net.h"

struct port_range {
	u16 first;
	u16 last;
	u32 socket;
};

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, 16);
} listeners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, u32);
	__type(value, struct port_range);
	__uint(max_entries, 16);
} ranges SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, 64);
} group SEC(".maps");

const volatile u32 range_count = 4;
const volatile u32 group_size = 8;
u64 no_socket;

SEC("sk_lookup")
int sk_lookup_steer(struct bpf_sk_lookup *ctx)
{
	u32 port = ctx->local_port;
	struct bpf_sock *sk;
	long err;

	if (ctx->protocol != IPPROTO_TCP && ctx->protocol != IPPROTO_UDP)
		return SK_PASS;
	for (u32 i = 0; i < 16; i++) {
		struct port_range *range;
		u32 key = i, index;

		if (i >= range_count)
			break;
		range = bpf_map_lookup_elem(&ranges, &key);
		if (!range)
			break;
		if (port < range->first || port > range->last)
			continue;
		index = range->socket;
		sk = bpf_map_lookup_elem(&listeners, &index);
		if (!sk) {
			__sync_fetch_and_add(&no_socket, 1);
			return SK_PASS;
		}
		err = bpf_sk_assign(ctx, sk, 0);
		bpf_sk_release(sk);
		return err ? SK_DROP : SK_PASS;
	}
	return SK_PASS;
}

SEC("sk_reuseport")
int sk_reuseport_spread(struct sk_reuseport_md *ctx)
{
	void *data = ctx->data;
	void *end = ctx->data_end;
	u8 *payload = data + sizeof(struct udp_hdr);
	u32 key = ctx->hash;

	if (ctx->ip_protocol == IPPROTO_UDP && (void *)(payload + 9) <= end) {
		if (payload[0] & 0x80) /* long header: version, then a length, then the id */
			key = payload[6] << 8 | payload[7];
		else
			key = payload[1] << 8 | payload[2];
	}
	key = hash_2words(key, 0, 0) % (group_size ? group_size : 1);
	if (bpf_sk_select_reuseport(ctx, &group, &key, 0))
		__sync_fetch_and_add(&no_socket, 1);
	return SK_PASS;
}

LICENSE;
