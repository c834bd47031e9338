// Functions that are left early: a packet that is too short (ld_abs), a tail call. Their callers go on.
#include <linux/bpf.h>
#define SEC(n) __attribute__((section(n), used))
struct { int (*type)[BPF_MAP_TYPE_PROG_ARRAY]; int (*max_entries)[2]; unsigned *key; unsigned *value; } jmp SEC(".maps");
unsigned long long load_byte(void *skb, unsigned long long off) asm("llvm.bpf.load.byte");

__attribute__((naked, noinline, used)) static int first_word(void)
{
	asm volatile ("r6 = r1; r0 = *(u32 *)skb[1000]; r0 = 1; exit;" ::: "memory");
}
SEC("socket") __attribute__((naked)) int word(void)
{
	asm volatile ("r6 = r1; call first_word; if r0 == 0 goto l1_%=; r0 = 7; exit; l1_%=: r0 = 5; exit;" ::: "memory");
}

__attribute__((noinline)) static int has_option(struct __sk_buff *skb) { return load_byte(skb, 200) == 7 ? 2 : 1; }
SEC("socket") int option(struct __sk_buff *skb)
{
	int r = has_option(skb);
	asm volatile ("" : "+r"(r));
	if (r == 0) return 100; /* too short: has_option() was left in the middle, with 0 */
	return r;
}

__attribute__((naked, noinline, used)) static int hop(void)
{
	asm volatile ("r2 = %[jmp] ll; r3 = 0; call 12; r0 = 1; exit;" : : [jmp]"i"(&jmp) : "memory");
}
SEC("xdp") __attribute__((naked)) int jump(void)
{
	asm volatile ("call hop; if r0 == 1 goto l1_%=; r0 = 2; exit; l1_%=: r0 = 1; exit;" ::: "memory");
}

static long (*loop)(unsigned, void *, void *, unsigned long long) = (void *)181;
static long inner(unsigned i, unsigned long long *n) { *n += 10; return 0; }
static long outer(unsigned i, unsigned long long *n) { *n += 1; loop(1, inner, n, 0); return 0; }
SEC("socket") int loops(void *unused)
{
	unsigned long long a = 0, b = 0;
	loop(1, outer, &a, 0);
	loop(1, outer, &b, 0);
	return a + b;
}
char _license[] SEC("license") = "GPL";
