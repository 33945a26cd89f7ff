/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inotify: watches hang on vnodes (and keep them), events queue at the file.
 * One spin lock guards all watches and queues; it nests inside ns. When no
 * watch exists anywhere, an event costs one load.
 */
#include "fs_priv.h"

#define FIONREAD 0x541B
#define EVENT_HEAD 16           /* wd, mask, cookie, length of name */
#define EVENTS_ALL 0xfffu

struct inotify {
    struct list watches, events;    /* [lock] */
    unsigned count;                 /* [lock] events queued */
    size_t bytes;                   /* [lock] that reading them takes */
    unsigned nr_watches;            /* [lock] */
    int last_wd;                    /* [lock] */
    struct waitq wq;
};

struct watch {
    struct list vnode_link, in_link;
    struct vnode *vnode;            /* referenced */
    struct inotify *in;
    int wd;
    uint32_t mask;
};

struct event {
    struct list link;
    int wd;
    uint32_t mask, cookie;
    uint32_t len;                   /* of the name with NULs */
    char name[];
};

unsigned fs__watch_count;
static struct spinlock lock = SPINLOCK_INIT;

static bool event_same(const struct event *a, const struct event *b)
{
    return a->wd == b->wd && a->mask == b->mask && a->cookie == b->cookie &&
           a->len == b->len && !memcmp(a->name, b->name, a->len);
}

/* lock held. */
static void event_queue(struct inotify *in, int wd, uint32_t mask,
                        uint32_t cookie, const char *name, size_t len)
{
    uint32_t full = len ? (uint32_t)ALIGN_UP(len + 1, (size_t)16) : 0;
    bool over = in->count >= WATCH_EVENTS_MAX;
    if (in->count > WATCH_EVENTS_MAX)
        return;                 /* the overflow is already told */
    if (over) {
        wd = -1;
        mask = IN_Q_OVERFLOW;
        cookie = full = 0;
        len = 0;
    }
    struct event *e = kzalloc(sizeof(*e) + full);
    if (!e)
        return;
    e->wd = wd;
    e->mask = mask;
    e->cookie = cookie;
    e->len = full;
    if (len)
        memcpy(e->name, name, len);
    if (!list_empty(&in->events) &&
        event_same(list_last(&in->events, struct event, link), e)) {
        kfree(e);
        return;
    }
    list_add_tail(&in->events, &e->link);
    in->count++;
    in->bytes += EVENT_HEAD + full;
    waitq_wake(&in->wq, 1, POLLIN | POLLRDNORM);
}

/* lock held; the watch goes to `dead`, to be freed without it. */
static void watch_kill(struct watch *w, struct list *dead)
{
    list_del(&w->vnode_link);
    list_del(&w->in_link);
    w->in->nr_watches--;
    __atomic_fetch_sub(&fs__watch_count, 1, __ATOMIC_RELAXED);
    event_queue(w->in, w->wd, IN_IGNORED, 0, NULL, 0);
    list_add_tail(dead, &w->in_link);
}

static void dead_free(struct list *dead)
{
    struct watch *w, *next;
    list_for_each_safe(w, next, dead, in_link) {
        fs__vnode_unref(w->vnode);
        kfree(w);
    }
}

static void tell(struct vnode *v, uint32_t mask, uint32_t cookie,
                 const char *name, size_t len, struct list *dead)
{
    struct watch *w, *next;
    list_for_each_safe(w, next, &v->watches, vnode_link) {
        if (!(w->mask & mask & EVENTS_ALL))
            continue;
        event_queue(w->in, w->wd, mask, cookie, name, len);
        if (w->mask & IN_ONESHOT)
            watch_kill(w, dead);
    }
}

