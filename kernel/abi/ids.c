/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who the process is: ids, groups, sessions, capabilities, limits, prctl. One
 * user of the machine exists, root by default; the ids are kept as Linux
 * keeps them so that programs that drop privileges see what they expect.
 */
#include "abi_priv.h"

#define KEEP (~0u)
#define CAP_SETGID 6
#define CAP_SETUID 7
#define CAP_SETPCAP 8
#define TIMER_SLACK 50000      /* ns, by default */
#define CAPS_ALL ((1ull << 41) - 1)
#define CAP_LAST 40
#define NGROUPS_MAX 65536

static struct creds *creds(void)
{
    return &process_current()->creds;
}

bool ids__capable(unsigned cap)
{
    return creds()->cap_effective >> cap & 1;
}

bool ids__in_group(uint32_t gid)
{
    const struct creds *c = creds();

    for (unsigned i = 0; i < c->group_count; i++) {
        if (c->groups[i] == gid)
            return true;
    }
    return c->egid == gid;
}

long sys_getpid(void)
{
    return process_current()->pid;
}

long sys_gettid(void)
{
    return task_current()->tid;
}

long sys_getppid(void)
{
    return PROCESS_PPID;
}

long sys_getuid(void)
{
    return creds()->uid;
}

long sys_geteuid(void)
{
    return creds()->euid;
}

long sys_getgid(void)
{
    return creds()->gid;
}

long sys_getegid(void)
{
    return creds()->egid;
}

/* fs checks by the effective ids; leaving root drops its capabilities. */
static void creds_changed(struct process *p, bool was_root, uint32_t old_euid)
{
    struct creds *c = &p->creds;

    c->fsuid = c->euid;
    c->fsgid = c->egid;
    p->fs.uid = c->fsuid;
    p->fs.gid = c->fsgid;
    if (was_root && c->uid && c->euid && c->suid) {
        c->cap_effective = 0;
        if (!p->keep_caps)
            c->cap_permitted = 0;
    } else if (!old_euid && c->euid) {
        c->cap_effective = 0;
    } else if (old_euid && !c->euid) {
        c->cap_effective = c->cap_permitted;
    }
}

static bool uid_allowed(uint32_t id)
{
    const struct creds *c = creds();

    return id == KEEP || id == c->uid || id == c->euid || id == c->suid ||
           ids__capable(CAP_SETUID);
}

static bool gid_allowed(uint32_t id)
{
    const struct creds *c = creds();

    return id == KEEP || id == c->gid || id == c->egid || id == c->sgid ||
           ids__capable(CAP_SETGID);
}

long sys_setresuid(uint32_t r, uint32_t e, uint32_t s)
{
    struct creds *c = creds();
    bool root = !c->uid || !c->euid || !c->suid;
    uint32_t euid = c->euid;

    if (!uid_allowed(r) || !uid_allowed(e) || !uid_allowed(s))
        return -EPERM;
    c->uid = r == KEEP ? c->uid : r;
    c->euid = e == KEEP ? c->euid : e;
    c->suid = s == KEEP ? c->suid : s;
    creds_changed(process_current(), root, euid);
    return 0;
}

long sys_setresgid(uint32_t r, uint32_t e, uint32_t s)
{
    struct creds *c = creds();

    if (!gid_allowed(r) || !gid_allowed(e) || !gid_allowed(s))
        return -EPERM;
    c->gid = r == KEEP ? c->gid : r;
    c->egid = e == KEEP ? c->egid : e;
    c->sgid = s == KEEP ? c->sgid : s;
    c->fsgid = c->egid;
    process_current()->fs.gid = c->fsgid;
    return 0;
}

long sys_setuid(uint32_t id)
{
    if (id == KEEP)
        return -EINVAL;
    if (ids__capable(CAP_SETUID))
        return sys_setresuid(id, id, id);
    return id == creds()->uid || id == creds()->suid ?
        sys_setresuid(KEEP, id, KEEP) : -EPERM;
}

