/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of abi share: processes, tasks, signals, and the small
 * helpers of system calls.
 *
 *   task: task__create -> (thread_start) runs the program
 *         -> task__exit (own thread) -> reap -> freed
 *   process: process__create -> live -> (exit_group, fatal signal) exiting
 *         -> (last task__exit) resources closed -> (its reap) reported, freed
 *
 * Lock order: process.c's process_lock, then process.lock, then what sched
 * takes to wake a thread, arm a timer or ask for CPU time. A futex bucket's
 * lock is taken with no other of abi's, two buckets in order of address; it
 * too only wakes. shm.c's and tty.c's mutexes are taken first of all, before
 * those of mm, fs and the console.
 */
#ifndef HULL_ABI_PRIV_H
#define HULL_ABI_PRIV_H

#include "abi.h"
#include "kinds_priv.h"
#include "linux_priv.h"

#define PROCESS_PID 2           /* as under a container's init */
#define PROCESS_PPID 1
#define TID_MAX 4194304
#define ERESTARTNOINTR 513      /* restart in any case (errno.h has others) */
_Static_assert(ERESTARTNOINTR > ERESTARTSYS &&
               ERESTARTNOINTR < ERESTARTNOHAND, "one range of restarts");
#define TTY_MAJOR 5

struct sigqueue {               /* one queued signal */
    struct list link;
    struct linux_siginfo info;
};
struct sigpending {
    uint64_t set;               /* SIGBIT of each */
    struct list queue;
};

#define GROUPS_MAX 64           /* supplementary ones that are kept */

struct creds {
    uint32_t uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
    uint64_t cap_effective, cap_permitted, cap_inheritable;
    uint64_t cap_dropped;       /* from the bounding set */
    uint32_t groups[GROUPS_MAX];
    unsigned group_count;
};

struct posix_timer;

struct itimer {
    struct timer timer;
    nsec_t deadline, interval;  /* [proc->lock] deadline 0: not armed */
};

/* [I] immutable once running  [a] atomic  [l] lock  [m] id_lock */
struct process {
    int pid, pgid, sid;         /* [l] */
    int last_tid;               /* [l] */
    uint32_t refs;              /* [a] one a task */
    struct mm *mm;              /* [I] */
    struct fdtable *fds;        /* [I] NULL once the last task has left */
    struct fs_ctx fs;
    struct spinlock lock;       /* interrupts off; also from timers */
    struct list tasks;          /* [l] task.link */
    unsigned task_count;        /* [l] */
    struct linux_sigaction actions[NSIG];   /* [l] */
    struct sigpending pending;  /* [l] */
    unsigned queued;            /* [l] sigqueue entries in all */
    struct waitq signal_wait;   /* signalfd, sigtimedwait of any thread */
    bool exiting;               /* [a] every task must leave */
    struct program_end end;     /* [l] set once, with exiting */
    struct linux_rlimit limits[RLIM_NLIMITS];   /* [l] */
    struct creds creds;         /* [l] */
    struct itimer itimers[3];   /* REAL, VIRTUAL, PROF */
    struct timer cpu_limit;     /* looks after RLIMIT_CPU */
    nsec_t cpu_warned;          /* [l] the second SIGXCPU was sent for */
    struct posix_timer *timers; /* [l] */
    nsec_t dead_program, dead_kernel;   /* [l] CPU time of ended tasks */
    uint64_t dead_minflt, dead_vol, dead_invol; /* [l] */
    nsec_t started;             /* [I] */
    uint64_t personality;
    bool no_new_privs, dumpable, keep_caps, subreaper;
    int membarrier;             /* registered commands */
    int oom_score_adj, coredump_filter;     /* read back by who wrote them */
    bool fixed_layout;          /* [I] */
    /* For /proc: kernel copies. [I] */
    char *exe;
    char *cmdline, *environ;
    size_t cmdline_size, environ_size;
    uint64_t auxv[48];
    unsigned auxv_words;
    uaddr_t stack_start, vdso, mmap_base;
};

