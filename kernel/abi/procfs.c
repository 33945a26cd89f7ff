/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process part of /proc: what `self` shows, in Linux's words, and the
 * entries whose text comes from net. Readers are usually the program itself;
 * every generator takes the process by process__get, so that a kernel thread
 * may read as well.
 */
#include "ipc_priv.h"

#define TICK (NSEC_PER_SEC / USER_HZ)
#define KB(bytes) ((unsigned long long)(bytes) / 1024)
#define CAPS_ALL ((1ull << 41) - 1)

static struct process *self_get(void)
{
    return process__get();
}

/* ---------------- maps ---------------- */

struct map_line {
    uaddr_t start, end;
    uint64_t pgoff;
    unsigned flags;
    const struct vma_ops *ops;
    void *object;               /* referenced if ops->ref */
    const char *label;
};
struct map_lines {
    struct map_line *at;
    size_t room, n;
};

/* Under mm's lock: only copies and takes references. */
static bool map_take(void *arg, const struct vma *v)
{
    struct map_lines *l = arg;
    struct map_line *m;

    if (l->n == l->room)
        return false;
    m = &l->at[l->n++];
    m->start = v->start;
    m->end = v->end;
    m->pgoff = v->pgoff;
    m->flags = v->flags;
    m->ops = v->ops;
    m->object = v->object;
    m->label = v->label;
    if (m->ops && m->ops->ref)
        m->ops->ref(m->object);
    return true;
}

static bool map_count(void *arg, const struct vma *v)
{
    (void)v;
    ++*(size_t *)arg;
    return true;
}

static void map_print(struct text *t, const struct map_line *m, char *path)
{
    uint64_t dev = 0, ino = 0;
    char line[100];
    int n;

    *path = 0;
    if (m->label)
        strlcpy(path, m->label, PATH_MAX);
    else if (m->ops && m->ops->name)
        m->ops->name(m->object, path, PATH_MAX);
    if (m->ops && m->ops->ident)
        m->ops->ident(m->object, &dev, &ino);
    n = scnprintf(line, sizeof(line),
                  "%08llx-%08llx %c%c%c%c %08llx %02llx:%02llx %llu ",
                  (unsigned long long)m->start, (unsigned long long)m->end,
                  m->flags & VMA_READ ? 'r' : '-',
                  m->flags & VMA_WRITE ? 'w' : '-',
                  m->flags & VMA_EXEC ? 'x' : '-',
                  m->flags & VMA_SHARED ? 's' : 'p',
                  (unsigned long long)(m->ops ? m->pgoff << PAGE_SHIFT : 0),
                  (unsigned long long)(dev >> 8 & 0xfff),
                  (unsigned long long)(dev & 0xff),
                  (unsigned long long)ino);
    text_write(t, line, (size_t)n);
    if (*path)
        text_printf(t, "%*s%s", n < 73 ? 73 - n : 0, "", path);
    text_write(t, "\n", 1);
}

static void maps_show(struct text *t, int id)
{
    struct process *p = self_get();
    struct map_lines l = { 0 };
    char *path = kmalloc(PATH_MAX);

    (void)id;
    if (!p || !path)
        goto out_free;
    mm_vmas_each(p->mm, map_count, &l.room);
    l.room += 64;               /* others may map meanwhile */
    l.at = kcalloc(l.room, sizeof(*l.at));
    if (!l.at)
        goto out_free;
    mm_vmas_each(p->mm, map_take, &l);
    for (size_t i = 0; i < l.n; i++) {
        map_print(t, &l.at[i], path);
        if (l.at[i].ops && l.at[i].ops->unref)
            l.at[i].ops->unref(l.at[i].object);
    }
out_free:
    kfree(l.at);
    kfree(path);
    if (p)
        process__unref(p);
}

/* ---------------- stat, statm, status ---------------- */

struct task_facts {
    int tid, nice, policy;
    char name[16], state;
    nsec_t used;
    uint64_t minflt, blocked, pending, vol, invol;
    unsigned cpu;
    struct cpu_mask allowed;
};

