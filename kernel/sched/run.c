/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run queues: which thread runs next on a CPU, the switch to it, waking,
 * preemption of the program, and the idle loop.
 *
 * A CPU with one runnable thread has no tick. When a second one arrives a
 * time slice starts: at once if a thread of this CPU woke it, else by asking
 * the CPU to look (the resched flag) on its way back to the program. The
 * hardware's timer is told only of what is sooner than it knows, so two that
 * wake each other in turn touch it once a slice.
 *
 * Threads' private fields are in thread.c, placement on CPUs in balance.c.
 */
#include "sched_priv.h"

struct run_queue sched__rq[CPUS_MAX];
uint64_t sched__idle;

static void (*poll_hook)(void);

static struct thread *ready_first(const struct run_queue *rq)
{
    return tree_entry(rq->first, struct thread, rq_node);
}

uint64_t sched__scale(const struct thread *t, nsec_t ran)
{
    return t->weight == WEIGHT_NICE_0 ? ran : ran * WEIGHT_NICE_0 / t->weight;
}

/* vruntimes wrap; only differences mean anything. */
static bool before(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b) < 0;
}

static void min_vruntime_update(struct run_queue *rq)
{
    uint64_t v = rq->min_vruntime;
    bool busy = rq->current != rq->idle;

    if (busy)
        v = rq->current->vruntime;
    if (rq->nr && (!busy || before(ready_first(rq)->vruntime, v)))
        v = ready_first(rq)->vruntime;
    if (before(rq->min_vruntime, v))
        rq->min_vruntime = v;
}

void sched__charge(struct run_queue *rq, nsec_t now)
{
    struct thread *t = rq->current;
    nsec_t ran = now - t->on_cpu_since;

    if (now <= t->on_cpu_since)
        return;             /* read before another CPU charged it */
    t->on_cpu_since = now;
    if (t == rq->idle) {
        rq->time_idle += ran;
        return;
    }
    t->vruntime += sched__scale(t, ran);
    if (t->program) {
        t->time_program += ran;
        rq->time_program += ran;
    } else {
        t->time_kernel += ran;
        rq->time_kernel += ran;
    }
    min_vruntime_update(rq);
}

static void insert_sorted(struct run_queue *rq, struct thread *t)
{
    struct tree_node **link = &rq->ready.root, *parent = NULL;
    bool leftmost = true;

    while (*link) {
        parent = *link;
        if (before(t->vruntime,
                   tree_entry(parent, struct thread, rq_node)->vruntime)) {
            link = &parent->left;
        } else {
            link = &parent->right;
            leftmost = false;
        }
    }
    tree_insert(&rq->ready, &t->rq_node, parent, link);
    if (leftmost)
        rq->first = &t->rq_node;
}

void sched__enqueue(struct run_queue *rq, struct thread *t)
{
    ASSERT(!t->queued);
    if (likely(!rq->nr)) {
        tree_insert_only(&rq->ready, &t->rq_node);
        rq->first = &t->rq_node;
    } else {
        insert_sorted(rq, t);
    }
    t->state = THREAD_READY;
    t->cpu = rq->cpu;
    t->queued = true;
    __atomic_store_n(&rq->nr, rq->nr + 1, __ATOMIC_RELAXED);
}

void sched__dequeue(struct run_queue *rq, struct thread *t)
{
    ASSERT(t->queued);
    if (likely(rq->nr == 1)) {
        tree_remove_only(&rq->ready);
        rq->first = NULL;
    } else {
        if (rq->first == &t->rq_node)
            rq->first = tree_next(&t->rq_node);
        tree_remove(&rq->ready, &t->rq_node);
    }
    t->queued = false;
    __atomic_store_n(&rq->nr, rq->nr - 1, __ATOMIC_RELAXED);
}

struct run_queue *sched__rq_lock(struct thread *t, uint64_t *flags)
{
    for (;;) {
        unsigned cpu = __atomic_load_n(&t->cpu, __ATOMIC_RELAXED);
        struct run_queue *rq = &sched__rq[cpu];

        *flags = spin_lock_irqsave(&rq->lock);
        if (t->cpu == cpu)
            return rq;
        spin_unlock_irqrestore(&rq->lock, *flags);
    }
}

/* Telling another CPU can take long where it is an exit to a busy host. That
 * time is not the current thread's burst. */
