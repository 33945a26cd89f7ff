/* SPDX-License-Identifier: BSD-2-Clause */
/* A handler runs while a call blocks: which calls go on under SA_RESTART,
 * which end with EINTR, and what a partial transfer returns. */
#include "t.h"
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

/* Whoever blocks is kicked twice; then the event comes that it waits for, so
 * that a call that was restarted ends too. */
static pthread_t main_thread;
static volatile int kicks;
static void (*ends_it)(void);
static int fds[2], third;
static uint32_t word;
static char block[300000];

static void on_usr1(int s) { (void)s; kicks++; }

static void *kicker(void *arg)
{
    (void)arg;
    for (int i = 0; i < 2; i++) {
        t_sleep_ms(40);
        pthread_kill(main_thread, SIGUSR1);
    }
    t_sleep_ms(40);
    ends_it();
    return NULL;
}

static void put_byte(void) { write(fds[1], "x", 1); }
static void put_eight(void) { uint64_t v = 1; write(fds[1], &v, 8); }
static void drain(void) { read(fds[0], block, 65536); }
static void wake(void)
{
    word = 1;
    syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
}
static void nothing(void) { }
static void unlock(void) { flock(third, LOCK_UN); }
static void send_usr2(void) { kill(getpid(), SIGUSR2); }
static void make_file(void)
{
    close(open("/tmp/restart.d/f", O_CREAT | O_RDWR, 0600));
}

/* What the kicker sent to a call that had ended before. */
static void leftover(void)
{
    struct pollfd p = { fds[0], POLLIN, 0 };
    char b[128];

    if (poll(&p, 1, 0) == 1)
        read(fds[0], b, sizeof(b));
}

static const char *mode;
static void begin(void (*end)(void), pthread_t *k)
{
    ends_it = end;
    kicks = 0;
    *k = t_thread(kicker, NULL);
    errno = 0;
}

/* The count of kicks is 2 when the call went on, 1 when it ended at once. */
#define KICKED(end, expr) do { \
    pthread_t k_; \
    begin(end, &k_); \
    long r_ = (long)(expr); \
    int e_ = errno, n_ = kicks; \
    pthread_join(k_, NULL); \
    leftover(); \
    FACT("%s %s: %ld %s, %d", mode, #expr, r_, \
         r_ < 0 ? strerrorname_np(e_) : "", n_); \
} while (0)

static void streams(void)
{
    char b[8];

    pipe(fds);
    KICKED(put_byte, read(fds[0], b, 1));
    struct iovec iov = { b, 1 };
    KICKED(put_byte, readv(fds[0], &iov, 1));
    while (fcntl(fds[1], F_SETFL, O_NONBLOCK) ||
           write(fds[1], block, 4096) > 0)
        ;
    fcntl(fds[1], F_SETFL, 0);
    KICKED(drain, write(fds[1], block, 1));
    close(fds[0]);
    close(fds[1]);
    socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
    KICKED(put_byte, read(fds[0], b, 1));
    KICKED(put_byte, recv(fds[0], b, 1, 0));
    struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
    KICKED(put_byte, recvmsg(fds[0], &mh, 0));
    struct timeval tv = { 5, 0 };
    setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    KICKED(put_byte, recv(fds[0], b, 1, 0));
    close(fds[0]);
    close(fds[1]);
    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds);
    KICKED(put_byte, recv(fds[0], b, 1, 0));
    close(fds[0]);
    close(fds[1]);
}

static void waits(void)
{
    struct pollfd p = { .events = POLLIN };
    struct epoll_event ev = { .events = EPOLLIN };
    struct timespec ts = { 5, 0 }, ms = { 0, 300000000 }, abs;
    fd_set r;

    pipe(fds);
    p.fd = fds[0];
    KICKED(nothing, poll(&p, 1, 5000));
    KICKED(nothing, ppoll(&p, 1, &ts, NULL));
    FD_ZERO(&r);
    FD_SET(fds[0], &r);
    KICKED(nothing, select(fds[0] + 1, &r, NULL, NULL, NULL));
    KICKED(nothing, pselect(fds[0] + 1, &r, NULL, NULL, NULL, NULL));
    third = epoll_create1(0);
    epoll_ctl(third, EPOLL_CTL_ADD, fds[0], &ev);
    KICKED(nothing, epoll_wait(third, &ev, 1, 5000));
    KICKED(nothing, epoll_pwait(third, &ev, 1, 5000, NULL));
    close(third);
    ts.tv_sec = 0;
    ts.tv_nsec = 500000000;
    KICKED(nothing, nanosleep(&ts, NULL));
    KICKED(nothing, clock_nanosleep(CLOCK_MONOTONIC, 0, &ms, NULL));
    clock_gettime(CLOCK_MONOTONIC, &abs);
    abs.tv_sec += 2;
    KICKED(nothing, clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &abs,
                                    NULL));
    KICKED(nothing, pause());
    close(fds[0]);
    close(fds[1]);
}

static void objects(void)
{
    sigset_t set;
    char buf[512];
    uint64_t v;

    fds[0] = fds[1] = eventfd(0, 0);
    KICKED(put_eight, read(fds[0], &v, 8));
    close(fds[0]);
    struct itimerspec its = { .it_value = { 0, 250000000 } };
    fds[0] = timerfd_create(CLOCK_MONOTONIC, 0);
    timerfd_settime(fds[0], 0, &its, NULL);
    KICKED(nothing, read(fds[0], &v, 8));
    close(fds[0]);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    fds[0] = signalfd(-1, &set, 0);
    KICKED(send_usr2, read(fds[0], buf, 128));
    struct timespec ts = { 5, 0 };
    KICKED(send_usr2, sigtimedwait(&set, NULL, &ts));
    KICKED(nothing, sigwaitinfo(&set, NULL));
    sigtimedwait(&set, NULL, &(struct timespec){ 0, 0 });
    close(fds[0]);
    fds[0] = inotify_init1(0);
    mkdir("/tmp/restart.d", 0700);
    unlink("/tmp/restart.d/f");
    inotify_add_watch(fds[0], "/tmp/restart.d", IN_CREATE);
    KICKED(make_file, read(fds[0], buf, 512) > 0);
    close(fds[0]);
}

static void locks(void)
{
    struct timespec ts = { 5, 0 };
    int other;

    word = 0;
    KICKED(wake, syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0));
    word = 0;
    KICKED(wake, syscall(SYS_futex, &word, FUTEX_WAIT, 0, &ts, NULL, 0));
    word = 0;
    KICKED(wake, syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 0, NULL, NULL,
                         ~0u));
    third = open("/tmp/restart.l", O_CREAT | O_RDWR, 0600);
    other = open("/tmp/restart.l", O_RDWR);
    flock(third, LOCK_EX);
    KICKED(unlock, flock(other, LOCK_EX));
    close(other);
    close(third);
}

static void all(int flags)
{
    struct sigaction sa = { .sa_handler = on_usr1, .sa_flags = flags };

    mode = flags ? "restart" : "plain";
    sigaction(SIGUSR1, &sa, NULL);
    streams();
    waits();
    objects();
    locks();
}

/* A transfer that has moved bytes returns them. */
static void partial(void)
{
    socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
    write(fds[1], "abc", 3);
    mode = "partial";
    KICKED(nothing, recv(fds[0], block, 10, MSG_WAITALL));
    pipe(fds);
    KICKED(nothing, write(fds[1], block, sizeof(block)));
}

int main(void)
{
    t_start();
    main_thread = pthread_self();
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    all(0);
    all(SA_RESTART);
    partial();
    R(syscall(SYS_restart_syscall));
    return 0;
}
