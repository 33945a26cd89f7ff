/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The small numbers: what one call, fault, switch or wake-up costs. An
 * ordinary Linux program; the same binary runs in Hull and in a Linux guest.
 *
 *   micro [-q] [NAME...]     all without names; -q: one short batch, for
 *                            clocks that count instructions
 *
 * Prints "NAME NANOSECONDS" a line: the best of several batches, a batch long
 * enough that the clock does not matter. The best, because whatever else the
 * host does only ever adds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SLEEP_NS 1000000

static int zero_fd, null_fd, pipe_fd[2], back_fd[2], file_fd;
static char buffer[65536];
static cpu_set_t everywhere;
static int batches = 7;
static int64_t batch_ns = 60000000;

static int64_t now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void do_getppid(void) { syscall(SYS_getppid); }
static void do_read_zero(void) { (void)!read(zero_fd, buffer, 1); }
static void do_write_null(void) { (void)!write(null_fd, buffer, 1); }
static void do_yield(void) { sched_yield(); }

static void do_clock(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
}

static void do_pipe_self(void)
{
    (void)!write(pipe_fd[1], buffer, 1);
    (void)!read(pipe_fd[0], buffer, 1);
}

static void do_stat(void)
{
    struct stat st;

    stat("/bench/data", &st);
}

static void do_open_close(void)
{
    close(open("/bench/data", O_RDONLY));
}

static void map_touch(size_t size, int extra)
{
    char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | extra, -1, 0);

    if (p == MAP_FAILED)
        die("mmap");
    for (size_t i = 0; i < size; i += 4096)
        p[i] = 1;
    munmap(p, size);
}

static void do_mmap_4k(void) { map_touch(4096, 0); }
static void do_mmap_64m(void) { map_touch(64 << 20, 0); }

/* 256 single page faults, huge pages off; reported for one. */
static void do_fault(void)
{
    char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    madvise(p, 1 << 20, MADV_NOHUGEPAGE);
    for (int i = 0; i < 256; i++)
        p[i * 4096] = 1;
    munmap(p, 1 << 20);
}

static char *guarded;
static void do_mprotect(void)
{
    mprotect(guarded, 4096, PROT_READ);
    mprotect(guarded, 4096, PROT_READ | PROT_WRITE);
}

static void *nothing(void *arg) { return arg; }

static void do_thread(void)
{
    pthread_t t;

    if (pthread_create(&t, NULL, nothing, NULL))
        die("pthread_create");
    pthread_join(t, NULL);
}

static volatile int caught;
static void on_signal(int s) { (void)s; caught++; }
static void do_signal(void) { raise(SIGUSR1); }

static void do_file_read(void)
{
    if (pread(file_fd, buffer, 65536, (caught++ % 64) * 65536l) < 0)
        die("pread");
}

/* What do_file_read reads: warm before the clock starts, also in one batch. */
static void warm_file(void)
{
    for (int i = 0; i < 64; i++)
        do_file_read();
}

static void do_tmp_write(void)
{
    static int fd = -1;

    if (fd < 0)
        fd = open("/tmp/bench", O_CREAT | O_RDWR, 0600);
    (void)!pwrite(fd, buffer, 4096, 0);
    (void)!pread(fd, buffer, 4096, 0);
}

/* ---- two threads ---- */

/* The calling thread to one CPU; any, if there is no such one. */
static void pin(unsigned cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof(set), &set);
}

static void *pipe_peer(void *arg)
{
    char c;

    while (read(pipe_fd[0], &c, 1) == 1 && c != 'q')
        (void)!write(back_fd[1], &c, 1);
    return arg;
}

static void do_pipe_pingpong(void)
{
    (void)!write(pipe_fd[1], "p", 1);
    (void)!read(back_fd[0], buffer, 1);
}

static uint32_t turn;
static void futex(uint32_t *u, int op, uint32_t v)
{
    syscall(SYS_futex, u, op | FUTEX_PRIVATE_FLAG, v, NULL, NULL, 0);
}

