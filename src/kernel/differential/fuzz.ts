/**
 * Random programs over the semantics table, made to be run in the kernel: every register and stack word
 * starts from the packet and ends in the packet, so that all 64 bits of everything are compared.
 *
 *   packet   0..71   r0..r8 before and after          72..135   stack words [r10-64, r10) before and after
 *   r9 holds the packet's address throughout; the body may also load from and store to the packet.
 */

import { parseLinux } from '../../base/linux.ts';
import type { Rng } from '../../base/random.ts';
import { constantError } from '../../isa/fields.ts';
import { slotOffsets } from '../../isa/flow.ts';
import { type Insn, insn, OP_EXIT, OP_JA32, R10 } from '../../isa/insn.ts';
import { OPS, type OpSpec, opcode, opNamed, type StoreOp, specOf } from '../../isa/semantics.ts';
import type { MapDef, Program } from '../../program/program.ts';
import type { TestCase } from '../../vm/types.ts';

/** Registers of the body: r0..r8. */
const REGISTERS = 9;
const STACK_BYTES = 64;
const STACK_AT = REGISTERS * 8;
/** Bytes of packet that a random program needs; shorter ones make it return 0. */
export const FUZZ_PACKET_BYTES = STACK_AT + STACK_BYTES;
const PACKET = 9;

const ldx = opcode('ldx.dw');
const stx = opcode('stx.dw');

function wordOffsets(): number[] {
  return Array.from({ length: STACK_BYTES / 8 }, (_, k) => k * 8);
}

/** Loads registers and stack from the packet; leaves when it is too short. `rest`: slots up to the end. */
function prologue(rest: number): Insn[] {
  const load = [
    ...wordOffsets().flatMap((k) => [insn(ldx, 1, PACKET, STACK_AT + k), insn(stx, R10, 1, k - STACK_BYTES)]),
    ...Array.from({ length: REGISTERS }, (_, r) => insn(ldx, r, PACKET, r * 8)),
  ];
  return [
    insn(opcode('ldx.w'), PACKET, 1, 0),
    insn(opcode('ldx.w'), 3, 1, 4),
    insn(opcode('mov64.k'), 0),
    insn(opcode('mov64.x'), 2, PACKET),
    insn(opcode('add64.k'), 2, 0, 0, FUZZ_PACKET_BYTES),
    insn(opcode('jgt64.x'), 2, 3, load.length + rest),
    ...load,
  ];
}

/** Writes registers and stack back; r0 is the result. */
function epilogue(): Insn[] {
  return [
    ...Array.from({ length: REGISTERS }, (_, r) => insn(stx, PACKET, r, r * 8)),
    ...wordOffsets().flatMap((k) => [insn(ldx, 1, R10, k - STACK_BYTES), insn(stx, PACKET, 1, STACK_AT + k)]),
  ];
}

const EDGES = [
  0, 1, 2, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff,
];

function constant(rng: Rng): number {
  const kind = rng.below(3);
  if (kind === 0) return rng.u32() | 0;
  const edge = rng.pick(EDGES);
  return kind === 1 ? edge : ~edge;
}

/** Rows that the body may use, when the kernel is `linux` (major * 100 + minor) or newer. */
function bodyRows(linux: number): OpSpec[] {
  const kinds = new Set<OpSpec['kind']>(['alu', 'ldimm64', 'load', 'store', 'atomic', 'jump', 'goto']);
  return OPS.filter((row) => kinds.has(row.kind) && row.linux <= linux);
}

/**
 * A place of `size` bytes: in the packet (any alignment) or, always for atomics, an aligned one of the stack.
 */
function place(rng: Rng, size: number, stackOnly: boolean): { base: number; off: number } {
  if (!stackOnly && rng.chance(0.4)) return { base: PACKET, off: rng.below(FUZZ_PACKET_BYTES - size + 1) };
  return { base: R10, off: size * rng.below(STACK_BYTES / size) - STACK_BYTES };
}

