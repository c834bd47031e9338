import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/base/errors.ts';
import { sameInsn } from '../../src/isa/insn.ts';
import { readAssembly } from '../../src/program/assembly.ts';
import { programsOf, readObject } from '../../src/program/elf/index.ts';
import { programText } from '../../src/program/listing.ts';
import type { Program } from '../../src/program/program.ts';
import { readRaw } from '../../src/program/raw/raw.ts';
import { corpusFile, K2_PAPER, SHARED } from './shared.ts';

const ROOT = join(import.meta.dirname, '../..');
const BUILTIN = join(ROOT, 'corpora/builtin');
const REAL = join(SHARED, 'corpora/real');

function objectsBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.o'))
    .map((f) => join(folder, f));
}

/** Programs that can be read; objects that cannot are others' tests. */
function programsIn(file: string): Program[] {
  try {
    return programsOf(readObject(readFileSync(file), file), { hook: 'sched_cls' }).flatMap((row) =>
      row.ok ? [row.program] : [],
    );
  } catch (e) {
    if (e instanceof UserError) return [];
    throw e;
  }
}

/** The text says the same instructions, maps by the same names, the same program and type. */
function expectRoundTrip(program: Program): void {
  for (const macros of [false, true]) {
    const text = programText(program, { macros });
    const read = readAssembly(text, program.provenance.file);
    const first = program.insns.findIndex(
      (i, n) => read.insns[n] === undefined || !sameInsn(i, read.insns[n]!),
    );
    expect([program.provenance.file, program.name, first, read.insns.length]).toEqual([
      program.provenance.file,
      program.name,
      -1,
      program.insns.length,
    ]);
    expect(read.maps.map((m) => m.name)).toEqual(program.maps.map((m) => m.name));
    expect([read.name, read.hook]).toEqual([program.name, program.hook]);
  }
}

describe('what disasm prints, asm reads back', () => {
  const builtin = objectsBelow(BUILTIN);
  it(`all programs of the builtin corpus (${builtin.length} objects)`, { timeout: 120_000 }, () => {
    const programs = builtin.flatMap(programsIn);
    expect(programs.length).toBeGreaterThan(600);
    programs.forEach(expectRoundTrip);
  });
  it('all programs of the test objects', () => {
    const objects = objectsBelow(join(import.meta.dirname, 'elf/data'));
    const programs = objects.flatMap(programsIn);
    expect(programs.length).toBeGreaterThan(10);
    programs.forEach(expectRoundTrip);
  });
  it.skipIf(K2_PAPER === undefined)('all programs of the K2 paper', () => {
    for (const { files, programType } of K2_PAPER ?? [])
      for (const path of Object.values(files).filter((f) => f.endsWith('.insns'))) {
        const beside = (ext: string): string => {
          const file = corpusFile(path.replace(/\.insns$/, ext));
          return existsSync(file) ? readFileSync(file, 'utf8') : '';
        };
        const insns = readFileSync(corpusFile(path));
        expectRoundTrip(
          readRaw({ file: path, insns, maps: beside('.maps'), desc: beside('.desc') }, { hook: programType }),
        );
      }
  });
  it.skipIf(!existsSync(REAL))('all programs of published objects', { timeout: 300_000 }, () => {
    const most = process.env.K2_FULL === undefined ? 3000 : Infinity;
    const programs = objectsBelow(REAL)
      .flatMap(programsIn)
      .filter((p) => p.insns.length <= most);
    expect(programs.length).toBeGreaterThan(100);
    programs.forEach(expectRoundTrip);
  });
});

