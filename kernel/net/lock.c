/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The net lock, the net thread, and who takes frames from the cards.
 *
 * lwIP is not reentrant: everything that enters it holds one lock, for short:
 * holders never block (N1). Frames are taken by whoever is at hand: the net
 * thread after an interrupt, or an idle CPU before it halts (idle_poll).
 */
#include "net_priv.h"

static struct mutex lock = MUTEX_INIT(lock);
static struct thread *worker;           /* [I] after net__threads_start */
static struct waitq worker_wq = WAITQ_INIT(worker_wq);
static bool rx_pending;                 /* [a] a card has frames */
static bool timers_due;                 /* [a] */
static struct timer tick;               /* [net] arms itself for timers.c */
static nsec_t tick_at = NSEC_FOREVER;   /* [net] what tick is set to */

bool net__lock_held(void)
{
    return mutex_held(&lock);
}

bool net__trylock(void)
{
    return mutex_trylock(&lock);
}

void net__lock(void)
{
    mutex_lock(&lock);
}

/* Packets to our own addresses wait at the interface that sent them. */
static void loopback_deliver(void)
{
    struct netif *n;
    bool more = true;

    for (unsigned i = 0; more && i < NET_LOOPBACK_BATCH; i++) {
        more = false;
        NETIF_FOREACH(n) {
            if (n->loop_first) {
                netif_poll(n);
                more = true;
            }
        }
    }
}

static void tick_arm(void)
{
    nsec_t next = net__timers_next();

    if (next == tick_at)
        return;
    tick_at = next;
    if (next == NSEC_FOREVER)
        timer_cancel(&tick);
    else
        timer_set(&tick, next);
}

void net__unlock(void)
{
    loopback_deliver();
    net__cards_kick();
    tick_arm();
    mutex_unlock(&lock);
}

bool net__rx_poll_locked(void)
{
    bool any = false;

    __atomic_store_n(&rx_pending, false, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < net__card_count; i++) {
        if (!net__card_poll(&net__cards[i], NET_RX_BATCH))
            continue;
        any = true;
        __atomic_store_n(&rx_pending, true, __ATOMIC_SEQ_CST);
    }
    /* The card stays silent until it was found empty: whoever polled may have
     * better things to do now, the worker has not. */
    if (any)
        waitq_wake_all(&worker_wq);
    return any;
}

static bool work_waits(void)
{
    return __atomic_load_n(&rx_pending, __ATOMIC_SEQ_CST) ||
           __atomic_load_n(&timers_due, __ATOMIC_SEQ_CST);
}

void net__worker_wake(void)
{
    waitq_wake_all(&worker_wq);
}

static void work_do_locked(void)
{
    if (__atomic_load_n(&rx_pending, __ATOMIC_SEQ_CST))
        net__rx_poll_locked();
    if (__atomic_exchange_n(&timers_due, false, __ATOMIC_SEQ_CST)) {
        tick_at = NSEC_FOREVER;
        net__timers_run(clock_monotonic());
        net__cards_reclaim();
    }
}

void net__rx_notify(struct netdev *d)
{
    (void)d;
    __atomic_store_n(&rx_pending, true, __ATOMIC_SEQ_CST);
    waitq_wake_all(&worker_wq);
}

static void tick_fired(struct timer *t)
{
    (void)t;
    __atomic_store_n(&timers_due, true, __ATOMIC_SEQ_CST);
    waitq_wake_all(&worker_wq);
}

static void worker_main(void *arg)
{
    (void)arg;
    for (;;) {
        waitq_wait(&worker_wq, work_waits() || net__config_dirty(),
                   NSEC_FOREVER, 0);
        net__lock();
        work_do_locked();
        net__unlock();
        net__config_notify();
    }
}

/* A CPU with nothing to run looks for frames itself. */
static bool idle_poll(void)
{
    if (!work_waits() || !net__trylock())
        return false;
    work_do_locked();
    net__unlock();
    return true;
}

void net__threads_start(void)
{
    timer_init(&tick, tick_fired, NULL);
    worker = kthread_create("net", worker_main, NULL);
    if (!worker)
        panic("no memory for the net thread");
    sched_idle_hook_set(idle_poll);
}
