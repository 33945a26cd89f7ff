/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints how many thousand times a second the time stamp counter counts. The
 * rig's kernel is told that: its own calibration, against emulated timers on
 * a machine that does other things too, may be wrong by several times.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

/* Both clocks as close together as it gets. */
static int64_t pair(uint64_t *tsc)
{
    int64_t ns = 0, best = INT64_MAX;

    for (int i = 0; i < 100; i++) {
        uint64_t before = __rdtsc(), after;
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        after = __rdtsc();
        if ((int64_t)(after - before) >= best)
            continue;
        best = (int64_t)(after - before);
        *tsc = before + (after - before) / 2;
        ns = t.tv_sec * 1000000000ll + t.tv_nsec;
    }
    return ns;
}

int main(void)
{
    struct timespec half = { 0, 500000000 };
    uint64_t first, last;
    int64_t start = pair(&first);

    nanosleep(&half, NULL);
    start = pair(&last) - start;
    printf("%.0f\n", (double)(last - first) * 1e6 / (double)start);
    return 0;
}
