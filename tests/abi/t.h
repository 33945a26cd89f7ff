/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For programs that print facts about the system they run on. Each fact is one
 * line; nothing printed may differ between two correct systems (no addresses,
 * times, pids). Run on Linux first, then on Hull: the outputs must agree.
 */
#ifndef HULL_T_H
#define HULL_T_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* "expr = value" or "expr = -1 ENAME". */
#define R(expr) ({ errno = 0; long r_ = (long)(expr); \
                   t_result(#expr, r_, true); r_; })
/* As R, but any success is "ok": for values that may differ. */
#define OK(expr) ({ errno = 0; long r_ = (long)(expr); \
                    t_result(#expr, r_, false); r_; })
/* A pthread-style call that returns the error number. */
#define P(expr) ({ int p_ = (expr); \
                   printf("%s = %s\n", #expr, p_ ? strerrorname_np(p_) : "0"); \
                   p_; })
#define FACT(...) (printf(__VA_ARGS__), putchar('\n'))
#define YES(cond) printf("%s: %s\n", #cond, (cond) ? "yes" : "no")

static inline void t_result(const char *text, long r, bool value)
{
    int err = errno;

    if (r == -1)
        printf("%s = -1 %s\n", text, err ? strerrorname_np(err) : "?");
    else if (value)
        printf("%s = %ld\n", text, r);
    else
        printf("%s = ok\n", text);
}

static inline int64_t t_now(void)       /* ns, monotonic */
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static inline void t_sleep_ms(int ms)
{
    struct timespec ts = { ms / 1000, ms % 1000 * 1000000l };

    while (nanosleep(&ts, &ts) && errno == EINTR)
        ;
}

static inline void t_start(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
}

/* A thread that runs fn(arg); the program ends if it cannot be made. */
static inline pthread_t t_thread(void *(*fn)(void *), void *arg)
{
    pthread_attr_t attr;
    pthread_t t;
    int e;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 1 << 20);      /* musl's own is small */
    e = pthread_create(&t, &attr, fn, arg);
    pthread_attr_destroy(&attr);

    if (e) {
        printf("pthread_create: %s\n", strerrorname_np(e));
        exit(1);
    }
    return t;
}

#endif
