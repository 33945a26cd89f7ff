/* SPDX-License-Identifier: BSD-2-Clause */
/* Vector registers survive blocking calls, preemption and migration. */
#include "t.h"

static volatile bool stop;
static pthread_barrier_t bar;

/* Fills ymm0-15 (or xmm) with a pattern of `seed`, makes system calls, and
 * compares. The call is inlined so that the compiler saves nothing itself. */
static long check_ymm(uint32_t seed, long nr, long a, long b)
{
    uint32_t in[8], out[16][8];
    long bad = 0;

    for (int i = 0; i < 8; i++)
        in[i] = seed * 2654435761u + (uint32_t)i;
    __asm__ volatile(
        "vmovdqu (%1), %%ymm0\n\tvmovdqa %%ymm0, %%ymm1\n\t"
        "vmovdqa %%ymm0, %%ymm7\n\tvmovdqa %%ymm0, %%ymm15\n\t"
        "syscall\n\t"
        "vmovdqu %%ymm0, (%2)\n\tvmovdqu %%ymm1, 32(%2)\n\t"
        "vmovdqu %%ymm7, 64(%2)\n\tvmovdqu %%ymm15, 96(%2)\n\t"
        : "+a"(nr) : "r"(in), "r"(out), "D"(a), "S"(b)
        : "rcx", "r11", "memory", "xmm0", "xmm1", "xmm7", "xmm15");
    for (int r = 0; r < 4; r++)
        bad += memcmp(out[r], in, 32) != 0;
    return bad;
}

static void *worker(void *arg)
{
    uint32_t seed = (uint32_t)(uintptr_t)arg * 1000;
    struct timespec ts = { 0, 100000 };
    long bad = 0;

    pthread_barrier_wait(&bar);
    for (int i = 0; i < 300; i++) {
        bad += check_ymm(seed + i, SYS_nanosleep, (long)&ts, 0);
        bad += check_ymm(seed + i, SYS_sched_yield, 0, 0);
        bad += check_ymm(seed + i, SYS_getpid, 0, 0);
    }
    return (void *)bad;
}

/* Spins with values in registers: only preemption can disturb them. */
static void *spinner(void *arg)
{
    double x = (double)(uintptr_t)arg, y = 1;
    long n = 0;

    while (!stop) {
        for (int i = 0; i < 1000; i++)
            y = y * 1.0000001 + x;
        for (int i = 0; i < 1000; i++)
            y = (y - x) / 1.0000001;
        n += y < 0.9 || y > 1.1;
        y = 1;
    }
    return (void *)n;
}

int main(void)
{
    pthread_t w[8], s[4];
    void *r;
    long bad = 0;

    t_start();
    if (!__builtin_cpu_supports("avx2")) {
        puts("no avx2");
        return 0;
    }
    pthread_barrier_init(&bar, NULL, 8);
    for (long i = 0; i < 4; i++)
        s[i] = t_thread(spinner, (void *)(i + 1));
    for (long i = 0; i < 8; i++)
        w[i] = t_thread(worker, (void *)(i + 1));
    for (int i = 0; i < 8; i++) {
        pthread_join(w[i], &r);
        bad += (long)r;
    }
    stop = true;
    for (int i = 0; i < 4; i++) {
        pthread_join(s[i], &r);
        bad += (long)r;
    }
    FACT("registers lost: %ld", bad);
    return 0;
}
