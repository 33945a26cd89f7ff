/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sched's door: threads, run queues, wait queues, sleeping locks, timers and
 * clocks. A program's thread is an abi object that embeds struct thread;
 * kernel threads are made by kthread_create.
 *
 *   thread_init -> NEW --thread_start--> READY <--> RUNNING
 *   RUNNING --waitq_*, thread_sleep--> WAITING --waitq_wake*, timeout,
 *   thread_interrupt--> READY;   RUNNING --thread_exit--> DEAD (handed to the
 *   reaper thread once its stack is left, which calls thread->reap)
 */
#ifndef HULL_SCHED_H
#define HULL_SCHED_H

#include "../mm/mm.h"

/* ---------------- threads ---------------- */

enum thread_state { THREAD_NEW, THREAD_READY, THREAD_RUNNING, THREAD_WAITING,
                    THREAD_DEAD };

/* Bits of arch_thread.work; the others are abi's. */
enum thread_work { THREAD_WORK_INTERRUPT = 1 };

struct waitq;

struct cpu_mask { uint64_t bits[BITMAP_WORDS(CPUS_MAX)]; };

/* [I] immutable  [a] atomic  [rq] its run queue's lock  [w] thread_lock */
struct thread {
    struct arch_thread arch;    /* first: arch finds it from arch_current */
    char name[16];
    enum thread_state state;    /* [rq] */
    unsigned cpu;               /* [rq] where it runs or ran last */
    struct mm *mm;              /* [I] NULL for kernel threads */
    void *kstack;               /* [I] */
    bool program;               /* [I] embeds in abi's struct task */
    bool interrupted;           /* [a] a signal (or kill) waits: ends
                                 * interruptible waits with -EINTR */
    uint32_t weight;            /* [rq] from the nice value */
    uint64_t vruntime;          /* [rq] */
    nsec_t on_cpu_since;        /* [rq] */
    nsec_t time_program;        /* [rq] CPU time used by a program's thread, */
    nsec_t time_kernel;         /* or by a kernel thread */
    uint64_t switches_vol, switches_invol;
    struct cpu_mask allowed;    /* [rq] affinity */
    struct tree_node rq_node;   /* [rq] */
    struct list all_link;       /* every thread, for listing */
    const char *wait_reason;    /* static text, for dumps */
    void (*reap)(struct thread *); /* [I] called after the last switch away,
                                 * by the reaper thread; may block; frees */

    uint32_t files_borrowed;    /* [own thread] io's: held uncounted */
    bool files_ending;          /* [own thread] io's: inside a release */
    void *files_ended;          /* [own thread] io's: to be released after */

    /* sched's own */
    uint32_t wait_word;         /* [a] enum in sched_priv.h */
    bool queued;                /* [rq] rq_node is in a run queue */
    bool fresh;                 /* [rq] has not blocked yet */
    bool unpin;                 /* [rq] another CPU wants it: save its FPU
                                 * state when it blocks next */
    nsec_t came_at;             /* [rq] on its CPU */
    nsec_t burst;               /* [rq] how long it runs before it blocks */
    int8_t nice;                /* [rq] */
    struct arch_pt *pt;         /* [I] of mm, or NULL */
    void (*entry)(void *);      /* [I] */
    void *entry_arg;            /* [I] */
    struct list dead_link;      /* [dead_lock] */
};

/* Prepares t (zeroed by the caller) with a kernel stack; entry(arg) runs on
 * it with interrupts on and must end with thread_exit or arch_program_enter.
 * mm gets a reference. -ENOMEM; -EAGAIN beyond THREADS_MAX. May block, and
 * may reap other threads: the caller holds no lock that a reap takes. */
int thread_init(struct thread *t, const char *name, struct mm *mm,
                void (*entry)(void *), void *arg);
void thread_start(struct thread *t);
/* Undoes thread_init of a thread that never started, or frees a dead one's
 * stack, FPU area and mm reference (from reap). */
void thread_release(struct thread *t);
__noreturn void thread_exit(void);
struct thread *kthread_create(const char *name, void (*fn)(void *), void *arg);

