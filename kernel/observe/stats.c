/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line of counters: what is in use of each thing that could leak. Two lines
 * from quiet moments of the same program must agree.
 */
#include "observe.h"

#include "../net/net.h"
#include "../sched/sched.h"

/* Bytes of the heap's small objects: what slabs hold without their holes. */
static uint64_t object_bytes(void)
{
    struct heap_class_stats c;
    uint64_t bytes = 0;

    for (unsigned n = 0; heap_class_get(n, &c); n++)
        bytes += c.objects * c.size;
    return bytes;
}

void observe_stats_log(void)
{
    struct mm_stats mem;
    struct net_counters net;

    mm_stats_get(&mem);
    net_counters_get(&net);
    log_err("counters: frames free=%lu cached=%lu anon=%lu heap=%lu "
            "tables=%lu objects=%luK threads=%u sockets=%lu tcp=%lu "
            "pbufs=%lu rx=%lu tx=%lu drops=%lu switches=%lu", mem.free,
            mem.cached, mem.anon, mem.heap, mem.tables, object_bytes() / 1024,
            thread_count(), net.sockets, net.tcp_pcbs, net.pbufs, net.rx,
            net.tx, net.drops, sched_switches());
}

static void stats_thread(void *arg)
{
    nsec_t period = (nsec_t)(uintptr_t)arg;

    for (;;) {
        thread_sleep_until(clock_monotonic() + period, 0);
        observe_stats_log();
    }
}

int observe_stats_start(nsec_t period)
{
    ASSERT(period > 0);
    if (!kthread_create("stats", stats_thread, (void *)(uintptr_t)period))
        return -ENOMEM;
    return 0;
}
