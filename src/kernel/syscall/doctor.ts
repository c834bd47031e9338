/** What this machine's kernel lets us do, found out by doing it. Nothing is attached to anything. */

import { release } from 'node:os';
import { insn, OP_EXIT } from '../../isa/insn.ts';
import { opcode } from '../../isa/semantics.ts';
import { LoadFlag } from '../../program/tables/attach.ts';
import { HOOKS } from '../../program/tables/hooks.ts';
import { MapTypeId } from '../../program/tables/maps.ts';
import { createMaps } from './maps.ts';
import { encodeWithMaps, loadRaw } from './programs.ts';
import { Attr, type Bpf, BpfError, Cmd, type Fds, must, type OpenBpf, openBpf, withFds } from './syscall.ts';

/** `available` means: load, maps and TEST_RUN of XDP and tracing programs all work. */
export type KernelProbe =
  | { available: true; release: string; cpus: number; features: KernelFeatures }
  | { available: false; reason: string };

/** Optional abilities: each is only needed for some programs. */
export interface KernelFeatures {
  /** Instruction set level the verifier takes: 4 when `movsx`, `gotol` and `sdiv` load. */
  isa: 2 | 3 | 4;
  /** BPF_PROG_TYPE_SYSCALL with TEST_RUN, the substitute for types that cannot be run. */
  syscallPrograms: boolean;
  /** `may_goto`, which the stopwatch's loop needs. */
  mayGoto: boolean;
}

const XDP = HOOKS.xdp.progType;
const TRACEPOINT = HOOKS.tracepoint.progType;
const SYSCALL = HOOKS.syscall.progType;

const exit = insn(OP_EXIT);
const mov = (dst: number, imm: number) => insn(opcode('mov64.k'), dst, 0, 0, imm);

function tryLoad(bpf: Bpf, fds: Fds, progType: number, insns = [mov(0, 2), exit], flags = 0): number {
  const code = encodeWithMaps(insns, []);
  const { fd } = loadRaw(bpf, { progType, attachType: 0, flags, license: 'GPL', name: 'probe', code }, 0);
  return fd < 0 ? fd : fds.own(fd, 'load');
}

/** Probes once per call: about a millisecond. `opened` is for tests that play a machine without bpf(2). */
export function probeKernel(opened: OpenBpf = openBpf()): KernelProbe {
  if (!opened.ok) return { available: false, reason: opened.reason };
  const { bpf } = opened;
  try {
    return withFds(bpf, (fds): KernelProbe => {
      const xdp = must(tryLoad(bpf, fds, XDP), 'load an XDP program');
      must(tryLoad(bpf, fds, TRACEPOINT), 'load a tracepoint program');
      const devmap = {
        name: 'probe',
        type: MapTypeId.DEVMAP,
        keySize: 4,
        valueSize: 4,
        maxEntries: 1,
        flags: 0,
      };
      createMaps(bpf, fds, [devmap], 'check');
      must(testRunOnce(bpf, xdp), 'run an XDP program (BPF_PROG_TEST_RUN)');
      return {
        available: true,
        release: release(),
        cpus: bpf.getAffinity().length,
        features: {
          isa: isaLevel(bpf, fds),
          syscallPrograms: tryLoad(bpf, fds, SYSCALL, [mov(0, 0), exit], LoadFlag.SLEEPABLE) >= 0,
          mayGoto: tryLoad(bpf, fds, XDP, [mov(0, 2), insn(opcode('may_goto')), exit]) >= 0,
        },
      };
    });
  } catch (e) {
    if (e instanceof BpfError) return { available: false, reason: hint(e) };
    throw e;
  }
}

function hint(e: BpfError): string {
  if (e.code === 'EPERM') return `${e.message} (run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON)`;
  if (e.code === 'ENOSYS') return `${e.message} (this kernel or sandbox has no bpf(2))`;
  return e.message;
}

function testRunOnce(bpf: Bpf, prog: number): number {
  const packet = new Uint8Array(64);
  const attr = new Attr(80).u32(0, prog).u32(8, packet.length).u64(16, bpf.address(packet));
  return bpf.call(Cmd.TEST_RUN, attr.bytes, 80);
}

function isaLevel(bpf: Bpf, fds: Fds): 2 | 3 | 4 {
  const movsx = insn(opcode('movsx8_64.x'), 0, 0, 8);
  if (tryLoad(bpf, fds, XDP, [mov(0, 2), movsx, exit]) >= 0) return 4;
  const jmp32 = insn(opcode('jeq32.k'), 0, 0, 0, 2);
  return tryLoad(bpf, fds, XDP, [mov(0, 2), jmp32, exit]) >= 0 ? 3 : 2;
}
