/* SPDX-License-Identifier: MIT */
/* category: policy */
/* Who may bind which port: allow list of (user, port range), privileged ports mapped up, denials counted. */
#include "k2_net.h"

struct range {
	u16 first;
	u16 last;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, u32); /* user id */
	__type(value, struct range);
	__uint(max_entries, 1024);
} allowed SEC(".maps");

const volatile u16 remap_offset = 30000;
u64 denied;

SEC("cgroup/bind4")
int cgroup_bind_guard(struct bpf_sock_addr *ctx)
{
	u32 uid = (u32)bpf_get_current_uid_gid();
	struct range *range;
	u16 port;

	if (ctx->user_family != AF_INET)
		return 1;
	port = ntohs((u16)ctx->user_port);
	if (!port || !uid)
		return 1;
	range = bpf_map_lookup_elem(&allowed, &uid);
	if (!range || port < range->first || port > range->last) {
		__sync_fetch_and_add(&denied, 1);
		return 0;
	}
	if (port < 1024)
		ctx->user_port = htons(port + remap_offset);
	return 1;
}

LICENSE;
