/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What bench/instructions.sh runs: under QEMU's -icount shift=0 an
 * instruction takes a nanosecond, so that a difference of clock readings is a
 * count of instructions. Prints "NAME COUNT" a line.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TIMES 1000

static int zero_fd, null_fd, pipe_fd[2], back_fd[2];

static int64_t now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static void do_nothing(void) { __asm__ volatile(""); }
static void do_clock(void) { now(); }
static void do_yield(void) { sched_yield(); }

static void do_getppid(void)
{
    long r;

    __asm__ volatile("syscall" : "=a"(r) : "a"(SYS_getppid)
                     : "rcx", "r11", "memory");
}

static void do_read_zero(void)
{
    char c;

    (void)!read(zero_fd, &c, 1);
}

static void do_write_null(void) { (void)!write(null_fd, "x", 1); }

static void do_stat(void)
{
    struct stat st;

    stat("/instructions", &st);
}

static void do_open_close(void) { close(open("/instructions", O_RDONLY)); }

static void do_mmap(void)
{
    char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    p[0] = 1;
    munmap(p, 4096);
}

static void *nothing(void *arg) { return arg; }

static void do_thread(void)
{
    pthread_t t;

    if (!pthread_create(&t, NULL, nothing, NULL))
        pthread_join(t, NULL);
}

static void on_signal(int s) { (void)s; }
static void do_signal(void) { raise(SIGUSR1); }

static void *peer(void *arg)
{
    char c;

    while (read(pipe_fd[0], &c, 1) == 1)
        (void)!write(back_fd[1], &c, 1);
    return arg;
}

static void do_pingpong(void)
{
    char c = 'p';

    (void)!write(pipe_fd[1], &c, 1);
    (void)!read(back_fd[0], &c, 1);
}

static const struct {
    const char *name;
    void (*fn)(void);
} ops[] = {
    { "empty-loop", do_nothing },
    { "getppid", do_getppid },
    { "clock_gettime", do_clock },
    { "read-zero", do_read_zero },
    { "write-null", do_write_null },
    { "sched_yield", do_yield },
    { "stat", do_stat },
    { "open-close", do_open_close },
    { "mmap-touch-munmap-4k", do_mmap },
    { "thread-create-join", do_thread },
    { "signal", do_signal },
    { "pipe-pingpong", do_pingpong },
};

int main(void)
{
    pthread_t t;

    zero_fd = open("/dev/zero", O_RDONLY);
    null_fd = open("/dev/null", O_WRONLY);
    signal(SIGUSR1, on_signal);
    if (pipe(pipe_fd) || pipe(back_fd) ||
        pthread_create(&t, NULL, peer, NULL))
        return 1;
    for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
        int64_t t0;

        for (int j = 0; j < TIMES / 10; j++)
            ops[i].fn();
        t0 = now();
        for (int j = 0; j < TIMES; j++)
            ops[i].fn();
        printf("%s %.1f\n", ops[i].name, (double)(now() - t0) / TIMES);
    }
    fflush(stdout);
    _exit(0);
}