long sys_setgid(uint32_t id)
{
    if (id == KEEP)
        return -EINVAL;
    if (ids__capable(CAP_SETGID))
        return sys_setresgid(id, id, id);
    return id == creds()->gid || id == creds()->sgid ?
        sys_setresgid(KEEP, id, KEEP) : -EPERM;
}

long sys_setreuid(uint32_t r, uint32_t e)
{
    bool saved = r != KEEP || (e != KEEP && e != creds()->uid);

    return sys_setresuid(r, e, !saved ? KEEP : e == KEEP ? creds()->euid : e);
}

long sys_setregid(uint32_t r, uint32_t e)
{
    bool saved = r != KEEP || (e != KEEP && e != creds()->gid);

    return sys_setresgid(r, e, !saved ? KEEP : e == KEEP ? creds()->egid : e);
}

long sys_getresuid(uaddr_t r, uaddr_t e, uaddr_t s)
{
    const struct creds *c = creds();

    return put_user(r, c->uid) || put_user(e, c->euid) ||
           put_user(s, c->suid) ? -EFAULT : 0;
}

long sys_getresgid(uaddr_t r, uaddr_t e, uaddr_t s)
{
    const struct creds *c = creds();

    return put_user(r, c->gid) || put_user(e, c->egid) ||
           put_user(s, c->sgid) ? -EFAULT : 0;
}

long sys_setfsuid(uint32_t id)
{
    struct creds *c = creds();
    uint32_t old = c->fsuid;

    if (uid_allowed(id) && id != KEEP)
        process_current()->fs.uid = c->fsuid = id;
    return old;
}

long sys_setfsgid(uint32_t id)
{
    struct creds *c = creds();
    uint32_t old = c->fsgid;

    if (gid_allowed(id) && id != KEEP)
        process_current()->fs.gid = c->fsgid = id;
    return old;
}

long sys_getgroups(int n, uaddr_t list)
{
    const struct creds *c = creds();

    if (n < 0 || (n && (unsigned)n < c->group_count))
        return -EINVAL;
    if (n && copy_to_user(list, c->groups, c->group_count * 4))
        return -EFAULT;
    return c->group_count;
}

/* As Linux keeps them. Few, mostly. */
static void sort(uint32_t *v, int n)
{
    for (int i = 1; i < n; i++) {
        uint32_t x = v[i];
        int at = i;

        for (; at > 0 && v[at - 1] > x; at--)
            v[at] = v[at - 1];
        v[at] = x;
    }
}

long sys_setgroups(int n, uaddr_t list)
{
    struct creds *c = creds();
    uint32_t groups[GROUPS_MAX];

    if (!ids__capable(CAP_SETGID))
        return -EPERM;
    if (n < 0 || n > NGROUPS_MAX)
        return -EINVAL;
    if (n > GROUPS_MAX)
        return abi__partial("setgroups", (uint64_t)n, -EINVAL);
    if (copy_from_user(groups, list, (size_t)n * 4))
        return -EFAULT;
    sort(groups, n);
    memcpy(c->groups, groups, (size_t)n * 4);
    c->group_count = (unsigned)n;
    return 0;
}

/* ---------------- groups of processes, sessions ---------------- */

static bool is_self(int pid)
{
    return pid == 0 || pid == process_current()->pid;
}

long sys_getpgid(int pid)
{
    return is_self(pid) ? process_current()->pgid : -ESRCH;
}

long sys_getpgrp(void)
{
    return process_current()->pgid;
}

long sys_getsid(int pid)
{
    return is_self(pid) ? process_current()->sid : -ESRCH;
}

long sys_setpgid(int pid, int pgid)
{
    struct process *p = process_current();

    if (pgid < 0)
        return -EINVAL;
    if (!is_self(pid))
        return -ESRCH;
    /* A session leader stays in its own group. */
    return p->sid == p->pid ? -EPERM : 0;
}

long sys_setsid(void)
{
    struct process *p = process_current();

    if (p->pgid == p->pid)
        return -EPERM;
    p->sid = p->pgid = p->pid;
    return p->sid;
}

/* ---------------- capabilities ---------------- */

