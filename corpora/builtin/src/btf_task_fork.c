/* SPDX-License-Identifier: MIT */
/* category: tracing */
/* Fork and exec tree: BTF-typed raw tracepoint that reads the task structures directly (CO-RE). */
#include "k2_bpf.h"

struct task_struct {
	int pid;
	int tgid;
	struct task_struct *real_parent;
	unsigned int flags;
	char comm[16];
} __attribute__((preserve_access_index));

#define PF_KTHREAD 0x00200000

struct fork_event {
	u64 time_ns;
	u32 parent;
	u32 child;
	u32 grandparent;
	u32 thread; /* same thread group as its parent */
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 262144);
} ring SEC(".maps");

u64 threads;
u64 processes;
u64 dropped;

SEC("tp_btf/sched_process_fork")
int btf_task_fork(u64 *ctx)
{
	struct task_struct *parent = (void *)ctx[0];
	struct task_struct *child = (void *)ctx[1];
	struct fork_event *e;
	int thread;

	if (child->flags & PF_KTHREAD)
		return 0;
	thread = child->tgid == parent->tgid;
	__sync_fetch_and_add(thread ? &threads : &processes, 1);

	e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);
	if (!e) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
	e->time_ns = bpf_ktime_get_ns();
	e->parent = parent->pid;
	e->child = child->pid;
	e->grandparent = parent->real_parent->pid;
	e->thread = thread;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

LICENSE;
