/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the system tells about itself and about use: uname, sysinfo, rusage,
 * times; scheduling parameters, randomness, barriers.
 */
#include "abi_priv.h"

#define CAP_SYS_NICE 23
#define RELEASE "6.1.0-hull"
#define VERSION "#1 SMP Hull"

static char hostname[65] = "hull";
static char domainname[65] = "(none)";
static struct spinlock names_lock = SPINLOCK_INIT;

void abi_hostname_set(const char *name)
{
    uint64_t flags = spin_lock_irqsave(&names_lock);

    strlcpy(hostname, name, sizeof(hostname));
    spin_unlock_irqrestore(&names_lock, flags);
}

void abi_hostname_get(char out[65])
{
    uint64_t flags = spin_lock_irqsave(&names_lock);

    strlcpy(out, hostname, 65);
    spin_unlock_irqrestore(&names_lock, flags);
}

void info__domainname_get(char out[65])
{
    uint64_t flags = spin_lock_irqsave(&names_lock);

    strlcpy(out, domainname, 65);
    spin_unlock_irqrestore(&names_lock, flags);
}

const char *info__release(void)
{
    return RELEASE;
}

const char *info__version(void)
{
    return VERSION;
}

long sys_uname(uaddr_t out)
{
    struct { char sys[65], node[65], release[65], version[65], machine[65],
             domain[65]; } u;

    memset(&u, 0, sizeof(u));
    strlcpy(u.sys, "Linux", sizeof(u.sys));
    strlcpy(u.release, RELEASE, sizeof(u.release));
    strlcpy(u.version, VERSION, sizeof(u.version));
    strlcpy(u.machine, arch_platform(), sizeof(u.machine));
    abi_hostname_get(u.node);
    info__domainname_get(u.domain);
    return copy_to_user(out, &u, sizeof(u));
}

static long name_set(char *to, uaddr_t from, uint64_t n)
{
    char name[65] = { 0 };
    uint64_t flags;

    if (process_current()->creds.euid)
        return -EPERM;
    if (n > 64)
        return -EINVAL;
    if (copy_from_user(name, from, n))
        return -EFAULT;
    flags = spin_lock_irqsave(&names_lock);
    memcpy(to, name, sizeof(name));
    spin_unlock_irqrestore(&names_lock, flags);
    return 0;
}

long sys_sethostname(uaddr_t name, uint64_t n)
{
    return name_set(hostname, name, n);
}

long sys_setdomainname(uaddr_t name, uint64_t n)
{
    return name_set(domainname, name, n);
}

long sys_sysinfo(uaddr_t out)
{
    struct { int64_t uptime; uint64_t loads[3], totalram, freeram, sharedram,
             bufferram, totalswap, freeswap; uint16_t procs, pad;
             uint64_t totalhigh, freehigh; uint32_t unit; } s;
    struct mm_stats m;

    memset(&s, 0, sizeof(s));
    mm_stats_get(&m);
    s.uptime = (int64_t)(clock_monotonic() / NSEC_PER_SEC);
    sched_load_get(s.loads);
    s.totalram = m.total * PAGE_SIZE;
    s.freeram = m.free * PAGE_SIZE;
    s.sharedram = fs_memory_pages() * PAGE_SIZE;
    s.procs = (uint16_t)MIN(thread_count(), 65535u);
    s.unit = 1;
    return copy_to_user(out, &s, sizeof(s));
}

static void timeval_set(struct linux_timeval *tv, nsec_t t)
{
    tv->sec = (int64_t)(t / NSEC_PER_SEC);
    tv->usec = (int64_t)(t % NSEC_PER_SEC / 1000);
}

static void rusage_process(struct process *p, struct linux_rusage *ru)
{
    struct mm_usage u;
    nsec_t program, kernel;
    struct task *t;
    uint64_t flags;

    process__cpu_time(p, &program, &kernel);
    timeval_set(&ru->utime, program);
    timeval_set(&ru->stime, kernel);
    mm_usage_get(p->mm, &u);
    ru->maxrss = (int64_t)(u.peak_resident / 1024);
    flags = spin_lock_irqsave(&p->lock);
    ru->minflt = (int64_t)p->dead_minflt;
    ru->nvcsw = (int64_t)p->dead_vol;
    ru->nivcsw = (int64_t)p->dead_invol;
    list_for_each(t, &p->tasks, link) {
        ru->minflt += (int64_t)t->minflt;
        ru->nvcsw += (int64_t)t->thread.switches_vol;
        ru->nivcsw += (int64_t)t->thread.switches_invol;
    }
    spin_unlock_irqrestore(&p->lock, flags);
}

long sys_getrusage(int who, uaddr_t out)
{
    struct task *t = task_current();
    struct linux_rusage ru;

    memset(&ru, 0, sizeof(ru));
    if (who == 0) {
        rusage_process(t->proc, &ru);
    } else if (who == 1) {
        struct mm_usage u;

        timeval_set(&ru.utime, thread_cpu_time(&t->thread));
        mm_usage_get(t->proc->mm, &u);
        ru.maxrss = (int64_t)(u.peak_resident / 1024);
        ru.minflt = (int64_t)t->minflt;
        ru.nvcsw = (int64_t)t->thread.switches_vol;
        ru.nivcsw = (int64_t)t->thread.switches_invol;
    } else if (who != -1) {
        return -EINVAL;         /* -1: of children, of which there are none */
    }
    return copy_to_user(out, &ru, sizeof(ru));
}

