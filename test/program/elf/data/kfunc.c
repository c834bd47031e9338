// Kernel functions, and a typed kernel symbol that not every kernel can resolve ('?': not loaded by itself).
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
struct rq {
  unsigned int cpu;
} __attribute__((preserve_access_index));
extern const struct rq runqueues __ksym;

SEC("tp_btf/sched_switch")
int with_kfunc(void *ctx) {
  bpf_rcu_read_lock();
  bpf_rcu_read_unlock();
  return 0;
}

SEC("?raw_tp/sched_switch")
int with_ksym(void *ctx) {
  const struct rq *rq = bpf_per_cpu_ptr(&runqueues, 0);
  return rq ? rq->cpu : 0;
}

char _license[] SEC("license") = "GPL";
