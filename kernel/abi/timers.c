/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interval timers (setitimer, alarm) and POSIX timers (timer_create): clocks
 * that end in a signal.
 *
 * Invariants:
 * T1  A POSIX timer is linked in proc->timers from its making to its end, and
 *     all its fields are guarded by proc->lock; its callback takes that lock,
 *     so a timer is cancelled with the lock released, after `deleted` is set.
 * T2  A timer's signal is at most once in the queue; expiries meanwhile count
 *     as overruns, which the signal's taker gets.
 * T3  A timer on CPU time is a wake-up at the earliest time by which the CPU
 *     time can have run out; it looks again then.
 */
#include "abi_priv.h"

#define TIMERS_MAX 4096         /* of one process */
#define OVERRUN_MAX 0x7fffffff

struct posix_timer {
    struct posix_timer *next;   /* [proc->lock] */
    struct process *proc;       /* [I] */
    struct timer timer;
    int id;                     /* [I] */
    int clock;                  /* [I] */
    int notify, signo, tid;     /* [I] */
    uint64_t value;             /* [I] sigev_value */
    nsec_t deadline, interval;  /* [proc->lock] 0: not armed */
    bool queued;                /* [proc->lock] its signal is pending */
    bool deleted;               /* [proc->lock] */
    uint64_t overrun;           /* [proc->lock] since the signal was queued */
    int last_overrun;           /* [proc->lock] of the last one taken */
};

static bool cpu_clock(int clock)
{
    return clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID ||
           clock == CLOCK_THREAD_CPUTIME_ID;
}

static bool real_clock(int clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM ||
           clock == CLOCK_TAI;
}

/* CPU time used so far, p->lock held. */
static nsec_t cpu_used_locked(struct process *p)
{
    nsec_t sum = p->dead_program + p->dead_kernel;
    struct task *t;

    list_for_each(t, &p->tasks, link)
        sum += thread_cpu_time(&t->thread);
    return sum;
}

/* When to look at a CPU clock that has `left` to go (T3). */
static nsec_t cpu_look(struct process *p, nsec_t left)
{
    unsigned n = MIN(p->task_count, cpu_count());

    left = left / (n ? n : 1);
    return time__deadline(arch_clock(), MAX(left, (nsec_t)NSEC_PER_MSEC));
}

/* ---------------- POSIX timers ---------------- */

/* Was the signal of timer `id` kept? Not if it is ignored or memory is out. */
static bool kept_locked(const struct sigpending *s, int id)
{
    const struct sigqueue *q;

    list_for_each(q, &s->queue, link) {
        if (q->info.code == SI_TIMER && q->info.timer.timer == id)
            return true;
    }
    return false;
}

static void send_locked(struct posix_timer *pt)
{
    struct process *p = pt->proc;
    struct linux_siginfo info = { .signo = pt->signo, .code = SI_TIMER };
    struct task *t = NULL;

    if (pt->notify == SIGEV_NONE)
        return;
    if (pt->queued) {
        pt->overrun++;
        return;
    }
    if (pt->notify == SIGEV_THREAD_ID) {
        t = task__find_locked(p, pt->tid);
        if (!t)
            return;
    }
    info.timer.timer = pt->id;
    info.timer.value = pt->value;
    pt->overrun = 0;
    signal__send_locked(p, t, &info);
    pt->queued = kept_locked(t ? &t->pending : &p->pending, pt->id);
}

static void expire(struct timer *timer)
{
    struct posix_timer *pt = timer->arg;
    struct process *p = pt->proc;
    uint64_t flags = spin_lock_irqsave(&p->lock);
    nsec_t now = cpu_clock(pt->clock) ? cpu_used_locked(p) : arch_clock();

    if (pt->deleted || !pt->deadline)
        goto out;
    if (now >= pt->deadline) {
        send_locked(pt);
        if (!pt->interval) {
            pt->deadline = 0;
            goto out;
        }
        pt->deadline += pt->interval;
        if (now >= pt->deadline) {
            nsec_t missed = (now - pt->deadline) / pt->interval + 1;

            pt->overrun += missed;
            pt->deadline += missed * pt->interval;
        }
    }
    timer_set(timer, cpu_clock(pt->clock) ?
              cpu_look(p, pt->deadline - now) : pt->deadline);
out:
    spin_unlock_irqrestore(&p->lock, flags);
}

