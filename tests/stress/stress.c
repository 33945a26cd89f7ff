/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything at once, for as long as asked: threads that come and go, futexes,
 * mappings, files, sockets, pipes, timers and signals. Each family checks its
 * own data; a wrong byte ends the program with status 1 and a line that says
 * where. A line a ten seconds shows that each family advances.
 *
 *   stress SECONDS [THREADS-PER-FAMILY]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static volatile bool stop;

#define WRONG(...) do { \
    fprintf(stderr, "stress: %s:%d: ", __FILE__, __LINE__); \
    fprintf(stderr, __VA_ARGS__); \
    fprintf(stderr, " (%s)\n", strerror(errno)); \
    _exit(1); } while (0)

struct family {
    const char *name;
    void (*round)(unsigned *seed, int id);
    unsigned long rounds;
    int threads;
};

static unsigned next(unsigned *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 8;
}

static void *add_one(void *arg)
{
    __sync_fetch_and_add((int *)arg, 1);
    return NULL;
}

static void round_threads(unsigned *seed, int id)
{
    pthread_t t[8];
    int sum = 0, n = 1 + (int)(next(seed) % 8);

    (void)id;
    for (int i = 0; i < n; i++)
        if (pthread_create(&t[i], NULL, add_one, &sum))
            WRONG("pthread_create");
    for (int i = 0; i < n; i++)
        pthread_join(t[i], NULL);
    if (sum != n)
        WRONG("%d threads counted %d", n, sum);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static long guarded[2];

static void round_futex(unsigned *seed, int id)
{
    struct timespec ts;

    (void)id;
    pthread_mutex_lock(&lock);
    if (guarded[0] != guarded[1])
        WRONG("mutual exclusion");
    guarded[0]++;
    if (next(seed) % 16 == 0)
        sched_yield();
    guarded[1]++;
    if (next(seed) % 64 == 0) {
        clock_gettime(CLOCK_REALTIME, &ts);
        ts.tv_nsec += 1000000;
        if (ts.tv_nsec >= 1000000000) {
            ts.tv_sec++;
            ts.tv_nsec -= 1000000000;
        }
        pthread_cond_timedwait(&cond, &lock, &ts);
    } else {
        pthread_cond_signal(&cond);
    }
    pthread_mutex_unlock(&lock);
}

static void round_mmap(unsigned *seed, int id)
{
    size_t pages = 1 + next(seed) % 700, size = pages * 4096;
    unsigned char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t hole = next(seed) % pages;

    if (p == MAP_FAILED)
        WRONG("mmap of %zu", size);
    for (size_t i = 0; i < pages; i += 1 + next(seed) % 8) {
        if (p[i * 4096])
            WRONG("a fresh page is not zero");
        p[i * 4096] = (unsigned char)(id + 1);
    }
    if (mprotect(p + hole * 4096, 4096, PROT_READ))
        WRONG("mprotect");
    if (madvise(p, (hole + 1) * 4096, MADV_DONTNEED))
        WRONG("madvise");
    if (p[0] || p[hole * 4096])
        WRONG("MADV_DONTNEED kept data");
    if (munmap(p + hole * 4096, 4096))
        WRONG("munmap");
    if (hole > 0)
        p[0] = 1;
    if (hole > 0 && munmap(p, hole * 4096))
        WRONG("munmap");
    if (hole + 1 < pages && munmap(p + (hole + 1) * 4096,
                                   size - (hole + 1) * 4096))
        WRONG("munmap");
}

static void round_files(unsigned *seed, int id)
{
    char name[64], to[64], buf[5000], back[5000];
    size_t n = 1 + next(seed) % sizeof(buf), at = next(seed) % 100000;
    int fd;

    snprintf(name, sizeof(name), "/tmp/stress-%d", id);
    snprintf(to, sizeof(to), "/tmp/stress-%d-to", id);
    memset(buf, (int)next(seed), n);
    fd = open(name, O_CREAT | O_RDWR, 0600);
    if (fd < 0)
        WRONG("open");
    if (pwrite(fd, buf, n, (off_t)at) != (ssize_t)n ||
        pread(fd, back, n, (off_t)at) != (ssize_t)n || memcmp(buf, back, n))
        WRONG("file data");
    if (next(seed) % 8 == 0 && rename(name, to))
        WRONG("rename");
    if (next(seed) % 32 == 0) {
        unlink(to);
        unlink(name);
    }
    if (next(seed) % 16 == 0 && ftruncate(fd, 0))
        WRONG("ftruncate");
    close(fd);
}

static void tcp_pair(int s[2])
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    socklen_t len = sizeof(a);
    int l = socket(AF_INET, SOCK_STREAM, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (l < 0 || bind(l, (void *)&a, sizeof(a)) || listen(l, 4) ||
        getsockname(l, (void *)&a, &len))
        WRONG("listener");
    s[0] = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(s[0], (void *)&a, sizeof(a)))
        WRONG("connect");
    s[1] = accept(l, NULL, NULL);
    if (s[1] < 0)
        WRONG("accept");
    close(l);
}

