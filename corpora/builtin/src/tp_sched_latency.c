/* SPDX-License-Identifier: MIT */
/* category: tracing */
/*
 * Run-queue latency: time between wake-up and the switch to the task, as a log2 histogram per
 * priority class; a preempted task starts waiting again.
 */
#include "k2_bpf.h"

#define MAX_SLOTS 27

struct sched_wakeup_args {
	u64 common;
	char comm[16];
	s32 pid;
	s32 prio;
	s32 target_cpu;
};

struct sched_switch_args {
	u64 common;
	char prev_comm[16];
	s32 prev_pid;
	s32 prev_prio;
	s64 prev_state;
	char next_comm[16];
	s32 next_pid;
	s32 next_prio;
};

struct hist {
	u64 slots[MAX_SLOTS];
};

enum { CLASS_REALTIME, CLASS_NORMAL, CLASS_MAX };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, 10240);
} waiting SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, u32);
	__type(value, struct hist);
	__uint(max_entries, CLASS_MAX);
} latency SEC(".maps");

const volatile u32 only_pid = 0;

INLINE u32 log2_u32(u32 v)
{
	u32 r, shift;

	r = (v > 0xffff) << 4;
	v >>= r;
	shift = (v > 0xff) << 3;
	v >>= shift;
	r |= shift;
	shift = (v > 0xf) << 2;
	v >>= shift;
	r |= shift;
	shift = (v > 0x3) << 1;
	v >>= shift;
	r |= shift;
	return r | (v >> 1);
}

INLINE u32 log2_u64(u64 v)
{
	u32 high = v >> 32;

	return high ? log2_u32(high) + 32 : log2_u32((u32)v);
}

INLINE void start_waiting(u32 pid)
{
	u64 now;

	if (!pid || (only_pid && pid != only_pid))
		return;
	now = bpf_ktime_get_ns();
	bpf_map_update_elem(&waiting, &pid, &now, BPF_ANY);
}

SEC("tp/sched/sched_wakeup")
int tp_sched_wakeup(struct sched_wakeup_args *ctx)
{
	start_waiting(ctx->pid);
	return 0;
}

SEC("tp/sched/sched_switch")
int tp_sched_switch(struct sched_switch_args *ctx)
{
	u32 pid = ctx->next_pid;
	u32 class = ctx->next_prio < 100 ? CLASS_REALTIME : CLASS_NORMAL;
	struct hist *hist;
	u64 *since, delta;
	u32 slot;

	if (ctx->prev_state == 0) /* still runnable */
		start_waiting(ctx->prev_pid);

	since = bpf_map_lookup_elem(&waiting, &pid);
	if (!since)
		return 0;
	delta = (bpf_ktime_get_ns() - *since) / 1000;
	bpf_map_delete_elem(&waiting, &pid);

	hist = bpf_map_lookup_elem(&latency, &class);
	if (!hist)
		return 0;
	slot = log2_u64(delta);
	if (slot >= MAX_SLOTS)
		slot = MAX_SLOTS - 1;
	__sync_fetch_and_add(&hist->slots[slot], 1);
	return 0;
}

LICENSE;
