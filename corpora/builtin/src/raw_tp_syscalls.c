/* SPDX-License-Identifier: MIT */
/* category: tracing */
/* System calls per number and the errors they end with, from the raw enter and exit tracepoints. */
#include "k2_bpf.h"

#define MAX_SYSCALL 512

struct error_key {
	u32 nr;
	s32 error;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, MAX_SYSCALL);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct error_key);
	__type(value, u64);
	__uint(max_entries, 4096);
} errors SEC(".maps");

const volatile u32 only_tgid = 0;

INLINE int traced(void)
{
	return !only_tgid || bpf_get_current_pid_tgid() >> 32 == only_tgid;
}

SEC("raw_tracepoint/sys_enter")
int raw_tp_sys_enter(struct bpf_raw_tracepoint_args *ctx)
{
	u64 nr = ctx->args[1];
	u32 key;
	u64 *n;

	if (!traced() || nr >= MAX_SYSCALL)
		return 0;
	key = nr;
	n = bpf_map_lookup_elem(&calls, &key);
	if (n)
		*n += 1;
	return 0;
}

SEC("raw_tracepoint/sys_exit")
int raw_tp_sys_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *regs = (void *)ctx->args[0];
	s64 ret = (s64)ctx->args[1];
	struct error_key key;
	u64 *n, one = 1, nr;

	if (ret >= 0 || ret < -4095 || !traced())
		return 0;
	if (bpf_probe_read_kernel(&nr, sizeof(nr), &regs->orig_rax))
		return 0;
	key.nr = nr;
	key.error = -ret;
	n = bpf_map_lookup_elem(&errors, &key);
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&errors, &key, &one, BPF_NOEXIST);
	return 0;
}

LICENSE;
