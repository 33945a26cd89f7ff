/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals (K8): pending sets, choosing the task, and delivery on the way back
 * to the program. The calls are in sigcalls.c.
 *
 * Invariants:
 * S1  Whoever makes a signal deliverable for a task interrupts that task under
 *     the process's lock; the interrupt mark is cleared only under the same
 *     lock when nothing is deliverable. So no signal is left asleep.
 * S2  SIGKILL and SIGSTOP are in no mask and have no handler.
 * S3  A bit in sigpending.set without a queue entry stands for a signal whose
 *     details could not be kept (memory); it is delivered as SI_USER.
 */
#include "abi_priv.h"

#define SYNCHRONOUS (SIGBIT(SIGSEGV) | SIGBIT(SIGBUS) | SIGBIT(SIGILL) | \
                     SIGBIT(SIGTRAP) | SIGBIT(SIGFPE) | SIGBIT(SIGSYS))
#define DEFAULT_IGNORE (SIGBIT(SIGCHLD) | SIGBIT(SIGURG) | \
                        SIGBIT(SIGWINCH) | SIGBIT(SIGCONT))
#define DEFAULT_STOP (SIGBIT(SIGSTOP) | SIGBIT(SIGTSTP) | SIGBIT(SIGTTIN) | \
                      SIGBIT(SIGTTOU))
#define UNBLOCKABLE (SIGBIT(SIGKILL) | SIGBIT(SIGSTOP))
#define DETAILED (SYNCHRONOUS | SIGBIT(SIGABRT) | SIGBIT(SIGQUIT))
#define BACKTRACE_MAX 16
#define STACK_SCAN 128          /* words looked at */
#define FRAME_REACH (8ull << 20)   /* bytes of stack one frame may span */

void sigpending__init(struct sigpending *s)
{
    s->set = 0;
    list_init(&s->queue);
}

void sigpending__flush(struct process *p, struct sigpending *s)
{
    uint64_t flags = spin_lock_irqsave(&p->lock);
    struct sigqueue *q, *tmp;
    struct list all;

    list_init(&all);
    list_splice_tail(&all, &s->queue);
    s->set = 0;
    list_for_each(q, &all, link)
        p->queued--;
    spin_unlock_irqrestore(&p->lock, flags);
    list_for_each_safe(q, tmp, &all, link)
        kfree(q);
}

void signal__info_user(struct linux_siginfo *info, int signo, int code)
{
    struct process *p = process_current();

    memset(info, 0, sizeof(*info));
    info->signo = signo;
    info->code = code;
    info->user.pid = p->pid;
    info->user.uid = p->creds.uid;
}

uint64_t signal__pending(struct task *t)
{
    return t->pending.set | t->proc->pending.set;
}

bool signal__deliverable(struct task *t)
{
    return signal__pending(t) & ~t->blocked;
}

static bool ignored(struct process *p, int signo)
{
    uaddr_t h = p->actions[signo - 1].handler;

    if (h == SIG_IGN)
        return true;
    return h == SIG_DFL && (SIGBIT(signo) & (DEFAULT_IGNORE | DEFAULT_STOP));
}

/* Drops the pending signal everywhere: its action became "ignore". */
void signal__discard_locked(struct process *p, int signo)
{
    struct sigpending *s = &p->pending;
    struct task *t = NULL;

    ASSERT(spin_held(&p->lock));
    for (struct list *at = &p->tasks;;) {
        struct sigqueue *q, *tmp;

        s->set &= ~SIGBIT(signo);
        list_for_each_safe(q, tmp, &s->queue, link) {
            if (q->info.signo != signo)
                continue;
            timers__signal_taken(p, &q->info);
            list_del(&q->link);
            p->queued--;
            kfree(q);
        }
        at = at->next;
        if (at == &p->tasks)
            break;
        t = list_entry(at, struct task, link);
        s = &t->pending;
    }
}

/* The task that a process-directed signal wakes: one that does not block it,
 * the oldest first. NULL: all block it. */
static struct task *choose(struct process *p, int signo)
{
    struct task *t;

