/* SPDX-License-Identifier: MIT */
/* The user-space linux/if_vlan.h lacks the header that samples/bpf/xdp1 and xdp2 parse. */
#ifndef K2_DEBIAN_IF_VLAN_H
#define K2_DEBIAN_IF_VLAN_H
#include_next <linux/if_vlan.h>

struct vlan_hdr {
	__be16 h_vlan_TCI;
	__be16 h_vlan_encapsulated_proto;
};
#endif