void timers__signal_taken(struct process *p, struct linux_siginfo *info)
{
    if (info->code != SI_TIMER)
        return;
    for (struct posix_timer *pt = p->timers; pt; pt = pt->next) {
        if (pt->id != info->timer.timer || pt->signo != info->signo)
            continue;
        pt->queued = false;
        pt->last_overrun = (int)MIN(pt->overrun, (uint64_t)OVERRUN_MAX);
        info->timer.overrun = pt->last_overrun;
        return;
    }
}

static struct posix_timer *find_locked(struct process *p, int id)
{
    struct posix_timer *pt = p->timers;

    while (pt && pt->id != id)
        pt = pt->next;
    return pt;
}

/* The default event: SIGALRM with the timer's number. */
static int event_get(uaddr_t uev, struct linux_sigevent *ev)
{
    memset(ev, 0, sizeof(*ev));
    if (!uev) {
        ev->signo = SIGALRM;
        ev->notify = SIGEV_SIGNAL;
        return 0;
    }
    if (copy_from_user(ev, uev, sizeof(*ev)))
        return -EFAULT;
    if (ev->notify == SIGEV_NONE)
        return 0;
    if (ev->notify != SIGEV_SIGNAL && ev->notify != SIGEV_THREAD &&
        ev->notify != SIGEV_THREAD_ID)
        return -EINVAL;
    return ev->signo < 1 || ev->signo > NSIG ? -EINVAL : 0;
}

static int timer_add(struct process *p, struct posix_timer *pt, bool own_value)
{
    uint64_t flags = spin_lock_irqsave(&p->lock);
    struct posix_timer *at;
    unsigned n = 0;
    int id = 0, err = 0;

    for (at = p->timers; at; at = at->next) {
        if (at->id >= id)
            id = at->id + 1;
        n++;
    }
    if (pt->notify == SIGEV_THREAD_ID && !task__find_locked(p, pt->tid))
        err = -EINVAL;
    if (n >= TIMERS_MAX)
        err = -EAGAIN;
    if (!err) {
        pt->id = id;
        if (!own_value)
            pt->value = (uint64_t)id;
        pt->next = p->timers;
        p->timers = pt;
    }
    spin_unlock_irqrestore(&p->lock, flags);
    return err;
}

long sys_timer_create(int clock, uaddr_t uev, uaddr_t out)
{
    struct process *p = process_current();
    struct linux_sigevent ev;
    struct posix_timer *pt;
    nsec_t now;
    int err = time__clock_read(clock, &now);

    if (err || clock == CLOCK_MONOTONIC_RAW ||
        clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE)
        return -EINVAL;
    err = event_get(uev, &ev);
    if (err)
        return err;
    pt = kzalloc(sizeof(*pt));
    if (!pt)
        return -EAGAIN;
    timer_init(&pt->timer, expire, pt);
    pt->proc = p;
    pt->clock = clock;
    pt->notify = ev.notify;
    pt->signo = ev.signo;
    pt->tid = ev.tid;
    pt->value = ev.value;
    err = timer_add(p, pt, uev != 0);
    if (err) {
        kfree(pt);
        return err;
    }
    if (put_user(out, pt->id)) {
        sys_timer_delete(pt->id);
        return -EFAULT;
    }
    return 0;
}

static nsec_t left_of(struct posix_timer *pt)
{
    nsec_t now = cpu_clock(pt->clock) ? cpu_used_locked(pt->proc) :
        arch_clock();

    if (!pt->deadline)
        return 0;
    return pt->deadline > now ? pt->deadline - now : 1;
}

static long put_setting(uaddr_t out, nsec_t value, nsec_t interval)
{
    if (time__put(out, interval))
        return -EFAULT;
    return time__put(out + sizeof(struct linux_timespec), value);
}

static void arm_locked(struct posix_timer *pt, nsec_t value, nsec_t interval,
                       bool absolute)
{
    nsec_t now = cpu_clock(pt->clock) ? cpu_used_locked(pt->proc) :
        arch_clock();

    pt->interval = interval;
    pt->overrun = 0;
    if (!value) {
        pt->deadline = 0;
        return;
    }
    if (!absolute)
        pt->deadline = time__deadline(now, value);
    else
        pt->deadline = real_clock(pt->clock) ? time__from_realtime(value) :
            value;
    if (!pt->deadline)
        pt->deadline = 1;
    timer_set(&pt->timer, !cpu_clock(pt->clock) ? pt->deadline :
              cpu_look(pt->proc, pt->deadline > now ? pt->deadline - now : 0));
}