    list_for_each(t, &p->tasks, link) {
        if (!(t->blocked & SIGBIT(signo)))
            return t;
    }
    return NULL;
}

/* There is nobody to continue a stopped program: it goes on, and we say so. */
static void say_no_stop(struct process *p, int signo)
{
    static bool said;

    if ((SIGBIT(signo) & DEFAULT_STOP) &&
        p->actions[signo - 1].handler == SIG_DFL &&
        !__atomic_exchange_n(&said, true, __ATOMIC_RELAXED))
        log_warn("abi: %s: stopping the program is not supported",
                 signal__name(signo));
}

static int enqueue(struct process *p, struct sigpending *s,
                   const struct linux_siginfo *info)
{
    struct sigqueue *q = NULL;

    /* These do not queue, but for each timer's one (T2). */
    if (info->signo < SIGRTMIN && (s->set & SIGBIT(info->signo)) &&
        info->code != SI_TIMER)
        return 0;
    if (p->queued < p->limits[RLIMIT_SIGPENDING].cur ||
        info->signo < SIGRTMIN)
        q = kmalloc(sizeof(*q));
    if (q) {
        q->info = *info;
        list_add_tail(&s->queue, &q->link);
        p->queued++;
    } else if (info->signo >= SIGRTMIN && info->code != SI_USER &&
               info->code != SI_KERNEL) {
        return -EAGAIN;
    }
    s->set |= SIGBIT(info->signo);          /* S3 */
    return 0;
}

int signal__send_locked(struct process *p, struct task *t,
                        const struct linux_siginfo *info)
{
    int signo = info->signo, err;
    struct task *to = t ? t : choose(p, signo);

    ASSERT(spin_held(&p->lock));
    if (signo == SIGKILL) {
        struct program_end end = { .signo = SIGKILL };

        if (!p->exiting)
            log_warn("abi: the program is ended by SIGKILL");
        process__kill_locked(p, &end);
        return 0;
    }
    if (to && !(to->blocked & SIGBIT(signo)) && ignored(p, signo)) {
        say_no_stop(p, signo);
        return 0;
    }
    err = enqueue(p, t ? &t->pending : &p->pending, info);
    if (err)
        return err;
    if (to && !(to->blocked & SIGBIT(signo)))
        thread_interrupt(&to->thread);      /* S1 */
    if (waitq_busy(&p->signal_wait))
        waitq_wake_all(&p->signal_wait);
    return 0;
}

int signal__send(struct process *p, struct task *t,
                 const struct linux_siginfo *info)
{
    uint64_t flags = spin_lock_irqsave(&p->lock);
    int err = signal__send_locked(p, t, info);

    spin_unlock_irqrestore(&p->lock, flags);
    return err;
}

void signal__force(struct task *t, const struct linux_siginfo *info)
{
    struct process *p = t->proc;
    uint64_t flags = spin_lock_irqsave(&p->lock), bit = SIGBIT(info->signo);

    if ((t->blocked & bit) || p->actions[info->signo - 1].handler == SIG_IGN) {
        p->actions[info->signo - 1].handler = SIG_DFL;
        t->blocked &= ~bit;
    }
    signal__send_locked(p, t, info);
    spin_unlock_irqrestore(&p->lock, flags);
}

void signal__raise(int signo)
{
    struct linux_siginfo info;

    signal__info_user(&info, signo, SI_USER);
    signal__send(process_current(), task_current(), &info);
}

static void recheck_locked(struct task *t)
{
    if (signal__deliverable(t) || t->proc->exiting)
        thread_interrupt(&t->thread);
}

void signal__retarget_locked(struct process *p, uint64_t not_taken)
{
    uint64_t set = p->pending.set & not_taken;

    ASSERT(spin_held(&p->lock));
    while (set) {
        int signo = __builtin_ctzll(set) + 1;
        struct task *to = choose(p, signo);

        set &= set - 1;
        if (to)
            thread_interrupt(&to->thread);
    }
}

