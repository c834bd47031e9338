/**
 * Helpers that read, write and resize packets, with the kernel's limits and return codes. Source:
 * net/core/filter.c, net/core/skbuff.c.
 */
import { Helper } from '../../program/tables/helpers.ts';
import { fault } from '../memory/arena.ts';
import { packetAccess } from '../memory/image.ts';
import { FaultCode, HEAD, SHADOW } from '../memory/layout.ts';
import { fold, partial, replaceByDiff, replaceWord } from './checksum.ts';
import { Errno } from './errno.ts';
import type { Done, HelperCall, HelperModels } from './helper-call.ts';

const ETH_HLEN = 14;

/**
 * Big-endian view of packet words does not matter here: checksums work in memory order on little-endian
 * machines.
 */
const u16 = (k: HelperCall, p: number): number => k.arena.view.getUint16(p, true);

function setU16(k: HelperCall, p: number, value: number): void {
  k.arena.touch(p, 2);
  k.arena.view.setUint16(p, value, true);
}

/** skb_store_bytes(skb, offset, from, len, flags) */
function storeBytes(k: HelperCall): Done {
  k.ctx(1);
  const length = k.lo(4);
  const from = k.read(3, length);
  if ((k.value(5) & ~3n) !== 0n) return k.ret(-Errno.EINVAL);
  const to = k.lo(2) > 0x7fff_ffff ? -1 : k.packet(k.lo(2), length);
  if (to < 0) return k.ret(-Errno.EFAULT);
  k.arena.touch(to, length);
  k.arena.bytes.copyWithin(to, from, from + length);
  return k.ret(0);
}

/** Bytes of the packet from `offset`, or zeros and -EFAULT. */
function loadFrom(k: HelperCall, offset: number, length: number, to: number): Done {
  const from = k.packet(offset, length);
  if (from < 0) k.arena.bytes.fill(0, to, to + length);
  else k.arena.bytes.copyWithin(to, from, from + length);
  return k.ret(from < 0 ? -Errno.EFAULT : 0);
}

/** skb_load_bytes(skb, offset, to, len) */
function loadBytes(k: HelperCall): Done {
  k.ctx(1);
  const length = k.lo(4);
  const to = k.write(3, length);
  return loadFrom(k, k.lo(2) > 0x7fff_ffff ? -1 : k.lo(2), length, to);
}

/** skb_load_bytes_relative(skb, offset, to, len, start): start is the link (0) or the network header (1). */
function loadBytesRelative(k: HelperCall): Done {
  k.ctx(1);
  const length = k.lo(4);
  const to = k.write(3, length);
  const start = k.lo(5);
  const header = k.arena.head(start === 0 ? HEAD.LINK_HEADER : HEAD.NET_HEADER) | 0;
  const valid = k.lo(2) <= 0xffff && start <= 1;
  return loadFrom(k, valid ? header + k.lo(2) : -1, length, to);
}

/** l3_csum_replace(skb, offset, from, to, flags): updates an IP header checksum. */
function l3Replace(k: HelperCall): Done {
  k.ctx(1);
  const flags = k.value(5);
  if ((flags & ~0xfn) !== 0n) return k.ret(-Errno.EINVAL);
  const offset = k.lo(2);
  const p = offset > 0xffff || (offset & 1) !== 0 ? -1 : k.packet(offset, 2);
  if (p < 0) return k.ret(-Errno.EFAULT);
  const sum = replaced(k, u16(k, p), Number(flags & 0xfn));
  if (sum < 0) return k.ret(-Errno.EINVAL);
  setU16(k, p, sum);
  return k.ret(0);
}

/**
 * The checksum `sum` with r3 replaced by r4, of `size` bytes (0: r4 is the difference); -1 when that is not
 * allowed.
 */
function replaced(k: HelperCall, sum: number, size: number): number {
  const [from, to] = [k.value(3), k.lo(4)];
  switch (size) {
    case 0:
      return from === 0n ? replaceByDiff(sum, to) : -1;
    case 2:
      return replaceWord(sum, k.lo(3) & 0xffff, to & 0xffff);
    case 4:
      return replaceWord(sum, k.lo(3), to);
    default:
      return -1;
  }
}

const L4 = { PSEUDO: 0x10n, MANGLED_0: 0x20n, ENFORCE: 0x40n, IPV6: 0x80n, SIZE: 0xfn } as const;

