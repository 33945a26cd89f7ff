/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lwIP asks of a platform: types come from the compiler, strings from
 * lib, randomness from dev. A failed assertion of lwIP's is a bug of ours or
 * of lwIP's, never of the wire's, and panics; what a packet can cause, lwIP
 * answers with LWIP_ERROR, which drops.
 */
#ifndef HULL_LWIP_CC_H
#define HULL_LWIP_CC_H

#include <stddef.h>
#include <stdint.h>

#define LWIP_NO_INTTYPES_H  1
#define LWIP_NO_LIMITS_H    1
#define LWIP_NO_UNISTD_H    1
#define LWIP_NO_CTYPE_H     1

/* lib's type, said again; lwIP would make it an int unless SSIZE_MAX is there. */
typedef int64_t ssize_t;
#define SSIZE_MAX INT64_MAX
#ifndef INT_MAX
#define INT_MAX   0x7fffffff
#endif

#define X8_F  "02x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "zu"

#define LWIP_PLATFORM_BYTESWAP 1
#define lwip_htons(x) ((u16_t)__builtin_bswap16(x))
#define lwip_htonl(x) ((u32_t)__builtin_bswap32(x))

#define MEMCPY(dst, src, len)  __builtin_memcpy(dst, src, len)
#define SMEMCPY(dst, src, len) __builtin_memcpy(dst, src, len)

/* port.c: eight bytes at a time. */
uint16_t net__chksum(const void *data, int len);
#define LWIP_CHKSUM net__chksum

uint32_t net__random32(void);
#define LWIP_RAND() net__random32()

/* The line says it: lwIP's own texts would be 8 KiB of the kernel. */
__attribute__((noreturn)) void net__lwip_bug(const char *file, int line);
#define LWIP_PLATFORM_DIAG(x)
#define LWIP_PLATFORM_ASSERT(text) net__lwip_bug(__FILE__, __LINE__)

#endif
