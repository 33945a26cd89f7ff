/* SPDX-License-Identifier: BSD-2-Clause */
#include "progress.h"
#include "fail.h"

#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 24
#define PATIENCE_MS 1000
#define REDRAW_MS 100

static const char *step;
static uint64_t step_began, last_drawn;
static bool shown;

static uint64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void progress_begin(const char *what)
{
    progress_clear();
    step = what;
    step_began = now_ms();
}

void progress_tick(uint64_t done, uint64_t total)
{
    static const char turn[] = "|/-\\";
    uint64_t now = now_ms();
    char bar[BAR_WIDTH + 1];
    size_t filled;

    if (!step || fail_quiet() || now - step_began < PATIENCE_MS ||
        now - last_drawn < REDRAW_MS || !isatty(STDERR_FILENO)) {
        return;
    }
    last_drawn = now;
    shown = true;
    if (!total) {
        fprintf(stderr, "\r%c %s (%llus)\033[K",
                turn[now / REDRAW_MS % 4], step,
                (unsigned long long)(now - step_began) / 1000);
        return;
    }
    filled = (size_t)(done >= total ? BAR_WIDTH : done * BAR_WIDTH / total);
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', filled);
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r[%s] %s\033[K", bar, step);
}

void progress_clear(void)
{
    if (shown) {
        fputs("\r\033[K", stderr);
        shown = false;
    }
}
