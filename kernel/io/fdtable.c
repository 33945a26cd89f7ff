/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptor tables: number to file, lowest free number first.
 *
 * D1  Lookup takes no lock: it reads the slot, takes a reference (F1), and
 *     reads the slot again. So arrays that growth replaced live as long as
 *     the table; each is twice the one before.
 * D2  No number below first_free is free.
 */
#include "io_priv.h"

#define FDS_START 64u

struct fdarray {
    unsigned size;              /* [I] multiple of 64 */
    struct fdarray *older;      /* [I] */
    uint64_t *open, *cloexec;   /* [lock] bitmaps */
    struct file *files[];       /* [a] */
};

struct fdtable {
    struct spinlock lock;
    uint32_t refs;              /* [a] */
    bool single;                /* [a] */
    struct fdarray *array;      /* [a] replaced under lock */
    unsigned first_free;        /* [lock] D2 */
    unsigned count;             /* [lock] */
};

static struct fdarray *array_create(unsigned size)
{
    size_t maps = 2 * size / 8;
    struct fdarray *a;

    a = kzalloc(sizeof(*a) + size * sizeof(a->files[0]) + maps);
    if (!a)
        return NULL;
    a->size = size;
    a->open = (uint64_t *)&a->files[size];
    a->cloexec = a->open + size / 64;
    return a;
}

struct fdtable *fdtable_create(void)
{
    struct fdtable *t = kzalloc(sizeof(*t));

    if (!t)
        return NULL;
    t->array = array_create(FDS_START);
    if (!t->array) {
        kfree(t);
        return NULL;
    }
    spin_init(&t->lock);
    t->refs = 1;
    return t;
}

void fdtable_single_set(struct fdtable *t, bool single)
{
    __atomic_store_n(&t->single, single, __ATOMIC_SEQ_CST);
}

/* Doubles until `fd` fits; the table may have changed meanwhile. */
static int grow(struct fdtable *t, struct fdarray *old, unsigned fd)
{
    unsigned size = old->size;
    struct fdarray *a;

    while (size <= fd)
        size *= 2;
    a = array_create(size);
    if (!a)
        return -ENOMEM;
    spin_lock(&t->lock);
    if (t->array != old) {
        spin_unlock(&t->lock);
        kfree(a);
        return 0;
    }
    memcpy(a->files, old->files, old->size * sizeof(a->files[0]));
    memcpy(a->open, old->open, old->size / 8);
    memcpy(a->cloexec, old->cloexec, old->size / 8);
    a->older = old;
    __atomic_store_n(&t->array, a, __ATOMIC_RELEASE);
    spin_unlock(&t->lock);
    return 0;
}

/* ---------------- lookup ---------------- */

static struct file *slot_read(struct fdtable *t, unsigned fd)
{
    struct fdarray *a = __atomic_load_n(&t->array, __ATOMIC_ACQUIRE);

    if (fd >= a->size)
        return NULL;
    return __atomic_load_n(&a->files[fd], __ATOMIC_ACQUIRE);
}

/* The slot changes while we look; a reference to `wrong` is to be dropped. */
__attribute__((noinline))
static struct file *get_again(struct fdtable *t, unsigned fd,
                              struct file *wrong)
{
    if (wrong)
        file_unref(wrong);
    for (;;) {
        struct file *f = slot_read(t, fd);

        if (!f)
            return NULL;
        if (!io__file_tryref(f)) {
            cpu_relax();        /* being closed: the slot changes soon */
            continue;
        }
        if (slot_read(t, fd) == f)
            return f;           /* D1 */
        file_unref(f);
    }
}

struct file *fdtable_get(struct fdtable *t, int fd)
{
    struct thread *self = thread_current();
    bool single = __atomic_load_n(&t->single, __ATOMIC_RELAXED);
    struct file *f = slot_read(t, (unsigned)fd);
    uint32_t n;

    if (!f)
        return NULL;
    if (single && self->program) {
        self->files_borrowed++;
        return f;
    }
    n = __atomic_load_n(&f->refs, __ATOMIC_RELAXED);
    if (unlikely(!n || !__atomic_compare_exchange_n(&f->refs, &n, n + 1,
                                                    false, __ATOMIC_ACQUIRE,
                                                    __ATOMIC_RELAXED)))
        return get_again(t, (unsigned)fd, NULL);
    if (likely(slot_read(t, (unsigned)fd) == f))
        return f;               /* D1 */
    return get_again(t, (unsigned)fd, f);
}

void fdtable_put(struct file *f)
{
    struct thread *self = thread_current();

    if (self->files_borrowed)
        self->files_borrowed--;
    else
        file_unref(f);
}

/* ---------------- changes ---------------- */

/* The array of t, which is now locked, with room for fd. */
static struct fdarray *lock_with_room(struct fdtable *t, unsigned fd)
{
    for (;;) {
        struct fdarray *a;

        spin_lock(&t->lock);
        a = t->array;
        if (fd < a->size)
            return a;
        spin_unlock(&t->lock);
        if (grow(t, a, fd))
            return NULL;
    }
}

static void slot_set(struct fdtable *t, unsigned fd, struct file *f,
                     bool cloexec)
{
    struct fdarray *a = t->array;

    if (!bitmap_test(a->open, fd))
        t->count++;
    bitmap_set(a->open, fd);
    if (cloexec)
        bitmap_set(a->cloexec, fd);
    else
        bitmap_clear(a->cloexec, fd);
    __atomic_store_n(&a->files[fd], f, __ATOMIC_RELEASE);
}

