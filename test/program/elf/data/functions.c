// Functions of every contract: who may call them, what the kernel verifies them by, and how they are left.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define NOINLINE __attribute__((noinline))
#define KEEP(x) asm volatile("" : "+r"(x))
#define TAG(t) __attribute__((btf_decl_tag(t)))

char _license[] SEC("license") = "GPL";
char tab[16] = "abcdefghijklmno";
struct pair { __u32 a, b; };

static NOINLINE int plain(__u32 x) { KEEP(x); return x & 7; }
NOINLINE int global_ctx(struct xdp_md *ctx) { KEEP(ctx); return 31; }
NOINLINE int global_memory(struct pair *p, __u64 scale) { return p ? p->a * scale : 0; }
NOINLINE int global_tagged(struct pair *p TAG("arg:nonnull"), void *ctx TAG("arg:ctx")) { KEEP(ctx); return p->b; }
__attribute__((visibility("hidden"))) NOINLINE int hidden(__u32 x) { KEEP(x); return 3; }
__attribute__((weak)) NOINLINE int policy(__u32 len) { KEEP(len); return 2; }

SEC("xdp") int callers(struct xdp_md *ctx)
{
	struct pair p = { ctx->rx_queue_index, 1 };
	int n = plain(p.a) + global_ctx(ctx);
	n += global_memory(&p, 3) + global_tagged(&p, ctx);
	n += hidden(p.b) + policy(p.a);
	return n & 1 ? XDP_DROP : XDP_PASS;
}

/* What a global function returns is unknown to whoever verifies its caller. */
NOINLINE int clamp(__u32 x) { return x & 15; }
SEC("tc") int result(struct __sk_buff *ctx)
{
	__u32 i = clamp(ctx->len);
	KEEP(i);
	return i < 16 ? tab[i] : 0;
}

/* What is passed to a global function is unknown to whoever verifies it. */
NOINLINE int get(__u32 i) { return i < 16 ? tab[i] : 0; }
SEC("tc") int argument(struct __sk_buff *ctx) { return get(ctx->len & 7); }

/* The callee does not look at its argument, but its prototype has one. */
NOINLINE int note(__u32 len) { asm volatile("" : : "r"(len)); return 2; }
SEC("xdp") int ignored(struct xdp_md *ctx) { return note(ctx->data_end - ctx->data); }

/* libxdp's dispatcher: each slot is replaced by a program (freplace). */
NOINLINE int slot0(struct xdp_md *ctx)
{
	volatile int ret = 31;
	if (!ctx) return XDP_ABORTED;
	return ret;
}
NOINLINE int slot1(struct xdp_md *ctx)
{
	volatile int ret = 31;
	if (!ctx) return XDP_ABORTED;
	return ret;
}
SEC("xdp") int dispatch(struct xdp_md *ctx)
{
	int r = slot0(ctx);
	if (r != 31) return r;
	r = slot1(ctx);
	if (r != 31) return r;
	return XDP_PASS;
}
/* Such a replacement: its arguments are those of the function that it becomes. */
SEC("?freplace/slot0") int replacement(struct xdp_md *ctx) { return ctx->rx_queue_index ? 31 : XDP_DROP; }

/* A struct by value takes two registers: the prototype does not say which. */
struct two { __u64 a, b; };
__attribute__((visibility("hidden"))) NOINLINE int by_value(struct two t, __u32 x) { KEEP(x); return t.a + t.b; }
SEC("xdp") int values(struct xdp_md *ctx)
{
	struct two t = { ctx->rx_queue_index, 2 };
	return by_value(t, 3) & 1 ? XDP_DROP : XDP_PASS;
}
