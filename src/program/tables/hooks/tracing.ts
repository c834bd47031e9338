/**
 * Hooks that trace or extend the kernel. Their context is raw memory: a tracepoint record, the registers of a
 * probe, the arguments of a function.
 *
 * Sources: kernel/trace/bpf_trace.c (*_prog_is_valid_access), check_return_code() of kernel/bpf/verifier.c.
 * The register layouts are those of x86-64.
 */
import { AttachType as A, LoadFlag } from '../attach.ts';
import { layout, layoutSize } from '../context.ts';
import type { Hook, SectionPattern } from '../hook-types.ts';

/** PERF_MAX_TRACE_SIZE: the verifier's bound; a tracepoint's own record is shorter. */
const TRACEPOINT_SIZE = 8192;
/** MAX_BPF_FUNC_ARGS u64 arguments. */
const ARGS_SIZE = 12 * 8;

const PT_REGS = layout(
  'r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs flags sp ss'
    .split(' ')
    .map((name) => ({ name, size: 8 })),
);
/** sizeof(struct pt_regs) on x86-64. */
export const PT_REGS_SIZE = layoutSize(PT_REGS, 8);

const PERF_EVENT = layout([
  ...PT_REGS.map(({ name, size }) => ({ name, size })),
  { name: 'sample_period', size: 8, options: { narrow: true } },
  { name: 'addr', size: 8, options: { narrow: true } },
]);

const common = {
  ctxAccess: 'raw',
  fields: [],
  packet: 'none',
  returnBits: 32,
  testRun: false,
  legacyPacketLoads: false,
} as const;

/**
 * libbpf's `NAME+`: the name alone or followed by `/...`; `.s` is the sleepable variant where there is one.
 */
function plus(name: string, attachType?: number, sleepable = false): SectionPattern[] {
  const rows: SectionPattern[] = [
    { pattern: name, attachType },
    { pattern: `${name}/`, attachType },
  ];
  if (!sleepable) return rows;
  const loadFlags = LoadFlag.SLEEPABLE;
  return [
    ...rows,
    { pattern: `${name}.s`, attachType, loadFlags },
    { pattern: `${name}.s/`, attachType, loadFlags },
  ];
}

export const TRACING_HOOKS = {
  tracepoint: {
    ...common,
    name: 'tracepoint',
    progType: 5,
    sections: [...plus('tracepoint'), ...plus('tp')],
    ctxSize: TRACEPOINT_SIZE,
    // The first 8 bytes of the record hold a kernel pointer.
    rawStart: 8,
  },
  raw_tracepoint: {
    ...common,
    name: 'raw_tracepoint',
    progType: 17,
    sections: [...plus('raw_tracepoint'), ...plus('raw_tp')],
    ctxSize: ARGS_SIZE,
    testRun: true,
  },
  raw_tracepoint_writable: {
    ...common,
    name: 'raw_tracepoint_writable',
    progType: 24,
    sections: [...plus('raw_tracepoint.w'), ...plus('raw_tp.w')],
    // The first argument is a pointer to a buffer and can only be loaded whole.
    ctxSize: ARGS_SIZE,
    rawPointers: true,
    testRun: true,
  },
  kprobe: {
    ...common,
    name: 'kprobe',
    progType: 2,
    sections: [
      ...plus('kprobe'),
      ...plus('kretprobe'),
      ...plus('uprobe', undefined, true),
      ...plus('uretprobe', undefined, true),
      ...plus('kprobe.multi', A.TRACE_KPROBE_MULTI),
      ...plus('kretprobe.multi', A.TRACE_KPROBE_MULTI),
      ...plus('kprobe.session', A.TRACE_KPROBE_SESSION),
      ...plus('uprobe.multi', A.TRACE_UPROBE_MULTI, true),
      ...plus('uretprobe.multi', A.TRACE_UPROBE_MULTI, true),
      ...plus('uprobe.session', A.TRACE_UPROBE_SESSION, true),
      ...plus('ksyscall'),
      ...plus('kretsyscall'),
      ...plus('usdt', undefined, true),
    ],
    ctxSize: PT_REGS_SIZE,
    returnRangeBy: [{ attachTypes: [A.TRACE_KPROBE_SESSION, A.TRACE_UPROBE_SESSION], range: [0, 1] }],
  },
  perf_event: {
    ...common,
    name: 'perf_event',
    progType: 7,
    sections: [{ pattern: 'perf_event*' }],
    ctxAccess: 'fields',
    fields: PERF_EVENT,
    ctxSize: layoutSize(PERF_EVENT, 8),
  },
  tracing: {
    ...common,
    name: 'tracing',
    progType: 26,
    sections: [
      ...plus('tp_btf', A.TRACE_RAW_TP),
      ...plus('fentry', A.TRACE_FENTRY, true),
      ...plus('fexit', A.TRACE_FEXIT, true),
      ...plus('fmod_ret', A.MODIFY_RETURN, true),
      ...plus('iter', A.TRACE_ITER, true),
    ],
    ctxSize: ARGS_SIZE,
    rawPointers: true,
    // A trampoline hands the whole register on.
    returnBits: 64,
    returnRangeBy: [
      { attachTypes: [A.TRACE_FENTRY, A.TRACE_FEXIT], range: [0, 0] },
      { attachTypes: [A.TRACE_ITER], range: [0, 1] },
    ],
    testRun: true,
  },
  lsm: {
    ...common,
    name: 'lsm',
    progType: 29,
    sections: [...plus('lsm', A.LSM_MAC, true), ...plus('lsm_cgroup', A.LSM_CGROUP)],
    ctxSize: ARGS_SIZE,
    rawPointers: true,
    returnBits: 64,
  },
  struct_ops: {
    ...common,
    name: 'struct_ops',
    progType: 27,
    sections: plus('struct_ops', undefined, true),
    ctxSize: ARGS_SIZE,
    rawPointers: true,
    returnBits: 64,
  },
  ext: {
    ...common,
    name: 'ext',
    progType: 28,
    sections: plus('freplace'),
    // Whatever the function that it replaces takes.
    ctxSize: ARGS_SIZE,
    rawPointers: true,
    returnBits: 64,
  },
  syscall: {
    ...common,
    name: 'syscall',
    progType: 31,
    sections: [{ pattern: 'syscall', loadFlags: LoadFlag.SLEEPABLE }],
    ctxSize: 65535,
    rawWrite: true,
    testRun: true,
  },
  lirc_mode2: {
    ...common,
    name: 'lirc_mode2',
    progType: 20,
    sections: [{ pattern: 'lirc_mode2*', attachType: A.LIRC_MODE2 }],
    ctxAccess: 'fields',
    fields: layout([{ name: 'sample', size: 4 }]),
    ctxSize: 4,
  },
} as const satisfies Record<string, Hook>;
