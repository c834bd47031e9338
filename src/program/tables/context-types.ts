/**
 * Which hooks a program may have by the C type behind its context pointer (kernel/bpf/btf.c,
 * bpf_ctx_convert).
 */
import type { HookName } from './hook-types.ts';

const HOOKS_BY_CONTEXT: Readonly<Record<string, readonly HookName[]>> = {
  xdp_md: ['xdp'],
  __sk_buff: [
    'sched_cls',
    'sched_act',
    'socket_filter',
    'cgroup_skb',
    'sk_skb',
    'lwt_in',
    'lwt_out',
    'lwt_xmit',
    'lwt_seg6local',
    'flow_dissector',
  ],
  bpf_sock: ['cgroup_sock'],
  bpf_sock_addr: ['cgroup_sock_addr'],
  bpf_sock_ops: ['sock_ops'],
  sk_msg_md: ['sk_msg'],
  bpf_sk_lookup: ['sk_lookup'],
  sk_reuseport_md: ['sk_reuseport'],
  bpf_sysctl: ['cgroup_sysctl'],
  bpf_sockopt: ['cgroup_sockopt'],
  bpf_cgroup_dev_ctx: ['cgroup_device'],
  bpf_perf_event_data: ['perf_event'],
  bpf_nf_ctx: ['netfilter'],
  pt_regs: ['kprobe'],
  user_pt_regs: ['kprobe'],
  bpf_raw_tracepoint_args: ['raw_tracepoint', 'raw_tracepoint_writable'],
};

/** @param struct name of the struct, without `struct`; @returns none when it says nothing */
export function hooksOfContext(struct: string): readonly HookName[] {
  // The records of tracepoints, as vmlinux.h names them.
  if (struct.startsWith('trace_event_raw_')) return ['tracepoint'];
  return Object.hasOwn(HOOKS_BY_CONTEXT, struct) ? HOOKS_BY_CONTEXT[struct]! : [];
}
