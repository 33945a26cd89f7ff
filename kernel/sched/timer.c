/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers and clocks. A timer is in the tree of the CPU that set it; the CPU's
 * one-shot hardware timer is told only of a deadline sooner than the one it
 * has, so a removed or postponed head costs at most one idle interrupt.
 *
 * T1  timer->cpu is guarded by timer->lock_word; armed and node by the lock of
 *     that CPU's base.
 * T2  A timer whose fn is running stays with that CPU, so that timer_cancel
 *     finds it there and can wait.
 */
#include "sched_priv.h"

struct timer_base sched__timers[CPUS_MAX];

static uint64_t realtime_offset;        /* [a] */
static void (*clock_hook)(void);

static struct spinlock *lock_of(struct timer *t)
{
    return (struct spinlock *)&t->lock_word;
}
_Static_assert(sizeof(struct spinlock) == sizeof(uint32_t),
               "timer.lock_word is a spin lock");

void sched__timers_init(unsigned cpu)
{
    struct timer_base *b = &sched__timers[cpu];

    spin_init(&b->lock);
    tree_init(&b->tree, NULL);
    b->next = NSEC_FOREVER;
    b->programmed = NSEC_FOREVER;
}

void timer_init(struct timer *t, void (*fn)(struct timer *), void *arg)
{
    t->fn = fn;
    t->arg = arg;
    t->cpu = cpu_id();
    t->armed = false;
    spin_init(lock_of(t));
}

void sched__timer_program(void)
{
    unsigned cpu = cpu_id();
    struct timer_base *b = &sched__timers[cpu];
    nsec_t want = MIN(__atomic_load_n(&b->next, __ATOMIC_RELAXED),
                      sched__rq[cpu].slice_end);

    if (want < b->programmed) {
        b->programmed = want;
        arch_timer_set(want);
    }
}

static void base_remove(struct timer_base *b, struct timer *t)
{
    struct tree_node *n;

    tree_remove(&b->tree, &t->node);
    t->armed = false;
    if (t->deadline != b->next)
        return;
    n = tree_first(&b->tree);
    __atomic_store_n(&b->next,
                     n ? tree_entry(n, struct timer, node)->deadline
                       : NSEC_FOREVER, __ATOMIC_RELAXED);
}

static void base_insert(struct timer_base *b, struct timer *t)
{
    struct tree_node **link = &b->tree.root, *parent = NULL;

    while (*link) {
        parent = *link;
        link = t->deadline < tree_entry(parent, struct timer, node)->deadline
                   ? &parent->left : &parent->right;
    }
    tree_insert(&b->tree, &t->node, parent, link);
    t->armed = true;
    if (t->deadline < b->next)
        __atomic_store_n(&b->next, t->deadline, __ATOMIC_RELAXED);
}

void timer_set(struct timer *t, nsec_t deadline)
{
    uint64_t flags = spin_lock_irqsave(lock_of(t));
    struct timer_base *b = &sched__timers[t->cpu];
    unsigned self = cpu_id();
    bool sooner;

    spin_lock(&b->lock);
    if (t->armed)
        base_remove(b, t);
    if (t->cpu != self && b->running != t) {    /* T2 */
        spin_unlock(&b->lock);
        t->cpu = self;
        b = &sched__timers[self];
        spin_lock(&b->lock);
    }
    t->deadline = deadline;
    sooner = deadline < b->next;
    if (deadline != NSEC_FOREVER)
        base_insert(b, t);
    spin_unlock(&b->lock);
    if (sooner) {
        if (t->cpu == self)
            sched__timer_program();
        else
            arch_ipi_resched(t->cpu);
    }
    spin_unlock_irqrestore(lock_of(t), flags);
}

bool timer_cancel(struct timer *t)
{
    uint64_t flags = spin_lock_irqsave(lock_of(t));
    struct timer_base *b = &sched__timers[t->cpu];
    bool was_armed, elsewhere;

    spin_lock(&b->lock);
    was_armed = t->armed;
    if (was_armed)
        base_remove(b, t);
    elsewhere = b->running == t && t->cpu != cpu_id();
    spin_unlock(&b->lock);
    spin_unlock_irqrestore(lock_of(t), flags);
    if (elsewhere)
        while (__atomic_load_n(&b->running, __ATOMIC_ACQUIRE) == t)
            cpu_relax();
    return was_armed;
}

/* Takes the first expired timer off, marks it running. */
static struct timer *base_pop(struct timer_base *b, nsec_t now)
{
    struct timer *t;

    if (b->next > now)
        return NULL;
    t = tree_entry(tree_first(&b->tree), struct timer, node);
    base_remove(b, t);
    return t;
}

void sched_timer_interrupt(void)
{
    struct timer_base *b = &sched__timers[cpu_id()];
    nsec_t now = arch_clock();
    struct timer *t;

    b->programmed = NSEC_FOREVER;
    spin_lock(&b->lock);
    while ((t = base_pop(b, now)) != NULL) {
        __atomic_store_n(&b->running, t, __ATOMIC_RELAXED);
        spin_unlock(&b->lock);
        t->fn(t);
        spin_lock(&b->lock);
        __atomic_store_n(&b->running, NULL, __ATOMIC_RELEASE);
    }
    spin_unlock(&b->lock);
    sched__slice_tick(now);
    sched__timer_program();
}

/* ---------------- clocks ---------------- */

void sched__clock_init(void)
{
    realtime_offset = boot_info.wall_at_boot;
}

nsec_t clock_monotonic(void)
{
    return arch_clock();
}

nsec_t clock_realtime(void)
{
    return arch_clock() + clock_realtime_offset();
}

void clock_realtime_set(nsec_t now)
{
    __atomic_store_n(&realtime_offset, now - arch_clock(), __ATOMIC_RELAXED);
    if (clock_hook)
        clock_hook();
}

uint64_t clock_realtime_offset(void)
{
    return __atomic_load_n(&realtime_offset, __ATOMIC_RELAXED);
}

void clock_change_hook_set(void (*fn)(void))
{
    clock_hook = fn;
}
