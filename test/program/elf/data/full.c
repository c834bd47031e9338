// One of everything that libbpf loads: BTF maps (also nested, and with initial values), global data of every kind, static and
// global subprograms, callbacks, a tail call, several programs per section.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct inner {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, __u64);
} inner SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 3);
  __type(key, __u32);
  __array(values, struct inner);
} outer SEC(".maps") = {.values = {[1] = &inner}};

int second(struct xdp_md *ctx);
struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 4);
  __uint(key_size, sizeof(__u32));
  __array(values, int(void *));
} jumps SEC(".maps") = {.values = {[2] = (void *)&second}};

struct pair {
  __u32 a;
  __u64 b;
};
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct pair);
  __type(value, __u16[3]);
} pairs SEC(".maps");

static __u64 total;            // .bss
__u64 seen[4];                 // .bss
static __u32 factor = 3;       // .data
int limit = 100;               // .data
const volatile int level = 2;  // .rodata, set by the loader
static const int table[9] = {1, 2, 3, 5, 8, 13, 21, 34, 55};  // .rodata

static __attribute__((noinline)) __u64 scaled(__u64 x) {
  total += x;
  return x * factor + limit;
}

__attribute__((noinline)) int classify(__u32 x) {
  return (int)scaled(x & 7) + table[x & 7] + level;
}

static long each(void *map, __u32 *key, __u64 *value, __u64 *sum) {
  *sum += *value + scaled(*key);
  return 0;
}

SEC("xdp")
int first(struct xdp_md *ctx) {
  __u32 key = 1;
  __u64 sum = 0;
  void *in = bpf_map_lookup_elem(&outer, &key);
  if (in) {
    __u64 *value = bpf_map_lookup_elem(in, &key);
    if (value)
      sum = *value;
  }
  struct pair pair = {.a = 4, .b = sum};
  __u16 *p = bpf_map_lookup_elem(&pairs, &pair);
  if (p)
    sum += p[2];
  bpf_for_each_map_elem(&inner, each, &sum, 0);
  seen[sum & 3]++;
  bpf_tail_call(ctx, &jumps, 2);
  return classify(sum) & 3;
}

SEC("xdp")
int second(struct xdp_md *ctx) {
  seen[3] = scaled(ctx->data_end - ctx->data);
  return seen[3] > 1000 ? XDP_DROP : XDP_PASS;
}

SEC("tc")
int third(struct __sk_buff *skb) {
  bpf_printk("len %d", skb->len);
  return classify(skb->len) & 1;
}

char _license[] SEC("license") = "GPL";
