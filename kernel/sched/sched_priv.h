/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside sched: the run queue and timer base of a CPU, and what its files
 * share. Lock order: waitq.lock or timer.lock_word, then one run queue's lock
 * or one timer base's lock, never two of a kind at once. The run queue's lock
 * is held across a switch and released by the thread that comes in; so who
 * holds the lock of a waiting thread's queue knows that its context is saved.
 *
 * Invariants:
 *   S1  A READY thread is in the tree of queue t->cpu (t->queued), or one CPU
 *       is carrying it there and nobody else touches it.
 *   S2  Who changes wait_word from a blocked value to WAIT_WOKEN, and only
 *       that one, makes the thread READY.
 *   S3  A CPU's bit is set in sched__idle only by its idle loop, before it
 *       looks at its queue for the last time and halts.
 */
#ifndef HULL_SCHED_PRIV_H
#define HULL_SCHED_PRIV_H

#include "sched.h"

#define SLICE_NS        (4 * NSEC_PER_MSEC) /* before another one's turn */
#define WAKE_GRAN_NS    (1 * NSEC_PER_MSEC) /* lead that preempts at once */
#define SLEEP_CREDIT_NS (3 * NSEC_PER_MSEC) /* at most, for having slept */
#define BURST_MAX_NS    (1 * NSEC_PER_MSEC) /* longer is all the same */
#define WAKE_COST_NS    (12 * NSEC_PER_USEC)    /* first guess, and bound */
#define WAKE_COST_MAX_NS (100 * NSEC_PER_USEC)
#define WEIGHT_NICE_0   1024u

enum wait_word {
    WAIT_IDLE,          /* running, not about to wait */
    WAIT_PREPARED,      /* thread_wait_prepare was called */
    WAIT_BLOCKED,       /* off the CPU, or just leaving it */
    WAIT_BLOCKED_INTR,  /* so, and a signal may end it */
    WAIT_WOKEN,         /* must not block, or is being made READY */
};

/* [rq] lock  [c] own CPU, interrupts off  [a] atomic */
struct run_queue {
    struct spinlock lock;
    unsigned cpu;               /* [I] */
    struct tree ready;          /* [rq] by vruntime */
    struct tree_node *first;    /* [rq] its leftmost */
    unsigned nr;                /* [rq] in the tree; read unlocked as a hint */
    bool need_resched;          /* [rq] this CPU was asked to look */
    uint64_t min_vruntime;      /* [rq] never goes back */
    struct thread *current;     /* [rq] */
    struct thread *idle;        /* [I] */
    struct thread *prev;        /* [c] just left, for finish_switch */
    nsec_t slice_end;           /* [rq] NSEC_FOREVER: no tick needed */
    nsec_t balance_at;          /* [rq] */
    nsec_t rotate_at;           /* [c] the next exchange at equal length */
    nsec_t kicked_at;           /* [rq] when its halt was ended, 0: was not */
    unsigned hold;              /* [c] depth of sched_kicks_hold */
    uint64_t held;              /* [c] CPUs that shall be told at its end */
    bool poll_asked;            /* [c] the poll hook shall run */
    nsec_t time_program, time_kernel, time_idle;    /* [rq] */
    uint64_t switches;          /* [rq] */
} __aligned(64);

struct timer_base {
    struct spinlock lock;
    struct tree tree;           /* [lock] by deadline */
    nsec_t next;                /* [lock] of the first one; read unlocked */
    struct timer *running;      /* [lock] its fn runs now */
    nsec_t programmed;          /* [c] what the hardware was told */
} __aligned(64);

extern struct run_queue sched__rq[CPUS_MAX];
extern struct timer_base sched__timers[CPUS_MAX];
extern uint64_t sched__idle;    /* [a] CPUs that halt or are about to */
_Static_assert(CPUS_MAX <= 64, "sched__idle is one word");

static inline struct run_queue *rq_this(void)
{
    return &sched__rq[cpu_id()];
}

static inline bool cpu_allowed(const struct thread *t, unsigned cpu)
{
    return bitmap_test(t->allowed.bits, cpu);
}

/* run.c */
void sched__enqueue(struct run_queue *rq, struct thread *t);
void sched__dequeue(struct run_queue *rq, struct thread *t);
/* Puts a READY thread that no queue holds on the queue of `cpu`, with the CPU
 * told. No run queue's lock is held. Interrupts off. */
void sched__place(struct thread *t, unsigned cpu);
/* Makes a thread READY on the CPU that suits it (S2). */
void sched__make_ready(struct thread *t);
/* The current thread leaves its CPU as its state says. Its queue is locked,
 * interrupts are off; both are undone when it is back. */
void sched__switch(struct run_queue *rq);
void sched__finish_switch(void);
/* From the timer interrupt, after the timers. */
void sched__slice_tick(nsec_t now);
/* Asks rq's CPU, locked, to look at its queue. */
void sched__ask(struct run_queue *rq);
/* The charge of `ran` ns against a thread of this weight. */
uint64_t sched__scale(const struct thread *t, nsec_t ran);
void sched__charge(struct run_queue *rq, nsec_t now);
/* Locks the queue that t belongs to. */
struct run_queue *sched__rq_lock(struct thread *t, uint64_t *flags);
__noreturn void sched__idle_loop(void);
/* Tells the CPUs that were kept back. */
void sched__kicks_send(struct run_queue *rq);
static inline void sched__kicks_hold(void)
{
    rq_this()->hold++;
}
static inline void sched__kicks_release(void)
{
    struct run_queue *rq = rq_this();

    rq->hold--;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (unlikely(!rq->hold && rq->held))
        sched__kicks_send(rq);
}
/* Runs the poll hook if it was asked for. */
void sched__poll(void);

/* balance.c */
extern nsec_t sched__wake_cost;     /* [a] of ending another CPU's halt */
extern nsec_t sched__first_burst;   /* [a] of a thread, until it blocks */
unsigned sched__choose_cpu(struct thread *t);
bool sched__steal(struct run_queue *rq);
void sched__push(struct run_queue *rq, nsec_t now);

/* thread.c */
void sched__dead(struct thread *t);
void sched__reaper_start(void);

/* timer.c */
void sched__timers_init(unsigned cpu);
/* Tells the hardware the next deadline if it is sooner than what it knows. */
void sched__timer_program(void);
void sched__clock_init(void);

/* wait.c */
void sched__sleep_ops_init(void);

/* load.c */
void sched__load_tick(nsec_t now);
extern nsec_t sched__load_at;   /* [a] when the next sample is due */

#endif
