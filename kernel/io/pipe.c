/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pipes and FIFOs: a ring of slots, each at most a page of bytes. As on Linux
 * a write fills up the last slot only if its odd bytes fit there whole, so
 * that up to PIPE_BUF bytes stay together and one free slot is room enough.
 * Pages appear when first used and stay in their slot.
 *
 * Readers and writers wait exclusively; who leaves bytes (or room) behind
 * wakes the next one. The wait queues are looked at after the unlock, which
 * is a full barrier, so an empty queue costs one load.
 */
#include "io_priv.h"

#define PIPE_BUF  4096u
#define FIONREAD  0x541bu

_Static_assert(PIPE_BUF <= PAGE_SIZE, "an atomic write fits a slot");

struct slot {
    char *page;                 /* NULL: not yet used */
    uint32_t start, len;        /* the bytes in it */
};

/* [l] lock; written under it, read without it where a hint does */
struct pipe {
    struct mutex lock;
    struct waitq rd, wr;        /* data or no writer; room or no reader */
    uint32_t refs;              /* [a] one an open end, one of the slot */
    uint32_t head;              /* [l] the slot that is read next */
    uint32_t used;              /* [l] slots with bytes */
    uint32_t count;             /* [l] slots, a power of two */
    struct slot *slots;         /* [l] */
    uint32_t readers, writers;  /* [l] */
    uint32_t r_opens, w_opens;  /* [l] ever, for FIFO opens that wait */
    bool had_writer;            /* [l] since the last reader came */
    uint64_t ino;               /* [I] */
};

static uint32_t load(const uint32_t *p)
{
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static void store(uint32_t *p, uint32_t v)
{
    __atomic_store_n(p, v, __ATOMIC_RELAXED);
}

static struct pipe *pipe_new(void)
{
    struct pipe *p = kzalloc(sizeof(*p));

    if (!p)
        return NULL;
    p->count = PIPE_BYTES / PAGE_SIZE;
    p->slots = kcalloc(p->count, sizeof(*p->slots));
    if (!p->slots) {
        kfree(p);
        return NULL;
    }
    p->refs = 1;
    p->ino = io__ino_next();
    mutex_init(&p->lock);
    waitq_init(&p->rd);
    waitq_init(&p->wr);
    return p;
}

static void pages_free(struct pipe *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        kfree(p->slots[i].page);
        p->slots[i] = (struct slot){ NULL, 0, 0 };
    }
}

