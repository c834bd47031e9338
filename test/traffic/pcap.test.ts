import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/base/errors.ts';
import { packetsOfCapture, readCapture } from '../../src/traffic/pcap.ts';

const A = Uint8Array.from({ length: 60 }, (_, k) => k);
const B = Uint8Array.from({ length: 43 }, (_, k) => 255 - k);

/** A pcap file of packets, as tcpdump writes it. */
function pcap(packets: readonly Uint8Array[], { little = true, nano = false, link = 1 } = {}): Uint8Array {
  const out = new Uint8Array(24 + packets.reduce((s, p) => s + 16 + p.length, 0));
  const v = new DataView(out.buffer);
  v.setUint32(0, nano ? 0xa1b23c4d : 0xa1b2c3d4, little);
  v.setUint16(4, 2, little);
  v.setUint16(6, 4, little);
  v.setUint32(16, 65535, little);
  v.setUint32(20, link, little);
  let at = 24;
  for (const p of packets) {
    v.setUint32(at + 8, p.length, little);
    v.setUint32(at + 12, p.length + 40, little);
    out.set(p, at + 16);
    at += 16 + p.length;
  }
  return out;
}

/** One pcapng block: type, length, body padded to 4, length. */
function block(type: number, words: readonly number[], data: Uint8Array, little: boolean): Uint8Array {
  const size = 12 + words.length * 4 + ((data.length + 3) & ~3);
  const out = new Uint8Array(size);
  const v = new DataView(out.buffer);
  [type, size, ...words].forEach((w, k) => {
    v.setUint32(4 * k, w, little);
  });
  out.set(data, 8 + words.length * 4);
  v.setUint32(size - 4, size, little);
  return out;
}

function pcapng(little: boolean, linkWord = little ? 1 : 0x00010000): Uint8Array {
  const none = new Uint8Array(0);
  return Buffer.concat([
    block(0x0a0d0d0a, [0x1a2b3c4d, little ? 1 : 0x00010000, 0xffffffff, 0xffffffff], none, little),
    block(1, [linkWord, 50], none, little),
    block(6, [0, 0, 0, A.length, A.length], A, little),
    block(5, [7, 7, 7], none, little),
    block(3, [60], A.slice(0, 50), little),
    block(6, [0, 0, 0, B.length, B.length], B, little),
  ]);
}

describe('readCapture', () => {
  it.each([
    [true, false],
    [false, false],
    [true, true],
    [false, true],
  ])('reads pcap, little %s, nanoseconds %s', (little, nano) => {
    const read = readCapture(pcap([A, B], { little, nano }), 'x');
    expect(read.map((p) => [...p.data])).toEqual([[...A], [...B]]);
    expect(read[0]!.length).toBe(100);
  });

  it.each([true, false])('reads pcapng, little %s: enhanced and simple packets, others skipped', (little) => {
    const read = readCapture(pcapng(little), 'x');
    expect(read.map((p) => [...p.data])).toEqual([[...A], [...A.slice(0, 50)], [...B]]);
    expect(read.map((p) => p.length)).toEqual([60, 60, 43]);
  });

  it.each([
    ['nothing', new Uint8Array(3), /too short/],
    ['text', new TextEncoder().encode('this is no capture'), /neither pcap nor pcapng/],
    ['another link', pcap([A], { link: 101 }), /link type 101/],
    ['half a packet', pcap([A]).slice(0, 60), /a packet is cut short/],
    ['half a block', pcapng(true).slice(0, 90), /wrong length/],
  ])('explains %s', (_, bytes, message) => {
    expect(() => readCapture(bytes, 'file.pcap')).toThrow(message);
    expect(() => readCapture(bytes, 'file.pcap')).toThrow(UserError);
  });

  it('takes any bytes, or says what is wrong with them', () => {
    const starts = [pcap([A, B]), pcapng(true), pcapng(false)];
    fc.assert(
      fc.property(fc.constantFrom(...starts), fc.nat(), fc.nat(255), fc.nat(), (start, at, value, cut) => {
        const bytes = start.slice(0, start.length - (cut % 3 === 0 ? cut % start.length : 0));
        if (bytes.length > 0) bytes[at % bytes.length] = value;
        try {
          for (const p of readCapture(bytes, 'x')) expect(p.data.length).toBeLessThanOrEqual(bytes.length);
        } catch (e) {
          expect(e).toBeInstanceOf(UserError);
        }
      }),
    );
  });

  it('counts equal packets together', () => {
    const packets = packetsOfCapture(readCapture(pcap([A, B, A, A]), 'x'));
    expect(packets.map((p) => [p.packet.length, p.weight, p.flow])).toEqual([
      [60, 0.75, 0],
      [43, 0.25, 1],
    ]);
  });
});
