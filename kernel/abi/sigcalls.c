/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The signal calls, and signalfd.
 */
#include "abi_priv.h"

int signal__mask_get(uaddr_t set, uint64_t size, uint64_t *out)
{
    if (size != sizeof(*out))
        return -EINVAL;
    return get_user(out, set);
}

static bool valid(int signo)
{
    return signo >= 1 && signo <= NSIG;
}

long sys_rt_sigaction(int signo, uaddr_t new_, uaddr_t old, uint64_t size)
{
    struct process *p = process_current();
    struct linux_sigaction n, o;
    uint64_t flags;

    if (size != sizeof(uint64_t) || !valid(signo))
        return -EINVAL;
    if (new_ && (signo == SIGKILL || signo == SIGSTOP))
        return -EINVAL;
    if (new_ && copy_from_user(&n, new_, sizeof(n)))
        return -EFAULT;
    flags = spin_lock_irqsave(&p->lock);
    o = p->actions[signo - 1];
    if (new_) {
        n.mask &= ~(SIGBIT(SIGKILL) | SIGBIT(SIGSTOP));
        p->actions[signo - 1] = n;
        if (n.handler == SIG_IGN ||
            (n.handler == SIG_DFL && (signo == SIGCHLD || signo == SIGURG ||
                                      signo == SIGWINCH || signo == SIGCONT)))
            signal__discard_locked(p, signo);
    }
    spin_unlock_irqrestore(&p->lock, flags);
    return old ? copy_to_user(old, &o, sizeof(o)) : 0;
}

long sys_rt_sigprocmask(int how, uaddr_t set, uaddr_t old, uint64_t size)
{
    struct task *t = task_current();
    uint64_t was = t->blocked, mask;

    if (size != sizeof(mask))
        return -EINVAL;
    if (set) {
        if (get_user(&mask, set))
            return -EFAULT;
        if (how == SIG_BLOCK)
            mask = was | mask;
        else if (how == SIG_UNBLOCK)
            mask = was & ~mask;
        else if (how != SIG_SETMASK)
            return -EINVAL;
        if (mask != was)
            signal__block_set(mask);
    }
    return old ? put_user(old, was) : 0;
}

long sys_rt_sigreturn(void)
{
    struct task *t = task_current();
    struct linux_stack st = { 0 };
    uint64_t mask;
    long result;

    if (arch_sigframe_pop(t->regs, &mask, &st.sp, &st.flags, &st.size)) {
        struct linux_siginfo info = { .signo = SIGSEGV, .code = SI_KERNEL };

        signal__force(t, &info);
        return 0;
    }
    signal__block_set(mask);
    /* As Linux, a nonsense stack in the frame is not an error. */
    if (!(st.flags & ~(SS_DISABLE | SS_ONSTACK | (int)SS_AUTODISARM))) {
        st.flags &= ~SS_ONSTACK;
        t->altstack = st;
        if (st.flags & SS_DISABLE)
            t->altstack.size = t->altstack.sp = 0;
    }
    result = arch_syscall_result_get(t->regs);
    t->sigreturn = result <= -ERESTARTSYS && result >= -ERESTARTNOHAND;
    return result;
}

long sys_rt_sigpending(uaddr_t set, uint64_t size)
{
    struct task *t = task_current();
    uint64_t pending = signal__pending(t) & t->blocked;

    if (size > sizeof(pending))
        return -EINVAL;
    return copy_to_user(set, &pending, size);
}

long sys_rt_sigsuspend(uaddr_t set, uint64_t size)
{
    uint64_t mask;
    int err = signal__mask_get(set, size, &mask);

    if (err)
        return err;
    signal__block_temporarily(mask);
    while (thread_wait(NULL, NSEC_FOREVER, WAIT_INTERRUPTIBLE) != -EINTR)
        ;
    return -ERESTARTNOHAND;
}

long sys_pause(void)
{
    while (thread_wait(NULL, NSEC_FOREVER, WAIT_INTERRUPTIBLE) != -EINTR)
        ;
    return -ERESTARTNOHAND;
}

