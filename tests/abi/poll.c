/* SPDX-License-Identifier: BSD-2-Clause */
/* poll, ppoll, select, pselect. */
#include "t.h"
#include <poll.h>
#include <sys/select.h>

static void on_alarm(int s) { (void)s; }

int main(void)
{
    int p[2], q[2];
    struct timeval tv = { 0, 30000 };
    struct timespec ts = { 0, 30000000 };
    fd_set r, w, x;

    t_start();
    R(pipe(p));
    R(pipe(q));
    struct pollfd f[4] = { { p[0], POLLIN, 0 }, { p[1], POLLOUT, 0 },
                           { -1, POLLIN, 9 }, { 777, POLLIN, 0 } };
    R(poll(f, 4, 0));
    FACT("%x %x %x %x", f[0].revents, f[1].revents, f[2].revents, f[3].revents);
    R(poll(f, 1, 20));
    write(p[1], "x", 1);
    R(poll(f, 1, -1));
    FACT("%x", f[0].revents);
    R(poll(NULL, 0, 10));
    int file = open("/tmp/pl", O_CREAT | O_RDWR, 0600);
    f[0].fd = file;
    f[0].events = POLLIN | POLLOUT | POLLPRI;
    R(poll(f, 1, -1));
    FACT("%x", f[0].revents);
    f[0].fd = q[0];
    f[0].events = POLLIN;
    int64_t t0 = t_now();
    R(ppoll(f, 1, &ts, NULL));
    YES(t_now() - t0 >= 29000000);

    FD_ZERO(&r);
    FD_ZERO(&w);
    FD_ZERO(&x);
    FD_SET(p[0], &r);
    FD_SET(q[0], &r);
    FD_SET(q[1], &w);
    R(select(q[1] + 1, &r, &w, &x, NULL));
    FACT("%d %d %d", !!FD_ISSET(p[0], &r), !!FD_ISSET(q[0], &r),
         !!FD_ISSET(q[1], &w));
    FD_ZERO(&r);
    FD_SET(q[0], &r);
    R(select(q[0] + 1, &r, NULL, NULL, &tv));
    FACT("left %ld.%06ld set %d", tv.tv_sec, tv.tv_usec, !!FD_ISSET(q[0], &r));
    FD_SET(500, &r);
    R(select(501, &r, NULL, NULL, &tv));
    R(select(-1, NULL, NULL, NULL, &tv));
    tv.tv_usec = -5;
    R(select(0, NULL, NULL, NULL, &tv));
    ts.tv_nsec = 2000000;
    R(pselect(0, NULL, NULL, NULL, &ts, NULL));

    struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
    sigaction(SIGALRM, &sa, NULL);
    ualarm(20000, 0);
    f[0].fd = q[0];
    R(poll(f, 1, 5000));
    ualarm(20000, 0);
    FD_ZERO(&r);
    FD_SET(q[0], &r);
    R(select(q[0] + 1, &r, NULL, NULL, NULL));
    /* The mask is swapped atomically: a pending signal ends ppoll at once. */
    sigset_t block, none;
    sigemptyset(&none);
    sigemptyset(&block);
    sigaddset(&block, SIGALRM);
    sigprocmask(SIG_BLOCK, &block, NULL);
    raise(SIGALRM);
    R(ppoll(f, 1, NULL, &none));
    return 0;
}
