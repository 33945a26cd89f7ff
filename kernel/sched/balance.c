/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which CPU a thread goes to: at wake-up, when a CPU has nothing to do, and
 * when one queue is longer than another. Reads other CPUs' counts unlocked;
 * a wrong guess costs time only.
 */
#include "sched_priv.h"

#define BALANCE_NS  (8 * NSEC_PER_MSEC)
#define ROTATE_NS   (48 * NSEC_PER_MSEC)
#define SCAN_MAX    8u      /* threads looked at in one queue */

nsec_t sched__wake_cost = WAKE_COST_NS;
nsec_t sched__first_burst = BURST_MAX_NS;

/*
 * Does it pay to run t here, after the thread that wakes it? Two that strictly
 * take turns save two wake-ups of another CPU a round; two that could run side
 * by side lose the shorter one's time a round, which the limit keeps as small.
 * A CPU that is awake and has nothing to do takes t in any case.
 */
static bool takes_turns(const struct thread *t, const struct run_queue *here)
{
    const struct thread *waker = here->current;

    return !here->nr && cpu_allowed(t, here->cpu) &&
           (waker == here->idle ||
            waker->burst + t->burst < 4 * sched__wake_cost);
}

/* Holding t's queue lock, so that arch_thread_pinned cannot change. */
unsigned sched__choose_cpu(struct thread *t)
{
    unsigned last = t->cpu, self = cpu_id();
    uint64_t idle, allowed = t->allowed.bits[0];
    bool pinned;

    if (cpu_count() == 1)
        return last;
    pinned = arch_thread_pinned(&t->arch);
    if (takes_turns(t, &sched__rq[self])) {
        t->unpin = pinned && last != self;
        return pinned ? last : self;
    }
    if (pinned)
        return last;
    idle = __atomic_load_n(&sched__idle, __ATOMIC_RELAXED) & allowed;
    if (idle & (1ull << last))
        return last;
    if (idle)
        return (unsigned)__builtin_ctzll(idle);
    allowed &= ~0ull >> (64 - cpu_count());
    if (!(allowed & (1ull << last)))
        return allowed & (1ull << self) ? self
                                        : (unsigned)__builtin_ctzll(allowed);
    if (last != self && (allowed & (1ull << self)) &&
        sched__rq[last].nr > sched__rq[self].nr + 1)
        return self;
    return last;
}

/* Takes a thread that may run on `cpu` off rq, which is locked. */
static struct thread *take_for(struct run_queue *rq, unsigned cpu)
{
    struct tree_node *n = rq->first;

    for (unsigned i = 0; n && i < SCAN_MAX; i++, n = tree_next(n)) {
        struct thread *t = tree_entry(n, struct thread, rq_node);

        if (!cpu_allowed(t, cpu) || arch_thread_pinned(&t->arch))
            continue;
        sched__dequeue(rq, t);      /* S1: in our hands */
        return t;
    }
    return NULL;
}

/* How many threads want the CPU. */
static unsigned load_of(const struct run_queue *rq)
{
    return __atomic_load_n(&rq->nr, __ATOMIC_RELAXED) +
           (rq->current != rq->idle);
}

/* For an idle CPU, interrupts off: true when its queue now has a thread. A
 * queue whose own CPU is idle is left alone: it is about to run that one. */
bool sched__steal(struct run_queue *rq)
{
    unsigned n = cpu_count();

    for (unsigned i = 1; i < n; i++) {
        struct run_queue *other = &sched__rq[(rq->cpu + i) % n];
        struct thread *t;

        if (!other->idle ||
            !__atomic_load_n(&other->nr, __ATOMIC_RELAXED) ||
            load_of(other) < 2)
            continue;
        spin_lock(&other->lock);
        t = take_for(other, rq->cpu);
        spin_unlock(&other->lock);
        if (t) {
            sched__place(t, rq->cpu);
            return true;
        }
    }
    return false;
}

/* From the slice tick of a CPU with threads waiting: gives one away when
 * another CPU has at least two fewer; now and then also for a difference of
 * one, so that three threads on two CPUs take turns at having one alone. */
void sched__push(struct run_queue *rq, nsec_t now)
{
    unsigned n = cpu_count(), mine = load_of(rq), more = 2;
    struct run_queue *best = NULL;
    struct thread *t;

    if (n == 1 || (now < rq->balance_at &&
                   !__atomic_load_n(&sched__idle, __ATOMIC_RELAXED)))
        return;
    rq->balance_at = now + BALANCE_NS;
    if (now >= rq->rotate_at) {
        rq->rotate_at = now + ROTATE_NS;
        more = 1;
    }
    for (unsigned i = 1; i < n; i++) {
        struct run_queue *other = &sched__rq[(rq->cpu + i) % n];

        if (other->idle && load_of(other) + more <= mine &&
            (!best || load_of(other) < load_of(best)))
            best = other;
    }
    if (!best)
        return;
    best->rotate_at = now + ROTATE_NS;      /* a hint, unlocked */
    spin_lock(&rq->lock);
    t = take_for(rq, best->cpu);
    spin_unlock(&rq->lock);
    if (t)
        sched__place(t, best->cpu);
}
