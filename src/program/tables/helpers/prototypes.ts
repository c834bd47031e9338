/**
 * Helper prototypes, one line each:
 *
 *     id since name -> return : arguments : effects : flags
 *
 * `since` is the first Linux version, major * 100 + minor. Argument words (numbers are argument numbers, 1 = r1):
 *   s          scalar, or anything that is not looked behind
 *   s?         scalar that the checker does not look at: it need not be initialised
 *   ctx        the context;  ctx?  or NULL;  ctx|sock  the context or a socket
 *   map        a map, known at load time
 *   key        that map's key, read;  value  its value, read;  value?  or NULL;  >~value  its value, written or left
 *   <3         memory, read, as many bytes as argument 3 says;  <#20  20 bytes;  <?3  or NULL;  <z  C string
 *   >3, >#8    memory, written whole, need not be initialised before;  >~3  some bytes may keep their old value
 *   <>3        memory, must be initialised, may be read and written
 *   size       bytes of a memory argument, at least 1;  size0  at least 0
 *   alloc      bytes of the memory that is returned, a constant
 *   sock, kptr socket or other kernel object;  sock?, kptr?  or NULL
 *   func       callback;  cbctx?  what it is given: stack memory of unknown size, or NULL
 *   lock, timer, ringmem, dynptr   as they are called; `ringmem` is what ringbuf_reserve returned
 *   any        not modelled: may be read and written if it is a pointer
 * Where program types differ, a line says what most have; get_cgroup_classid takes no argument outside tc and lwt.
 * Flags: gpl (license), pkt (memory arguments may be in the packet), u32 (result below 2^32), rough (not modelled).
 *
 * Sources: include/uapi/linux/bpf.h for ids and names; the bpf_func_proto tables of kernel/bpf/helpers.c,
 * net/core/filter.c and kernel/trace/bpf_trace.c for kinds; bpf_helper_changes_pkt_data() for packetResize.
 */
