/** What the memory images of a program's tests have in common, and how large each region of one is. */
import { type Insn, OP_CALL, PseudoCall } from '../../isa/insn.ts';
import type { MapDef, Program } from '../../program/program.ts';
import { Helper, helperById, movesPacket, type ReturnKind } from '../../program/tables/helpers.ts';
import type { CtxPointer, Hook } from '../../program/tables/hook-types.ts';
import { HOOKS } from '../../program/tables/hooks.ts';
import type { MapContents, TestCase } from '../types.ts';
import { FRAME_STRIDE, MAP_BYTES, MAPS, MAX_FRAMES } from './layout.ts';
import { slotCount, storageOf } from './sim-map.ts';

/** What the hook's table does not say: used to run bare instructions on bare memory (exec.ts). */
export interface ImageOptions {
  /** The context is plain memory: all of it may be read and written. */
  plainContext?: boolean;
}

/** XDP_PACKET_HEADROOM, a page, and the aligned size of skb_shared_info at its end. */
const HEADROOM = 256;
const FRAME_BYTES = 4096;
const SHARED_INFO = 320;
/** Bytes behind a socket or other object pointer of a context. */
export const OBJECT_BYTES = 192;
/** Bytes that a run can reserve in ring buffers. */
export const RINGBUF_BYTES = 2048;
/** Results of helpers that point to memory of the kernel. */
const POINTER_RESULTS: readonly ReturnKind[] = [
  'map_value',
  'map_value_or_null',
  'sock_or_null',
  'sock_common_or_null',
  'tcp_sock_or_null',
  'mem_or_null',
  'kernel_or_null',
];
/** Untouchable bytes around every region, at least. */
export const GUARD = 64;
/** Regions start at up to this many 8-byte steps further than they must. */
export const JITTER = 32;

export interface Room {
  before: number;
  after: number;
}

/** Everything about a program that its images share. */
export interface ImageShape {
  program: Program;
  hook: Hook;
  frames: number;
  objects: readonly CtxPointer[];
  movesPacket: boolean;
  ringbuf: boolean;
  plainContext: boolean;
}

export function shapeOf(program: Program, options: ImageOptions = {}): ImageShape {
  const hook = HOOKS[program.hook];
  const calls = program.insns.filter((i) => i.op === OP_CALL);
  const local = (i: Insn): boolean => i.src === PseudoCall.LOCAL;
  const helpers = calls.filter((i) => i.src === PseudoCall.HELPER).map((i) => i.imm);
  return {
    program,
    hook,
    frames: calls.some(local) ? MAX_FRAMES : 1,
    objects: objectsOf(hook, helpers),
    ringbuf: helpers.includes(Helper.ringbuf_reserve),
    movesPacket: helpers.some((id) => movesPacket(helperById(id))),
    plainContext: options.plainContext === true,
  };
}

/** What context fields and results of helpers may point to. */
function objectsOf(hook: Hook, helpers: readonly number[]): CtxPointer[] {
  const found = new Set<CtxPointer>();
  for (const f of hook.fields)
    if (f.pointer !== undefined && !f.pointer.startsWith('packet')) found.add(f.pointer);
  if (helpers.some((id) => POINTER_RESULTS.includes(helperById(id).ret))) found.add('opaque');
  return [...found];
}

export const pad8 = (n: number): number => (n + 7) & ~7;

export function packetRoom(shape: ImageShape, test: TestCase): Room {
  if (!shape.movesPacket) return { before: 0, after: 0 };
  return { before: HEADROOM, after: Math.max(0, FRAME_BYTES - HEADROOM - SHARED_INFO - test.packet.length) };
}

export function ctxBytes(shape: ImageShape, test: TestCase): number {
  if (shape.plainContext || shape.hook.ctxAccess === 'raw') return test.ctx.length;
  return shape.hook.ctxSize;
}

/** A map of an image: definition, contents, and for maps of maps the number of each entry's inner map. */
export interface PlannedMap {
  def: MapDef;
  contents: MapContents;
  inner: number[];
}

/** The program's maps, then one inner map per entry of every map of maps. */
export function plannedMaps(shape: ImageShape, test: TestCase): PlannedMap[] {
  const { maps } = shape.program;
  const planned: PlannedMap[] = maps.map((def, i) => {
    const given = test.maps[i] ?? [];
    const contents =
      given.length === 0 && def.initial !== undefined
        ? [{ key: new Uint8Array(def.keySize), value: def.initial }]
        : given;
    return { def, contents, inner: [] };
  });
  for (const outer of planned.slice(0, maps.length)) {
    if (outer.def.inner === undefined) continue;
    for (const _ of outer.contents) {
      outer.inner.push(planned.length);
      planned.push({ def: outer.def.inner, contents: test.maps[planned.length] ?? [], inner: [] });
    }
  }
  return planned;
}

function mapStorage(map: PlannedMap): number {
  return storageOf(map.def).bytes(slotCount(map.def, map.contents.length));
}

/** Bytes of every region of a test, by name, in no particular order. */
export function regions(shape: ImageShape, test: TestCase, maps: readonly PlannedMap[]): [string, number][] {
  const room = packetRoom(shape, test);
  return [
    ['stack', shape.frames * FRAME_STRIDE],
    ['ctx', ctxBytes(shape, test)],
    ['packet', room.before + test.packet.length + room.after],
    ['ringbuf', shape.ringbuf ? RINGBUF_BYTES : 0],
    ...shape.objects.map((o): [string, number] => [o, OBJECT_BYTES]),
    ...maps.map((m, i): [string, number] => [`map ${i}`, mapStorage(m)]),
  ];
}

/** Bytes that a test's arena needs at most. */
export function arenaBytes(shape: ImageShape, test: TestCase): number {
  const maps = plannedMaps(shape, test);
  let bytes = MAPS + maps.length * MAP_BYTES + GUARD;
  for (const [, n] of regions(shape, test, maps)) bytes += pad8(n) + GUARD + JITTER * 8;
  return pad8(bytes);
}