static void kick(struct run_queue *rq, nsec_t now)
{
    struct run_queue *self = rq_this();

    if (self->hold) {
        self->held |= 1ull << rq->cpu;
        return;
    }
    arch_ipi_resched(rq->cpu);
    self->current->came_at += arch_clock() - now;
}

void sched_kicks_hold(void)
{
    sched__kicks_hold();
}

void sched__kicks_send(struct run_queue *rq)
{
    uint64_t flags = irq_save(), held = rq->held;
    nsec_t now = arch_clock();

    rq->held = 0;
    irq_restore(flags);
    for (; held; held &= held - 1)
        arch_ipi_resched((unsigned)__builtin_ctzll(held));
    rq->current->came_at += arch_clock() - now;
}

void sched_kicks_release(void)
{
    ASSERT(rq_this()->hold > 0);
    sched__kicks_release();
}

void sched__ask(struct run_queue *rq)
{
    if (rq->need_resched)
        return;
    rq->need_resched = true;
    if (rq->cpu == cpu_id())
        arch_resched_set();
    else
        kick(rq, arch_clock());
}

/* A thread that waits here while another CPU idles was put here because this
 * one blocks soon as a rule; if it does not, the tick sends the waiter on. */
static nsec_t slice_length(const struct run_queue *rq)
{
    uint64_t idle = __atomic_load_n(&sched__idle, __ATOMIC_RELAXED);

    if (idle & ~(1ull << rq->cpu))
        return MIN(SLICE_NS, 4 * MAX(sched__wake_cost, WAKE_COST_NS));
    return SLICE_NS;
}

/* t is ready on this CPU, which is busy: preempts, or starts a slice if none
 * is running. As a rule the hardware's timer is set already, from the slice
 * of the wake-up before, and then this costs no more than reading the clock. */
static void join_here(struct run_queue *rq, struct thread *t)
{
    nsec_t now;

    if (rq->slice_end == NSEC_FOREVER) {
        now = arch_clock();
        sched__charge(rq, now);
        rq->slice_end = now + slice_length(rq);
        sched__timer_program();
    }
    if (before(t->vruntime + WAKE_GRAN_NS, rq->current->vruntime))
        sched__ask(rq);
}

/* After t was put on rq, which is locked: does its CPU need to be told? */
static void tell(struct run_queue *rq, struct thread *t)
{
    struct thread *cur = rq->current;
    uint64_t bit = 1ull << rq->cpu;

    if (cur != rq->idle) {
        if (rq->cpu == cpu_id())
            join_here(rq, t);
        else if (rq->slice_end == NSEC_FOREVER ||
                 before(t->vruntime + WAKE_GRAN_NS, cur->vruntime))
            sched__ask(rq);
        return;
    }
    /* S3: the idle loop sees nr, or we see its bit. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!(__atomic_load_n(&sched__idle, __ATOMIC_RELAXED) & bit))
        return;
    if (rq->cpu == cpu_id())
        return;     /* an interrupt in the idle loop, which looks again */
    if (__atomic_fetch_and(&sched__idle, ~bit, __ATOMIC_SEQ_CST) & bit) {
        rq->kicked_at = arch_clock();
        kick(rq, rq->kicked_at);
    }
}

static void put_locked(struct run_queue *rq, struct thread *t)
{
    uint64_t floor = rq->min_vruntime - SLEEP_CREDIT_NS;

    if (before(t->vruntime, floor))
        t->vruntime = floor;
    sched__enqueue(rq, t);
    tell(rq, t);
}

void sched__place(struct thread *t, unsigned cpu)
{
    struct run_queue *rq = &sched__rq[cpu];

    spin_lock(&rq->lock);
    if (t->cpu != cpu)
        t->vruntime += rq->min_vruntime -
            __atomic_load_n(&sched__rq[t->cpu].min_vruntime,
                            __ATOMIC_RELAXED);
    put_locked(rq, t);
    spin_unlock(&rq->lock);
}

void sched__make_ready(struct thread *t)
{
    uint64_t flags = irq_save();
    struct run_queue *rq = &sched__rq[t->cpu];
    unsigned cpu;

    sched__kicks_hold();
    spin_lock(&rq->lock);       /* until it has left its CPU */
    ASSERT(t->state == THREAD_WAITING);
    cpu = sched__choose_cpu(t);
    if (cpu == rq->cpu) {
        put_locked(rq, t);
        spin_unlock(&rq->lock);
    } else {
        t->state = THREAD_READY;        /* S1: in our hands */
        spin_unlock(&rq->lock);
        sched__place(t, cpu);
    }
    irq_restore(flags);
    sched__kicks_release();
}