#define CAP_VERSION_1 0x19980330u
#define CAP_VERSION_2 0x20071026u
#define CAP_VERSION_3 0x20080522u

struct cap_header { uint32_t version; int32_t pid; };
struct cap_data { uint32_t effective, permitted, inheritable; };

static int cap_words(uaddr_t uhead, struct cap_header *h)
{
    if (copy_from_user(h, uhead, sizeof(*h)))
        return -EFAULT;
    if (h->version == CAP_VERSION_1)
        return 1;
    if (h->version == CAP_VERSION_2 || h->version == CAP_VERSION_3)
        return 2;
    return put_user(uhead, CAP_VERSION_3) ? -EFAULT : -EINVAL;
}

long sys_capget(uaddr_t uhead, uaddr_t udata)
{
    const struct creds *c = creds();
    struct cap_header h;
    struct cap_data d[2];
    int n = cap_words(uhead, &h);

    if (n < 0)
        return n == -EINVAL && !udata ? 0 : n;
    if (h.pid < 0)
        return -EINVAL;
    if (!is_self(h.pid) && h.pid != task_current()->tid)
        return -ESRCH;
    for (int i = 0; i < 2; i++) {
        d[i].effective = (uint32_t)(c->cap_effective >> (32 * i));
        d[i].permitted = (uint32_t)(c->cap_permitted >> (32 * i));
        d[i].inheritable = (uint32_t)(c->cap_inheritable >> (32 * i));
    }
    if (!udata)
        return 0;
    return copy_to_user(udata, d, (size_t)n * sizeof(d[0]));
}

long sys_capset(uaddr_t uhead, uaddr_t udata)
{
    struct creds *c = creds();
    struct cap_header h;
    struct cap_data d[2] = { { 0 } };
    uint64_t e, p, i;
    int n = cap_words(uhead, &h);

    if (n < 0)
        return n;
    if (!is_self(h.pid) && h.pid != task_current()->tid)
        return -EPERM;
    if (copy_from_user(d, udata, (size_t)n * sizeof(d[0])))
        return -EFAULT;
    e = d[0].effective | (uint64_t)d[1].effective << 32;
    p = d[0].permitted | (uint64_t)d[1].permitted << 32;
    i = d[0].inheritable | (uint64_t)d[1].inheritable << 32;
    if ((p & ~c->cap_permitted) || (e & ~p))
        return -EPERM;
    c->cap_effective = e;
    c->cap_permitted = p;
    c->cap_inheritable = i & CAPS_ALL;
    return 0;
}

/* ---------------- limits ---------------- */

static uint64_t file_size_limit(void)
{
    return thread_current()->program ?
        process_current()->limits[RLIMIT_FSIZE].cur : RLIM_INFINITY;
}

static void file_size_exceeded(void)
{
    signal__raise(SIGXFSZ);
}

static const struct fs_size_ops size_ops = {
    .limit = file_size_limit,
    .exceeded = file_size_exceeded,
};

void ids__init(void)
{
    fs_size_ops_set(&size_ops);
}

static long limit_change(struct process *p, unsigned which,
                         const struct linux_rlimit *n)
{
    struct linux_rlimit *l = &p->limits[which];
    uint64_t flags;

    if (n->cur > n->max)
        return -EINVAL;
    if (which == RLIMIT_NOFILE && n->max > FDS_MAX)
        return -EPERM;
    if (n->max > l->max && creds()->euid)
        return -EPERM;
    flags = spin_lock_irqsave(&p->lock);
    *l = *n;
    spin_unlock_irqrestore(&p->lock, flags);
    if (which == RLIMIT_STACK)
        mm_layout_set(p->mm, p->mmap_base, n->cur);
    if (which == RLIMIT_CPU)
        timers__cpu_limit_set(p);
    return 0;
}

long sys_prlimit64(int pid, int which, uaddr_t new_, uaddr_t old)
{
    struct process *p = process_current();
    struct linux_rlimit n, o;
    long r;

    if (which < 0 || which >= RLIM_NLIMITS)
        return -EINVAL;
    if (!is_self(pid) && pid != task_current()->tid)
        return -ESRCH;
    if (new_ && copy_from_user(&n, new_, sizeof(n)))
        return -EFAULT;
    o = p->limits[which];
    if (new_) {
        r = limit_change(p, (unsigned)which, &n);
        if (r)
            return r;
    }
    return old ? copy_to_user(old, &o, sizeof(o)) : 0;
}

