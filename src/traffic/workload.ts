/**
 * Workloads: which packets a program sees, how often, and what its maps hold then.
 *
 *   Workload --packetsOf--> packets with weights (one per flow and size)      or a capture (pcap.ts)
 *   packets x program --testsOf--> test cases: context, and maps filled with the keys that the packet leads
 *     to
 */

import { Rng } from '../base/random.ts';
import type { Program } from '../program/program.ts';
import { HOOKS } from '../program/tables/hooks.ts';
import { observer } from '../vm/observe.ts';
import { randomContext } from '../vm/testgen/context.ts';
import { refilled } from '../vm/testgen/generate.ts';
import { learnConstants } from '../vm/testgen/index.ts';
import { randomMap } from '../vm/testgen/maps.ts';
import type { TestCase } from '../vm/types.ts';

export interface Workload {
  seed: number;
  /** Different flows: addresses, ports, protocol. */
  flows: number;
  /** Exponent of the flows' popularity (Zipf); 0: all alike. */
  skew: number;
  /** Shares of the flows. */
  protocols: Readonly<Partial<Record<Protocol, number>>>;
  /** Bytes of a frame without its checksum, and shares. */
  sizes: readonly (readonly [bytes: number, weight: number])[];
  /** Share of the flows whose keys are in the program's maps. */
  hits: number;
}

export type Protocol = 'udp' | 'tcp' | 'icmp' | 'udp6' | 'tcp6' | 'arp';

/** As the paper measures: smallest frames; few flows of UDP that the maps know. */
export const DEFAULT_WORKLOAD: Workload = {
  seed: 1,
  flows: 64,
  skew: 0,
  protocols: { udp: 1 },
  sizes: [[60, 1]],
  hits: 1,
};

export interface WeightedPacket {
  packet: Uint8Array;
  weight: number;
  /** Packets of one flow find the same map contents. */
  flow: number;
}

export interface WeightedTest {
  test: TestCase;
  weight: number;
}

/** Packets by flow, the most popular first; weights sum to 1. */
export function packetsOf(w: Workload): WeightedPacket[] {
  const rng = new Rng('workload', w.seed);
  const protocols = Object.entries(w.protocols) as [Protocol, number][];
  const sizes = w.sizes.reduce((s, [, weight]) => s + weight, 0);
  const popularity = Array.from({ length: w.flows }, (_, k) => (k + 1) ** -w.skew);
  const total = popularity.reduce((s, p) => s + p, 0);
  return popularity.flatMap((share, flow) => {
    const protocol = protocols[rng.weighted(protocols.map(([, p]) => p))]![0];
    const ends = { from: rng.u32(), to: rng.u32(), ports: rng.u32() };
    return w.sizes.map(([bytes, weight]) => ({
      packet: frame(protocol, bytes, ends),
      weight: (share / total) * (weight / sizes),
      flow,
    }));
  });
}

interface Ends {
  from: number;
  to: number;
  ports: number;
}

const MACS = [0x02, 0, 0, 0, 0, 0x01, 0x02, 0, 0, 0, 0, 0x02];
const NUMBERS = { udp: 17, tcp: 6, icmp: 1, udp6: 17, tcp6: 6 } as const;

/** A well-formed Ethernet frame, padded with zeros. Addresses are in 10.0.0.0/8 and 2001:db8::/32. */
function frame(protocol: Protocol, bytes: number, { from, to, ports }: Ends): Uint8Array {
  const out = new Uint8Array(Math.max(bytes, 60));
  const view = new DataView(out.buffer);
  out.set(MACS);
  const address = (x: number): number => (0x0a000000 | (x & 0xffffff)) >>> 0;
  if (protocol === 'arp') {
    view.setUint16(12, 0x0806);
    out.set([0, 1, 8, 0, 6, 4, 0, 1], 14);
    out.set(MACS.slice(6), 22);
    view.setUint32(28, address(from));
    view.setUint32(38, address(to));
    return out;
  }
  const isV6 = protocol.endsWith('6');
  const header = isV6 ? 40 : 20;
  const at = 14 + header;
  view.setUint16(12, isV6 ? 0x86dd : 0x0800);
  if (isV6) {
    view.setUint32(14, 0x60000000);
    view.setUint16(18, out.length - at);
    out.set([NUMBERS[protocol], 64], 20);
    for (const [offset, x] of [
      [22, from],
      [38, to],
    ] as const) {
      view.setUint32(offset, 0x20010db8);
      view.setUint32(offset + 12, x);
    }
  } else {
    out.set([0x45, 0], 14);
    view.setUint16(16, out.length - 14);
    view.setUint16(20, 0x4000);
    out.set([64, NUMBERS[protocol]], 22);
    view.setUint32(26, address(from));
    view.setUint32(30, address(to));
    let sum = 0;
    for (let k = 14; k < 34; k += 2) sum += view.getUint16(k);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    view.setUint16(24, ~sum & 0xffff);
  }
  if (protocol === 'icmp') out.set([8, 0], at);
  else {
    view.setUint16(at, 1024 + ((ports >>> 16) % 60000));
    view.setUint16(at + 2, [80, 443, 53, 8080][ports & 3]!);
    if (protocol.startsWith('udp')) view.setUint16(at + 4, out.length - at);
    else out.set([0x50, 0x10], at + 12);
  }
  return out;
}

/** Rounds in which a test is given the keys that it looked up in vain. */
const REFILLS = 8;

/** @param hits share of the flows whose keys are in the maps */
export function testsOf(
  program: Program,
  packets: readonly WeightedPacket[],
  hits: number,
  seed: number,
): WeightedTest[] {
  const learned = learnConstants(program.insns);
  const observe = observer(program);
  return packets.map(({ packet, weight, flow }) => {
    const rng = new Rng('flow', seed, program.name, flow);
    const isKnown = rng.chance(hits);
    const maps = program.maps.map((def) => randomMap(def, rng, learned));
    const ctx = randomContext(program.hook, packet, rng, learned, false);
    let test: TestCase = { packet, ctx, maps, seed: rng.u32() };
    for (let k = 0; isKnown && k < REFILLS; k++) {
      const seen = observe(test);
      if (seen.missed.length === 0) break;
      test = refilled(program, test, seen, observe, rng, learned).test;
    }
    return { test, weight };
  });
}

/** Whether packets pass through this program at all. */
export function seesPackets(program: Program): boolean {
  const hook = HOOKS[program.hook];
  return hook.packet !== 'none' || hook.legacyPacketLoads;
}