/* Who runs after prev; prev itself, if it can, when nobody is before it. */
static struct thread *pick_next(struct run_queue *rq, struct thread *prev)
{
    bool stays = prev->state == THREAD_RUNNING && prev != rq->idle;
    struct thread *t;

    if (!rq->nr)
        return stays ? prev : rq->idle;
    t = ready_first(rq);
    if (stays && before(prev->vruntime, t->vruntime))
        return prev;
    sched__dequeue(rq, t);
    if (stays)
        sched__enqueue(rq, prev);
    return t;
}

/* Racing updates lose a sample, no more. */
static void wake_cost_learn(nsec_t cost)
{
    nsec_t old = __atomic_load_n(&sched__wake_cost, __ATOMIC_RELAXED);

    cost = MIN(cost, WAKE_COST_MAX_NS);
    __atomic_store_n(&sched__wake_cost, (7 * old + cost) / 8,
                     __ATOMIC_RELAXED);
}

/* One long burst among short ones is the host's doing: it counts as twice the
 * usual. */
static nsec_t burst_average(nsec_t old, nsec_t burst)
{
    burst = MIN(burst, 2 * old + NSEC_PER_USEC);
    return (3 * old + MIN(burst, BURST_MAX_NS)) / 4;
}

/* A thread's first burst is also what the next new thread is expected to do:
 * programs that start threads for a moment's work start many. */
static void burst_learn(struct thread *t, nsec_t burst)
{
    if (t->fresh) {
        nsec_t old = __atomic_load_n(&sched__first_burst, __ATOMIC_RELAXED);

        __atomic_store_n(&sched__first_burst, burst_average(old, burst),
                         __ATOMIC_RELAXED);
        t->burst = MIN(burst, BURST_MAX_NS);
        t->fresh = false;
        return;
    }
    t->burst = burst_average(t->burst, burst);
}

/* What the current thread leaves behind. */
static void leave(struct run_queue *rq, struct thread *t, nsec_t now)
{
    if (t == rq->idle) {
        if (rq->kicked_at)
            wake_cost_learn(now - rq->kicked_at);
        rq->kicked_at = 0;
        return;
    }
    if (t->state != THREAD_RUNNING) {
        t->switches_vol++;
        burst_learn(t, now - t->came_at);
        if (unlikely(t->unpin)) {
            t->unpin = false;
            arch_thread_unpin(&t->arch);
        }
        return;
    }
    t->switches_invol++;
    if (unlikely(!cpu_allowed(t, rq->cpu))) {
        arch_thread_unpin(&t->arch);
        t->state = THREAD_READY;    /* S1: finish_switch carries it */
    }
}

/* As sched__switch, the current thread charged up to now. */
static void switch_charged(struct run_queue *rq, nsec_t now)
{
    struct thread *prev = rq->current, *next;

    if (unlikely(now >= __atomic_load_n(&sched__load_at, __ATOMIC_RELAXED)))
        sched__load_tick(now);
    leave(rq, prev, now);
    next = pick_next(rq, prev);
    next->state = THREAD_RUNNING;
    rq->need_resched = false;
    arch_resched_clear();
    rq->slice_end = NSEC_FOREVER;
    if (rq->nr && next->program) {
        rq->slice_end = now + slice_length(rq);
        sched__timer_program();
    }
    if (unlikely(rq->poll_asked) && next->program)
        arch_resched_set();
    if (unlikely(!cpu_allowed(next, rq->cpu)) && next->program)
        sched__ask(rq);         /* goes elsewhere on the way out */
    if (next == prev) {
        spin_unlock(&rq->lock);
        return;
    }
    next->on_cpu_since = next->came_at = now;
    rq->current = next;
    rq->prev = prev;
    rq->switches++;
    arch_thread_switch(prev, next, next->pt);
    sched__finish_switch();
}

void sched__switch(struct run_queue *rq)
{
    nsec_t now = arch_clock();

    sched__charge(rq, now);
    switch_charged(rq, now);
}

