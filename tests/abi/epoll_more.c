/* SPDX-License-Identifier: BSD-2-Clause */
/* epoll with duplicates, pipes, sockets, nesting, rotation, bad arguments. */
#include "epoll.h"
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

static void duplicates(void)
{
    int e = eventfd(1, 0), d = dup(e);

    R(ctl(EPOLL_CTL_ADD, e, EPOLLIN, 1));
    close(e);
    show("open elsewhere", 8, 0);
    R(ctl(EPOLL_CTL_DEL, e, 0, 0));
    R(dup2(d, e) == e);
    R(ctl(EPOLL_CTL_MOD, e, EPOLLIN, 2));
    show("same number again", 8, 0);
    R(ctl(EPOLL_CTL_DEL, e, 0, 0));
    close(d);
    close(e);
    show("gone", 8, 0);
    int other = dup(ep);
    e = eventfd(1, 0);
    R(ctl(EPOLL_CTL_ADD, e, EPOLLIN, 3));
    struct epoll_event ev;
    R(epoll_wait(other, &ev, 1, 0));
    R(ctl(EPOLL_CTL_ADD, other, EPOLLIN, 3));
    close(other);
    close(e);
}

static void pipes(void)
{
    int p[2];
    static char page[65536];

    pipe2(p, O_NONBLOCK);
    R(ctl(EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLET, 1));
    R(ctl(EPOLL_CTL_ADD, p[1], EPOLLOUT | EPOLLET, 2));
    show("fresh", 8, 0);
    show("again", 8, 0);
    write(p[1], "a", 1);
    show("a", 8, 0);
    write(p[1], "b", 1);
    show("b", 8, 0);
    read(p[0], page, 1);
    show("read one", 8, 0);
    read(p[0], page, 10);
    while (write(p[1], page, 4096) > 0)
        ;
    show("full", 8, 0);
    read(p[0], page, sizeof(page));
    show("emptied", 8, 0);
    close(p[1]);
    show("no writer", 8, 0);
    close(p[0]);
    pipe2(p, O_NONBLOCK);
    R(ctl(EPOLL_CTL_ADD, p[1], 0, 3));
    close(p[0]);
    show("no reader, no events wanted", 8, 0);
    R(ctl(EPOLL_CTL_MOD, p[1], EPOLLONESHOT, 4));
    show("oneshot error", 8, 0);
    show("disabled", 8, 0);
    close(p[1]);
}

static void rotation(void)
{
    int e[4];

    for (int i = 0; i < 4; i++) {
        e[i] = eventfd(1, 0);
        ctl(EPOLL_CTL_ADD, e[i], EPOLLIN, i);
    }
    for (int i = 0; i < 6; i++)
        show("one at a time", 1, 0);
    show("three", 3, 0);
    show("three", 3, 0);
    for (int i = 0; i < 4; i++)
        close(e[i]);
}

static void listener(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    socklen_t len = sizeof(a);
    int l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), c[2], s;

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    R(ctl(EPOLL_CTL_ADD, l, EPOLLIN | EPOLLET, 1));
    show("unbound socket", 8, 0);
    bind(l, (void *)&a, len);
    listen(l, 8);
    show("listens", 8, 50);
    getsockname(l, (void *)&a, &len);
    for (int i = 0; i < 2; i++) {
        c[i] = socket(AF_INET, SOCK_STREAM, 0);
        connect(c[i], (void *)&a, sizeof(a));
        show("edge of a connection", 8, 2000);
    }
    s = accept(l, NULL, NULL);
    show("one left, no edge", 8, 50);
    fcntl(s, F_SETFL, O_NONBLOCK);
    R(ctl(EPOLL_CTL_ADD, s, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, 2));
    show("accepted", 8, 100);
    write(c[0], "x", 1);
    show("data", 8, 2000);
    shutdown(c[0], SHUT_WR);
    show("half closed", 8, 2000);
    shutdown(s, SHUT_WR);
    show("both", 8, 2000);
    struct linger lg = { 1, 0 };
    int t = accept(l, NULL, NULL);
    R(ctl(EPOLL_CTL_ADD, t, EPOLLIN | EPOLLRDHUP, 3));
    setsockopt(c[1], SOL_SOCKET, SO_LINGER, &lg, sizeof(lg));
    close(c[1]);
    t_sleep_ms(50);
    show("reset", 8, 2000);
    close(c[0]);
    close(s);
    close(t);
    close(l);
}

