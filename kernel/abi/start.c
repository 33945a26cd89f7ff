/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * abi's start-up: abi_init, and program_start, which makes the process and
 * waits until its first task has loaded the program or could not.
 */
#include "abi_priv.h"

const struct abi_boot_ops *abi__boot;

struct start {                  /* shared with the first task */
    const struct program_spec *spec;
    bool done;
    int err;
};
static struct waitq start_wait = WAITQ_INIT(start_wait);

static void peer_cred(int *pid, uint32_t *uid, uint32_t *gid)
{
    struct thread *t = thread_current();

    *pid = 0;
    *uid = *gid = 0;
    if (t->program) {
        struct process *p = ((struct task *)t)->proc;

        *pid = p->pid;
        *uid = p->creds.euid;
        *gid = p->creds.egid;
    }
}

/* mm could not find a page for the program, after dropping caches. */
static void out_of_memory(const char *what)
{
    struct program_end end = { .signo = SIGKILL, .oom = true };
    struct mm_stats s;
    struct task *t;

    if (!thread_current()->program)
        return;
    t = task_current();
    mm_stats_get(&s);
    if (!t->proc->exiting)
        log_err("abi: out of memory (%s): thread %d (%s) asked for more; "
                "%llu KiB in all, %llu anonymous, %llu cached; "
                "the program is killed\n", what, t->tid, t->thread.name,
                (unsigned long long)s.total * 4,
                (unsigned long long)s.anon * 4,
                (unsigned long long)s.cached * 4);
    process__kill(t->proc, &end);
}

int abi_init(const struct abi_boot_ops *ops)
{
    int err;

    abi__boot = ops;
    futex__init();
    net_cred_hook_set(peer_cred);
    mm_oom_hook_set(out_of_memory);
    ids__init();
    err = vdso__init();
    if (!err)
        err = tty__init();
    if (!err)
        err = procfs__init();
    return err;
}

static void start_report(struct start *s, int err)
{
    s->err = err;
    __atomic_store_n(&s->done, true, __ATOMIC_RELEASE);
    waitq_wake_all(&start_wait);    /* s may be gone already */
}

static int open_console(struct process *p)
{
    struct file *f = tty__open(O_RDWR);
    int fd;

    if (IS_ERR(f))
        return (int)PTR_ERR(f);
    fd = fdtable_install(p->fds, f, 0, 3, false);
    if (fd < 0) {
        file_unref(f);
        return fd;
    }
    for (int i = 1; i < 3; i++) {
        int err = fdtable_replace(p->fds, f, i, 3, false);

        if (err < 0)
            return err;
    }
    return 0;
}

/* The first task: loads in its own address space, then becomes the program. */
static void first_task(void *arg)
{
    struct start *s = arg;
    struct task *t = task_current();
    int err = open_console(t->proc);

    if (!err)
        err = exec__load(t, s->spec);
    if (err) {
        start_report(s, err);
        task__exit();
    }
    abi_strace_set(s->spec->strace);
    t->started = true;
    process__publish(t->proc);
    start_report(s, 0);
    arch_program_enter(&t->start);
}

int program_start(const struct program_spec *spec)
{
    struct start s = { .spec = spec };
    struct process *p = process__create();
    struct task *t;
    int err;

    if (!p)
        return -ENOMEM;
    err = tty__start(!spec->noecho);
    if (err) {
        process__unref(p);
        return err;
    }
    procfs__interfaces_add();
    t = task__create(p, first_task, &s);
    if (IS_ERR(t)) {
        process__unref(p);
        return (int)PTR_ERR(t);
    }
    thread_start(&t->thread);
    waitq_wait(&start_wait, __atomic_load_n(&s.done, __ATOMIC_ACQUIRE),
               NSEC_FOREVER, 0);
    process__unref(p);
    return s.err;
}