/** l4_csum_replace(skb, offset, from, to, flags): updates a TCP or UDP checksum. */
function l4Replace(k: HelperCall): Done {
  k.ctx(1);
  const flags = k.value(5);
  if ((flags & ~(L4.SIZE | L4.PSEUDO | L4.MANGLED_0 | L4.ENFORCE | L4.IPV6)) !== 0n)
    return k.ret(-Errno.EINVAL);
  const offset = k.lo(2);
  const p = offset > 0xffff || (offset & 1) !== 0 ? -1 : k.packet(offset, 2);
  if (p < 0) return k.ret(-Errno.EFAULT);
  const mangled = (flags & L4.MANGLED_0) !== 0n;
  if (mangled && (flags & L4.ENFORCE) === 0n && u16(k, p) === 0) return k.ret(0);
  const sum = replaced(k, u16(k, p), Number(flags & L4.SIZE));
  if (sum < 0) return k.ret(-Errno.EINVAL);
  setU16(k, p, mangled && sum === 0 ? 0xffff : sum);
  return k.ret(0);
}

/** csum_diff(from, from_size, to, to_size, seed), as of Linux 6.13: the result is folded to 16 bits. */
function csumDiff(k: HelperCall): Done {
  const [fromSize, toSize] = [k.lo(2), k.lo(4)];
  const from = fromSize === 0 ? 0 : k.read(1, fromSize);
  const to = toSize === 0 ? 0 : k.read(3, toSize);
  const { bytes } = k.arena;
  const seed = k.lo(5);
  let sum = seed;
  if (toSize > 0) sum = partial(bytes, to, toSize, sum);
  if (fromSize > 0)
    sum =
      toSize > 0
        ? addOnes(sum, ~partial(bytes, from, fromSize, 0) >>> 0)
        : ~partial(bytes, from, fromSize, ~seed >>> 0) >>> 0;
  return k.ret(~fold(sum) & 0xffff);
}

function addOnes(a: number, b: number): number {
  const sum = a + b;
  return (sum > 0xffff_ffff ? sum + 1 : sum) >>> 0;
}

/**
 * Gives bytes that come into the packet the access that packet bytes have, and takes it from those that leave
 * it.
 */
function resize(k: HelperCall, start: number, end: number): void {
  const [data, oldEnd] = [k.dataMeta, k.dataEnd];
  const access = packetAccess(k.hook);
  const give = (from: number, to: number): void => {
    if (to > from) k.arena.mark(from, to - from, access);
  };
  const takeAway = (from: number, to: number): void => {
    if (to > from) k.arena.mark(from, to - from, 0);
  };
  give(start, Math.min(data, end));
  give(Math.max(oldEnd, start), end);
  takeAway(data, Math.min(start, oldEnd));
  takeAway(Math.max(end, data), oldEnd);
}

const low = (k: HelperCall): number => k.arena.at + k.arena.head(HEAD.PACKET_MIN);
const high = (k: HelperCall): number => k.arena.at + k.arena.head(HEAD.PACKET_MAX);

/** xdp_adjust_head(ctx, delta): metadata moves along. */
function adjustHead(k: HelperCall): Done {
  k.ctx(1);
  const data = k.data + k.int(2);
  const metadata = k.data - k.dataMeta;
  if (data < low(k) + metadata || data > k.dataEnd - ETH_HLEN) return k.ret(-Errno.EINVAL);
  const from = k.dataMeta;
  const saved = k.arena.bytes.slice(from, from + metadata);
  resize(k, data - metadata, k.dataEnd);
  if (metadata > 0) {
    k.arena.touch(data - metadata, metadata);
    k.arena.bytes.set(saved, data - metadata);
  }
  k.setPacketPointer(HEAD.DATA_META, data - metadata);
  k.setPacketPointer(HEAD.DATA, data);
  return k.ret(0);
}

/** xdp_adjust_tail(ctx, delta): bytes that come in are zero. */
function adjustTail(k: HelperCall): Done {
  k.ctx(1);
  const old = k.dataEnd;
  const end = old + k.int(2);
  if (end > high(k) || end < k.data + ETH_HLEN) return k.ret(-Errno.EINVAL);
  moveEnd(k, end);
  return k.ret(0);
}

function moveEnd(k: HelperCall, end: number): void {
  const old = k.dataEnd;
  resize(k, k.dataMeta, end);
  if (end > old) {
    k.arena.touch(old, end - old);
    k.arena.bytes.fill(0, old, end);
  }
  k.setPacketPointer(HEAD.DATA_END, end);
}

/** xdp_adjust_meta(ctx, delta): metadata is a multiple of 4 bytes, at most 252. */
function adjustMeta(k: HelperCall): Done {
  k.ctx(1);
  const meta = k.dataMeta + k.int(2);
  const length = k.data - meta;
  if (meta < low(k) || length < 0) return k.ret(-Errno.EINVAL);
  if ((length & 3) !== 0 || length > 255) return k.ret(-Errno.EACCES);
  resize(k, meta, k.dataEnd);
  k.setPacketPointer(HEAD.DATA_META, meta);
  return k.ret(0);
}

