/** Hooks: the program types, what their context looks like, and what the kernel reads of their result. */

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
  | 'lirc_mode2';

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
}

export interface Hook {
  name: HookName;
  /** BPF_PROG_TYPE_*. */
  progType: number;
  /** ELF section names that mean this hook: exact, or a prefix when it ends in '/' or '*'. */
  sections: readonly { pattern: string; attachType?: number }[];
  /** Bytes that may be addressed from r1. */
  ctxSize: number;
  /** 'fields': only the fields below; 'raw': any aligned load up to ctxSize (tracepoint record, pt_regs). */
  ctxAccess: 'fields' | 'raw';
  fields: readonly CtxField[];
  /** Direct packet access: 'none', 'read' or 'write'. */
  packet: 'none' | 'read' | 'write';
  /** How much of r0 the kernel looks at: 0 = ignored. */
  returnBits: 0 | 32 | 64;
  /** Range that the checker enforces on r0 at exit, inclusive. */
  returnRange?: readonly [number, number];
  /** BPF_PROG_TEST_RUN works for it. */
  testRun: boolean;
  /** ld_abs / ld_ind allowed. */
  legacyPacketLoads: boolean;
}
