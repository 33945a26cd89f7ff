/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The net lock, the net thread, and who takes frames from the cards.
 *
 * lwIP is not reentrant: everything that enters it holds one lock, for short:
 * holders never block (N1). What an interrupt or a timer leaves to do is done
 * by whoever is at hand: the CPU that took the interrupt, on its way back to
 * the program or before it waits or halts (poll); who gives the lock back,
 * when that CPU found it taken; the net thread, when there was too much.
 *
 * Whoever holds the lock keeps back what leaves the guest, as far as it can:
 * doorbells and wake-ups of other CPUs come after.
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

static bool trylock(void)
{
    if (!mutex_trylock(&lock))
        return false;
    sched_kicks_hold();
    return true;
}

void net__lock(void)
{
    mutex_lock(&lock);
    sched_kicks_hold();
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

static void unlock(void)
{
    uint32_t bells;

    loopback_deliver();
    tick_arm();
    bells = net__cards_publish();
    mutex_unlock(&lock);
    if (bells)
        net__cards_ring(bells);
    sched_kicks_release();
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
    sched_poll_ask();
}

static void tick_fired(struct timer *t)
{
    (void)t;
    __atomic_store_n(&timers_due, true, __ATOMIC_SEQ_CST);
    sched_poll_ask();
}

/* If the lock is taken its holder will see that work waits. */
static void poll(void)
{
    if (!work_waits() || !trylock())
        return;
    work_do_locked();
    unlock();
}

void net__unlock(void)
{
    unlock();
    if (unlikely(work_waits()))
        poll();
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

void net__threads_start(void)
{
    timer_init(&tick, tick_fired, NULL);
    worker = kthread_create("net", worker_main, NULL);
    if (!worker)
        panic("no memory for the net thread");
    sched_poll_hook_set(poll);
}