/* Of the thread, or with id 0 of the oldest one. False: it is gone. */
static bool facts_get(struct process *p, int id, struct task_facts *f)
{
    uint64_t flags = spin_lock_irqsave(&p->lock);
    struct task *t = NULL;

    memset(f, 0, sizeof(*f));
    if (id)
        t = task__find_locked(p, id);
    else if (!list_empty(&p->tasks))
        t = list_first(&p->tasks, struct task, link);
    if (t) {
        f->tid = t->tid;
        f->nice = thread_nice_get(&t->thread);
        f->policy = t->policy;
        memcpy(f->name, t->thread.name, sizeof(f->name));
        f->state = t->thread.state == THREAD_WAITING ? 'S' : 'R';
        f->used = thread_cpu_time(&t->thread);
        f->minflt = t->minflt;
        f->blocked = t->blocked;
        f->pending = t->pending.set;
        f->vol = t->thread.switches_vol;
        f->invol = t->thread.switches_invol;
        f->cpu = t->thread.cpu;
        f->allowed = t->thread.allowed;
    }
    spin_unlock_irqrestore(&p->lock, flags);
    return t != NULL;
}

static void handler_sets(struct process *p, uint64_t *ignored,
                         uint64_t *caught)
{
    *ignored = *caught = 0;
    for (int i = 0; i < NSIG; i++) {
        if (p->actions[i].handler == SIG_IGN)
            *ignored |= 1ull << i;
        else if (p->actions[i].handler != SIG_DFL)
            *caught |= 1ull << i;
    }
}

#define ULL(x) ((unsigned long long)(x))

static void stat_show(struct text *t, int id)
{
    struct process *p = self_get();
    uint64_t ignored, caught;
    struct task_facts f;
    struct mm_usage u;
    nsec_t used;

    if (!p)
        return;
    if (!facts_get(p, id, &f))
        goto out_unref;
    used = id ? f.used : process__cpu_time(p, NULL, NULL);
    mm_usage_get(p->mm, &u);
    handler_sets(p, &ignored, &caught);
    text_printf(t, "%d (%s) %c %d %d %d %d %d 4194304 %llu 0 0 0 ",
                id ? id : p->pid, f.name, f.state, PROCESS_PPID, p->pgid,
                p->sid, TTY_MAJOR << 8 | 1, p->pgid, ULL(f.minflt));
    text_printf(t, "%llu 0 0 0 %d %d %u 0 %llu %llu %llu %llu ",
                ULL(used / TICK), 20 + f.nice, f.nice, p->task_count,
                ULL(p->started / TICK), ULL(u.mapped),
                ULL(u.resident / PAGE_SIZE),
                ULL(p->limits[RLIMIT_RSS].cur));
    text_printf(t, "1 1 %llu 0 0 %llu %llu %llu %llu 0 0 0 17 %u 0 %d ",
                ULL(p->stack_start), ULL(f.pending & 0x7fffffff),
                ULL(f.blocked & 0x7fffffff), ULL(ignored & 0x7fffffff),
                ULL(caught & 0x7fffffff), f.cpu, f.policy);
    text_printf(t, "0 0 0 0 0 0 0 0 0 0 0\n");
out_unref:
    process__unref(p);
}

static void statm_show(struct text *t, int id)
{
    struct process *p = self_get();
    struct mm_usage u;

    (void)id;
    if (!p)
        return;
    mm_usage_get(p->mm, &u);
    text_printf(t, "%llu %llu %llu %llu 0 %llu 0\n", ULL(u.mapped / PAGE_SIZE),
                ULL(u.resident / PAGE_SIZE), ULL(u.shared / PAGE_SIZE),
                ULL(u.exec / PAGE_SIZE),
                ULL((u.data + u.stack) / PAGE_SIZE));
    process__unref(p);
}

static void status_memory(struct text *t, struct process *p)
{
    struct mm_usage u;
    struct mm_stats all;

    mm_usage_get(p->mm, &u);
    mm_stats_get(&all);
    text_printf(t, "VmPeak:\t%8llu kB\nVmSize:\t%8llu kB\nVmLck:\t%8u kB\n",
                KB(u.peak), KB(u.mapped), 0u);
    text_printf(t, "VmHWM:\t%8llu kB\nVmRSS:\t%8llu kB\n",
                KB(u.peak_resident), KB(u.resident));
    text_printf(t, "RssAnon:\t%8llu kB\nRssFile:\t%8llu kB\n",
                KB(u.resident - u.shared), KB(u.shared));
    text_printf(t, "VmData:\t%8llu kB\nVmStk:\t%8llu kB\nVmExe:\t%8llu kB\n",
                KB(u.data), KB(u.stack), KB(u.exec));
    text_printf(t, "VmPTE:\t%8llu kB\nVmSwap:\t%8u kB\n",
                KB(all.tables << PAGE_SHIFT), 0u);
}

