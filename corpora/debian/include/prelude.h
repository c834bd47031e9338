/* SPDX-License-Identifier: MIT */
/*
 * Included before every program of linux-source's samples/bpf: the names they take from the kernel's
 * internal headers, so that the user-space headers of linux-libc-dev are enough to compile them.
 */
#ifndef K2_DEBIAN_PRELUDE_H
#define K2_DEBIAN_PRELUDE_H
#ifndef __VMLINUX_H__

#include <linux/types.h>
#include <linux/in.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <sys/socket.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;
typedef __u32 uint32_t;
typedef _Bool bool;

#define true 1
#define false 0
#define TASK_COMM_LEN 16
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define __force
#define __packed __attribute__((packed))
#define __stringify_(x) #x
#define __stringify(x) __stringify_(x)
#define SOL_IP 0
#define SOL_TCP 6
#define SOL_IPV6 41
#define EINVAL 22
#define ENOENT 2

void *memcpy(void *to, const void *from, unsigned long size);
void *memset(void *to, int value, unsigned long size);

#define min(a, b) ({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); a_ < b_ ? a_ : b_; })
#define max(a, b) ({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); a_ > b_ ? a_ : b_; })

#define cpu_to_be32(x) __builtin_bswap32(x)
#define htons(x) __builtin_bswap16(x)
#define ntohs(x) __builtin_bswap16(x)
#define htonl(x) __builtin_bswap32(x)
#define ntohl(x) __builtin_bswap32(x)

#endif
#endif
