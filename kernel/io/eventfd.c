/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * eventfd: a 64-bit counter that one adds to and another one takes.
 */
#include "io_priv.h"

#define COUNT_MAX (UINT64_MAX - 1)

struct eventfd {
    struct spinlock lock;
    bool semaphore;             /* [I] a read takes 1 */
    uint64_t count;             /* [lock] written; read also without */
    struct waitq rd, wr;
    uint64_t ino;               /* [I] */
};

static uint64_t count_of(const struct eventfd *e)
{
    return __atomic_load_n(&e->count, __ATOMIC_RELAXED);
}

/* What a read gives, 0 when there is nothing. */
static uint64_t take(struct eventfd *e)
{
    uint64_t n;

    spin_lock(&e->lock);
    n = e->semaphore && e->count ? 1 : e->count;
    __atomic_store_n(&e->count, e->count - n, __ATOMIC_RELAXED);
    spin_unlock(&e->lock);
    return n;
}

static bool add(struct eventfd *e, uint64_t n)
{
    bool fits;

    spin_lock(&e->lock);
    fits = n <= COUNT_MAX - e->count;
    if (fits)
        __atomic_store_n(&e->count, e->count + n, __ATOMIC_RELAXED);
    spin_unlock(&e->lock);
    return fits;
}

static ssize_t eventfd_read(struct file *f, struct iov_iter *it, off_t *pos)
{
    struct eventfd *e = f->private;
    uint64_t n;

    (void)pos;
    if (it->left < sizeof(n))
        return -EINVAL;
    n = take(e);
    if (!n) {
        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        if (waitq_wait(&e->rd, (n = take(e)) != 0, NSEC_FOREVER,
                       WAIT_INTERRUPTIBLE | WAIT_EXCLUSIVE))
            return -ERESTARTSYS;
    }
    waitq_wake(&e->wr, ~0u, WRITE_EVENTS);
    if (count_of(e))
        waitq_wake(&e->rd, 1, READ_EVENTS);
    return copy_to_iter(it, &n, sizeof(n)) == sizeof(n) ? (ssize_t)sizeof(n)
                                                       : -EFAULT;
}

static ssize_t eventfd_write(struct file *f, struct iov_iter *it, off_t *pos)
{
    struct eventfd *e = f->private;
    uint64_t n;

    (void)pos;
    if (it->left < sizeof(n))
        return -EINVAL;
    if (copy_from_iter(it, &n, sizeof(n)) != sizeof(n))
        return -EFAULT;
    if (n == UINT64_MAX)
        return -EINVAL;
    if (!add(e, n)) {
        if (f->flags & O_NONBLOCK)
            return -EAGAIN;
        if (waitq_wait(&e->wr, add(e, n), NSEC_FOREVER, WAIT_INTERRUPTIBLE))
            return -ERESTARTSYS;
    }
    waitq_wake(&e->rd, 1, READ_EVENTS);
    return sizeof(n);
}

static uint32_t eventfd_poll(struct file *f, struct poll_table *pt)
{
    struct eventfd *e = f->private;
    uint64_t n;

    poll_wait(pt, &e->rd);
    poll_wait(pt, &e->wr);
    n = count_of(e);
    return (n ? POLLIN : 0) | (n < COUNT_MAX ? POLLOUT : 0);
}

static int eventfd_stat(struct file *f, struct kstat *st)
{
    return io__stat_anon(st, 0600, ((struct eventfd *)f->private)->ino);
}

static int eventfd_name(struct file *f, char *buf, size_t size)
{
    (void)f;
    return scnprintf(buf, size, "anon_inode:[eventfd]");
}

static void eventfd_release(struct file *f)
{
    kfree(f->private);
}

static const struct file_ops eventfd_ops = {
    .type = "eventfd",
    .seek_noop = true,
    .read = eventfd_read,
    .write = eventfd_write,
    .poll = eventfd_poll,
    .stat = eventfd_stat,
    .name = eventfd_name,
    .release = eventfd_release,
};

struct file *eventfd_create(uint32_t initial, bool semaphore, uint32_t flags)
{
    struct eventfd *e = kzalloc(sizeof(*e));
    struct file *f;

    if (!e)
        return NULL;
    spin_init(&e->lock);
    waitq_init(&e->rd);
    waitq_init(&e->wr);
    e->semaphore = semaphore;
    e->count = initial;
    e->ino = io__ino_next();
    f = file_create(&eventfd_ops, e, (flags & O_NONBLOCK) | O_RDWR);
    if (!f)
        kfree(e);
    return f;
}