void signal__block_set(uint64_t set)
{
    struct task *t = task_current();
    struct process *p = t->proc;
    uint64_t flags = spin_lock_irqsave(&p->lock);
    uint64_t old = t->blocked;

    t->blocked = set & ~UNBLOCKABLE;        /* S2 */
    signal__retarget_locked(p, t->blocked & ~old);
    recheck_locked(t);
    spin_unlock_irqrestore(&p->lock, flags);
}

void signal__block_temporarily(uint64_t set)
{
    struct task *t = task_current();

    t->saved_blocked = t->blocked;
    t->restore_blocked = true;
    signal__block_set(set);
}

void signal__block_restore(long result)
{
    struct task *t = task_current();

    if (!t->restore_blocked)
        return;
    if (result == -EINTR || result == -ERESTARTNOHAND ||
        result == -ERESTARTSYS) {
        /* exit_work restores it, below the handler's frame */
        __atomic_fetch_or(&t->thread.arch.work, THREAD_WORK_INTERRUPT,
                          __ATOMIC_RELAXED);
        return;
    }
    t->restore_blocked = false;
    signal__block_set(t->saved_blocked);
}

/* Takes signo's entry out of s. A real-time signal may have more of them. */
static void dequeue(struct process *p, struct sigpending *s, int signo,
                    struct linux_siginfo *out)
{
    struct sigqueue *q, *tmp, *found = NULL;
    bool more = false;

    list_for_each_safe(q, tmp, &s->queue, link) {
        if (q->info.signo != signo)
            continue;
        if (found) {
            more = true;
            break;
        }
        found = q;
    }
    memset(out, 0, sizeof(*out));
    out->signo = signo;
    if (found) {
        *out = found->info;
        list_del(&found->link);
        p->queued--;
        kfree(found);
    }
    if (!more)
        s->set &= ~SIGBIT(signo);
}

static int take_locked(struct task *t, uint64_t set,
                       struct linux_siginfo *out)
{
    struct process *p = t->proc;
    struct sigpending *s = &t->pending;
    uint64_t ready = s->set & set;
    int signo;

    if (!ready) {
        s = &p->pending;
        ready = s->set & set;
    }
    if (!ready)
        return 0;
    if (ready & SYNCHRONOUS)
        ready &= SYNCHRONOUS;
    signo = __builtin_ctzll(ready) + 1;
    dequeue(p, s, signo, out);
    timers__signal_taken(p, out);
    return signo;
}

int signal__take(struct task *t, uint64_t set, struct linux_siginfo *out)
{
    uint64_t flags = spin_lock_irqsave(&t->proc->lock);
    int signo = take_locked(t, set, out);

    spin_unlock_irqrestore(&t->proc->lock, flags);
    return signo;
}

/* ---------------- delivery ---------------- */

static const char *const names[] = {
    "?", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT",
    "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV", "SIGUSR2",
    "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT",
    "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU",
    "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR",
    "SIGSYS",
};

const char *signal__name(int signo)
{
    if (signo > 0 && signo < (int)ARRAY_LEN(names))
        return names[signo];
    return signo >= SIGRTMIN && signo <= NSIG ? "SIGRT" : "?";
}

/* One line of the backtrace: the address, and the file it is in. With `code`
 * only where code is. True: printed. */
static bool print_address(struct process *p, unsigned n, uaddr_t pc, bool code)
{
    struct vma v;
    char name[64] = "?";
    bool found = mm_vma_find(p->mm, pc, &v);

    if (!found) {
        if (!code)
            log_err("  #%u 0x%llx", n, (unsigned long long)pc);
        return !code;
    }
    if (code && !(v.flags & VMA_EXEC))
        goto out_unref;
    if (v.ops && v.ops->name)
        v.ops->name(v.object, name, sizeof(name));
    else if (v.label)
        strlcpy(name, v.label, sizeof(name));
    log_err("  #%u%s 0x%llx %s+0x%llx", n, code ? " ?" : "",
            (unsigned long long)pc, name,
            (unsigned long long)(pc - v.start + (v.pgoff << PAGE_SHIFT)));
out_unref:
    if (v.ops && v.ops->unref)
        v.ops->unref(v.object);
    return !code || (v.flags & VMA_EXEC);
}

