import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/base/errors.ts';
import { encode } from '../../../src/isa/codec.ts';
import { insn, nop, OP_EXIT, OP_LD_IMM64, PseudoLd, sizeInSlots } from '../../../src/isa/insn.ts';
import { validate } from '../../../src/isa/validate.ts';
import { type RawInput, readRaw, readRawFile, writeRaw, writeRawFile } from '../../../src/program/raw/raw.ts';
import { corpusFile, K2_PAPER, paperSlots } from '../shared.ts';

const EXIT = insn(OP_EXIT);
const MAPS = 'm { type = 2, key_size = 4, value_size = 8, max_entries = 16, fd = 7\n';
const loadMap = (fd: number) => insn(OP_LD_IMM64, 1, PseudoLd.MAP_FD, 0, fd);
const input = (changes: Partial<RawInput> = {}): RawInput => ({
  file: 'dir/prog.insns',
  insns: encode([loadMap(7), insn(0xb7), EXIT]),
  maps: MAPS,
  desc: '{ pgm_input_type = 2, }\n{ max_pkt_sz = 64, }',
  ...changes,
});

function problemOf(changes: Partial<RawInput>): UserError {
  try {
    readRaw(input(changes));
  } catch (e) {
    if (e instanceof UserError) return e;
    throw e;
  }
  throw new Error('it was read');
}

