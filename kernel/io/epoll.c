/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll. Each watched file is an item of its set, found by (file, fd), hooked
 * into the file's wait queues for as long as it is watched. A wake-up puts
 * the item on the set's ready list; a wait takes items off that list, asks
 * each file what is really ready, and so costs what is ready, not what is
 * watched.
 *
 *   item: IDLE --event--> READY --collect: nothing there, or edge-triggered,
 *   or one-shot--> IDLE;  READY --collect: level-triggered--> READY (last)
 *   one-shot: after a report disarmed (no events) until MOD.
 *
 * E1  item->queued: it is on set->ready, or on the list of the collector,
 *     which holds the set's mutex. It is cleared before the file is asked, so
 *     an event during the question puts the item back.
 * E2  A file's release takes its items out before the file's ops->release,
 *     and needs the set's mutex for it; who holds that mutex may ask any
 *     item's file. Items hold a reference on the set, none on the file.
 * E3  Sets watch sets at most EPOLL_NEST_MAX deep, without a loop; so the
 *     walks and wake-ups that follow them are bounded.
 */
#include "io_priv.h"

#define HOOKS_INLINE   2u
#define ALWAYS         (POLLERR | POLLHUP)
#define PRIVATE_BITS   (EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET)
#define EXCLUSIVE_OK   (POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | \
                        POLLWRNORM | POLLRDBAND | POLLWRBAND | EPOLLWAKEUP | \
                        EPOLLET | EPOLLEXCLUSIVE)

/* Lock order: mutex, then links_lock; the source's wait queue, then lock. */
struct epoll {
    struct mutex mutex;
    struct tree items;          /* [mutex] by file, fd */
    struct spinlock lock;       /* interrupts off */
    struct list ready;          /* [lock] of items */
    struct waitq wq;            /* who waits in epoll_wait */
    struct waitq poll_wq;       /* who watches this set */
    struct file *file;          /* [I] its own; not counted */
    uint32_t refs;              /* [a] the file and each item */
};

struct hook {
    struct waitq_entry entry;
    struct item *item;
    struct hook *next;          /* of those beyond HOOKS_INLINE */
};

struct item {
    struct tree_node node;      /* [mutex] */
    struct list ready_link;     /* [lock] */
    struct list file_link;      /* [links_lock] */
    struct epoll *ep;           /* [I] */
    struct file *file;          /* [I] */
    int fd;                     /* [I] */
    bool queued;                /* [lock] E1 */
    uint32_t events;            /* [lock] no POLL* bit: disarmed */
    uint64_t data;              /* [mutex] */
    unsigned nr_hooks;          /* [mutex] */
    struct hook hooks[HOOKS_INLINE];
    struct hook *more_hooks;    /* [mutex] */
};

static struct spinlock links_lock = SPINLOCK_INIT;
static struct mutex nest_lock = MUTEX_INIT(nest_lock);
static const struct file_ops epoll_ops;

bool file_is_epoll(const struct file *f)
{
    return f->ops == &epoll_ops;
}

static void epoll_unref(struct epoll *ep)
{
    if (__atomic_fetch_sub(&ep->refs, 1, __ATOMIC_ACQ_REL) == 1)
        kfree(ep);
}

/* ---------------- events ---------------- */

static bool ready_any(const struct epoll *ep)
{
    return __atomic_load_n(&ep->ready.next, __ATOMIC_RELAXED) != &ep->ready;
}

static void enqueue_locked(struct epoll *ep, struct item *it)
{
    if (it->queued)
        return;
    it->queued = true;
    list_add_tail(&ep->ready, &it->ready_link);
}

/* True if a waiter of the set was woken. */
static bool wake_set(struct epoll *ep)
{
    bool woke = waitq_wake(&ep->wq, 1, POLLIN) != 0;

    if (waitq_busy(&ep->poll_wq))
        waitq_wake(&ep->poll_wq, ~0u, READ_EVENTS);
    return woke;
}

