/* SPDX-License-Identifier: MIT */
/* category: policy */
/* Small control-group guards: device access list, read-only sysctls, sockets marked by their group. */
#include "k2_net.h"

enum { DEV_MKNOD = 1, DEV_READ = 2, DEV_WRITE = 4 };
enum { DEV_BLOCK = 1, DEV_CHAR = 2 };

struct device {
	u32 type;
	u32 major;
	u32 minor; /* ~0: all */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct device);
	__type(value, u32); /* allowed access bits */
	__uint(max_entries, 256);
} devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, u64);
	__type(value, u32);
	__uint(max_entries, 4096);
} group_marks SEC(".maps");

SEC("cgroup/dev")
int guard_device(struct bpf_cgroup_dev_ctx *ctx)
{
	struct device key;
	u32 access = ctx->access_type >> 16;
	u32 *allowed;

	key.type = ctx->access_type & 0xffff;
	key.major = ctx->major;
	key.minor = ctx->minor;
	if (key.type == DEV_CHAR && key.major == 1) {
		switch (key.minor) {
		case 3: /* null */
		case 5: /* zero */
		case 7: /* full */
		case 8: /* random */
		case 9: /* urandom */
			return !(access & DEV_MKNOD);
		}
	}
	allowed = bpf_map_lookup_elem(&devices, &key);
	if (!allowed) {
		key.minor = ~0u;
		allowed = bpf_map_lookup_elem(&devices, &key);
	}
	if (!allowed)
		return 0;
	return (access & ~*allowed) == 0;
}

SEC("cgroup/sysctl")
int guard_sysctl(struct bpf_sysctl *ctx)
{
	static const char prefix[] = "net/ipv4/";
	char name[32] = {};

	if (!ctx->write)
		return 1;
	if (bpf_sysctl_get_name(ctx, name, sizeof(name), 0) < 0)
		return 0;
#pragma clang loop unroll(full)
	for (int i = 0; i < (int)sizeof(prefix) - 1; i++)
		if (name[i] != prefix[i])
			return 0;
	return 1;
}

SEC("cgroup/sock_create")
int guard_socket(struct bpf_sock *sk)
{
	u64 group = bpf_get_current_cgroup_id();
	u32 *mark = bpf_map_lookup_elem(&group_marks, &group);

	if (sk->family != AF_INET && sk->family != AF_INET6)
		return 1;
	if (sk->type == 3) /* raw */
		return mark && *mark == ~0u;
	if (mark) {
		sk->mark = *mark;
		sk->priority = *mark & 7;
	}
	return 1;
}

LICENSE;
