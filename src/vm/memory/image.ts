/**
 * Builds the memory of one test: an arena with a header, map descriptors, and regions (stack, context,
 * packet, objects behind context pointers, map storage) in an order and at distances that the test's seed
 * decides.
 *
 *   in:   program (image-shape.ts), test case          out:  arena bytes and shadow, ready to run
 */

import { Rng } from '../../base/random.ts';
import type { CtxPointer, Hook } from '../../program/tables/hook-types.ts';
import type { TestCase } from '../types.ts';
import type { Arena } from './arena.ts';
import {
  ctxBytes,
  GUARD,
  type ImageShape,
  JITTER,
  OBJECT_BYTES,
  type PlannedMap,
  packetRoom,
  pad8,
  plannedMaps,
  RINGBUF_BYTES,
  regions,
} from './image-shape.ts';
import {
  FRAME_STRIDE,
  HEAD,
  MAP,
  MAP_BYTES,
  MAP_READ_ONLY,
  MAPS,
  MapKind,
  poison,
  SHADOW,
  STACK_BYTES,
} from './layout.ts';
import { SimMap, SlotState, slotCount, storageOf } from './sim-map.ts';

const ETHERNET = 14;
/** sizeof(struct xdp_frame): the part of the headroom that adjust_head must leave. */
const XDP_FRAME = 40;

/** Writes the image of test number `index` at `at`; `size` bytes are the arena's. */
export function buildImage(
  arena: Arena,
  at: number,
  size: number,
  shape: ImageShape,
  test: TestCase,
  index: number,
): void {
  const { bytes, view, delta } = arena;
  bytes.fill(0, at, at + size);
  bytes.fill(0, at + delta, at + size + delta);
  const rng = new Rng(test.seed, 'layout');
  // 0xffff8880_xxxxxxxx and on: the direct mapping of x86-64. The arena never straddles a multiple of 4 GiB.
  view.setUint32(at + HEAD.BASE, (rng.below(0x7fff_0000) & ~63) >>> 0, true);
  view.setUint32(at + HEAD.BASE + 4, 0xffff_8880 + rng.below(0x40), true);
  view.setUint32(at + HEAD.SIZE, size, true);
  arena.select(at);
  view.setBigUint64(at + HEAD.POISON, rng.u64(), true);
  view.setUint32(at + HEAD.TEST, index, true);
  view.setUint32(at + HEAD.SEED, test.seed >>> 0, true);

  const maps = plannedMaps(shape, test);
  view.setUint32(at + HEAD.MAP_BYTES, maps.length * MAP_BYTES, true);
  const offsets = place(regions(shape, test, maps), MAPS + maps.length * MAP_BYTES, rng);
  const offset = (name: string): number => offsets.get(name)!;
  const pointer = (field: number, to: number): void =>
    view.setBigUint64(at + field, arena.base + BigInt(to), true);

  const frame0 = offset('stack') + shape.frames * FRAME_STRIDE;
  pointer(HEAD.R10, frame0);
  view.setUint32(at + HEAD.FRAMES, shape.frames, true);
  bytes.fill(SHADOW.WRITE, at + delta + frame0 - STACK_BYTES, at + delta + frame0);
  // Left over from whoever ran before: a byte that nobody wrote must not look like a zero that somebody did.
  bytes.set(new Rng(test.seed, 'stack').bytes(STACK_BYTES), at + frame0 - STACK_BYTES);

  const packet = offset('packet');
  const room = packetRoom(shape, test);
  const data = packet + room.before;
  const end = data + test.packet.length;
  pointer(HEAD.DATA, data);
  pointer(HEAD.DATA_END, end);
  pointer(HEAD.DATA_META, data);
  view.setUint32(at + HEAD.PACKET_MIN, packet + (room.before === 0 ? 0 : XDP_FRAME), true);
  view.setUint32(at + HEAD.PACKET_MAX, end + room.after, true);
  const { net, link } = headers(shape.hook);
  view.setInt32(at + HEAD.NET_HEADER, net, true);
  view.setInt32(at + HEAD.LINK_HEADER, link, true);
  bytes.set(test.packet, at + data);
  bytes.fill(packetAccess(shape.hook), at + data + delta, at + end + delta);

  const ringbuf = offset('ringbuf');
  pointer(HEAD.RINGBUF, ringbuf);
  view.setUint32(at + HEAD.RINGBUF_START, ringbuf, true);
  view.setUint32(at + HEAD.RINGBUF_END, ringbuf + (shape.ringbuf ? RINGBUF_BYTES : 0), true);

  const objects = new Rng(test.seed, 'objects');
  for (const o of shape.objects) {
    const p = at + offset(o);
    bytes.set(objects.bytes(OBJECT_BYTES), p);
    bytes.fill(objectAccess(o), p + delta, p + OBJECT_BYTES + delta);
    const absent = o === 'sock_or_null' && objects.chance(0.5);
    if (!absent) pointer(POINTER_SLOT[o], offset(o));
  }

  const ctx = offset('ctx');
  pointer(HEAD.R1, ctx);
  view.setUint32(at + HEAD.CTX, ctx, true);
  view.setUint32(at + HEAD.CTX_SIZE, ctxBytes(shape, test), true);
  writeContext(arena, at + ctx, shape, test);
  maps.forEach((m, i) => {
    writeMap(arena, m, i, offset(`map ${i}`));
  });
}

