/* SPDX-License-Identifier: BSD-2-Clause */
/* eventfd and timerfd. */
#include "t.h"
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

static int events(int fd)
{
    struct pollfd p = { fd, POLLIN | POLLOUT, 0 };

    poll(&p, 1, 0);
    return p.revents;
}

static void *adder(void *arg)
{
    uint64_t v = 7;

    t_sleep_ms(30);
    write(*(int *)arg, &v, 8);
    return NULL;
}

static void counter(void)
{
    uint64_t v = 0;
    int e = OK(eventfd(3, EFD_NONBLOCK));

    FACT("poll %x", events(e));
    R(read(e, &v, 8));
    FACT("v %lu poll %x", v, events(e));
    R(read(e, &v, 8));
    R(read(e, &v, 4));
    v = 0xfffffffffffffffeull;
    R(write(e, &v, 8));
    FACT("poll %x", events(e));
    v = 1;
    R(write(e, &v, 8));
    v = ~0ull;
    R(write(e, &v, 8));
    R(write(e, &v, 4));
    close(e);
    e = OK(eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC));
    R(fcntl(e, F_GETFD));
    R(read(e, &v, 8));
    FACT("v %lu", v);
    R(read(e, &v, 8));
    R(read(e, &v, 8));
    close(e);
    R(eventfd(0, 0x100));
    e = eventfd(0, 0);
    pthread_t t = t_thread(adder, &e);
    R(read(e, &v, 8));
    FACT("v %lu", v);
    pthread_join(t, NULL);
    R(lseek(e, 0, SEEK_SET));
}

int main(void)
{
    struct itimerspec its = { .it_value = { 9, 0 } }, old;
    uint64_t v = 0;

    t_start();
    counter();
    int t = OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
    R(timerfd_create(77, 0));
    R(read(t, &v, 8));
    R(timerfd_settime(t, 0, &its, NULL));
    R(timerfd_gettime(t, &old));
    YES(old.it_value.tv_sec < 9 && old.it_value.tv_nsec > 0);
    its.it_value = (struct timespec){ 0, 20000000 };
    R(timerfd_settime(t, 0, &its, NULL));
    struct pollfd p = { t, POLLIN, 0 };
    R(poll(&p, 1, 5000));
    R(read(t, &v, 8));
    FACT("expirations %lu", v);
    R(read(t, &v, 8));
    its.it_interval.tv_nsec = 5000000;
    R(timerfd_settime(t, 0, &its, NULL));
    t_sleep_ms(60);
    R(read(t, &v, 8));
    YES(v >= 5 && v < 100);
    its.it_value.tv_nsec = 0;
    R(timerfd_settime(t, 0, &its, &old));
    YES(old.it_interval.tv_nsec == 5000000);
    R(poll(&p, 1, 20));
    its.it_value.tv_nsec = 2000000000;
    R(timerfd_settime(t, 0, &its, NULL));
    R(timerfd_settime(0, 0, &its, NULL));
    clock_gettime(CLOCK_REALTIME, &its.it_value);
    its.it_interval.tv_nsec = 0;
    t = timerfd_create(CLOCK_REALTIME, 0);
    R(timerfd_settime(t, TFD_TIMER_ABSTIME, &its, NULL));
    R(read(t, &v, 8));
    FACT("expirations %lu", v);
    return 0;
}
