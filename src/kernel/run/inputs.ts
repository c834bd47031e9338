/**
 * What a hook's TEST_RUN takes and gives, per program type, and the nearest test case that the kernel can
 * play.
 *
 *   TestCase --playable--> TestCase that both the kernel and our interpreter can start from
 *            --(data_in, ctx_in)--> kernel --(data_out, ctx_out)--> packet and context as the program left
 *              them
 *
 * Source: net/bpf/test_run.c (convert___skb_to_skb, xdp_convert_md_to_buff, bpf_prog_test_run_*), Linux 6.18.
 */
import { LoadFlag } from '../../program/tables/attach.ts';
import type { HookName } from '../../program/tables/hook-types.ts';
import { HOOKS } from '../../program/tables/hooks.ts';
import type { TestCase } from '../../vm/types.ts';
import type { LoadAs } from './load.ts';

/** The kernel functions behind TEST_RUN that we can drive. */
export type Runner = 'xdp' | 'skb-l2' | 'skb-l3' | 'record' | 'record-rw';

export interface RunAs {
  runner: Runner;
  /** Set when the type itself cannot be run: the type that executes the same instructions. */
  as?: LoadAs;
}

const RAW_TRACEPOINT: LoadAs = { progType: HOOKS.raw_tracepoint.progType, attachType: 0, flags: 0 };
const SYSCALL: LoadAs = { progType: HOOKS.syscall.progType, attachType: 0, flags: LoadFlag.SLEEPABLE };
/** ctx_in of a raw tracepoint: at most 12 arguments. */
const RAW_TRACEPOINT_BYTES = 96;

const L2: readonly RunAs[] = [{ runner: 'skb-l2' }];
const L3: readonly RunAs[] = [{ runner: 'skb-l3' }];
const RECORD: readonly RunAs[] = [
  { runner: 'record', as: RAW_TRACEPOINT },
  { runner: 'record-rw', as: SYSCALL },
];
const RECORD_RW: readonly RunAs[] = [{ runner: 'record-rw', as: SYSCALL }];

const WAYS: Readonly<Partial<Record<HookName, readonly RunAs[]>>> = {
  xdp: [{ runner: 'xdp' }],
  sched_cls: L2,
  sched_act: L2,
  socket_filter: L3,
  cgroup_skb: L3,
  lwt_in: L3,
  lwt_out: L3,
  lwt_xmit: L3,
  lwt_seg6local: L3,
  raw_tracepoint: [{ runner: 'record' }],
  tracepoint: RECORD,
  kprobe: RECORD,
  perf_event: RECORD,
  syscall: [{ runner: 'record-rw' }],
  cgroup_sock_addr: RECORD_RW,
  cgroup_sock: RECORD_RW,
  cgroup_sysctl: RECORD_RW,
  cgroup_device: RECORD_RW,
  sock_ops: RECORD_RW,
};

/** Ways to run a hook's programs here, best first; empty when there is none. */
export function waysToRun(hook: HookName): readonly RunAs[] {
  return WAYS[hook] ?? [];
}

const ETH_HLEN = 14;
/** Longest packet that fits a page with its headroom and trailer in every runner. */
const MAX_PACKET = 3072;
const LOOPBACK = 1;

/** Offsets in struct xdp_md and struct __sk_buff. */
const XDP_MD = { data: 0, dataEnd: 4, ingressIfindex: 12, size: 24 } as const;
const SKB = {
  len: 0,
  pktType: 4,
  mark: 8,
  protocol: 16,
  priority: 32,
  ifindex: 40,
  cb: 48,
  family: 88,
  tstamp: 152,
  wireLen: 160,
  size: 192,
} as const;
/** Context bytes that TEST_RUN takes and gives back: [offset, length]. */
const SKB_IN_OUT: readonly (readonly [number, number])[] = [
  [SKB.mark, 4],
  [SKB.priority, 4],
  [SKB.cb, 20],
  [SKB.tstamp, 8],
];

function view(b: Uint8Array): DataView {
  return new DataView(b.buffer, b.byteOffset, b.byteLength);
}

/** `bytes` cut or filled up with zeros to a length in [low, high]. */
function sized(bytes: Uint8Array, low: number, high: number): Uint8Array {
  if (bytes.length >= low && bytes.length <= high) return bytes;
  const out = new Uint8Array(Math.max(low, Math.min(bytes.length, high)));
  out.set(bytes.subarray(0, out.length));
  return out;
}

/**
 * eth_type_trans(): what becomes of the two bytes after the addresses. As a little-endian load would read it.
 */
function etherType(header: Uint8Array, payload: Uint8Array): number {
  const type = (header[12]! << 8) | header[13]!;
  if (type >= 0x600) return header[12]! | (header[13]! << 8);
  const ETH_P_802_3 = 0x0100;
  const ETH_P_802_2 = 0x0400;
  return payload.length >= 2 && payload[0] === 0xff && payload[1] === 0xff ? ETH_P_802_3 : ETH_P_802_2;
}

