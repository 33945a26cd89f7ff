/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads as objects: making, starting, ending and reaping them, the list of
 * all, their weight, affinity and CPU time; and the start of the scheduler on
 * each CPU.
 *
 * A dead thread's stack is in use until the switch away from it is over, and
 * the thread that comes in may hold any lock; so a thread of its own reaps.
 */
#include "sched_priv.h"

static struct spinlock all_lock = SPINLOCK_INIT;
static struct list all_threads = LIST_INIT(all_threads);
static unsigned thread_nr;                      /* [all_lock] */

static struct spinlock dead_lock = SPINLOCK_INIT;
static struct list dead_threads = LIST_INIT(dead_threads);
static unsigned dead_nr;                        /* [dead_lock] */
static struct waitq dead_wq = WAITQ_INIT(dead_wq);

static struct thread boot_thread;
static struct thread idle_threads[CPUS_MAX];

/* 1024 / 1.25^nice */
static const uint32_t weights[40] = {
    88818, 71054, 56843, 45475, 36380, 29104, 23283, 18626, 14901, 11921,
    9537, 7629, 6104, 4883, 3906, 3125, 2500, 2000, 1600, 1280,
    1024, 819, 655, 524, 419, 336, 268, 215, 172, 137,
    110, 88, 70, 56, 45, 36, 29, 23, 18, 15,
};

static void thread_begin(void *arg)
{
    struct thread *t = arg;

    sched__finish_switch();
    irq_enable();
    t->entry(t->entry_arg);
    panic("thread %s returned", t->name);
}

/* What every thread has, stack or not. */
static void fields_init(struct thread *t, const char *name)
{
    strlcpy(t->name, name, sizeof(t->name));
    t->state = THREAD_NEW;
    t->weight = WEIGHT_NICE_0;
    t->cpu = cpu_id();
    t->vruntime = sched__rq[t->cpu].min_vruntime;
    t->burst = __atomic_load_n(&sched__first_burst, __ATOMIC_RELAXED);
    t->fresh = true;
    t->wait_word = WAIT_IDLE;
    memset(&t->allowed, 0xff, sizeof(t->allowed));
    list_init(&t->all_link);
    list_init(&t->dead_link);
}

static int list_in(struct thread *t)
{
    uint64_t flags = spin_lock_irqsave(&all_lock);
    int err = -EAGAIN;

    if (thread_nr < THREADS_MAX) {
        thread_nr++;
        list_add_tail(&all_threads, &t->all_link);
        err = 0;
    }
    spin_unlock_irqrestore(&all_lock, flags);
    return err;
}

static void list_out(struct thread *t)
{
    uint64_t flags = spin_lock_irqsave(&all_lock);

    if (!list_empty(&t->all_link)) {
        list_del(&t->all_link);
        thread_nr--;
    }
    spin_unlock_irqrestore(&all_lock, flags);
}

/* Gives t a stack on which it starts in thread_begin. */
static int context_init(struct thread *t, void (*entry)(void *), void *arg)
{
    int err;

    t->kstack = kstack_alloc();
    if (!t->kstack)
        return -ENOMEM;
    t->entry = entry;
    t->entry_arg = arg;
    err = arch_thread_init(&t->arch, (char *)t->kstack + KSTACK_SIZE,
                           thread_begin, t);
    if (err) {
        kstack_free(t->kstack);
        t->kstack = NULL;
    }
    return err;
}

static struct thread *dead_take(void)
{
    uint64_t flags = spin_lock_irqsave(&dead_lock);
    struct thread *t = NULL;

    if (!list_empty(&dead_threads)) {
        t = list_first(&dead_threads, struct thread, dead_link);
        list_del(&t->dead_link);
        dead_nr--;
    }
    spin_unlock_irqrestore(&dead_lock, flags);
    return t;
}

/* Who makes threads faster than the reaper frees them helps it. */
static void reap_surplus(void)
{
    struct thread *t;

    while (__atomic_load_n(&dead_nr, __ATOMIC_RELAXED) > DEAD_THREADS_MAX &&
           (t = dead_take()) != NULL)
        if (t->reap)
            t->reap(t);
}