static void nests(void)
{
    int chain[8], e = eventfd(1, 0);
    struct epoll_event ev = { .events = EPOLLIN };
    int last = e;

    for (int i = 0; i < 8; i++) {
        chain[i] = epoll_create1(0);
        int r = epoll_ctl(chain[i], EPOLL_CTL_ADD, last, &ev);
        FACT("depth %d: %s", i, r ? strerrorname_np(errno) : "ok");
        last = chain[i];
    }
    struct pollfd p = { chain[2], POLLIN | POLLOUT, 0 };
    R(poll(&p, 1, 0));
    FACT("%x", p.revents);
    R(read(chain[0], &ev, 8));
    R(write(chain[0], &ev, 8));
    R(lseek(chain[0], 0, SEEK_CUR));
    R(fcntl(chain[0], F_GETFL));
    for (int i = 0; i < 8; i++)
        close(chain[i]);
    close(e);
}

static void kinds(void)
{
    sigset_t set;
    uint64_t v = 0;
    struct itimerspec its = { .it_value = { 0, 1000000 } };
    int t = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);

    R(ctl(EPOLL_CTL_ADD, t, EPOLLIN | EPOLLET, 1));
    timerfd_settime(t, 0, &its, NULL);
    show("timer", 8, 2000);
    show("timer, no new edge", 8, 30);
    R(read(t, &v, 8));
    timerfd_settime(t, 0, &its, NULL);
    show("timer again", 8, 2000);
    close(t);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int s = signalfd(-1, &set, SFD_NONBLOCK);
    R(ctl(EPOLL_CTL_ADD, s, EPOLLIN, 2));
    show("no signal", 8, 0);
    raise(SIGUSR1);
    show("signal", 8, 2000);
    char info[128];
    R(read(s, info, 128));
    show("taken", 8, 0);
    close(s);
    R(ctl(EPOLL_CTL_ADD, open("/dev/null", O_RDWR), EPOLLIN, 1));
    R(ctl(EPOLL_CTL_ADD, open("/tmp", O_RDONLY), EPOLLIN, 1));
    OK(ctl(EPOLL_CTL_ADD, open("/proc/self/stat", O_RDONLY), EPOLLIN, 1));
}

static void arguments(void)
{
    /* Not on the stack: that may lie within 2 GiB of the top, the program not. */
    static struct epoll_event ev[2];
    int e = eventfd(1, 0), inner = epoll_create1(0);

    R(ctl(EPOLL_CTL_ADD, e, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT, 1));
    R(ctl(EPOLL_CTL_ADD, e, EPOLLIN | EPOLLEXCLUSIVE | EPOLLRDHUP, 1));
    R(ctl(EPOLL_CTL_ADD, inner, EPOLLIN | EPOLLEXCLUSIVE, 1));
    R(ctl(EPOLL_CTL_ADD, e, EPOLLIN | EPOLLEXCLUSIVE | EPOLLET, 1));
    R(ctl(EPOLL_CTL_MOD, e, EPOLLIN, 1));
    R(ctl(EPOLL_CTL_DEL, e, 0, 0));
    R(ctl(EPOLL_CTL_ADD, e, EPOLLIN | EPOLLWAKEUP, 1));
    R(epoll_wait(ep, ev, INT_MAX, 0));
    R(epoll_wait(ep, ev, INT_MAX / 12, 0));
    R(epoll_wait(ep, (void *)0xffffffff80000000, 1, 0));
    R(syscall(SYS_epoll_wait, ep, NULL, 1, 0));
    R(syscall(SYS_epoll_pwait, ep, ev, 1, 0, ev, 4));
    R(syscall(SYS_epoll_pwait, ep, ev, 1, 0, 16, 8));
    struct timespec ts = { 0, 1000000000 };
    R(syscall(SYS_epoll_pwait2, ep, ev, 1, &ts, NULL, 0));
    ts.tv_nsec = -1;
    R(syscall(SYS_epoll_pwait2, ep, ev, 1, &ts, NULL, 0));
    R(epoll_ctl(e, EPOLL_CTL_ADD, e, ev));
    R(epoll_ctl(ep, EPOLL_CTL_ADD, ep, ev));
    R(epoll_ctl(ep, 0, e, ev));
    R(epoll_ctl(999, EPOLL_CTL_ADD, e, ev));
    R(epoll_ctl(ep, EPOLL_CTL_DEL, e, NULL));
    R(epoll_create(-1));
    close(e);
    close(inner);
}

int main(void)
{
    t_start();
    ep = epoll_create1(EPOLL_CLOEXEC);
    duplicates();
    pipes();
    rotation();
    listener();
    nests();
    kinds();
    arguments();
    return 0;
}