describe('raw programs', () => {
  it('are read with map fds turned into positions', () => {
    const p = readRaw(input());
    expect(p.insns[0]).toEqual(loadMap(0));
    expect(p).toMatchObject({ name: 'prog', hook: 'xdp', section: '', origin: [0, 1, 2] });
    expect(p.maps).toEqual([{ name: 'm', type: 2, keySize: 4, valueSize: 8, maxEntries: 16, flags: 0 }]);
    expect(p.provenance).toMatchObject({ pgmInputType: 2, maxPktSz: 64 });
  });

  it('take their type from --type, then from the corpus, then from .desc', () => {
    const lookup = () => ({ hook: 'tracepoint' as const });
    expect(readRaw(input(), { hook: 'sched_cls', lookup }).hook).toBe('sched_cls');
    expect(readRaw(input(), { lookup }).hook).toBe('tracepoint');
    expect(problemOf({ desc: '{ pgm_input_type = 1, }' }).message).toMatch(/--type/);
    expect(problemOf({ desc: '' }).message).toMatch(/prog\.insns.*--type/);
  });

  it('take map overrides, and say which inner map is missing', () => {
    const maps = 'outer { type = 12, key_size = 4, value_size = 4, max_entries = 8, fd = 7 }';
    const bare = readRaw(input({ maps }));
    expect(bare.maps[0]!.inner).toBeUndefined();
    expect(bare.provenance.note).toBe('no inner map is known for outer');
    const inner = { name: 'i', type: 1, keySize: 4, valueSize: 4, maxEntries: 1, flags: 0 };
    const full = readRaw(input({ maps }), { maps: { outer: { inner, maxEntries: 2 } } });
    expect(full.maps[0]).toMatchObject({ inner, maxEntries: 2 });
    expect(full.provenance.note).toBeUndefined();
  });

  it('set the flags that the kernel demands', () => {
    const maps = 'm { type = 11, key_size = 8, value_size = 4, max_entries = 8, fd = 7 }';
    expect(readRaw(input({ maps })).maps[0]!.flags).toBe(1);
  });

  it('are written without NOPs and padding', () => {
    const padded = encode([loadMap(7), nop(), insn(0x15, 0, 0, 2), nop(), insn(0xb7), EXIT, nop(), nop()]);
    const p = readRaw(input({ insns: padded }));
    const out = writeRaw(p);
    expect(out.insns).toEqual(encode([loadMap(0), insn(0x15, 0, 0, 1), insn(0xb7), EXIT]));
    expect(out.maps).toBe('m { type = 2, key_size = 4, value_size = 8, max_entries = 16, fd = 0 }\n');
    expect(out.desc).toBe('{ pgm_input_type = 2, }\n{ max_pkt_sz = 64, }\n');
  });

  it('are read from disk with the files beside them', () => {
    const dir = mkdtempSync(join(tmpdir(), 'k2-raw-'));
    try {
      const path = join(dir, 'a.insns');
      writeFileSync(path, input().insns);
      expect(() => readRawFile(path, { hook: 'xdp' })).toThrow(/map fd 7.*\.maps/);
      writeFileSync(join(dir, 'a.maps'), MAPS);
      expect(readRawFile(path, { hook: 'xdp' }).maps).toHaveLength(1);
      expect(() => readRawFile(join(dir, 'b.insns'))).toThrow(/ENOENT/);
      const p = readRaw(input());
      writeRawFile(join(dir, 'c.insns'), writeRaw(p));
      expect(readRawFile(join(dir, 'c.insns'))).toMatchObject({ insns: p.insns, maps: p.maps, hook: 'xdp' });
      expect(readdirSync(dir).sort()).toEqual(['a.insns', 'a.maps', 'c.desc', 'c.insns', 'c.maps']);
      expect(() => writeRawFile(join(dir, 'none', 'd.insns'), writeRaw(p))).toThrow(UserError);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it.each<[string, Partial<RawInput>, RegExp]>([
    ['half a slot', { insns: new Uint8Array(12) }, /prog\.insns, insn 1, offset 8: /],
    ['nothing', { insns: new Uint8Array(0) }, /empty/],
    ['half an ld_imm64', { insns: encode([loadMap(7)]).slice(0, 8) }, /insn 0, offset 0/],
    ['unknown opcode', { insns: encode([insn(0xff), EXIT]) }, /insn 0/],
    ['jump out of the program', { insns: encode([insn(0x05, 0, 0, 9), EXIT]) }, /insn 0/],
    ['no exit', { insns: encode([insn(0xb7)]) }, /last insn/],
    [
      'call of a subprogram elsewhere',
      { insns: encode([insn(0x85, 0, 1, 0, -1), EXIT]) },
      /insn 0.*subprogram/,
    ],
    ['map that is missing', { insns: encode([loadMap(3), EXIT]) }, /map fd 3/],
    ['line that is no map', { maps: 'm type = 2' }, /prog\.maps, line 1: this is no map/],
    ['map without a key size', { maps: 'm { type = 2, fd = 7 }' }, /key_size is missing/],
    ['two maps of one fd', { maps: `${MAPS}n${MAPS.slice(1)}` }, /line 2: same name or fd/],
    ['number that is too large', { maps: MAPS.replace('16', '99999999999') }, /32 bits/],
    ['word for a number', { desc: '{ pgm_input_type = xdp, }' }, /prog\.desc, line 1/],
  ])('refuse %s by name and place', (_, changes, message) => {
    expect(problemOf(changes).message).toMatch(message);
  });

  it('never crash on hostile files: a well-formed program or a UserError', () => {
    const line = fc.oneof(
      fc.constant(MAPS.trim()),
      fc.string({ maxLength: 40 }),
      fc
        .tuple(fc.nat(40), fc.integer({ min: -1, max: 2 ** 33 }))
        .map(
          ([type, n]) =>
            `m${type} { type = ${type}, key_size = ${n}, value_size = 8, max_entries = 1, fd = ${n}`,
        ),
    );
    // Slots that are nearly right, so that more than the first check is reached.
    const slot = fc
      .tuple(
        fc.constantFrom(0x18, 0x95, 0xb7, 0x05, 0x85, 0x61, 0x55, 0xdb, 0x06, 0x20, 0x0f, 0xff),
        fc.nat(0xff),
        fc.integer({ min: -3, max: 3 }),
        fc.integer({ min: -2, max: 9 }),
      )
      .map(([op, regs, off, imm]) => {
        const bytes = encode([insn(op === 0x18 ? 0xb7 : op, regs & 15, regs >> 4, off, imm)]);
        bytes[0] = op;
        return bytes;
      });
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.array(slot, { maxLength: 12 }).map((slots) => new Uint8Array(Buffer.concat(slots))),
    );
    fc.assert(
      fc.property(bytes, fc.array(line), fc.array(line), fc.boolean(), (insns, maps, desc, typed) => {
        try {
          const files = { file: 'f.insns', insns, maps: maps.join('\n'), desc: desc.join('\n') };
          const p = readRaw(files, typed ? { hook: 'xdp' } : {});
          expect(validate(p.insns)).toEqual([]);
          expect(p.functions.at(-1)!.end).toBe(p.insns.length);
        } catch (e) {
          if (!(e instanceof UserError)) throw e;
          expect(e.where).toMatch(/^f\.(insns|maps|desc)/);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('find every truncation of a file', () => {
    const whole = input().insns;
    for (let length = 0; length < whole.length; length++)
      expect(() => readRaw(input({ insns: whole.slice(0, length) }))).toThrow(UserError);
  });
});

describe.skipIf(K2_PAPER === undefined)("the K2 paper's programs (skipped without the shared folder)", () => {
  const entries = K2_PAPER ?? [];
  const filesOf = (level: string) =>
    entries.flatMap((e) =>
      Object.keys(e.files)
        .filter((f) => f.startsWith(level) && f.endsWith('.insns'))
        .map((f) => [f, e] as const),
    );

  it('are nineteen', () => expect(entries).toHaveLength(19));

  it.each(filesOf('O2/'))('%s is read, and written byte for byte', (file, entry) => {
    const p = readRawFile(corpusFile(file), { hook: entry.programType });
    expect(p.provenance.sha256).toBe(entry.files[file]);
    expect(sizeInSlots(p.insns)).toBe(paperSlots().get(entry.id));
    const out = writeRaw(p);
    expect(Buffer.from(out.insns)).toEqual(readFileSync(corpusFile(file)));
    const again = readRaw({ file, ...out }, { hook: entry.programType });
    expect(again.maps).toEqual(p.maps);
    expect(again.insns).toEqual(p.insns);
    expect(p.provenance.note).toBeUndefined();
  });

  it.each(filesOf('O1/'))('%s is refused: its subprogram was never linked in', (file, entry) => {
    expect(() => readRawFile(corpusFile(file), { hook: entry.programType })).toThrow(
      /subprogram.*object file/,
    );
  });

  it('know their attach types and inner maps', () => {
    const read = (name: string) =>
      readRawFile(corpusFile(`O2/${name}.insns`), {
        hook: entries.find((e) => e.name === name)!.programType,
      });
    expect(read('recvmsg4').attachType).toBe(19);
    expect(read('xdp-balancer').maps.find((m) => m.name === 'lru_mapping')!.inner).toMatchObject({
      type: 9,
      keySize: 40,
      valueSize: 16,
    });
  });
});
