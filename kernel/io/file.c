/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct file: its memory, references, and the wrappers that check what every
 * file has in common before its ops run.
 *
 * F1  The memory of a file is never given back, only used for another file:
 *     a lookup may touch `refs` of a file that was just freed, and then finds
 *     0 or somebody else's count, and looks again.
 */
#include "io_priv.h"

static struct spinlock pool_lock = SPINLOCK_INIT;
static struct file *pool;               /* [pool_lock] */
static uint64_t in_use;                 /* [pool_lock] */
static uint64_t last_ino;               /* [a] */

static const struct file_vnode_ops *vnode_ops;     /* [I] after start-up */

void file_vnode_ops_set(const struct file_vnode_ops *ops)
{
    vnode_ops = ops;
}

static struct file *pool_take(void)
{
    uint64_t flags = spin_lock_irqsave(&pool_lock);
    struct file *f = pool;

    if (f)
        pool = f->next_free;
    in_use++;
    spin_unlock_irqrestore(&pool_lock, flags);
    return f;
}

static void pool_untake(void)
{
    uint64_t flags = spin_lock_irqsave(&pool_lock);

    in_use--;
    spin_unlock_irqrestore(&pool_lock, flags);
}

uint64_t file_count(void)
{
    return __atomic_load_n(&in_use, __ATOMIC_RELAXED);
}

static void pool_give(struct file *f)
{
    uint64_t flags = spin_lock_irqsave(&pool_lock);

    f->next_free = pool;
    pool = f;
    in_use--;
    spin_unlock_irqrestore(&pool_lock, flags);
}

struct file *file_create(const struct file_ops *ops, void *private,
                         uint32_t flags)
{
    struct file *f;

    if (fault_should_fail(FAULT_ALLOC))
        return NULL;
    f = pool_take();
    if (!f)
        f = kzalloc(sizeof(*f));
    if (!f) {
        pool_untake();
        return NULL;
    }
    f->ops = ops;
    f->private = private;
    f->flags = flags;
    f->pos = 0;
    mutex_init(&f->pos_lock);
    list_init(&f->epoll_items);
    f->vnode = NULL;
    f->owner_pid = f->owner_sig = 0;
    __atomic_store_n(&f->refs, 1, __ATOMIC_RELEASE);    /* F1: last */
    return f;
}

struct file *file_ref(struct file *f)
{
    __atomic_fetch_add(&f->refs, 1, __ATOMIC_RELAXED);
    return f;
}

