// What only the running kernel completes: CO-RE field relocations, type and enum queries, kernel configuration, kernel
// symbols and functions.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

struct task_struct {
  int pid;
  int tgid;
  struct task_struct *group_leader;
} __attribute__((preserve_access_index));

enum bpf_map_type___k2 { BPF_MAP_TYPE_RINGBUF___k2 = 1 };

extern int LINUX_KERNEL_VERSION __kconfig;
extern _Bool CONFIG_BPF_SYSCALL __kconfig __weak;
extern const void schedule __ksym;
extern void bpf_rcu_read_lock(void) __ksym __weak;

static int hits;
__u64 last;

static __attribute__((noinline)) int leader(struct task_struct *task) {
  return BPF_CORE_READ(task, group_leader, pid);
}

SEC("raw_tp/sched_switch")
int on_switch(void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task();
  int pid = leader(task) + BPF_CORE_READ(task, tgid);
  if (bpf_core_field_exists(task->group_leader))
    pid += bpf_core_field_offset(struct task_struct, tgid);
  if (LINUX_KERNEL_VERSION > 0x050000 && CONFIG_BPF_SYSCALL)
    hits += pid;
  if (bpf_core_enum_value_exists(enum bpf_map_type___k2, BPF_MAP_TYPE_RINGBUF___k2))
    hits++;
  last = (__u64)&schedule;
  return 0;
}

SEC("raw_tp/sched_wakeup")
int on_wakeup(void *ctx) {
  struct task_struct *task = (void *)bpf_get_current_task();
  hits += leader(task);
  return bpf_core_type_size(struct task_struct) > 0;
}

char _license[] SEC("license") = "GPL";