/**
 * PACKET_HOST, PACKET_MULTICAST or PACKET_OTHERHOST: loopback, whose own and broadcast addresses are both
 * zero.
 */
function packetType(header: Uint8Array): number {
  if (header.subarray(0, 6).every((b) => b === 0)) return 0;
  return (header[0]! & 1) === 1 ? 2 : 3;
}

/** Bytes of the fixed IPv4 and IPv6 headers, by EtherType. */
const HEADER_OF: Readonly<Record<number, number>> = { 2048: 20, 34525: 40 };

/**
 * Link-layer header that is given to the kernel before a packet that the program sees from its own first
 * byte.
 */
function l3Header(packet: Uint8Array): Uint8Array {
  const header = new Uint8Array(ETH_HLEN);
  header.set(packet.subarray(12, 14), 12);
  return header;
}

/** The test case with the context and packet that this runner really presents to the program. */
export function playable(hook: HookName, runner: Runner, test: TestCase): TestCase {
  const ctxSize = HOOKS[hook].ctxSize;
  if (runner === 'record' || runner === 'record-rw') {
    const limit = runner === 'record' ? RAW_TRACEPOINT_BYTES : ctxSize;
    const size = Math.min(limit, ctxSize);
    return { ...test, ctx: sized(test.ctx, size, size) };
  }
  let packet = sized(test.packet, ETH_HLEN, MAX_PACKET);
  const ctx = new Uint8Array(ctxSize);
  const v = view(ctx);
  if (runner === 'xdp') {
    v.setUint32(XDP_MD.ingressIfindex, LOOPBACK, true);
    return { ...test, packet, ctx };
  }
  // An skb must hold the whole fixed header that its EtherType promises, and at least one byte.
  const promised = HEADER_OF[(packet[12]! << 8) | packet[13]!] ?? 1;
  packet = sized(packet, promised + (runner === 'skb-l2' ? ETH_HLEN : 0), MAX_PACKET);
  for (const [at, n] of SKB_IN_OUT) if (test.ctx.length >= at + n) ctx.set(test.ctx.subarray(at, at + n), at);
  const isL2 = runner === 'skb-l2';
  const header = isL2 ? packet : l3Header(packet);
  v.setUint32(SKB.len, packet.length, true);
  v.setUint32(SKB.pktType, packetType(header), true);
  v.setUint32(SKB.protocol, etherType(header, isL2 ? packet.subarray(ETH_HLEN) : packet), true);
  v.setUint32(SKB.ifindex, LOOPBACK, true);
  v.setUint32(SKB.wireLen, packet.length, true);
  return { ...test, packet, ctx };
}

/** `data_in` and `ctx_in` for a playable test case; undefined: leave it out. */
export function kernelInput(
  runner: Runner,
  test: TestCase,
): { data: Uint8Array | undefined; ctx: Uint8Array | undefined } {
  if (runner === 'record' || runner === 'record-rw') return { data: undefined, ctx: test.ctx.slice() };
  if (runner === 'xdp') {
    const ctx = new Uint8Array(XDP_MD.size);
    view(ctx).setUint32(XDP_MD.dataEnd, test.packet.length, true);
    return { data: test.packet, ctx };
  }
  const ctx = new Uint8Array(SKB.size);
  for (const [at, n] of SKB_IN_OUT) ctx.set(test.ctx.subarray(at, at + n), at);
  if (runner === 'skb-l2') return { data: test.packet, ctx };
  const data = new Uint8Array(ETH_HLEN + test.packet.length);
  data.set(l3Header(test.packet));
  data.set(test.packet, ETH_HLEN);
  return { data, ctx };
}

/** Packet and context as the program left them, from `data_out` and `ctx_out`. */
export function kernelOutput(
  runner: Runner,
  test: TestCase,
  data: Uint8Array,
  ctxOut: Uint8Array,
): { packet: Uint8Array; ctx: Uint8Array } {
  if (runner === 'record') return { packet: test.packet, ctx: test.ctx };
  if (runner === 'record-rw') return { packet: test.packet, ctx: ctxOut };
  if (runner === 'xdp')
    // What the program put in front with bpf_xdp_adjust_meta() comes first.
    return { packet: data.subarray(view(ctxOut).getUint32(XDP_MD.data, true)), ctx: test.ctx };
  const ctx = test.ctx.slice();
  for (const [at, n] of SKB_IN_OUT) ctx.set(ctxOut.subarray(at, at + n), at);
  return { packet: runner === 'skb-l2' ? data : data.subarray(ETH_HLEN), ctx };
}

/** Parts of the context that a run can change and TEST_RUN shows: [offset, length]. */
export function visibleContext(hook: HookName, runner: Runner): readonly (readonly [number, number])[] {
  const { fields, rawWrite, ctxSize } = HOOKS[hook];
  if (runner === 'xdp' || runner === 'record') return [];
  if (runner === 'record-rw') {
    if (rawWrite === true) return [[0, ctxSize]];
    return fields.filter((f) => f.write).map((f) => [f.offset, f.size] as const);
  }
  return SKB_IN_OUT.filter(([at]) => fields.some((f) => f.write && f.offset === at));
}
