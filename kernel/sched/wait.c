/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocking: wait queues, the prepare/commit pair under them, deadlines, and
 * the waits that mm borrows.
 *
 *   wait_word:  IDLE --prepare--> PREPARED --commit--> BLOCKED[_INTR]
 *   any of these --thread_wake--> WOKEN; from BLOCKED the waker makes the
 *   thread READY (S2), from PREPARED commit returns at once.
 * Each step is a locked operation between a store and a load (of the
 * condition, of `interrupted`), which is what loses no wake-up.
 */
#include "sched_priv.h"

void thread_wait_prepare(const char *reason)
{
    struct thread *t = thread_current();

    t->wait_reason = reason;
    __atomic_store_n(&t->wait_word, WAIT_PREPARED, __ATOMIC_SEQ_CST);
}

void thread_wait_cancel(void)
{
    struct thread *t = thread_current();

    t->wait_reason = NULL;
    __atomic_store_n(&t->wait_word, WAIT_IDLE, __ATOMIC_RELAXED);
}

void thread_wake(struct thread *t)
{
    uint32_t old = __atomic_exchange_n(&t->wait_word, WAIT_WOKEN,
                                       __ATOMIC_SEQ_CST);

    if (old == WAIT_BLOCKED || old == WAIT_BLOCKED_INTR)
        sched__make_ready(t);
}

/* A wait's end by time. On the waiter's stack, so cancelled before it ends. */
struct wait_timer {
    struct timer timer;
    bool fired;                 /* [a] */
};

static void wait_timer_fire(struct timer *timer)
{
    struct wait_timer *w = container_of(timer, struct wait_timer, timer);

    __atomic_store_n(&w->fired, true, __ATOMIC_SEQ_CST);
    thread_wake(timer->arg);
}

/* Leaves the CPU unless a wake-up came since prepare. */
static void block(struct thread *t, uint32_t how)
{
    uint64_t flags = irq_save();
    struct run_queue *rq = rq_this();
    uint32_t seen = WAIT_PREPARED;

    spin_lock(&rq->lock);
    if (!__atomic_compare_exchange_n(&t->wait_word, &seen, how, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        spin_unlock(&rq->lock);
    } else {
        t->state = THREAD_WAITING;
        sched__switch(rq);
    }
    irq_restore(flags);
}

int thread_wait_commit(nsec_t deadline, unsigned flags)
{
    struct thread *t = thread_current();
    bool intr = flags & WAIT_INTERRUPTIBLE;
    bool timed = deadline != NSEC_FOREVER, fired = false;
    struct wait_timer w;

    ASSERT(irq_enabled());
    if (intr && __atomic_load_n(&t->interrupted, __ATOMIC_SEQ_CST)) {
        thread_wait_cancel();
        return -EINTR;
    }
    if (timed) {
        if (arch_clock() >= deadline) {
            thread_wait_cancel();
            return -ETIMEDOUT;
        }
        w.fired = false;
        timer_init(&w.timer, wait_timer_fire, t);
        timer_set(&w.timer, deadline);
    }
    if (intr)
        sched__poll();          /* may be what t waits for */
    block(t, intr ? WAIT_BLOCKED_INTR : WAIT_BLOCKED);
    if (timed) {
        timer_cancel(&w.timer);
        fired = w.fired;
    }
    thread_wait_cancel();
    if (intr && __atomic_load_n(&t->interrupted, __ATOMIC_RELAXED))
        return -EINTR;
    return fired ? -ETIMEDOUT : 0;
}

/* ---------------- wait queues ---------------- */

void waitq_init(struct waitq *w)
{
    spin_init(&w->lock);
    list_init(&w->entries);
}

bool waitq_busy(const struct waitq *w)
{
    return __atomic_load_n(&w->entries.next, __ATOMIC_RELAXED) != &w->entries;
}

void waitq_add(struct waitq *w, struct waitq_entry *e)
{
    uint64_t flags = spin_lock_irqsave(&w->lock);

    e->wq = w;
    list_add_tail(&w->entries, &e->link);
    spin_unlock_irqrestore(&w->lock, flags);
}

void waitq_remove(struct waitq_entry *e)
{
    struct waitq *w = e->wq;
    uint64_t flags;

    if (!w)
        return;
    flags = spin_lock_irqsave(&w->lock);
    list_del(&e->link);
    e->wq = NULL;
    spin_unlock_irqrestore(&w->lock, flags);
}

unsigned waitq_wake(struct waitq *w, unsigned n, uint32_t key)
{
    struct waitq_entry *e, *tmp;
    unsigned woken = 0;
    uint64_t flags;

    /* The caller's change of the condition before the look at the queue. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!waitq_busy(w))
        return 0;
    sched__kicks_hold();
    flags = spin_lock_irqsave(&w->lock);
    list_for_each_safe(e, tmp, &w->entries, link) {
        if (e->exclusive && woken >= n)
            continue;
        if (e->func(e, key) && e->exclusive)
            woken++;
    }
    spin_unlock_irqrestore(&w->lock, flags);
    sched__kicks_release();
    return woken;
}

static bool wake_thread(struct waitq_entry *e, uint32_t key)
{
    (void)key;
    if (__atomic_exchange_n(&e->woken, true, __ATOMIC_SEQ_CST))
        return false;
    thread_wake(e->arg);
    return true;
}

void waitq_entry_init_thread(struct waitq_entry *e)
{
    list_init(&e->link);
    e->func = wake_thread;
    e->arg = thread_current();
    e->wq = NULL;
    e->exclusive = false;
    e->woken = false;
}

static bool entry_woken(const struct waitq_entry *e)
{
    return e && __atomic_load_n(&e->woken, __ATOMIC_SEQ_CST);
}

int thread_wait(struct waitq_entry *e, nsec_t deadline, unsigned flags)
{
    int err;

    for (;;) {
        thread_wait_prepare("wait");
        if (entry_woken(e)) {
            thread_wait_cancel();
            return 0;
        }
        err = thread_wait_commit(deadline, flags);
        if (entry_woken(e))
            return 0;
        if (err)
            return err;
    }
}

int thread_sleep_until(nsec_t deadline, unsigned flags)
{
    int err;

    do {
        thread_wait_prepare("sleep");
        err = thread_wait_commit(deadline, flags);
    } while (!err);
    return err == -ETIMEDOUT ? 0 : err;
}

/* ---------------- waits for mm ---------------- */

#define SLEEP_BUCKETS 64u

static struct waitq sleep_queues[SLEEP_BUCKETS];

static struct waitq *sleep_queue(const void *addr)
{
    return &sleep_queues[hash_u64((uintptr_t)addr) % SLEEP_BUCKETS];
}

static void sleep_wait(void *addr, bool (*cond)(void *addr))
{
    waitq_wait(sleep_queue(addr), cond(addr), NSEC_FOREVER, 0);
}

static void sleep_wake(void *addr)
{
    waitq_wake_all(sleep_queue(addr));
}

static const struct mm_sleep_ops sleep_ops = {
    .wait = sleep_wait,
    .wake = sleep_wake,
};

void sched__sleep_ops_init(void)
{
    for (unsigned i = 0; i < SLEEP_BUCKETS; i++)
        waitq_init(&sleep_queues[i]);
    mm_sleep_ops_set(&sleep_ops);
}
