// A weak kernel function that no kernel has: its address is 0, and what then follows counts.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char _license[] SEC("license") = "GPL";
extern void no_such_kfunc_(void) __ksym __weak;
SEC("tc") int fallback_bad(struct __sk_buff *ctx)
{
  if (no_such_kfunc_) return 1;
  return *(unsigned char *)(long)ctx->data;      /* no bounds check */
}
SEC("tc") int fallback_good(struct __sk_buff *ctx)
{
  unsigned char *d = (void *)(long)ctx->data, *e = (void *)(long)ctx->data_end;
  if (no_such_kfunc_) return 1;
  if (d + 4 > e) return 0;
  unsigned x = d[0] | d[1] << 8 | d[2] << 16 | (unsigned)d[3] << 24;
  ctx->mark = x; ctx->priority = x;
  return 2;
}
