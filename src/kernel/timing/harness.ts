/**
 * The stopwatch's program: it calls a body again and again, from the same start each time.
 *
 *   main:  until the count is used up:  packet edges and first bytes, or the record, as they were;  call body
 *   body:  the program to be timed, its subprograms behind it
 *
 * One run is one BPF_PROG_TEST_RUN with repeat = 1, whose `duration` divided by the count is the time of an
 * iteration to a fraction of a nanosecond. The body is called, not inlined: the verifier refuses large bodies
 * inside a loop. Programs that read a record (tracepoints, probes) run inside an XDP harness, with r1 = a map
 * value that holds it.
 */

import {
  type Insn,
  insn,
  isHelperCall,
  OP_CALL,
  OP_EXIT,
  OP_JA,
  OP_JCOND,
  OP_LD_IMM64,
  PseudoCall,
  PseudoLd,
} from '../../isa/insn.ts';
import { opcode, specOf } from '../../isa/semantics.ts';
import type { MapDef, Program } from '../../program/program.ts';
import { Helper } from '../../program/tables/helpers.ts';
import { HOOKS } from '../../program/tables/hooks.ts';
import { MapTypeId } from '../../program/tables/maps.ts';
import type { TestCase } from '../../vm/types.ts';
import { type Runner, waysToRun } from '../run/inputs.ts';

/** How a hook's programs are timed. */
export interface TimedAs {
  /** What TEST_RUN runs. */
  runner: Extract<Runner, 'xdp' | 'skb-l2' | 'skb-l3'>;
  /** The body's r1 points to a map value with the record, not to the context. */
  record: boolean;
}

/** First bytes of the packet that are restored before every iteration. */
const KEPT_BYTES = 128;
/** Offsets in the control map's one value. */
const CONTROL = {
  COUNT: 0,
  DATA: 8,
  DATA_END: 16,
  SCRATCH: 24,
  PACKET: 32,
  RECORD: 32 + KEPT_BYTES,
} as const;

/** Bytes of a record that the body can read; the verifier refuses a program that reads further. */
const MAX_RECORD = 1024;

/** @returns the reason when programs of this hook cannot be timed */
export function timedAs(program: Program): TimedAs | { reason: string } {
  const way = waysToRun(program.hook)[0];
  if (way === undefined) return { reason: `no way to run programs of type ${program.hook}` };
  if (way.runner !== 'record' && way.runner !== 'record-rw') return { runner: way.runner, record: false };
  return { runner: 'xdp', record: true };
}

const mov = (dst: number, src: number): Insn => insn(opcode('mov64.x'), dst, src);
const movK = (dst: number, imm: number): Insn => insn(opcode('mov64.k'), dst, 0, 0, imm);
const load = (dst: number, src: number, off: number, size: 'w' | 'dw' = 'dw'): Insn =>
  insn(opcode(`ldx.${size}`), dst, src, off);
const store = (dst: number, off: number, src: number): Insn => insn(opcode('stx.dw'), dst, src, off);
const helper = (id: number): Insn => insn(OP_CALL, 0, PseudoCall.HELPER, 0, id);

/** Registers of main. */
const CTX = 6;
const CELL = 7;
const LEFT = 8;

/** Offsets in struct xdp_md, and of the packet's pointers in struct __sk_buff. */
const XDP_MD = { data: 0, dataEnd: 4, dataMeta: 8 } as const;
const SKB = { data: 76, dataEnd: 80 } as const;

function calls(program: Program, id: number): boolean {
  return program.insns.some((i) => isHelperCall(i, id));
}

/** Brings one edge of an XDP packet back: the helper gets the distance to where it was. */
function restoreEdge(field: number, kept: number, id: number): Insn[] {
  return [
    // A packet pointer becomes a number on its way through memory.
    load(3, CTX, field, 'w'),
    store(CELL, CONTROL.SCRATCH, 3),
    load(3, CELL, CONTROL.SCRATCH),
    load(2, CELL, kept),
    insn(opcode('sub64.x'), 2, 3),
    insn(opcode('jeq64.k'), 2, 0, 2, 0),
    mov(1, CTX),
    helper(id),
  ];
}