/* [c] the task itself  [l] proc->lock  [I] immutable */
struct task {
    struct thread thread;       /* first */
    struct process *proc;       /* [I] */
    int tid;                    /* [I] */
    struct list link;           /* [l] */
    struct regs *regs;          /* [c] of the call or trap being served */
    struct regs start;          /* [c] where it starts */
    uint64_t blocked;           /* [l] */
    uint64_t saved_blocked;     /* [c] by sigsuspend & co. */
    bool restore_blocked;       /* [c] */
    bool nofault;               /* [c] futex: do not resolve faults */
    bool dead;                  /* [l] left the list */
    bool started;               /* [c] entered the program */
    long restart;               /* [c] -ERESTART* of the last call, or 0 */
    bool sigreturn;             /* [c] its result only looks like one */
    nsec_t resume;              /* [c] deadline of an interrupted sleep */
    struct sigpending pending;  /* [l] */
    struct linux_stack altstack;    /* [c] */
    uaddr_t clear_tid;          /* [c] */
    uaddr_t set_tid;            /* [I] CLONE_CHILD_SETTID */
    uaddr_t robust;             /* [c] */
    uint32_t trapno;            /* [c] of the last trap */
    uint64_t trap_error;
    uaddr_t trap_addr;
    uint64_t minflt;            /* [c] */
    uint64_t timer_slack;       /* [c] */
    int policy, rt_priority;    /* [c] sched_setscheduler's */
    int pdeathsig;
    void *start_arg;            /* [c] the first task's */
};

static inline struct task *task_current(void)
{
    return (struct task *)thread_current();
}
static inline struct process *process_current(void)
{
    return task_current()->proc;
}

extern const struct abi_boot_ops *abi__boot;
extern struct process *abi__process;        /* the one, NULL: none */
extern bool abi__tracing;

/* Counts a call of a system call that Hull does not have, or not in the way it
 * was asked for. True the first time. */
bool abi__missing_note(long nr);
/* The running call was asked for something Linux has and Hull has not: an
 * option, a flag. Logged the first time and counted, as "what(value)". Returns
 * err. */
long abi__partial(const char *what, uint64_t value, long err);

/* --- process.c --- */
struct process *process__create(void);
void process__unref(struct process *p);
/* A task that will call entry(arg). Adds it to the process. NULL or -Exxx by
 * ERR_PTR. The caller starts the thread. */
struct task *task__create(struct process *p, void (*entry)(void *), void *arg);
__noreturn void task__exit(void);           /* this task leaves */
/* Marks the whole process as ending (first caller wins) and wakes its tasks;
 * each leaves at its next exit_work. */
void process__kill(struct process *p, const struct program_end *end);
void process__kill_locked(struct process *p, const struct program_end *end);
/* The task with this tid, locked by p->lock held by the caller; NULL. */
struct task *task__find_locked(struct process *p, int tid);
nsec_t process__cpu_time(struct process *p, nsec_t *program, nsec_t *kernel);
void process__signal(int signo);            /* from outside, any context */
void process__publish(struct process *p);
struct process *process__get(void);         /* NULL, or unref it */

/* --- elf.c, exec.c --- */
struct image {                  /* what the loader found */
    uaddr_t entry;              /* of the interpreter or the program */
    uaddr_t program_entry, phdr, base, brk;
    unsigned phnum;
    bool exec_stack;
    char *path;                 /* absolute, kmalloc */
};
int elf__load(struct process *p, const char *path, struct image *out,
              char head[256]);
int exec__load(struct task *t, const struct program_spec *spec);

/* --- signal.c --- */
void sigpending__init(struct sigpending *s);
void sigpending__flush(struct process *p, struct sigpending *s);
/* Sends to the process (t NULL) or one task. info may be NULL for SI_KERNEL.
 * Any context. 0, -EAGAIN when the queue is full (real-time signals). */
int signal__send(struct process *p, struct task *t,
                 const struct linux_siginfo *info);
int signal__send_locked(struct process *p, struct task *t,
                        const struct linux_siginfo *info);
void signal__info_user(struct linux_siginfo *info, int signo, int code);
/* A signal the program caused itself: cannot be blocked or ignored. */
void signal__force(struct task *t, const struct linux_siginfo *info);
void signal__raise(int signo);              /* SIGPIPE & co. to this task */
void signal__block_set(uint64_t set);       /* replaces the task's mask */
/* Until the call returns this mask holds; then the old one comes back (after
 * a handler ran under the new one). */
