/* iproute2's numbered sections of tail-called programs: the number does not tell the type, the context does. */
#define SEC(name) __attribute__((section(name), used))
struct xdp_md { unsigned data, data_end; };
struct __sk_buff { unsigned len; };

SEC("2/7") int tail_xdp(struct xdp_md *c) { return c->data_end - c->data; }
SEC("2/8") int tail_tc(struct __sk_buff *c) { return c->len; }
SEC("2/9") int tail_unknown(void *c) { return 0; }
char _license[] SEC("license") = "GPL";
