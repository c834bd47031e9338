import { describe, expect, test } from 'vitest';
import { insn, OP_CALL, OP_EXIT, OP_LD_IMM64, PseudoLd } from '../../../src/isa/insn.ts';
import { opNamed } from '../../../src/isa/semantics.ts';
import { accepts, KernelSession } from '../../../src/kernel/index.ts';
import type { MapDef, Program } from '../../../src/program/program.ts';
import { MapTypeId } from '../../../src/program/tables/maps.ts';
import { hasPaper, paperNames, paperProgram, xdpProgram } from '../corpus.ts';
import { hasKernel, needsKernel } from '../kernel.ts';

const op = (name: string): number => opNamed(name).op;
const exit = insn(OP_EXIT);
const return2 = [insn(op('mov64.k'), 0, 0, 0, 2), exit];

test('a program that waits for relocation is a value, not a crash', () => {
  const pinned: Program = {
    ...xdpProgram(return2),
    pinned: new Map([[0, 'CO-RE relocation of sk_buff.len']]),
  };
  expect(accepts(pinned)).toEqual({ status: 'not checked', reason: 'needs CO-RE relocation' });
});

describe.skipIf(!hasKernel)(`loads${needsKernel}`, () => {
  test.skipIf(!hasPaper).each(paperNames())('K2 benchmark %s is accepted as its own type', (name) => {
    const consent = accepts(paperProgram(name));
    expect(consent.status).toBe('accepted');
    if (consent.status !== 'accepted') return;
    expect(consent.jited).toBeGreaterThan(0);
    expect(consent.verifiedInsns).toBeGreaterThanOrEqual(10);
  });

  test('a refusal says why and where', () => {
    const insns = [insn(op('ldx.w'), 2, 1), insn(op('ldx.b'), 0, 2), exit];
    expect(accepts(xdpProgram(insns))).toMatchObject({
      status: 'refused',
      reason: 'R2 offset is outside of the packet',
    });
    const opened = KernelSession.open(xdpProgram(insns));
    if (!opened.ok) throw new Error(opened.reason);
    try {
      expect(opened.session.explain(insns)).toMatchObject({
        ok: false,
        insn: 1,
        log: expect.stringMatching(/r0 = \*\(u8 \*\)\(r2/),
      });
      expect(opened.session.check(insns, { explain: false })).toEqual({
        status: 'refused',
        reason: 'EACCES',
      });
      expect(opened.session.check(return2)).toMatchObject({ status: 'accepted', verifiedInsns: 2 });
    } finally {
      opened.session.close();
    }
  });

  test('the instruction of a refusal counts ld_imm64 once', () => {
    const insns = [insn(OP_LD_IMM64, 3), insn(op('mov64.x'), 0, 4), exit];
    const opened = KernelSession.open(xdpProgram(insns));
    if (!opened.ok) throw new Error(opened.reason);
    expect(opened.session.explain(insns)).toMatchObject({ ok: false, insn: 1, reason: 'R4 !read_ok' });
    opened.session.close();
  });

  test('the license given is the license used', () => {
    // bpf_trace_printk (6) is for GPL programs.
    const insns = [
      insn(op('st.dw'), 10, 0, -8, 0),
      insn(op('mov64.x'), 1, 10),
      insn(op('add64.k'), 1, 0, 0, -8),
      insn(op('mov64.k'), 2, 0, 0, 8),
      insn(OP_CALL, 0, 0, 0, 6),
      insn(op('mov64.k'), 0, 0, 0, 2),
      exit,
    ];
    expect(accepts(xdpProgram(insns)).status).toBe('accepted');
    expect(accepts({ ...xdpProgram(insns), license: 'Proprietary' })).toMatchObject({
      status: 'refused',
      reason: expect.stringMatching(/GPL-restricted/),
    });
  });

  const map = (type: number, rest: Partial<MapDef> = {}): MapDef => ({
    name: 'm',
    type,
    keySize: 4,
    valueSize: 8,
    maxEntries: 16,
    flags: 0,
    ...rest,
  });
  test.each([
    ['array far above the cap', map(MapTypeId.ARRAY, { maxEntries: 1 << 24 })],
    ['LPM trie without its flag', map(MapTypeId.LPM_TRIE, { keySize: 8 })],
    ['array of maps without an inner map', map(MapTypeId.ARRAY_OF_MAPS, { valueSize: 4 })],
    ['hash of maps', map(MapTypeId.HASH_OF_MAPS, { valueSize: 4, inner: map(MapTypeId.HASH) })],
    ['program array', map(MapTypeId.PROG_ARRAY, { valueSize: 4 })],
    ['perf events without a size', map(MapTypeId.PERF_EVENT_ARRAY, { valueSize: 4, maxEntries: 0 })],
    ['ring buffer without a size', map(MapTypeId.RINGBUF, { keySize: 0, valueSize: 0, maxEntries: 0 })],
    ['queue', map(MapTypeId.QUEUE, { keySize: 0 })],
    ['device map', map(MapTypeId.DEVMAP, { valueSize: 4 })],
    [
      'global data',
      map(MapTypeId.ARRAY, { maxEntries: 1, valueSize: 5, initial: Uint8Array.of(1, 2, 3, 4, 5) }),
    ],
  ])('map: %s', (_, def) => {
    const insns = [insn(OP_LD_IMM64, 1, PseudoLd.MAP_FD), ...return2];
    expect(accepts(xdpProgram(insns, [def]))).toMatchObject({ status: 'accepted' });
  });

  test('read-only data is frozen with its contents, so that the checker knows them', () => {
    const rodata = map(MapTypeId.ARRAY, {
      name: '.rodata',
      maxEntries: 1,
      flags: 0x80,
      readonly: true,
      initial: Uint8Array.of(0, 0, 0, 0, 7, 0, 0, 0),
    });
    // Only safe when the loaded word is known to be 7: else the stack access would be out of bounds.
    const insns = [
      insn(op('st.dw'), 10, 0, -8, 1),
      insn(OP_LD_IMM64, 1, PseudoLd.MAP_VALUE, 0, 0, 4),
      insn(op('ldx.w'), 2, 1),
      insn(op('mov64.x'), 3, 10),
      insn(op('neg64'), 2),
      insn(op('add64.x'), 3, 2),
      insn(op('ldx.b'), 0, 3),
      exit,
    ];
    expect(accepts(xdpProgram(insns, [rodata]))).toMatchObject({ status: 'accepted' });
    const wrong = { ...rodata, initial: Uint8Array.of(0, 0, 0, 0, 9, 3, 0, 0) };
    expect(accepts(xdpProgram(insns, [wrong])).status).toBe('refused');
  });

  test('callbacks load: every subprogram gets the function record that the kernel asks for', () => {
    // bpf_loop(4, callback, NULL, 0)
    const insns = [
      insn(op('mov64.k'), 1, 0, 0, 4),
      insn(OP_LD_IMM64, 2, PseudoLd.FUNC, 0, 5),
      insn(op('mov64.k'), 3),
      insn(op('mov64.k'), 4),
      insn(OP_CALL, 0, 0, 0, 181),
      exit,
      insn(op('mov64.k'), 0),
      exit,
    ];
    const functions = [
      { name: 'main', start: 0, end: 6 },
      { name: 'each', start: 6, end: 8 },
    ];
    const program = { ...xdpProgram(insns), functions };
    expect(accepts(program)).toMatchObject({ status: 'accepted' });
    // A candidate's functions are where its own code has them.
    const longer = [
      insn(op('mov64.k'), 0),
      ...insns.map((i) => (i.src === PseudoLd.FUNC ? { ...i, imm: i.imm + 1 } : i)),
    ];
    longer.splice(6, 0, insn(op('mov64.k'), 0));
    const opened = KernelSession.open(program);
    if (!opened.ok) throw new Error(opened.reason);
    expect(opened.session.check(longer)).toMatchObject({ status: 'accepted' });
    opened.session.close();
  });
});