/** Metadata in front of the packet goes: data_meta = data. */
function dropMetadata(): Insn[] {
  return [
    load(3, CTX, XDP_MD.dataMeta, 'w'),
    store(CELL, CONTROL.SCRATCH, 3),
    load(3, CELL, CONTROL.SCRATCH),
    load(2, CTX, XDP_MD.data, 'w'),
    store(CELL, CONTROL.SCRATCH, 2),
    load(2, CELL, CONTROL.SCRATCH),
    insn(opcode('sub64.x'), 2, 3),
    insn(opcode('jeq64.k'), 2, 0, 2, 0),
    mov(1, CTX),
    helper(Helper.xdp_adjust_meta),
  ];
}

/** Copies the kept bytes back, 16 at a time, as far as the packet goes. */
function restoreBytes(at: { data: number; dataEnd: number }): Insn[] {
  const STEP = 16;
  const chunk = (off: number): Insn[] => [
    mov(4, 2),
    insn(opcode('add64.k'), 4, 0, 0, off + STEP),
    insn(opcode('jgt64.x'), 4, 3, 0),
    load(4, CELL, CONTROL.PACKET + off),
    store(2, off, 4),
    load(4, CELL, CONTROL.PACKET + off + 8),
    store(2, off + 8, 4),
  ];
  const body = Array.from({ length: KEPT_BYTES / STEP }, (_, k) => chunk(k * STEP)).flat();
  const leaving = opcode('jgt64.x');
  return [
    load(2, CTX, at.data, 'w'),
    load(3, CTX, at.dataEnd, 'w'),
    ...body.map((i, k) => (i.op === leaving ? { ...i, off: body.length - k - 1 } : i)),
  ];
}

function restoreRecord(size: number): Insn[] {
  return Array.from({ length: size / 8 }, (_, k) => [
    load(2, CELL, CONTROL.RECORD + size + 8 * k),
    store(CELL, CONTROL.RECORD + 8 * k, 2),
  ]).flat();
}

const recordBytes = (p: Program): number => Math.min(MAX_RECORD, (HOOKS[p.hook].ctxSize + 7) & ~7);

/** What has to be brought back before every iteration: the same for all versions that are compared. */
function restoring(programs: readonly Program[], as: TimedAs): Insn[] {
  const { hook } = programs[0]!;
  if (as.record) {
    const writes = programs.some((p) => p.insns.some((i) => specOf(i)?.kind === 'store'));
    const { rawWrite, fields } = HOOKS[hook];
    const writable = rawWrite === true || fields.some((f) => f.write);
    return writes && writable ? restoreRecord(recordBytes(programs[0]!)) : [];
  }
  const any = (id: number): boolean => programs.some((p) => calls(p, id));
  if (as.runner === 'skb-l2') return restoreBytes(SKB);
  if (as.runner !== 'xdp') return [];
  return [
    ...(any(Helper.xdp_adjust_head) ? restoreEdge(XDP_MD.data, CONTROL.DATA, Helper.xdp_adjust_head) : []),
    ...(any(Helper.xdp_adjust_meta) ? dropMetadata() : []),
    ...(any(Helper.xdp_adjust_tail)
      ? restoreEdge(XDP_MD.dataEnd, CONTROL.DATA_END, Helper.xdp_adjust_tail)
      : []),
    ...restoreBytes(XDP_MD),
  ];
}

/** The map that main reads its count and kept state from; it comes after the program's own maps. */
export function controlMap(program: Program): MapDef {
  const valueSize = CONTROL.RECORD + 2 * recordBytes(program);
  return { name: 'control', type: MapTypeId.ARRAY, keySize: 4, valueSize, maxEntries: 1, flags: 0 };
}

