/** Small programs that call one helper, in variations that the kernel's checker accepts or refuses. */
import { type Insn, insn, OP_CALL, OP_EXIT, OP_LD_IMM64, PseudoLd, slotsOf } from '../../src/isa/insn.ts';
import type { MapDef, Program } from '../../src/program/program.ts';
import { type Helper, type HelperArg, helperById } from '../../src/program/tables/helpers.ts';
import type { HookName } from '../../src/program/tables/hook-types.ts';
import { hookOfSection } from '../../src/program/tables/hooks.ts';
import { MapFlag, MapTypeId, mapType } from '../../src/program/tables/maps.ts';

const mov = (dst: number, src: number): Insn => insn(0xbf, dst, src);
const set = (dst: number, imm: number): Insn => insn(0xb7, dst, 0, 0, imm);
const add = (dst: number, imm: number): Insn => insn(0x07, dst, 0, 0, imm);
const load32 = (dst: number, src: number, off: number): Insn => insn(0x61, dst, src, off);
const load64 = (dst: number, src: number, off: number): Insn => insn(0x79, dst, src, off);
const mapRef = (dst: number, index: number): Insn => insn(OP_LD_IMM64, dst, PseudoLd.MAP_FD, 0, index);
const mapValue = (dst: number, index: number): Insn => insn(OP_LD_IMM64, dst, PseudoLd.MAP_VALUE, 0, index);
const call = (id: number): Insn => insn(OP_CALL, 0, 0, 0, id);
const EXIT = insn(OP_EXIT);

const KTIME_GET_NS = 5;
const SK_RELEASE = 86;
const RINGBUF_RESERVE = 131;
const RINGBUF_DISCARD = 133;

/** Programs of these sections can be loaded without BTF; most helpers can be called from one of them. */
export const SECTIONS = [
  ...['xdp', 'tc', 'socket', 'tracepoint', 'kprobe', 'raw_tp', 'perf_event', 'cgroup_skb/ingress'],
  ...['cgroup/connect4', 'cgroup/sock_create', 'cgroup/getsockopt', 'cgroup/setsockopt', 'cgroup/sysctl'],
  ...['cgroup/dev', 'sockops', 'sk_skb/stream_verdict', 'sk_msg', 'sk_lookup', 'sk_reuseport'],
  ...['flow_dissector', 'lwt_in', 'lwt_xmit', 'lwt_seg6local', 'syscall'],
];

function map(type: number, changes: Partial<MapDef> = {}): MapDef {
  const t = mapType(type);
  const sizes = { keySize: t?.keySize ?? 4, valueSize: t?.valueSize ?? 8 };
  return { name: 'm', type, ...sizes, maxEntries: 8, flags: t?.requiredFlags ?? 0, ...changes };
}

/** Memory for the arguments: what programs can write, and what they cannot. */
const DATA = map(MapTypeId.ARRAY, { name: 'data', valueSize: 128, maxEntries: 1 });
const RODATA: MapDef = {
  ...DATA,
  name: 'ro',
  flags: MapFlag.RDONLY_PROG,
  readonly: true,
  initial: new Uint8Array(128),
};
const [TESTED_MAP, RODATA_MAP, DATA_MAP] = [0, 1, 2];

const INNER = map(MapTypeId.ARRAY, { name: 'i' });
const SPECIAL: Readonly<Record<number, Partial<MapDef>>> = {
  [MapTypeId.LPM_TRIE]: { keySize: 8 },
  [MapTypeId.ARRAY_OF_MAPS]: { inner: INNER },
  [MapTypeId.HASH_OF_MAPS]: { inner: INNER },
  [MapTypeId.CGROUP_STORAGE]: { keySize: 16, maxEntries: 0 },
  [MapTypeId.PERCPU_CGROUP_STORAGE]: { keySize: 16, maxEntries: 0 },
  [MapTypeId.RINGBUF]: { maxEntries: 4096 },
  [MapTypeId.USER_RINGBUF]: { maxEntries: 4096 },
  [MapTypeId.DEVMAP]: { valueSize: 4 },
  [MapTypeId.DEVMAP_HASH]: { valueSize: 4 },
  [MapTypeId.CPUMAP]: { valueSize: 4 },
  [MapTypeId.SOCKMAP]: { valueSize: 4 },
  [MapTypeId.SOCKHASH]: { valueSize: 4 },
};
/** They cannot be made without BTF. */
const NEED_BTF: readonly number[] = [
  MapTypeId.SK_STORAGE,
  MapTypeId.INODE_STORAGE,
  MapTypeId.TASK_STORAGE,
  MapTypeId.CGRP_STORAGE,
  MapTypeId.STRUCT_OPS,
  MapTypeId.ARENA,
];

/** A map of this type that the kernel makes; undefined when it would want more than its sizes. */
export function mapOfType(type: number): MapDef | undefined {
  return NEED_BTF.includes(type) ? undefined : map(type, SPECIAL[type]);
}

/** One departure from the plain call. */
export interface Variation {
  /** Argument to change (0 = r1), and to what. */
  arg?: number;
  as?: 'NULL' | 'zero' | 'uninitialised' | 'in the packet' | 'in read-only memory';
  license?: string;
  after?: 'r0 is read' | 'packet is read';
}

