/** One invariant: whatever the bytes, reading and writing either work or throw a `UserError`. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/base/errors.ts';
import { programsOf, readObject, rewritePrograms, writeObject } from '../../../src/program/elf/index.ts';
import { bytesOf, NAMES, okPrograms, pad } from './fixtures.ts';

const ORIGINALS = NAMES.map((name) => ({ name, bytes: new Uint8Array(bytesOf(name)) }));

/** All that may be done with a file. Returns how far it went. */
function useAll(bytes: Uint8Array): 'refused' | 'read' | 'written' {
  let stage: 'refused' | 'read' = 'refused';
  try {
    const object = readObject(bytes, 'fuzz.o');
    const rows = programsOf(object, { hook: 'xdp' });
    for (const r of rows) if (!r.ok) expect(r.reason).not.toBe('');
    stage = 'read';
    writeObject(object, []);
    const changes = okPrograms(object)
      .filter((p) => p.insns.length < 5000)
      .map((p) => ({ original: p, optimized: pad(p) }));
    writeObject(object, rewritePrograms(object, changes));
    return 'written';
  } catch (e) {
    if (e instanceof UserError) {
      expect(e.message).toMatch(/^fuzz\.o/);
      return stage;
    }
    throw e;
  }
}

/** Offsets that decide: the file header, section headers, symbols, relocations, BTF headers. */
function structural(bytes: Uint8Array): [start: number, end: number][] {
  const view = new DataView(bytes.buffer);
  const table = Number(view.getBigUint64(40, true));
  const spots: [number, number][] = [
    [0, 64],
    [table, bytes.length],
  ];
  for (let at = table; at < bytes.length; at += 64) {
    const type = view.getUint32(at + 4, true);
    const start = Number(view.getBigUint64(at + 24, true));
    const size = Number(view.getBigUint64(at + 32, true));
    if (type !== 8 && type !== 0 && size > 0) spots.push([start, start + size]);
  }
  return spots;
}

const original = fc.constantFrom(...ORIGINALS.map((o) => ({ ...o, spots: structural(o.bytes) })));

describe('hostile files', () => {
  it('cut short', () => {
    fc.assert(
      fc.property(original, fc.double({ min: 0, max: 1, noNaN: true }), ({ bytes }, share) => {
        useAll(bytes.subarray(0, Math.floor(bytes.length * share)));
      }),
      { numRuns: 150, seed: 1 },
    );
  });

  it('with bytes changed', () => {
    const flips = fc.array(
      fc.record({
        spot: fc.nat(),
        at: fc.nat(),
        value: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)),
      }),
      { minLength: 1, maxLength: 8 },
    );
    const stages = { refused: 0, read: 0, written: 0 };
    fc.assert(
      fc.property(original, flips, ({ bytes, spots }, changes) => {
        const copy = bytes.slice();
        for (const { spot, at, value } of changes) {
          const [start, end] = spots[spot % spots.length]!;
          copy[start + (at % (end - start))] = value;
        }
        stages[useAll(copy)]++;
      }),
      { numRuns: 600, seed: 2 },
    );
    // The changes are small enough to get past the container, and large enough to be found.
    expect(stages.refused).toBeGreaterThan(50);
    expect(stages.written).toBeGreaterThan(50);
  });

  it('with a whole number changed', () => {
    const number = fc.constantFrom(0, 1, 2, 7, 8, 0xff00, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff);
    fc.assert(
      fc.property(original, fc.nat(), fc.nat(), number, ({ bytes, spots }, spot, at, value) => {
        const copy = bytes.slice();
        const [start, end] = spots[spot % spots.length]!;
        const place = start + 4 * (at % Math.max(1, Math.floor((end - start) / 4)));
        if (place + 4 <= copy.length) new DataView(copy.buffer).setUint32(place, value, true);
        useAll(copy);
      }),
      { numRuns: 600, seed: 3 },
    );
  });

  it('of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (tail) => {
        const head = ORIGINALS[0]!.bytes.subarray(0, 64);
        expect(useAll(new Uint8Array([...head, ...tail]))).toBe('refused');
      }),
      { numRuns: 100, seed: 4 },
    );
  });
});
