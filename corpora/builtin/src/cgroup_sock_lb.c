/* SPDX-License-Identifier: MIT */
/* category: load-balancer */
/*
 * Socket-level load balancing: connect and sendmsg to a service address go to a backend, recvmsg
 * shows the service's address again, by a table of the translations each socket has in use.
 */
#include "k2_net.h"

struct service_key {
	be32 addr;
	be16 port;
	u16 slot; /* 0: the service itself, 1..count: its backends */
};

struct service {
	u32 backend; /* of a slot */
	u16 count;
	u16 flags;
};

struct backend {
	be32 addr;
	be16 port;
	u16 flags;
};

struct reverse_key {
	u64 cookie;
	be32 addr;
	be16 port;
	u16 pad;
};

struct reverse {
	be32 addr;
	be16 port;
	u16 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct service_key);
	__type(value, struct service);
	__uint(max_entries, 65536);
} services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, u32);
	__type(value, struct backend);
	__uint(max_entries, 65536);
} backends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct reverse_key);
	__type(value, struct reverse);
	__uint(max_entries, 65536);
} reverse_table SEC(".maps");

INLINE int is_loopback(be32 addr)
{
	return (addr & htonl(0xff000000)) == htonl(0x7f000000);
}

INLINE struct service *find_service(struct service_key *key)
{
	struct service *s = bpf_map_lookup_elem(&services, key);

	if (s || !is_loopback(key->addr))
		return s;
	key->addr = 0; /* a node port is reached on any local address */
	return bpf_map_lookup_elem(&services, key);
}

INLINE void translate(struct bpf_sock_addr *ctx, int udp)
{
	struct service_key key = { .addr = ctx->user_ip4, .port = ctx->user_port };
	struct service *service;
	struct backend *backend;
	u32 id;

	service = find_service(&key);
	if (!service || !service->count)
		return;
	key.slot = bpf_get_prandom_u32() % service->count + 1;
	service = bpf_map_lookup_elem(&services, &key);
	if (!service)
		return;
	id = service->backend;
	backend = bpf_map_lookup_elem(&backends, &id);
	if (!backend)
		return;

	if (udp) {
		struct reverse_key rkey = {};
		struct reverse value = {};

		rkey.cookie = bpf_get_socket_cookie(ctx);
		rkey.addr = backend->addr;
		rkey.port = backend->port;
		value.addr = ctx->user_ip4;
		value.port = ctx->user_port;
		if (bpf_map_update_elem(&reverse_table, &rkey, &value, BPF_ANY))
			return;
	}
	ctx->user_ip4 = backend->addr;
	ctx->user_port = backend->port;
}

SEC("cgroup/connect4")
int sock_connect4(struct bpf_sock_addr *ctx)
{
	if (ctx->protocol != IPPROTO_TCP && ctx->protocol != IPPROTO_UDP)
		return 1;
	translate(ctx, ctx->protocol == IPPROTO_UDP);
	return 1;
}

SEC("cgroup/sendmsg4")
int sock_sendmsg4(struct bpf_sock_addr *ctx)
{
	translate(ctx, 1);
	return 1;
}

SEC("cgroup/recvmsg4")
int sock_recvmsg4(struct bpf_sock_addr *ctx)
{
	struct reverse_key key = {};
	struct reverse *service;

	key.cookie = bpf_get_socket_cookie(ctx);
	key.addr = ctx->user_ip4;
	key.port = ctx->user_port;
	service = bpf_map_lookup_elem(&reverse_table, &key);
	if (!service)
		return 1;
	ctx->user_ip4 = service->addr;
	ctx->user_port = service->port;
	return 1;
}

LICENSE;
