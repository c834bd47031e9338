/* Nothing but .text: every global function is a program, static ones are their subprograms. */
struct xdp_md { unsigned int data; };
struct bpf_sock_ops { unsigned int op; };
static __attribute__((noinline)) int twice(int x) { asm volatile("" : "+r"(x)); return x * 2; }
int pass(struct xdp_md *c) { return 2; }
int options(struct bpf_sock_ops *c) { return twice(c->op); }