/* Empties the slot; what was there, or NULL. */
static struct file *slot_clear_locked(struct fdtable *t, unsigned fd)
{
    struct fdarray *a = t->array;
    struct file *f;

    ASSERT(spin_held(&t->lock));
    if (fd >= a->size || !bitmap_test(a->open, fd))
        return NULL;
    f = a->files[fd];
    __atomic_store_n(&a->files[fd], NULL, __ATOMIC_RELEASE);
    bitmap_clear(a->open, fd);
    bitmap_clear(a->cloexec, fd);
    t->count--;
    t->first_free = MIN(t->first_free, fd);
    return f;
}

static void dropped(struct fdtable *t, struct file *f)
{
    if (f->ops->closed)
        f->ops->closed(f, t);
    file_unref(f);
}

int fdtable_install(struct fdtable *t, struct file *f, int min, int limit,
                    bool cloexec)
{
    unsigned want = (unsigned)min, fd, max;
    struct fdarray *a;

    max = limit < 0 ? 0 : MIN((unsigned)limit, (unsigned)FDS_MAX);
    for (;;) {
        if (want >= max)
            return -EMFILE;
        a = lock_with_room(t, want);
        if (!a)
            return -ENOMEM;
        fd = (unsigned)bitmap_find_clear(a->open, a->size,
                                         MAX(want, t->first_free));
        if (fd < a->size)
            break;
        spin_unlock(&t->lock);
        want = fd;              /* full: grow */
    }
    if (fd >= max) {
        spin_unlock(&t->lock);
        return -EMFILE;
    }
    if ((unsigned)min <= t->first_free)
        t->first_free = fd + 1;
    slot_set(t, fd, f, cloexec);
    spin_unlock(&t->lock);
    return (int)fd;
}

int fdtable_replace(struct fdtable *t, struct file *f, int fd, int limit,
                    bool cloexec)
{
    unsigned n = (unsigned)fd;
    struct file *old;

    if (fd < 0 || fd >= limit || n >= FDS_MAX)
        return -EBADF;
    if (!lock_with_room(t, n))
        return -ENOMEM;
    old = slot_clear_locked(t, n);
    if (n == t->first_free)
        t->first_free++;
    slot_set(t, n, file_ref(f), cloexec);
    spin_unlock(&t->lock);
    if (old)
        dropped(t, old);
    return fd;
}

int fdtable_close(struct fdtable *t, int fd)
{
    struct file *f;

    spin_lock(&t->lock);
    f = slot_clear_locked(t, (unsigned)fd);
    spin_unlock(&t->lock);
    if (!f)
        return -EBADF;
    dropped(t, f);
    return 0;
}

int fdtable_close_range(struct fdtable *t, unsigned first, unsigned last,
                        bool cloexec_only)
{
    if (first > last)
        return -EINVAL;
    for (size_t fd = first;; fd++) {
        struct file *f = NULL;
        struct fdarray *a;

        spin_lock(&t->lock);
        a = t->array;
        fd = bitmap_find_set(a->open, a->size, MIN(fd, a->size));
        if (fd >= a->size || fd > last) {
            spin_unlock(&t->lock);
            return 0;
        }
        if (cloexec_only)
            bitmap_set(a->cloexec, fd);
        else
            f = slot_clear_locked(t, (unsigned)fd);
        spin_unlock(&t->lock);
        if (f)
            dropped(t, f);
    }
}

void fdtable_unref(struct fdtable *t)
{
    struct fdarray *a, *older;

    if (__atomic_fetch_sub(&t->refs, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    fdtable_close_range(t, 0, ~0u, false);
    for (a = t->array; a; a = older) {
        older = a->older;
        kfree(a);
    }
    kfree(t);
}

int fdtable_cloexec_get(struct fdtable *t, int fd)
{
    int ret = -EBADF;
    struct fdarray *a;

    spin_lock(&t->lock);
    a = t->array;
    if ((unsigned)fd < a->size && bitmap_test(a->open, (unsigned)fd))
        ret = bitmap_test(a->cloexec, (unsigned)fd);
    spin_unlock(&t->lock);
    return ret;
}

int fdtable_cloexec_set(struct fdtable *t, int fd, bool on)
{
    int ret = -EBADF;
    struct fdarray *a;

    spin_lock(&t->lock);
    a = t->array;
    if ((unsigned)fd < a->size && bitmap_test(a->open, (unsigned)fd)) {
        if (on)
            bitmap_set(a->cloexec, (unsigned)fd);
        else
            bitmap_clear(a->cloexec, (unsigned)fd);
        ret = 0;
    }
    spin_unlock(&t->lock);
    return ret;
}

unsigned fdtable_count(struct fdtable *t)
{
    return __atomic_load_n(&t->count, __ATOMIC_RELAXED);
}

unsigned fdtable_size(struct fdtable *t)
{
    return __atomic_load_n(&t->array, __ATOMIC_ACQUIRE)->size;
}

int fdtable_next(struct fdtable *t, int fd)
{
    struct fdarray *a;
    size_t n, size;

    if (fd < 0)
        fd = 0;
    spin_lock(&t->lock);
    a = t->array;
    size = a->size;
    n = bitmap_find_set(a->open, size, MIN((size_t)fd, size));
    spin_unlock(&t->lock);
    return n < size ? (int)n : -1;
}
