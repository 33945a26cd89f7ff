/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timerfd: a timer that is read. An interval timer fires once and is set
 * again by the read, which counts the periods that passed; so a tiny interval
 * costs nothing while nobody reads.
 *
 * A real-time deadline is turned into a monotonic one when it is set; setting
 * the clock later does not move it.
 */
#include "io_priv.h"

struct timerfd {
    struct spinlock lock;       /* interrupts off */
    struct timer timer;
    struct waitq wq;
    bool expired;               /* [lock] fired and not yet read */
    nsec_t deadline;            /* [lock] the next or the last; monotonic */
    nsec_t interval;            /* [lock] 0: one shot */
    int clock;                  /* [I] */
    uint64_t ino;               /* [I] */
};

static void timerfd_fire(struct timer *timer)
{
    struct timerfd *t = timer->arg;

    spin_lock(&t->lock);
    __atomic_store_n(&t->expired, true, __ATOMIC_RELAXED);
    spin_unlock(&t->lock);
    waitq_wake_all(&t->wq);
}

/* Periods over since the last read; arms the next one. */
static uint64_t take(struct timerfd *t)
{
    uint64_t flags = spin_lock_irqsave(&t->lock);
    uint64_t n = 0;
    nsec_t now;

    if (t->expired) {
        n = 1;
        t->expired = false;
        if (t->interval) {
            now = arch_clock();
            if (now > t->deadline)
                n += (now - t->deadline) / t->interval;
            t->deadline += n * t->interval;
            timer_set(&t->timer, t->deadline);
        } else {
            t->deadline = NSEC_FOREVER;
        }
    }
    spin_unlock_irqrestore(&t->lock, flags);
    return n;
}

static ssize_t timerfd_read(struct file *f, struct iov_iter *it, off_t *pos)
{
    struct timerfd *t = f->private;
    uint64_t n;

    (void)pos;
    if (it->left < sizeof(n))
        return -EINVAL;
    n = take(t);
    if (!n) {
        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        if (waitq_wait(&t->wq, (n = take(t)) != 0, NSEC_FOREVER,
                       WAIT_INTERRUPTIBLE))
            return -ERESTARTSYS;
    }
    return copy_to_iter(it, &n, sizeof(n)) == sizeof(n) ? (ssize_t)sizeof(n)
                                                       : -EFAULT;
}

static uint32_t timerfd_poll(struct file *f, struct poll_table *pt)
{
    struct timerfd *t = f->private;

    poll_wait(pt, &t->wq);
    return __atomic_load_n(&t->expired, __ATOMIC_RELAXED) ? POLLIN : 0;
}

static int timerfd_stat(struct file *f, struct kstat *st)
{
    return io__stat_anon(st, 0600, ((struct timerfd *)f->private)->ino);
}

static int timerfd_name(struct file *f, char *buf, size_t size)
{
    (void)f;
    return scnprintf(buf, size, "anon_inode:[timerfd]");
}

static void timerfd_release(struct file *f)
{
    struct timerfd *t = f->private;

    timer_cancel(&t->timer);
    kfree(t);
}

static const struct file_ops timerfd_ops = {
    .type = "timerfd",
    .seek_noop = true,
    .read = timerfd_read,
    .poll = timerfd_poll,
    .stat = timerfd_stat,
    .name = timerfd_name,
    .release = timerfd_release,
};

struct file *timerfd_create_file(int clock, uint32_t flags)
{
    struct timerfd *t = kzalloc(sizeof(*t));
    struct file *f;

    if (!t)
        return NULL;
    spin_init(&t->lock);
    timer_init(&t->timer, timerfd_fire, t);
    waitq_init(&t->wq);
    t->deadline = NSEC_FOREVER;
    t->clock = clock;
    t->ino = io__ino_next();
    f = file_create(&timerfd_ops, t, (flags & O_NONBLOCK) | O_RDWR);
    if (!f)
        kfree(t);
    return f;
}

static void get_locked(const struct timerfd *t, nsec_t *value,
                       nsec_t *interval)
{
    nsec_t now = arch_clock(), next = t->deadline;

    *interval = t->interval;
    *value = 0;
    if (next == NSEC_FOREVER)
        return;
    if (next <= now && t->interval)
        next += ((now - next) / t->interval + 1) * t->interval;
    if (next > now)
        *value = next - now;
}

int timerfd_get(struct file *f, nsec_t *value, nsec_t *interval)
{
    struct timerfd *t = f->private;
    uint64_t flags;

    if (f->ops != &timerfd_ops)
        return -EINVAL;
    flags = spin_lock_irqsave(&t->lock);
    get_locked(t, value, interval);
    spin_unlock_irqrestore(&t->lock, flags);
    return 0;
}

/* The monotonic deadline of a setting; sums that wrap mean never. */
static nsec_t deadline_of(const struct timerfd *t, bool absolute,
                          nsec_t value)
{
    nsec_t now = arch_clock();
    uint64_t offset;

    if (!value)
        return NSEC_FOREVER;
    if (!absolute)
        return value > NSEC_FOREVER - 1 - now ? NSEC_FOREVER - 1 : now + value;
    if (t->clock != 0)
        return value;
    offset = clock_realtime_offset();
    return value > offset ? value - offset : 0;
}

int timerfd_set(struct file *f, bool absolute, nsec_t value, nsec_t interval,
                nsec_t *old_value, nsec_t *old_interval)
{
    struct timerfd *t = f->private;
    uint64_t flags;

    if (f->ops != &timerfd_ops)
        return -EINVAL;
    timer_cancel(&t->timer);    /* waits for one that fires now */
    flags = spin_lock_irqsave(&t->lock);
    get_locked(t, old_value, old_interval);
    __atomic_store_n(&t->expired, false, __ATOMIC_RELAXED);
    t->interval = interval;
    t->deadline = deadline_of(t, absolute, value);
    timer_set(&t->timer, t->deadline);
    spin_unlock_irqrestore(&t->lock, flags);
    return 0;
}