export const PROTOTYPES = `
1 319 map_lookup_elem -> value? : map key : mapRead : pkt
2 319 map_update_elem -> int : map key value s : mapWrite : pkt
3 319 map_delete_elem -> int : map key : mapWrite : pkt
4 401 probe_read -> int : >2 size0 s : kernelRead : gpl
5 401 ktime_get_ns -> int : : time :
6 401 trace_printk -> int : <2 size s? s? s? : output : gpl
7 401 get_prandom_u32 -> int : : random : u32
8 401 get_smp_processor_id -> int : : runConstant : u32
9 401 skb_store_bytes -> int : ctx s <4 size s : packetWrite packetResize ctxWrite :
10 401 l3_csum_replace -> int : ctx s s s s : packetWrite packetResize :
11 401 l4_csum_replace -> int : ctx s s s s : packetWrite packetResize ctxWrite :
12 402 tail_call -> void : ctx map s : tailCall :
13 402 clone_redirect -> int : ctx s s : redirect packetRead packetResize :
14 402 get_current_pid_tgid -> int : : runConstant :
15 402 get_current_uid_gid -> int : : runConstant :
16 402 get_current_comm -> int : >2 size : kernelRead :
17 403 get_cgroup_classid -> int : ctx : kernelRead : u32
18 403 skb_vlan_push -> int : ctx s s : packetWrite packetResize ctxWrite :
19 403 skb_vlan_pop -> int : ctx : packetWrite packetResize ctxWrite :
20 403 skb_get_tunnel_key -> int : ctx >3 size s : kernelRead :
21 403 skb_set_tunnel_key -> int : ctx <3 size s : kernelState :
22 403 perf_event_read -> int : map s : kernelRead : gpl
23 404 redirect -> int : s s : redirect :
24 404 get_route_realm -> int : ctx : kernelRead : u32
25 404 perf_event_output -> int : ctx map s <5 size0 : output packetRead : gpl
26 405 skb_load_bytes -> int : ctx s >4 size : packetRead :
27 406 get_stackid -> int : ctx map s : kernelRead mapWrite : gpl
28 406 csum_diff -> int : <?2 size0 <?4 size0 s : pure : pkt
29 406 skb_get_tunnel_opt -> int : ctx >3 size : kernelRead :
30 406 skb_set_tunnel_opt -> int : ctx <3 size : kernelState :
31 408 skb_change_proto -> int : ctx s s : packetWrite packetResize ctxWrite :
32 408 skb_change_type -> int : ctx s : ctxWrite :
33 408 skb_under_cgroup -> int : ctx map s : kernelRead :
34 408 get_hash_recalc -> int : ctx : kernelRead ctxWrite : u32
35 408 get_current_task -> int : : runConstant : gpl
36 408 probe_write_user -> int : s <3 size : kernelState : gpl
37 409 current_task_under_cgroup -> int : map s : kernelRead :
38 409 skb_change_tail -> int : ctx s s : packetWrite packetResize ctxWrite :
39 409 skb_pull_data -> int : ctx s : packetResize :
40 409 csum_update -> int : ctx s : kernelState :
41 409 set_hash_invalid -> int : ctx : ctxWrite :
42 410 get_numa_node_id -> int : : runConstant :
43 410 skb_change_head -> int : ctx s s : packetWrite packetResize ctxWrite :
44 410 xdp_adjust_head -> int : ctx s : packetResize :
45 411 probe_read_str -> int : >~2 size0 s : kernelRead : gpl
46 412 get_socket_cookie -> int : ctx|sock : kernelRead :
47 412 get_socket_uid -> int : ctx : kernelRead :
48 413 set_hash -> int : ctx s : ctxWrite :
49 413 setsockopt -> int : ctx|sock s s <5 size : kernelState :
50 413 skb_adjust_room -> int : ctx s s s : packetWrite packetResize ctxWrite :
51 414 redirect_map -> int : map s s : mapRead redirect :
52 414 sk_redirect_map -> int : ctx map s s : mapRead redirect :
53 414 sock_map_update -> int : ctx map key s : mapWrite :
54 415 xdp_adjust_meta -> int : ctx s : packetResize :
55 415 perf_event_read_value -> int : map s >4 size : kernelRead : gpl
56 415 perf_prog_read_value -> int : ctx >3 size : kernelRead : gpl
57 415 getsockopt -> int : ctx|sock s s >~5 size : kernelRead :
58 416 override_return -> int : ctx s : kernelState ctxWrite : gpl
59 416 sock_ops_cb_flags_set -> int : ctx s : kernelState ctxWrite :
60 417 msg_redirect_map -> int : ctx map s s : mapRead redirect :
61 417 msg_apply_bytes -> int : ctx s : kernelState :
62 417 msg_cork_bytes -> int : ctx s : kernelState :
63 417 msg_pull_data -> int : ctx s s s : packetResize :
64 417 bind -> int : ctx <3 size : kernelState :
65 418 xdp_adjust_tail -> int : ctx s : packetResize packetWrite :
66 418 skb_get_xfrm_state -> int : ctx s >4 size s : kernelRead :
67 418 get_stack -> int : ctx >~3 size0 s : kernelRead : gpl
68 418 skb_load_bytes_relative -> int : ctx s >4 size s : packetRead :
69 418 fib_lookup -> int : ctx <>3 size s : kernelRead : gpl
70 418 sock_hash_update -> int : ctx map key s : mapWrite :
71 418 msg_redirect_hash -> int : ctx map key s : mapRead redirect :
72 418 sk_redirect_hash -> int : ctx map key s : mapRead redirect :
73 418 lwt_push_encap -> int : ctx s <4 size : packetWrite packetResize ctxWrite :
74 418 lwt_seg6_store_bytes -> int : ctx s <4 size : packetWrite packetResize :
75 418 lwt_seg6_adjust_srh -> int : ctx s s : packetWrite packetResize ctxWrite :
76 418 lwt_seg6_action -> int : ctx s <4 size : packetWrite packetResize ctxWrite kernelState :
77 418 rc_repeat -> int : ctx : output : gpl
78 418 rc_keydown -> int : ctx s s s : output : gpl
79 418 skb_cgroup_id -> int : ctx : kernelRead :
80 418 get_current_cgroup_id -> int : : runConstant :
81 419 get_local_storage -> value : map s : mapRead :
82 419 sk_select_reuseport -> int : ctx map key s : mapRead redirect :
83 419 skb_ancestor_cgroup_id -> int : ctx s : kernelRead :
84 420 sk_lookup_tcp -> sock? : ctx <3 size0 s s : kernelRead acquire : pkt
85 420 sk_lookup_udp -> sock? : ctx <3 size0 s s : kernelRead acquire : pkt
86 420 sk_release -> int : sock : release :
87 420 map_push_elem -> int : map value s : mapWrite : pkt
88 420 map_pop_elem -> int : map >~value : mapWrite :
89 420 map_peek_elem -> int : map >~value : mapRead :
90 420 msg_push_data -> int : ctx s s s : packetWrite packetResize :
91 500 msg_pop_data -> int : ctx s s s : packetWrite packetResize :
92 500 rc_pointer_rel -> int : ctx s s : output : gpl
93 501 spin_lock -> void : lock : lock :
94 501 spin_unlock -> void : lock : lock :
95 501 sk_fullsock -> sock? : sock : kernelRead :
96 501 tcp_sock -> tcp_sock? : sock : kernelRead :
97 501 skb_ecn_set_ce -> int : ctx : packetWrite :
98 501 get_listener_sock -> sock? : sock : kernelRead :
99 502 skc_lookup_tcp -> sock_common? : ctx <3 size0 s s : kernelRead acquire : pkt
100 502 tcp_check_syncookie -> int : sock <3 size <5 size : kernelRead : pkt gpl
101 502 sysctl_get_name -> int : ctx >~3 size s : kernelRead :
102 502 sysctl_get_current_value -> int : ctx >3 size : kernelRead :
103 502 sysctl_get_new_value -> int : ctx >3 size : kernelRead :
104 502 sysctl_set_new_value -> int : ctx <3 size : kernelState :
105 502 strtol -> int : <2 size s >~#8 : pure :
106 502 strtoul -> int : <2 size s >~#8 : pure :
107 502 sk_storage_get -> value? : map sock value? s : mapWrite :
108 502 sk_storage_delete -> int : map sock : mapWrite :
109 503 send_signal -> int : s : kernelState :
110 503 tcp_gen_syncookie -> int : sock <3 size <5 size : kernelRead : pkt gpl
111 505 skb_output -> int : kptr map s <5 size0 : output packetRead : gpl
112 505 probe_read_user -> int : >2 size0 s : kernelRead : gpl
113 505 probe_read_kernel -> int : >2 size0 s : kernelRead : gpl
114 505 probe_read_user_str -> int : >~2 size0 s : kernelRead : gpl
115 505 probe_read_kernel_str -> int : >~2 size0 s : kernelRead : gpl
116 506 tcp_send_ack -> int : kptr s : kernelState : gpl
117 506 send_signal_thread -> int : s : kernelState :
118 506 jiffies64 -> int : : time :
119 506 read_branch_records -> int : ctx <>?3 size0 s : kernelRead : gpl
120 507 get_ns_current_pid_tgid -> int : s s >4 size : kernelRead :
121 507 xdp_output -> int : kptr map s <5 size0 : output packetRead : gpl
122 507 get_netns_cookie -> int : ctx? : runConstant :
123 507 get_current_ancestor_cgroup_id -> int : s : runConstant :
124 507 sk_assign -> int : ctx sock? s : redirect ctxWrite :
125 508 ktime_get_boot_ns -> int : : time :
126 508 seq_printf -> int : kptr <3 size <?5 size0 : output : gpl
127 508 seq_write -> int : kptr <3 size0 : output : gpl
128 508 sk_cgroup_id -> int : sock : kernelRead :
129 508 sk_ancestor_cgroup_id -> int : sock s : kernelRead :
130 508 ringbuf_output -> int : map <3 size0 s : output :
131 508 ringbuf_reserve -> mem? : map alloc s : output acquire :
132 508 ringbuf_submit -> void : ringmem s : output release :
133 508 ringbuf_discard -> void : ringmem s : output release :
134 508 ringbuf_query -> int : map s : kernelRead :
135 508 csum_level -> int : ctx s : kernelState :
136 509 skc_to_tcp6_sock -> kptr? : sock : kernelRead :
137 509 skc_to_tcp_sock -> kptr? : sock : kernelRead :
138 509 skc_to_tcp_timewait_sock -> kptr? : sock : kernelRead :
139 509 skc_to_tcp_request_sock -> kptr? : sock : kernelRead :
140 509 skc_to_udp6_sock -> kptr? : sock : kernelRead :
141 509 get_task_stack -> int : kptr >~3 size0 s : kernelRead :
142 510 load_hdr_opt -> int : ctx <>3 size s : packetRead kernelRead :
143 510 store_hdr_opt -> int : ctx <3 size s : packetWrite packetResize :
144 510 reserve_hdr_opt -> int : ctx s s : kernelState :
145 510 inode_storage_get -> value? : map kptr value? s : mapWrite :
146 510 inode_storage_delete -> int : map kptr : mapWrite :
147 510 d_path -> int : kptr <>3 size0 : kernelRead :
148 510 copy_from_user -> int : >2 size0 s : kernelRead sleep :
149 510 snprintf_btf -> int : <>2 size <4 size s : kernelRead :
150 510 seq_printf_btf -> int : kptr <3 size0 s : output : gpl
151 510 skb_cgroup_classid -> int : ctx : kernelRead :
152 510 redirect_neigh -> int : s <?3 size0 s : redirect :
153 510 per_cpu_ptr -> kptr? : kptr s : kernelRead :
154 510 this_cpu_ptr -> kptr : kptr : kernelRead :
155 510 redirect_peer -> int : s s : redirect :
156 511 task_storage_get -> value? : map kptr value? s : mapWrite :
157 511 task_storage_delete -> int : map kptr : mapWrite :
158 511 get_current_task_btf -> kptr : : runConstant : gpl
159 511 bprm_opts_set -> int : kptr s : kernelState :
160 511 ktime_get_coarse_ns -> int : : time :
161 511 ima_inode_hash -> int : kptr >~3 size : kernelRead sleep :
162 511 sock_from_file -> kptr? : kptr : kernelRead :
163 512 check_mtu -> int : ctx s <>#4 s s : kernelRead : gpl
164 513 for_each_map_elem -> int : map func cbctx? s : mapRead callback :
165 513 snprintf -> int : <>?2 size0 <z <?5 size0 : kernelRead : gpl
166 514 sys_bpf -> int : s any size : kernelState sleep : rough
167 514 btf_find_by_name_kind -> int : <2 size s s : kernelRead sleep :
168 514 sys_close -> int : s : kernelState sleep :
169 515 timer_init -> int : timer map s : mapWrite kernelState : gpl rough
170 515 timer_set_callback -> int : timer func : mapWrite kernelState callback : gpl rough
171 515 timer_start -> int : timer s s : mapWrite kernelState : gpl rough
172 515 timer_cancel -> int : timer : mapWrite kernelState : gpl rough
173 515 get_func_ip -> int : ctx : runConstant : gpl
174 515 get_attach_cookie -> int : ctx : runConstant :
175 515 task_pt_regs -> kptr : kptr : kernelRead : gpl
176 516 get_branch_snapshot -> int : >~2 size0 s? : kernelRead : gpl
177 516 trace_vprintk -> int : <2 size <?4 size0 : output : gpl
178 516 skc_to_unix_sock -> kptr? : sock : kernelRead :
179 516 kallsyms_lookup_name -> int : <2 size0 s >~#8 : kernelRead sleep :
180 517 find_vma -> int : kptr s func cbctx? s : kernelRead callback : rough
181 517 loop -> int : s func cbctx? s : callback :
182 517 strncmp -> int : <2 size <z : pure :
183 517 get_func_arg -> int : ctx s >~#8 : runConstant :
184 517 get_func_ret -> int : ctx >~#8 : runConstant :
185 517 get_func_arg_cnt -> int : ctx : runConstant :
186 518 get_retval -> int : : kernelRead :
187 518 set_retval -> int : s : kernelState :
188 518 xdp_get_buff_len -> int : ctx : packetRead :
189 518 xdp_load_bytes -> int : ctx s >~4 size : packetRead :
190 518 xdp_store_bytes -> int : ctx s <4 size : packetWrite :
191 518 copy_from_user_task -> int : >~2 size0 s kptr s : kernelRead sleep : gpl
192 518 skb_set_tstamp -> int : ctx s s : ctxWrite :
193 518 ima_file_hash -> int : kptr >~3 size : kernelRead sleep :
194 519 kptr_xchg -> kptr? : any kptr? : mapWrite acquire release : rough
195 519 map_lookup_percpu_elem -> value? : map key s : mapRead : pkt
196 519 skc_to_mptcp_sock -> kptr? : sock : kernelRead :
197 519 dynptr_from_mem -> int : <>2 size0 s dynptr : kernelState : rough
198 519 ringbuf_reserve_dynptr -> int : map s s dynptr : output acquire : rough
199 519 ringbuf_submit_dynptr -> void : dynptr s : output release : rough
200 519 ringbuf_discard_dynptr -> void : dynptr s : output release : rough
201 519 dynptr_read -> int : >~2 size0 dynptr s s : kernelState : rough
202 519 dynptr_write -> int : dynptr s <4 size0 s : kernelState packetWrite packetResize mapWrite : rough
203 519 dynptr_data -> mem? : dynptr s alloc : kernelState : rough
204 600 tcp_raw_gen_syncookie_ipv4 -> int : <#20 <3 size0 : kernelRead : pkt gpl
205 600 tcp_raw_gen_syncookie_ipv6 -> int : <#40 <3 size0 : kernelRead : pkt gpl
206 600 tcp_raw_check_syncookie_ipv4 -> int : <#20 <#20 : kernelRead : pkt gpl
207 600 tcp_raw_check_syncookie_ipv6 -> int : <#40 <#20 : kernelRead : pkt gpl
208 601 ktime_get_tai_ns -> int : : time :
209 601 user_ringbuf_drain -> int : map func cbctx? s : kernelState callback : rough
210 602 cgrp_storage_get -> value? : map kptr value? s : mapWrite :
211 602 cgrp_storage_delete -> int : map kptr : mapWrite :
`;
