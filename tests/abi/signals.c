/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals: masks, queues, siginfo, restart, alternate stacks, waiting. */
#include "t.h"
#include <sys/signalfd.h>

static volatile int count, last_code, last_value, order[16], n_order;
static volatile sig_atomic_t on_alt;
static char alt[65536];

static void plain(int s)
{
    count++;
    if (n_order < 16)
        order[n_order++] = s - SIGRTMIN;
}

static void info(int s, siginfo_t *si, void *uc)
{
    (void)s;
    (void)uc;
    count++;
    last_code = si->si_code;
    last_value = si->si_value.sival_int;
    on_alt = (char *)&s >= alt && (char *)&s < alt + sizeof(alt);
}

static void set(int s, void *fn, int flags)
{
    struct sigaction sa = { 0 };

    sa.sa_flags = flags;
    sa.sa_handler = fn;
    sigaction(s, &sa, NULL);
}

static void sending(void)
{
    union sigval v = { .sival_int = 1234 };
    sigset_t s, old;

    set(SIGUSR1, info, SA_SIGINFO);
    R(raise(SIGUSR1));
    FACT("count %d code %d", count, last_code);
    R(kill(getpid(), SIGUSR1));
    FACT("count %d code %d", count, last_code);
    R(sigqueue(getpid(), SIGUSR1, v));
    FACT("count %d code %d value %d", count, last_code, last_value);
    R(kill(getpid(), 0));
    R(kill(getpid(), 99));
    R(kill(999999, 0));
    R(syscall(SYS_tgkill, getpid(), 999999, SIGUSR1));
    sigemptyset(&s);
    sigaddset(&s, SIGUSR1);
    for (int i = 0; i < 4; i++) {
        set(SIGRTMIN + i, plain, 0);
        sigaddset(&s, SIGRTMIN + i);
    }
    R(sigprocmask(SIG_BLOCK, &s, &old));
    for (int i = 3; i >= 0; i--) {
        raise(SIGRTMIN + i);
        raise(SIGRTMIN + i);
    }
    raise(SIGUSR1);
    raise(SIGUSR1);
    count = 0;
    R(sigpending(&s));
    FACT("pending %d %d", sigismember(&s, SIGUSR1), sigismember(&s, SIGUSR2));
    R(sigprocmask(SIG_SETMASK, &old, NULL));
    FACT("count %d order", count);
    for (int i = 0; i < n_order; i++)
        FACT(" %d", order[i]);
    R(sigprocmask(77, &old, NULL));
    struct sigaction sa = { 0 };
    R(sigaction(SIGKILL, &sa, NULL));
    R(sigaction(99, &sa, NULL));
    R(sigaction(SIGKILL, NULL, &sa));
}

static void *kick(void *arg)
{
    t_sleep_ms(40);
    pthread_kill(*(pthread_t *)arg, SIGUSR1);
    t_sleep_ms(40);
    write(*(int *)((pthread_t *)arg + 1), "x", 1);
    return NULL;
}

static void restarts(void)
{
    struct { pthread_t t; int w; } arg;
    int p[2];
    char b;
    struct timespec ts = { 0, 200000000 }, rem = { 0, 0 };

    pipe(p);
    arg.t = pthread_self();
    arg.w = p[1];
    count = 0;
    set(SIGUSR1, plain, SA_RESTART);
    pthread_t k = t_thread(kick, &arg);
    R(read(p[0], &b, 1));
    pthread_join(k, NULL);
    set(SIGUSR1, plain, 0);
    k = t_thread(kick, &arg);
    R(read(p[0], &b, 1));
    pthread_join(k, NULL);
    R(read(p[0], &b, 1));
    k = t_thread(kick, &arg);
    R(nanosleep(&ts, &rem));
    YES(rem.tv_nsec > 0 && rem.tv_nsec < 200000000);
    pthread_join(k, NULL);
    FACT("count %d", count);
    close(p[0]);
    close(p[1]);
}

static void alternate(void)
{
    stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) }, old;

    R(sigaltstack(&ss, &old));
    FACT("flags %d", old.ss_flags);
    set(SIGUSR2, info, SA_SIGINFO | SA_ONSTACK);
    raise(SIGUSR2);
    FACT("on alt %d", on_alt);
    set(SIGUSR2, info, SA_SIGINFO);
    raise(SIGUSR2);
    FACT("on alt %d", on_alt);
    ss.ss_size = 100;
    R(sigaltstack(&ss, NULL));
    ss.ss_flags = SS_DISABLE;
    R(sigaltstack(&ss, NULL));
    R(sigaltstack(NULL, &old));
    FACT("flags %d", old.ss_flags);
}

static void waiting(void)
{
    sigset_t s, none;
    siginfo_t si;
    struct timespec ts = { 0, 10000000 };
    int got;

    sigemptyset(&none);
    sigemptyset(&s);
    sigaddset(&s, SIGUSR1);
    sigprocmask(SIG_BLOCK, &s, NULL);
    R(sigtimedwait(&s, &si, &ts));
    raise(SIGUSR1);
    R(sigtimedwait(&s, &si, &ts));
    FACT("signo %d", si.si_signo);
    raise(SIGUSR1);
    count = 0;
    set(SIGUSR1, plain, 0);
    R(sigsuspend(&none));
    FACT("count %d", count);
    raise(SIGUSR1);
    P(sigwait(&s, &got));
    FACT("got %d", got);
    int fd = OK(signalfd(-1, &s, SFD_NONBLOCK));
    struct signalfd_siginfo sfi;
    R(read(fd, &sfi, sizeof(sfi)));
    raise(SIGUSR1);
    R(read(fd, &sfi, sizeof(sfi)));
    FACT("signo %d code %d", sfi.ssi_signo, sfi.ssi_code);
    R(read(fd, &sfi, 10));
    sigprocmask(SIG_UNBLOCK, &s, NULL);
}

static volatile int depth, max_depth;
static void nested(int s)
{
    depth++;
    if (depth > max_depth)
        max_depth = depth;
    if (++count < 3)
        raise(s);
    depth--;
}

int main(void)
{
    t_start();
    sending();
    restarts();
    alternate();
    waiting();
    count = 0;
    set(SIGUSR1, nested, SA_NODEFER);
    raise(SIGUSR1);
    FACT("nodefer depth %d", max_depth);
    max_depth = count = 0;
    set(SIGUSR1, nested, 0);
    raise(SIGUSR1);
    FACT("defer depth %d", max_depth);
    set(SIGUSR1, plain, SA_RESETHAND);
    raise(SIGUSR1);
    struct sigaction sa;
    sigaction(SIGUSR1, NULL, &sa);
    YES(sa.sa_handler == SIG_DFL);
    signal(SIGUSR1, SIG_IGN);
    raise(SIGUSR1);
    raise(SIGCHLD);
    raise(SIGWINCH);
    raise(SIGURG);
    puts("ends by SIGTERM");
    raise(SIGTERM);
    return 0;
}