static bool hook_fire(struct waitq_entry *e, uint32_t key)
{
    struct item *it = container_of(e, struct hook, entry)->item;
    struct epoll *ep = it->ep;
    uint64_t flags = spin_lock_irqsave(&ep->lock);
    uint32_t armed = it->events & ~PRIVATE_BITS;
    bool wanted = armed & key;

    if (wanted)
        enqueue_locked(ep, it);
    spin_unlock_irqrestore(&ep->lock, flags);
    return wanted && wake_set(ep);
}

/* ---------------- hooking into a file ---------------- */

struct hooker {
    struct poll_table pt;
    struct item *item;
    bool failed;
};

static void hook_add(struct poll_table *pt, struct waitq *wq)
{
    struct hooker *h = container_of(pt, struct hooker, pt);
    struct item *it = h->item;
    struct hook *hook;

    if (it->nr_hooks < HOOKS_INLINE) {
        hook = &it->hooks[it->nr_hooks];
    } else {
        hook = kmalloc(sizeof(*hook));
        if (!hook) {
            h->failed = true;
            return;
        }
        hook->next = it->more_hooks;
        it->more_hooks = hook;
    }
    it->nr_hooks++;
    hook->item = it;
    waitq_entry_init_thread(&hook->entry);
    hook->entry.func = hook_fire;
    hook->entry.arg = it;
    hook->entry.exclusive = it->events & EPOLLEXCLUSIVE;
    waitq_add(wq, &hook->entry);
}

static void unhook(struct item *it)
{
    struct hook *h, *next;

    for (unsigned i = 0; i < MIN(it->nr_hooks, HOOKS_INLINE); i++)
        waitq_remove(&it->hooks[i].entry);
    for (h = it->more_hooks; h; h = next) {
        next = h->next;
        waitq_remove(&h->entry);
        kfree(h);
    }
    it->nr_hooks = 0;
    it->more_hooks = NULL;
}

static uint32_t item_poll(struct item *it)
{
    return file_poll(it->file, NULL) & it->events & ~PRIVATE_BITS;
}

/* ---------------- items ---------------- */

static int item_compare(const struct item *it, const struct file *f, int fd)
{
    if (it->file != f)
        return (uintptr_t)f < (uintptr_t)it->file ? -1 : 1;
    return fd < it->fd ? -1 : fd > it->fd;
}

/* The item, or NULL and where it would go. */
static struct item *item_find(struct epoll *ep, const struct file *f, int fd,
                              struct tree_node **parent,
                              struct tree_node ***link)
{
    *parent = NULL;
    *link = &ep->items.root;
    while (**link) {
        struct item *it = tree_entry(**link, struct item, node);
        int c = item_compare(it, f, fd);

        if (!c)
            return it;
        *parent = &it->node;
        *link = c < 0 ? &it->node.left : &it->node.right;
    }
    return NULL;
}

/* Holding the set's mutex. Afterwards nothing knows the item. */
static void item_remove_locked(struct epoll *ep, struct item *it)
{
    uint64_t flags;

    unhook(it);                 /* no event is on its way after this */
    flags = spin_lock_irqsave(&ep->lock);
    if (it->queued)
        list_del(&it->ready_link);
    spin_unlock_irqrestore(&ep->lock, flags);
    tree_remove(&ep->items, &it->node);
    spin_lock(&links_lock);
    list_del(&it->file_link);
    spin_unlock(&links_lock);
    kfree(it);
    epoll_unref(ep);            /* never the last: the caller has one */
}

static struct epoll *watcher_get(struct file *f)
{
    struct epoll *ep = NULL;

    spin_lock(&links_lock);
    if (!list_empty(&f->epoll_items)) {
        ep = list_first(&f->epoll_items, struct item, file_link)->ep;
        __atomic_fetch_add(&ep->refs, 1, __ATOMIC_RELAXED);
    }
    spin_unlock(&links_lock);
    return ep;
}