long sys_getrlimit(int which, uaddr_t out)
{
    if (which < 0 || which >= RLIM_NLIMITS)
        return -EINVAL;
    return copy_to_user(out, &process_current()->limits[which],
                        sizeof(struct linux_rlimit));
}

long sys_setrlimit(int which, uaddr_t in)
{
    return sys_prlimit64(0, which, in, 0) ? : (in ? 0 : -EFAULT);
}

/* ---------------- prctl and the like ---------------- */

enum { PR_GET_TIMING = 13, PR_SET_TIMING = 14, PR_GET_SECCOMP = 21,
       PR_GET_TSC = 25, PR_SET_TSC = 26, PR_GET_SECUREBITS = 27,
       PR_SET_SECUREBITS = 28, PR_MCE_KILL_GET = 34, PR_CAP_AMBIENT = 47,
       PR_GET_SPECULATION_CTRL = 52, PR_SET_SPECULATION_CTRL = 53,
       PR_SET_VMA = 0x53564d41,
       PR_SET_PDEATHSIG = 1, PR_GET_PDEATHSIG = 2, PR_GET_DUMPABLE = 3,
       PR_SET_DUMPABLE = 4, PR_GET_KEEPCAPS = 7, PR_SET_KEEPCAPS = 8,
       PR_SET_NAME = 15, PR_GET_NAME = 16, PR_CAPBSET_READ = 23,
       PR_CAPBSET_DROP = 24, PR_SET_TIMERSLACK = 29, PR_GET_TIMERSLACK = 30,
       PR_SET_CHILD_SUBREAPER = 36, PR_GET_CHILD_SUBREAPER = 37,
       PR_SET_NO_NEW_PRIVS = 38, PR_GET_NO_NEW_PRIVS = 39,
       PR_GET_TID_ADDRESS = 40, PR_SET_THP_DISABLE = 41,
       PR_GET_THP_DISABLE = 42 };

static long name_set(struct task *t, uaddr_t uname)
{
    char name[16] = { 0 };
    size_t n = copy_from_user_partial(name, uname, sizeof(name) - 1);

    /* A short name may end just before memory that is not there. */
    if (n < sizeof(name) - 1 && !memchr(name, 0, n))
        return -EFAULT;
    strlcpy(t->thread.name, name, sizeof(t->thread.name));
    return 0;
}

static long name_get(struct task *t, uaddr_t out)
{
    char name[16] = { 0 };

    strlcpy(name, t->thread.name, sizeof(name));
    return copy_to_user(out, name, sizeof(name));
}

/* What Linux answers where nothing can be changed: on or off as it is. */
static long fixed_option(int option, uint64_t a2)
{
    switch (option) {
    case PR_GET_TIMING:         /* statistical */
    case PR_GET_SECCOMP:        /* no filter */
    case PR_GET_SECUREBITS:
        return 0;
    case PR_SET_TIMING:
    case PR_SET_SECUREBITS:
        return a2 ? -EINVAL : 0;
    case PR_GET_TSC:            /* can be read */
        return put_user(a2, 1);
    case PR_SET_TSC:
        return a2 == 1 ? 0 : -EINVAL;
    case PR_MCE_KILL_GET:       /* the default */
        return 2;
    case PR_GET_SPECULATION_CTRL:
    case PR_SET_SPECULATION_CTRL:
        return -ENODEV;
    case PR_SET_VMA:            /* a kernel that gives mappings no names */
        return -EINVAL;
    default:
        return abi__partial("prctl", (uint64_t)option, -EINVAL);
    }
}

/* Ambient capabilities only matter to a program that is started by this one:
 * there is none, and so the set stays empty. */