static void pipe_unref(struct pipe *p)
{
    if (__atomic_fetch_sub(&p->refs, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    pages_free(p);
    kfree(p->slots);
    kfree(p);
}

static void wake(struct waitq *w, unsigned n, uint32_t events)
{
    if (waitq_busy(w))
        waitq_wake(w, n, events);
}

/* ---------------- moving bytes, locked ---------------- */

/* The n-th slot in use, or the first free one. */
static struct slot *slot_at(const struct pipe *p, uint32_t n)
{
    return &p->slots[(p->head + n) & (p->count - 1)];
}

static ssize_t take_locked(struct pipe *p, struct iov_iter *it)
{
    size_t done = 0;

    while (p->used && it->left) {
        struct slot *s = slot_at(p, 0);
        size_t n = MIN((size_t)s->len, it->left);
        ssize_t got = copy_to_iter(it, s->page + s->start, n);

        if (got < 0)
            return done ? (ssize_t)done : got;
        done += (size_t)got;
        s->start += (uint32_t)got;
        s->len -= (uint32_t)got;
        if (!s->len) {
            p->head++;
            store(&p->used, p->used - 1);
        }
        if ((size_t)got < n)
            break;
    }
    if (!p->used)
        p->head = 0;            /* stay in the page that is warm */
    return (ssize_t)done;
}

/* Adds n bytes to the slot. */
static ssize_t fill(struct slot *s, struct iov_iter *it, size_t n)
{
    ssize_t got;

    if (!s->page)
        s->page = kmalloc(PAGE_SIZE);
    if (!s->page)
        return -ENOMEM;
    got = copy_from_iter(it, s->page + s->start + s->len, n);
    if (got > 0)
        s->len += (uint32_t)got;
    return got;
}

static ssize_t put_locked(struct pipe *p, struct iov_iter *it)
{
    size_t odd = it->left % PAGE_SIZE, done = 0, n;
    ssize_t got;

    if (odd && p->used) {
        struct slot *last = slot_at(p, p->used - 1);

        if (last->start + last->len + odd <= PAGE_SIZE) {
            got = fill(last, it, odd);
            if (got < (ssize_t)odd)
                return got;
            done = odd;
        }
    }
    while (p->used < p->count && it->left) {
        struct slot *s = slot_at(p, p->used);

        n = MIN((size_t)PAGE_SIZE, it->left);
        s->start = s->len = 0;
        got = fill(s, it, n);
        if (got < 0)
            return done ? (ssize_t)done : got;
        done += (size_t)got;
        store(&p->used, p->used + 1);
        if ((size_t)got < n)
            break;
    }
    return (ssize_t)done;
}

/* ---------------- file ops ---------------- */

static ssize_t pipe_read(struct file *f, struct iov_iter *it, off_t *pos)
{
    struct pipe *p = f->private;
    uint32_t writers, left;
    bool was_full, room;
    ssize_t n;

    (void)pos;
    if (!it->left)
        return 0;
    for (;;) {
        mutex_lock(&p->lock);
        was_full = p->used == p->count;
        n = take_locked(p, it);
        writers = p->writers;
        left = p->used;
        room = left < p->count;
        mutex_unlock(&p->lock);
        if (n) {
            if (was_full && room)
                wake(&p->wr, 1, WRITE_EVENTS);
            if (left)
                wake(&p->rd, 1, READ_EVENTS);
            return n;
        }
        if (!writers)
            return 0;
        if (load(&f->flags) & O_NONBLOCK)
            return -EAGAIN;
        if (waitq_wait(&p->rd, load(&p->used) || !load(&p->writers),
                       NSEC_FOREVER, WAIT_INTERRUPTIBLE | WAIT_EXCLUSIVE))
            return -ERESTARTSYS;
    }
}

static bool has_room(const struct pipe *p)
{
    return load(&p->used) < load(&p->count);
}

static ssize_t pipe_write(struct file *f, struct iov_iter *it, off_t *pos)
{
    struct pipe *p = f->private;
    ssize_t n, done = 0;
    bool full;

    (void)pos;
    while (it->left) {
        mutex_lock(&p->lock);
        n = p->readers ? put_locked(p, it) : -EPIPE;
        full = p->used == p->count;
        mutex_unlock(&p->lock);
        if (n < 0)
            return done ? done : n;
        if (n) {
            done += n;
            wake(&p->rd, 1, READ_EVENTS);
        }
        if (!it->left)
            break;
        if (!full)
            return done;        /* the rest is at a bad address */
        if (load(&f->flags) & O_NONBLOCK)
            return done ? done : -EAGAIN;
        if (waitq_wait(&p->wr, has_room(p) || !load(&p->readers),
                       NSEC_FOREVER, WAIT_INTERRUPTIBLE | WAIT_EXCLUSIVE))
            return done ? done : -ERESTARTSYS;
    }
    if (waitq_busy(&p->wr) && has_room(p))
        waitq_wake(&p->wr, 1, WRITE_EVENTS);
    return done;
}

static uint32_t pipe_poll(struct file *f, struct poll_table *pt)
{
    struct pipe *p = f->private;
    uint32_t mode = f->flags & O_ACCMODE, ev = 0;

    if (mode != O_WRONLY)
        poll_wait(pt, &p->rd);
    if (mode != O_RDONLY)
        poll_wait(pt, &p->wr);
    if (mode != O_WRONLY) {
        if (load(&p->used))
            ev |= READ_EVENTS;
        if (!load(&p->writers) &&
            __atomic_load_n(&p->had_writer, __ATOMIC_RELAXED))
            ev |= POLLHUP;
    }
    if (mode != O_RDONLY) {
        if (has_room(p))
            ev |= WRITE_EVENTS;
        if (!load(&p->readers))
            ev |= POLLERR;
    }
    return ev;
}

static int32_t bytes_in(struct pipe *p)
{
    uint32_t n = 0;

    mutex_lock(&p->lock);
    for (uint32_t i = 0; i < p->used; i++)
        n += slot_at(p, i)->len;
    mutex_unlock(&p->lock);
    return (int32_t)n;
}

static long pipe_ioctl(struct file *f, unsigned cmd, uaddr_t arg)
{
    struct pipe *p = f->private;

    if (cmd != FIONREAD)
        return -ENOTTY;
    return put_user(arg, bytes_in(p));
}

static int pipe_stat(struct file *f, struct kstat *st)
{
    struct pipe *p = f->private;

    return io__stat_anon(st, S_IFIFO | 0600, p->ino);
}

static int pipe_name(struct file *f, char *buf, size_t size)
{
    struct pipe *p = f->private;

    return scnprintf(buf, size, "pipe:[%llu]", (unsigned long long)p->ino);
}

static void pipe_release(struct file *f)
{
    struct pipe *p = f->private;
    uint32_t mode = f->flags & O_ACCMODE;

    mutex_lock(&p->lock);
    if (mode != O_WRONLY)
        store(&p->readers, p->readers - 1);
    if (mode != O_RDONLY)
        store(&p->writers, p->writers - 1);
    if (!p->readers && !p->writers) {
        pages_free(p);
        p->head = 0;
        store(&p->used, 0);
        p->had_writer = false;
    }
    mutex_unlock(&p->lock);
    waitq_wake(&p->rd, ~0u, READ_EVENTS | POLLHUP);
    waitq_wake(&p->wr, ~0u, WRITE_EVENTS | POLLERR);
    pipe_unref(p);
}

static const struct file_ops pipe_ops = {
    .type = "pipe",
    .read = pipe_read,
    .write = pipe_write,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .stat = pipe_stat,
    .name = pipe_name,
    .release = pipe_release,
};

bool file_is_pipe(const struct file *f)
{
    return f->ops == &pipe_ops;
}

/* ---------------- making and sizing ---------------- */

/* Counts a new end in. Takes over a reference on p. */
static struct file *end_create(struct pipe *p, uint32_t flags)
{
    struct file *f = file_create(&pipe_ops, p, flags);

    if (!f)
        return NULL;
    mutex_lock(&p->lock);
    if ((flags & O_ACCMODE) != O_WRONLY) {
        store(&p->readers, p->readers + 1);
        store(&p->r_opens, p->r_opens + 1);
    }
    if ((flags & O_ACCMODE) != O_RDONLY) {
        store(&p->writers, p->writers + 1);
        store(&p->w_opens, p->w_opens + 1);
        p->had_writer = true;
    }
    mutex_unlock(&p->lock);
    return f;
}

int pipe_create(struct file *ends[2], uint32_t flags)
{
    struct pipe *p = pipe_new();

    if (!p)
        return -ENOMEM;
    flags &= O_NONBLOCK | O_DIRECT;
    ends[0] = end_create(p, flags | O_RDONLY);
    if (!ends[0]) {
        pipe_unref(p);
        return -ENFILE;
    }
    __atomic_fetch_add(&p->refs, 1, __ATOMIC_RELAXED);
    ends[1] = end_create(p, flags | O_WRONLY);
    if (!ends[1]) {
        pipe_unref(p);
        file_unref(ends[0]);
        return -ENFILE;
    }
    return 0;
}

static int resize_locked(struct pipe *p, uint32_t count)
{
    struct slot *slots;

    if (p->used > count)
        return -EBUSY;
    slots = kcalloc(count, sizeof(*slots));
    if (!slots)
        return -ENOMEM;
    for (uint32_t i = 0; i < p->count; i++) {
        if (i < count)
            slots[i] = *slot_at(p, i);
        else
            kfree(slot_at(p, i)->page);
    }
    kfree(p->slots);
    p->slots = slots;
    p->head = 0;
    store(&p->count, count);
    return 0;
}

long pipe_size(struct file *f, long set)
{
    struct pipe *p = f->private;
    uint32_t count = 1;
    int err = 0;

    if (!file_is_pipe(f))
        return -EBADF;
    if (set <= 0)
        return (long)(load(&p->count) * PAGE_SIZE);
    if (set > PIPE_BYTES_MAX)
        return -EPERM;
    while ((long)(count * PAGE_SIZE) < set)
        count *= 2;
    mutex_lock(&p->lock);
    if (count != p->count)
        err = resize_locked(p, count);
    mutex_unlock(&p->lock);
    if (err)
        return err;
    wake(&p->wr, ~0u, WRITE_EVENTS);
    return (long)(count * PAGE_SIZE);
}

/* ---------------- FIFOs ---------------- */

static struct pipe *slot_get(void **slot, struct mutex *lock)
{
    struct pipe *p;

    mutex_lock(lock);
    if (!*slot)
        *slot = pipe_new();
    p = *slot;
    if (p)
        __atomic_fetch_add(&p->refs, 1, __ATOMIC_RELAXED);
    mutex_unlock(lock);
    return p;
}

/* Waits for the other side; one that came and went meanwhile counts. */
static int partner_wait(struct pipe *p, uint32_t mode)
{
    uint32_t seen;

    if (mode == O_RDONLY) {
        seen = load(&p->w_opens);
        return waitq_wait(&p->rd, load(&p->writers) ||
                          load(&p->w_opens) != seen,
                          NSEC_FOREVER, WAIT_INTERRUPTIBLE);
    }
    seen = load(&p->r_opens);
    return waitq_wait(&p->wr, load(&p->readers) || load(&p->r_opens) != seen,
                      NSEC_FOREVER, WAIT_INTERRUPTIBLE);
}

struct file *fifo_open(void **slot, struct mutex *lock, uint32_t flags)
{
    uint32_t mode = flags & O_ACCMODE;
    struct pipe *p = slot_get(slot, lock);
    struct file *f;

    if (!p)
        return ERR_PTR(-ENOMEM);
    if (mode == O_WRONLY && (flags & O_NONBLOCK) && !load(&p->readers)) {
        pipe_unref(p);
        return ERR_PTR(-ENXIO);
    }
    f = end_create(p, flags);
    if (!f) {
        pipe_unref(p);
        return ERR_PTR(-ENOMEM);
    }
    waitq_wake_all(&p->rd);
    waitq_wake_all(&p->wr);
    if (mode != O_RDWR && !(flags & O_NONBLOCK) && partner_wait(p, mode)) {
        file_unref(f);
        return ERR_PTR(-ERESTARTSYS);
    }
    return f;
}

void fifo_release(void *slot)
{
    if (slot)
        pipe_unref(slot);
}
