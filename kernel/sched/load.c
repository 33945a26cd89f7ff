/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Load averages and the CPUs' busy and idle times. There is no tick to sample
 * by: a switch after the sample's time, or a reader, makes up for the
 * samples missed since, with the load that lasted until then.
 */
#include "sched_priv.h"

#define LOAD_PERIOD (5 * NSEC_PER_SEC)
#define LOAD_SCALE  65536u

/* 65536 * exp(-5 s / 1, 5, 15 min) */
static const uint32_t decay[3] = { 60296, 64453, 65173 };

nsec_t sched__load_at = LOAD_PERIOD;
static struct spinlock load_lock = SPINLOCK_INIT;
static uint64_t load[3];        /* [load_lock] scaled */

/* A CPU that idles counts for nothing, whatever has just woken there. */
static uint64_t runnable(void)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < cpu_count(); i++) {
        const struct run_queue *rq = &sched__rq[i];

        if (rq->idle && rq->current != rq->idle)
            n += rq->nr + 1;
    }
    return n;
}

/* Interrupts off. */
void sched__load_tick(nsec_t now)
{
    uint64_t active;
    nsec_t at;

    if (!spin_trylock(&load_lock))
        return;
    at = sched__load_at;
    active = runnable() * LOAD_SCALE;
    /* A quarter of an hour of equal samples is as good as all of them. */
    for (unsigned n = 0; at <= now && n < 720; n++, at += LOAD_PERIOD)
        for (unsigned i = 0; i < 3; i++)
            load[i] = (load[i] * decay[i] +
                       active * (LOAD_SCALE - decay[i])) / LOAD_SCALE;
    if (at <= now)
        at = now + LOAD_PERIOD;
    __atomic_store_n(&sched__load_at, at, __ATOMIC_RELAXED);
    spin_unlock(&load_lock);
}

void sched_load_get(uint64_t out[3])
{
    uint64_t flags = irq_save();
    nsec_t now = arch_clock();

    if (now >= __atomic_load_n(&sched__load_at, __ATOMIC_RELAXED))
        sched__load_tick(now);
    spin_lock(&load_lock);
    for (unsigned i = 0; i < 3; i++)
        out[i] = load[i];
    spin_unlock(&load_lock);
    irq_restore(flags);
}

void sched_cpu_times(unsigned cpu, nsec_t *program, nsec_t *kernel,
                     nsec_t *idle)
{
    struct run_queue *rq = &sched__rq[cpu];
    uint64_t flags = spin_lock_irqsave(&rq->lock);

    if (rq->current)
        sched__charge(rq, MAX(arch_clock(), rq->current->on_cpu_since));
    *program = rq->time_program;
    *kernel = rq->time_kernel;
    *idle = rq->time_idle;
    spin_unlock_irqrestore(&rq->lock, flags);
}

uint64_t sched_switches(void)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < cpu_count(); i++)
        n += __atomic_load_n(&sched__rq[i].switches, __ATOMIC_RELAXED);
    return n;
}
