/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pipes and FIFOs: a ring of slots, each at most a page of bytes. As on Linux
 * a write fills up the last slot only if its odd bytes fit there whole, so
 * that up to PIPE_BUF bytes stay together and one free slot is room enough.
 * Pages appear when first used and stay in their slot.
 *
 * Readers and writers wait exclusively; who was woken and leaves bytes (or
 * room) behind wakes the next one. Others must not: a set that watches for
 * edges would see one. The wait queues are looked at after the unlock, which
 * is a full barrier, so an empty queue costs one load.
 */
#include "io_priv.h"

#define PIPE_BUF  4096u
#define FIONREAD  0x541bu
#define SPLICE_SEGMENTS 16u     /* slots moved at once */

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
    bool was_full, room, waited = false;
    uint32_t writers, left;
    ssize_t n;

    (void)pos;
    if (!it->left)
        return 0;
    for (;;) {
        if (!load(&p->used) && load(&p->writers) &&
            !(load(&f->flags) & O_NONBLOCK))
            goto wait;
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
            if (left && waited)
                wake(&p->rd, 1, READ_EVENTS);
            return n;
        }
        if (!writers)
            return 0;
        if (load(&f->flags) & O_NONBLOCK)
            return -EAGAIN;
wait:
        waited = true;
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
    bool full, waited = false;
    ssize_t n, done = 0;

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
        waited = true;
        if (waitq_wait(&p->wr, has_room(p) || !load(&p->readers),
                       NSEC_FOREVER, WAIT_INTERRUPTIBLE | WAIT_EXCLUSIVE))
            return done ? done : -ERESTARTSYS;
    }
    if (waited && waitq_busy(&p->wr) && has_room(p))
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

/* ---------------- splice ---------------- */

/* Locks p with bytes in it: 1. 0: none will come; -Exxx. */
static int reader_enter(struct pipe *p, bool nonblock)
{
    for (;;) {
        bool writers;

        mutex_lock(&p->lock);
        if (p->used)
            return 1;
        writers = p->writers;
        mutex_unlock(&p->lock);
        if (!writers)
            return 0;
        if (nonblock)
            return -EAGAIN;
        if (waitq_wait(&p->rd, load(&p->used) || !load(&p->writers),
                       NSEC_FOREVER, WAIT_INTERRUPTIBLE | WAIT_EXCLUSIVE))
            return -ERESTARTSYS;
    }
}

/* Locks p with a free slot and a reader: 0, or -Exxx. */
static int writer_enter(struct pipe *p, bool nonblock)
{
    for (;;) {
        int err = 0;

        mutex_lock(&p->lock);
        if (!p->readers)
            err = -EPIPE;
        else if (p->used < p->count)
            return 0;
        mutex_unlock(&p->lock);
        if (!err && nonblock)
            err = -EAGAIN;
        if (!err && waitq_wait(&p->wr, has_room(p) || !load(&p->readers),
                               NSEC_FOREVER,
                               WAIT_INTERRUPTIBLE | WAIT_EXCLUSIVE))
            err = -ERESTARTSYS;
        if (err)
            return err;
    }
}

/* Unlocks, and passes on what the others may wait for. */
static void leave(struct pipe *p)
{
    mutex_unlock(&p->lock);
    if (load(&p->used))
        wake(&p->rd, 1, READ_EVENTS);
    if (has_room(p))
        wake(&p->wr, 1, WRITE_EVENTS);
}

static void consume_locked(struct pipe *p, size_t n)
{
    while (n) {
        struct slot *s = slot_at(p, 0);
        uint32_t part = (uint32_t)MIN((size_t)s->len, n);

        s->start += part;
        s->len -= part;
        n -= part;
        if (!s->len) {
            p->head++;
            store(&p->used, p->used - 1);
        }
    }
}

