/* SPDX-License-Identifier: MIT */
/* category: tracing */
/* Counts file opens: in total, per flags class and per process. */
#include "k2_bpf.h"

struct openat_args {
	u64 common;
	s64 syscall_nr;
	s64 dfd;
	u64 filename;
	s64 flags;
	s64 mode;
};

enum { OPEN_READ, OPEN_WRITE, OPEN_CREATE, OPEN_TOTAL, OPEN_MAX };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, u32);
	__type(value, u32);
	__uint(max_entries, OPEN_MAX);
} opens SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, 4096);
} opens_by_process SEC(".maps");

INLINE void count(u32 what)
{
	u32 *n = bpf_map_lookup_elem(&opens, &what);

	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&opens, &what, &(u32){ 1 }, BPF_NOEXIST);
}

SEC("tracepoint/syscalls/sys_enter_open")
int tp_sys_enter_open(void *ctx)
{
	count(OPEN_TOTAL);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_openat")
int tp_sys_enter_openat(struct openat_args *ctx)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u64 one = 1, *n;

	if (ctx->flags & 0100) /* create */
		count(OPEN_CREATE);
	else if (ctx->flags & 3)
		count(OPEN_WRITE);
	else
		count(OPEN_READ);
	count(OPEN_TOTAL);

	n = bpf_map_lookup_elem(&opens_by_process, &pid);
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&opens_by_process, &pid, &one, BPF_ANY);
	return 0;
}

LICENSE;