static struct item *watched_by(struct file *f, struct epoll *ep)
{
    struct item *it, *found = NULL;

    spin_lock(&links_lock);
    list_for_each(it, &f->epoll_items, file_link) {
        if (it->ep == ep) {
            found = it;
            break;
        }
    }
    spin_unlock(&links_lock);
    return found;
}

void io__epoll_forget(struct file *f)
{
    struct epoll *ep;
    struct item *it;

    while ((ep = watcher_get(f)) != NULL) {
        mutex_lock(&ep->mutex);
        while ((it = watched_by(f, ep)) != NULL)
            item_remove_locked(ep, it);
        mutex_unlock(&ep->mutex);
        epoll_unref(ep);
    }
}

/* ---------------- control ---------------- */

/* Queues the item if its file is ready already. Holding the mutex. */
static void item_check(struct epoll *ep, struct item *it, uint32_t now)
{
    uint64_t flags;

    if (!now)
        return;
    flags = spin_lock_irqsave(&ep->lock);
    enqueue_locked(ep, it);
    spin_unlock_irqrestore(&ep->lock, flags);
    wake_set(ep);
}

static int item_add(struct epoll *ep, struct file *f, int fd,
                    const struct epoll_event *ev)
{
    struct tree_node *parent, **link;
    struct hooker h = { .pt = { hook_add }, .failed = false };
    struct item *it;
    uint32_t now;

    if (item_find(ep, f, fd, &parent, &link))
        return -EEXIST;
    it = kzalloc(sizeof(*it));
    if (!it)
        return -ENOMEM;
    it->ep = ep;
    it->file = f;
    it->fd = fd;
    it->events = ev->events | ALWAYS;
    it->data = ev->data;
    list_init(&it->ready_link);
    __atomic_fetch_add(&ep->refs, 1, __ATOMIC_RELAXED);
    tree_insert(&ep->items, &it->node, parent, link);
    spin_lock(&links_lock);
    list_add_tail(&f->epoll_items, &it->file_link);
    spin_unlock(&links_lock);
    h.item = it;
    now = file_poll(f, &h.pt) & it->events & ~PRIVATE_BITS;
    if (h.failed) {
        item_remove_locked(ep, it);
        return -ENOMEM;
    }
    item_check(ep, it, now);
    return 0;
}

static int item_modify(struct epoll *ep, struct item *it,
                       const struct epoll_event *ev)
{
    uint64_t flags;

    if ((it->events & EPOLLEXCLUSIVE) || (ev->events & EPOLLEXCLUSIVE))
        return -EINVAL;
    flags = spin_lock_irqsave(&ep->lock);
    it->events = ev->events | ALWAYS;
    it->data = ev->data;
    spin_unlock_irqrestore(&ep->lock, flags);
    item_check(ep, it, item_poll(it));
    return 0;
}

/* E3. How deep sets are nested below ep; NEST_MAX + 1 when too deep, or when
 * `never` is among them. Bounded recursion: depth only grows to NEST_MAX. */
static unsigned depth_below(struct epoll *ep, const struct epoll *never,
                            unsigned depth)
{
    unsigned deepest = depth;
    struct tree_node *n;

    if (ep == never || depth > EPOLL_NEST_MAX)
        return EPOLL_NEST_MAX + 1;
    mutex_lock(&ep->mutex);
    for (n = tree_first(&ep->items); n; n = tree_next(n)) {
        struct item *it = tree_entry(n, struct item, node);

        if (file_is_epoll(it->file))
            deepest = MAX(deepest, depth_below(it->file->private, never,
                                               depth + 1));
    }
    mutex_unlock(&ep->mutex);
    return deepest;
}

/* E3. How many sets are above ep, one watching the next. links_lock held. */
static unsigned height_above(struct epoll *ep, unsigned height)
{
    unsigned highest = height;
    struct item *it;

    if (height > EPOLL_NEST_MAX)
        return height;
    list_for_each(it, &ep->file->epoll_items, file_link)
        highest = MAX(highest, height_above(it->ep, height + 1));
    return highest;
}

