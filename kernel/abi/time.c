/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clocks and sleeping. Monotonic, raw and boot time are one clock here: the
 * machine does not sleep and its clock is not steered.
 */
#include "abi_priv.h"

#define SEC_MAX (INT64_MAX / 1000000000ll)

int time__get(uaddr_t uts, nsec_t *out)
{
    struct linux_timespec ts;

    if (copy_from_user(&ts, uts, sizeof(ts)))
        return -EFAULT;
    if (ts.sec < 0 || (uint64_t)ts.nsec >= NSEC_PER_SEC)
        return -EINVAL;
    *out = ts.sec >= SEC_MAX ? (nsec_t)INT64_MAX :
        (nsec_t)ts.sec * NSEC_PER_SEC + (nsec_t)ts.nsec;
    return 0;
}

int time__put(uaddr_t uts, nsec_t t)
{
    struct linux_timespec ts = { (int64_t)(t / NSEC_PER_SEC),
                                 (int64_t)(t % NSEC_PER_SEC) };

    return copy_to_user(uts, &ts, sizeof(ts));
}

nsec_t time__deadline(nsec_t now, nsec_t rel)
{
    return rel >= (nsec_t)INT64_MAX - now ? NSEC_FOREVER : now + rel;
}

nsec_t time__from_realtime(nsec_t real)
{
    uint64_t off = clock_realtime_offset();

    return real > off ? real - off : 0;
}

int time__deadline_get(uaddr_t ts, nsec_t *deadline)
{
    nsec_t rel;
    int err;

    *deadline = NSEC_FOREVER;
    if (!ts)
        return 0;
    err = time__get(ts, &rel);
    if (!err)
        *deadline = rel ? time__deadline(clock_monotonic(), rel) : 0;
    return err;
}

/* Clocks of another thread or process: bits 2.. hold ~pid, bit 2 "thread",
 * bits 0-1 the kind. */
static int cpu_clock_read(int clock, nsec_t *out)
{
    struct process *p = process_current();
    int id = ~(clock >> 3), kind = clock & 3;
    bool thread = clock & 4;
    uint64_t flags;
    struct task *t;
    int err = 0;

    if (kind == 3)
        return -EINVAL;         /* a clock of a descriptor */
    if (!thread) {
        if (id != 0 && id != p->pid)
            return -EINVAL;
        *out = process__cpu_time(p, NULL, NULL);
        return 0;
    }
    flags = spin_lock_irqsave(&p->lock);
    t = id ? task__find_locked(p, id) : task_current();
    if (t)
        *out = thread_cpu_time(&t->thread);
    else
        err = -EINVAL;
    spin_unlock_irqrestore(&p->lock, flags);
    return err;
}

int time__clock_read(int clock, nsec_t *out)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
        *out = clock_realtime();
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        *out = clock_monotonic();
        return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
        *out = process__cpu_time(process_current(), NULL, NULL);
        return 0;
    case CLOCK_THREAD_CPUTIME_ID:
        *out = thread_cpu_time(thread_current());
        return 0;
    default:
        return clock < 0 ? cpu_clock_read(clock, out) : -EINVAL;
    }
}

long sys_clock_gettime(int clock, uaddr_t ts)
{
    nsec_t now;
    int err = time__clock_read(clock, &now);

    return err ? err : time__put(ts, now);
}

long sys_clock_getres(int clock, uaddr_t ts)
{
    nsec_t now;
    int err = time__clock_read(clock, &now);

    if (err)
        return err;
    return ts ? time__put(ts, 1) : 0;
}

long sys_clock_settime(int clock, uaddr_t ts)
{
    nsec_t t;
    int err = time__get(ts, &t);

    if (clock != CLOCK_REALTIME)
        return -EINVAL;
    if (err)
        return err;
    if (t < clock_monotonic())
        return -EINVAL;
    clock_realtime_set(t);
    return 0;
}

long sys_gettimeofday(uaddr_t utv, uaddr_t utz)
{
    nsec_t now = clock_realtime();
    struct linux_timeval tv = { (int64_t)(now / NSEC_PER_SEC),
                                (int64_t)(now % NSEC_PER_SEC / 1000) };
    uint64_t zone = 0;

    if (utv && copy_to_user(utv, &tv, sizeof(tv)))
        return -EFAULT;
    return utz ? put_user(utz, zone) : 0;
}

long sys_settimeofday(uaddr_t utv, uaddr_t utz)
{
    struct linux_timeval tv;

    (void)utz;
    if (!utv)
        return 0;
    if (copy_from_user(&tv, utv, sizeof(tv)))
        return -EFAULT;
    if (tv.sec < 0 || tv.sec >= SEC_MAX || (uint64_t)tv.usec >= 1000000)
        return -EINVAL;
    clock_realtime_set((nsec_t)tv.sec * NSEC_PER_SEC +
                       (nsec_t)tv.usec * 1000);
    return 0;
}

long sys_time(uaddr_t ut)
{
    int64_t now = (int64_t)(clock_realtime() / NSEC_PER_SEC);

    if (ut && put_user(ut, now))
        return -EFAULT;
    return now;
}

/* Sleeps; an interrupted relative sleep writes what is left and goes on at
 * the same deadline if no handler ran (task.resume). */
static long sleep_call(nsec_t rel, uaddr_t left)
{
    struct task *t = task_current();
    nsec_t deadline = t->resume ? t->resume :
        time__deadline(clock_monotonic(), rel), now;

    t->resume = 0;
    if (thread_sleep_until(deadline, WAIT_INTERRUPTIBLE) == 0)
        return 0;
    now = clock_monotonic();
    if (now >= deadline)
        return 0;
    if (left && time__put(left, deadline - now))
        return -EFAULT;
    t->resume = deadline;
    return -ERESTARTNOHAND;
}

long sys_nanosleep(uaddr_t ts, uaddr_t left)
{
    nsec_t rel;
    int err = time__get(ts, &rel);

    return err ? err : sleep_call(rel, left);
}

long sys_clock_nanosleep(int clock, int flags, uaddr_t ts, uaddr_t left)
{
    nsec_t t, now;
    int err = time__clock_read(clock, &now);

    if (err || clock == CLOCK_THREAD_CPUTIME_ID)
        return -EINVAL;
    if (clock == CLOCK_PROCESS_CPUTIME_ID || clock < 0 ||
        clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_REALTIME_COARSE ||
        clock == CLOCK_MONOTONIC_COARSE)
        return -EOPNOTSUPP;
    err = time__get(ts, &t);
    if (err)
        return err;
    if (!(flags & TIMER_ABSTIME))
        return sleep_call(t, left);
    if (clock == CLOCK_REALTIME || clock == CLOCK_TAI ||
        clock == CLOCK_REALTIME_ALARM)
        t = time__from_realtime(t);
    err = thread_sleep_until(t, WAIT_INTERRUPTIBLE);
    return err ? -ERESTARTNOHAND : 0;
}

/* Sleeps resume by task.resume, so nothing ever asks for this one. */
long sys_restart_syscall(void)
{
    return -EINTR;
}