function isOrdered(row: OpSpec): boolean {
  return (row.kind === 'load' && row.acquire) || (row.kind === 'store' && row.release);
}

/** One instruction of the row; jumps get a distance in instructions, to be relinked, of at most `left`. */
function instance(rng: Rng, row: OpSpec, left: number): Insn {
  const reg = () => rng.below(REGISTERS);
  const base = insn(row.op, 0, row.src ?? 0, row.off ?? 0, row.imm ?? 0);
  switch (row.kind) {
    case 'ldimm64':
      return { ...base, dst: reg(), src: 0, imm: constant(rng), immHi: constant(rng) };
    case 'load': {
      const at = place(rng, row.size, isOrdered(row));
      return { ...base, dst: reg(), src: at.base, off: at.off };
    }
    case 'store': {
      const at = place(rng, row.size, isOrdered(row));
      return { ...base, dst: at.base, off: at.off, ...storeOperand(rng, row, base) };
    }
    case 'atomic': {
      const at = place(rng, row.size, true);
      return { ...base, dst: at.base, src: reg(), off: at.off };
    }
    case 'jump':
      return {
        ...base,
        dst: reg(),
        off: rng.below(left + 1),
        ...(row.operand === 'X' ? { src: reg() } : { imm: constant(rng) }),
      };
    case 'alu': {
      const i = { ...base, dst: reg(), ...(row.operand === 'X' ? { src: reg() } : {}) };
      if (row.operand === 'K') i.imm = constant(rng);
      return constantError(i) === undefined ? i : { ...i, imm: 1 + rng.below(row.width - 1) };
    }
    default:
      return base;
  }
}

function storeOperand(rng: Rng, row: StoreOp, base: Insn): { src: number; imm: number } {
  return row.operand === 'X' ? { src: rng.below(REGISTERS), imm: base.imm } : { src: 0, imm: constant(rng) };
}

/** Distances in instructions become distances in slots. */
function relink(body: Insn[]): Insn[] {
  const offsets = slotOffsets(body);
  return body.map((i, index) => {
    const field = i.op === OP_JA32 ? 'imm' : 'off';
    const kind = specOf(i)?.kind;
    if (kind !== 'goto' && kind !== 'jump') return i;
    const target = index + 1 + i[field];
    return { ...i, [field]: (offsets[target] ?? 0) - (offsets[index] ?? 0) - 1 };
  });
}

/**
 * A random XDP program whose body has about `length` instructions; it has no maps and calls nothing. A 32-bit
 * cmpxchg is followed by `w0 = w0`: Linux 6.18 on x86-64 forgets to zero-extend its r0 where the verifier
 * pruned a path.
 */
export function randomProgram(rng: Rng, length: number, linux: number): Program {
  const rows = bodyRows(linux);
  const body: Insn[] = [];
  let jumps = 0;
  while (body.length < length) {
    const row = rng.pick(rows);
    // The verifier walks every path: few jumps keep that short.
    if ((row.kind === 'jump' || row.kind === 'goto') && ++jumps > 6) continue;
    if (row.kind === 'goto') {
      // A bare `goto` would make what follows unreachable, which is refused: jump around it.
      const skip = rng.below(4);
      body.push(instance(rng, opNamed('jgt64.x'), 0), { ...insn(row.op), [row.distance]: skip });
      body[body.length - 2]!.off = 1;
      for (let k = 0; k < skip; k++) body.push(instance(rng, opNamed('xor64.x'), 0));
    } else {
      body.push(instance(rng, row, Math.max(0, length - body.length - 1)));
      if (row.name === 'atomic.cmpxchg.w') body.push(insn(opcode('mov32.x')));
    }
  }
  // Distances that overshoot end at the epilogue.
  for (const [k, i] of body.entries())
    if (specOf(i)?.kind === 'jump') i.off = Math.min(i.off, body.length - k - 1);
  const linked = relink(body);
  const tail = epilogue();
  const rest = (slotOffsets(linked)[linked.length] ?? 0) + tail.length;
  return xdp([...prologue(rest), ...linked, ...tail, insn(OP_EXIT)]);
}