static long ambient(uint64_t what, uint64_t cap, uint64_t a4, uint64_t a5)
{
    enum { IS_SET = 1, RAISE, LOWER, CLEAR_ALL };

    if (what == CLEAR_ALL)
        return cap || a4 || a5 ? -EINVAL : 0;
    if (what < IS_SET || what > LOWER || cap > CAP_LAST || a4 || a5)
        return -EINVAL;
    return what == RAISE ? -EPERM : 0;
}

static long flag_set(bool *flag, uint64_t on)
{
    if (on > 1)
        return -EINVAL;
    *flag = on;
    return 0;
}

static long bounding(struct creds *c, uint64_t cap, bool drop)
{
    if (cap > CAP_LAST)
        return -EINVAL;
    if (!drop)
        return !(c->cap_dropped >> cap & 1);
    if (!ids__capable(CAP_SETPCAP))
        return -EPERM;
    c->cap_dropped |= 1ull << cap;
    return 0;
}

/* Options of the process as a whole. */
static long process_option(struct process *p, int option, uint64_t a2,
                           uint64_t rest)
{
    switch (option) {
    case PR_GET_DUMPABLE:
        return p->dumpable;
    case PR_SET_DUMPABLE:
        return flag_set(&p->dumpable, a2);
    case PR_CAPBSET_READ:
        return bounding(&p->creds, a2, false);
    case PR_CAPBSET_DROP:
        return bounding(&p->creds, a2, true);
    case PR_GET_KEEPCAPS:
        return p->keep_caps;
    case PR_SET_KEEPCAPS:
        return flag_set(&p->keep_caps, a2);
    case PR_SET_CHILD_SUBREAPER:
        p->subreaper = a2;
        return 0;
    case PR_GET_CHILD_SUBREAPER:
        return put_user(a2, (int)p->subreaper);
    case PR_SET_NO_NEW_PRIVS:
        if (a2 != 1 || rest)
            return -EINVAL;
        p->no_new_privs = true;
        return 0;
    case PR_GET_NO_NEW_PRIVS:
        return a2 || rest ? -EINVAL : p->no_new_privs;
    case PR_SET_THP_DISABLE:
        if (rest)
            return -EINVAL;
        mm_huge_set(p->mm, !a2);
        return 0;
    case PR_GET_THP_DISABLE:
        return a2 || rest ? -EINVAL : !mm_huge_get(p->mm);
    default:
        return fixed_option(option, a2);
    }
}

long sys_prctl(int option, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    struct task *t = task_current();

    switch (option) {
    case PR_SET_NAME:
        return name_set(t, a2);
    case PR_GET_NAME:
        return name_get(t, a2);
    case PR_SET_PDEATHSIG:
        if (a2 > NSIG)
            return -EINVAL;
        t->pdeathsig = (int)a2;
        return 0;
    case PR_GET_PDEATHSIG:
        return put_user(a2, t->pdeathsig);
    case PR_SET_TIMERSLACK:
        t->timer_slack = (int64_t)a2 > 0 ? a2 : TIMER_SLACK;
        return 0;
    case PR_GET_TIMERSLACK:
        return (long)t->timer_slack;
    case PR_GET_TID_ADDRESS:
        return put_user(a2, t->clear_tid);
    case PR_CAP_AMBIENT:
        return ambient(a2, a3, a4, a5);
    default:
        return process_option(t->proc, option, a2, a3 | a4 | a5);
    }
}

long sys_arch_prctl(uint64_t code, uint64_t arg)
{
    return arch_sys_prctl(code, arg);
}

long sys_personality(uint64_t persona)
{
    struct process *p = process_current();
    uint64_t old = p->personality;

    if ((uint32_t)persona != 0xffffffff) {
        if (persona & 0xff)
            return -EINVAL;     /* other systems' */
        p->personality = (uint32_t)persona;
    }
    return (long)old;
}

long sys_umask(uint32_t mask)
{
    struct fs_ctx *fs = &process_current()->fs;
    uint32_t old;

    mutex_lock(&fs->lock);
    old = fs->umask;
    fs->umask = mask & 0777;
    mutex_unlock(&fs->lock);
    return old;
}
