/* SPDX-License-Identifier: MIT */
/* category: tracing */
/* Latency of a kernel function (vfs_read by default) as a log2 histogram per user, entry and return probe. */
#include "k2_bpf.h"

#define MAX_SLOTS 32

struct key {
	u32 uid;
	u32 slot;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, u64);
	__type(value, u64);
	__uint(max_entries, 10240);
} started SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__type(key, struct key);
	__type(value, u64);
	__uint(max_entries, 4096);
} histogram SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, 2);
} bytes SEC(".maps");

static NOINLINE u32 log2_u64(u64 v)
{
	u32 r = 0;

	if (v >> 32) {
		v >>= 32;
		r += 32;
	}
	if (v >> 16) {
		v >>= 16;
		r += 16;
	}
	if (v >> 8) {
		v >>= 8;
		r += 8;
	}
	if (v >> 4) {
		v >>= 4;
		r += 4;
	}
	if (v >> 2) {
		v >>= 2;
		r += 2;
	}
	return r + (v >> 1 ? 1 : 0);
}

SEC("kprobe/vfs_read")
int kprobe_enter(struct pt_regs *regs)
{
	u64 id = bpf_get_current_pid_tgid();
	u64 now = bpf_ktime_get_ns();
	u64 wanted = PT_PARM3(regs);
	u32 zero = 0;
	u64 *sum;

	sum = bpf_map_lookup_elem(&bytes, &zero);
	if (sum)
		*sum += wanted;
	bpf_map_update_elem(&started, &id, &now, BPF_ANY);
	return 0;
}

SEC("kretprobe/vfs_read")
int kprobe_return(struct pt_regs *regs)
{
	u64 id = bpf_get_current_pid_tgid();
	s64 got = (s64)PT_RC(regs);
	struct key key = {};
	u64 *since, *n, *sum, one = 1;
	u32 index = 1;

	since = bpf_map_lookup_elem(&started, &id);
	if (!since)
		return 0;
	key.slot = log2_u64(bpf_ktime_get_ns() - *since);
	if (key.slot >= MAX_SLOTS)
		key.slot = MAX_SLOTS - 1;
	key.uid = (u32)bpf_get_current_uid_gid();
	bpf_map_delete_elem(&started, &id);

	if (got > 0) {
		sum = bpf_map_lookup_elem(&bytes, &index);
		if (sum)
			*sum += got;
	}
	n = bpf_map_lookup_elem(&histogram, &key);
	if (n)
		*n += 1;
	else
		bpf_map_update_elem(&histogram, &key, &one, BPF_NOEXIST);
	return 0;
}

LICENSE;
