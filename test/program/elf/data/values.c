/* Maps of maps whose contents the object says: one inner map also used by name, one only through the outer. */
#define SEC(name) __attribute__((section(name), used))
typedef unsigned u32;
typedef unsigned long long u64;
struct inner { int (*type)[2]; int (*max_entries)[2]; u32 *key; u64 *value; };
struct inner in0 SEC(".maps"), in1 SEC(".maps");
struct {
  int (*type)[12];
  int (*max_entries)[4];
  int (*key_size)[4];
  struct inner *values[];
} outer SEC(".maps") = { .values = { [0] = &in0, [2] = &in1, [3] = &in0 } };
struct __sk_buff;
static void *(*lookup)(void *, const void *) = (void *)1;

SEC("tc") u32 through(struct __sk_buff *s) /* writes in0 through the outer map, reads it by name */
{
  u32 at = 3, key = 0;
  void *m = lookup(&outer, &at);
  u64 *v = m ? lookup(m, &key) : 0, *w = lookup(&in0, &key);
  if (!v || !w) return 0;
  *(volatile u64 *)v = 7;
  return *(volatile u64 *)w;
}
SEC("tc") u32 hidden(struct __sk_buff *s) /* in1 is reached through the outer map only */
{
  u32 at = 2, key = 1;
  void *m = lookup(&outer, &at);
  u64 *v = m ? lookup(m, &key) : 0;
  return v ? 3 : 0;
}
SEC("tc") u32 nothing(struct __sk_buff *s)
{
  u32 at = 1;
  return lookup(&outer, &at) ? 3 : 0;
}
char _license[] SEC("license") = "GPL";