long sys_rt_sigtimedwait(uaddr_t uset, uaddr_t uinfo, uaddr_t ts,
                         uint64_t size)
{
    struct task *t = task_current();
    uint64_t set, was = t->blocked;
    struct linux_siginfo info;
    nsec_t deadline = NSEC_FOREVER;
    int err = signal__mask_get(uset, size, &set), signo;

    if (!err && ts)
        err = time__deadline_get(ts, &deadline);
    if (err)
        return err;
    set &= ~(SIGBIT(SIGKILL) | SIGBIT(SIGSTOP));
    signo = signal__take(t, set, &info);
    if (!signo) {
        signal__block_set(was | set);   /* waited for, not handled */
        err = waitq_wait(&t->proc->signal_wait,
                         (signo = signal__take(t, set, &info)) != 0,
                         deadline, WAIT_INTERRUPTIBLE);
        signal__block_set(was);
    }
    if (!signo)
        return err == -ETIMEDOUT ? -EAGAIN : -EINTR;
    if (uinfo && copy_to_user(uinfo, &info, sizeof(info)))
        return -EFAULT;
    return signo;
}

/* ---------------- sending ---------------- */

static long send_process(int pid, const struct linux_siginfo *info)
{
    struct process *p = process_current();
    uint64_t flags = spin_lock_irqsave(&p->lock);
    bool found;
    long r = -ESRCH;

    if (pid > 0)
        found = pid == p->pid || task__find_locked(p, pid);
    else
        found = pid == 0 || pid == -p->pgid;    /* -1: all but oneself */
    if (found)
        r = info->signo ? signal__send_locked(p, NULL, info) : 0;
    spin_unlock_irqrestore(&p->lock, flags);
    return r;
}

static long send_task(int tid, const struct linux_siginfo *info)
{
    struct process *p = process_current();
    uint64_t flags = spin_lock_irqsave(&p->lock);
    struct task *t = task__find_locked(p, tid);
    long r = -ESRCH;

    if (t)
        r = info->signo ? signal__send_locked(p, t, info) : 0;
    spin_unlock_irqrestore(&p->lock, flags);
    return r;
}

long sys_kill(int pid, int signo)
{
    struct linux_siginfo info;

    if (signo < 0 || signo > NSIG)
        return -EINVAL;
    signal__info_user(&info, signo, SI_USER);
    return send_process(pid, &info);
}

long sys_tgkill(int tgid, int tid, int signo)
{
    struct linux_siginfo info;

    if (tgid <= 0 || tid <= 0 || signo < 0 || signo > NSIG)
        return -EINVAL;
    if (tgid != process_current()->pid)
        return -ESRCH;
    signal__info_user(&info, signo, SI_TKILL);
    return send_task(tid, &info);
}

long sys_tkill(int tid, int signo)
{
    struct linux_siginfo info;

    if (tid <= 0 || signo < 0 || signo > NSIG)
        return -EINVAL;
    signal__info_user(&info, signo, SI_TKILL);
    return send_task(tid, &info);
}

long sys_rt_sigqueueinfo(int pid, int signo, uaddr_t uinfo)
{
    struct linux_siginfo info;

    if (copy_from_user(&info, uinfo, sizeof(info)))
        return -EFAULT;
    if (signo < 0 || signo > NSIG)
        return -EINVAL;
    info.signo = signo;
    if ((info.code >= 0 || info.code == SI_TKILL) &&
        pid != process_current()->pid)
        return -EPERM;
    return send_process(pid, &info);
}

long sys_rt_tgsigqueueinfo(int tgid, int tid, int signo, uaddr_t uinfo)
{
    struct linux_siginfo info;

    if (copy_from_user(&info, uinfo, sizeof(info)))
        return -EFAULT;
    if (tgid <= 0 || tid <= 0 || signo < 0 || signo > NSIG)
        return -EINVAL;
    info.signo = signo;
    if (tgid != process_current()->pid)
        return -ESRCH;
    return send_task(tid, &info);
}

/* ---------------- the alternate stack ---------------- */

long sys_sigaltstack(uaddr_t new_, uaddr_t old)
{
    struct task *t = task_current();
    struct linux_stack n, o = t->altstack;
    uaddr_t sp = arch_regs_sp(t->regs);
    bool on = o.size && sp > o.sp && sp - o.sp <= o.size &&
              !(o.flags & (int)SS_AUTODISARM);

    if (on)
        o.flags |= SS_ONSTACK;
    o.pad = 0;
    if (new_) {
        int mode;

        if (copy_from_user(&n, new_, sizeof(n)))
            return -EFAULT;
        if (on)
            return -EPERM;
        mode = n.flags & ~(int)SS_AUTODISARM;
        if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
            return -EINVAL;
        if (mode == SS_DISABLE) {
            n.sp = n.size = 0;
        } else {
            if (n.size < MINSIGSTKSZ || n.size < arch_sigframe_min())
                return -ENOMEM;
            n.flags &= (int)SS_AUTODISARM;
        }
        t->altstack = n;
    }
    return old ? copy_to_user(old, &o, sizeof(o)) : 0;
}

