/**
 * Helper prototypes, one line each:
 *
 *     id since name -> return : arguments : effects : flags
 *
 * `since` is the first Linux version. Argument words (numbers are argument numbers, 1 = r1):
 *   s          scalar, or anything that is not looked behind
 *   s?         scalar that the verifier does not look at: it need not be initialised
 *   ctx        the context;  ctx?  or NULL;  ctx|sock  the context or a socket
 *   map        a map, known at load time
 *   key        that map's key, read;  value  its value, read;  value?  or NULL;  >~value  its value, written
 *              or left
 *   <3         memory, read, as many bytes as argument 3 says;  <#20  20 bytes;  <?3  or NULL;  <z  C string
 *   >3, >#8    memory, written whole, need not be initialised before;  >~3  some bytes may keep their old
 *              value
 *   <>3        memory, must be initialised, may be read and written
 *   size       bytes of a memory argument, at least 1;  size0  at least 0
 *   alloc      bytes of the memory that is returned, a constant
 *   sock, kptr socket or other kernel object;  sock?, kptr?  or NULL
 *   func       callback;  cbctx?  what it is given: stack memory of unknown size, or NULL
 *   lock, timer, ringmem, dynptr   as they are called; `ringmem` is what ringbuf_reserve returned
 *   any        not modelled: may be read and written if it is a pointer
 * Where program types differ, a line says what most have; get_cgroup_classid takes no argument outside tc and
 * lwt. Flags: gpl (license), pkt (memory arguments may be in the packet), u32 (result below 2^32), rough (not
 * modelled).
 *
 * Sources: include/uapi/linux/bpf.h for ids and names; the bpf_func_proto tables of kernel/bpf/helpers.c,
 * net/core/filter.c and kernel/trace/bpf_trace.c for kinds; bpf_helper_changes_pkt_data() for packetResize.
 */
