/* SPDX-License-Identifier: MIT */
/* category: tracing */
/* TCP retransmissions per (source, destination) with CO-RE reads of the socket, events to a ring buffer. */
#include "k2_net.h"

/* The few kernel fields that are read; offsets are corrected when the program is loaded. */
struct sock_common {
	union {
		struct {
			be32 skc_daddr;
			be32 skc_rcv_saddr;
		};
	};
	union {
		struct {
			be16 skc_dport;
			u16 skc_num;
		};
	};
	unsigned short skc_family;
	volatile unsigned char skc_state;
} __attribute__((preserve_access_index));

struct sock {
	struct sock_common __sk_common;
} __attribute__((preserve_access_index));

#define READ(dst, src) bpf_probe_read_kernel(&(dst), sizeof(dst), (const void *)&(src))

struct pair {
	be32 saddr;
	be32 daddr;
	u16 sport;
	be16 dport;
};

struct retransmit_event {
	u64 time_ns;
	struct pair pair;
	u32 count;
	u8 state;
	u8 pad[7];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct pair);
	__type(value, u32);
	__uint(max_entries, 8192);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 262144);
} ring SEC(".maps");

SEC("kprobe/tcp_retransmit_skb")
int kprobe_tcp_retransmit(struct pt_regs *regs)
{
	struct sock *sk = (void *)PT_PARM1(regs);
	struct retransmit_event *e;
	struct pair pair = {};
	unsigned short family;
	u32 *seen, count = 1;

	READ(family, sk->__sk_common.skc_family);
	if (family != AF_INET)
		return 0;
	READ(pair.saddr, sk->__sk_common.skc_rcv_saddr);
	READ(pair.daddr, sk->__sk_common.skc_daddr);
	READ(pair.sport, sk->__sk_common.skc_num);
	READ(pair.dport, sk->__sk_common.skc_dport);

	seen = bpf_map_lookup_elem(&counts, &pair);
	if (seen) {
		count = *seen + 1;
		*seen = count;
	} else {
		bpf_map_update_elem(&counts, &pair, &count, BPF_ANY);
	}

	e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);
	if (!e)
		return 0;
	e->time_ns = bpf_ktime_get_ns();
	e->pair = pair;
	e->count = count;
	READ(e->state, sk->__sk_common.skc_state);
	memset(e->pad, 0, sizeof(e->pad));
	bpf_ringbuf_submit(e, 0);
	return 0;
}

LICENSE;
