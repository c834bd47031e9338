/**
 * Captures as workloads: pcap (both byte orders, micro- and nanoseconds) and pcapng (all that has packets in
 * it).
 *
 *   pcap    magic 24-byte header | record header 16 bytes, data | ...
 *   pcapng  blocks: type, length, body padded to 4, length; section header, interface, packets (enhanced,
 *           simple, old)
 *
 * Formats: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng. Only Ethernet links.
 */
import { UserError } from '../base/errors.ts';
import type { WeightedPacket } from './workload.ts';

const ETHERNET = 1;
const NG_SECTION = 0x0a0d0d0a;
const NG_ORDER = 0x1a2b3c4d;
const BLOCK = { interface: 1, packet: 2, simple: 3, enhanced: 6 } as const;
/** Magic numbers of pcap, read in the file's own order. */
const PCAP = [0xa1b2c3d4, 0xa1b23c4d];

export interface CapturedPacket {
  data: Uint8Array;
  /** Bytes on the wire, where the capture cut the packet short. */
  length: number;
}

/** @throws UserError when the file is no capture of Ethernet packets */
export function readCapture(bytes: Uint8Array, file: string): CapturedPacket[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fail = (what: string, at: number): never => {
    throw new UserError(`${what}.`, `${file}, byte ${at}`, 'Capture Ethernet packets, e.g. with tcpdump -w.');
  };
  if (bytes.length < 12) return fail('this is no capture: it is too short', 0);
  const first = view.getUint32(0, true);
  if (first === NG_SECTION) return readBlocks(view, bytes, fail);
  for (const little of [true, false])
    if (PCAP.includes(view.getUint32(0, little))) return readRecords(view, bytes, little, fail);
  return fail('this is neither pcap nor pcapng', 0);
}

type Fail = (what: string, at: number) => never;

function readRecords(view: DataView, bytes: Uint8Array, little: boolean, fail: Fail): CapturedPacket[] {
  if (bytes.length < 24) fail('the header is cut short', 0);
  const link = view.getUint32(20, little) & 0xffff;
  if (link !== ETHERNET) fail(`link type ${link} is not Ethernet (1)`, 20);
  const packets: CapturedPacket[] = [];
  for (let at = 24; at < bytes.length; ) {
    if (at + 16 > bytes.length) fail('a record is cut short', at);
    const [size, length] = [view.getUint32(at + 8, little), view.getUint32(at + 12, little)];
    if (at + 16 + size > bytes.length) fail('a packet is cut short', at);
    packets.push({ data: bytes.slice(at + 16, at + 16 + size), length });
    at += 16 + size;
  }
  return packets;
}

function readBlocks(view: DataView, bytes: Uint8Array, fail: Fail): CapturedPacket[] {
  const packets: CapturedPacket[] = [];
  let little = true;
  let links: { type: number; snap: number }[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 12 > bytes.length) fail('a block is cut short', at);
    if (view.getUint32(at, true) === NG_SECTION) {
      little = view.getUint32(at + 8, true) === NG_ORDER;
      if (!little && view.getUint32(at + 8, false) !== NG_ORDER) fail('the byte order is unknown', at + 8);
      links = [];
    }
    const type = view.getUint32(at, little);
    const size = view.getUint32(at + 4, little);
    if (size < 12 || size % 4 !== 0 || at + size > bytes.length) fail('a block has a wrong length', at);
    const add = (header: number, link: number, captured: number, length: number): void => {
      const found = links[link] ?? fail(`interface ${link} is not described`, at);
      if (found.type !== ETHERNET) fail(`link type ${found.type} is not Ethernet (1)`, at);
      const from = at + 8 + header;
      if (from + captured > at + size - 4) fail('a packet is longer than its block', at);
      packets.push({ data: bytes.slice(from, from + captured), length });
    };
    const need = (n: number): void => {
      if (size < 12 + n) fail('a block is too short', at);
    };
    if (type === BLOCK.interface) {
      need(8);
      links.push({ type: view.getUint16(at + 8, little), snap: view.getUint32(at + 12, little) });
    } else if (type === BLOCK.enhanced || type === BLOCK.packet) {
      need(20);
      const link = type === BLOCK.packet ? view.getUint16(at + 8, little) : view.getUint32(at + 8, little);
      add(20, link, view.getUint32(at + 20, little), view.getUint32(at + 24, little));
    } else if (type === BLOCK.simple) {
      need(4);
      const length = view.getUint32(at + 8, little);
      const snap = links[0]?.snap || Number.POSITIVE_INFINITY;
      add(4, 0, Math.min(length, snap, size - 16), length);
    }
    at += size;
  }
  return packets;
}

/**
 * A capture as a workload: equal packets count together; a flow is what the first 42 bytes (addresses, ports)
 * say.
 */
export function packetsOfCapture(captured: readonly CapturedPacket[]): WeightedPacket[] {
  const seen = new Map<string, WeightedPacket>();
  const flows = new Map<string, number>();
  for (const { data } of captured) {
    const key = Buffer.from(data).toString('latin1');
    const known = seen.get(key);
    if (known !== undefined) {
      known.weight += 1 / captured.length;
      continue;
    }
    const head = key.slice(0, 42);
    const flow = flows.get(head) ?? flows.size;
    flows.set(head, flow);
    seen.set(key, { packet: data, weight: 1 / captured.length, flow });
  }
  return [...seen.values()];
}