/* Code built without frame pointers: what on the stack may be a return
 * address, marked so. */
static void scan_stack(struct process *p, uaddr_t sp, unsigned n)
{
    uaddr_t word;

    for (unsigned i = 0; i < STACK_SCAN && n < BACKTRACE_MAX; i++) {
        if (get_user(&word, ALIGN_DOWN(sp, 8) + i * 8))
            break;
        if (word >= ARCH_PROGRAM_START && word < ARCH_PROGRAM_END)
            n += print_address(p, n, word, true);
    }
}

/* Follows frame pointers as far as they rise, lie on the stack that is in
 * use and can be read. */
static void print_backtrace(struct process *p, const struct regs *regs)
{
    uaddr_t fp = arch_regs_fp(regs), sp = arch_regs_sp(regs), frame[2];
    unsigned n = 1;

    print_address(p, 0, arch_regs_pc(regs), false);
    for (; n < BACKTRACE_MAX; n++) {
        if (fp < sp || fp - sp > FRAME_REACH || !IS_ALIGNED(fp, 8) ||
            copy_from_user(frame, fp, sizeof(frame)) || !frame[1])
            break;
        print_address(p, n, frame[1], false);
        if (frame[0] <= fp)
            break;
        fp = frame[0];
    }
    if (n < 3)
        scan_stack(p, sp, n);
}

/* Line by line, so that each gets the log's prefix. */
static void print_registers(const struct regs *regs)
{
    char text[768], *line = text, *end;

    arch_regs_format(regs, text, sizeof(text));
    while ((end = strchr(line, '\n'))) {
        *end = 0;
        log_err("  %s", line);
        line = end + 1;
    }
    if (*line)
        log_err("  %s", line);
}

static __noreturn void die(struct task *t, const struct linux_siginfo *info,
                           struct regs *regs)
{
    struct program_end end = { .signo = info->signo };
    struct process *p = t->proc;

    if (!(SIGBIT(info->signo) & DETAILED) || p->exiting) {
        if (!p->exiting)
            log_warn("abi: %s: ended by %s", t->thread.name,
                     signal__name(info->signo));
    } else {
        log_err("abi: thread %d (%s) killed by %s, code %d, address 0x%llx\n",
                t->tid, t->thread.name, signal__name(info->signo), info->code,
                (unsigned long long)(info->code > 0 &&
                                     info->code != SI_KERNEL ?
                                     info->fault.addr : 0));
        print_registers(regs);
        print_backtrace(p, regs);
    }
    process__kill(p, &end);
    task__exit();
}

static bool on_altstack(const struct task *t, uaddr_t sp)
{
    const struct linux_stack *s = &t->altstack;

    if (s->flags & (int)SS_AUTODISARM)
        return false;
    return s->size && sp > s->sp && sp - s->sp <= s->size;
}

/* Points regs at the handler; -EFAULT when the stack cannot take the frame. */
static int enter_handler(struct task *t, struct regs *regs,
                         const struct linux_siginfo *info,
                         const struct linux_sigaction *act)
{
    bool nested = on_altstack(t, arch_regs_sp(regs));
    bool enter = (act->flags & SA_ONSTACK) && t->altstack.size && !nested;
    struct arch_sigframe f = {
        .handler = act->handler,
        .restorer = act->flags & SA_RESTORER ? act->restorer : 0,
        .signo = info->signo,
        .siginfo_wanted = act->flags & SA_SIGINFO,
        .stack_base = t->altstack.sp,
        .stack_size = enter || nested ? t->altstack.size : 0,
        .stack_enter = enter,
        .siginfo = info,
        .mask = t->restore_blocked ? t->saved_blocked : t->blocked,
        .ss_sp = t->altstack.sp,
        .ss_flags = t->altstack.flags,
        .ss_size = t->altstack.size,
        .trapno = t->trapno,
        .error = t->trap_error,
        .fault_addr = t->trap_addr,
    };
    int err = arch_sigframe_push(regs, &f);

    if (err)
        return err;
    if (t->altstack.flags & (int)SS_AUTODISARM) {
        memset(&t->altstack, 0, sizeof(t->altstack));
        t->altstack.flags = SS_DISABLE;
    }
    t->restore_blocked = false;
    signal__block_set(t->blocked | act->mask |
                      (act->flags & SA_NODEFER ? 0 : SIGBIT(info->signo)));
    return 0;
}

