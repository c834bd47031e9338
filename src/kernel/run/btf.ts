/**
 * The smallest BTF that lets a program with callbacks load: the kernel wants to know that every subprogram is
 * a static function that returns an int, nothing more. Our programs carry no BTF of their own.
 *
 * Layout: include/uapi/linux/btf.h; types are numbered from 1.
 */
import { calleeOf, slotOffsets } from '../../isa/flow.ts';
import type { Insn } from '../../isa/insn.ts';
import { Attr, type Bpf, Cmd, type Fds } from '../syscall/syscall.ts';

const KIND_INT = 1;
const KIND_FUNC = 12;
const KIND_FUNC_PROTO = 13;
const INT_SIGNED = 1 << 24;

/** Function records (instruction offset, type) and the BTF object they refer to; owned by `fds`. */
export function callbackInfo(
  bpf: Bpf,
  fds: Fds,
  insns: readonly Insn[],
): { btf: number; records: Uint8Array } {
  const offsets = slotOffsets(insns);
  const starts = functionStarts(insns, offsets);
  const btf = fds.own(loadBtf(bpf, starts), 'load BTF');
  const records = new Attr(starts.length * 8);
  for (const [i, start] of starts.entries()) records.u32(i * 8, offsets[start] ?? 0).u32(i * 8 + 4, 3 + i);
  return { btf, records: records.bytes };
}

/**
 * First instructions of the entry and of what is called or has its address taken, in order: the kernel's
 * subprograms.
 */
function functionStarts(insns: readonly Insn[], offsets: Int32Array): number[] {
  const starts = new Set([0]);
  for (const index of insns.keys()) {
    const callee = calleeOf(insns, index, offsets);
    if (callee !== undefined) starts.add(callee);
  }
  return [...starts].sort((a, b) => a - b);
}

function loadBtf(bpf: Bpf, functions: readonly number[]): number {
  const names = ['', 'int', ...functions.map((_, i) => `f${i}`)];
  const at: number[] = [];
  let strings = '';
  for (const n of names) {
    at.push(strings.length);
    strings += `${n}\0`;
  }
  const text = new TextEncoder().encode(strings);
  const words: number[] = [];
  words.push(at[1]!, KIND_INT << 24, 4, INT_SIGNED | 32);
  words.push(0, KIND_FUNC_PROTO << 24, 1);
  for (const [i] of functions.entries()) words.push(at[i + 2]!, KIND_FUNC << 24, 2);
  const HEADER = 24;
  const blob = new Attr(HEADER + words.length * 4 + text.length);
  blob
    .u32(0, 0x0001_eb9f)
    .u32(4, HEADER)
    .u32(8, 0)
    .u32(12, words.length * 4);
  blob.u32(16, words.length * 4).u32(20, text.length);
  for (const [i, w] of words.entries()) blob.u32(HEADER + i * 4, w >>> 0);
  blob.bytes.set(text, HEADER + words.length * 4);
  const attr = new Attr(32).u64(0, bpf.address(blob.bytes)).u32(16, blob.bytes.length);
  return bpf.call(Cmd.BTF_LOAD, attr.bytes, 32);
}
