/**
 * Helpers whose effect is seen outside: redirects, events, tail calls, messages. Sources: net/core/filter.c,
 * kernel/bpf/devmap.c, kernel/trace/bpf_trace.c, kernel/bpf/ringbuf.c.
 */
import { Helper } from '../../program/tables/helpers.ts';
import { MapTypeId as T } from '../../program/tables/maps.ts';
import { fault } from '../memory/arena.ts';
import { FaultCode, HEAD, MAP, SHADOW } from '../memory/layout.ts';
import type { SimMap } from '../memory/sim-map.ts';
import { Errno } from './errno.ts';
import type { Done, HelperCall, HelperModels } from './helper-call.ts';
import { inputs } from './unmodelled.ts';

const XDP = { ABORTED: 0, REDIRECT: 4 } as const;
const TC = { SHOT: 2, REDIRECT: 7 } as const;

function redirect(k: HelperCall): Done {
  k.record(23, [BigInt(k.lo(1)), k.value(2)]);
  if (k.hook.name === 'xdp') return k.ret(k.value(2) === 0n ? XDP.REDIRECT : XDP.ABORTED);
  return k.ret((k.value(2) & ~1n) === 0n ? TC.REDIRECT : TC.SHOT);
}

/** Slot of the entry with a 4-byte key that is no memory of the program, or -1. */
function entryOf(map: SimMap, key: number): number {
  for (const slot of map.liveSlots()) if (map.arena.u32(map.keyAt(slot)) === key) return slot;
  return -1;
}

/** redirect_map(map, key, flags): the low two bits of flags are the answer when there is no entry. */
function redirectMap(k: HelperCall): Done {
  const map = k.map(1);
  const devices = map.type === T.DEVMAP || map.type === T.DEVMAP_HASH;
  if (!devices && map.type !== T.CPUMAP && map.type !== T.XSKMAP) fault(FaultCode.BAD_CALL);
  const key = k.lo(2);
  const flags = k.value(3);
  const broadcast = devices && (flags & 8n) !== 0n;
  const allowed = devices ? 0x1bn : 3n;
  if ((flags & ~allowed) !== 0n) return k.ret(XDP.ABORTED);
  const found = entryOf(map, key) >= 0;
  k.record(51, [BigInt(map.get(MAP.INDEX)), BigInt(key), flags, found ? 1n : 0n]);
  return k.ret(found || broadcast ? XDP.REDIRECT : Number(flags & 3n));
}

/**
 * tail_call(ctx, map, index): ends the running function when there is an entry, else goes on. What the other
 * program does is not followed; a caller of the function gets a result that differs from entry to entry.
 */
function tailCall(k: HelperCall): Done {
  k.ctx(1);
  const map = k.map(2);
  if (map.type !== T.PROG_ARRAY) fault(FaultCode.BAD_CALL);
  const index = k.lo(3);
  if (index >= map.get(MAP.MAX_ENTRIES) || entryOf(map, index) < 0) return k.retNothing();
  k.record(12, [BigInt(map.get(MAP.INDEX)), BigInt(index)]);
  k.ended = true;
  return k.ret(index % RESULTS);
}
/** Results of other programs: small numbers, as verdicts on packets are. */
const RESULTS = 5;

const CURRENT_CPU = 0xffff_ffff;

/** perf_event_output(ctx, map, flags, data, size): needs an event in the map's entry. */
function perfEventOutput(k: HelperCall): Done {
  const helper = k.prototype(25);
  const from = inputs(k, helper);
  const map = k.map(2);
  if (map.type !== T.PERF_EVENT_ARRAY) fault(FaultCode.BAD_CALL);
  const wanted = k.lo(3);
  const index = wanted === CURRENT_CPU ? k.cpu : wanted;
  if ((k.hi(3) & ~0xf_ffff) !== 0) return k.ret(-Errno.EINVAL);
  if (index >= map.get(MAP.MAX_ENTRIES)) return k.ret(-Errno.E2BIG);
  if (entryOf(map, index) < 0) return k.ret(-Errno.ENOENT);
  k.record(25, from.args, from.places);
  return k.ret(0);
}

/** trace_printk(fmt, fmt_size, ...): arguments count as far as the format names them. */
function tracePrintk(k: HelperCall): Done {
  const size = k.lo(2);
  const p = k.read(1, size);
  const text = Array.from(k.arena.bytes.subarray(p, p + size), (c) => String.fromCharCode(c)).join('');
  const used = text.replaceAll('%%', '').split('%').length - 1;
  k.record(
    6,
    [1, 2, 3].slice(0, used).map((n) => k.value(n + 2)),
    [[p, size]],
  );
  return k.ret(size);
}

/** Records that ringbuf_reserve hands out, one after the other in the opaque region. */
function ringbufReserve(k: HelperCall): Done {
  const map = k.map(1);
  if (map.type !== T.RINGBUF) fault(FaultCode.BAD_CALL);
  const size = k.lo(2);
  const p = k.arena.at + k.arena.headOffset(HEAD.RINGBUF);
  const end = k.arena.at + k.arena.head(HEAD.RINGBUF_END);
  if (k.value(3) !== 0n || k.hi(2) !== 0 || p + 8 + size > end) return k.ret(0);
  k.arena.setU32(p, size);
  k.arena.mark(p + 8, size, SHADOW.READ | SHADOW.WRITE);
  k.setPacketPointer(HEAD.RINGBUF, p + 8 + ((size + 7) & ~7));
  return k.retPointer(p + 8);
}

/** Size of the record that an argument points to: it stands before the record. */
function recordSize(k: HelperCall, p: number): number {
  const first = k.arena.at + k.arena.head(HEAD.RINGBUF_START);
  if (p - 8 < first || p > k.arena.at + k.arena.head(HEAD.RINGBUF_END)) fault(FaultCode.BAD_CALL);
  return k.arena.u32(p - 8);
}

function ringbufEnd(k: HelperCall, helper: number): Done {
  const p = k.arena.locate(k.lo(1), k.hi(1));
  if (p < 0) fault(FaultCode.BAD_CALL);
  const size = recordSize(k, p);
  if (!k.arena.has(p, size, SHADOW.WRITE)) fault(FaultCode.BAD_CALL);
  k.record(helper, [k.value(2)], helper === Helper.ringbuf_submit ? [[p, size]] : []);
  k.arena.mark(p, size, 0);
  return k.ret(0);
}

function recorded(helper: number) {
  return (k: HelperCall): Done => {
    const from = inputs(k, k.prototype(helper));
    k.record(helper, from.args, from.places);
    return k.ret(0);
  };
}

export const OUTPUT_MODELS: HelperModels = {
  [Helper.trace_printk]: tracePrintk,
  [Helper.tail_call]: tailCall,
  [Helper.redirect]: redirect,
  [Helper.perf_event_output]: perfEventOutput,
  [Helper.redirect_map]: redirectMap,
  [Helper.ringbuf_output]: recorded(Helper.ringbuf_output),
  [Helper.ringbuf_reserve]: ringbufReserve,
  [Helper.ringbuf_submit]: (k) => ringbufEnd(k, Helper.ringbuf_submit),
  [Helper.ringbuf_discard]: (k) => ringbufEnd(k, Helper.ringbuf_discard),
};