/** Gives every region a place: shuffled, with a guard and a random distance before each. */
function place(sizes: [string, number][], start: number, rng: Rng): Map<string, number> {
  const order = [...sizes];
  for (let i = order.length - 1; i > 0; i--) {
    const j = rng.below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const offsets = new Map<string, number>();
  let at = start;
  for (const [name, bytes] of order) {
    at += GUARD + rng.below(JITTER) * 8;
    offsets.set(name, at);
    at += pad8(bytes);
  }
  return offsets;
}

/**
 * Where the network and link headers are, from the packet's first byte: traffic control sees the Ethernet
 * header, socket filters and the hooks of cgroups and tunnels start behind it.
 */
function headers(hook: Hook): { net: number; link: number } {
  const ethernet = hook.name === 'sched_cls' || hook.name === 'sched_act' || hook.name === 'xdp';
  return ethernet ? { net: ETHERNET, link: 0 } : { net: 0, link: -ETHERNET };
}

/**
 * Storage that helpers hand out (socket or cgroup storage) shares the opaque object, so that one may be
 * written.
 */
function objectAccess(kind: CtxPointer): number {
  return kind === 'opaque' ? SHADOW.READ | SHADOW.WRITE | SHADOW.OUTPUT : SHADOW.READ;
}

/** Shadow of packet bytes. */
export function packetAccess(hook: Hook): number {
  // Helpers may read and write packets that the program cannot access directly, so OUTPUT does not depend on
  // it.
  const direct = { none: 0, read: SHADOW.READ, write: SHADOW.READ | SHADOW.WRITE }[hook.packet];
  return direct | SHADOW.OUTPUT;
}

/** Header word that holds the pointer of each kind. */
const POINTER_SLOT: Record<CtxPointer, number> = {
  packet: HEAD.DATA,
  packet_end: HEAD.DATA_END,
  packet_meta: HEAD.DATA_META,
  sock: HEAD.SOCK,
  sock_or_null: HEAD.SOCK,
  flow_keys: HEAD.FLOW_KEYS,
  opaque: HEAD.OPAQUE,
};

function writeContext(arena: Arena, p: number, shape: ImageShape, test: TestCase): void {
  const { bytes, view, delta } = arena;
  const { hook } = shape;
  const size = ctxBytes(shape, test);
  bytes.set(test.ctx.subarray(0, size), p);
  const all = SHADOW.READ | SHADOW.WRITE | SHADOW.OUTPUT;
  if (shape.plainContext) bytes.fill(all, p + delta, p + delta + size);
  else if (hook.ctxAccess === 'raw') {
    const access = hook.rawWrite === true ? all : SHADOW.READ;
    bytes.fill(access, p + delta + Math.min(size, hook.rawStart ?? 0), p + delta + size);
  } else
    for (const f of hook.fields) {
      const at = p + f.offset;
      if (f.pointer !== undefined) {
        bytes.fill(0, at, at + f.size);
        view.setUint16(at, POINTER_SLOT[f.pointer], true);
        view.setUint16(at + 2, f.size, true);
        bytes[at + delta] = SHADOW.POINTER;
      } else {
        bytes.fill(f.write ? all : SHADOW.READ, at + delta, at + f.size + delta);
        if (f.name === 'len' && hook.packet !== 'none') view.setUint32(at, test.packet.length, true);
      }
    }
}

function writeMap(arena: Arena, planned: PlannedMap, index: number, offset: number): void {
  const { view, bytes, delta } = arena;
  const { def, contents } = planned;
  const at = arena.at + MAPS + index * MAP_BYTES;
  const { kind, stride } = storageOf(def);
  const put = (field: number, value: number): void => view.setUint32(at + field, value, true);
  put(MAP.KIND, kind);
  put(MAP.TYPE, def.type);
  put(MAP.OFFSET, offset);
  put(MAP.MAX_ENTRIES, def.maxEntries);
  put(MAP.STRIDE, stride);
  put(MAP.KEY_SIZE, def.keySize);
  put(MAP.VALUE_SIZE, def.valueSize);
  put(MAP.INDEX, index);
  put(MAP.FLAGS, def.flags | (def.readonly === true ? MAP_READ_ONLY : 0));
  if (kind === MapKind.NONE) return;
  const map = new SimMap(arena, at);
  const access = map.access() | SHADOW.OUTPUT;
  const expose = (value: number): void => {
    bytes.fill(access, value + delta, value + def.valueSize + delta);
  };
  if (kind === MapKind.DENSE) {
    const first = map.valueAt(0);
    if (def.maxEntries > 0) expose(first);
    // The shadow of one value is that of all: thousands of them take a few copies.
    const [row, end] = [first + delta, first + delta + stride * def.maxEntries];
    for (let done = stride; row + done < end; done *= 2)
      bytes.copyWithin(row + done, row, Math.min(row + done, end - done));
    for (const e of contents) {
      const i = new DataView(e.key.buffer, e.key.byteOffset).getUint32(0, true);
      if (i < def.maxEntries) bytes.set(e.value.subarray(0, def.valueSize), first + i * stride);
    }
    return;
  }
  const slots = slotCount(def, contents.length);
  put(MAP.CAPACITY, slots);
  contents.forEach((e, i) => {
    const p = map.slot(i);
    view.setUint32(p, SlotState.LIVE, true);
    view.setUint32(p + 4, i, true);
    bytes.set(e.key.subarray(0, def.keySize), map.keyAt(i));
    bytes.set(e.value.subarray(0, def.valueSize), map.valueAt(i));
    const inner = planned.inner[i];
    if (inner !== undefined) view.setUint32(map.valueAt(i) + 4, MAPS + inner * MAP_BYTES, true);
    expose(map.valueAt(i));
  });
  put(MAP.LIVE, contents.length);
  put(MAP.SEQUENCE, contents.length);
  // Preallocated hash tables keep one spare element per CPU for updates of existing keys.
  const spare = slots > contents.length ? 1 : 0;
  put(MAP.SPARE, spare === 0 ? 0 : contents.length + 1);
  put(MAP.USED, contents.length + spare);
}

/** Poison of a register in this test. */
export function poisonOf(arena: Arena, register: number): bigint {
  const seed = arena.view.getBigUint64(arena.at + HEAD.POISON, true);
  return BigInt.asUintN(64, seed + poison(register));
}