int thread_init(struct thread *t, const char *name, struct mm *mm,
                void (*entry)(void *), void *arg)
{
    int err;

    reap_surplus();
    fields_init(t, name);
    err = list_in(t);
    if (err)
        return err;
    err = context_init(t, entry, arg);
    if (err) {
        list_out(t);
        return err;
    }
    if (mm) {
        mm_ref(mm);
        t->mm = mm;
        t->pt = mm_pt(mm);
    }
    return 0;
}

void thread_release(struct thread *t)
{
    ASSERT(t->state == THREAD_NEW || t->state == THREAD_DEAD);
    list_out(t);
    arch_thread_release(&t->arch);
    kstack_free(t->kstack);
    t->kstack = NULL;
    if (t->mm)
        mm_unref(t->mm);
    t->mm = NULL;
}

void thread_start(struct thread *t)
{
    uint64_t flags = irq_save();

    ASSERT(t->state == THREAD_NEW);
    t->state = THREAD_READY;
    sched__place(t, sched__choose_cpu(t));
    irq_restore(flags);
}

__noreturn void thread_exit(void)
{
    struct run_queue *rq;
    struct thread *t = thread_current();

    list_out(t);
    irq_disable();
    rq = rq_this();
    spin_lock(&rq->lock);
    t->state = THREAD_DEAD;
    sched__switch(rq);
    UNREACHABLE();
}

/* ---------------- reaping ---------------- */

void sched__dead(struct thread *t)
{
    spin_lock(&dead_lock);
    list_add_tail(&dead_threads, &t->dead_link);
    dead_nr++;
    spin_unlock(&dead_lock);
    waitq_wake_all(&dead_wq);
}

static void reaper(void *arg)
{
    struct thread *t;

    (void)arg;
    for (;;) {
        waitq_wait(&dead_wq, (t = dead_take()) != NULL, NSEC_FOREVER, 0);
        if (t && t->reap)
            t->reap(t);
    }
}

void sched__reaper_start(void)
{
    if (!kthread_create("reaper", reaper, NULL))
        panic("no memory for the reaper thread");
}

/* ---------------- kernel threads ---------------- */

static void kthread_reap(struct thread *t)
{
    thread_release(t);
    kfree(t);
}

struct kthread {
    struct thread thread;       /* first */
    void (*fn)(void *);
    void *arg;
};

static void kthread_main(void *arg)
{
    struct kthread *k = arg;

    k->fn(k->arg);
    thread_exit();
}

struct thread *kthread_create(const char *name, void (*fn)(void *), void *arg)
{
    struct kthread *k = kzalloc(sizeof(*k));

    if (!k)
        return NULL;
    k->fn = fn;
    k->arg = arg;
    k->thread.reap = kthread_reap;
    if (thread_init(&k->thread, name, NULL, kthread_main, k)) {
        kfree(k);
        return NULL;
    }
    thread_start(&k->thread);
    return &k->thread;
}

/* ---------------- attributes ---------------- */

void thread_nice_set(struct thread *t, int nice)
{
    struct run_queue *rq;
    uint64_t flags;

    nice = MAX(-20, MIN(19, nice));
    rq = sched__rq_lock(t, &flags);
    if (rq->current == t)
        sched__charge(rq, arch_clock());
    t->nice = (int8_t)nice;
    t->weight = weights[nice + 20];
    spin_unlock_irqrestore(&rq->lock, flags);
}

int thread_nice_get(const struct thread *t)
{
    return t->nice;
}

int thread_affinity_set(struct thread *t, const struct cpu_mask *mask)
{
    uint64_t online = ~0ull >> (64 - cpu_count());
    struct run_queue *rq;
    uint64_t flags;
    bool move, self = false;

    if (!(mask->bits[0] & online))
        return -EINVAL;
    rq = sched__rq_lock(t, &flags);
    t->allowed = *mask;
    move = t->queued && !cpu_allowed(t, rq->cpu) &&
           !arch_thread_pinned(&t->arch);
    if (move) {
        sched__dequeue(rq, t);
    } else if (rq->current == t && !cpu_allowed(t, rq->cpu)) {
        self = t == thread_current();
        if (!self)
            sched__ask(rq);
    }
    if (self) {
        sched__switch(rq);
        irq_restore(flags);
        return 0;
    }
    spin_unlock(&rq->lock);
    if (move)
        sched__place(t, sched__choose_cpu(t));
    irq_restore(flags);
    return 0;
}

