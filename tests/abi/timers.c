/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks, sleeps, interval and POSIX timers, CPU time. */
#include "t.h"
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>

static volatile int ticks, value, code;

static void tick(int s, siginfo_t *si, void *uc)
{
    (void)s;
    (void)uc;
    ticks++;
    value = si->si_value.sival_int;
    code = si->si_code;
}

static void clocks(void)
{
    struct timespec a, b;
    static const int ids[] = { 0, 1, 2, 3, 4, 5, 6, 7 };

    for (int i = 0; i < 8; i++) {
        int r = clock_gettime(ids[i], &a);
        for (int k = 0; k < 1000; k++) {
            clock_gettime(ids[i], &b);
            if (ids[i] && (b.tv_sec < a.tv_sec ||
                           (b.tv_sec == a.tv_sec && b.tv_nsec < a.tv_nsec)))
                FACT("clock %d went back", ids[i]);
            a = b;
        }
        FACT("clock %d: %d", ids[i], r);
    }
    R(clock_gettime(99, &a));
    R(clock_getres(CLOCK_MONOTONIC, &a));
    FACT("res %ld", a.tv_nsec);
    R(clock_getres(99, &a));
    YES(time(NULL) > 1600000000);
    struct timeval tv;
    R(gettimeofday(&tv, NULL));
    YES(labs(tv.tv_sec - time(NULL)) <= 1);
    clockid_t mine;
    P(pthread_getcpuclockid(pthread_self(), &mine));
    R(clock_gettime(mine, &a));
    R(clock_nanosleep(99, 0, &a, NULL));
}

static void sleeps(void)
{
    struct timespec ts = { 0, 30000000 };
    int64_t t0 = t_now(), d;

    R(nanosleep(&ts, NULL));
    d = t_now() - t0;
    YES(d >= 30000000 && d < 1000000000);
    clock_gettime(CLOCK_MONOTONIC, &ts);
    t0 = t_now();
    ts.tv_nsec += 20000000;
    ts.tv_sec += ts.tv_nsec / 1000000000;
    ts.tv_nsec %= 1000000000;
    P(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL));
    YES(t_now() - t0 >= 19000000);
    ts.tv_nsec = 1000000000;
    R(nanosleep(&ts, NULL));
    ts.tv_sec = -1;
    ts.tv_nsec = 0;
    R(nanosleep(&ts, NULL));
}

static void intervals(void)
{
    struct itimerval it = { { 0, 5000 }, { 0, 5000 } }, old;
    struct sigaction sa = { 0 };

    sa.sa_sigaction = tick;
    sa.sa_flags = SA_SIGINFO;
    sigaction(SIGALRM, &sa, NULL);
    sigaction(SIGVTALRM, &sa, NULL);
    sigaction(SIGPROF, &sa, NULL);
    sigaction(SIGUSR1, &sa, NULL);
    R(setitimer(ITIMER_REAL, &it, NULL));
    while (ticks < 5)
        pause();
    memset(&it, 0, sizeof(it));
    R(setitimer(ITIMER_REAL, &it, &old));
    FACT("interval %ld", (long)old.it_interval.tv_usec);
    FACT("code %d", code);
    it.it_value.tv_usec = 10000;
    ticks = 0;
    R(setitimer(ITIMER_PROF, &it, NULL));
    int64_t t0 = t_now();
    while (!ticks && t_now() - t0 < 5000000000)
        ;
    FACT("prof ticks %d", ticks);
    ticks = 0;
    R(setitimer(ITIMER_VIRTUAL, &it, NULL));
    t0 = t_now();
    while (!ticks && t_now() - t0 < 5000000000)
        ;
    FACT("virtual ticks %d", ticks);
    R(setitimer(9, &it, NULL));
    FACT("alarm %u", alarm(100));
    FACT("alarm %u", alarm(0));
}

static void posix_timers(void)
{
    struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
                           .sigev_signo = SIGUSR1 };
    struct itimerspec its = { { 0, 3000000 }, { 0, 3000000 } }, cur;
    timer_t t;

    ev.sigev_value.sival_int = 77;
    R(timer_create(CLOCK_MONOTONIC, &ev, &t));
    ticks = 0;
    R(timer_settime(t, 0, &its, NULL));
    while (ticks < 4)
        pause();
    FACT("value %d code %d", value, code);
    R(timer_gettime(t, &cur));
    FACT("interval %ld", cur.it_interval.tv_nsec);
    YES(timer_getoverrun(t) >= 0);
    R(timer_delete(t));
    R(timer_delete(t));
    ev.sigev_notify = SIGEV_NONE;
    R(timer_create(CLOCK_REALTIME, &ev, &t));
    R(timer_delete(t));
    ev.sigev_notify = 55;
    R(timer_create(CLOCK_REALTIME, &ev, &t));
    R(timer_create(99, NULL, &t));
}

static volatile sig_atomic_t fired;

static void on_fired(int sig)
{
    (void)sig;
    fired = 1;
}

/* Timers that share a standard signal each have theirs; and one whose signal
 * was thrown away goes on. */
static void one_signal(void)
{
    struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
                           .sigev_signo = SIGUSR1 };
    struct itimerspec once = { { 0, 0 }, { 0, 1000000 } };
    struct itimerspec often = { { 0, 5000000 }, { 0, 1000000 } };
    struct timespec wait = { 5, 0 }, none = { 0, 0 };
    timer_t t[2];
    siginfo_t info;
    sigset_t set;
    int sum = 0;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int i = 0; i < 2; i++) {
        ev.sigev_value.sival_int = i + 1;
        R(timer_create(CLOCK_MONOTONIC, &ev, &t[i]));
        R(timer_settime(t[i], 0, &once, NULL));
    }
    t_sleep_ms(50);
    for (int i = 0; i < 2; i++) {
        R(sigtimedwait(&set, &info, &wait));
        sum += info.si_value.sival_int;
    }
    FACT("of both %d", sum);
    R(sigtimedwait(&set, &info, &none));
    R(timer_settime(t[0], 0, &often, NULL));
    t_sleep_ms(50);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR1, on_fired);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    for (int i = 0; i < 500 && !fired; i++)
        t_sleep_ms(10);
    YES(fired);
    R(timer_delete(t[0]));
    R(timer_delete(t[1]));
}

int main(void)
{
    struct rusage ru;
    struct tms tms;

    t_start();
    clocks();
    sleeps();
    intervals();
    posix_timers();
    one_signal();
    for (volatile long i = 0; i < 30000000; i++)
        ;
    R(getrusage(RUSAGE_SELF, &ru));
    YES(ru.ru_utime.tv_sec > 0 || ru.ru_utime.tv_usec > 1000);
    R(getrusage(RUSAGE_THREAD, &ru));
    R(getrusage(RUSAGE_CHILDREN, &ru));
    R(getrusage(99, &ru));
    YES(times(&tms) != -1);
    YES(clock() > 1000);
    return 0;
}