static int nest_check(struct epoll *ep, struct epoll *inner)
{
    unsigned above, below = depth_below(inner, ep, 1);

    spin_lock(&links_lock);
    above = height_above(ep, 0);
    spin_unlock(&links_lock);
    return above + below > EPOLL_NEST_MAX ? -ELOOP : 0;
}

static int control_check(struct file *epf, int op, struct file *f,
                         const struct epoll_event *ev)
{
    if (!f->ops->poll)
        return -EPERM;
    if (!file_is_epoll(epf) || f == epf)
        return -EINVAL;
    if (op == EPOLL_CTL_DEL)
        return 0;
    if (op != EPOLL_CTL_ADD && op != EPOLL_CTL_MOD)
        return -EINVAL;
    if ((ev->events & EPOLLEXCLUSIVE) &&
        (op == EPOLL_CTL_MOD || file_is_epoll(f) ||
         (ev->events & ~EXCLUSIVE_OK)))
        return -EINVAL;
    return 0;
}

static int control_locked(struct epoll *ep, int op, struct file *f, int fd,
                          const struct epoll_event *ev)
{
    struct tree_node *parent, **link;
    struct item *it;

    if (op == EPOLL_CTL_ADD)
        return item_add(ep, f, fd, ev);
    it = item_find(ep, f, fd, &parent, &link);
    if (!it)
        return -ENOENT;
    if (op == EPOLL_CTL_MOD)
        return item_modify(ep, it, ev);
    item_remove_locked(ep, it);
    return 0;
}

int epoll_control(struct file *epf, int op, struct file *f, int fd,
                  const struct epoll_event *ev)
{
    int err = control_check(epf, op, f, ev);
    struct epoll *ep = epf->private;
    bool nest = op == EPOLL_CTL_ADD && file_is_epoll(f);

    if (err)
        return err;
    if (nest) {
        mutex_lock(&nest_lock);
        err = nest_check(ep, f->private);
    }
    if (!err) {
        mutex_lock(&ep->mutex);
        err = control_locked(ep, op, f, fd, ev);
        mutex_unlock(&ep->mutex);
    }
    if (nest)
        mutex_unlock(&nest_lock);
    return err;
}

/* ---------------- waiting ---------------- */

/* The next item of the collector's list, off it (E1), or NULL. */
static struct item *collect_next(struct epoll *ep, struct list *todo)
{
    uint64_t flags = spin_lock_irqsave(&ep->lock);
    struct item *it = NULL;

    if (!list_empty(todo)) {
        it = list_first(todo, struct item, ready_link);
        list_del(&it->ready_link);
        it->queued = false;
    }
    spin_unlock_irqrestore(&ep->lock, flags);
    return it;
}

static void collect_start(struct epoll *ep, struct list *todo)
{
    uint64_t flags = spin_lock_irqsave(&ep->lock);

    list_init(todo);
    list_splice_tail(todo, &ep->ready);
    spin_unlock_irqrestore(&ep->lock, flags);
}

/* What was not asked goes first again, then what came meanwhile. */
static void collect_end(struct epoll *ep, struct list *todo)
{
    uint64_t flags = spin_lock_irqsave(&ep->lock);

    list_splice_tail(todo, &ep->ready);
    list_splice_tail(&ep->ready, todo);
    spin_unlock_irqrestore(&ep->lock, flags);
}

static void requeue(struct epoll *ep, struct item *it)
{
    uint64_t flags = spin_lock_irqsave(&ep->lock);

    enqueue_locked(ep, it);
    spin_unlock_irqrestore(&ep->lock, flags);
}

static void disarm(struct epoll *ep, struct item *it)
{
    uint64_t flags = spin_lock_irqsave(&ep->lock);

    it->events &= PRIVATE_BITS;
    spin_unlock_irqrestore(&ep->lock, flags);
}