/* Up to n of the bytes in it, as segments for who copies them. */
static void used_iter(struct pipe *p, struct iov_iter *it, struct iovec *iov,
                      size_t n)
{
    unsigned k = 0;
    size_t total;

    for (total = 0; k < p->used && k < SPLICE_SEGMENTS && total < n; k++) {
        struct slot *s = slot_at(p, k);

        iov[k].base = (uintptr_t)(s->page + s->start);
        iov[k].len = MIN((size_t)s->len, n - total);
        total += iov[k].len;
    }
    iov_iter_init(it, iov, k, total);
    it->kernel = true;
}

/* The same of its free slots, as far as there is memory for them. */
static void free_iter(struct pipe *p, struct iov_iter *it, struct iovec *iov,
                      size_t n)
{
    size_t total = 0;
    unsigned k = 0;

    for (; k < SPLICE_SEGMENTS && p->used + k < p->count && total < n; k++) {
        struct slot *s = slot_at(p, p->used + k);

        if (!s->page)
            s->page = kmalloc(PAGE_SIZE);
        if (!s->page)
            break;
        iov[k].base = (uintptr_t)s->page;
        iov[k].len = MIN((size_t)PAGE_SIZE, n - total);
        total += iov[k].len;
    }
    iov_iter_init(it, iov, k, total);
    it->kernel = true;
}

/* n bytes were put where free_iter said. */
static void produce_locked(struct pipe *p, size_t n)
{
    while (n) {
        struct slot *s = slot_at(p, p->used);

        s->start = 0;
        s->len = (uint32_t)MIN((size_t)PAGE_SIZE, n);
        n -= s->len;
        store(&p->used, p->used + 1);
    }
}

ssize_t pipe_drain(struct file *f, size_t n, bool nonblock,
                   ssize_t (*sink)(void *arg, struct iov_iter *it), void *arg)
{
    struct pipe *p = f->private;
    struct iovec iov[SPLICE_SEGMENTS];
    struct iov_iter it;
    ssize_t done = reader_enter(p, nonblock);

    if (done <= 0)
        return done;
    used_iter(p, &it, iov, n);
    done = sink(arg, &it);
    if (done > 0)
        consume_locked(p, (size_t)done);
    leave(p);
    return done;
}

ssize_t pipe_feed(struct file *f, size_t n, bool nonblock,
                  ssize_t (*source)(void *arg, struct iov_iter *it), void *arg)
{
    struct pipe *p = f->private;
    struct iovec iov[SPLICE_SEGMENTS];
    struct iov_iter it;
    ssize_t done = writer_enter(p, nonblock);

    if (done)
        return done;
    free_iter(p, &it, iov, n);
    done = it.left ? source(arg, &it) : -ENOMEM;
    if (done > 0)
        produce_locked(p, (size_t)done);
    leave(p);
    return done;
}

/* Copies from a to b, both locked and b with a free slot. */
static ssize_t pour_locked(struct pipe *a, struct pipe *b, size_t n)
{
    struct iovec iov[SPLICE_SEGMENTS];
    struct iov_iter it;

    used_iter(a, &it, iov, n);
    return put_locked(b, &it);
}

ssize_t pipe_pour(struct file *from, struct file *to, size_t n, bool keep,
                  bool nonblock)
{
    struct pipe *a = from->private, *b = to->private;
    ssize_t done = 0;

    if (a == b)
        return -EINVAL;
    while (!done) {
        int r = reader_enter(a, nonblock);

        if (r <= 0)
            return r;
        mutex_unlock(&a->lock);
        r = writer_enter(b, nonblock);
        if (r)
            return r;
        if (a < b) {            /* by address */
            mutex_unlock(&b->lock);
            mutex_lock(&a->lock);
            mutex_lock(&b->lock);
        } else {
            mutex_lock(&a->lock);
        }
        if (a->used && b->used < b->count && b->readers)
            done = pour_locked(a, b, n);
        if (done > 0 && !keep)
            consume_locked(a, (size_t)done);
        leave(a);
        leave(b);
    }
    return done;
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
