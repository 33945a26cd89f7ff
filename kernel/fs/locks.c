/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Record locks (by owner and byte range) and flock (by open file). Both are
 * lists at the vnode; one spin lock guards all lists, one queue holds all who
 * wait, since locks are rare and waits rarer.
 *
 * An owner's locks never overlap and never conflict with its own. A wait that
 * could close a circle of waits ends with -EDEADLK.
 */
#include "fs_priv.h"

#define LOCK_SH 1
#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8
#define DEADLOCK_STEPS 64

enum { RD, WR, UN };

struct range_lock {
    struct list link;
    const void *owner;
    int type, pid;
    uint64_t start, end;        /* end inclusive */
};

struct flock {
    struct list link;
    struct file *file;          /* not referenced: dropped at its release */
    bool exclusive;
};

struct vnode_locks {
    struct list ranges, flocks;
};

/* Who waits for whom, to find circles. */
struct waiter {
    struct list link;
    const void *owner, *blocker;
};

static struct spinlock lock = SPINLOCK_INIT;        /* everything below */
static struct list waiters = LIST_INIT(waiters);
static struct waitq changed = WAITQ_INIT(changed);

static struct vnode_locks *locks_of(struct vnode *v)
{
    struct vnode_locks *l = __atomic_load_n(&v->locks, __ATOMIC_ACQUIRE);
    if (l)
        return l;
    struct vnode_locks *fresh = kzalloc(sizeof(*fresh));
    if (!fresh)
        return NULL;
    list_init(&fresh->ranges);
    list_init(&fresh->flocks);
    if (__atomic_compare_exchange_n(&v->locks, &l, fresh, false,
                                    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return fresh;
    kfree(fresh);
    return l;
}

void fs__locks_free(struct vnode *v)
{
    struct range_lock *r, *next;
    if (!v->locks)
        return;
    list_for_each_safe(r, next, &v->locks->ranges, link)
        kfree(r);
    kfree(v->locks);
}

static struct range_lock *conflict_find(struct vnode_locks *l,
                                        const void *owner,
                                        const struct fs_lock *want)
{
    struct range_lock *r;
    list_for_each(r, &l->ranges, link)
        if (r->owner != owner && r->start <= want->end &&
            want->start <= r->end && (r->type == WR || want->type == WR))
            return r;
    return NULL;
}

int fs_lock_get(struct file *f, const void *owner, struct fs_lock *want)
{
    struct vnode *v = f->vnode;
    if (!v)
        return -EBADF;
    if (want->type != RD && want->type != WR)
        return -EINVAL;
    struct vnode_locks *l = __atomic_load_n(&v->locks, __ATOMIC_ACQUIRE);
    spin_lock(&lock);
    struct range_lock *r = l ? conflict_find(l, owner, want) : NULL;
    if (r) {
        want->type = r->type;
        want->start = r->start;
        want->end = r->end;
        want->pid = r->pid;
    } else {
        want->type = UN;
    }
    spin_unlock(&lock);
    return 0;
}

/* Cuts [start, end] out of the owner's ranges. `spare` is for a range that
 * must be split in two; set to NULL when used. */
static void range_cut(struct vnode_locks *l, const void *owner,
                      uint64_t start, uint64_t end, struct range_lock **spare,
                      struct list *dead)
{
    struct range_lock *r, *next;
    list_for_each_safe(r, next, &l->ranges, link) {
        if (r->owner != owner || r->start > end || start > r->end)
            continue;
        if (r->start < start && r->end > end) {
            struct range_lock *tail = *spare;
            *spare = NULL;
            *tail = *r;
            tail->start = end + 1;
            r->end = start - 1;
            list_add_tail(&l->ranges, &tail->link);
            return;
        }
        if (r->start < start) {
            r->end = start - 1;
        } else if (r->end > end) {
            r->start = end + 1;
        } else {
            list_del(&r->link);
            list_add_tail(dead, &r->link);
        }
    }
}

/* Joins the owner's neighbours of the same type with r. */
static void range_merge(struct vnode_locks *l, struct range_lock *r,
                        struct list *dead)
{
    struct range_lock *o, *next;
    list_for_each_safe(o, next, &l->ranges, link) {
        if (o == r || o->owner != r->owner || o->type != r->type)
            continue;
        bool before = o->end + 1 == r->start && o->end != UINT64_MAX;
        bool behind = r->end + 1 == o->start && r->end != UINT64_MAX;
        if (!before && !behind)
            continue;
        r->start = MIN(r->start, o->start);
        r->end = MAX(r->end, o->end);
        list_del(&o->link);
        list_add_tail(dead, &o->link);
    }
}

/* Would a wait of owner for blocker close a circle? */
static bool is_circle(const void *owner, const void *blocker)
{
    for (int i = 0; i < DEADLOCK_STEPS; i++) {
        const void *next = NULL;
        struct waiter *w;
        if (blocker == owner)
            return true;
        list_for_each(w, &waiters, link)
            if (w->owner == blocker)
                next = w->blocker;
        if (!next)
            return false;
        blocker = next;
    }
    return true;
}

static void dead_free(struct list *dead)
{
    struct range_lock *r, *next;
    list_for_each_safe(r, next, dead, link)
        kfree(r);
}

/* Sets if nothing is in the way: 0, else -EAGAIN and *blocker. */
static int range_try(struct vnode_locks *l, const void *owner,
                     const struct fs_lock *want, struct range_lock *fresh[2],
                     const void **blocker)
{
    struct list dead = LIST_INIT(dead);
    spin_lock(&lock);
    struct range_lock *in_way = want->type == UN ? NULL
                              : conflict_find(l, owner, want);
    if (in_way) {
        *blocker = in_way->owner;
        spin_unlock(&lock);
        return -EAGAIN;
    }
    range_cut(l, owner, want->start, want->end, &fresh[0], &dead);
    if (want->type != UN) {
        struct range_lock *r = fresh[1];
        fresh[1] = NULL;
        *r = (struct range_lock){ .owner = owner, .type = want->type,
                                  .pid = want->pid, .start = want->start,
                                  .end = want->end };
        list_add_tail(&l->ranges, &r->link);
        range_merge(l, r, &dead);
    }
    spin_unlock(&lock);
    dead_free(&dead);
    waitq_wake_all(&changed);
    return 0;
}

static int range_wait(struct vnode_locks *l, const void *owner,
                      const struct fs_lock *want, struct range_lock *fresh[2],
                      const void *blocker)
{
    struct waiter w = { .owner = owner, .blocker = blocker };
    spin_lock(&lock);
    bool circle = is_circle(owner, blocker);
    if (!circle)
        list_add_tail(&waiters, &w.link);
    spin_unlock(&lock);
    if (circle)
        return -EDEADLK;
    int got = -EAGAIN;
    int err = waitq_wait(&changed,
                         (got = range_try(l, owner, want, fresh,
                                          &w.blocker)) == 0,
                         NSEC_FOREVER, WAIT_INTERRUPTIBLE);
    spin_lock(&lock);
    list_del(&w.link);
    spin_unlock(&lock);
    return got == 0 ? 0 : err ? -ERESTARTSYS : got;
}

int fs_lock_set(struct file *f, const void *owner, const struct fs_lock *want,
                bool wait)
{
    struct vnode *v = f->vnode;
    uint32_t access = f->flags & O_ACCMODE;
    if (!v || f->flags & O_PATH)
        return -EBADF;
    if (want->type < RD || want->type > UN || want->start > want->end)
        return -EINVAL;
    if ((want->type == RD && access == O_WRONLY) ||
        (want->type == WR && access == O_RDONLY))
        return -EBADF;
    struct vnode_locks *l = locks_of(v);
    struct range_lock *fresh[2] = { kmalloc(sizeof(*fresh[0])),
                                    kmalloc(sizeof(*fresh[1])) };
    const void *blocker = NULL;
    int err = -ENOLCK;
    if (l && fresh[0] && fresh[1]) {
        err = range_try(l, owner, want, fresh, &blocker);
        if (err == -EAGAIN && wait)
            err = range_wait(l, owner, want, fresh, blocker);
    }
    kfree(fresh[0]);
    kfree(fresh[1]);
    return err;
}

void fs_locks_drop(struct file *f, const void *owner)
{
    struct vnode *v = f->vnode;
    struct vnode_locks *l = v ? __atomic_load_n(&v->locks, __ATOMIC_ACQUIRE)
                              : NULL;
    struct list dead = LIST_INIT(dead);
    struct range_lock *spare = NULL;    /* the whole range: nothing splits */
    if (!l)
        return;
    spin_lock(&lock);
    range_cut(l, owner, 0, UINT64_MAX, &spare, &dead);
    spin_unlock(&lock);
    if (list_empty(&dead))
        return;
    dead_free(&dead);
    waitq_wake_all(&changed);
}

void fs__file_closed(struct file *f, void *table)
{
    fs_locks_drop(f, table);
}

/* ---------------- flock ---------------- */

static struct flock *flock_find(struct vnode_locks *l, struct file *f)
{
    struct flock *k;
    list_for_each(k, &l->flocks, link)
        if (k->file == f)
            return k;
    return NULL;
}

static bool flock_drop(struct vnode_locks *l, struct file *f)
{
    spin_lock(&lock);
    struct flock *k = flock_find(l, f);
    if (k)
        list_del(&k->link);
    spin_unlock(&lock);
    kfree(k);
    return k != NULL;
}

/* Takes `fresh` when it is used. */
static int flock_try(struct vnode_locks *l, struct file *f, bool exclusive,
                     struct flock **fresh)
{
    struct flock *k;
    int err = 0;
    spin_lock(&lock);
    list_for_each(k, &l->flocks, link)
        if (k->file != f && (exclusive || k->exclusive))
            err = -EAGAIN;
    if (!err) {
        k = flock_find(l, f);
        if (!k) {
            k = *fresh;
            *fresh = NULL;
            k->file = f;
            list_add_tail(&l->flocks, &k->link);
        }
        k->exclusive = exclusive;
    }
    spin_unlock(&lock);
    return err;
}

int fs_flock(struct file *f, int op)
{
    struct vnode *v = f->vnode;
    bool wait = !(op & LOCK_NB);
    op &= ~LOCK_NB;
    if (op != LOCK_SH && op != LOCK_EX && op != LOCK_UN)
        return -EINVAL;
    if (!v || f->flags & O_PATH)
        return -EBADF;
    struct vnode_locks *l = locks_of(v);
    if (!l)
        return -ENOLCK;
    if (op == LOCK_UN) {
        if (flock_drop(l, f))
            waitq_wake_all(&changed);
        return 0;
    }
    struct flock *fresh = kmalloc(sizeof(*fresh));
    if (!fresh)
        return -ENOLCK;
    int err = flock_try(l, f, op == LOCK_EX, &fresh);
    if (err && wait) {
        /* A conversion gives the old lock up before it waits. */
        if (flock_drop(l, f))
            waitq_wake_all(&changed);
        int waited = waitq_wait(&changed,
            (err = flock_try(l, f, op == LOCK_EX, &fresh)) == 0,
            NSEC_FOREVER, WAIT_INTERRUPTIBLE);
        if (err && waited)
            err = -ERESTARTSYS;
    }
    kfree(fresh);
    if (!err)
        waitq_wake_all(&changed);   /* exclusive may have become shared */
    return err;
}

void fs__flock_release(struct file *f)
{
    struct vnode *v = f->vnode;
    struct vnode_locks *l = v ? __atomic_load_n(&v->locks, __ATOMIC_ACQUIRE)
                              : NULL;
    if (l && flock_drop(l, f))
        waitq_wake_all(&changed);
}