bool io__file_tryref(struct file *f)
{
    uint32_t n = __atomic_load_n(&f->refs, __ATOMIC_RELAXED);

    while (n)
        if (__atomic_compare_exchange_n(&f->refs, &n, n + 1, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return true;
    return false;
}

static void file_end(struct file *f)
{
    if (!list_empty(&f->epoll_items))
        io__epoll_forget(f);
    if (f->ops->release)
        f->ops->release(f);
    if (f->vnode && vnode_ops)
        vnode_ops->put(f);
    pool_give(f);
}

/* Sockets can hold sockets that hold sockets: a chain of them ends one after
 * the other, not one inside the other. */
__attribute__((noinline))
static void last_unref(struct file *f)
{
    struct thread *self = thread_current();

    if (!self) {
        file_end(f);
        return;
    }
    f->next_free = self->files_ended;
    self->files_ended = f;
    if (self->files_ending)
        return;
    self->files_ending = true;
    while ((f = self->files_ended) != NULL) {
        self->files_ended = f->next_free;
        file_end(f);
    }
    self->files_ending = false;
}

void file_unref(struct file *f)
{
    if (unlikely(__atomic_sub_fetch(&f->refs, 1, __ATOMIC_ACQ_REL) == 0))
        last_unref(f);
}

/* ---------------- wrappers ---------------- */

static bool readable(const struct file *f)
{
    uint32_t flags = __atomic_load_n(&f->flags, __ATOMIC_RELAXED);

    return (flags & O_ACCMODE) != O_WRONLY && !(flags & O_PATH);
}

static bool writable(const struct file *f)
{
    uint32_t flags = __atomic_load_n(&f->flags, __ATOMIC_RELAXED);

    return (flags & O_ACCMODE) != O_RDONLY && !(flags & O_PATH);
}

/* Only files that can seek have a position. */
static bool has_pos(const struct file *f)
{
    return f->ops->seek && !f->ops->pos_unused;
}

/* A lone holder needs no lock. */
static bool pos_enter(struct file *f)
{
    if (__atomic_load_n(&f->refs, __ATOMIC_RELAXED) == 1)
        return false;
    mutex_lock(&f->pos_lock);
    return true;
}

static void pos_leave(struct file *f, bool locked)
{
    if (locked)
        mutex_unlock(&f->pos_lock);
}

typedef ssize_t rw_fn(struct file *f, struct iov_iter *it, off_t *pos);

/* Out of line: what has no position needs no frame. */
__attribute__((noinline))
static ssize_t at_pos(struct file *f, struct iov_iter *it, rw_fn *fn)
{
    bool locked;
    ssize_t n;

    locked = pos_enter(f);
    n = fn(f, it, &f->pos);
    pos_leave(f, locked);
    return n;
}

ssize_t file_read(struct file *f, struct iov_iter *it)
{
    if (unlikely(!readable(f)))
        return -EBADF;
    if (unlikely(!f->ops->read))
        return -EINVAL;
    return has_pos(f) ? at_pos(f, it, f->ops->read)
                      : f->ops->read(f, it, NULL);
}

ssize_t file_write(struct file *f, struct iov_iter *it)
{
    if (unlikely(!writable(f)))
        return -EBADF;
    if (unlikely(!f->ops->write))
        return -EINVAL;
    return has_pos(f) ? at_pos(f, it, f->ops->write)
                      : f->ops->write(f, it, NULL);
}

ssize_t file_pread(struct file *f, struct iov_iter *it, off_t pos)
{
    if (pos < 0)
        return -EINVAL;
    if (!readable(f))
        return -EBADF;
    if (!f->ops->seek)
        return -ESPIPE;
    return f->ops->read ? f->ops->read(f, it, &pos) : -EINVAL;
}

ssize_t file_pwrite(struct file *f, struct iov_iter *it, off_t pos)
{
    if (pos < 0)
        return -EINVAL;
    if (!writable(f))
        return -EBADF;
    if (!f->ops->seek)
        return -ESPIPE;
    return f->ops->write ? f->ops->write(f, it, &pos) : -EINVAL;
}

off_t file_seek(struct file *f, off_t off, int whence)
{
    bool locked;
    off_t pos;

    if (f->flags & O_PATH)
        return -EBADF;
    if (!f->ops->seek)
        return f->ops->seek_noop ? 0 : -ESPIPE;
    locked = pos_enter(f);
    pos = f->ops->seek(f, off, whence);
    pos_leave(f, locked);
    return pos;
}

long file_ioctl(struct file *f, unsigned cmd, uaddr_t arg)
{
    if (f->flags & O_PATH)
        return -EBADF;
    return f->ops->ioctl ? f->ops->ioctl(f, cmd, arg) : -ENOTTY;
}

uint32_t file_poll(struct file *f, struct poll_table *pt)
{
    if (!f->ops->poll)
        return READ_EVENTS | WRITE_EVENTS;
    return f->ops->poll(f, pt);
}

int file_stat(struct file *f, struct kstat *st)
{
    if (f->vnode && vnode_ops)
        return vnode_ops->stat(f, st);
    if (!f->ops->stat)
        return io__stat_anon(st, 0600, 0);
    return f->ops->stat(f, st);
}

int file_set_flags(struct file *f, uint32_t flags)
{
    const uint32_t mask = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME |
                          O_ASYNC;
    uint32_t old = __atomic_load_n(&f->flags, __ATOMIC_RELAXED);
    int err;

    if (old & O_PATH)
        return -EBADF;
    flags = (old & ~mask) | (flags & mask);
    if (f->ops->set_flags) {
        err = f->ops->set_flags(f, flags);
        if (err)
            return err;
    }
    __atomic_store_n(&f->flags, flags, __ATOMIC_RELAXED);
    return 0;
}

/* ---------------- for files without a file system ---------------- */

uint64_t io__ino_next(void)
{
    return __atomic_add_fetch(&last_ino, 1, __ATOMIC_RELAXED);
}

int io__stat_anon(struct kstat *st, uint32_t mode, uint64_t ino)
{
    memset(st, 0, sizeof(*st));
    st->mode = mode;
    st->ino = ino;
    st->nlink = 1;
    st->blksize = PAGE_SIZE;
    st->atime = st->mtime = st->ctime = st->btime = (int64_t)clock_realtime();
    return 0;
}