/* ---------------- signalfd ---------------- */

struct signalfd {
    uint64_t mask;
};

struct signalfd_record {        /* Linux's signalfd_siginfo */
    uint32_t signo;
    int32_t err, code;
    uint32_t pid, uid;
    int32_t fd;
    uint32_t tid, band, overrun, trapno;
    int32_t status, int_value;
    uint64_t ptr, utime, stime, addr;
    uint8_t pad[48];
};
_Static_assert(sizeof(struct signalfd_record) == 128, "signalfd layout");

static void record_fill(struct signalfd_record *r,
                        const struct linux_siginfo *info)
{
    memset(r, 0, sizeof(*r));
    r->signo = (uint32_t)info->signo;
    r->err = info->err;
    r->code = info->code;
    if (info->code == SI_TIMER) {
        r->tid = (uint32_t)info->timer.timer;
        r->overrun = (uint32_t)info->timer.overrun;
        r->ptr = info->timer.value;
        r->int_value = (int32_t)info->timer.value;
    } else if (info->code > 0 && info->code != SI_KERNEL) {
        r->addr = info->fault.addr;
    } else {
        r->pid = (uint32_t)info->user.pid;
        r->uid = info->user.uid;
        r->ptr = info->user.value;
        r->int_value = (int32_t)info->user.value;
    }
}

static ssize_t signalfd_read(struct file *f, struct iov_iter *it, off_t *pos)
{
    struct signalfd *s = f->private;
    struct task *t = task_current();
    struct linux_siginfo info;
    struct signalfd_record rec;
    ssize_t done = 0;

    (void)pos;
    if (it->left < sizeof(rec))
        return -EINVAL;
    while (it->left >= sizeof(rec)) {
        int signo = signal__take(t, s->mask, &info), err;
        ssize_t n;

        if (!signo) {
            if (done)
                break;
            if (f->flags & O_NONBLOCK)
                return -EAGAIN;
            err = waitq_wait(&t->proc->signal_wait,
                             (signo = signal__take(t, s->mask, &info)) != 0,
                             NSEC_FOREVER, WAIT_INTERRUPTIBLE);
            if (!signo)
                return err ? -ERESTARTSYS : 0;
        }
        record_fill(&rec, &info);
        n = copy_to_iter(it, &rec, sizeof(rec));
        if (n != (ssize_t)sizeof(rec))
            return done ? done : -EFAULT;
        done += n;
    }
    return done;
}

static uint32_t signalfd_poll(struct file *f, struct poll_table *pt)
{
    struct signalfd *s = f->private;
    struct task *t = task_current();

    poll_wait(pt, &t->proc->signal_wait);
    return signal__pending(t) & s->mask ? POLLIN | POLLRDNORM : 0;
}

static void signalfd_release(struct file *f)
{
    kfree(f->private);
}

static int signalfd_name(struct file *f, char *buf, size_t size)
{
    (void)f;
    return snprintf(buf, size, "anon_inode:[signalfd]");
}

static off_t signalfd_seek(struct file *f, off_t off, int whence)
{
    (void)f;
    (void)off;
    (void)whence;
    return 0;                   /* as Linux: no error, no effect */
}

static const struct file_ops signalfd_ops = {
    .type = "signalfd",
    .read = signalfd_read,
    .poll = signalfd_poll,
    .seek = signalfd_seek,
    .name = signalfd_name,
    .release = signalfd_release,
};

long sys_signalfd4(int fd, uaddr_t set, uint64_t size, int flags)
{
    struct signalfd *s;
    struct file *f;
    uint64_t mask;
    int err = signal__mask_get(set, size, &mask);

    if (flags & ~(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    if (err)
        return err;
    mask &= ~(SIGBIT(SIGKILL) | SIGBIT(SIGSTOP));
    if (fd != -1) {
        f = fd__get(fd);
        if (!f)
            return -EBADF;
        if (f->ops != &signalfd_ops) {
            fdtable_put(f);
            return -EINVAL;
        }
        ((struct signalfd *)f->private)->mask = mask;
        waitq_wake_all(&process_current()->signal_wait);
        fdtable_put(f);
        return fd;
    }
    s = kmalloc(sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->mask = mask;
    f = file_create(&signalfd_ops, s, O_RDWR | (flags & O_NONBLOCK));
    if (!f) {
        kfree(s);
        return -ENOMEM;
    }
    return fd__install(f, 0, flags & O_CLOEXEC);
}

long sys_signalfd(int fd, uaddr_t set, uint64_t size)
{
    return sys_signalfd4(fd, set, size, 0);
}
