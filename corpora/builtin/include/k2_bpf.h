/* SPDX-License-Identifier: MIT */
/*
 * What a BPF program of this corpus needs to be compiled, and nothing else: integer types, the
 * context structures and constants of the Linux BPF user interface, helper declarations by number
 * and the macros of BTF-defined maps. No kernel, libbpf or libc header is included.
 */
#ifndef K2_BPF_H
#define K2_BPF_H

typedef __UINT8_TYPE__ u8;
typedef __UINT16_TYPE__ u16;
typedef __UINT32_TYPE__ u32;
typedef __UINT64_TYPE__ u64;
typedef __INT8_TYPE__ s8;
typedef __INT16_TYPE__ s16;
typedef __INT32_TYPE__ s32;
typedef __INT64_TYPE__ s64;
/* Network byte order. */
typedef u16 be16;
typedef u32 be32;
typedef u64 be64;

#define NULL ((void *)0)
#define SEC(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))
#define LICENSE char _license[] SEC("license") = "Dual MIT/GPL"

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define htons(x) ((be16)__builtin_bswap16((u16)(x)))
#define ntohs(x) ((u16)__builtin_bswap16((u16)(x)))
#define htonl(x) ((be32)__builtin_bswap32((u32)(x)))
#define ntohl(x) ((u32)__builtin_bswap32((u32)(x)))
#define htonll(x) ((be64)__builtin_bswap64((u64)(x)))

#define memcpy __builtin_memcpy
#define memset __builtin_memset

/* BTF-defined maps: numbers travel as array lengths, types as pointers. */
#define __uint(name, value) int(*name)[value]
#define __type(name, value) __typeof__(value) *name
#define __array(name, value) __typeof__(value) *name[]

enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PROG_ARRAY = 3,
	BPF_MAP_TYPE_PERF_EVENT_ARRAY = 4,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_STACK_TRACE = 7,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_LRU_PERCPU_HASH = 10,
	BPF_MAP_TYPE_LPM_TRIE = 11,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_HASH_OF_MAPS = 13,
	BPF_MAP_TYPE_DEVMAP = 14,
	BPF_MAP_TYPE_SOCKMAP = 15,
	BPF_MAP_TYPE_CPUMAP = 16,
	BPF_MAP_TYPE_SOCKHASH = 18,
	BPF_MAP_TYPE_REUSEPORT_SOCKARRAY = 20,
	BPF_MAP_TYPE_DEVMAP_HASH = 25,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum { BPF_F_NO_PREALLOC = 1 };
enum { BPF_ANY = 0, BPF_NOEXIST = 1, BPF_EXIST = 2 };
#define BPF_F_CURRENT_CPU 0xffffffffULL
#define BPF_F_RECOMPUTE_CSUM 1ULL
#define BPF_F_PSEUDO_HDR 16ULL
#define BPF_F_MARK_MANGLED_0 32ULL

enum xdp_action { XDP_ABORTED = 0, XDP_DROP, XDP_PASS, XDP_TX, XDP_REDIRECT };
enum tc_action { TC_ACT_UNSPEC = -1, TC_ACT_OK = 0, TC_ACT_SHOT = 2, TC_ACT_REDIRECT = 7 };
enum lwt_action { BPF_OK = 0, BPF_DROP = 2 };
enum sk_verdict { SK_DROP = 0, SK_PASS = 1 };

struct xdp_md {
	u32 data;
	u32 data_end;
	u32 data_meta;
	u32 ingress_ifindex;
	u32 rx_queue_index;
	u32 egress_ifindex;
};

struct bpf_sock {
	u32 bound_dev_if;
	u32 family;
	u32 type;
	u32 protocol;
	u32 mark;
	u32 priority;
	u32 src_ip4;
	u32 src_ip6[4];
	u32 src_port; /* host order */
	be16 dst_port;
	u16 pad;
	u32 dst_ip4;
	u32 dst_ip6[4];
	u32 state;
	s32 rx_queue_mapping;
};

