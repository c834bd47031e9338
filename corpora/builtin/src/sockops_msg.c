/* SPDX-License-Identifier: MIT */
/* category: proxy */
/*
 * Local socket acceleration: established TCP sockets of this host enter a socket hash (sock_ops),
 * messages between two of them skip the stack (sk_msg); round trip times and retransmissions
 * per remote address on the way.
 */
#include "k2_net.h"

struct tuple {
	be32 local;
	be32 remote;
	u32 local_port;  /* host order */
	u32 remote_port; /* host order */
};

struct path {
	u64 samples;
	u64 srtt_sum_us;
	u32 srtt_max_us;
	u32 retransmits;
	u32 timeouts;
	u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__type(key, struct tuple);
	__type(value, u64);
	__uint(max_entries, 65536);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, be32);
	__type(value, struct path);
	__uint(max_entries, 4096);
} paths SEC(".maps");

u64 redirected;

INLINE struct path *get_path(be32 remote)
{
	struct path fresh = {};
	struct path *path = bpf_map_lookup_elem(&paths, &remote);

	if (path)
		return path;
	bpf_map_update_elem(&paths, &remote, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&paths, &remote);
}

SEC("sockops")
int sockops_track(struct bpf_sock_ops *ctx)
{
	struct tuple key;
	struct path *path;
	u32 srtt;

	if (ctx->family != AF_INET)
		return 1;
	switch (ctx->op) {
	case BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB:
	case BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB:
		key.local = ctx->local_ip4;
		key.remote = ctx->remote_ip4;
		key.local_port = ctx->local_port;
		key.remote_port = ntohl(ctx->remote_port);
		bpf_sock_hash_update(ctx, &sockets, &key, BPF_NOEXIST);
		bpf_sock_ops_cb_flags_set(ctx, BPF_SOCK_OPS_RTT_CB_FLAG | BPF_SOCK_OPS_RTO_CB_FLAG |
						       BPF_SOCK_OPS_RETRANS_CB_FLAG);
		break;
	case BPF_SOCK_OPS_RTT_CB:
		path = get_path(ctx->remote_ip4);
		if (!path)
			break;
		srtt = ctx->srtt_us >> 3;
		path->samples++;
		path->srtt_sum_us += srtt;
		if (srtt > path->srtt_max_us)
			path->srtt_max_us = srtt;
		break;
	case BPF_SOCK_OPS_RETRANS_CB:
		path = get_path(ctx->remote_ip4);
		if (path)
			path->retransmits++;
		break;
	case BPF_SOCK_OPS_RTO_CB:
		path = get_path(ctx->remote_ip4);
		if (path)
			path->timeouts++;
		break;
	}
	return 1;
}

SEC("sk_msg")
int skmsg_redirect(struct sk_msg_md *msg)
{
	struct tuple peer;

	if (msg->family != AF_INET)
		return SK_PASS;
	peer.local = msg->remote_ip4;
	peer.remote = msg->local_ip4;
	peer.local_port = ntohl(msg->remote_port);
	peer.remote_port = msg->local_port;
	if (bpf_msg_redirect_hash(msg, &sockets, &peer, 1) == SK_PASS)
		__sync_fetch_and_add(&redirected, 1);
	return SK_PASS;
}

LICENSE;
