/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes and tasks: making them, finding them, and their end. Calls that
 * only read or set fields are in ids.c; clone is in clone.c.
 *
 * Invariants:
 * P1  A task is in proc->tasks from task__create until task__exit.
 * P2  Once proc->exiting is set no task is added and proc->end is final.
 * P3  The last task to leave closes what the process holds, in its own
 *     context; the reaper frees memory afterwards and reports the end.
 */
#include "abi_priv.h"

struct process *abi__process;

/* Guards abi__process against its end, for interrupts and kernel threads. */
static struct spinlock process_lock = SPINLOCK_INIT;
static bool button_early;       /* [process_lock] */
static uint64_t task_total, process_total;  /* [a] */

static void limits_init(struct linux_rlimit *l)
{
    for (unsigned i = 0; i < RLIM_NLIMITS; i++)
        l[i].cur = l[i].max = RLIM_INFINITY;
    l[RLIMIT_STACK].cur = 8ull << 20;
    l[RLIMIT_CORE].cur = 0;
    l[RLIMIT_NOFILE].cur = 1024;
    l[RLIMIT_NOFILE].max = FDS_MAX;
    l[RLIMIT_NPROC].cur = l[RLIMIT_NPROC].max = THREADS_MAX;
    l[RLIMIT_MEMLOCK].cur = l[RLIMIT_MEMLOCK].max = 8ull << 20;
    l[RLIMIT_SIGPENDING].cur = l[RLIMIT_SIGPENDING].max = SIGQUEUE_MAX;
    l[RLIMIT_MSGQUEUE].cur = l[RLIMIT_MSGQUEUE].max = 819200;
    l[RLIMIT_NICE].cur = l[RLIMIT_NICE].max = 0;
    l[RLIMIT_RTPRIO].cur = l[RLIMIT_RTPRIO].max = 0;
}

#define CAPS_ALL ((1ull << 41) - 1)

struct process *process__create(void)
{
    struct process *p = kzalloc(sizeof(*p));

    if (!p)
        return NULL;
    p->mm = mm_create();
    p->fds = fdtable_create();
    if (!p->mm || !p->fds)
        goto out_parts;
    fdtable_single_set(p->fds, true);   /* until clone */
    p->refs = 1;
    p->pid = p->pgid = p->sid = PROCESS_PID;
    p->last_tid = PROCESS_PID - 1;
    list_init(&p->tasks);
    sigpending__init(&p->pending);
    waitq_init(&p->signal_wait);
    limits_init(p->limits);
    p->creds.cap_effective = p->creds.cap_permitted = CAPS_ALL;
    p->dumpable = true;
    p->coredump_filter = 0x33;
    p->started = clock_monotonic();
    timers__init(p);
    fs_ctx_init(&p->fs);
    __atomic_fetch_add(&process_total, 1, __ATOMIC_RELAXED);
    return p;
out_parts:
    if (p->fds)
        fdtable_unref(p->fds);
    if (p->mm)
        mm_unref(p->mm);
    kfree(p);
    return NULL;
}

/* What only the last task may take away, in its own context (P3). */
static void process_close(struct process *p)
{
    struct fdtable *fds = p->fds;

    timers__process_exit(p);
    shm__process_exit();
    fdtable_unref(fds);
    p->fds = NULL;
    fs_ctx_release(&p->fs);
}

void process__unref(struct process *p)
{
    struct program_end end = p->end;
    bool live;
    uint64_t flags;

    if (__atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL))
        return;
    flags = spin_lock_irqsave(&process_lock);
    live = abi__process == p;
    if (live)
        abi__process = NULL;
    spin_unlock_irqrestore(&process_lock, flags);
    if (p->fds)
        process_close(p);
    sigpending__flush(p, &p->pending);
    mm_unref(p->mm);
    kfree(p->exe);
    kfree(p->cmdline);
    kfree(p->environ);
    kfree(p);
    __atomic_fetch_sub(&process_total, 1, __ATOMIC_RELAXED);
    if (live)
        abi__boot->program_ended(&end);
}

struct task *task__find_locked(struct process *p, int tid)
{
    struct task *t;

    ASSERT(spin_held(&p->lock));
    list_for_each(t, &p->tasks, link) {
        if (t->tid == tid)
            return t;
    }
    return NULL;
}

/* The next number that no task has. */
static int tid_take_locked(struct process *p)
{
    do {
        if (++p->last_tid >= TID_MAX)
            p->last_tid = p->pid + 1;
    } while (task__find_locked(p, p->last_tid));
    return p->last_tid;
}

/* Called by the reaper once the task's stack is left. */
static void task_reap(struct thread *thread)
{
    struct task *t = (struct task *)thread;
    struct process *p = t->proc;

    thread_release(&t->thread);
    kfree(t);
    __atomic_fetch_sub(&task_total, 1, __ATOMIC_RELAXED);
    process__unref(p);
}

struct task *task__create(struct process *p, void (*entry)(void *), void *arg)
{
    struct task *t = kzalloc(sizeof(*t));
    uint64_t flags;
    int err;