void fs__notify_slow(struct dentry *d, uint32_t mask, uint32_t cookie)
{
    struct list dead = LIST_INIT(dead);
    struct vnode *v = d->vnode;
    if (vnode_is(v, S_IFDIR))
        mask |= IN_ISDIR;
    fs__ns_read_lock();
    spin_lock(&lock);
    tell(v, mask, cookie, NULL, 0, &dead);
    if (d->parent != d && !(mask & (IN_MOVE_SELF | IN_DELETE_SELF)))
        tell(d->parent->vnode, mask, cookie, d->name, d->len, &dead);
    spin_unlock(&lock);
    fs__ns_read_unlock();
    dead_free(&dead);
}

void fs__notify_name(struct dentry *dir, const char *name, size_t len,
                     uint32_t mask, uint32_t cookie)
{
    struct list dead = LIST_INIT(dead);
    if (!__atomic_load_n(&fs__watch_count, __ATOMIC_RELAXED))
        return;
    spin_lock(&lock);
    tell(dir->vnode, mask, cookie, name, len, &dead);
    spin_unlock(&lock);
    dead_free(&dead);
}

void fs__watches_drop(struct vnode *v)
{
    struct list dead = LIST_INIT(dead);
    struct watch *w, *next;
    if (list_empty(&v->watches))
        return;
    spin_lock(&lock);
    list_for_each_safe(w, next, &v->watches, vnode_link) {
        if (w->mask & IN_DELETE_SELF)
            event_queue(w->in, w->wd, IN_DELETE_SELF, 0, NULL, 0);
        watch_kill(w, &dead);
    }
    spin_unlock(&lock);
    dead_free(&dead);
}

/* ---------------- the file ---------------- */

/* Takes the first event if it fits n bytes; NULL: none, ERR_PTR(-EINVAL). */
static struct event *event_take(struct inotify *in, size_t n)
{
    struct event *e = NULL;
    spin_lock(&lock);
    if (!list_empty(&in->events)) {
        e = list_first(&in->events, struct event, link);
        if (EVENT_HEAD + e->len > n) {
            e = ERR_PTR(-EINVAL);
        } else {
            list_del(&e->link);
            in->count--;
            in->bytes -= EVENT_HEAD + e->len;
        }
    }
    spin_unlock(&lock);
    return e;
}

static ssize_t event_copy(struct iov_iter *it, const struct event *e)
{
    uint32_t head[4] = { (uint32_t)e->wd, e->mask, e->cookie, e->len };
    ssize_t n = copy_to_iter(it, head, sizeof(head));
    if (n != sizeof(head))
        return -EFAULT;
    if (e->len && copy_to_iter(it, e->name, e->len) != (ssize_t)e->len)
        return -EFAULT;
    return (ssize_t)(EVENT_HEAD + e->len);
}

static ssize_t inotify_read(struct file *f, struct iov_iter *it, off_t *pos)
{
    struct inotify *in = f->private;
    struct event *e = event_take(in, it->left);
    ssize_t sum = 0;
    (void)pos;
    if (!e && f->flags & O_NONBLOCK)
        return -EAGAIN;
    if (!e && waitq_wait(&in->wq, (e = event_take(in, it->left)) != NULL,
                         NSEC_FOREVER, WAIT_INTERRUPTIBLE) && !e)
        return -ERESTARTSYS;
    while (e && !IS_ERR(e)) {
        ssize_t n = event_copy(it, e);
        kfree(e);
        if (n < 0)
            return sum ? sum : n;
        sum += n;
        e = it->left ? event_take(in, it->left) : NULL;
    }
    return sum ? sum : PTR_ERR(e);
}

static uint32_t inotify_poll(struct file *f, struct poll_table *pt)
{
    struct inotify *in = f->private;
    poll_wait(pt, &in->wq);
    return __atomic_load_n(&in->count, __ATOMIC_ACQUIRE)
           ? POLLIN | POLLRDNORM : 0;
}

static long inotify_ioctl(struct file *f, unsigned cmd, uaddr_t arg)
{
    struct inotify *in = f->private;
    if (cmd != FIONREAD)
        return -ENOTTY;
    return put_user(arg, (int)__atomic_load_n(&in->bytes, __ATOMIC_RELAXED));
}