static void status_cpus(struct text *t, const struct cpu_mask *allowed)
{
    const uint64_t *bits = allowed->bits;
    unsigned n = cpu_count(), last;
    const char *comma = "";

    text_printf(t, "Cpus_allowed:\t");
    for (unsigned i = (n - 1) / 32 + 1; i-- > 0; comma = ",") {
        unsigned width = i == (n - 1) / 32 ? ((n - 1) % 32) / 4 + 1 : 8;
        uint32_t part = (uint32_t)(bits[i / 2] >> (32 * (i & 1)));

        if (n < 32 * i + 32)
            part &= (1u << (n - 32 * i)) - 1;
        text_printf(t, "%s%0*x", comma, (int)width, part);
    }
    text_printf(t, "\nCpus_allowed_list:\t");
    comma = "";
    for (unsigned i = 0; i < n; i = last + 1) {
        last = i;
        if (!bitmap_test(bits, i))
            continue;
        while (last + 1 < n && bitmap_test(bits, last + 1))
            last++;
        text_printf(t, last > i ? "%s%u-%u" : "%s%u", comma, i, last);
        comma = ",";
    }
    text_printf(t, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
}

static void status_show(struct text *t, int id)
{
    struct process *p = self_get();
    uint64_t ignored, caught;
    const struct creds *c;
    struct task_facts f;

    if (!p)
        return;
    if (!facts_get(p, id, &f))
        goto out_unref;
    c = &p->creds;
    handler_sets(p, &ignored, &caught);
    text_printf(t, "Name:\t%s\nUmask:\t%04o\nState:\t%s\n", f.name,
                p->fs.umask, f.state == 'R' ? "R (running)" : "S (sleeping)");
    text_printf(t, "Tgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\n"
                "TracerPid:\t0\n", p->pid, id ? id : p->pid, PROCESS_PPID);
    text_printf(t, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", c->uid,
                c->euid, c->suid, c->fsuid, c->gid, c->egid, c->sgid,
                c->fsgid);
    text_printf(t, "FDSize:\t64\nGroups:\t");
    for (unsigned i = 0; i < c->group_count; i++)
        text_printf(t, "%u ", c->groups[i]);
    text_printf(t, "\n");
    status_memory(t, p);
    text_printf(t, "Threads:\t%u\nSigQ:\t%u/%u\n", p->task_count, p->queued,
                SIGQUEUE_MAX);
    text_printf(t, "SigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\n",
                ULL(f.pending), ULL(p->pending.set), ULL(f.blocked));
    text_printf(t, "SigIgn:\t%016llx\nSigCgt:\t%016llx\n", ULL(ignored),
                ULL(caught));
    text_printf(t, "CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\n"
                "CapBnd:\t%016llx\nCapAmb:\t%016llx\n",
                ULL(c->cap_inheritable), ULL(c->cap_permitted),
                ULL(c->cap_effective), ULL(CAPS_ALL), 0ull);
    text_printf(t, "NoNewPrivs:\t%d\nSeccomp:\t0\n", p->no_new_privs);
    status_cpus(t, &f.allowed);
    text_printf(t, "voluntary_ctxt_switches:\t%llu\n"
                "nonvoluntary_ctxt_switches:\t%llu\n", ULL(f.vol),
                ULL(f.invol));
out_unref:
    process__unref(p);
}

/* ---------------- small ones ---------------- */

static void exe_show(struct text *t, int id)
{
    struct process *p = self_get();

    (void)id;
    if (!p)
        return;
    text_printf(t, "%s", p->exe);
    process__unref(p);
}

static void cwd_show(struct text *t, int id)
{
    struct process *p = self_get();
    char *buf = kmalloc(PATH_MAX);

    (void)id;
    if (p && buf && fs_getcwd(&p->fs, buf, PATH_MAX) > 0)
        text_printf(t, "%s", buf);
    kfree(buf);
    if (p)
        process__unref(p);
}

static void root_show(struct text *t, int id)
{
    (void)id;
    text_printf(t, "/");
}

static void cmdline_show(struct text *t, int id)
{
    struct process *p = self_get();

    (void)id;
    if (!p)
        return;
    text_write(t, p->cmdline, p->cmdline_size);
    process__unref(p);
}

static void environ_show(struct text *t, int id)
{
    struct process *p = self_get();

    (void)id;
    if (!p)
        return;
    text_write(t, p->environ, p->environ_size);
    process__unref(p);
}

static void auxv_show(struct text *t, int id)
{
    struct process *p = self_get();

    (void)id;
    if (!p)
        return;
    text_write(t, (const char *)p->auxv, p->auxv_words * 8);
    process__unref(p);
}

static void comm_show(struct text *t, int id)
{
    struct process *p = self_get();
    struct task_facts f;

    if (!p)
        return;
    if (facts_get(p, id, &f))
        text_printf(t, "%s\n", f.name);
    process__unref(p);
}

static int comm_store(const char *buf, size_t n, int id)
{
    struct process *p = self_get();
    struct task *t = NULL;
    uint64_t flags;
    size_t len = 0;

    if (!p)
        return -ESRCH;
    while (len < n && len < 15 && buf[len] && buf[len] != '\n')
        len++;
    flags = spin_lock_irqsave(&p->lock);
    if (id)
        t = task__find_locked(p, id);
    else if (!list_empty(&p->tasks))
        t = list_first(&p->tasks, struct task, link);
    if (t) {
        memcpy(t->thread.name, buf, len);
        t->thread.name[len] = 0;
    }
    spin_unlock_irqrestore(&p->lock, flags);
    process__unref(p);
    return t ? 0 : -ESRCH;
}

static void limit_line(struct text *t, const char *name, const char *unit,
                       const struct linux_rlimit *l)
{
    const uint64_t v[2] = { l->cur, l->max };

    text_printf(t, "%-26s", name);
    for (int i = 0; i < 2; i++) {
        if (v[i] == RLIM_INFINITY)
            text_printf(t, "%-21s", "unlimited");
        else
            text_printf(t, "%-21llu", ULL(v[i]));
    }
    text_printf(t, "%-10s\n", unit);
}

static void limits_show(struct text *t, int id)
{
    static const struct { const char *name, *unit; } rows[RLIM_NLIMITS] = {
        { "Max cpu time", "seconds" }, { "Max file size", "bytes" },
        { "Max data size", "bytes" }, { "Max stack size", "bytes" },
        { "Max core file size", "bytes" }, { "Max resident set", "bytes" },
        { "Max processes", "processes" }, { "Max open files", "files" },
        { "Max locked memory", "bytes" }, { "Max address space", "bytes" },
        { "Max file locks", "locks" }, { "Max pending signals", "signals" },
        { "Max msgqueue size", "bytes" }, { "Max nice priority", "" },
        { "Max realtime priority", "" }, { "Max realtime timeout", "us" },
    };
    struct process *p = self_get();

    (void)id;
    if (!p)
        return;
    text_printf(t, "%-26s%-21s%-21s%-10s\n", "Limit", "Soft Limit",
                "Hard Limit", "Units");
    for (unsigned i = 0; i < RLIM_NLIMITS; i++)
        limit_line(t, rows[i].name, rows[i].unit, &p->limits[i]);
    process__unref(p);
}

/* Settings that change nothing here but are read back by who wrote them. */
static void oom_show(struct text *t, int id)
{
    struct process *p = self_get();

    (void)id;
    if (!p)
        return;
    text_printf(t, "%d\n", p->oom_score_adj);
    process__unref(p);
}

static int oom_store(const char *buf, size_t n, int id)
{
    struct process *p;
    int v = 0, sign = 1;
    size_t i = 0;

    (void)id;
    if (n && buf[0] == '-') {
        sign = -1;
        i = 1;
    }
    for (; i < n && buf[i] >= '0' && buf[i] <= '9' && v <= 1000; i++)
        v = v * 10 + (buf[i] - '0');
    if (v > 1000)
        return -EINVAL;
    p = self_get();
    if (!p)
        return -ESRCH;
    p->oom_score_adj = v * sign;
    process__unref(p);
    return 0;
}

static void score_show(struct text *t, int id)
{
    (void)id;
    text_printf(t, "0\n");
}

/* One process, in the root of the one hierarchy. */
static void cgroup_show(struct text *t, int id)
{
    (void)id;
    text_printf(t, "0::/\n");
}

static void filter_show(struct text *t, int id)
{
    struct process *p = self_get();

    (void)id;
    if (!p)
        return;
    text_printf(t, "%08x\n", (unsigned)p->coredump_filter);
    process__unref(p);
}

static int filter_store(const char *buf, size_t n, int id)
{
    struct process *p;
    char word[20] = { 0 };
    uint64_t v;

    (void)id;
    while (n && (buf[n - 1] == '\n' || buf[n - 1] == ' '))
        n--;
    if (!n || n >= sizeof(word))
        return -EINVAL;
    memcpy(word, buf, n);
    if (str_to_u64(word, &v))
        return -EINVAL;
    p = self_get();
    if (!p)
        return -ESRCH;
    p->coredump_filter = (int)(v & 0x1ff);
    process__unref(p);
    return 0;
}

static void hostname_show(struct text *t, int id)
{
    char name[65];

    (void)id;
    abi_hostname_get(name);
    text_printf(t, "%s\n", name);
}

static void release_show(struct text *t, int id)
{
    (void)id;
    text_printf(t, "%s\n", info__release());
}

static void uname_version_show(struct text *t, int id)
{
    (void)id;
    text_printf(t, "%s\n", info__version());
}

static void domain_show(struct text *t, int id)
{
    char name[65];

    (void)id;
    info__domainname_get(name);
    text_printf(t, "%s\n", name);
}

static void version_show(struct text *t, int id)
{
    (void)id;
    text_printf(t, "Linux version %s (hull) %s\n", info__release(),
                info__version());
}

static void wchan_show(struct text *t, int id)
{
    (void)id;
    text_printf(t, "0");
}

/* ---------------- net's ---------------- */

static void net_put(void *arg, const char *s, size_t n)
{
    text_write(arg, s, n);
}

#define NET_NAMES(X) X(dev) X(tcp) X(tcp6) X(udp) X(udp6) X(route) \
    X(if_inet6) X(sockstat) X(snmp) X(unix)
#define NET_SHOW(name) \
    static void net_##name##_show(struct text *t, int id) \
    { \
        (void)id; \
        net_proc_show(#name, net_put, t); \
    }
NET_NAMES(NET_SHOW)

#define LEAF_SHOW(name) \
    static void if_##name##_show(struct text *t, int index) \
    { \
        char line[40]; \
        int n = net_leaf_show((unsigned)index, NET_LEAF_##name, line, \
                              sizeof(line)); \
        text_write(t, line, (size_t)n); \
    }
NET_LEAVES(LEAF_SHOW)
NET_STATISTICS(LEAF_SHOW)

#define SETTING_SHOW(name) \
    static void set_##name##_show(struct text *t, int id) \
    { \
        char line[40]; \
        int n = net_setting_show(NET_SET_##name, line, sizeof(line)); \
        (void)id; \
        text_write(t, line, (size_t)n); \
    }
NET_CORE_SETTINGS(SETTING_SHOW)
NET_IPV4_SETTINGS(SETTING_SHOW)

/* ---------------- System V objects ---------------- */

#define IPC_SHOW(kind) \
    static void ipc_##kind##_show(struct text *t, int id) \
    { \
        (void)id; \
        ipc__show(&kind##__kind, t); \
    }
IPC_SHOW(msg)
IPC_SHOW(sem)
IPC_SHOW(shm)

#define LIMIT(name, ...) \
    static void name##_show(struct text *t, int id) \
    { \
        (void)id; \
        text_printf(t, __VA_ARGS__); \
    }
LIMIT(msgmax, "%u\n", MSGMAX)
LIMIT(msgmnb, "%u\n", MSGMNB)
LIMIT(msgmni, "%u\n", MSGMNI)
LIMIT(semlimits, "%u\t%u\t%u\t%u\n", SEMMSL, SEMMNS, SEMOPM, SEMMNI)
LIMIT(shmmax, "%llu\n", SHMMAX)
LIMIT(shmmni, "%u\n", SHMMNI)

/* ---------------- the lists ---------------- */

#define R(path, show) { path, 0444, show, NULL }
#define RW(path, show, store) { path, 0644, show, store }
#define LINK(path, show) { path, S_IFLNK | 0777, show, NULL }
#define NET(name) R("net/" #name, net_##name##_show),

static const struct proc_entry entries[] = {
    LINK("self/exe", exe_show), LINK("self/cwd", cwd_show),
    LINK("self/root", root_show), R("self/maps", maps_show),
    R("self/stat", stat_show), R("self/statm", statm_show),
    R("self/status", status_show), R("self/cmdline", cmdline_show),
    R("self/environ", environ_show), R("self/auxv", auxv_show),
    RW("self/comm", comm_show, comm_store), R("self/limits", limits_show),
    R("self/wchan", wchan_show), R("self/oom_score", score_show),
    R("self/cgroup", cgroup_show),
    RW("self/oom_score_adj", oom_show, oom_store),
    RW("self/coredump_filter", filter_show, filter_store),
    RW("self/task/TID/comm", comm_show, comm_store),
    R("self/task/TID/stat", stat_show),
    R("self/task/TID/status", status_show),
    R("sys/kernel/hostname", hostname_show),
    R("sys/kernel/osrelease", release_show),
    R("sys/kernel/version", uname_version_show),
    R("sys/kernel/domainname", domain_show),
    R("version", version_show),
    R("sysvipc/msg", ipc_msg_show), R("sysvipc/sem", ipc_sem_show),
    R("sysvipc/shm", ipc_shm_show), R("sys/kernel/msgmax", msgmax_show),
    R("sys/kernel/msgmnb", msgmnb_show), R("sys/kernel/msgmni", msgmni_show),
    R("sys/kernel/sem", semlimits_show), R("sys/kernel/shmmax", shmmax_show),
    R("sys/kernel/shmall", shmmax_show), R("sys/kernel/shmmni", shmmni_show),
};

#define CORE(name) R("sys/net/core/" #name, set_##name##_show),
#define IPV4(name) R("sys/net/ipv4/" #name, set_##name##_show),
#define LEAF(name) { #name, 0444, if_##name##_show, NULL },
#define STATISTIC(name) { "statistics/" #name, 0444, if_##name##_show, NULL },

static const struct proc_entry net_entries[] = {
    NET_NAMES(NET) NET_CORE_SETTINGS(CORE) NET_IPV4_SETTINGS(IPV4)
};

/* Of each interface, below its folder. */
static const struct proc_entry interface_entries[] = {
    NET_LEAVES(LEAF) NET_STATISTICS(STATISTIC)
};

void procfs__interfaces_add(void)
{
    char name[16], path[80];

    for (unsigned i = 1; net_interface_name(i, name); i++) {
        for (unsigned k = 0; k < ARRAY_LEN(interface_entries); k++) {
            struct proc_entry e = interface_entries[k];

            snprintf(path, sizeof(path), "class/net/%s/%s", name, e.path);
            e.path = kstrdup(path);
            if (!e.path || proc_register_as(SYS_TREE, &e, (int)i))
                log_warn("abi: no memory for /sys of %s", name);
        }
    }
}

static int self_pid(void)
{
    return PROCESS_PID;
}

static bool task_exists(int tid)
{
    struct process *p = self_get();
    uint64_t flags;
    bool found;

    if (!p)
        return false;
    flags = spin_lock_irqsave(&p->lock);
    found = task__find_locked(p, tid) != NULL;
    spin_unlock_irqrestore(&p->lock, flags);
    process__unref(p);
    return found;
}

static int task_next(int tid)
{
    struct process *p = self_get();
    struct task *t;
    uint64_t flags;
    int next = 0;

    if (!p)
        return 0;
    flags = spin_lock_irqsave(&p->lock);
    list_for_each(t, &p->tasks, link) {
        if (t->tid > tid && (!next || t->tid < next))
            next = t->tid;
    }
    spin_unlock_irqrestore(&p->lock, flags);
    process__unref(p);
    return next;
}

static int current_tid(void)
{
    return thread_current()->program ? task_current()->tid : PROCESS_PID;
}

static int last_tid(void)
{
    struct process *p = self_get();
    int tid = p ? p->last_tid : PROCESS_PID;

    if (p)
        process__unref(p);
    return tid;
}

static struct fdtable *fds(void)
{
    return thread_current()->program ? process_current()->fds : NULL;
}

static const struct proc_ops process_ops = {
    .self_pid = self_pid,
    .task_exists = task_exists,
    .task_next = task_next,
    .fds = fds,
    .current_tid = current_tid,
    .last_tid = last_tid,
};

int procfs__init(void)
{
    int err;

    proc_ops_set(&process_ops);
    err = proc_register(PROC_TREE, entries, ARRAY_LEN(entries));
    if (!err)
        err = proc_register(PROC_TREE, net_entries, ARRAY_LEN(net_entries));
    return err;
}
