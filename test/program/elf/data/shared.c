// Two programs that share static functions: what is done to a shared one has to hold for both.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 64);
  __type(key, __u32);
  __type(value, __u64);
} counters SEC(".maps");

static __attribute__((noinline)) __u64 count(__u32 key, __u64 by) {
  __u64 *value = bpf_map_lookup_elem(&counters, &key);
  if (!value) return 0;
  *value += by;
  return *value;
}

// Reads two bytes as one number, the long way.
static __attribute__((noinline)) __u32 classify(struct xdp_md *ctx, __u32 least) {
  unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  if (data + 34 > end) return 0;
  __u32 type = data[12] << 8 | data[13];
  if (type != 0x0800) return 1;
  __u32 length = data[16] << 8 | data[17];
  if (length < least) return 2;
  __u64 total = count(data[23] & 31, 1);
  count(32 + (data[23] & 31), length);
  return total > 1000 ? 3 : 4;
}

SEC("xdp")
int ingress(struct xdp_md *ctx) {
  return classify(ctx, 20) == 2 ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int strict(struct xdp_md *ctx) {
  __u32 c = classify(ctx, 64);
  return c == 2 || c == 3 ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int counting(struct xdp_md *ctx) {
  return count(0, 1) > 1000000 ? XDP_ABORTED : XDP_PASS;
}
char LICENSE[] SEC("license") = "GPL";