long sys_timer_settime(int id, uint64_t how, uaddr_t new_, uaddr_t old)
{
    struct process *p = process_current();
    nsec_t value, interval, was_value = 0, was_interval = 0;
    struct posix_timer *pt;
    uint64_t flags;
    int err = new_ ? 0 : -EINVAL;

    if (!err)
        err = time__get(new_, &interval);
    if (!err)
        err = time__get(new_ + sizeof(struct linux_timespec), &value);
    if (err)
        return err;
    flags = spin_lock_irqsave(&p->lock);
    pt = find_locked(p, id);
    if (pt) {
        was_value = left_of(pt);
        was_interval = pt->interval;
        arm_locked(pt, value, interval, how & TIMER_ABSTIME);
    }
    spin_unlock_irqrestore(&p->lock, flags);
    if (!pt)
        return -EINVAL;
    return old ? put_setting(old, was_value, was_interval) : 0;
}

long sys_timer_gettime(int id, uaddr_t out)
{
    struct process *p = process_current();
    uint64_t flags = spin_lock_irqsave(&p->lock);
    struct posix_timer *pt = find_locked(p, id);
    nsec_t value = pt ? left_of(pt) : 0, interval = pt ? pt->interval : 0;

    spin_unlock_irqrestore(&p->lock, flags);
    return pt ? put_setting(out, value, interval) : -EINVAL;
}

long sys_timer_getoverrun(int id)
{
    struct process *p = process_current();
    uint64_t flags = spin_lock_irqsave(&p->lock);
    struct posix_timer *pt = find_locked(p, id);
    long r = pt ? pt->last_overrun : -EINVAL;

    spin_unlock_irqrestore(&p->lock, flags);
    return r;
}

/* Unlinks the timer, so that its callback finds it deleted; then waits for a
 * callback that is running (T1). */
static struct posix_timer *timer_take(struct process *p, int id, bool any)
{
    uint64_t flags = spin_lock_irqsave(&p->lock);
    struct posix_timer **at = &p->timers, *pt;

    while (*at && !any && (*at)->id != id)
        at = &(*at)->next;
    pt = *at;
    if (pt) {
        *at = pt->next;
        pt->deleted = true;
    }
    spin_unlock_irqrestore(&p->lock, flags);
    if (pt)
        timer_cancel(&pt->timer);
    return pt;
}

long sys_timer_delete(int id)
{
    struct posix_timer *pt = timer_take(process_current(), id, false);

    kfree(pt);
    return pt ? 0 : -EINVAL;
}

/* ---------------- interval timers ---------------- */

enum { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF, ITIMERS };
static const int itimer_signals[ITIMERS] = { SIGALRM, SIGVTALRM, SIGPROF };

static nsec_t itimer_now(struct process *p, int which)
{
    return which == ITIMER_REAL ? arch_clock() : cpu_used_locked(p);
}

static void itimer_arm_locked(struct process *p, int which, nsec_t now)
{
    struct itimer *it = &p->itimers[which];

    timer_set(&it->timer, which == ITIMER_REAL ? it->deadline :
              cpu_look(p, it->deadline > now ? it->deadline - now : 0));
}

static void itimer_expire(struct timer *timer)
{
    struct itimer *it = container_of(timer, struct itimer, timer);
    struct process *p = timer->arg;
    int which = (int)(it - p->itimers);
    uint64_t flags = spin_lock_irqsave(&p->lock);
    nsec_t now = itimer_now(p, which);

    if (p->exiting || !it->deadline)
        goto out;
    if (now >= it->deadline) {
        struct linux_siginfo info = { .signo = itimer_signals[which],
                                      .code = SI_KERNEL };

        signal__send_locked(p, NULL, &info);
        if (!it->interval) {
            it->deadline = 0;
            goto out;
        }
        it->deadline += it->interval;
        if (now >= it->deadline)
            it->deadline = now + it->interval;
    }
    itimer_arm_locked(p, which, now);
out:
    spin_unlock_irqrestore(&p->lock, flags);
}

/* RLIMIT_CPU: SIGXCPU at the soft limit and each second after it, SIGKILL at
 * the hard one. */
static void cpu_limit_look(struct timer *timer)
{
    struct process *p = timer->arg;
    const struct linux_rlimit *l = &p->limits[RLIMIT_CPU];
    uint64_t flags = spin_lock_irqsave(&p->lock);
    nsec_t used = cpu_used_locked(p);
    uint64_t seconds = used / NSEC_PER_SEC;
    struct linux_siginfo info = { .signo = SIGXCPU, .code = SI_KERNEL };

    if (p->exiting || l->cur == RLIM_INFINITY)
        goto out;
    if (seconds >= l->max)
        info.signo = SIGKILL;
    if (seconds >= l->cur && (seconds > p->cpu_warned ||
                              info.signo == SIGKILL)) {
        p->cpu_warned = seconds;
        signal__send_locked(p, NULL, &info);
    }
    seconds = seconds < l->cur ? l->cur : seconds + 1;
    if (seconds < NSEC_FOREVER / NSEC_PER_SEC)
        timer_set(timer, cpu_look(p, seconds * NSEC_PER_SEC - used));
out:
    spin_unlock_irqrestore(&p->lock, flags);
}

