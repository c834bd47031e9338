/* Program types by context, licences, externs without a body, common variables (built with -fcommon). */
#define SEC(name) __attribute__((section(name), used))
typedef unsigned int u32;
struct xdp_md { u32 data, data_end; };
struct __sk_buff { u32 len; };
struct bpf_sock_addr { u32 user_family; };
struct trace_event_raw_sys_enter { u32 id; };
struct pt_regs { unsigned long r15; };
typedef const struct xdp_md Context;

u32 tally; /* common */
extern int nobody(int x);
extern int nothing;

SEC("firewall") int by_context(struct xdp_md *c) { return 2; }
SEC("typed") int by_typedef(Context *c) { return 1; }
SEC("connect") int sock_addr(struct bpf_sock_addr *c) { return 1; }
SEC("syscalls") int event(struct trace_event_raw_sys_enter *c) { return 0; }
SEC("probe") int enter(struct pt_regs *c) { return 0; }
SEC("my_ingress") int many_hooks(struct __sk_buff *c) { return c->len; }
SEC("anything") int unknown_context(void *c) { return 0; }
SEC("scalar") int no_context(int c) { return c; }
SEC("xdp") int calls_nobody(struct xdp_md *c) { return nobody(1); }
SEC("xdp") int reads_nothing(struct xdp_md *c) { return nothing; }
SEC("xdp") int reads_common(struct xdp_md *c) { return tally; }
SEC("xdp") int fine(struct xdp_md *c) { return 2; }
char first[] SEC("license") = "GPL";
char second[] SEC("license") = "MIT";