/** The control map's value for `count` iterations on a test case. */
export function controlValue(program: Program, as: TimedAs, test: TestCase, count: number): Uint8Array {
  const value = new Uint8Array(controlMap(program).valueSize);
  new DataView(value.buffer).setBigUint64(CONTROL.COUNT, BigInt(count), true);
  value.set(test.packet.subarray(0, KEPT_BYTES), CONTROL.PACKET);
  if (as.record) {
    const size = recordBytes(program);
    value.set(test.ctx.subarray(0, size), CONTROL.RECORD);
    value.set(test.ctx.subarray(0, size), CONTROL.RECORD + size);
  }
  return value;
}

/** A body that does nothing: what it takes is the harness' own time. */
export function emptyBody(program: Program): Program {
  const insns = [movK(0, 0), insn(OP_EXIT)];
  return {
    ...program,
    insns,
    functions: [{ name: 'empty', start: 0, end: insns.length }],
    origin: insns.map(() => -1),
    pinned: new Map(),
  };
}

/**
 * r6 to r9, which a called function may not read before it writes them, not even on a path that nothing
 * takes.
 */
const CLEARED: readonly Insn[] = [6, 7, 8, 9].map((r) => movK(r, 0));

/**
 * The harness around `body`, one of the versions that are compared (`all`: what they change is restored for
 * each alike). Its maps are the body's and the control map.
 * @param clear write r6 to r9 first: some kernels insist on it in called functions
 */
export function harness(body: Program, all: readonly Program[], as: TimedAs, clear = false): Program {
  const control = body.maps.length;
  const restore = restoring(all, as);
  const keepEdges =
    as.runner === 'xdp' && !as.record
      ? [
          load(2, CTX, XDP_MD.data, 'w'),
          store(CELL, CONTROL.DATA, 2),
          load(2, CTX, XDP_MD.dataEnd, 'w'),
          store(CELL, CONTROL.DATA_END, 2),
        ]
      : [];
  const argument = as.record
    ? [mov(1, CELL), insn(opcode('add64.k'), 1, 0, 0, CONTROL.RECORD)]
    : [mov(1, CTX)];
  const start = [
    mov(CTX, 1),
    insn(OP_LD_IMM64, CELL, PseudoLd.MAP_VALUE, 0, control, 0),
    load(LEFT, CELL, CONTROL.COUNT),
    ...keepEdges,
  ];
  const end = [store(CELL, CONTROL.COUNT, LEFT), movK(0, as.runner === 'xdp' ? 2 : 0), insn(OP_EXIT)];
  const inner = [...restore, ...argument];
  // jeq, sub, may_goto, inner, call, ja
  const length = 3 + inner.length + 2;
  const loop = [
    insn(opcode('jeq64.k'), LEFT, 0, length - 1, 0),
    insn(opcode('sub64.k'), LEFT, 0, 0, 1),
    insn(OP_JCOND, 0, 0, length - 3),
    ...inner,
    insn(OP_CALL, 0, PseudoCall.LOCAL, 0, 1 + end.length),
    insn(OP_JA, 0, 0, -length),
  ];
  const main = [...start, ...loop, ...end];
  const before = clear ? CLEARED : [];
  const shift = main.length + before.length;
  const { hook, attachType, ...rest } = body;
  return {
    ...rest,
    name: 'harness',
    section: '',
    hook: as.record ? 'xdp' : hook,
    ...(as.record || attachType === undefined ? {} : { attachType }),
    insns: [...main, ...before, ...body.insns],
    functions: [
      { name: 'main', start: 0, end: main.length },
      ...body.functions.map((f) => ({
        ...f,
        start: f.start === 0 ? main.length : f.start + shift,
        end: f.end + shift,
      })),
    ],
    maps: [...body.maps, controlMap(body)],
    origin: [...main.map(() => -1), ...before.map(() => -1), ...body.origin],
  };
}

/** Iterations that a run did not get to, from the control map's value afterwards. */
export function iterationsLeft(value: Uint8Array): number {
  return Number(new DataView(value.buffer, value.byteOffset).getBigUint64(CONTROL.COUNT, true));
}