export const PROTOTYPES = `
1 3.19 map_lookup_elem -> value? : map key : mapRead : pkt
2 3.19 map_update_elem -> int : map key value s : mapWrite : pkt
3 3.19 map_delete_elem -> int : map key : mapWrite : pkt
4 4.1 probe_read -> int : >2 size0 s : kernelRead : gpl
5 4.1 ktime_get_ns -> int : : time :
6 4.1 trace_printk -> int : <2 size s? s? s? : output : gpl
7 4.1 get_prandom_u32 -> int : : random : u32
8 4.1 get_smp_processor_id -> int : : runConstant : u32
9 4.1 skb_store_bytes -> int : ctx s <4 size s : packetWrite packetResize ctxWrite :
10 4.1 l3_csum_replace -> int : ctx s s s s : packetWrite packetResize :
11 4.1 l4_csum_replace -> int : ctx s s s s : packetWrite packetResize ctxWrite :
12 4.2 tail_call -> void : ctx map s : tailCall :
13 4.2 clone_redirect -> int : ctx s s : redirect packetRead packetResize :
14 4.2 get_current_pid_tgid -> int : : runConstant :
15 4.2 get_current_uid_gid -> int : : runConstant :
16 4.2 get_current_comm -> int : >2 size : kernelRead :
17 4.3 get_cgroup_classid -> int : ctx : kernelRead : u32
18 4.3 skb_vlan_push -> int : ctx s s : packetWrite packetResize packetMove ctxWrite :
19 4.3 skb_vlan_pop -> int : ctx : packetWrite packetResize packetMove ctxWrite :
20 4.3 skb_get_tunnel_key -> int : ctx >3 size s : kernelRead :
21 4.3 skb_set_tunnel_key -> int : ctx <3 size s : kernelState :
22 4.3 perf_event_read -> int : map s : kernelRead : gpl
23 4.4 redirect -> int : s s : redirect :
24 4.4 get_route_realm -> int : ctx : kernelRead : u32
25 4.4 perf_event_output -> int : ctx map s <5 size0 : output packetRead : gpl
26 4.5 skb_load_bytes -> int : ctx s >4 size : packetRead :
27 4.6 get_stackid -> int : ctx map s : kernelRead mapWrite : gpl
28 4.6 csum_diff -> int : <?2 size0 <?4 size0 s : pure : pkt
29 4.6 skb_get_tunnel_opt -> int : ctx >3 size : kernelRead :
30 4.6 skb_set_tunnel_opt -> int : ctx <3 size : kernelState :
31 4.8 skb_change_proto -> int : ctx s s : packetWrite packetResize packetMove ctxWrite :
32 4.8 skb_change_type -> int : ctx s : ctxWrite :
33 4.8 skb_under_cgroup -> int : ctx map s : kernelRead :
34 4.8 get_hash_recalc -> int : ctx : kernelRead ctxWrite : u32
35 4.8 get_current_task -> int : : runConstant : gpl
36 4.8 probe_write_user -> int : s <3 size : kernelState : gpl
37 4.9 current_task_under_cgroup -> int : map s : kernelRead :
38 4.9 skb_change_tail -> int : ctx s s : packetWrite packetResize packetMove ctxWrite :
39 4.9 skb_pull_data -> int : ctx s : packetResize :
40 4.9 csum_update -> int : ctx s : kernelState :
41 4.9 set_hash_invalid -> int : ctx : ctxWrite :
42 4.10 get_numa_node_id -> int : : runConstant :
43 4.10 skb_change_head -> int : ctx s s : packetWrite packetResize packetMove ctxWrite :
44 4.10 xdp_adjust_head -> int : ctx s : packetResize packetMove :
45 4.11 probe_read_str -> int : >~2 size0 s : kernelRead : gpl
46 4.12 get_socket_cookie -> int : ctx|sock : kernelRead :
47 4.12 get_socket_uid -> int : ctx : kernelRead :
48 4.13 set_hash -> int : ctx s : ctxWrite :
49 4.13 setsockopt -> int : ctx|sock s s <5 size : kernelState :
50 4.13 skb_adjust_room -> int : ctx s s s : packetWrite packetResize packetMove ctxWrite :
51 4.14 redirect_map -> int : map s s : mapRead redirect :
52 4.14 sk_redirect_map -> int : ctx map s s : mapRead redirect :
53 4.14 sock_map_update -> int : ctx map key s : mapWrite :
54 4.15 xdp_adjust_meta -> int : ctx s : packetResize packetMove :
55 4.15 perf_event_read_value -> int : map s >4 size : kernelRead : gpl
56 4.15 perf_prog_read_value -> int : ctx >3 size : kernelRead : gpl
57 4.15 getsockopt -> int : ctx|sock s s >~5 size : kernelRead :
58 4.16 override_return -> int : ctx s : kernelState ctxWrite : gpl
59 4.16 sock_ops_cb_flags_set -> int : ctx s : kernelState ctxWrite :
60 4.17 msg_redirect_map -> int : ctx map s s : mapRead redirect :
61 4.17 msg_apply_bytes -> int : ctx s : kernelState :
62 4.17 msg_cork_bytes -> int : ctx s : kernelState :
63 4.17 msg_pull_data -> int : ctx s s s : packetResize packetMove :
64 4.17 bind -> int : ctx <3 size : kernelState :
65 4.18 xdp_adjust_tail -> int : ctx s : packetResize packetMove packetWrite :
66 4.18 skb_get_xfrm_state -> int : ctx s >4 size s : kernelRead :
67 4.18 get_stack -> int : ctx >~3 size0 s : kernelRead : gpl
68 4.18 skb_load_bytes_relative -> int : ctx s >4 size s : packetRead :
69 4.18 fib_lookup -> int : ctx <>3 size s : kernelRead : gpl
70 4.18 sock_hash_update -> int : ctx map key s : mapWrite :
71 4.18 msg_redirect_hash -> int : ctx map key s : mapRead redirect :
72 4.18 sk_redirect_hash -> int : ctx map key s : mapRead redirect :
73 4.18 lwt_push_encap -> int : ctx s <4 size : packetWrite packetResize packetMove ctxWrite :
74 4.18 lwt_seg6_store_bytes -> int : ctx s <4 size : packetWrite packetResize :
75 4.18 lwt_seg6_adjust_srh -> int : ctx s s : packetWrite packetResize packetMove ctxWrite :
76 4.18 lwt_seg6_action -> int : ctx s <4 size : packetWrite packetResize packetMove ctxWrite kernelState :
77 4.18 rc_repeat -> int : ctx : output : gpl
78 4.18 rc_keydown -> int : ctx s s s : output : gpl
79 4.18 skb_cgroup_id -> int : ctx : kernelRead :
80 4.18 get_current_cgroup_id -> int : : runConstant :
81 4.19 get_local_storage -> value : map s : mapRead :
82 4.19 sk_select_reuseport -> int : ctx map key s : mapRead redirect :
83 4.19 skb_ancestor_cgroup_id -> int : ctx s : kernelRead :
84 4.20 sk_lookup_tcp -> sock? : ctx <3 size0 s s : kernelRead acquire : pkt
85 4.20 sk_lookup_udp -> sock? : ctx <3 size0 s s : kernelRead acquire : pkt
86 4.20 sk_release -> int : sock : release :
87 4.20 map_push_elem -> int : map value s : mapWrite : pkt
88 4.20 map_pop_elem -> int : map >~value : mapWrite :
89 4.20 map_peek_elem -> int : map >~value : mapRead :
90 4.20 msg_push_data -> int : ctx s s s : packetWrite packetResize packetMove :
91 5.0 msg_pop_data -> int : ctx s s s : packetWrite packetResize packetMove :
92 5.0 rc_pointer_rel -> int : ctx s s : output : gpl
93 5.1 spin_lock -> void : lock : lock :
94 5.1 spin_unlock -> void : lock : lock :
95 5.1 sk_fullsock -> sock? : sock : kernelRead :
96 5.1 tcp_sock -> tcp_sock? : sock : kernelRead :
97 5.1 skb_ecn_set_ce -> int : ctx : packetWrite :
98 5.1 get_listener_sock -> sock? : sock : kernelRead :
99 5.2 skc_lookup_tcp -> sock_common? : ctx <3 size0 s s : kernelRead acquire : pkt
100 5.2 tcp_check_syncookie -> int : sock <3 size <5 size : kernelRead : pkt gpl
101 5.2 sysctl_get_name -> int : ctx >~3 size s : kernelRead :
102 5.2 sysctl_get_current_value -> int : ctx >3 size : kernelRead :
103 5.2 sysctl_get_new_value -> int : ctx >3 size : kernelRead :
104 5.2 sysctl_set_new_value -> int : ctx <3 size : kernelState :
105 5.2 strtol -> int : <2 size s >~#8 : pure :
106 5.2 strtoul -> int : <2 size s >~#8 : pure :
107 5.2 sk_storage_get -> value? : map sock value? s : mapWrite :
108 5.2 sk_storage_delete -> int : map sock : mapWrite :
109 5.3 send_signal -> int : s : kernelState :
110 5.3 tcp_gen_syncookie -> int : sock <3 size <5 size : kernelRead : pkt gpl
111 5.5 skb_output -> int : kptr map s <5 size0 : output packetRead : gpl
112 5.5 probe_read_user -> int : >2 size0 s : kernelRead : gpl
113 5.5 probe_read_kernel -> int : >2 size0 s : kernelRead : gpl
114 5.5 probe_read_user_str -> int : >~2 size0 s : kernelRead : gpl
115 5.5 probe_read_kernel_str -> int : >~2 size0 s : kernelRead : gpl
116 5.6 tcp_send_ack -> int : kptr s : kernelState : gpl
117 5.6 send_signal_thread -> int : s : kernelState :
118 5.6 jiffies64 -> int : : time :
119 5.6 read_branch_records -> int : ctx <>?3 size0 s : kernelRead : gpl
120 5.7 get_ns_current_pid_tgid -> int : s s >4 size : kernelRead :
121 5.7 xdp_output -> int : kptr map s <5 size0 : output packetRead : gpl
122 5.7 get_netns_cookie -> int : ctx? : runConstant :
123 5.7 get_current_ancestor_cgroup_id -> int : s : runConstant :
124 5.7 sk_assign -> int : ctx sock? s : redirect ctxWrite :
125 5.8 ktime_get_boot_ns -> int : : time :
126 5.8 seq_printf -> int : kptr <3 size <?5 size0 : output : gpl
127 5.8 seq_write -> int : kptr <3 size0 : output : gpl
128 5.8 sk_cgroup_id -> int : sock : kernelRead :
129 5.8 sk_ancestor_cgroup_id -> int : sock s : kernelRead :
130 5.8 ringbuf_output -> int : map <3 size0 s : output :
131 5.8 ringbuf_reserve -> mem? : map alloc s : output acquire :
132 5.8 ringbuf_submit -> void : ringmem s : output release :
133 5.8 ringbuf_discard -> void : ringmem s : output release :
134 5.8 ringbuf_query -> int : map s : kernelRead :
135 5.8 csum_level -> int : ctx s : kernelState :
136 5.9 skc_to_tcp6_sock -> kptr? : sock : kernelRead :
137 5.9 skc_to_tcp_sock -> kptr? : sock : kernelRead :
138 5.9 skc_to_tcp_timewait_sock -> kptr? : sock : kernelRead :
139 5.9 skc_to_tcp_request_sock -> kptr? : sock : kernelRead :
140 5.9 skc_to_udp6_sock -> kptr? : sock : kernelRead :
141 5.9 get_task_stack -> int : kptr >~3 size0 s : kernelRead :
142 5.10 load_hdr_opt -> int : ctx <>3 size s : packetRead kernelRead :
143 5.10 store_hdr_opt -> int : ctx <3 size s : packetWrite packetResize :
144 5.10 reserve_hdr_opt -> int : ctx s s : kernelState :
145 5.10 inode_storage_get -> value? : map kptr value? s : mapWrite :
146 5.10 inode_storage_delete -> int : map kptr : mapWrite :
147 5.10 d_path -> int : kptr <>3 size0 : kernelRead :
148 5.10 copy_from_user -> int : >2 size0 s : kernelRead sleep :
149 5.10 snprintf_btf -> int : <>2 size <4 size s : kernelRead :
150 5.10 seq_printf_btf -> int : kptr <3 size0 s : output : gpl
151 5.10 skb_cgroup_classid -> int : ctx : kernelRead :
152 5.10 redirect_neigh -> int : s <?3 size0 s : redirect :
153 5.10 per_cpu_ptr -> kptr? : kptr s : kernelRead :
154 5.10 this_cpu_ptr -> kptr : kptr : kernelRead :
155 5.10 redirect_peer -> int : s s : redirect :
156 5.11 task_storage_get -> value? : map kptr value? s : mapWrite :
157 5.11 task_storage_delete -> int : map kptr : mapWrite :
158 5.11 get_current_task_btf -> kptr : : runConstant : gpl
159 5.11 bprm_opts_set -> int : kptr s : kernelState :
160 5.11 ktime_get_coarse_ns -> int : : time :
161 5.11 ima_inode_hash -> int : kptr >~3 size : kernelRead sleep :
162 5.11 sock_from_file -> kptr? : kptr : kernelRead :
163 5.12 check_mtu -> int : ctx s <>#4 s s : kernelRead : gpl
164 5.13 for_each_map_elem -> int : map func cbctx? s : mapRead callback :
165 5.13 snprintf -> int : <>?2 size0 <z <?5 size0 : kernelRead : gpl
166 5.14 sys_bpf -> int : s any size : kernelState sleep : rough
167 5.14 btf_find_by_name_kind -> int : <2 size s s : kernelRead sleep :
168 5.14 sys_close -> int : s : kernelState sleep :
169 5.15 timer_init -> int : timer map s : mapWrite kernelState : gpl rough
170 5.15 timer_set_callback -> int : timer func : mapWrite kernelState callback : gpl rough
171 5.15 timer_start -> int : timer s s : mapWrite kernelState : gpl rough
172 5.15 timer_cancel -> int : timer : mapWrite kernelState : gpl rough
173 5.15 get_func_ip -> int : ctx : runConstant : gpl
174 5.15 get_attach_cookie -> int : ctx : runConstant :
175 5.15 task_pt_regs -> kptr : kptr : kernelRead : gpl
176 5.16 get_branch_snapshot -> int : >~2 size0 s? : kernelRead : gpl
177 5.16 trace_vprintk -> int : <2 size <?4 size0 : output : gpl
178 5.16 skc_to_unix_sock -> kptr? : sock : kernelRead :
179 5.16 kallsyms_lookup_name -> int : <2 size0 s >~#8 : kernelRead sleep :
180 5.17 find_vma -> int : kptr s func cbctx? s : kernelRead callback : rough
181 5.17 loop -> int : s func cbctx? s : callback :
182 5.17 strncmp -> int : <2 size <z : pure :
183 5.17 get_func_arg -> int : ctx s >~#8 : runConstant :
184 5.17 get_func_ret -> int : ctx >~#8 : runConstant :
185 5.17 get_func_arg_cnt -> int : ctx : runConstant :
186 5.18 get_retval -> int : : kernelRead :
187 5.18 set_retval -> int : s : kernelState :
188 5.18 xdp_get_buff_len -> int : ctx : packetRead :
189 5.18 xdp_load_bytes -> int : ctx s >~4 size : packetRead :
190 5.18 xdp_store_bytes -> int : ctx s <4 size : packetWrite :
191 5.18 copy_from_user_task -> int : >~2 size0 s kptr s : kernelRead sleep : gpl
192 5.18 skb_set_tstamp -> int : ctx s s : ctxWrite :
193 5.18 ima_file_hash -> int : kptr >~3 size : kernelRead sleep :
194 5.19 kptr_xchg -> kptr? : any kptr? : mapWrite acquire release : rough
195 5.19 map_lookup_percpu_elem -> value? : map key s : mapRead : pkt
196 5.19 skc_to_mptcp_sock -> kptr? : sock : kernelRead :
197 5.19 dynptr_from_mem -> int : <>2 size0 s dynptr : kernelState : rough
198 5.19 ringbuf_reserve_dynptr -> int : map s s dynptr : output acquire : rough
199 5.19 ringbuf_submit_dynptr -> void : dynptr s : output release : rough
200 5.19 ringbuf_discard_dynptr -> void : dynptr s : output release : rough
201 5.19 dynptr_read -> int : >~2 size0 dynptr s s : kernelState : rough
202 5.19 dynptr_write -> int : dynptr s <4 size0 s : kernelState packetWrite packetResize mapWrite : rough
203 5.19 dynptr_data -> mem? : dynptr s alloc : kernelState : rough
204 6.0 tcp_raw_gen_syncookie_ipv4 -> int : <#20 <3 size0 : kernelRead : pkt gpl
205 6.0 tcp_raw_gen_syncookie_ipv6 -> int : <#40 <3 size0 : kernelRead : pkt gpl
206 6.0 tcp_raw_check_syncookie_ipv4 -> int : <#20 <#20 : kernelRead : pkt gpl
207 6.0 tcp_raw_check_syncookie_ipv6 -> int : <#40 <#20 : kernelRead : pkt gpl
208 6.1 ktime_get_tai_ns -> int : : time :
209 6.1 user_ringbuf_drain -> int : map func cbctx? s : kernelState callback : rough
210 6.2 cgrp_storage_get -> value? : map kptr value? s : mapWrite :
211 6.2 cgrp_storage_delete -> int : map kptr : mapWrite :
`;
