/**
 * What a program of a BTF-attached type hangs on: the function or tracepoint that its section names, as a
 * type of the kernel's own BTF. The kernel wants its number at load; arguments and rights follow from it.
 *
 *   section 'fentry/tcp_connect' --targetOf--> FUNC tcp_connect
 *   FUNC tcp_connect, /sys/kernel/btf/vmlinux --attachBtfId--> its number
 */
import type { Program } from '../../program/program.ts';
import type { Bpf } from '../syscall/syscall.ts';

const FUNC = 12;
const TYPEDEF = 8;

/** By the section's first part, without `.s` for sleepable: libbpf's table. */
const TARGETS: Readonly<Record<string, { kind: number; prefix: string }>> = {
  fentry: { kind: FUNC, prefix: '' },
  fexit: { kind: FUNC, prefix: '' },
  fmod_ret: { kind: FUNC, prefix: '' },
  tp_btf: { kind: TYPEDEF, prefix: 'btf_trace_' },
  iter: { kind: FUNC, prefix: 'bpf_iter_' },
  lsm: { kind: FUNC, prefix: 'bpf_lsm_' },
  lsm_cgroup: { kind: FUNC, prefix: 'bpf_lsm_' },
};

export interface AttachTarget {
  kind: number;
  name: string;
}

/** Undefined: the program's type has none. `name` is '' when the section does not say. */
export function targetOf({ hook, section }: Pick<Program, 'hook' | 'section'>): AttachTarget | undefined {
  if (hook !== 'tracing' && hook !== 'lsm') return undefined;
  const [, type = '', name = ''] = /^\??([^/]+?)(?:\.s)?(?:\/(.*))?$/.exec(section) ?? [];
  const target = TARGETS[type];
  if (target === undefined || name === '') return { kind: FUNC, name: '' };
  return { kind: target.kind, name: `${target.prefix}${name}` };
}

const VMLINUX = '/sys/kernel/btf/vmlinux';
const known = new WeakMap<Bpf, Uint8Array | undefined>();

/** The number of a target in the kernel's BTF, or why there is none. */
export function attachBtfId(
  bpf: Bpf,
  target: AttachTarget,
): { ok: true; id: number } | { ok: false; reason: string } {
  if (target.name === '') return { ok: false, reason: 'its section names no BTF target to attach to' };
  if (!known.has(bpf)) known.set(bpf, bpf.readFile(VMLINUX));
  const btf = known.get(bpf);
  if (btf === undefined) return { ok: false, reason: 'this kernel has no BTF (/sys/kernel/btf/vmlinux)' };
  const id = typeNumbered(btf, target);
  return id === undefined
    ? { ok: false, reason: `this kernel has no ${target.name} to attach to` }
    : { ok: true, id };
}

/** Bytes that follow a type's three words: fixed, and per member (include/uapi/linux/btf.h). */
const MORE: Readonly<Record<number, readonly [fixed: number, perMember: number]>> = {
  1: [4, 0], // int
  3: [12, 0], // array
  4: [0, 12], // struct
  5: [0, 12], // union
  6: [0, 8], // enum
  13: [0, 8], // function prototype
  14: [4, 0], // variable
  15: [0, 12], // data section
  17: [4, 0], // declaration tag
  19: [0, 12], // enum64
};

/** Types are numbered from 1, in the order in which they stand. */
export function typeNumbered(btf: Uint8Array, { kind, name }: AttachTarget): number | undefined {
  const view = new DataView(btf.buffer, btf.byteOffset, btf.byteLength);
  const [header, types, typeBytes, strings, stringBytes] = [4, 8, 12, 16, 20].map((at) =>
    view.getUint32(at, true),
  ) as [number, number, number, number, number];
  const wanted = new TextEncoder().encode(`\0${name}\0`);
  const text = Buffer.from(btf.buffer, btf.byteOffset + header + strings, stringBytes);
  const nameAt = text.indexOf(wanted);
  if (nameAt < 0) return undefined;
  let at = header + types;
  for (let id = 1; at < header + types + typeBytes; id++) {
    const info = view.getUint32(at + 4, true);
    const of = (info >>> 24) & 0x1f;
    if (of === kind && view.getUint32(at, true) === nameAt + 1) return id;
    const [fixed, perMember] = MORE[of] ?? [0, 0];
    at += 12 + fixed + perMember * (info & 0xffff);
  }
  return undefined;
}
