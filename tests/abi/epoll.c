/* SPDX-License-Identifier: BSD-2-Clause */
/* epoll: level, edge, oneshot, exclusive, nesting, errors. */
#include "epoll.h"
#include <sys/eventfd.h>
#include <sys/socket.h>

static void modes(void)
{
    int s[2];
    char b[10];

    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s);
    R(ctl(EPOLL_CTL_ADD, s[0], EPOLLIN, 1));
    R(ctl(EPOLL_CTL_ADD, s[0], EPOLLIN, 1));
    show("nothing", 8, 0);
    write(s[1], "abc", 3);
    show("level", 8, 100);
    show("level again", 8, 100);
    R(ctl(EPOLL_CTL_MOD, s[0], EPOLLIN | EPOLLET, 2));
    show("edge", 8, 100);
    show("edge again", 8, 0);
    write(s[1], "d", 1);
    show("edge after more", 8, 100);
    R(ctl(EPOLL_CTL_MOD, s[0], EPOLLIN | EPOLLET, 2));
    show("edge after MOD", 8, 100);
    R(ctl(EPOLL_CTL_MOD, s[0], EPOLLIN | EPOLLONESHOT, 3));
    show("oneshot", 8, 100);
    show("oneshot again", 8, 0);
    write(s[1], "e", 1);
    show("oneshot after more", 8, 0);
    R(ctl(EPOLL_CTL_MOD, s[0], EPOLLIN | EPOLLONESHOT, 4));
    show("oneshot rearmed", 8, 100);
    R(ctl(EPOLL_CTL_MOD, s[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, 5));
    show("in out", 8, 100);
    read(s[0], b, 10);
    show("after read", 8, 0);
    shutdown(s[1], SHUT_WR);
    show("peer shut", 8, 100);
    close(s[1]);
    show("peer closed", 8, 100);
    R(ctl(EPOLL_CTL_DEL, s[0], 0, 0));
    R(ctl(EPOLL_CTL_DEL, s[0], 0, 0));
    R(ctl(EPOLL_CTL_MOD, s[0], 0, 0));
    close(s[0]);
}

static void errors(void)
{
    int file = open("/tmp/ep", O_CREAT | O_RDWR, 0600);
    struct epoll_event ev;

    R(ctl(EPOLL_CTL_ADD, file, EPOLLIN, 1));
    R(ctl(EPOLL_CTL_ADD, -1, EPOLLIN, 1));
    R(ctl(EPOLL_CTL_ADD, ep, EPOLLIN, 1));
    R(ctl(99, file, EPOLLIN, 1));
    R(epoll_ctl(file, EPOLL_CTL_ADD, ep, &ev));
    R(epoll_wait(file, &ev, 1, 0));
    R(epoll_wait(ep, &ev, 0, 0));
    R(epoll_wait(ep, &ev, -1, 0));
    R(epoll_wait(-1, &ev, 1, 0));
    R(epoll_create(0));
    R(epoll_create1(77));
    close(file);
}

static void removal(void)
{
    int e = eventfd(1, 0), d;

    R(ctl(EPOLL_CTL_ADD, e, EPOLLIN, 6));
    show("ready", 8, 0);
    close(e);
    show("closed", 8, 0);
    e = eventfd(1, 0);
    R(ctl(EPOLL_CTL_ADD, e, EPOLLIN, 7));
    d = dup(e);
    R(ctl(EPOLL_CTL_ADD, d, EPOLLIN, 8));
    R(ctl(EPOLL_CTL_DEL, d, 0, 0));
    close(d);
    show("one left", 8, 0);
    close(e);
}

static void nesting(void)
{
    int inner = epoll_create1(0), e = eventfd(0, 0), outer = ep;
    uint64_t one = 1;
    struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 9 };

    R(epoll_ctl(inner, EPOLL_CTL_ADD, e, &ev));
    R(ctl(EPOLL_CTL_ADD, inner, EPOLLIN, 10));
    R(epoll_ctl(inner, EPOLL_CTL_ADD, outer, &ev));
    show("nested none", 8, 0);
    write(e, &one, 8);
    show("nested", 8, 100);
    close(inner);
    close(e);
}

static int shared_fd;
static void *waiter(void *arg)
{
    struct epoll_event ev;
    int mine = epoll_create1(0);

    (void)arg;
    ev.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLET;
    epoll_ctl(mine, EPOLL_CTL_ADD, shared_fd, &ev);
    long n = epoll_wait(mine, &ev, 1, 10000);
    close(mine);
    return (void *)n;
}

static void exclusive(void)
{
    pthread_t t[4];
    uint64_t one = 1;
    void *n;
    long woken = 0;

    shared_fd = eventfd(0, 0);
    R(ctl(EPOLL_CTL_ADD, shared_fd, EPOLLIN | EPOLLEXCLUSIVE, 1));
    R(ctl(EPOLL_CTL_MOD, shared_fd, EPOLLIN | EPOLLEXCLUSIVE, 1));
    R(ctl(EPOLL_CTL_DEL, shared_fd, 0, 1));
    for (int i = 0; i < 4; i++)
        t[i] = t_thread(waiter, NULL);
    t_sleep_ms(100);
    for (int i = 0; i < 40; i++) {
        write(shared_fd, &one, 8);
        t_sleep_ms(5);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], &n);
        woken += (long)n;
    }
    FACT("woken %ld", woken);
}

static void *poke(void *arg)
{
    uint64_t one = 1;

    t_sleep_ms(30);
    write(*(int *)arg, &one, 8);
    return NULL;
}

int main(void)
{
    sigset_t set;
    struct epoll_event ev;

    t_start();
    ep = epoll_create1(EPOLL_CLOEXEC);
    modes();
    errors();
    removal();
    nesting();
    exclusive();
    int e = eventfd(0, 0);
    R(ctl(EPOLL_CTL_ADD, e, EPOLLIN, 11));
    pthread_t t = t_thread(poke, &e);
    int64_t t0 = t_now();
    show("blocking", 8, -1);
    YES(t_now() - t0 >= 25000000);
    pthread_join(t, NULL);
    uint64_t v;
    read(e, &v, 8);
    t0 = t_now();
    show("timeout", 8, 40);
    YES(t_now() - t0 >= 39000000 && t_now() - t0 < 2000000000);
    sigemptyset(&set);
    R(epoll_pwait(ep, &ev, 1, 10, &set));
    struct timespec ts = { 0, 5000000 };
    R(epoll_pwait2(ep, &ev, 1, &ts, NULL));
    return 0;
}