long sys_times(uaddr_t out)
{
    nsec_t program, kernel;
    const nsec_t tick = NSEC_PER_SEC / USER_HZ;

    process__cpu_time(process_current(), &program, &kernel);
    if (out) {
        int64_t v[4] = { (int64_t)(program / tick), (int64_t)(kernel / tick),
                         0, 0 };

        if (copy_to_user(out, v, sizeof(v)))
            return -EFAULT;
    }
    return (long)(clock_monotonic() / tick);
}

long sys_getrandom(uaddr_t buf, uint64_t n, uint64_t flags)
{
    uint8_t tmp[256];
    uint64_t done = 0;

    if (flags & ~7ull || (flags & 6) == 6)
        return -EINVAL;
    n = MIN(n, (uint64_t)INT32_MAX);
    while (done < n) {
        size_t part = MIN(n - done, (uint64_t)sizeof(tmp));

        abi__boot->random_bytes(tmp, part);
        if (copy_to_user(buf + done, tmp, part))
            return done ? (long)done : -EFAULT;
        done += part;
        if (done < n && thread_current()->interrupted)
            break;
    }
    return (long)done;
}

/* ---------------- scheduling ---------------- */

/* The task `pid` means, locked by p->lock; NULL: none. */
static struct task *sched_task_locked(struct process *p, int pid)
{
    if (pid == 0)
        return task_current();
    return task__find_locked(p, pid);
}

long sys_sched_yield(void)
{
    thread_yield();
    return 0;
}

long sys_sched_getaffinity(int pid, uint64_t size, uaddr_t out)
{
    struct process *p = process_current();
    struct cpu_mask online = { { 0 } }, mask = { { 0 } };
    uint64_t flags = spin_lock_irqsave(&p->lock);
    struct task *t = sched_task_locked(p, pid);

    if (t)
        mask = t->thread.allowed;
    spin_unlock_irqrestore(&p->lock, flags);
    if (size * 8 < cpu_count() || (size & 7))
        return -EINVAL;
    if (!t)
        return -ESRCH;
    for (unsigned i = 0; i < cpu_count(); i++)
        bitmap_set(online.bits, i);
    for (unsigned i = 0; i < ARRAY_LEN(mask.bits); i++)
        mask.bits[i] &= online.bits[i];
    size = MIN(size, (uint64_t)sizeof(mask));
    return copy_to_user(out, &mask, size) ? -EFAULT : (long)size;
}

long sys_sched_setaffinity(int pid, uint64_t size, uaddr_t in)
{
    struct process *p = process_current();
    struct cpu_mask mask = { { 0 } };
    uint64_t flags, any = 0;
    struct task *t;

    if (copy_from_user(&mask, in, MIN(size, (uint64_t)sizeof(mask))))
        return -EFAULT;
    for (unsigned i = 0; i < CPUS_MAX; i++) {
        if (i >= cpu_count())
            bitmap_clear(mask.bits, i);
        else
            any |= bitmap_test(mask.bits, i);
    }
    if (!any)
        return -EINVAL;
    if (pid == 0 || pid == task_current()->tid)
        return thread_affinity_set(thread_current(), &mask);
    flags = spin_lock_irqsave(&p->lock);
    t = sched_task_locked(p, pid);
    if (t)
        thread_affinity_set(&t->thread, &mask);
    spin_unlock_irqrestore(&p->lock, flags);
    return t ? 0 : -ESRCH;
}

long sys_getcpu(uaddr_t cpu, uaddr_t node, uaddr_t unused)
{
    uint32_t zero = 0, id = cpu_id();

    (void)unused;
    if (cpu && put_user(cpu, id))
        return -EFAULT;
    return node ? put_user(node, zero) : 0;
}

enum { SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE = 5 };

static int policy_ok(int policy)
{
    return policy == SCHED_OTHER || policy == SCHED_BATCH ||
           policy == SCHED_IDLE;
}

/* Real-time policies are refused rather than promised. */
static long policy_set(int pid, int policy, int priority)
{
    struct process *p = process_current();
    uint64_t flags;
    struct task *t;

    if (policy == SCHED_FIFO || policy == SCHED_RR)
        return priority < 1 || priority > 99 ? -EINVAL : -EPERM;
    if (!policy_ok(policy) || priority)
        return -EINVAL;
    flags = spin_lock_irqsave(&p->lock);
    t = sched_task_locked(p, pid);
    if (t)
        t->policy = policy;
    spin_unlock_irqrestore(&p->lock, flags);
    return t ? 0 : -ESRCH;
}

static long policy_get(int pid)
{
    struct process *p = process_current();
    uint64_t flags = spin_lock_irqsave(&p->lock);
    struct task *t = sched_task_locked(p, pid);
    long r = t ? t->policy : -ESRCH;

    spin_unlock_irqrestore(&p->lock, flags);
    return pid < 0 ? -EINVAL : r;
}