/* The interrupted call's fate, once a handler is about to run. */
static void settle_restart(struct task *t, struct regs *regs, long *restart,
                           const struct linux_sigaction *act)
{
    /* A sleep in the handler is not the one that was interrupted. */
    t->resume = 0;
    if (!*restart)
        return;
    if (*restart == -ERESTARTNOINTR ||
        (*restart == -ERESTARTSYS && (act->flags & SA_RESTART)))
        arch_syscall_restart(regs);
    else
        arch_syscall_result(regs, -EINTR);
    *restart = 0;
}

/* The next signal that needs an answer, with its action; 0 when there is
 * none, and then the interrupt mark is clear (S1). */
static int next_signal(struct task *t, struct linux_siginfo *info,
                       struct linux_sigaction *act)
{
    struct process *p = t->proc;
    uint64_t flags = spin_lock_irqsave(&p->lock);
    int signo;

    for (;;) {
        if (p->exiting) {
            spin_unlock_irqrestore(&p->lock, flags);
            task__exit();
        }
        signo = take_locked(t, ~t->blocked, info);
        if (!signo || !ignored(p, signo))
            break;
    }
    if (signo) {
        struct linux_sigaction *a = &p->actions[signo - 1];

        *act = *a;
        if ((a->flags & SA_RESETHAND) && a->handler != SIG_DFL)
            a->handler = SIG_DFL;
    } else {
        thread_interrupt_clear(&t->thread);
    }
    spin_unlock_irqrestore(&p->lock, flags);
    return signo;
}

void signal__deliver(struct task *t, struct regs *regs)
{
    long restart = t->restart;
    struct linux_sigaction act;
    struct linux_siginfo info;

    t->restart = 0;
    for (;;) {
        int signo = next_signal(t, &info, &act);

        if (!signo) {
            if (!t->restore_blocked)
                break;
            t->restore_blocked = false;
            signal__block_set(t->saved_blocked);
            continue;
        }
        if (act.handler == SIG_DFL)
            die(t, &info, regs);
        settle_restart(t, regs, &restart, &act);
        if (enter_handler(t, regs, &info, &act)) {
            struct linux_siginfo segv = { .signo = SIGSEGV,
                                          .code = SI_KERNEL };

            /* No room for SIGSEGV's own frame: nothing can catch it. */
            if (signo == SIGSEGV)
                die(t, &segv, regs);
            signal__force(t, &segv);
        }
    }
    if (restart)
        arch_syscall_restart(regs);
}

void abi_trap(struct regs *regs, const struct trap_info *info)
{
    struct task *t = task_current();
    struct linux_siginfo si = { .signo = info->signo, .code = info->code };

    ASSERT(t->thread.program);
    t->regs = regs;
    t->trapno = info->trapno;
    t->trap_error = info->error;
    t->trap_addr = info->addr;
    si.fault.addr = info->addr;
    signal__force(t, &si);
}

bool abi_fault(uaddr_t addr, unsigned flags, struct trap_info *info)
{
    struct thread *t = thread_current();

    if (likely(t->program)) {
        struct task *task = (struct task *)t;

        if (unlikely(task->nofault)) {
            info->signo = SIGSEGV;
            info->code = 1;
            info->addr = addr;
            return false;
        }
        task->minflt++;
    }
    return mm_fault(addr, flags, info);
}

void abi_exit_work(struct regs *regs)
{
    struct task *t = task_current();

    t->regs = regs;
    thread_preempt_check();
    if (__atomic_load_n(&t->thread.arch.work, __ATOMIC_RELAXED) ||
        t->proc->exiting)
        signal__deliver(t, regs);
}
