/** Programs and test cases that the tests of the interpreter share. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Insn, insn, nop } from '../../../src/isa/insn.ts';
import { opNamed } from '../../../src/isa/semantics.ts';
import type { MapDef, Program } from '../../../src/program/program.ts';
import { readRawFile } from '../../../src/program/raw/raw.ts';
import type { HookName } from '../../../src/program/tables/hook-types.ts';
import { MapTypeId } from '../../../src/program/tables/maps.ts';
import type { Rng, TestCase } from '../../../src/vm/index.ts';

const SHARED = process.env.K2_SHARED ?? '../shared';
const PAPER_DIR = join(SHARED, 'corpora/k2-paper/O2');
export const FACTS_DIR = join(SHARED, 'facts');
export const hasShared = existsSync(PAPER_DIR);
export const skipName = (what: string): string =>
  hasShared ? what : `${what} [skipped: ${PAPER_DIR} is not there]`;

/** The 19 programs of the paper. */
export const PAPER: Readonly<Record<string, HookName>> = {
  xdp_exception: 'tracepoint',
  xdp_redirect_err: 'tracepoint',
  xdp_devmap_xmit: 'tracepoint',
  xdp_cpumap_kthread: 'tracepoint',
  xdp_cpumap_enqueue: 'tracepoint',
  sys_enter_open: 'tracepoint',
  'socket-0': 'socket_filter',
  'socket-1': 'socket_filter',
  'from-network': 'sched_cls',
  recvmsg4: 'cgroup_sock_addr',
  xdp_router_ipv4: 'xdp',
  xdp_redirect: 'xdp',
  xdp1: 'xdp',
  xdp2: 'xdp',
  xdp_fwd: 'xdp',
  xdp_pktcntr: 'xdp',
  xdp_fw: 'xdp',
  xdp_map_access: 'xdp',
  'xdp-balancer': 'xdp',
};

export function paperProgram(name: string): Program {
  return readRawFile(join(PAPER_DIR, `${name}.insns`), { hook: PAPER[name]! });
}

export function program(insns: readonly Insn[], hook: HookName, maps: readonly MapDef[] = []): Program {
  return {
    name: 'test',
    section: '',
    hook,
    license: 'GPL',
    insns,
    functions: [{ name: 'test', start: 0, end: insns.length }],
    maps,
    origin: insns.map(() => -1),
    pinned: new Map(),
    provenance: { file: '', sha256: '' },
  };
}

export function map(
  type: keyof typeof MapTypeId,
  keySize: number,
  valueSize: number,
  maxEntries: number,
): MapDef {
  return { name: type.toLowerCase(), type: MapTypeId[type], keySize, valueSize, maxEntries, flags: 0 };
}

export function testCase(part: Partial<TestCase> = {}): TestCase {
  return { ctx: new Uint8Array(0), packet: new Uint8Array(64), maps: [], seed: 1, ...part };
}

/** One instruction by the name of its row. */
export function op(name: string, dst = 0, src = 0, off = 0, imm = 0): Insn {
  const row = opNamed(name);
  return insn(row.op, dst, row.src ?? src, row.off ?? off, row.imm ?? imm);
}
export const imm64 = (dst: number, value: bigint): Insn =>
  insn(0x18, dst, 0, 0, Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
export const loadMap = (dst: number, index: number): Insn => insn(0x18, dst, 1, 0, index);
export const callHelper = (id: number): Insn => insn(0x85, 0, 0, 0, id);
export const exit = (): Insn => op('exit');
export { nop };

/** Values at the edges more often than others. */
export function value64(rng: Rng): bigint {
  const edges = [
    0n,
    1n,
    -1n,
    2n ** 31n,
    2n ** 31n - 1n,
    2n ** 32n,
    2n ** 63n,
    2n ** 63n - 1n,
    -(2n ** 31n),
    31n,
    64n,
  ];
  if (rng.chance(0.5)) return BigInt.asUintN(64, rng.pick(edges));
  return rng.u64() >> BigInt(rng.below(64));
}
