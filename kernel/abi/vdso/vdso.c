/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vDSO: clock calls that need no trap, run by the program. A shared
 * object of its own, position independent, with no data but the page that the
 * kernel shares below it. What it cannot answer it asks by system call.
 */
#include "vdso_data.h"

#define NS 1000000000ull
#define NR_gettimeofday 96
#define NR_time 201
#define NR_clock_gettime 228
#define NR_clock_getres 229
#define NR_getcpu 309

struct timespec { int64_t sec, nsec; };
struct timeval { int64_t sec, usec; };

extern const volatile struct vdso_data vdso_page
    __attribute__((visibility("hidden")));

int __vdso_clock_gettime(int clock, struct timespec *ts);
int __vdso_clock_getres(int clock, struct timespec *ts);
int __vdso_gettimeofday(struct timeval *tv, void *tz);
int64_t __vdso_time(int64_t *t);
int __vdso_getcpu(uint32_t *cpu, uint32_t *node, void *unused);

static long ask(long nr, long a, long b, long c)
{
    long r;

    __asm__ volatile("syscall" : "=a"(r)
                     : "a"(nr), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return r;
}

static inline uint64_t cycles(void)
{
    uint32_t lo, hi;

    /* Ordered after the loads before it, as the sequence demands. */
    __asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
    return (uint64_t)hi << 32 | lo;
}

/* Nanoseconds of monotonic or real time; 0: not to be had here. */
static inline uint64_t now(int real)
{
    const volatile struct vdso_data *d = &vdso_page;
    uint64_t t;
    uint32_t seq;

    do {
        seq = d->seq;
        __asm__ volatile("" : : : "memory");
        if (__builtin_expect(!d->usable, 0))
            return 0;
        t = (uint64_t)((unsigned __int128)(cycles() - d->cycle_base) *
                       d->mult >> d->shift) + d->mono_base;
        if (real)
            t += d->real_offset;
        __asm__ volatile("" : : : "memory");
    } while (__builtin_expect((seq & 1) || d->seq != seq, 0));
    return t;
}

/* Bit n: clock n is monotonic (1, 4, 6, 7) or real (0, 5) time. */
#define MONOTONIC_CLOCKS 0xd2u
#define REAL_CLOCKS 0x21u

int __vdso_clock_gettime(int clock, struct timespec *ts)
{
    uint32_t bit = (uint32_t)clock < 8 ? 1u << clock : 0;
    uint64_t t;

    if (__builtin_expect(!(bit & (MONOTONIC_CLOCKS | REAL_CLOCKS)), 0))
        return (int)ask(NR_clock_gettime, clock, (long)ts, 0);
    t = now(!!(bit & REAL_CLOCKS));
    if (__builtin_expect(!t, 0))
        return (int)ask(NR_clock_gettime, clock, (long)ts, 0);
    ts->sec = (int64_t)(t / NS);
    ts->nsec = (int64_t)(t % NS);
    return 0;
}

int __vdso_clock_getres(int clock, struct timespec *ts)
{
    uint32_t bit = (uint32_t)clock < 8 ? 1u << clock : 0;

    if (!(bit & (MONOTONIC_CLOCKS | REAL_CLOCKS)))
        return (int)ask(NR_clock_getres, clock, (long)ts, 0);
    if (ts) {
        ts->sec = 0;
        ts->nsec = 1;
    }
    return 0;
}

int __vdso_gettimeofday(struct timeval *tv, void *tz)
{
    uint64_t t = now(1);

    if (__builtin_expect(!t || tz || !tv, 0))
        return (int)ask(NR_gettimeofday, (long)tv, (long)tz, 0);
    tv->sec = (int64_t)(t / NS);
    tv->usec = (int64_t)(t % NS / 1000);
    return 0;
}

int64_t __vdso_time(int64_t *out)
{
    uint64_t t = now(1);

    if (__builtin_expect(!t, 0))
        return ask(NR_time, (long)out, 0, 0);
    t /= NS;
    if (out)
        *out = (int64_t)t;
    return (int64_t)t;
}

int __vdso_getcpu(uint32_t *cpu, uint32_t *node, void *unused)
{
    uint32_t lo, hi, id;

    if (!vdso_page.cpu_known)
        return (int)ask(NR_getcpu, (long)cpu, (long)node, (long)unused);
    __asm__ volatile("rdtscp" : "=a"(lo), "=d"(hi), "=c"(id));
    if (cpu)
        *cpu = id & 0xfff;
    if (node)
        *node = id >> 12;
    return 0;
}

int clock_gettime(int, struct timespec *)
    __attribute__((weak, alias("__vdso_clock_gettime")));
int clock_getres(int, struct timespec *)
    __attribute__((weak, alias("__vdso_clock_getres")));
int gettimeofday(struct timeval *, void *)
    __attribute__((weak, alias("__vdso_gettimeofday")));
int64_t time(int64_t *) __attribute__((weak, alias("__vdso_time")));
int getcpu(uint32_t *, uint32_t *, void *)
    __attribute__((weak, alias("__vdso_getcpu")));
