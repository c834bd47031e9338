// SPDX-License-Identifier: MIT
/**
 * ELF section name -> hook, BPF_PROG_TYPE_* and BPF_* attach type (Linux uapi numbers; names as in
 * src/program/tables/hooks.ts). First match wins; a pattern that ends in '/' or '*' is a prefix.
 */
export const SECTIONS = [
  ['xdp_cpumap*', 'xdp', 6, 35],
  ['xdp.frags/cpumap', 'xdp', 6, 35],
  ['xdp/cpumap', 'xdp', 6, 35],
  ['xdp_devmap*', 'xdp', 6, 33],
  ['xdp/devmap', 'xdp', 6, 33],
  ['xdp.frags/devmap', 'xdp', 6, 33],
  ['xdp*', 'xdp', 6, 37],
  ['socket*', 'socket_filter', 1],
  ['filter', 'socket_filter', 1],
  ['classifier*', 'sched_cls', 3],
  ['tc*', 'sched_cls', 3],
  ['cls*', 'sched_cls', 3],
  ['from-*', 'sched_cls', 3],
  ['to-*', 'sched_cls', 3],
  ['action*', 'sched_act', 4],
  ['tracepoint/', 'tracepoint', 5],
  ['tp/', 'tracepoint', 5],
  ['kprobe.multi*', 'kprobe', 2, 42],
  ['kretprobe.multi*', 'kprobe', 2, 42],
  ['ksyscall/', 'kprobe', 2],
  ['kretsyscall/', 'kprobe', 2],
  ['kprobe*', 'kprobe', 2],
  ['kretprobe*', 'kprobe', 2],
  ['uprobe*', 'kprobe', 2],
  ['uretprobe*', 'kprobe', 2],
  ['usdt*', 'kprobe', 2],
  ['raw_tracepoint*', 'raw_tracepoint', 17],
  ['raw_tp*', 'raw_tracepoint', 17],
  ['perf_event', 'perf_event', 7],
  ['tp_btf/', 'tracing', 26, 23],
  ['fentry*', 'tracing', 26, 24],
  ['fexit*', 'tracing', 26, 25],
  ['fmod_ret*', 'tracing', 26, 26],
  ['iter*', 'tracing', 26, 28],
  ['lsm_cgroup*', 'lsm', 29, 43],
  ['lsm*', 'lsm', 29, 27],
  ['freplace*', 'ext', 28],
  ['struct_ops*', 'struct_ops', 27],
  ['syscall', 'syscall', 31],
  ['lwt_in', 'lwt_in', 10],
  ['lwt_out', 'lwt_out', 11],
  ['lwt_xmit', 'lwt_xmit', 12],
  ['lwt_seg6local', 'lwt_seg6local', 19],
  ['sockops', 'sock_ops', 13, 3],
  ['sk_skb/stream_parser*', 'sk_skb', 14, 4],
  ['sk_skb/stream_verdict*', 'sk_skb', 14, 5],
  ['sk_skb*', 'sk_skb', 14],
  ['sk_msg*', 'sk_msg', 16, 7],
  ['sk_lookup*', 'sk_lookup', 30, 36],
  ['sk_reuseport/migrate', 'sk_reuseport', 21, 40],
  ['sk_reuseport*', 'sk_reuseport', 21, 39],
  ['flow_dissector', 'flow_dissector', 22, 17],
  ['lirc_mode2*', 'lirc_mode2', 20, 16],
  ['cgroup_skb/ingress', 'cgroup_skb', 8, 0],
  ['cgroup_skb/egress', 'cgroup_skb', 8, 1],
  ['cgroup/skb', 'cgroup_skb', 8],
  ['cgroup/sock_create', 'cgroup_sock', 9, 2],
  ['cgroup/sock_release', 'cgroup_sock', 9, 34],
  ['cgroup/post_bind4', 'cgroup_sock', 9, 12],
  ['cgroup/post_bind6', 'cgroup_sock', 9, 13],
  ['cgroup/sock*', 'cgroup_sock', 9, 2],
  ['cgroup/bind4', 'cgroup_sock_addr', 18, 8],
  ['cgroup/bind6', 'cgroup_sock_addr', 18, 9],
  ['cgroup/connect4', 'cgroup_sock_addr', 18, 10],
  ['cgroup/connect6', 'cgroup_sock_addr', 18, 11],
  ['cgroup/sendmsg4', 'cgroup_sock_addr', 18, 14],
  ['cgroup/sendmsg6', 'cgroup_sock_addr', 18, 15],
  ['cgroup/recvmsg4', 'cgroup_sock_addr', 18, 19],
  ['cgroup/recvmsg6', 'cgroup_sock_addr', 18, 20],
  ['cgroup/getpeername4', 'cgroup_sock_addr', 18, 29],
  ['cgroup/getpeername6', 'cgroup_sock_addr', 18, 30],
  ['cgroup/getsockname4', 'cgroup_sock_addr', 18, 31],
  ['cgroup/getsockname6', 'cgroup_sock_addr', 18, 32],
  ['cgroup/dev', 'cgroup_device', 15, 6],
  ['cgroup/sysctl', 'cgroup_sysctl', 23, 18],
  ['cgroup/getsockopt', 'cgroup_sockopt', 25, 21],
  ['cgroup/setsockopt', 'cgroup_sockopt', 25, 22],
];

/** { hook, programType, attachType? } of a section name, or undefined. */
export function hookOfSection(section) {
  const name = section.replace(/^\?/, '');
  const row = SECTIONS.find(([pattern]) => {
    const last = pattern.at(-1);
    return last === '*' || last === '/'
      ? name.startsWith(last === '*' ? pattern.slice(0, -1) : pattern)
      : name === pattern;
  });
  if (!row) return undefined;
  const [, hook, programType, attachType] = row;
  return { hook, programType, ...(attachType !== undefined && { attachType }) };
}
