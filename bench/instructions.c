/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What bench/instructions.sh runs: under QEMU's -icount shift=0 an
 * instruction takes a nanosecond, so that a difference of clock readings is a
 * count of instructions. Prints "NAME COUNT" a line.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TIMES 1000

#define BIG (64u << 20)
#define BLOCK 65536u

static int zero_fd, null_fd, pipe_fd[2], back_fd[2], epoll_fd, file_fd, tmp_fd;
static char *page, *region;
static char block[BLOCK];
static uint32_t ball;           /* futex: whose turn */

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

static void futex(int op, uint32_t val)
{
    syscall(SYS_futex, &ball, op | FUTEX_PRIVATE_FLAG, val, NULL, NULL, 0);
}

static void turn_wait(uint32_t mine)
{
    uint32_t now;

    while ((now = __atomic_load_n(&ball, __ATOMIC_ACQUIRE)) != mine)
        futex(FUTEX_WAIT, now);
}

static void turn_pass(uint32_t to)
{
    __atomic_store_n(&ball, to, __ATOMIC_RELEASE);
    futex(FUTEX_WAKE, 1);
}

static void *futex_peer(void *arg)
{
    for (;;) {
        turn_wait(1);
        turn_pass(0);
    }
    return arg;
}

static void do_futex(void)
{
    turn_pass(1);
    turn_wait(0);
}

/* A page of memory without large pages, after the one before it. */
static void do_fault(void)
{
    static size_t at;

    if (at % BIG == 0)
        madvise(region, BIG, MADV_DONTNEED);
    region[at % BIG] = 1;
    at += 4096;
}

static void do_mprotect(void)
{
    mprotect(page, 4096, PROT_READ);
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static void do_mmap_big(void)
{
    char *p = mmap(NULL, BIG, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (size_t i = 0; i < BIG; i += 4096)
        p[i] = 1;
    munmap(p, BIG);
}

static void do_epoll(void)
{
    struct epoll_event ev;

    epoll_wait(epoll_fd, &ev, 1, 0);
}

/* The first reads are cold, but not those that are counted. */
static void do_file_read(void)
{
    if (read(file_fd, block, BLOCK) < (ssize_t)BLOCK)
        lseek(file_fd, 0, SEEK_SET);
}

static void do_tmpfs(void)
{
    (void)!pwrite(tmp_fd, block, BLOCK, 0);
    (void)!pread(tmp_fd, block, BLOCK, 0);
}

static const struct {
    const char *name;
    void (*fn)(void);
    int times;
} ops[] = {
    { "empty-loop", do_nothing, TIMES },
    { "getppid", do_getppid, TIMES },
    { "clock_gettime", do_clock, TIMES },
    { "read-zero", do_read_zero, TIMES },
    { "write-null", do_write_null, TIMES },
    { "sched_yield", do_yield, TIMES },
    { "stat", do_stat, TIMES },
    { "open-close", do_open_close, TIMES },
    { "mmap-touch-munmap-4k", do_mmap, TIMES },
    { "thread-create-join", do_thread, TIMES },
    { "signal", do_signal, TIMES },
    { "pipe-pingpong", do_pingpong, TIMES },
    { "futex-pingpong", do_futex, TIMES },
    { "page-fault", do_fault, TIMES },
    { "mprotect-twice", do_mprotect, TIMES },
    { "mmap-touch-munmap-64m", do_mmap_big, 10 },
    { "epoll_wait", do_epoll, TIMES },
    { "file-read-64k-warm", do_file_read, 200 },
    { "tmpfs-write-read-64k", do_tmpfs, TIMES / 10 },
};

static int prepare(void)
{
    struct epoll_event ev = { .events = EPOLLIN };
    int event_fd = eventfd(1, 0);
    pthread_t t;

    zero_fd = open("/dev/zero", O_RDONLY);
    null_fd = open("/dev/null", O_WRONLY);
    file_fd = open("/data", O_RDONLY);
    tmp_fd = open("/tmp/data", O_RDWR | O_CREAT, 0600);
    epoll_fd = epoll_create1(0);
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    region = mmap(NULL, BIG, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(region, BIG, MADV_NOHUGEPAGE);
    page[0] = 1;
    signal(SIGUSR1, on_signal);
    return pipe(pipe_fd) || pipe(back_fd) ||
           epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event_fd, &ev) ||
           pthread_create(&t, NULL, peer, NULL) ||
           pthread_create(&t, NULL, futex_peer, NULL);
}

/* instructions [NAME TIMES]: one row, often enough for a profile. */
int main(int argc, char **argv)
{
    if (prepare())
        return 1;
    for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
        int times = argc > 2 ? atoi(argv[2]) : ops[i].times;
        int64_t t0;

        if (argc > 1 && strcmp(argv[1], ops[i].name))
            continue;
        for (int j = 0; j < (times + 9) / 10; j++)
            ops[i].fn();
        t0 = now();
        for (int j = 0; j < times; j++)
            ops[i].fn();
        printf("%s %.1f\n", ops[i].name, (double)(now() - t0) / times);
    }
    fflush(stdout);
    _exit(0);
}