static int collect(struct epoll *ep, struct epoll_event *out, int max)
{
    struct list todo;
    struct item *it;
    bool more;
    int n = 0;

    mutex_lock(&ep->mutex);
    collect_start(ep, &todo);
    while (n < max && (it = collect_next(ep, &todo)) != NULL) {
        uint32_t events = item_poll(it);

        if (!events)
            continue;
        if (it->events & EPOLLONESHOT)
            disarm(ep, it);
        else if (!(it->events & EPOLLET))
            requeue(ep, it);
        out[n].events = events;
        out[n].data = it->data;
        n++;
    }
    collect_end(ep, &todo);
    more = ready_any(ep);
    mutex_unlock(&ep->mutex);
    if (n && more && waitq_busy(&ep->wq))
        waitq_wake(&ep->wq, 1, POLLIN);
    return n;
}

unsigned epoll_watched(const struct file *epf)
{
    const struct epoll *ep = epf->private;

    return file_is_epoll(epf) ? __atomic_load_n(&ep->refs, __ATOMIC_RELAXED) -
        1 : 0;
}

int epoll_wait_events(struct file *epf, struct epoll_event *out, int max,
                      nsec_t deadline)
{
    struct epoll *ep = epf->private;
    int n, err;

    if (!file_is_epoll(epf) || max <= 0)
        return -EINVAL;
    for (;;) {
        if (ready_any(ep)) {
            n = collect(ep, out, max);
            if (n)
                return n;
        }
        if (deadline == 0)
            return 0;
        err = waitq_wait(&ep->wq, ready_any(ep), deadline,
                         WAIT_INTERRUPTIBLE | WAIT_EXCLUSIVE);
        if (err)
            return err == -ETIMEDOUT ? 0 : err;
    }
}

/* ---------------- the set as a file ---------------- */

/* Is any item really ready? Items that are not leave the list. E3 bounds the
 * nesting of these calls. */
static uint32_t epoll_poll(struct file *f, struct poll_table *pt)
{
    struct epoll *ep = f->private;
    struct list todo;
    struct item *it;
    uint32_t ev = 0;

    poll_wait(pt, &ep->poll_wq);
    if (!ready_any(ep))
        return 0;
    mutex_lock(&ep->mutex);
    collect_start(ep, &todo);
    while (!ev && (it = collect_next(ep, &todo)) != NULL) {
        if (item_poll(it)) {
            requeue(ep, it);
            ev = READ_EVENTS;
        }
    }
    collect_end(ep, &todo);
    mutex_unlock(&ep->mutex);
    return ev;
}

static int epoll_name(struct file *f, char *buf, size_t size)
{
    (void)f;
    return scnprintf(buf, size, "anon_inode:[eventpoll]");
}

static void epoll_release(struct file *f)
{
    struct epoll *ep = f->private;
    struct tree_node *n;

    mutex_lock(&ep->mutex);
    while ((n = tree_first(&ep->items)) != NULL)
        item_remove_locked(ep, tree_entry(n, struct item, node));
    mutex_unlock(&ep->mutex);
    epoll_unref(ep);
}

static const struct file_ops epoll_ops = {
    .type = "epoll",
    .seek_noop = true,
    .poll = epoll_poll,
    .name = epoll_name,
    .release = epoll_release,
};

struct file *epoll_create_file(uint32_t flags)
{
    struct epoll *ep = kzalloc(sizeof(*ep));

    (void)flags;
    if (!ep)
        return NULL;
    mutex_init(&ep->mutex);
    tree_init(&ep->items, NULL);
    spin_init(&ep->lock);
    list_init(&ep->ready);
    waitq_init(&ep->wq);
    waitq_init(&ep->poll_wq);
    ep->refs = 1;
    ep->file = file_create(&epoll_ops, ep, O_RDWR);
    if (!ep->file) {
        kfree(ep);
        return NULL;
    }
    return ep->file;
}