void timers__cpu_limit_set(struct process *p)
{
    uint64_t flags = spin_lock_irqsave(&p->lock);

    p->cpu_warned = 0;
    spin_unlock_irqrestore(&p->lock, flags);
    timer_set(&p->cpu_limit, arch_clock());
}

void timers__init(struct process *p)
{
    timer_init(&p->cpu_limit, cpu_limit_look, p);
    for (int i = 0; i < ITIMERS; i++)
        timer_init(&p->itimers[i].timer, itimer_expire, p);
}

void timers__process_exit(struct process *p)
{
    struct posix_timer *pt;

    for (int i = 0; i < ITIMERS; i++)
        timer_cancel(&p->itimers[i].timer);
    timer_cancel(&p->cpu_limit);
    while ((pt = timer_take(p, 0, true)))
        kfree(pt);
}

static void itimer_get(int which, nsec_t *value, nsec_t *interval)
{
    struct process *p = process_current();
    struct itimer *it = &p->itimers[which];
    uint64_t flags = spin_lock_irqsave(&p->lock);
    nsec_t now = itimer_now(p, which);

    *interval = it->interval;
    *value = !it->deadline ? 0 :
        it->deadline > now ? it->deadline - now : NSEC_PER_USEC;
    spin_unlock_irqrestore(&p->lock, flags);
}

static void itimer_set(int which, nsec_t value, nsec_t interval)
{
    struct process *p = process_current();
    struct itimer *it = &p->itimers[which];
    uint64_t flags = spin_lock_irqsave(&p->lock);
    nsec_t now = itimer_now(p, which);

    it->interval = interval;
    it->deadline = value ? time__deadline(now, value) : 0;
    if (value)
        itimer_arm_locked(p, which, now);
    spin_unlock_irqrestore(&p->lock, flags);
}

static int timeval_get(const struct linux_timeval *tv, nsec_t *out)
{
    if (tv->sec < 0 || (uint64_t)tv->usec >= 1000000)
        return -EINVAL;
    *out = tv->sec > 1ll << 32 ? NSEC_FOREVER / 2 :
        (nsec_t)tv->sec * NSEC_PER_SEC + (nsec_t)tv->usec * 1000;
    return 0;
}

static long put_itimerval(uaddr_t out, nsec_t value, nsec_t interval)
{
    struct linux_itimerval v = {
        .interval = { (int64_t)(interval / NSEC_PER_SEC),
                      (int64_t)(interval % NSEC_PER_SEC / 1000) },
        .value = { (int64_t)(value / NSEC_PER_SEC),
                   (int64_t)(value % NSEC_PER_SEC / 1000) },
    };

    return copy_to_user(out, &v, sizeof(v));
}

long sys_getitimer(int which, uaddr_t out)
{
    nsec_t value, interval;

    if (which < 0 || which >= ITIMERS)
        return -EINVAL;
    itimer_get(which, &value, &interval);
    return put_itimerval(out, value, interval);
}

long sys_setitimer(int which, uaddr_t new_, uaddr_t old)
{
    struct linux_itimerval v;
    nsec_t value, interval, was_value, was_interval;
    int err;

    memset(&v, 0, sizeof(v));
    if (which < 0 || which >= ITIMERS)
        return -EINVAL;
    if (new_ && copy_from_user(&v, new_, sizeof(v)))
        return -EFAULT;
    err = timeval_get(&v.value, &value) ? : timeval_get(&v.interval,
                                                        &interval);
    if (err)
        return err;
    itimer_get(which, &was_value, &was_interval);
    itimer_set(which, value, interval);
    return old ? put_itimerval(old, was_value, was_interval) : 0;
}

long sys_alarm(uint32_t seconds)
{
    nsec_t value, interval;

    itimer_get(ITIMER_REAL, &value, &interval);
    itimer_set(ITIMER_REAL, seconds * NSEC_PER_SEC, 0);
    if (!value)
        return 0;
    value = (value + NSEC_PER_SEC / 2) / NSEC_PER_SEC;
    return value ? (long)value : 1;
}