static void *futex_peer(void *arg)
{
    for (;;) {
        uint32_t t;

        while ((t = __atomic_load_n(&turn, __ATOMIC_ACQUIRE)) == 0)
            futex(&turn, FUTEX_WAIT, 0);
        if (t == 2)
            return arg;
        __atomic_store_n(&turn, 0, __ATOMIC_RELEASE);
        futex(&turn, FUTEX_WAKE, 1);
    }
}

/* The same on another CPU than the main thread. */
static void *futex_far(void *arg)
{
    pin(1);
    return futex_peer(arg);
}

static void do_futex_pingpong(void)
{
    __atomic_store_n(&turn, 1, __ATOMIC_RELEASE);
    futex(&turn, FUTEX_WAKE, 1);
    while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) == 1)
        futex(&turn, FUTEX_WAIT, 1);
}

/* ---- request and response over loopback ---- */

static volatile int rr_fd, rr_peer_fd;

static void rr_pair(int type)
{
    struct sockaddr_in a = { .sin_family = AF_INET }, b = a;
    socklen_t n = sizeof(a);
    int l = socket(AF_INET, type, 0), one = 1;

    a.sin_addr.s_addr = b.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    rr_fd = socket(AF_INET, type, 0);
    if (bind(l, (void *)&a, n) || getsockname(l, (void *)&a, &n))
        die("bind");
    if (type == SOCK_DGRAM) {
        rr_peer_fd = l;
        if (bind(rr_fd, (void *)&b, n) ||
            getsockname(rr_fd, (void *)&b, &n) ||
            connect(rr_fd, (void *)&a, n) || connect(l, (void *)&b, n))
            die("connect");
        return;
    }
    if (listen(l, 1) || connect(rr_fd, (void *)&a, n))
        die("connect");
    rr_peer_fd = accept(l, NULL, NULL);
    close(l);
    setsockopt(rr_fd, IPPROTO_TCP, 1, &one, sizeof(one));
    setsockopt(rr_peer_fd, IPPROTO_TCP, 1, &one, sizeof(one));
}

static void *rr_peer(void *arg)
{
    char c;

    while (recv(rr_peer_fd, &c, 1, 0) == 1 && c != 'q')
        send(rr_peer_fd, &c, 1, 0);
    return arg;
}

static void rr_wait(int type)
{
    char c = 'p';

    if (!rr_fd)
        rr_pair(type);
    send(rr_fd, &c, 1, 0);
    recv(rr_fd, &c, 1, 0);
}

static void do_tcp_rr(void) { rr_wait(SOCK_STREAM); }
static void do_udp_rr(void) { rr_wait(SOCK_DGRAM); }

static void *rr_start(void *arg)
{
    while (!rr_fd || !rr_peer_fd)
        sched_yield();
    return rr_peer(arg);
}

static void end_rr(void)
{
    send(rr_fd, "q", 1, 0);
}

static pthread_mutex_t contended = PTHREAD_MUTEX_INITIALIZER;
static volatile bool contend_stop;
static void *contender(void *arg)
{
    while (!contend_stop) {
        pthread_mutex_lock(&contended);
        caught++;
        pthread_mutex_unlock(&contended);
    }
    return arg;
}

static void do_mutex(void)
{
    pthread_mutex_lock(&contended);
    caught++;
    pthread_mutex_unlock(&contended);
}

/* How late a 1 ms sleep wakes: measure() takes the millisecond off. */
static void do_timer(void)
{
    struct timespec ts = { 0, SLEEP_NS };

    nanosleep(&ts, NULL);
}

struct test {
    const char *name;
    void (*fn)(void);
    int ops;                    /* operations in one call of fn */
    void *(*peer)(void *);
    void (*end)(void);          /* tells the peer to leave */
};

static void end_pipe(void) { (void)!write(pipe_fd[1], "q", 1); }
static void end_futex(void)
{
    __atomic_store_n(&turn, 2, __ATOMIC_RELEASE);
    futex(&turn, FUTEX_WAKE, 1);
}
static void end_mutex(void) { contend_stop = true; }