struct bpf_flow_keys {
	u16 nhoff;
	u16 thoff;
	u16 addr_proto;
	u8 is_frag;
	u8 is_first_frag;
	u8 is_encap;
	u8 ip_proto;
	be16 n_proto;
	be16 sport;
	be16 dport;
	union {
		struct {
			be32 ipv4_src;
			be32 ipv4_dst;
		};
		struct {
			u32 ipv6_src[4];
			u32 ipv6_dst[4];
		};
	};
	u32 flags;
	be32 flow_label;
};

#define CTX_POINTER(type, name) \
	union {                  \
		type *name;      \
		u64 : 64;        \
	} __attribute__((aligned(8)))

struct __sk_buff {
	u32 len;
	u32 pkt_type;
	u32 mark;
	u32 queue_mapping;
	u32 protocol;
	u32 vlan_present;
	u32 vlan_tci;
	u32 vlan_proto;
	u32 priority;
	u32 ingress_ifindex;
	u32 ifindex;
	u32 tc_index;
	u32 cb[5];
	u32 hash;
	u32 tc_classid;
	u32 data;
	u32 data_end;
	u32 napi_id;
	u32 family;
	u32 remote_ip4;
	u32 local_ip4;
	u32 remote_ip6[4];
	u32 local_ip6[4];
	u32 remote_port; /* network order in the upper half word of a be32 */
	u32 local_port;  /* host order */
	u32 data_meta;
	CTX_POINTER(struct bpf_flow_keys, flow_keys);
	u64 tstamp;
	u32 wire_len;
	u32 gso_segs;
	CTX_POINTER(struct bpf_sock, sk);
	u32 gso_size;
	u8 tstamp_type;
	u32 : 24;
	u64 hwtstamp;
};

struct bpf_sock_addr {
	u32 user_family;
	u32 user_ip4;
	u32 user_ip6[4];
	u32 user_port; /* network order, low 16 bits */
	u32 family;
	u32 type;
	u32 protocol;
	u32 msg_src_ip4;
	u32 msg_src_ip6[4];
	CTX_POINTER(struct bpf_sock, sk);
};

struct bpf_sock_ops {
	u32 op;
	union {
		u32 args[4];
		u32 reply;
		u32 replylong[4];
	};
	u32 family;
	u32 remote_ip4;
	u32 local_ip4;
	u32 remote_ip6[4];
	u32 local_ip6[4];
	u32 remote_port;
	u32 local_port;
	u32 is_fullsock;
	u32 snd_cwnd;
	u32 srtt_us; /* eight times the smoothed round trip time */
	u32 bpf_sock_ops_cb_flags;
	u32 state;
	u32 rtt_min;
	u32 snd_ssthresh;
	u32 rcv_nxt;
	u32 snd_nxt;
	u32 snd_una;
	u32 mss_cache;
	u32 ecn_flags;
	u32 rate_delivered;
	u32 rate_interval_us;
	u32 packets_out;
	u32 retrans_out;
	u32 total_retrans;
	u32 segs_in;
	u32 data_segs_in;
	u32 segs_out;
	u32 data_segs_out;
	u32 lost_out;
	u32 sacked_out;
	u32 sk_txhash;
	u64 bytes_received;
	u64 bytes_acked;
};

enum {
	BPF_SOCK_OPS_TIMEOUT_INIT = 1,
	BPF_SOCK_OPS_RWND_INIT = 2,
	BPF_SOCK_OPS_TCP_CONNECT_CB = 3,
	BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB = 4,
	BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB = 5,
	BPF_SOCK_OPS_NEEDS_ECN = 6,
	BPF_SOCK_OPS_BASE_RTT = 7,
	BPF_SOCK_OPS_RTO_CB = 8,
	BPF_SOCK_OPS_RETRANS_CB = 9,
	BPF_SOCK_OPS_STATE_CB = 10,
	BPF_SOCK_OPS_TCP_LISTEN_CB = 11,
	BPF_SOCK_OPS_RTT_CB = 12,
};
enum {
	BPF_SOCK_OPS_RTO_CB_FLAG = 1,
	BPF_SOCK_OPS_RETRANS_CB_FLAG = 2,
	BPF_SOCK_OPS_STATE_CB_FLAG = 4,
	BPF_SOCK_OPS_RTT_CB_FLAG = 8,
};

