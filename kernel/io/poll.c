/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The core of poll and select: asks every file once, leaving an entry in each
 * wait queue on the way, and again after each wake-up. The first few entries
 * are on the stack.
 */
#include "io_priv.h"

#define HOOKS_INLINE 16u
#define HOOKS_CHUNK  60u

struct poll_hook {
    struct waitq_entry entry;
    struct poll_waiter *waiter;
    uint32_t events;
};

struct hook_chunk {
    struct hook_chunk *next;
    unsigned used;
    struct poll_hook hooks[HOOKS_CHUNK];
};

struct poll_waiter {
    struct poll_table pt;
    struct waitq_entry self;    /* in no queue: what the thread waits on */
    uint32_t events;            /* of the file being asked */
    int error;
    unsigned used;
    struct poll_hook hooks[HOOKS_INLINE];
    struct hook_chunk *chunks;
};

static bool hook_fire(struct waitq_entry *e, uint32_t key)
{
    struct poll_hook *h = container_of(e, struct poll_hook, entry);

    if (key != ~0u && !(key & h->events))
        return false;
    return h->waiter->self.func(&h->waiter->self, key);
}

static struct poll_hook *hook_new(struct poll_waiter *w)
{
    struct hook_chunk *c = w->chunks;

    if (w->used < HOOKS_INLINE)
        return &w->hooks[w->used++];
    if (!c || c->used == HOOKS_CHUNK) {
        c = kmalloc(sizeof(*c));
        if (!c)
            return NULL;
        c->used = 0;
        c->next = w->chunks;
        w->chunks = c;
    }
    return &c->hooks[c->used++];
}

static void hook_add(struct poll_table *pt, struct waitq *wq)
{
    struct poll_waiter *w = container_of(pt, struct poll_waiter, pt);
    struct poll_hook *h = hook_new(w);

    if (!h) {
        w->error = -ENOMEM;
        return;
    }
    waitq_entry_init_thread(&h->entry);
    h->entry.func = hook_fire;
    h->waiter = w;
    h->events = w->events;
    waitq_add(wq, &h->entry);
}

static void hooks_release(struct poll_waiter *w)
{
    struct hook_chunk *c, *next;

    for (unsigned i = 0; i < w->used; i++)
        waitq_remove(&w->hooks[i].entry);
    for (c = w->chunks; c; c = next) {
        for (unsigned i = 0; i < c->used; i++)
            waitq_remove(&c->hooks[i].entry);
        next = c->next;
        kfree(c);
    }
}

/* Asks each file; w, if not NULL, is hooked in until one is ready. */
static int ask_all(struct poll_item *items, unsigned n, struct poll_waiter *w)
{
    int ready = 0;

    for (unsigned i = 0; i < n; i++) {
        struct poll_item *it = &items[i];
        uint32_t want = it->events | POLLERR | POLLHUP;

        if (!it->file) {
            it->revents = POLLNVAL;
        } else {
            if (w)
                w->events = want;
            it->revents = file_poll(it->file, w ? &w->pt : NULL) & want;
        }
        if (it->revents) {
            ready++;
            w = NULL;
        }
    }
    return ready;
}

int io_poll(struct poll_item *items, unsigned n, nsec_t deadline)
{
    struct poll_waiter w;
    int ready, err = 0;

    if (deadline == 0)
        return ask_all(items, n, NULL);
    w.pt.add = hook_add;
    w.error = 0;
    w.used = 0;
    w.chunks = NULL;
    waitq_entry_init_thread(&w.self);
    ready = ask_all(items, n, &w);
    if (!ready)
        err = w.error;
    while (!ready && !err) {
        err = thread_wait(&w.self, deadline, WAIT_INTERRUPTIBLE);
        __atomic_store_n(&w.self.woken, false, __ATOMIC_SEQ_CST);
        ready = ask_all(items, n, NULL);
    }
    hooks_release(&w);
    if (ready || err == -ETIMEDOUT)
        return ready;
    return err;
}
