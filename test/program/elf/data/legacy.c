// Map definitions from before BTF: struct bpf_map_def of 20 bytes, the samples' of 28, iproute2's of 36.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct iproute2_map {
  __u32 type, size_key, size_value, max_elem, flags, id, pinning, inner_id, inner_idx;
};

#if defined(IPROUTE2)
struct iproute2_map SEC("maps") cells = {.type = BPF_MAP_TYPE_ARRAY, .size_key = 4, .size_value = 8, .max_elem = 2, .id = 7};
struct iproute2_map SEC("maps") rows = {
    .type = BPF_MAP_TYPE_ARRAY_OF_MAPS, .size_key = 4, .size_value = 4, .max_elem = 5, .inner_id = 7};
#elif defined(SAMPLES)
struct samples_map {
  __u32 type, key_size, value_size, max_entries, map_flags, inner_map_idx, numa_node;
};
struct samples_map SEC("maps") cells = {BPF_MAP_TYPE_HASH, 16, 8, 2, 1, 0, 0};
struct samples_map SEC("maps") rows = {BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 5, 0, 0, 0};
#else
struct old_map {
  __u32 type, key_size, value_size, max_entries, map_flags;
};
struct old_map SEC("maps") cells = {BPF_MAP_TYPE_LRU_HASH, 6, 24, 1024, 0};
struct old_map SEC("maps") rows = {BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 5, 0};
#endif

static __attribute__((always_inline)) int lookup(void *map) {
  __u64 key[2] = {};
  return bpf_map_lookup_elem(map, key) != 0;
}

SEC("socket1")
int count(struct __sk_buff *skb) { return lookup(&cells) + lookup(&rows); }

SEC("7/0x42")
int strange(struct __sk_buff *skb) { return lookup(&cells); }

char _license[] SEC("license") = "Dual MIT/GPL";
__u32 _version SEC("version") = 0x60100;