static const struct test tests[] = {
    { "getppid", do_getppid, 1, NULL, NULL },
    { "read-zero", do_read_zero, 1, NULL, NULL },
    { "write-null", do_write_null, 1, NULL, NULL },
    { "clock_gettime", do_clock, 1, NULL, NULL },
    { "pipe-self", do_pipe_self, 1, NULL, NULL },
    { "sched_yield", do_yield, 1, NULL, NULL },
    { "stat", do_stat, 1, NULL, NULL },
    { "open-close", do_open_close, 1, NULL, NULL },
    { "mmap-4k", do_mmap_4k, 1, NULL, NULL },
    { "mmap-64m", do_mmap_64m, 1, NULL, NULL },
    { "page-fault", do_fault, 256, NULL, NULL },
    { "mprotect", do_mprotect, 2, NULL, NULL },
    { "thread", do_thread, 1, NULL, NULL },
    { "signal", do_signal, 1, NULL, NULL },
    { "file-read-64k", do_file_read, 1, NULL, NULL },
    { "tmpfs-4k", do_tmp_write, 1, NULL, NULL },
    { "pipe-pingpong", do_pipe_pingpong, 1, pipe_peer, end_pipe },
    { "futex-pingpong", do_futex_pingpong, 1, futex_peer, end_futex },
    { "futex-two-cpus", do_futex_pingpong, 1, futex_far, end_futex },
    { "tcp-rr", do_tcp_rr, 1, rr_start, end_rr },
    { "udp-rr", do_udp_rr, 1, rr_start, end_rr },
    { "mutex-contended", do_mutex, 1, contender, end_mutex },
    { "sleep-late", do_timer, 1, NULL, NULL },
};

static double batch(const struct test *t, long n)
{
    int64_t t0 = now();

    for (long i = 0; i < n; i++)
        t->fn();
    return (double)(now() - t0) / (double)n / t->ops;
}

static void measure(const struct test *t)
{
    pthread_t peer;
    double best = 1e18, ns;
    long n = 1;
    int64_t t0, took;

    if (t->peer && pthread_create(&peer, NULL, t->peer, NULL))
        die("pthread_create");
    if (t->peer == futex_far)
        pin(0);
    do {
        t0 = now();
        for (long i = 0; i < n; i++)
            t->fn();
        took = now() - t0;
        if (took < batch_ns)
            n *= took < batch_ns / 10 ? 8 : 2;
    } while (took < batch_ns);
    for (int i = 0; i < batches; i++) {
        ns = batch(t, n);
        if (ns < best)
            best = ns;
    }
    if (t->end) {
        t->end();
        pthread_join(peer, NULL);
        rr_fd = rr_peer_fd = 0;
        turn = 0;
    }
    if (t->fn == do_timer)
        best -= SLEEP_NS;
    if (t->peer == futex_far)
        sched_setaffinity(0, sizeof(everywhere), &everywhere);
    printf("%s %.1f\n", t->name, best);
    fflush(stdout);
}

static bool wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(name, argv[i]))
            return true;
    return argc == 1;
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "-q")) {
        batches = 1;
        batch_ns = 4000000;
        argc--;
        argv++;
    }
    sched_getaffinity(0, sizeof(everywhere), &everywhere);
    zero_fd = open("/dev/zero", O_RDONLY);
    null_fd = open("/dev/null", O_WRONLY);
    file_fd = open("/bench/data", O_RDONLY);
    guarded = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    guarded[0] = 1;
    if (pipe(pipe_fd) || pipe(back_fd) || zero_fd < 0 || file_fd < 0)
        die("set-up");
    signal(SIGUSR1, on_signal);
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
        if (wanted(tests[i].name, argc, argv)) {
            if (tests[i].fn == do_file_read)
                warm_file();
            measure(&tests[i]);
        }
    return 0;
}