function xdp(insns: Insn[], maps: readonly MapDef[] = []): Program {
  return {
    name: 'fuzz',
    section: 'xdp',
    hook: 'xdp',
    license: 'GPL',
    insns,
    functions: [{ name: 'fuzz', start: 0, end: insns.length }],
    maps,
    origin: insns.map(() => -1),
    pinned: new Map(),
    provenance: { file: 'generated', sha256: '' },
  };
}

/**
 * A random socket filter of legacy packet loads, folded into its result: r7 = r7 * 31 + loaded. Offsets reach
 * behind the packet, where the filter ends with 0, and, negative, into the network header.
 */
export function randomFilter(rng: Rng): Program {
  const rows = OPS.filter((row) => row.kind === 'ldabs');
  const body: Insn[] = [];
  for (let n = 1 + rng.below(6); n > 0; n--) {
    const row = rng.pick(rows);
    const far = rng.chance(0.1);
    const offset = far ? rng.pick(FILTER_EDGES) : rng.below(40);
    if (row.kind === 'ldabs' && row.indirect) body.push(insn(opcode('mov64.k'), 8, 0, 0, rng.below(20)));
    body.push(
      insn(row.op, 0, row.kind === 'ldabs' && row.indirect ? 8 : 0, 0, offset),
      insn(opcode('mul64.k'), 7, 0, 0, 31),
      insn(opcode('add64.x'), 7, 0),
    );
  }
  const insns = [
    insn(opcode('mov64.x'), 6, 1),
    insn(opcode('mov64.k'), 7, 0, 0, 1),
    ...body,
    insn(opcode('mov64.x'), 0, 7),
    insn(OP_EXIT),
  ];
  return { ...xdp(insns), hook: 'socket_filter', section: 'socket' };
}

/**
 * Behind any packet; and a byte of the network header (SKF_NET_OFF). Not SKF_LL_OFF: what stands in front of
 * the packet is TEST_RUN's own link-layer header, which no test case has.
 */
const FILTER_EDGES = [64, 1000, -0x10_0000 + 9];

/** Packets for random programs: registers and stack words from edges, sign bits and noise. */
export function fuzzTest(rng: Rng): TestCase {
  const packet = new Uint8Array(FUZZ_PACKET_BYTES);
  const view = new DataView(packet.buffer);
  for (let at = 0; at < packet.length; at += 8) {
    const noise = rng.u64();
    const kind = rng.below(5);
    const edge = BigInt(rng.pick(EDGES));
    const value =
      kind === 0
        ? edge
        : kind === 1
          ? -edge
          : kind === 2
            ? edge << 32n
            : kind === 3
              ? 1n << BigInt(rng.below(64))
              : noise;
    view.setBigUint64(at, BigInt.asUintN(64, value), true);
  }
  return { ctx: new Uint8Array(24), packet, maps: [], seed: 0 };
}

/** Packets for random filters: 40 to 69 bytes of noise with an EtherType. */
export function filterTest(rng: Rng): TestCase {
  const packet = rng.bytes(40 + rng.below(30));
  packet.set(rng.pick(ETHER_TYPES), 12);
  return { ctx: new Uint8Array(192), packet, maps: [], seed: 0 };
}

/** IPv4, IPv6, ARP. */
const ETHER_TYPES: readonly (readonly number[])[] = [
  [0x08, 0x00],
  [0x86, 0xdd],
  [0x08, 0x06],
];

/** The version in a release string such as `6.18.44-fc`; 0 when it has none. */
export function linuxNumber(release: string): number {
  return parseLinux(release) ?? 0;
}