struct sk_msg_md {
	CTX_POINTER(void, data);
	CTX_POINTER(void, data_end);
	u32 family;
	u32 remote_ip4;
	u32 local_ip4;
	u32 remote_ip6[4];
	u32 local_ip6[4];
	u32 remote_port;
	u32 local_port;
	u32 size;
};

struct bpf_sk_lookup {
	union {
		CTX_POINTER(struct bpf_sock, sk);
		u64 cookie;
	};
	u32 family;
	u32 protocol;
	u32 remote_ip4;
	u32 remote_ip6[4];
	be16 remote_port;
	u16 : 16;
	u32 local_ip4;
	u32 local_ip6[4];
	u32 local_port; /* host order */
	u32 ingress_ifindex;
};

struct sk_reuseport_md {
	CTX_POINTER(void, data);
	CTX_POINTER(void, data_end);
	u32 len;
	u32 eth_protocol;
	u32 ip_protocol;
	u32 bind_inany;
	u32 hash;
};

struct bpf_cgroup_dev_ctx {
	u32 access_type; /* access << 16 | device type */
	u32 major;
	u32 minor;
};

struct bpf_sysctl {
	u32 write;
	u32 file_pos;
};

struct bpf_raw_tracepoint_args {
	u64 args[0];
};

/* x86-64 register frame as kprobe and perf_event programs see it. */
struct pt_regs {
	u64 r15, r14, r13, r12, rbp, rbx;
	u64 r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	u64 orig_rax, rip, cs, eflags, rsp, ss;
};
#define PT_PARM1(r) ((r)->rdi)
#define PT_PARM2(r) ((r)->rsi)
#define PT_PARM3(r) ((r)->rdx)
#define PT_RC(r) ((r)->rax)

struct bpf_perf_event_data {
	struct pt_regs regs;
	u64 sample_period;
	u64 addr;
};

struct bpf_fib_lookup {
	u8 family;
	u8 l4_protocol;
	be16 sport;
	be16 dport;
	u16 tot_len;
	u32 ifindex;
	union {
		u8 tos;
		be32 flowinfo;
		u32 rt_metric;
	};
	union {
		be32 ipv4_src;
		u32 ipv6_src[4];
	};
	union {
		be32 ipv4_dst;
		u32 ipv6_dst[4];
	};
	be16 h_vlan_proto;
	be16 h_vlan_tci;
	u8 smac[6];
	u8 dmac[6];
};
enum {
	BPF_FIB_LKUP_RET_SUCCESS = 0,
	BPF_FIB_LKUP_RET_BLACKHOLE = 1,
	BPF_FIB_LKUP_RET_UNREACHABLE = 2,
	BPF_FIB_LKUP_RET_PROHIBIT = 3,
	BPF_FIB_LKUP_RET_NOT_FWDED = 4,
	BPF_FIB_LKUP_RET_FWD_DISABLED = 5,
	BPF_FIB_LKUP_RET_UNSUPP_LWT = 6,
	BPF_FIB_LKUP_RET_NO_NEIGH = 7,
	BPF_FIB_LKUP_RET_FRAG_NEEDED = 8,
};

struct bpf_spin_lock {
	u32 val;
};

#define HELPER(id, ret, name, ...) static ret (*const name)(__VA_ARGS__) = (void *)(id)

