/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * New threads. New processes (fork and its family, exec) are still to come
 * (K1): until then they return ENOSYS and say so once.
 */
#include "abi_priv.h"

/* What a thread shares, as every threads library asks for it. */
#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | \
                      CLONE_THREAD)
#define THREAD_KNOWN (THREAD_FLAGS | CLONE_SYSVSEM | CLONE_SETTLS | \
                      CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | \
                      CLONE_CHILD_SETTID | CLONE_DETACHED | \
                      CLONE_UNTRACED | CLONE_PTRACE | CLONE_IO)

static long no_process(const char *what)
{
    static bool said;

    abi__missing_note(arch_syscall_nr(task_current()->regs));
    if (!__atomic_exchange_n(&said, true, __ATOMIC_RELAXED))
        log_warn("abi: %s: new processes are not supported yet\n", what);
    return -ENOSYS;
}

static void thread_entry(void *arg)
{
    struct task *t = task_current();

    (void)arg;
    if (t->set_tid)
        put_user(t->set_tid, t->tid);
    t->started = true;
    arch_program_enter(&t->start);
}

static long make_thread(const struct linux_clone_args *a)
{
    struct task *me = task_current(), *t;
    int tid;

    fdtable_single_set(me->proc->fds, false);
    t = task__create(me->proc, thread_entry, NULL);
    if (IS_ERR(t))
        return PTR_ERR(t);
    arch_thread_copy(&t->thread.arch, &me->thread.arch);
    t->start = *me->regs;
    arch_syscall_result(&t->start, 0);
    if (a->stack)
        arch_regs_set_sp(&t->start, a->stack + a->stack_size);
    if (a->flags & CLONE_SETTLS)
        arch_thread_tls_set(&t->thread.arch, a->tls);
    if (a->flags & CLONE_CHILD_CLEARTID)
        t->clear_tid = a->child_tid;
    if (a->flags & CLONE_CHILD_SETTID)
        t->set_tid = a->child_tid;
    strlcpy(t->thread.name, me->thread.name, sizeof(t->thread.name));
    t->policy = me->policy;
    t->timer_slack = me->timer_slack;
    thread_nice_set(&t->thread, thread_nice_get(&me->thread));
    t->thread.allowed = me->thread.allowed;
    tid = t->tid;
    if (a->flags & CLONE_PARENT_SETTID)
        put_user(a->parent_tid, tid);       /* as Linux: no error of clone */
    thread_start(&t->thread);
    return tid;
}

/* Linux's own order of refusals, then what we do not have. */
static long clone_checked(const struct linux_clone_args *a)
{
    uint64_t f = a->flags;

    if ((f & CLONE_SIGHAND) && !(f & CLONE_VM))
        return -EINVAL;
    if ((f & CLONE_THREAD) && !(f & CLONE_SIGHAND))
        return -EINVAL;
    if (!(f & CLONE_THREAD))
        return no_process(f & CLONE_VFORK ? "vfork" : "fork");
    if ((f & THREAD_FLAGS) != THREAD_FLAGS) {
        log_warn("abi: clone: threads that share only a part (flags 0x%llx) "
                 "are not supported\n", (unsigned long long)f);
        return -EINVAL;
    }
    if (f & ~THREAD_KNOWN)
        return -EINVAL;
    if ((f & CLONE_SETTLS) && a->tls >= ARCH_PROGRAM_END)
        return -EPERM;
    return make_thread(a);
}

long sys_clone(uint64_t flags, uaddr_t stack, uaddr_t parent_tid,
               uaddr_t child_tid, uint64_t tls)
{
    struct linux_clone_args a = {
        .flags = flags & ~CSIGNAL,
        .exit_signal = flags & CSIGNAL,
        .stack = stack,
        .parent_tid = parent_tid,
        .child_tid = child_tid,
        .tls = tls,
    };

    return clone_checked(&a);
}

long sys_clone3(uaddr_t uargs, uint64_t size)
{
    struct linux_clone_args a = { 0 };
    uint8_t rest;

    if (size < CLONE_ARGS_SIZE_VER0)
        return -EINVAL;
    if (size > PAGE_SIZE)
        return -E2BIG;
    if (copy_from_user(&a, uargs, MIN(size, (uint64_t)sizeof(a))))
        return -EFAULT;
    for (uint64_t i = sizeof(a); i < size; i++) {
        if (get_user(&rest, uargs + i))
            return -EFAULT;
        if (rest)
            return -E2BIG;      /* asks for what does not exist yet */
    }
    if (a.flags & (CSIGNAL | CLONE_DETACHED))
        return -EINVAL;
    if (a.set_tid || a.set_tid_size || a.cgroup || a.exit_signal > NSIG)
        return -EINVAL;
    if ((a.flags & CLONE_THREAD) && a.exit_signal)
        return -EINVAL;
    if (!a.stack != !a.stack_size)
        return -EINVAL;
    if (a.stack && !user_range_ok(a.stack, a.stack_size))
        return -EINVAL;
    return clone_checked(&a);
}

long sys_fork(void)
{
    return no_process("fork");
}

long sys_vfork(void)
{
    return no_process("vfork");
}

long sys_execve(uaddr_t path, uaddr_t argv, uaddr_t envp)
{
    (void)path;
    (void)argv;
    (void)envp;
    return no_process("execve");
}

long sys_execveat(int dirfd, uaddr_t path, uaddr_t argv, uaddr_t envp,
                  int flags)
{
    (void)dirfd;
    (void)path;
    (void)argv;
    (void)envp;
    (void)flags;
    return no_process("execveat");
}

long sys_wait4(int pid, uaddr_t status, int options, uaddr_t rusage)
{
    (void)pid;
    (void)status;
    (void)rusage;
    if (options & ~(1 | 2 | 8 | 0x20000000 | 0x40000000 | (int)0x80000000))
        return -EINVAL;
    return -ECHILD;             /* there are none */
}

long sys_waitid(int which, int pid, uaddr_t info, int options,
                uaddr_t rusage)
{
    (void)pid;
    (void)info;
    (void)rusage;
    if (which < 0 || which > 3 || !(options & (2 | 4 | 8)))
        return -EINVAL;
    return -ECHILD;
}

long sys_set_tid_address(uaddr_t addr)
{
    struct task *t = task_current();

    t->clear_tid = addr;
    return t->tid;
}

/* Registering would oblige us to keep cpu_id true through every switch; the
 * C libraries do without. */
long sys_rseq(uaddr_t area, uint32_t size, uint64_t flags, uint32_t signature)
{
    (void)area;
    (void)size;
    (void)flags;
    (void)signature;
    return -ENOSYS;
}