    if (!t)
        return ERR_PTR(-ENOMEM);
    err = thread_init(&t->thread, "program", p->mm, entry, arg);
    if (err)
        goto out_free;
    t->thread.program = true;
    t->thread.reap = task_reap;
    t->proc = p;
    t->altstack.flags = SS_DISABLE;
    t->timer_slack = 50000;
    sigpending__init(&t->pending);
    /* From the start: no signal must choose it for want of its mask. */
    if (thread_current()->program)
        t->blocked = task_current()->blocked;
    flags = spin_lock_irqsave(&p->lock);
    if (p->exiting || p->task_count >= p->limits[RLIMIT_NPROC].cur) {
        spin_unlock_irqrestore(&p->lock, flags);
        err = -EAGAIN;
        goto out_thread;
    }
    t->tid = tid_take_locked(p);
    list_add_tail(&p->tasks, &t->link);
    p->task_count++;
    spin_unlock_irqrestore(&p->lock, flags);
    __atomic_fetch_add(&p->refs, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&task_total, 1, __ATOMIC_RELAXED);
    return t;
out_thread:
    thread_release(&t->thread);
out_free:
    kfree(t);
    return ERR_PTR(err);
}

/* Takes t out of the process; true when it was the last. */
static bool task_leave(struct task *t)
{
    struct process *p = t->proc;
    nsec_t used = thread_cpu_time(&t->thread);
    uint64_t flags = spin_lock_irqsave(&p->lock);
    bool last;

    t->dead = true;
    list_del(&t->link);
    last = --p->task_count == 0;
    p->dead_program += used;
    p->dead_minflt += t->minflt;
    p->dead_vol += t->thread.switches_vol;
    p->dead_invol += t->thread.switches_invol;
    if (last)
        p->exiting = true;
    signal__retarget_locked(p, ~t->blocked);
    spin_unlock_irqrestore(&p->lock, flags);
    sigpending__flush(p, &t->pending);
    return last;
}

__noreturn void task__exit(void)
{
    struct task *t = task_current();
    struct process *p = t->proc;

    if (t->started)
        futex__task_exit(t);
    if (task_leave(t))
        process_close(p);
    else
        futex__task_gone();
    thread_exit();
}

void process__kill_locked(struct process *p, const struct program_end *end)
{
    struct task *t;

    ASSERT(spin_held(&p->lock));
    if (!p->exiting) {
        p->exiting = true;
        p->end = *end;
    }
    list_for_each(t, &p->tasks, link)
        thread_interrupt(&t->thread);
}

void process__kill(struct process *p, const struct program_end *end)
{
    uint64_t flags = spin_lock_irqsave(&p->lock);

    process__kill_locked(p, end);
    spin_unlock_irqrestore(&p->lock, flags);
}

nsec_t process__cpu_time(struct process *p, nsec_t *program, nsec_t *kernel)
{
    uint64_t flags = spin_lock_irqsave(&p->lock);
    nsec_t u = p->dead_program, k = p->dead_kernel;
    struct task *t;

    list_for_each(t, &p->tasks, link)
        u += thread_cpu_time(&t->thread);
    spin_unlock_irqrestore(&p->lock, flags);
    if (program)
        *program = u;
    if (kernel)
        *kernel = k;
    return u + k;
}

long sys_exit(int status)
{
    struct task *t = task_current();
    struct process *p = t->proc;
    uint64_t flags = spin_lock_irqsave(&p->lock);

    /* The status of the last task to leave is the process's. */
    if (!p->exiting)
        p->end.status = status & 0xff;
    spin_unlock_irqrestore(&p->lock, flags);
    task__exit();
}

long sys_exit_group(int status)
{
    struct program_end end = { .status = status & 0xff };

    process__kill(process_current(), &end);
    task__exit();
}

static void send_locked(int signo)
{
    struct linux_siginfo info = { .signo = signo, .code = SI_KERNEL };

    signal__send(abi__process, NULL, &info);
}

/* To the process, if there is one: from interrupts and kernel threads. */
void process__signal(int signo)
{
    uint64_t flags = spin_lock_irqsave(&process_lock);

    if (abi__process)
        send_locked(signo);
    spin_unlock_irqrestore(&process_lock, flags);
}

/* A press before there is a process waits for it: it comes only once. */
void abi_power_button(void)
{
    uint64_t flags = spin_lock_irqsave(&process_lock);

    if (abi__process)
        send_locked(SIGTERM);
    else
        button_early = true;
    spin_unlock_irqrestore(&process_lock, flags);
}

/* Makes p the process that signals from outside reach. */
void process__publish(struct process *p)
{
    uint64_t flags = spin_lock_irqsave(&process_lock);

    abi__process = p;
    if (button_early)
        send_locked(SIGTERM);
    button_early = false;
    spin_unlock_irqrestore(&process_lock, flags);
}

/* For /proc readers that are not the program: NULL or a reference. */
struct process *process__get(void)
{
    uint64_t flags = spin_lock_irqsave(&process_lock);
    struct process *p = abi__process;
    uint32_t refs = p ? __atomic_load_n(&p->refs, __ATOMIC_RELAXED) : 0;

    while (refs && !__atomic_compare_exchange_n(&p->refs, &refs, refs + 1,
                                                false, __ATOMIC_ACQ_REL,
                                                __ATOMIC_RELAXED))
        ;
    spin_unlock_irqrestore(&process_lock, flags);
    return refs ? p : NULL;
}

void abi_counters_get(struct abi_counters *out)
{
    out->processes = __atomic_load_n(&process_total, __ATOMIC_RELAXED);
    out->tasks = __atomic_load_n(&task_total, __ATOMIC_RELAXED);
    out->futex_waiters = futex__waiters();
}