static void inotify_release(struct file *f)
{
    struct inotify *in = f->private;
    struct list dead = LIST_INIT(dead);
    struct watch *w, *next;
    struct event *e, *next_e;
    spin_lock(&lock);
    list_for_each_safe(w, next, &in->watches, in_link)
        watch_kill(w, &dead);
    spin_unlock(&lock);
    dead_free(&dead);
    list_for_each_safe(e, next_e, &in->events, link)
        kfree(e);
    kfree(in);
}

static const struct file_ops inotify_ops = {
    .type = "inotify", .read = inotify_read, .poll = inotify_poll,
    .ioctl = inotify_ioctl, .release = inotify_release,
};

struct file *inotify_create(uint32_t flags)
{
    struct inotify *in = kzalloc(sizeof(*in));
    if (!in)
        return ERR_PTR(-ENOMEM);
    list_init(&in->watches);
    list_init(&in->events);
    waitq_init(&in->wq);
    struct file *f = file_create(&inotify_ops, in, flags);
    if (!f) {
        kfree(in);
        return ERR_PTR(-ENOMEM);
    }
    return f;
}

static struct watch *watch_find(struct inotify *in, const struct vnode *v,
                                int wd)
{
    struct watch *w;
    list_for_each(w, &in->watches, in_link)
        if (v ? w->vnode == v : w->wd == wd)
            return w;
    return NULL;
}

/* lock held. Takes `fresh` by setting it NULL. */
static int watch_set(struct inotify *in, struct vnode *v, uint32_t mask,
                     struct watch **fresh)
{
    struct watch *w = watch_find(in, v, 0);
    if (w) {
        if (mask & IN_MASK_CREATE)
            return -EEXIST;
        w->mask = mask & IN_MASK_ADD ? w->mask | mask : mask;
        return w->wd;
    }
    if (in->nr_watches >= WATCHES_MAX)
        return -ENOSPC;
    w = *fresh;
    *fresh = NULL;
    w->vnode = fs__vnode_ref(v);
    w->in = in;
    w->wd = ++in->last_wd;
    w->mask = mask;
    list_add_tail(&in->watches, &w->in_link);
    list_add_tail(&v->watches, &w->vnode_link);
    in->nr_watches++;
    __atomic_fetch_add(&fs__watch_count, 1, __ATOMIC_RELAXED);
    return w->wd;
}

int inotify_add(struct fs_ctx *ctx, struct file *f, const char *path,
                uint32_t mask)
{
    struct walk walk;
    if (f->ops != &inotify_ops || !(mask & EVENTS_ALL) ||
        (mask & IN_MASK_ADD && mask & IN_MASK_CREATE))
        return -EINVAL;
    unsigned how = mask & IN_DONT_FOLLOW ? 0 : FS_FOLLOW;
    if (mask & IN_ONLYDIR)
        how |= FS_DIRECTORY;
    int err = fs__walk(&walk, ctx, NULL, path, how);
    if (!err)
        err = walk.d ? fs__vnode_permission(ctx, walk.d->vnode, 4) : -EINVAL;
    struct watch *fresh = err ? NULL : kzalloc(sizeof(*fresh));
    if (!err && !fresh)
        err = -ENOMEM;
    if (!err) {
        spin_lock(&lock);
        err = watch_set(f->private, walk.d->vnode, mask, &fresh);
        spin_unlock(&lock);
        kfree(fresh);
    }
    fs__walk_release(&walk);
    return err;
}

int inotify_remove(struct file *f, int wd)
{
    struct list dead = LIST_INIT(dead);
    if (f->ops != &inotify_ops)
        return -EINVAL;
    spin_lock(&lock);
    struct watch *w = watch_find(f->private, NULL, wd);
    if (w)
        watch_kill(w, &dead);
    spin_unlock(&lock);
    dead_free(&dead);
    return w ? 0 : -EINVAL;
}