void signal__block_temporarily(uint64_t set);
/* Takes one pending signal of `set` for this task. 0: none. */
int signal__take(struct task *t, uint64_t set, struct linux_siginfo *out);
uint64_t signal__pending(struct task *t);
bool signal__deliverable(struct task *t);
void signal__deliver(struct task *t, struct regs *regs);
/* mask from the program; size must be 8. */
int signal__mask_get(uaddr_t set, uint64_t size, uint64_t *out);
/* Ends block_temporarily at the end of a call, unless a handler will. */
void signal__block_restore(long result);
void signal__discard_locked(struct process *p, int signo);
/* A task that may have been woken for signals to the process in this set does
 * not take them: another one does. */
void signal__retarget_locked(struct process *p, uint64_t not_taken);
const char *signal__name(int signo);

/* --- futex.c --- */
void futex__init(void);
void futex__task_exit(struct task *t);
/* A task is no longer among its process's: who waits for a lock of its looks
 * again. */
void futex__task_gone(void);
void futex__wake_addr(struct mm *mm, uaddr_t addr, int n);
uint64_t futex__waiters(void);

/* --- time.c, timers.c --- */
int time__get(uaddr_t ts, nsec_t *out);     /* a timespec; -EINVAL, -EFAULT */
int time__put(uaddr_t ts, nsec_t t);
nsec_t time__deadline(nsec_t now, nsec_t rel);  /* saturates */
nsec_t time__from_realtime(nsec_t real);    /* as a monotonic deadline */
/* From an optional relative timespec: NULL is for ever, zero is 0. */
int time__deadline_get(uaddr_t ts, nsec_t *deadline);
int time__clock_read(int clock, nsec_t *out);
void timers__process_exit(struct process *p);
/* RLIMIT_CPU has changed. */
void timers__cpu_limit_set(struct process *p);
void timers__init(struct process *p);
/* A signal left the queue, delivered or discarded: a timer's overruns go into
 * it, and the timer may send again. p->lock held. */
void timers__signal_taken(struct process *p, struct linux_siginfo *info);

/* --- vdso.c --- */
int vdso__init(void);
int vdso__map(struct process *p);

/* --- files.c --- */
struct file *fd__get(int fd);               /* NULL: -EBADF; fdtable_put */
int fd__install(struct file *f, int min, bool cloexec);  /* drops f on error */
int fd__limit(void);
/* Both or none; writes the two numbers to the program. Takes over the files. */
long fd__install_pair(struct file *pair[2], bool cloexec, uaddr_t out);
/* Imports an iovec array: *iov is `fast` or kmalloc'd. Bytes or -Exxx. */
#define IOV_FAST 8
ssize_t iov__import(uaddr_t uiov, uint64_t count, struct iovec *fast,
                    struct iovec **iov);
void iov__release(struct iovec *iov, struct iovec *fast);
/* A path from the program into *out (kmalloc PATH_MAX); kfree. */
int path__get(uaddr_t upath, char **out);
/* The file for a dirfd and path; *at NULL for AT_FDCWD or absolute paths;
 * drop by fdtable_put when not NULL. */
int dirfd__get(int dirfd, const char *path, struct file **at);

/* --- ids.c --- */
void ids__init(void);
/* Has the program this capability, is this one of its groups? */
bool ids__capable(unsigned cap);
bool ids__in_group(uint32_t gid);

/* --- tty.c, proc.c --- */
int tty__init(void);
/* From here on input is taken, and shown again if it is to be. -ENOMEM. */
int tty__start(bool echo);
struct file *tty__open(uint32_t flags);
int procfs__init(void);
/* /sys/class/net, once net has started. */
void procfs__interfaces_add(void);
void shm__process_exit(void);

/* --- info.c --- */
void info__domainname_get(char out[65]);
const char *info__release(void);
const char *info__version(void);

/* --- strace.c --- */
void strace__call(struct task *t, long nr, const uint64_t args[6],
                  bool returns, long result);

#endif
