/** Seeded synthetic packets: the shapes that packet programs parse, well formed, mutated and cut short. */
import type { Rng } from '../../base/random.ts';
import type { LearnedConstants } from './constants.ts';

const ETH = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, qinq: 0x88a8, ipv6: 0x86dd, mpls: 0x8847 } as const;
const IP = { icmp: 1, ipip: 4, tcp: 6, udp: 17, ipv6: 41, gre: 47, icmpv6: 58 } as const;
/** Few addresses and ports, so that packets of one test set share flows. */
const ADDRESSES = [0x0a000001, 0x0a000002, 0xc0a80101, 0xac100a05, 0x08080808] as const;
const PORTS = [53, 80, 443, 8080, 6081, 4789, 1234, 31000] as const;

/** Bytes appended in network order. */
class Writer {
  readonly bytes: number[] = [];
  u8(v: number): this {
    this.bytes.push(v & 0xff);
    return this;
  }
  u16(v: number): this {
    return this.u8(v >>> 8).u8(v);
  }
  u32(v: number): this {
    return this.u16(v >>> 16).u16(v);
  }
  raw(v: Iterable<number>): this {
    this.bytes.push(...v);
    return this;
  }
}

/** Internet checksum (RFC 1071) of bytes[start, end). */
function checksum(bytes: readonly number[], start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i += 2)
    sum += ((bytes[i] ?? 0) << 8) | (i + 1 < end ? (bytes[i + 1] ?? 0) : 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function port(rng: Rng, c: LearnedConstants): number {
  return rng.chance(0.4) && c.u16.length > 0 ? rng.pick(c.u16) : rng.pick(PORTS);
}

function transport(w: Writer, rng: Rng, c: LearnedConstants, protocol: number, depth: number): void {
  switch (protocol) {
    case IP.tcp:
      w.u16(port(rng, c)).u16(port(rng, c)).u32(rng.u32()).u32(rng.u32());
      w.u16(0x5000 | rng.pick([0x02, 0x10, 0x12, 0x18, 0x11, 0x04]))
        .u16(rng.u32())
        .u16(rng.u32())
        .u16(0);
      break;
    case IP.udp:
      w.u16(port(rng, c))
        .u16(port(rng, c))
        .u16(8 + rng.below(64))
        .u16(rng.u32());
      break;
    case IP.icmp:
      w.u8(rng.pick([0, 3, 8, 11]))
        .u8(rng.below(5))
        .u16(rng.u32())
        .u16(rng.u32())
        .u16(rng.u32());
      break;
    case IP.icmpv6:
      w.u8(rng.pick([1, 2, 128, 129, 135]))
        .u8(0)
        .u16(rng.u32())
        .u32(rng.u32());
      break;
    case IP.ipip:
      if (depth < 2) ipv4(w, rng, c, depth + 1);
      break;
    case IP.ipv6:
      if (depth < 2) ipv6(w, rng, c, depth + 1);
      break;
    case IP.gre:
      w.u16(0).u16(ETH.ipv4);
      if (depth < 2) ipv4(w, rng, c, depth + 1);
      break;
  }
}

function protocolNumber(rng: Rng, c: LearnedConstants): number {
  return rng.chance(0.15) ? rng.pick(c.u16) & 0xff : rng.pick([6, 6, 6, 17, 17, 17, 1, 4, 41, 47]);
}

function ipv4(w: Writer, rng: Rng, c: LearnedConstants, depth = 0): void {
  const start = w.bytes.length;
  const options = rng.chance(0.15) ? 1 + rng.below(4) : 0;
  const protocol = protocolNumber(rng, c);
  const fragment = rng.chance(0.1) ? rng.pick([0x2000, 0x2001, 0x0001, 0x00b9]) : rng.pick([0, 0x4000]);
  w.u8(0x40 | (5 + options))
    .u8(rng.chance(0.3) ? rng.u32() : 0)
    .u16(20 + 4 * options + 8 + rng.below(80));
  w.u16(rng.u32())
    .u16(fragment)
    .u8(rng.pick([64, 64, 255, 2, 1, 0]))
    .u8(protocol)
    .u16(0);
  w.u32(rng.chance(0.8) ? rng.pick(ADDRESSES) : rng.pick(c.u32));
  w.u32(rng.chance(0.8) ? rng.pick(ADDRESSES) : rng.pick(c.u32));
  for (let i = 0; i < options; i++) w.u32(0x01010101);
  const sum = checksum(w.bytes, start, w.bytes.length);
  w.bytes[start + 10] = sum >>> 8;
  w.bytes[start + 11] = sum & 0xff;
  transport(w, rng, c, protocol, depth);
}

function ipv6(w: Writer, rng: Rng, c: LearnedConstants, depth = 0): void {
  const next = rng.pick([6, 17, 58, 0, 44, 43, 60, protocolNumber(rng, c)]);
  w.u32(0x60000000 | rng.below(1 << 20))
    .u16(8 + rng.below(80))
    .u8(next)
    .u8(rng.pick([64, 255, 1]));
  for (let a = 0; a < 2; a++) w.u32(0x20010db8).u32(0).u32(0).u32(rng.pick(ADDRESSES));
  if (next === 0 || next === 43 || next === 60) {
    const inner = rng.pick([6, 17, 58]);
    w.u8(inner).u8(0).u16(0).u32(0);
    transport(w, rng, c, inner, depth);
  } else if (next === 44) {
    w.u8(17)
      .u8(0)
      .u16(rng.pick([0, 1, 8]))
      .u32(rng.u32());
    transport(w, rng, c, 17, depth);
  } else transport(w, rng, c, next, depth);
}

function arp(w: Writer, rng: Rng): void {
  w.u16(1)
    .u16(ETH.ipv4)
    .u8(6)
    .u8(4)
    .u16(rng.pick([1, 2]));
  w.raw(rng.bytes(6)).u32(rng.pick(ADDRESSES)).raw(rng.bytes(6)).u32(rng.pick(ADDRESSES));
}

/**
 * One Ethernet frame of 14 to about 200 bytes. Most are well formed; one in five has words overwritten with
 * constants that the program knows, one in six is cut short at a random place.
 */
export function randomPacket(rng: Rng, learned: LearnedConstants): Uint8Array {
  const w = new Writer();
  w.raw(rng.chance(0.1) ? [255, 255, 255, 255, 255, 255] : rng.bytes(6)).raw(rng.bytes(6));
  let tags = rng.chance(0.15) ? 1 + rng.below(2) : 0;
  while (tags-- > 0) w.u16(rng.chance(0.8) ? ETH.vlan : ETH.qinq).u16(rng.u32());
  const kind = rng.unit();
  if (kind < 0.58) ipv4(w.u16(ETH.ipv4), rng, learned);
  else if (kind < 0.82) ipv6(w.u16(ETH.ipv6), rng, learned);
  else if (kind < 0.88) arp(w.u16(ETH.arp), rng);
  else if (kind < 0.91) ipv4(w.u16(ETH.mpls).u32(0x00010140), rng, learned);
  else w.u16(rng.pick(learned.u16)).raw(rng.bytes(rng.below(60)));
  w.raw(rng.bytes(rng.chance(0.7) ? 32 + rng.below(64) : rng.below(32)));

  const packet = Uint8Array.from(w.bytes);
  if (rng.chance(0.2)) overwrite(packet, rng, learned);
  if (rng.chance(0.17)) return packet.slice(0, Math.max(14, rng.below(packet.length + 1)));
  return packet;
}

function overwrite(packet: Uint8Array, rng: Rng, learned: LearnedConstants): void {
  for (let n = 1 + rng.below(3); n > 0; n--) {
    const at = rng.below(packet.length);
    const wide = rng.chance(0.5);
    const value = wide ? rng.pick(learned.u32) : rng.pick(learned.u16);
    for (let b = 0; b < (wide ? 4 : 2) && at + b < packet.length; b++) packet[at + b] = value >>> (8 * b);
  }
}
