// A weak function that another object may replace when they are linked.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char _license[] SEC("license") = "GPL";
__weak __attribute__((noinline)) int policy(__u32 len) { return 2; }
SEC("xdp") int main_prog(struct xdp_md *ctx)
{
	__u32 l = ctx->data_end - ctx->data;
	return policy(l) & 1 ? XDP_DROP : XDP_PASS;
}