/* Not inlined: what it reads of the CPU must be read after the switch. */
__attribute__((noinline)) void sched__finish_switch(void)
{
    struct run_queue *rq = rq_this();
    struct thread *prev = rq->prev;
    bool homeless = prev->state == THREAD_READY && !prev->queued;
    bool dead = prev->state == THREAD_DEAD;

    spin_unlock(&rq->lock);
    if (unlikely(homeless))
        sched__place(prev, sched__choose_cpu(prev));
    else if (unlikely(dead))
        sched__dead(prev);
}

void thread_yield(void)
{
    struct run_queue *rq;
    struct thread *t;
    uint64_t flags, v;
    nsec_t now;

    if (!__atomic_load_n(&rq_this()->nr, __ATOMIC_RELAXED))
        return;
    flags = irq_save();
    rq = rq_this();
    spin_lock(&rq->lock);
    t = rq->current;
    now = arch_clock();
    sched__charge(rq, now);
    if (rq->nr) {
        v = ready_first(rq)->vruntime + 1;
        if (before(t->vruntime, v))
            t->vruntime = v;
    }
    switch_charged(rq, now);
    irq_restore(flags);
}

/* Is it another one's turn? Otherwise makes sure that a slice is running. */
static bool turn_is_over(struct run_queue *rq, nsec_t now)
{
    struct thread *t = rq->current;
    uint64_t first;

    if (!cpu_allowed(t, rq->cpu))
        return true;
    if (!rq->nr)
        return false;
    first = ready_first(rq)->vruntime;
    if (before(first + WAKE_GRAN_NS, t->vruntime))
        return true;
    if (now >= rq->slice_end && before(first, t->vruntime))
        return true;
    if (rq->slice_end == NSEC_FOREVER || now >= rq->slice_end)
        rq->slice_end = now + slice_length(rq);
    return false;
}

void thread_preempt_check(void)
{
    struct run_queue *rq;
    nsec_t now;

    if (!arch_resched_pending())
        return;
    sched__poll();
    irq_disable();
    rq = rq_this();
    spin_lock(&rq->lock);
    now = arch_clock();
    rq->need_resched = false;
    arch_resched_clear();
    sched__charge(rq, now);
    if (turn_is_over(rq, now)) {
        switch_charged(rq, now);
    } else {
        spin_unlock(&rq->lock);
        sched__timer_program();
    }
    irq_enable();
}

void sched_resched_interrupt(void)
{
    struct run_queue *rq = rq_this();

    sched__timer_program();     /* a timer may have been put here */
    if (rq->current != rq->idle)
        arch_resched_set();
}

/* Called by the timer interrupt after the timers. */
void sched__slice_tick(nsec_t now)
{
    struct run_queue *rq = rq_this();

    spin_lock(&rq->lock);
    if (now < rq->slice_end || rq->current == rq->idle) {
        spin_unlock(&rq->lock);
        return;
    }
    if (!rq->nr) {
        rq->slice_end = NSEC_FOREVER;
        spin_unlock(&rq->lock);
        return;
    }
    sched__charge(rq, now);
    if (turn_is_over(rq, now)) {
        rq->slice_end = NSEC_FOREVER;
        sched__ask(rq);
    }
    spin_unlock(&rq->lock);
    sched__push(rq, now);
}

void sched_poll_hook_set(void (*fn)(void))
{
    poll_hook = fn;
}

void sched_poll_ask(void)
{
    struct run_queue *rq = rq_this();

    rq->poll_asked = true;
    if (rq->current->program)
        arch_resched_set();
}

void sched__poll(void)
{
    struct run_queue *rq = rq_this();

    if (likely(!rq->poll_asked))
        return;
    rq->poll_asked = false;
    poll_hook();
}

__noreturn void sched__idle_loop(void)
{
    struct run_queue *rq = rq_this();
    uint64_t bit = 1ull << rq->cpu;

    for (;;) {
        irq_disable();
        if (__atomic_load_n(&rq->nr, __ATOMIC_RELAXED) || sched__steal(rq)) {
            spin_lock(&rq->lock);
            sched__switch(rq);
            continue;
        }
        if (rq->poll_asked) {
            irq_enable();
            sched__poll();
            continue;
        }
        __atomic_fetch_or(&sched__idle, bit, __ATOMIC_SEQ_CST);
        if (!__atomic_load_n(&rq->nr, __ATOMIC_SEQ_CST))
            arch_cpu_idle();
        if (__atomic_load_n(&sched__idle, __ATOMIC_RELAXED) & bit)
            __atomic_fetch_and(&sched__idle, ~bit, __ATOMIC_SEQ_CST);
    }
}
