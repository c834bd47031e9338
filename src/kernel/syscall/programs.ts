/** BPF_PROG_LOAD, OBJ_GET_INFO and the bytes they take: one program, no policy. */
import { encode } from '../../isa/codec.ts';
import { type Insn, OP_LD_IMM64, PseudoLd } from '../../isa/insn.ts';
import { Attr, type Bpf, Cmd } from './syscall.ts';

/** How much the verifier writes: nothing, the reason and statistics, or every step. */
export type LogLevel = 0 | 4 | 1;

export interface RawProgram {
  progType: number;
  attachType: number;
  /** BPF_F_* load flags. */
  flags: number;
  license: string;
  name: string;
  /** Little-endian instruction bytes with map descriptors in place. */
  code: Uint8Array;
  /** BTF object and function records, when a callback needs them. */
  funcInfo?: { btf: number; records: Uint8Array };
  /** CO-RE relocations for the kernel to apply, in terms of the BTF of `funcInfo`. */
  core?: Uint8Array;
  /** Number of what it attaches to, in the kernel's BTF. */
  attachBtfId?: number;
}

export interface ProgInfo {
  /** Bytes after the verifier's rewriting, and of machine code. */
  xlated: number;
  jited: number;
  /** Instructions that the verifier simulated: what a load costs. */
  verifiedInsns: number;
}

const SHORT_LOG = 64 * 1024;
const FULL_LOG = 16 * 1024 * 1024;
const shortLog = new Uint8Array(SHORT_LOG);
/** With CO-RE relocations each of them is told, too. */
const CORE_LOG = 4 * 1024 * 1024;
const FUNC_INFO_BYTES = 8;
export const CORE_RELO_BYTES = 16;

/** Instruction bytes with the descriptors of the maps that they refer to by index. */
export function encodeWithMaps(insns: readonly Insn[], mapFds: readonly number[]): Uint8Array {
  const code = encode(insns);
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  for (let at = 0; at < code.length; at += 8) {
    if (code[at] !== OP_LD_IMM64) continue;
    const pseudo = code[at + 1]! >> 4;
    if (pseudo === PseudoLd.MAP_FD || pseudo === PseudoLd.MAP_VALUE) {
      const index = view.getInt32(at + 4, true);
      const fd = mapFds[index];
      if (fd === undefined) throw new RangeError(`slot ${at / 8} refers to map ${index} of ${mapFds.length}`);
      view.setInt32(at + 4, fd, true);
    }
    at += 8;
  }
  return code;
}

const loadAttr = new Attr(152);
let gpl: { text: string; bytes: Uint8Array } | undefined;

/** A descriptor or minus the errno, and what the verifier wrote. */
export function loadRaw(bpf: Bpf, p: RawProgram, logLevel: LogLevel): { fd: number; log: string } {
  const buffer = logLevel === 0 ? undefined : logBuffer(logLevel, p.core !== undefined);
  if (buffer !== undefined) buffer[0] = 0;
  if (gpl?.text !== p.license) gpl = { text: p.license, bytes: new TextEncoder().encode(`${p.license}\0`) };
  const attr = loadAttr.clear();
  attr
    .u32(0, p.progType)
    .u32(4, p.code.length / 8)
    .u64(8, bpf.address(p.code));
  attr.u64(16, bpf.address(gpl.bytes)).u32(44, p.flags).text(48, p.name, 16).u32(68, p.attachType);
  if (buffer !== undefined) attr.u32(24, logLevel).u32(28, buffer.length).u64(32, bpf.address(buffer));
  if (p.funcInfo !== undefined) {
    const { btf, records } = p.funcInfo;
    attr.u32(72, btf).u32(76, FUNC_INFO_BYTES).u64(80, bpf.address(records));
    attr.u32(88, records.length / FUNC_INFO_BYTES);
  }
  if (p.core !== undefined) {
    attr.u32(116, p.core.length / CORE_RELO_BYTES).u64(128, bpf.address(p.core));
    attr.u32(136, CORE_RELO_BYTES);
  }
  if (p.attachBtfId !== undefined) attr.u32(108, p.attachBtfId);
  let fd = bpf.call(Cmd.PROG_LOAD, attr.bytes, 152);
  // The verifier gives up with EAGAIN when a signal is pending; that says nothing about the program.
  for (let tries = 0; fd === -EAGAIN && tries < 5; tries++) fd = bpf.call(Cmd.PROG_LOAD, attr.bytes, 152);
  return { fd, log: buffer === undefined ? '' : text(buffer) };
}
const EAGAIN = 11;

function logBuffer(level: LogLevel, hasCore: boolean): Uint8Array {
  if (level !== 4) return new Uint8Array(FULL_LOG);
  return hasCore ? new Uint8Array(CORE_LOG) : shortLog;
}

function text(buffer: Uint8Array): string {
  const end = buffer.indexOf(0);
  return new TextDecoder().decode(end < 0 ? buffer : buffer.subarray(0, end));
}

const INFO_BYTES = 232;
const info = new Attr(INFO_BYTES);
const infoAttr = new Attr(16);

/** What the kernel made of a loaded program; undefined when it does not say. */
export function progInfo(bpf: Bpf, fd: number): ProgInfo | undefined {
  info.clear();
  infoAttr.clear().u32(0, fd).u32(4, INFO_BYTES).u64(8, bpf.address(info.bytes));
  if (bpf.call(Cmd.OBJ_INFO, infoAttr.bytes, 16) < 0) return undefined;
  return { jited: info.getU32(16), xlated: info.getU32(20), verifiedInsns: info.getU32(216) };
}
