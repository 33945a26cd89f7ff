/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls with bad arguments at random, for as long as asked: pointers
 * that the kernel must refuse, or to scratch memory filled with more such
 * pointers, descriptors of every kind, numbers without a call. Whatever they
 * return, kernel and program live.
 *
 *   badcalls SECONDS [SEED [THREADS]]
 *
 * The calls are those that can do no harm to the caller, or to a host.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define SCRATCH   65536
#define FD_FIRST  10
#define FD_COUNT  16
#define FD_TEMP   40        /* what calls open lies between the two */

static const short calls[] = {
    SYS_read, SYS_write, SYS_close, SYS_stat, SYS_fstat, SYS_lstat, SYS_poll,
    SYS_lseek, SYS_ioctl, SYS_pread64, SYS_pwrite64, SYS_readv, SYS_writev,
    SYS_access, SYS_pipe, SYS_select, SYS_sched_yield, SYS_mincore, SYS_msync,
    SYS_dup, SYS_getitimer, SYS_getpid, SYS_sendfile, SYS_socket, SYS_connect,
    SYS_accept, SYS_sendto, SYS_recvfrom, SYS_sendmsg, SYS_recvmsg,
    SYS_shutdown, SYS_bind, SYS_listen, SYS_getsockname, SYS_getpeername,
    SYS_socketpair, SYS_setsockopt, SYS_getsockopt, SYS_uname,
    SYS_flock, SYS_fsync, SYS_fdatasync, SYS_getdents, SYS_getcwd,
    SYS_readlink, SYS_gettimeofday, SYS_getrlimit, SYS_getrusage,
    SYS_sysinfo, SYS_times, SYS_getgroups, SYS_getresuid, SYS_getresgid,
    SYS_getpgid, SYS_getsid, SYS_rt_sigpending, SYS_statfs, SYS_fstatfs,
    SYS_getpriority, SYS_sched_getparam, SYS_sched_getscheduler,
    SYS_sched_get_priority_max, SYS_sched_rr_get_interval, SYS_gettid,
    SYS_readahead, SYS_getxattr, SYS_fgetxattr, SYS_listxattr,
    SYS_flistxattr, SYS_time, SYS_futex, SYS_sched_getaffinity,
    SYS_epoll_create, SYS_getdents64, SYS_fadvise64, SYS_timer_gettime,
    SYS_timer_getoverrun, SYS_clock_gettime, SYS_clock_getres,
    SYS_clock_nanosleep, SYS_nanosleep, SYS_epoll_wait, SYS_epoll_ctl,
    SYS_utimes, SYS_newfstatat, SYS_readlinkat, SYS_faccessat, SYS_pselect6,
    SYS_ppoll, SYS_splice, SYS_tee, SYS_vmsplice, SYS_sync_file_range,
    SYS_epoll_pwait, SYS_signalfd, SYS_timerfd_create, SYS_eventfd,
    SYS_timerfd_settime, SYS_timerfd_gettime, SYS_accept4, SYS_signalfd4,
    SYS_eventfd2, SYS_epoll_create1, SYS_pipe2, SYS_inotify_init1,
    SYS_inotify_add_watch, SYS_inotify_rm_watch, SYS_preadv, SYS_pwritev,
    SYS_recvmmsg, SYS_sendmmsg, SYS_getcpu, SYS_getrandom, SYS_membarrier,
    SYS_preadv2, SYS_pwritev2, SYS_statx, SYS_copy_file_range, SYS_memfd_create,
    SYS_faccessat2, SYS_epoll_pwait2, SYS_sched_getattr, SYS_ftruncate,
    SYS_fallocate,
};
#define CALLS (sizeof(calls) / sizeof(*calls))

struct worker {
    pthread_t thread;
    uint64_t seed;
    unsigned long done;
    char *scratch;          /* then a page nobody may touch */
    long number;            /* of the call that it is in, and its arguments */
    uint64_t a[6];
};

static volatile bool stop;

static uint64_t next(struct worker *w)
{
    w->seed ^= w->seed << 13;
    w->seed ^= w->seed >> 7;
    w->seed ^= w->seed << 17;
    return w->seed;
}

static uint64_t value(struct worker *w)
{
    static const uint64_t odd[] = {
        0, 1, 2, 3, 4, 7, 8, 16, 64, 255, 4095, 4096, 65536, 1u << 20,
        0x7fffffff, 0x80000000, 0xffffffff, 1ull << 40, 1ull << 46,
        0x7fffffffe000, 0x7fffffffffff, 0x800000000000, 0xffff800000000000,
        0xffffffff80000000, 0xffffffff80100000, 0xfffffffffffff000,
        0xffffffffffffffff, 0x7fffffffffffffff, 0x8000000000000000,
        0xfffffffffffffffe, (uint64_t)-100,
    };

    switch (next(w) % 8) {
    case 0: case 1: case 2:
        return odd[next(w) % (sizeof(odd) / sizeof(*odd))];
    case 3:
        return FD_FIRST + next(w) % (FD_COUNT + 1);
    case 4:
        return next(w) % 64;
    case 5:
        return (uintptr_t)w->scratch + SCRATCH - next(w) % 64;
    default:
        return (uintptr_t)w->scratch + next(w) % (SCRATCH - 4096) / 8 * 8;
    }
}