static inline struct thread *thread_current(void) { return arch_current(); }
void thread_yield(void);
/* For exit_work: gives the CPU away if the resched flag is set. */
void thread_preempt_check(void);
/* Ends an interruptible wait of t, now or the next one, and makes a running t
 * pass exit_work soon (IPI). From any context. */
void thread_interrupt(struct thread *t);
/* Sets/clears what thread_interrupt set, when no signal is left. */
void thread_interrupt_clear(struct thread *t);
void thread_nice_set(struct thread *t, int nice);       /* -20..19 */
int thread_nice_get(const struct thread *t);
int thread_affinity_set(struct thread *t, const struct cpu_mask *mask);
/* CPU time including the running slice. */
nsec_t thread_cpu_time(struct thread *t);
unsigned thread_count(void);            /* alive, idle threads not counted */
/* Calls fn for each thread, under the list's lock: fn must not block. */
void thread_each(void (*fn)(void *arg, struct thread *t), void *arg);
/* Load averages scaled by 65536, and busy/idle time of a CPU. */
void sched_load_get(uint64_t load[3]);
void sched_cpu_times(unsigned cpu, nsec_t *program, nsec_t *kernel,
                     nsec_t *idle);
uint64_t sched_switches(void);

/* ---------------- wait queues ---------------- */

/*
 * An entry is woken by its func (wake a thread, or propagate to an epoll set).
 * func runs under the queue's lock, interrupts off; returns true if it used
 * up an exclusive wake-up.
 */
struct waitq {
    struct spinlock lock;
    struct list entries;
};
struct waitq_entry {
    struct list link;
    bool (*func)(struct waitq_entry *e, uint32_t key);
    void *arg;
    struct waitq *wq;
    bool exclusive;
    bool woken;
};
#define WAITQ_INIT(w) { SPINLOCK_INIT, LIST_INIT((w).entries) }
void waitq_init(struct waitq *w);
bool waitq_busy(const struct waitq *w);     /* a hint, unlocked */
void waitq_add(struct waitq *w, struct waitq_entry *e);     /* at the tail */
void waitq_remove(struct waitq_entry *e);   /* harmless twice */
/* Wakes all non-exclusive and up to n exclusive waiters; key goes to func
 * (poll events). Any context. Returns how many exclusive ones. */
unsigned waitq_wake(struct waitq *w, unsigned n, uint32_t key);
static inline void waitq_wake_all(struct waitq *w)
{
    waitq_wake(w, ~0u, ~0u);
}
/* An entry that wakes the current thread. */
void waitq_entry_init_thread(struct waitq_entry *e);

enum wait_flags { WAIT_INTERRUPTIBLE = 1, WAIT_EXCLUSIVE = 2 };
/* The pattern, where the condition is the caller's own:
 *   waitq_entry_init_thread(&e); waitq_add(&wq, &e);
 *   for (;;) { e.woken = false; if (condition) break;
 *              err = thread_wait(&e, deadline, flags); if (err) break; }
 *   waitq_remove(&e);
 * thread_wait blocks until e.woken; 0, -ETIMEDOUT, or -EINTR. Waking between
 * the test and the wait is not lost. e NULL: until timeout or interrupt. */
int thread_wait(struct waitq_entry *e, nsec_t deadline, unsigned flags);
/* The whole pattern in one call. */
#define waitq_wait(wq, cond, deadline, flags) ({ \
    struct waitq_entry wait_e_; \
    int wait_err_ = 0; \
    if (!(cond)) { \
        waitq_entry_init_thread(&wait_e_); \
        wait_e_.exclusive = !!((flags) & WAIT_EXCLUSIVE); \
        waitq_add((wq), &wait_e_); \
        for (;;) { \
            __atomic_store_n(&wait_e_.woken, false, __ATOMIC_SEQ_CST); \
            if (cond) \
                break; \
            wait_err_ = thread_wait(&wait_e_, (deadline), (flags)); \
            if (wait_err_) \
                break; \
        } \
        waitq_remove(&wait_e_); \
        if (wait_err_ && (cond)) \
            wait_err_ = 0; \
    } \
    wait_err_; })