static void round_sockets(unsigned *seed, int id)
{
    char out[3000], in[3000];
    int s[2], ep = epoll_create1(0);
    struct epoll_event ev = { .events = EPOLLIN };

    if (next(seed) % 4)
        socketpair(AF_UNIX, SOCK_STREAM, 0, s);
    else
        tcp_pair(s);
    epoll_ctl(ep, EPOLL_CTL_ADD, s[1], &ev);
    for (int k = 0; k < 20; k++) {
        size_t n = 1 + next(seed) % sizeof(out), got = 0;

        memset(out, id + k, n);
        if (write(s[0], out, n) != (ssize_t)n)
            WRONG("write to a socket");
        while (got < n) {
            if (epoll_wait(ep, &ev, 1, 10000) != 1)
                WRONG("no event for waiting data");
            ssize_t r = read(s[1], in + got, sizeof(in) - got);
            if (r <= 0)
                WRONG("read from a socket");
            got += (size_t)r;
        }
        if (got != n || memcmp(in, out, n))
            WRONG("socket data");
    }
    int first = (int)(next(seed) % 2);
    close(s[first]);
    close(s[!first]);
    close(ep);
}

static void round_pipes(unsigned *seed, int id)
{
    int p[2];
    char c = (char)id, d = 0;

    if (pipe(p))
        WRONG("pipe");
    for (unsigned i = 0; i < 50 + next(seed) % 50; i++)
        if (write(p[1], &c, 1) != 1 || read(p[0], &d, 1) != 1 || c != d)
            WRONG("pipe data");
    close(p[0]);
    close(p[1]);
}

static void round_timers(unsigned *seed, int id)
{
    struct itimerspec its = { .it_value = { 0, 1 + next(seed) % 3000000 } };
    int t = timerfd_create(CLOCK_MONOTONIC, 0);
    struct pollfd p = { t, POLLIN, 0 };
    uint64_t n = 0;

    (void)id;
    if (t < 0 || timerfd_settime(t, 0, &its, NULL))
        WRONG("timerfd");
    if (poll(&p, 1, 10000) != 1 || read(t, &n, 8) != 8 || n != 1)
        WRONG("timer did not fire, n %lu", (unsigned long)n);
    close(t);
}

static __thread volatile int caught;
static void on_signal(int s) { (void)s; caught++; }

static void round_signals(unsigned *seed, int id)
{
    int before = caught;

    (void)seed;
    (void)id;
    pthread_kill(pthread_self(), SIGUSR1);
    if (caught != before + 1)
        WRONG("a signal to oneself did not arrive");
}

static struct family families[] = {
    { .name = "threads", .round = round_threads },
    { .name = "futex", .round = round_futex },
    { .name = "mmap", .round = round_mmap },
    { .name = "files", .round = round_files },
    { .name = "sockets", .round = round_sockets },
    { .name = "pipes", .round = round_pipes },
    { .name = "timers", .round = round_timers },
    { .name = "signals", .round = round_signals },
};
#define FAMILIES (sizeof(families) / sizeof(*families))

static void *run(void *arg)
{
    struct family *f = arg;
    int id = (int)(f - families) * 100 +
             __sync_fetch_and_add(&f->threads, 1);
    unsigned seed = (unsigned)id * 7919u + 1;

    while (!stop) {
        f->round(&seed, id);
        __sync_fetch_and_add(&f->rounds, 1);
    }
    return NULL;
}

static void report(const char *when)
{
    printf("%s:", when);
    for (size_t i = 0; i < FAMILIES; i++)
        printf(" %s %lu", families[i].name, families[i].rounds);
    putchar('\n');
    fflush(stdout);
}

int main(int argc, char **argv)
{
    int seconds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 10;
    int per = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 2;
    pthread_t t[FAMILIES * 16];
    unsigned long last[FAMILIES] = { 0 };
    size_t n = 0;
    char when[32];

    per = per < 1 ? 1 : per > 16 ? 16 : per;
    signal(SIGUSR1, on_signal);
    signal(SIGPIPE, SIG_IGN);
    for (size_t f = 0; f < FAMILIES; f++)
        for (int i = 0; i < per; i++)
            if (pthread_create(&t[n++], NULL, run, &families[f]))
                WRONG("pthread_create");
    for (int s = 0; s < seconds; s++) {
        sleep(1);
        if (s % 10 != 9)
            continue;
        snprintf(when, sizeof(when), "%d s", s + 1);
        report(when);
        for (size_t f = 0; f < FAMILIES; f++) {
            if (families[f].rounds == last[f])
                WRONG("%s stands still", families[f].name);
            last[f] = families[f].rounds;
        }
    }
    stop = true;
    for (size_t i = 0; i < n; i++)
        pthread_join(t[i], NULL);
    report("clean end");
    return 0;
}
