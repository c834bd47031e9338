/* SPDX-License-Identifier: MIT */
/* category: tracing */
/* CPU profiler: counts samples per (process, command, user stack, kernel stack). */
#include "k2_bpf.h"

#define USER_STACK (1ULL << 8)

struct sample_key {
	u32 tgid;
	s32 user_stack;
	s32 kernel_stack;
	u32 pad;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(key_size, 4);
	__uint(value_size, 127 * 8);
	__uint(max_entries, 4096);
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct sample_key);
	__type(value, u64);
	__uint(max_entries, 10240);
} samples SEC(".maps");

const volatile u32 only_tgid = 0;
u64 idle;
u64 lost;

SEC("perf_event")
int perf_profile(struct bpf_perf_event_data *ctx)
{
	u64 id = bpf_get_current_pid_tgid();
	struct sample_key key = {};
	u64 *n, one = 1;

	key.tgid = id >> 32;
	if (!(u32)id) {
		__sync_fetch_and_add(&idle, 1);
		return 0;
	}
	if (only_tgid && key.tgid != only_tgid)
		return 0;
	key.kernel_stack = bpf_get_stackid(ctx, &stacks, 0);
	key.user_stack = bpf_get_stackid(ctx, &stacks, USER_STACK);
	bpf_get_current_comm(key.comm, sizeof(key.comm));

	n = bpf_map_lookup_elem(&samples, &key);
	if (n)
		__sync_fetch_and_add(n, 1);
	else if (bpf_map_update_elem(&samples, &key, &one, BPF_NOEXIST))
		__sync_fetch_and_add(&lost, 1);
	return 0;
}

LICENSE;