HELPER(1, void *, bpf_map_lookup_elem, void *map, const void *key);
HELPER(2, long, bpf_map_update_elem, void *map, const void *key, const void *value, u64 flags);
HELPER(3, long, bpf_map_delete_elem, void *map, const void *key);
HELPER(5, u64, bpf_ktime_get_ns, void);
HELPER(7, u32, bpf_get_prandom_u32, void);
HELPER(8, u32, bpf_get_smp_processor_id, void);
HELPER(9, long, bpf_skb_store_bytes, struct __sk_buff *skb, u32 offset, const void *from, u32 len, u64 flags);
HELPER(10, long, bpf_l3_csum_replace, struct __sk_buff *skb, u32 offset, u64 from, u64 to, u64 size);
HELPER(11, long, bpf_l4_csum_replace, struct __sk_buff *skb, u32 offset, u64 from, u64 to, u64 flags);
HELPER(12, long, bpf_tail_call, void *ctx, void *prog_array, u32 index);
HELPER(14, u64, bpf_get_current_pid_tgid, void);
HELPER(15, u64, bpf_get_current_uid_gid, void);
HELPER(16, long, bpf_get_current_comm, void *buf, u32 size);
HELPER(18, long, bpf_skb_vlan_push, struct __sk_buff *skb, be16 proto, u16 tci);
HELPER(23, long, bpf_redirect, u32 ifindex, u64 flags);
HELPER(25, long, bpf_perf_event_output, void *ctx, void *map, u64 flags, void *data, u64 size);
HELPER(26, long, bpf_skb_load_bytes, const void *skb, u32 offset, void *to, u32 len);
HELPER(27, long, bpf_get_stackid, void *ctx, void *map, u64 flags);
HELPER(28, s64, bpf_csum_diff, be32 *from, u32 from_size, be32 *to, u32 to_size, u32 seed);
HELPER(34, u32, bpf_get_hash_recalc, struct __sk_buff *skb);
HELPER(35, u64, bpf_get_current_task, void);
HELPER(39, long, bpf_skb_pull_data, struct __sk_buff *skb, u32 len);
HELPER(44, long, bpf_xdp_adjust_head, struct xdp_md *xdp, int delta);
HELPER(46, u64, bpf_get_socket_cookie, void *ctx);
HELPER(51, long, bpf_redirect_map, void *map, u64 key, u64 flags);
HELPER(59, long, bpf_sock_ops_cb_flags_set, struct bpf_sock_ops *skops, int flags);
HELPER(65, long, bpf_xdp_adjust_tail, struct xdp_md *xdp, int delta);
HELPER(69, long, bpf_fib_lookup, void *ctx, struct bpf_fib_lookup *params, int plen, u32 flags);
HELPER(70, long, bpf_sock_hash_update, struct bpf_sock_ops *skops, void *map, void *key, u64 flags);
HELPER(71, long, bpf_msg_redirect_hash, struct sk_msg_md *msg, void *map, void *key, u64 flags);
HELPER(72, long, bpf_sk_redirect_hash, struct __sk_buff *skb, void *map, void *key, u64 flags);
HELPER(80, u64, bpf_get_current_cgroup_id, void);
HELPER(82, long, bpf_sk_select_reuseport, struct sk_reuseport_md *md, void *map, void *key, u64 flags);
HELPER(86, long, bpf_sk_release, void *sk);
HELPER(93, long, bpf_spin_lock, struct bpf_spin_lock *lock);
HELPER(94, long, bpf_spin_unlock, struct bpf_spin_lock *lock);
HELPER(101, long, bpf_sysctl_get_name, struct bpf_sysctl *ctx, char *buf, u64 size, u64 flags);
HELPER(112, long, bpf_probe_read_user, void *dst, u32 size, const void *from);
HELPER(113, long, bpf_probe_read_kernel, void *dst, u32 size, const void *from);
HELPER(124, long, bpf_sk_assign, void *ctx, void *sk, u64 flags);
HELPER(131, void *, bpf_ringbuf_reserve, void *ringbuf, u64 size, u64 flags);
HELPER(132, void, bpf_ringbuf_submit, void *data, u64 flags);

#endif
