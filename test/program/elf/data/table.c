// A static function's address in data: the relocation is against the section, the function's place is in the data.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __attribute__((noinline)) int one(int x) { return x * 3 + 1; }
static __attribute__((noinline)) int two(int x) { return one(x) ^ 0x55; }

int (*const volatile functions[2])(int) SEC(".handlers") = {one, two};

SEC("xdp")
int entry(struct xdp_md *ctx) { return two(ctx->ingress_ifindex) & 3; }

char _license[] SEC("license") = "GPL";