static int open_any(struct worker *w)
{
    int p[2] = { -1, -1 };
    uint64_t kind = next(w) % 16;

    switch (kind) {
    case 0: return eventfd(1, EFD_NONBLOCK);
    case 1: return timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    case 2: return epoll_create1(0);
    case 3: return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    case 4: return socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    case 5: return socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    case 6: return socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, 0);
    case 7: return inotify_init1(IN_NONBLOCK);
    case 8: return memfd_create("bad", 0);
    case 9: return open("/", O_RDONLY | O_DIRECTORY);
    case 10: return open("/proc/self/maps", O_RDONLY);
    case 11: return open("/dev/null", O_RDWR);
    case 12: return open("/proc", O_RDONLY);
    default: break;
    }
    if (kind & 1 ? pipe2(p, O_NONBLOCK)
                 : socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p))
        return -1;
    dup2(p[1], FD_FIRST + (int)(next(w) % FD_COUNT));
    close(p[1]);
    return p[0];
}

static void fresh_descriptor(struct worker *w)
{
    int fd = open_any(w);

    if (fd >= 0 && (fd < FD_FIRST || fd >= FD_FIRST + FD_COUNT)) {
        dup2(fd, FD_FIRST + (int)(next(w) % FD_COUNT));
        close(fd);
    }
    if (next(w) % 16 == 0)
        syscall(SYS_close_range, FD_TEMP, ~0u, 0);
}

/* Calls that a signal mask, or a lock of somebody living, keep waiting
 * whatever signals come, here as on Linux: without those. */
static void no_endless_wait(long number, uint64_t a[6])
{
    const uint64_t bad = 0xffffffff80100000;

    switch (number) {
    case SYS_ppoll:
        a[3] = a[3] % 2 ? bad : 0;
        break;
    case SYS_epoll_pwait: case SYS_epoll_pwait2:
        a[4] = a[4] % 2 ? bad : 0;
        break;
    case SYS_pselect6:
        a[5] = a[5] % 2 ? bad : 0;
        break;
    case SYS_futex:
        /* small words do where thread numbers are small */
        if ((a[1] & 0x7f) == FUTEX_LOCK_PI || (a[1] & 0x7f) == FUTEX_LOCK_PI2)
            a[1] = FUTEX_UNLOCK_PI;
        break;
    default:
        break;
    }
}

static void one_call(struct worker *w)
{
    uint64_t a[6];
    long number = next(w) % 32 ? calls[next(w) % CALLS]
                               : (long)(1000 + next(w) % 1000000);

    for (int i = 0; i < 6; i++)
        a[i] = value(w);
    /* stdout must live; a file may be long but not eat all memory */
    if ((uint32_t)a[0] < FD_FIRST)
        a[0] += FD_FIRST;
    if (number == SYS_fallocate || number == SYS_ftruncate ||
        number == SYS_pwrite64 || number == SYS_memfd_create)
        a[2] &= 0xfffff, a[3] &= 0xfffff;
    no_endless_wait(number, a);
    for (int i = 0; i < 32; i++)
        ((uint64_t *)w->scratch)[next(w) % (SCRATCH / 8)] = value(w);
    w->number = number;
    memcpy(w->a, a, sizeof(a));
    syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    w->done++;
}

static void *run(void *arg)
{
    struct worker *w = arg;

    while (!stop) {
        if (next(w) % 16 == 0)
            fresh_descriptor(w);
        one_call(w);
    }
    return NULL;
}

/* Takes a waiting call out of its sleep. */
static void on_signal(int s) { (void)s; }

/* Ends a worker, and says how many calls it made. One that stays in its call,
 * whatever signals come, is named. */
static unsigned long join(struct worker *w)
{
    struct timespec soon;

    for (int tries = 0; tries < 20; tries++) {
        pthread_kill(w->thread, SIGUSR1);
        clock_gettime(CLOCK_REALTIME, &soon);
        soon.tv_sec += 1;
        if (pthread_timedjoin_np(w->thread, NULL, &soon) == 0)
            return w->done;
    }
    fprintf(stderr, "stuck in call %ld:", w->number);
    for (int i = 0; i < 6; i++)
        fprintf(stderr, " %#lx", w->a[i]);
    fprintf(stderr, "\n");
    _exit(3);
}

int main(int argc, char **argv)
{
    long seconds = argc > 1 ? strtol(argv[1], NULL, 10) : 5;
    long seed = argc > 2 ? strtol(argv[2], NULL, 10) : 1;
    long n = argc > 3 ? strtol(argv[3], NULL, 10) : 4;
    struct sigaction sa = { .sa_handler = on_signal };
    struct worker w[16] = { 0 };
    unsigned long done = 0;
    time_t end = time(NULL) + seconds;

    n = n < 1 ? 1 : n > 16 ? 16 : n;
    sigaction(SIGUSR1, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGIO, SIG_IGN);
    signal(SIGURG, SIG_IGN);
    for (long i = 0; i < n; i++) {
        w[i].seed = (uint64_t)(seed * 16 + i + 1) * 0x9e3779b97f4a7c15u;
        w[i].scratch = mmap(NULL, SCRATCH + 4096, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        mprotect(w[i].scratch + SCRATCH, 4096, PROT_NONE);
        pthread_create(&w[i].thread, NULL, run, &w[i]);
    }
    while (time(NULL) < end) {
        usleep(3000);
        for (long i = 0; i < n; i++)
            pthread_kill(w[i].thread, SIGUSR1);
    }
    stop = true;
    for (long i = 0; i < n; i++)
        done += join(&w[i]);
    printf("clean end: %s\n", done > 0 ? "calls were made" : "no call");
    fprintf(stderr, "%lu calls\n", done);
    return 0;
}