/* Sleeps until an arch_clock time. 0 or -EINTR (if interruptible). */
int thread_sleep_until(nsec_t deadline, unsigned flags);

/* Low level, for futex: block the current thread until thread_wake(t) or the
 * deadline. The caller announces itself under its own lock first, with
 * thread_wait_prepare() before releasing that lock; a wake-up after prepare is
 * not lost. commit may return 0 with no wake-up behind it (a signal in an
 * uninterruptible wait): the caller keeps its own mark of who was woken. */
void thread_wait_prepare(const char *reason);
/* 0, -ETIMEDOUT, or -EINTR. */
int thread_wait_commit(nsec_t deadline, unsigned flags);
void thread_wait_cancel(void);          /* prepared, but need not wait */
/* Any context; harmless if running. The caller keeps t alive for the call. */
void thread_wake(struct thread *t);

/* ---------------- sleeping locks ---------------- */

struct mutex {
    uint32_t word;          /* [a] 0 free, 1 held, 2 held with waiters */
    struct thread *owner;
    struct waitq wq;
};
#define MUTEX_INIT(m) { 0, NULL, WAITQ_INIT((m).wq) }
void mutex_init(struct mutex *m);
void mutex_lock(struct mutex *m);           /* not interruptible */
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_held(const struct mutex *m);     /* by the current thread */

struct rwlock {             /* many readers or one writer; writers first */
    struct spinlock lock;
    int readers;            /* -1: a writer */
    unsigned writers_waiting;
    struct waitq wq;
};
void rwlock_init(struct rwlock *l);
void rwlock_read_lock(struct rwlock *l);
void rwlock_read_unlock(struct rwlock *l);
void rwlock_write_lock(struct rwlock *l);
void rwlock_write_unlock(struct rwlock *l);

/* ---------------- clocks ---------------- */

nsec_t clock_monotonic(void);           /* since boot */
/* Real time, ns since 1970. Settable; the vDSO page follows. */
nsec_t clock_realtime(void);
void clock_realtime_set(nsec_t now);
/* monotonic + offset == real time. */
uint64_t clock_realtime_offset(void);
/* Called after the offset changed (abi's vDSO page). */
void clock_change_hook_set(void (*fn)(void));

/* ---------------- timers ---------------- */

/* One-shot, at clock resolution, per CPU. fn runs in interrupt context on
 * some CPU, interrupts off, must not block. */
struct timer {
    struct tree_node node;
    nsec_t deadline;
    void (*fn)(struct timer *t);
    void *arg;
    unsigned cpu;
    bool armed;
    uint32_t lock_word;
};
void timer_init(struct timer *t, void (*fn)(struct timer *), void *arg);
/* Re-arms freely, also from fn. Any context. */
void timer_set(struct timer *t, nsec_t deadline);
/* True: it was armed and will not run. With false it has run; if it may be
 * running on another CPU right now, waits for it (so not from fn itself, and
 * with no lock that fn takes). */
bool timer_cancel(struct timer *t);

/* ---------------- start-up ---------------- */

/* Makes the caller (boot's stack) the first thread of CPU 0. */
void sched_init(void);
/* On each further CPU, from arch_cpus_start's entry: becomes its idle loop. */
__noreturn void sched_cpu_run(unsigned cpu);
/* arch_hooks members. */
void sched_timer_interrupt(void);
void sched_resched_interrupt(void);

/* ---------------- work for devices, and for other CPUs ---------------- */

/* What an interrupt left to do (net): fn runs in thread context, on the stack
 * of whatever thread there is, interrupts on, and must not block. Optional. */
void sched_poll_hook_set(void (*fn)(void));
/* This CPU shall run the hook soon: on the way back to the program, before an
 * interruptible wait, or before it halts. Any context. */
void sched_poll_ask(void);
/* Between the two, on one CPU, interrupts that wake other CPUs are kept back:
 * to send one may take as long as the host likes, and who spins on a lock of
 * the caller's would wait for it. They nest; the caller does not block. */
void sched_kicks_hold(void);
void sched_kicks_release(void);

#endif
