/* SPDX-License-Identifier: MIT */
/* category: proxy */
/*
 * In-kernel TCP proxy: a stream parser for length-prefixed messages and a verdict that redirects
 * each message to the peer socket of the connection, with message counters per type.
 */
#include "k2_net.h"

#define HEADER 8
#define MAX_MESSAGE 65536
#define MAGIC 0x4b32

struct message {
	be16 magic;
	u8 type;
	u8 flags;
	be32 len; /* without the header */
};

struct endpoint {
	be32 remote;
	u32 remote_port;
	u32 local_port;
};

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__type(key, struct endpoint);
	__type(value, u64);
	__uint(max_entries, 4096);
} peers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, 256);
} messages SEC(".maps");

SEC("sk_skb/stream_parser")
int skskb_parser(struct __sk_buff *skb)
{
	struct message m;
	u32 len;

	if (skb->len < HEADER)
		return 0; /* need more */
	if (bpf_skb_load_bytes(skb, 0, &m, sizeof(m)))
		return 0;
	if (m.magic != htons(MAGIC))
		return skb->len;
	len = ntohl(m.len);
	if (len > MAX_MESSAGE - HEADER)
		return skb->len;
	return len + HEADER;
}

SEC("sk_skb/stream_verdict")
int skskb_verdict(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct message *m = data;
	struct endpoint peer;
	u32 type;
	u64 *n;

	if ((void *)(m + 1) > end) {
		if (bpf_skb_pull_data(skb, sizeof(*m)))
			return SK_DROP;
		data = (void *)(long)skb->data;
		end = (void *)(long)skb->data_end;
		m = data;
		if ((void *)(m + 1) > end)
			return SK_DROP;
	}
	if (m->magic != htons(MAGIC))
		return SK_DROP;
	type = m->type;
	n = bpf_map_lookup_elem(&messages, &type);
	if (n)
		*n += 1;
	if (m->flags & 1)
		return SK_PASS; /* for the local process */

	peer.remote = skb->remote_ip4;
	peer.remote_port = skb->remote_port;
	peer.local_port = skb->local_port;
	return bpf_sk_redirect_hash(skb, &peers, &peer, 0);
}

LICENSE;