long sys_sched_setscheduler(int pid, int policy, uaddr_t param)
{
    int priority;

    if (pid < 0 || !param)
        return -EINVAL;
    if (get_user(&priority, param))
        return -EFAULT;
    return policy_set(pid, policy & ~0x40000000, priority);
}

long sys_sched_getscheduler(int pid)
{
    return policy_get(pid);
}

long sys_sched_setparam(int pid, uaddr_t param)
{
    long policy = policy_get(pid);
    int priority;

    if (policy < 0 || !param)
        return policy < 0 ? policy : -EINVAL;
    if (get_user(&priority, param))
        return -EFAULT;
    return policy_set(pid, (int)policy, priority);
}

long sys_sched_getparam(int pid, uaddr_t param)
{
    long policy = policy_get(pid);

    if (policy < 0 || !param)
        return policy < 0 ? policy : -EINVAL;
    return put_user(param, 0);
}

long sys_sched_get_priority_max(int policy)
{
    if (policy == SCHED_FIFO || policy == SCHED_RR)
        return 99;
    return policy_ok(policy) ? 0 : -EINVAL;
}

long sys_sched_get_priority_min(int policy)
{
    if (policy == SCHED_FIFO || policy == SCHED_RR)
        return 1;
    return policy_ok(policy) ? 0 : -EINVAL;
}

long sys_sched_rr_get_interval(int pid, uaddr_t ts)
{
    long policy = policy_get(pid);

    return policy < 0 ? policy : time__put(ts, 4 * NSEC_PER_MSEC);
}

long sys_getpriority(int which, int who)
{
    struct process *p = process_current();
    uint64_t flags;
    struct task *t;
    long r = -ESRCH;

    if (which < 0 || which > 2)
        return -EINVAL;
    flags = spin_lock_irqsave(&p->lock);
    t = which == 0 ? sched_task_locked(p, who) : task_current();
    if (t)
        r = 20 - thread_nice_get(&t->thread);
    spin_unlock_irqrestore(&p->lock, flags);
    return r;
}

/* Without CAP_SYS_NICE a thread only gets less, down to RLIMIT_NICE's. */
static bool nice_allowed(const struct process *p, const struct task *t,
                         int nice)
{
    return nice >= thread_nice_get(&t->thread) ||
           ids__capable(CAP_SYS_NICE) ||
           (uint64_t)(20 - nice) <= p->limits[RLIMIT_NICE].cur;
}

long sys_setpriority(int which, int who, int nice)
{
    struct process *p = process_current();
    uint64_t flags;
    struct task *t;
    long r = -ESRCH;

    if (which < 0 || which > 2)
        return -EINVAL;
    nice = nice < -20 ? -20 : nice > 19 ? 19 : nice;
    flags = spin_lock_irqsave(&p->lock);
    if (which == 0) {
        t = sched_task_locked(p, who);
        if (t && !nice_allowed(p, t, nice)) {
            r = -EACCES;
        } else if (t) {
            thread_nice_set(&t->thread, nice);
            r = 0;
        }
    } else {
        list_for_each(t, &p->tasks, link)
            thread_nice_set(&t->thread, nice);
        r = 0;
    }
    spin_unlock_irqrestore(&p->lock, flags);
    return r;
}

/* ---------------- memory barriers over all CPUs ---------------- */

#define MB_GLOBAL 1
#define MB_PRIVATE 8
#define MB_REGISTER_PRIVATE 16

static void barrier_here(void *arg)
{
    (void)arg;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

long sys_membarrier(int cmd, uint64_t flags, int cpu)
{
    struct process *p = process_current();

    (void)cpu;
    if (flags)
        return -EINVAL;
    switch (cmd) {
    case 0:
        return MB_GLOBAL | MB_PRIVATE | MB_REGISTER_PRIVATE;
    case MB_REGISTER_PRIVATE:
        p->membarrier |= MB_PRIVATE;
        return 0;
    case MB_PRIVATE:
        if (!(p->membarrier & MB_PRIVATE))
            return -EPERM;
        /* fall through */
    case MB_GLOBAL:
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        arch_ipi_call_others(barrier_here, NULL);
        return 0;
    default:
        return -EINVAL;
    }
}

long sys_reboot(uint64_t magic1, uint64_t magic2, uint64_t cmd, uaddr_t arg)
{
    (void)arg;
    if (process_current()->creds.euid)
        return -EPERM;
    if ((uint32_t)magic1 != 0xfee1dead || !magic2)
        return -EINVAL;
    if (!abi__boot->power_off)
        return -EINVAL;
    if ((uint32_t)cmd == 0x4321fedc || (uint32_t)cmd == 0xcdef0123)
        abi__boot->power_off(false);
    else if ((uint32_t)cmd == 0x01234567)
        abi__boot->power_off(true);
    else
        return (uint32_t)cmd == 0 || (uint32_t)cmd == 0x89abcdef ? 0 : -EINVAL;
    return 0;
}
