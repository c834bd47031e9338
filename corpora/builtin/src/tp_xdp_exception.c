/* SPDX-License-Identifier: MIT */
/* category: tracing */
/* Counters for the XDP tracepoints: exceptions per action, redirect errors per kind, batches sent. */
#include "k2_bpf.h"

struct xdp_exception_args {
	u64 common;
	s32 prog_id;
	u32 act;
	s32 ifindex;
};

struct xdp_redirect_args {
	u64 common;
	s32 prog_id;
	u32 act;
	s32 ifindex;
	s32 err;
	s32 to_ifindex;
	u32 map_id;
	s32 map_index;
};

struct xdp_bulk_args {
	u64 common;
	s32 ifindex;
	u32 act;
	s32 drops;
	s32 sent;
	s32 from_ifindex;
	s32 to_ifindex;
	s32 err;
};

struct bulk {
	u64 batches;
	u64 sent;
	u64 dropped;
	u64 errors;
	u64 partial; /* batches of which some packets were dropped */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, 6); /* one per action, the last for unknown ones */
} exceptions SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, 6);
} redirect_errors SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, struct bulk);
	__uint(max_entries, 1);
} bulks SEC(".maps");

SEC("tracepoint/xdp/xdp_exception")
int tp_xdp_exception(struct xdp_exception_args *ctx)
{
	u32 key = ctx->act;
	u64 *n;

	if (key > XDP_REDIRECT)
		key = XDP_REDIRECT + 1;
	n = bpf_map_lookup_elem(&exceptions, &key);
	if (!n)
		return 1;
	*n += 1;
	return 0;
}

SEC("tracepoint/xdp/xdp_redirect_err")
int tp_xdp_redirect_err(struct xdp_redirect_args *ctx)
{
	u32 key;
	u64 *n;

	switch (ctx->err) {
	case 0:
		key = 0;
		break;
	case -22: /* invalid argument */
		key = 1;
		break;
	case -100: /* network is down */
		key = 2;
		break;
	case -90: /* message too long */
		key = 3;
		break;
	case -28: /* no space */
		key = 4;
		break;
	default:
		key = 5;
	}
	n = bpf_map_lookup_elem(&redirect_errors, &key);
	if (!n)
		return 1;
	*n += 1;
	return 0;
}

SEC("tracepoint/xdp/xdp_devmap_xmit")
int tp_xdp_bulk(struct xdp_bulk_args *ctx)
{
	struct bulk *b;
	u32 zero = 0;

	b = bpf_map_lookup_elem(&bulks, &zero);
	if (!b)
		return 0;
	b->batches++;
	b->sent += ctx->sent;
	b->dropped += ctx->drops;
	if (ctx->drops > 0)
		b->partial++;
	if (ctx->err)
		b->errors++;
	return 0;
}

LICENSE;
