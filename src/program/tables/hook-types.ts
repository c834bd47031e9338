/**
 * What the table of hooks (hooks.ts) says of one: its context, its sections, what the kernel reads of its
 * result.
 */

export type HookName =
  | 'xdp'
  | 'sched_cls'
  | 'sched_act'
  | 'socket_filter'
  | 'tracepoint'
  | 'raw_tracepoint'
  | 'kprobe'
  | 'perf_event'
  | 'cgroup_skb'
  | 'cgroup_sock'
  | 'cgroup_sock_addr'
  | 'cgroup_sockopt'
  | 'cgroup_sysctl'
  | 'cgroup_device'
  | 'sock_ops'
  | 'sk_skb'
  | 'sk_msg'
  | 'sk_lookup'
  | 'sk_reuseport'
  | 'flow_dissector'
  | 'lwt_in'
  | 'lwt_out'
  | 'lwt_xmit'
  | 'lwt_seg6local'
  | 'tracing'
  | 'struct_ops'
  | 'lsm'
  | 'ext'
  | 'syscall'
  | 'lirc_mode2'
  | 'raw_tracepoint_writable'
  | 'netfilter';

/** What a load of a context field yields, when it is not a plain number. */
export type CtxPointer =
  | 'packet'
  | 'packet_end'
  | 'packet_meta'
  | 'sock'
  | 'sock_or_null'
  | 'flow_keys'
  | 'opaque';

/** One field of a context. A program may only touch it as the field allows. */
export interface CtxField {
  name: string;
  /** Bytes from the start of the context. */
  offset: number;
  /** Bytes of the field as the program sees it; pointer fields of 4 bytes still yield 64-bit pointers. */
  size: number;
  write: boolean;
  /** Narrower loads (and of the upper part) are allowed. */
  narrow: boolean;
  pointer?: CtxPointer;
  /** Narrower stores are allowed as well (`cb` of `__sk_buff`). */
  narrowWrite?: boolean;
  /** Bytes that a narrow access must have at least; 1 when undefined. */
  narrowMin?: number;
  /** Narrow accesses must start within this many bytes of the field's start; anywhere when undefined. */
  narrowWithin?: number;
  /** Name of the array that the field is an element of. */
  array?: string;
  /** An aligned 8-byte access may cover this element and the next one of its array. */
  wide?: boolean;
  /** Only programs of these expected attach types may touch it. */
  attachTypes?: readonly number[];
  /** Only programs of these expected attach types may store to it. */
  writeAttachTypes?: readonly number[];
  /** An access to it changes what other instructions mean, so none may be added or removed; the reason. */
  keepAccess?: string;
  /** A load need not yield what was stored (the kernel's own field is narrower, ...); the reason. */
  lossy?: string;
  /** What a store does depends on all 64 bits of the register. */
  readsWhole?: boolean;
}

/** A section name that means a hook. */
export interface SectionPattern {
  /** Exact, or a prefix when it ends in '/' or '*'. */
  pattern: string;
  attachType?: number;
  /** BPF_F_* flags of BPF_PROG_LOAD that the name implies (sleepable, XDP fragments). */
  loadFlags?: number;
}

export interface Hook {
  name: HookName;
  /** BPF_PROG_TYPE_*. */
  progType: number;
  /** ELF section names that mean this hook: exact, or a prefix when it ends in '/' or '*'. */
  sections: readonly SectionPattern[];
  /** Bytes that may be addressed from r1. */
  ctxSize: number;
  /** 'fields': only the fields below; 'raw': any aligned load up to ctxSize (tracepoint record, pt_regs). */
  ctxAccess: 'fields' | 'raw';
  fields: readonly CtxField[];
  /** Raw contexts: bytes at the start that may not be touched. */
  rawStart?: number;
  /** Raw contexts: stores are allowed. */
  rawWrite?: boolean;
  /** Raw contexts: a load may yield a kernel pointer that the program may follow. */
  rawPointers?: boolean;
  /** Direct packet access: 'none', 'read' or 'write'. */
  packet: 'none' | 'read' | 'write';
  /** How much of r0 the kernel looks at: 0 = ignored. */
  returnBits: 0 | 32 | 64;
  /** Range that the verifier enforces on r0 at exit, inclusive. */
  returnRange?: readonly [number, number];
  /**
   * Where the range depends on the expected attach type; the first row that lists it wins over `returnRange`.
   */
  returnRangeBy?: readonly { attachTypes: readonly number[]; range?: readonly [number, number] }[];
  /** BPF_PROG_TEST_RUN works for it. */
  testRun: boolean;
  /** ld_abs / ld_ind allowed. */
  legacyPacketLoads: boolean;
}