nsec_t thread_cpu_time(struct thread *t)
{
    uint64_t flags;
    struct run_queue *rq = sched__rq_lock(t, &flags);
    nsec_t sum;

    if (rq->current == t)
        sched__charge(rq, arch_clock());
    sum = t->time_program + t->time_kernel;
    spin_unlock_irqrestore(&rq->lock, flags);
    return sum;
}

void thread_interrupt(struct thread *t)
{
    struct run_queue *rq;
    uint64_t flags;
    uint32_t w;

    __atomic_fetch_or(&t->arch.work, THREAD_WORK_INTERRUPT, __ATOMIC_SEQ_CST);
    __atomic_store_n(&t->interrupted, true, __ATOMIC_SEQ_CST);
    w = __atomic_load_n(&t->wait_word, __ATOMIC_SEQ_CST);
    while (w == WAIT_PREPARED || w == WAIT_BLOCKED_INTR) {
        uint32_t seen = w;

        if (__atomic_compare_exchange_n(&t->wait_word, &seen, WAIT_WOKEN,
                                        false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST)) {
            if (w == WAIT_BLOCKED_INTR)
                sched__make_ready(t);       /* S2 */
            return;
        }
        w = seen;
    }
    if (t == thread_current())
        return;
    /* If it comes to a CPU only after this lock, it sees the work bit. */
    rq = sched__rq_lock(t, &flags);
    if (rq->current == t)
        arch_ipi_resched(rq->cpu);
    spin_unlock_irqrestore(&rq->lock, flags);
}

void thread_interrupt_clear(struct thread *t)
{
    __atomic_store_n(&t->interrupted, false, __ATOMIC_SEQ_CST);
    __atomic_fetch_and(&t->arch.work, ~(uint32_t)THREAD_WORK_INTERRUPT,
                       __ATOMIC_SEQ_CST);
}

unsigned thread_count(void)
{
    return __atomic_load_n(&thread_nr, __ATOMIC_RELAXED);
}

void thread_each(void (*fn)(void *arg, struct thread *t), void *arg)
{
    uint64_t flags = spin_lock_irqsave(&all_lock);
    struct thread *t;

    list_for_each(t, &all_threads, all_link)
        fn(arg, t);
    spin_unlock_irqrestore(&all_lock, flags);
}

/* ---------------- start-up ---------------- */

static struct mm *current_mm(void)
{
    struct thread *t = thread_current();

    return t ? t->mm : NULL;
}

static void idle_entry(void *arg)
{
    (void)arg;
    sched__idle_loop();
}

static void cpu_init(unsigned cpu, struct thread *running)
{
    struct run_queue *rq = &sched__rq[cpu];
    struct thread *idle = &idle_threads[cpu];
    char name[16];

    spin_init(&rq->lock);
    rq->cpu = cpu;
    tree_init(&rq->ready, NULL);
    rq->slice_end = NSEC_FOREVER;
    sched__timers_init(cpu);
    scnprintf(name, sizeof(name), "idle/%u", cpu);
    fields_init(idle, name);
    if (!running)
        running = idle;
    running->cpu = cpu;
    running->state = THREAD_RUNNING;
    running->on_cpu_since = arch_clock();
    arch_current_set(running);
    rq->current = running;
    __atomic_store_n(&rq->idle, idle, __ATOMIC_RELEASE);
}

void sched_init(void)
{
    struct thread *idle = &idle_threads[0];

    fields_init(&boot_thread, "boot");
    sched__clock_init();
    cpu_init(0, &boot_thread);
    if (list_in(&boot_thread) || context_init(idle, idle_entry, NULL))
        panic("no memory for the first threads");
    mm_current_hook_set(current_mm);
    sched__sleep_ops_init();
    sched__reaper_start();
}

__noreturn void sched_cpu_run(unsigned cpu)
{
    cpu_init(cpu, NULL);
    sched__idle_loop();
}