const BUILDABLE: ReadonlySet<string> = new Set([
  'scalar',
  'ctx',
  'ctx_or_sock',
  'map',
  'map_key',
  'map_value',
  'mem',
  'size',
  'alloc_size',
  'sock',
  'ringbuf_mem',
]);
const SOCK_AT: Partial<Record<HookName, number>> = { sched_cls: 168, cgroup_skb: 168, cgroup_sock_addr: 64 };

/** Code under construction: forward jumps go to its end. */
class Code {
  readonly insns: Insn[] = [];
  readonly #jumps: number[] = [];

  emit(...insns: Insn[]): void {
    this.insns.push(...insns);
  }

  jumpOut(op: number, dst: number, src = 0): void {
    this.#jumps.push(this.insns.length);
    this.emit(insn(op, dst, src));
  }

  finish(): Insn[] {
    for (const at of this.#jumps) {
      const off = this.insns.slice(at + 1).reduce((n, i) => n + slotsOf(i), 0);
      this.insns[at] = { ...this.insns[at]!, off };
    }
    return [...this.insns, set(0, 1), EXIT];
  }
}

/** A program of `section` that calls `helper` once; undefined when the arguments cannot be made here. */
export function calling(
  helper: Helper,
  section: string,
  tested: MapDef | undefined,
  v: Variation,
): Program | undefined {
  const { hook, attachType } = hookOfSection(section)!;
  const needs = (kind: HelperArg['kind']): boolean => helper.args.some((a) => a.kind === kind);
  if (helper.args.some((a) => !BUILDABLE.has(a.kind))) return undefined;
  const code = new Code();
  // r6 context, r7 packet, r8 socket, r9 ring buffer record.
  code.emit(mov(6, 1));
  if (v.as === 'in the packet' || v.after === 'packet is read') {
    const at = hook === 'xdp' ? 0 : 76;
    code.emit(load32(7, 6, at), load32(3, 6, at + 4), mov(2, 7), add(2, 64));
    code.jumpOut(0x2d, 2, 3);
  }
  if (needs('sock')) {
    const at = SOCK_AT[hook];
    if (at === undefined) return undefined;
    code.emit(load64(8, 6, at));
    code.jumpOut(0x15, 8);
  }
  if (needs('ringbuf_mem')) {
    code.emit(mapRef(1, TESTED_MAP), set(2, 8), set(3, 0), call(RINGBUF_RESERVE));
    code.jumpOut(0x15, 0);
    code.emit(mov(9, 0));
  } else {
    // A call leaves r1 to r5 uninitialised.
    code.emit(call(KTIME_GET_NS));
  }
  for (let i = 0; i < helper.args.length; i++) code.emit(...argument(helper, i, v));
  code.emit(call(helper.id));
  if (helper.effects.includes('acquire')) {
    if (v.after === 'r0 is read') return undefined;
    code.jumpOut(0x15, 0);
    code.emit(mov(1, 0), set(2, 0), call(helper.ret === 'mem_or_null' ? RINGBUF_DISCARD : SK_RELEASE));
  }
  if (v.after === 'r0 is read') code.emit(mov(1, 0));
  if (v.after === 'packet is read') code.emit(load32(1, 7, 0));
  const insns = code.finish();
  return {
    name: 'calling',
    section,
    hook,
    ...(attachType === undefined ? {} : { attachType }),
    license: v.license ?? 'GPL',
    insns,
    functions: [{ name: 'calling', start: 0, end: insns.length }],
    maps: [tested ?? DATA, RODATA, DATA],
    origin: insns.map((_, i) => i),
    pinned: new Map(),
    provenance: { file: 'calling', sha256: '' },
  };
}

function argument(helper: Helper, index: number, v: Variation): Insn[] {
  const reg = index + 1;
  const arg = helper.args[index]!;
  switch (v.arg === index ? v.as : undefined) {
    case 'uninitialised':
      return [];
    case 'NULL':
    case 'zero':
      return [set(reg, 0)];
    case 'in the packet':
      return [mov(reg, 7)];
    case 'in read-only memory':
      return [mapValue(reg, RODATA_MAP)];
  }
  switch (arg.kind) {
    case 'ctx':
    case 'ctx_or_sock':
      return [mov(reg, 6)];
    case 'sock':
      return [mov(reg, 8)];
    case 'ringbuf_mem':
      return [mov(reg, 9)];
    case 'map':
      return [mapRef(reg, TESTED_MAP)];
    case 'size': {
      // NULL goes with no bytes.
      const size = v.as === 'NULL' ? helper.args[v.arg!]?.mem?.size : undefined;
      return [set(reg, size?.by === 'arg' && size.arg === index ? 0 : 8)];
    }
    case 'alloc_size':
      return [set(reg, 8)];
    case 'scalar':
      return [set(reg, 0)];
    default:
      return [mapValue(reg, arg.mem?.size.by === 'string' ? RODATA_MAP : DATA_MAP)];
  }
}

/** A map type with which the helper may be called. */
export function mapFor(helper: Helper, types: readonly { type: number; helpers: readonly number[] }[]) {
  const id = helper.args.some((a) => a.kind === 'ringbuf_mem') ? helperById(RINGBUF_RESERVE).id : helper.id;
  const type = types.find((t) => t.helpers.includes(id) && mapOfType(t.type) !== undefined);
  return type === undefined ? undefined : mapOfType(type.type);
}
