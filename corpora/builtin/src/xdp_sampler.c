/* SPDX-License-Identifier: MIT */
/* category: telemetry */
/* Samples one packet in `sample_rate`: metadata and the first bytes of the packet to a perf ring. */
#include "k2_net.h"

#define SNAP_LEN 128

struct sample {
	u64 time_ns;
	u32 ifindex;
	u32 queue;
	u16 packet_len;
	u16 snap_len;
	u32 rate;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, u32);
	__type(value, u32);
	__uint(max_entries, 128);
} samples SEC(".maps");

const volatile u32 sample_rate = 1024;
u64 seen;
u64 sampled;

SEC("xdp")
int xdp_sampler(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	u64 bytes = end - data;
	struct sample s = {};
	u64 flags;

	__sync_fetch_and_add(&seen, 1);
	if (!sample_rate || bpf_get_prandom_u32() % sample_rate)
		return XDP_PASS;

	s.time_ns = bpf_ktime_get_ns();
	s.ifindex = ctx->ingress_ifindex;
	s.queue = ctx->rx_queue_index;
	s.packet_len = bytes;
	s.snap_len = bytes < SNAP_LEN ? bytes : SNAP_LEN;
	s.rate = sample_rate;
	flags = BPF_F_CURRENT_CPU | (u64)s.snap_len << 32;
	if (!bpf_perf_event_output(ctx, &samples, flags, &s, sizeof(s)))
		__sync_fetch_and_add(&sampled, 1);
	return XDP_PASS;
}

LICENSE;
