/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lwIP stands on: memory from the kernel heap with a bound per kind,
 * the clock, random numbers, sequence numbers, and the end of the road for
 * its assertions. Stands in for lwIP's mem.c, memp.c and sys_arch.
 *
 * pbufs may be allocated and filled without the net lock: the counters here
 * are atomic and the heap has its own locks.
 */
#include "net_priv.h"

#include "lwip/mem.h"
#include "lwip/memp.h"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/igmp.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/mld6.h"
#include "lwip/priv/nd6_priv.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"
#include "net_hooks.h"

struct net_mem_counters net__mem;

static const struct {
    uint32_t size, max;
} kinds[MEMP_MAX] = {
#define LWIP_MEMPOOL(name, num, bytes, desc) \
    [MEMP_##name] = { .size = (bytes), .max = (num) },
#include "lwip/priv/memp_std.h"
};
static uint32_t in_use[MEMP_MAX];       /* [a] */
static uint32_t pcb_max;                /* [I] by the size of memory */
static uint64_t rx_held, rx_max;        /* [a], [I] bytes */
static uint64_t isn_key[2];             /* [I] */

void net__port_init(void)
{
    struct mm_stats st;

    mm_stats_get(&st);
    rx_max = st.total * PAGE_SIZE / NET_RX_MEMORY_DIV;
    /* A connection that moves data holds about two pages. */
    pcb_max = (uint32_t)MIN(st.total / 2, (uint64_t)MEMP_NUM_TCP_PCB);
    pcb_max = MAX(pcb_max, 64u);
    random_bytes(isn_key, sizeof(isn_key));
    if (net__tcp_demux_init(pcb_max))
        panic("no memory for the table of connections");
}

bool net__tcp_pcbs_full(void)
{
    return __atomic_load_n(&in_use[MEMP_TCP_PCB], __ATOMIC_RELAXED) >= pcb_max;
}

bool net__rx_charge(size_t n)
{
    uint64_t held = __atomic_add_fetch(&rx_held, n, __ATOMIC_RELAXED);

    if (held <= rx_max)
        return true;
    __atomic_sub_fetch(&rx_held, n, __ATOMIC_RELAXED);
    return false;
}

void net__rx_uncharge(size_t n)
{
    __atomic_sub_fetch(&rx_held, n, __ATOMIC_RELAXED);
}

/* ---------------- lwIP's mem.h and memp.h ---------------- */

void mem_init(void)
{
}

void memp_init(void)
{
}

void *mem_malloc(mem_size_t size)
{
    void *p;

    if (size == 0 || fault_should_fail(FAULT_NET))
        return NULL;
    p = kmalloc(size);
    if (p)
        __atomic_add_fetch(&net__mem.pbufs, 1, __ATOMIC_RELAXED);
    return p;
}

void *mem_calloc(mem_size_t count, mem_size_t size)
{
    void *p;

    if (size && count > SIZE_MAX / size)
        return NULL;
    p = mem_malloc(count * size);
    if (p)
        memset(p, 0, count * size);
    return p;
}

void *mem_trim(void *mem, mem_size_t size)
{
    (void)size;
    return mem;
}

void mem_free(void *mem)
{
    if (!mem)
        return;
    __atomic_sub_fetch(&net__mem.pbufs, 1, __ATOMIC_RELAXED);
    kfree(mem);
}

static uint64_t *kind_counter(memp_t type)
{
    switch (type) {
    case MEMP_TCP_PCB: return &net__mem.tcp_pcbs;
    case MEMP_UDP_PCB: return &net__mem.udp_pcbs;
    case MEMP_TCP_SEG: return &net__mem.segs;
    case MEMP_PBUF:    return &net__mem.pbufs;
    default:           return NULL;
    }
}

void *memp_malloc(memp_t type)
{
    uint32_t max = type == MEMP_TCP_PCB ? pcb_max : kinds[type].max;
    uint32_t size = kinds[type].size;
    uint64_t *counter = kind_counter(type);
    void *p = NULL;

    if (type == MEMP_TCP_PCB)
        size += NET_TCP_LINK_SIZE;

    if (__atomic_add_fetch(&in_use[type], 1, __ATOMIC_RELAXED) <= max &&
        !fault_should_fail(FAULT_NET))
        p = kmalloc(size);
    if (!p) {
        __atomic_sub_fetch(&in_use[type], 1, __ATOMIC_RELAXED);
        __atomic_add_fetch(&net__mem.refused, 1, __ATOMIC_RELAXED);
        return NULL;
    }
    if (counter)
        __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
    if (type == MEMP_TCP_PCB)
        net__tcp_link_init(p);
    return p;
}

void memp_free(memp_t type, void *mem)
{
    uint64_t *counter = kind_counter(type);

    if (!mem)
        return;
    if (type == MEMP_TCP_PCB)
        net__tcp_link_done(mem);
    __atomic_sub_fetch(&in_use[type], 1, __ATOMIC_RELAXED);
    if (counter)
        __atomic_sub_fetch(counter, 1, __ATOMIC_RELAXED);
    kfree(mem);
}

/* ---------------- the rest of a port ---------------- */

u32_t sys_now(void)
{
    return (u32_t)(clock_monotonic() / NSEC_PER_MSEC);
}

uint32_t net__random32(void)
{
    uint32_t v;

    random_bytes(&v, sizeof(v));
    return v;
}

void net__lwip_bug(const char *file, int line)
{
    panic("lwIP: assertion failed: %s:%d", file, line);
}

/* Adds eight bytes; a carry comes back in. */
static inline uint64_t sum_add(uint64_t sum, const uint8_t *p)
{
    uint64_t w;

    /* A plain load: freestanding, memcpy would be a call. */
    __builtin_memcpy(&w, p, 8);
    sum += w;
    return sum + (sum < w);
}

/* The Internet checksum, not inverted: a sum of 16-bit words as they lie in
 * memory. One's complement does not care how wide the words are that are
 * added, as long as carries come back in. */
uint16_t net__chksum(const void *data, int len)
{
    const uint8_t *p = data;
    uint64_t sum = 0, w;

    for (; len >= 32; len -= 32, p += 32) {
        sum = sum_add(sum, p);
        sum = sum_add(sum, p + 8);
        sum = sum_add(sum, p + 16);
        sum = sum_add(sum, p + 24);
    }
    for (; len >= 8; len -= 8, p += 8)
        sum = sum_add(sum, p);
    if (len > 0) {
        w = 0;
        memcpy(&w, p, (size_t)len);
        sum += w;
        sum += sum < w;
    }
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* A keyed mix of the connection's names, as RFC 6528 asks: strong enough
 * that numbers seen on one connection do not tell those of another. */
static uint64_t mix(uint64_t h, uint64_t v)
{
    h ^= v * 0x9e3779b97f4a7c15ull;
    h = (h << 27 | h >> 37) * 0xd6e8feb86659fd93ull;
    return h ^ h >> 32;
}

static uint64_t mix_addr(uint64_t h, const ip_addr_t *a)
{
    if (IP_IS_V4(a))
        return mix(h, ip4_addr_get_u32(ip_2_ip4(a)));
    h = mix(h, (uint64_t)ip_2_ip6(a)->addr[0] << 32 | ip_2_ip6(a)->addr[1]);
    return mix(h, (uint64_t)ip_2_ip6(a)->addr[2] << 32 |
                      ip_2_ip6(a)->addr[3]);
}

u32_t net__tcp_isn(const ip_addr_t *local, u16_t local_port,
                   const ip_addr_t *remote, u16_t remote_port)
{
    uint64_t h = isn_key[0];

    h = mix_addr(h, local);
    h = mix_addr(h, remote);
    h = mix(h, (uint64_t)local_port << 16 | remote_port);
    h = mix(h, isn_key[1]);
    /* The 4-microsecond clock of RFC 793. */
    return (u32_t)h + (u32_t)(clock_monotonic() / 4000);
}
