/* SPDX-License-Identifier: BSD-2-Clause */
/* One epoll set, and what the tests of epoll do with it. */
#ifndef HULL_EPOLL_H
#define HULL_EPOLL_H

#include "t.h"
#include <sys/epoll.h>

static int ep;

static inline void show(const char *what, int max, int ms)
{
    struct epoll_event ev[16];
    int n = epoll_wait(ep, ev, max, ms);

    printf("%s: %d", what, n);
    if (n < 0)
        printf(" %s", strerrorname_np(errno));
    for (int i = 0; i < n; i++)
        printf(" [%x %lu]", ev[i].events, (unsigned long)ev[i].data.u64);
    putchar('\n');
}

static inline int ctl(int op, int fd, uint32_t events, uint64_t data)
{
    struct epoll_event ev = { .events = events, .data.u64 = data };

    return epoll_ctl(ep, op, fd, &ev);
}

#endif