describe('readAssembly', () => {
  const MAP = '; map cnt: type 2, key 4, value 8, 4 entries\n';
  it('takes maps from the lines that define them', () => {
    const text = `; p, section tc: sched_cls, 4 slots, 3 instructions\n${MAP}r1 = map[cnt]\nr0 = 0\nexit`;
    expect(readAssembly(text, 't')).toMatchObject({
      name: 'p',
      hook: 'sched_cls',
      maps: [{ name: 'cnt', type: 2, keySize: 4, valueSize: 8, maxEntries: 4, flags: 0 }],
      insns: [{ src: 1, imm: 0 }, {}, {}],
      notes: [],
    });
  });
  it('says what an instruction file cannot hold', () => {
    const text = `; map d: type 2, key 4, value 8, 1 entries, flags 0x400, contents not shown
; map o: type 12, key 4, value 4, 2 entries, of maps like in0
call kernel-function bpf_f#0
r0 = 0
exit`;
    expect(readAssembly(text, 't').notes).toEqual([
      'map d: its flags and contents cannot be kept in a .maps file',
      'map o: its inner map cannot be kept in a .maps file',
      expect.stringContaining('calls of kernel functions (1)'),
    ]);
  });
  it.each([
    ['a map that is not defined', 'r1 = map[cnt]\nexit', /t:1:10: no map is named cnt: define it/],
    ['a map that is defined twice', `${MAP}${MAP}exit`, /t:2:1: map cnt is defined twice/],
    ['a damaged definition', '; map cnt: typ 2\nexit', /t:1:1: this is not a map/],
    [
      'two programs',
      '; a, section x: xdp, 1 slots, 1 instructions\nexit\n; b, section x: xdp, 1 slots, 1 instructions\nexit',
      /holds 2 programs: a, b/,
    ],
  ])('says no to %s', (_, text, message) => expect(() => readAssembly(text, 't')).toThrow(message));

  const macros = (text: string) => readAssembly(text, 't').insns;
  it('knows the fields of contexts', () => {
    const load = (struct: string, member: string): string =>
      `BPF_LDX_MEM(BPF_W, BPF_REG_0, BPF_REG_1, offsetof(struct ${struct}, ${member})),\nBPF_EXIT_INSN(),`;
    expect(macros(load('__sk_buff', 'mark'))[0]).toMatchObject({ off: 8 });
    expect(macros(load('__sk_buff', 'cb[2]'))[0]).toMatchObject({ off: 56 });
    expect(macros(load('__sk_buff', 'cb'))[0]).toMatchObject({ off: 48 });
    expect(macros(load('xdp_md', 'data_end'))[0]).toMatchObject({ off: 4 });
    expect(macros(load('bpf_sock_addr', 'user_ip6'))[0]).toMatchObject({ off: 8 });
    expect(macros(load('__sk_buff', 'mark').replace('mark)', 'mark) + 1'))[0]).toMatchObject({ off: 9 });
    expect(() => macros(load('xdp_md', 'mark'))).toThrow(/t:1:42: struct xdp_md has no known member mark/);
    expect(() => macros(load('nothing', 'x'))).toThrow(/struct nothing has no known member x/);
    expect(() => macros('BPF_MOV64_IMM(BPF_REG_0, offsetof(int)),\nBPF_EXIT_INSN(),')).toThrow(
      /offsetof takes a struct and a member/,
    );
  });
  it('reads macros as kernel sources write them', () => {
    expect(macros('BPF_EMIT_CALL(BPF_FUNC_get_prandom_u32),\nBPF_EXIT_INSN(),')).toMatchObject([
      { op: 0x85, imm: 7 },
      {},
    ]);
    expect(
      macros('BPF_RAW_INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ktime_get_ns),\nBPF_EXIT_INSN(),'),
    ).toMatchObject([{ op: 0x85, imm: 5 }, {}]);
    const calls = 'BPF_CALL_REL(1),\nBPF_EXIT_INSN(),\nBPF_MOV64_IMM(R0, 0),\nBPF_EXIT_INSN(),';
    expect(macros(calls)).toMatchObject([{ op: 0x85, src: 1, imm: 1 }, {}, { dst: 0 }, {}]);
  });
});