/** xdp_get_buff_len(ctx) */
function bufferLength(k: HelperCall): Done {
  k.ctx(1);
  return k.ret(k.dataEnd - k.data);
}

/** skb_pull_data(skb, len): simulated packets are linear, so only the length is looked at. */
function pullData(k: HelperCall): Done {
  k.ctx(1);
  return k.ret(k.lo(2) > k.dataEnd - k.data ? -Errno.ENOMEM : 0);
}

/** skb_change_tail(skb, len, flags): bytes that come in are zero. */
function changeTail(k: HelperCall): Done {
  k.ctx(1);
  const length = k.lo(2);
  if (k.value(3) !== 0n || length < k.arena.head(HEAD.NET_HEADER) || k.data + length > high(k))
    return k.ret(-Errno.EINVAL);
  moveEnd(k, k.data + length);
  const ctx = k.arena.at + k.arena.head(HEAD.CTX);
  k.arena.setU32(ctx, length);
  return k.ret(0);
}

/** xdp_load_bytes and xdp_store_bytes(ctx, offset, buffer, len) */
function xdpBytes(k: HelperCall, store: boolean): Done {
  k.ctx(1);
  const [offset, length] = [k.lo(2), k.lo(4)];
  const buffer = store ? k.read(3, length) : k.write(3, length);
  const p = offset > 0xffff || length > 0xffff ? fault(FaultCode.OUT_OF_BOUNDS) : k.packet(offset, length);
  if (p < 0) return k.ret(-Errno.EINVAL);
  if (store) k.arena.touch(p, length);
  const [from, to] = store ? [buffer, p] : [p, buffer];
  k.arena.bytes.copyWithin(to, from, from + length);
  return k.ret(0);
}

/**
 * fib_lookup(ctx, params, size, flags): struct bpf_fib_lookup of 64 bytes. The route follows from seed and
 * question.
 */
const FIB = {
  BYTES: 64,
  IFINDEX: 8,
  METRIC: 12,
  VLAN: 48,
  SMAC: 52,
  DMAC: 58,
  MACS: 12,
  FLAGS: 0x3fn,
} as const;
const AF_INET = 2;
const AF_INET6 = 10;
const EAFNOSUPPORT = 97;
/** BPF_FIB_LKUP_RET_*: success more often than each of the seven ways to fail. */
const FIB_RESULTS = [0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];

function fibLookup(k: HelperCall): Done {
  k.ctx(1);
  const size = k.lo(3);
  if (!k.arena.has(k.read(2, size), size, SHADOW.READ | SHADOW.WRITE)) fault(FaultCode.READ_ONLY);
  if (size < FIB.BYTES || (k.value(4) & ~FIB.FLAGS) !== 0n) return k.ret(-Errno.EINVAL);
  const p = k.write(2, size);
  const { bytes } = k.arena;
  if (bytes[p] !== AF_INET && bytes[p] !== AF_INET6) return k.ret(-EAFNOSUPPORT);
  let h = 69;
  for (let i = 0; i < FIB.VLAN; i++) h = k.hash(h, bytes[p + i]!);
  const result = FIB_RESULTS[k.hash(h, 1) % FIB_RESULTS.length]!;
  if (result !== 0) return k.ret(result);
  const put = (at: number, n: number, tag: number): void => {
    for (let i = 0; i < n; i++) bytes[p + at + i] = k.hash(h, tag, i) & 0xff;
  };
  bytes.fill(0, p + FIB.IFINDEX, p + FIB.IFINDEX + 8);
  bytes[p + FIB.IFINDEX] = 1 + (k.hash(h, 2) & 7);
  bytes.fill(0, p + FIB.VLAN, p + FIB.VLAN + 4);
  put(FIB.SMAC, FIB.MACS, 3);
  return k.ret(0);
}

export const PACKET_MODELS: HelperModels = {
  [Helper.skb_store_bytes]: storeBytes,
  [Helper.l3_csum_replace]: l3Replace,
  [Helper.l4_csum_replace]: l4Replace,
  [Helper.skb_load_bytes]: loadBytes,
  [Helper.csum_diff]: csumDiff,
  [Helper.skb_change_tail]: changeTail,
  [Helper.skb_pull_data]: pullData,
  [Helper.xdp_adjust_head]: adjustHead,
  [Helper.xdp_adjust_meta]: adjustMeta,
  [Helper.xdp_adjust_tail]: adjustTail,
  [Helper.skb_load_bytes_relative]: loadBytesRelative,
  [Helper.fib_lookup]: fibLookup,
  [Helper.xdp_get_buff_len]: bufferLength,
  [Helper.xdp_load_bytes]: (k) => xdpBytes(k, false),
  [Helper.xdp_store_bytes]: (k) => xdpBytes(k, true),
};
