// Read-only data: an array that a loader may set, a literal of the compiler, and a setting.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char _license[] SEC("license") = "GPL";
const __u32 weights[4] = {3, 5, 7, 11};
const volatile __u32 limit SEC(".rodata.settings") = 9;
SEC("tc") int fixed(struct __sk_buff *skb)
{
	__u32 i = 2;
	asm volatile("" : "+r"(i));
	return weights[i & 3];
}
SEC("tc") int indexed(struct __sk_buff *skb)
{
	return weights[skb->len & 3];
}
SEC("tc") int setting(struct __sk_buff *skb)
{
	return limit;
}
