/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What /proc and /sys say of the machine, as far as mm, sched, arch and fs
 * know it. The rooms above register the rest (processes, network, names).
 */
#include "fs_priv.h"
#include "../dev/dev.h"

#define TICK (NSEC_PER_SEC / 100)   /* USER_HZ */
#define KB(pages) ((unsigned long long)(pages) * (PAGE_SIZE / 1024))

/* ---------------- /proc ---------------- */

static void meminfo_show(struct text *t, int id)
{
    struct mm_stats s;
    (void)id;
    mm_stats_get(&s);
    uint64_t shmem = MIN(fs_memory_pages(), s.cached);
    const struct { const char *name; uint64_t pages; } lines[] = {
        { "MemTotal", s.total }, { "MemFree", s.free },
        { "MemAvailable", s.free + s.cached - shmem }, { "Buffers", 0 },
        { "Cached", s.cached }, { "SwapCached", 0 },
        { "Dirty", 0 }, { "Writeback", 0 },     /* no disk is written */
        { "AnonPages", s.anon }, { "Shmem", shmem },
        { "Slab", s.heap }, { "SReclaimable", 0 }, { "SUnreclaim", s.heap },
        { "KernelStack", thread_count() * (KSTACK_SIZE / PAGE_SIZE) },
        { "PageTables", s.tables }, { "SwapTotal", 0 }, { "SwapFree", 0 },
        { "CommitLimit", s.total },
    };
    for (unsigned i = 0; i < ARRAY_LEN(lines); i++)
        text_printf(t, "%s:%*llu kB\n", lines[i].name,
                    23 - (int)strlen(lines[i].name), KB(lines[i].pages));
    text_printf(t, "HugePages_Total:       0\nHugePages_Free:        0\n"
                "HugePages_Rsvd:        0\nHugePages_Surp:        0\n"
                "Hugepagesize:       2048 kB\nHugetlb:               0 kB\n");
}

uint64_t fs_memory_pages(void)
{
    return __atomic_load_n(&fs__memory_pages, __ATOMIC_RELAXED);
}

/* slabinfo(5), version 2.1: a line a size class of the kernel heap. */
static void slabinfo_show(struct text *t, int id)
{
    struct heap_class_stats c;

    (void)id;
    text_printf(t, "slabinfo - version: 2.1\n# name            <active_objs> "
                "<num_objs> <objsize> <objperslab> <pagesperslab> : tunables "
                "<limit> <batchcount> <sharedfactor> : slabdata "
                "<active_slabs> <num_slabs> <sharedavail>\n");
    for (unsigned n = 0; heap_class_get(n, &c); n++)
        text_printf(t, "kmalloc-%-9u %6lu %6u %6u %4u %4u : tunables "
                    "%4u %4u %4u : slabdata %6u %6u %6u\n", c.size, c.objects,
                    c.slabs * c.per_slab, c.size, c.per_slab, 1u, 0u, 0u, 0u,
                    c.slabs, c.slabs, 0u);
}

static void cpuinfo_show(struct text *t, int id)
{
    char *buf = kmalloc(PAGE_SIZE);
    (void)id;
    if (!buf) {
        t->failed = true;
        return;
    }
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        int n = arch_cpuinfo_format(cpu, buf, PAGE_SIZE);
        if (n > 0)
            text_write(t, buf, MIN((size_t)n, (size_t)PAGE_SIZE - 1));
    }
    kfree(buf);
}

static void cpu_line(struct text *t, const char *name, nsec_t program,
                     nsec_t kernel, nsec_t idle)
{
    text_printf(t, "%s %llu 0 %llu %llu 0 0 0 0 0 0\n", name,
                (unsigned long long)(program / TICK),
                (unsigned long long)(kernel / TICK),
                (unsigned long long)(idle / TICK));
}

static void running_count(void *arg, struct thread *th)
{
    if (th->state == THREAD_RUNNING || th->state == THREAD_READY)
        ++*(unsigned *)arg;
}

static void stat_show(struct text *t, int id)
{
    nsec_t program, kernel, idle, sum[3] = { 0, 0, 0 };
    unsigned running = 0;
    (void)id;
    thread_each(running_count, &running);
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        sched_cpu_times(cpu, &program, &kernel, &idle);
        sum[0] += program;
        sum[1] += kernel;
        sum[2] += idle;
    }
    cpu_line(t, "cpu ", sum[0], sum[1], sum[2]);
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        char name[16];
        snprintf(name, sizeof(name), "cpu%u", cpu);
        sched_cpu_times(cpu, &program, &kernel, &idle);
        cpu_line(t, name, program, kernel, idle);
    }
    text_printf(t, "ctxt %llu\nbtime %llu\nprocesses %d\nprocs_running %u\n"
                "procs_blocked 0\n", (unsigned long long)sched_switches(),
                (unsigned long long)(clock_realtime_offset() / NSEC_PER_SEC),
                fs__proc_last_tid(), running);
}

static void loadavg_show(struct text *t, int id)
{
    uint64_t load[3];
    unsigned running = 0;
    (void)id;
    sched_load_get(load);
    thread_each(running_count, &running);
    for (int i = 0; i < 3; i++)
        text_printf(t, "%llu.%02llu ", (unsigned long long)(load[i] >> 16),
                    (unsigned long long)((load[i] & 0xffff) * 100 >> 16));
    text_printf(t, "%u/%u %d\n", running, thread_count(),
                fs__proc_last_tid());
}

static void uptime_show(struct text *t, int id)
{
    nsec_t up = clock_monotonic(), idle = 0;
    (void)id;
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        nsec_t a, b, c;
        sched_cpu_times(cpu, &a, &b, &c);
        idle += c;
    }
    text_printf(t, "%llu.%02llu %llu.%02llu\n",
                (unsigned long long)(up / NSEC_PER_SEC),
                (unsigned long long)(up / (NSEC_PER_SEC / 100) % 100),
                (unsigned long long)(idle / NSEC_PER_SEC),
                (unsigned long long)(idle / (NSEC_PER_SEC / 100) % 100));
}

static const char *mode_of(const struct super *sb)
{
    return sb->flags & SUPER_READ_ONLY ? "ro" : "rw";
}

static void mounts_one(void *arg, struct super *sb, const char *path)
{
    text_printf(arg, "%s %s %s %s,relatime 0 0\n", sb->source, path, sb->type,
                mode_of(sb));
}

static void mounts_show(struct text *t, int id)
{
    (void)id;
    fs__mounts_each(mounts_one, t);
}

static void mountinfo_one(void *arg, struct super *sb, const char *path)
{
    struct mount *m = sb->mount;
    text_printf(arg, "%d %d %u:%u / %s %s,relatime - %s %s %s\n", m->id,
                m->at ? m->at->vnode->sb->mount->id : m->id - 1,
                (unsigned)(sb->dev >> 8), (unsigned)(sb->dev & 255), path,
                mode_of(sb), sb->type, sb->source, mode_of(sb));
}

static void mountinfo_show(struct text *t, int id)
{
    (void)id;
    fs__mounts_each(mountinfo_one, t);
}

static void mounts_link_show(struct text *t, int id)
{
    (void)id;
    text_printf(t, "self/mounts");
}

static void filesystems_show(struct text *t, int id)
{
    (void)id;
    text_printf(t, "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\n"
                "nodev\tdevtmpfs\nnodev\toverlay\n\terofs\n");
}

/* ---------------- fixed facts ---------------- */

#define FACT(name, value) \
    static void name(struct text *t, int id) \
    { \
        (void)id; \
        text_printf(t, "%llu\n", (unsigned long long)(value)); \
    }
#define WORD(name, value) \
    static void name(struct text *t, int id) \
    { \
        (void)id; \
        text_printf(t, "%s\n", value); \
    }

FACT(overcommit_show, 1)
FACT(overcommit_ratio_show, 50)
FACT(max_map_count_show, VMAS_MAX)
FACT(mmap_min_addr_show, ARCH_PROGRAM_START)
FACT(swappiness_show, 0)
FACT(cap_last_cap_show, 40)
FACT(threads_max_show, THREADS_MAX)
FACT(pid_max_show, 4194304)
FACT(ngroups_max_show, 65536)
FACT(somaxconn_show, 4096)
FACT(file_max_show, FDS_MAX)
FACT(nr_open_show, FDS_MAX)
FACT(watches_show, WATCHES_MAX)
FACT(events_show, WATCH_EVENTS_MAX)
FACT(hpage_show, HUGE_SIZE)
FACT(zero_show, 0)
FACT(kernel_max_show, CPUS_MAX - 1)
FACT(entropy_show, 256)         /* bits, once the pool is seeded */
FACT(pipe_max_show, PIPE_BYTES_MAX)
WORD(thp_show, "always [madvise] never")
WORD(clocksource_show, "tsc")
WORD(ostype_show, "Linux")

static void uuid_print(struct text *t, const uint8_t u[16])
{
    for (int i = 0; i < 16; i++)
        text_printf(t, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10
                                 ? "-" : "", u[i]);
    text_printf(t, "\n");
}

static void uuid_make(uint8_t u[16])
{
    random_bytes(u, 16);
    u[6] = (uint8_t)((u[6] & 15) | 0x40);
    u[8] = (uint8_t)((u[8] & 63) | 0x80);
}

static void uuid_show(struct text *t, int id)
{
    uint8_t u[16];
    (void)id;
    uuid_make(u);
    uuid_print(t, u);
}

static void boot_id_show(struct text *t, int id)
{
    static uint8_t u[16];
    static struct mutex once = MUTEX_INIT(once);
    static bool made;
    (void)id;
    mutex_lock(&once);
    if (!made)
        uuid_make(u);
    made = true;
    mutex_unlock(&once);
    uuid_print(t, u);
}

static void cpus_show(struct text *t, int id)
{
    (void)id;
    if (cpu_count() == 1)
        text_printf(t, "0\n");
    else
        text_printf(t, "0-%u\n", cpu_count() - 1);
}

static void file_nr_show(struct text *t, int id)
{
    (void)id;
    text_printf(t, "%llu\t0\t%u\n", (unsigned long long)file_count(),
                FDS_MAX);
}

static void cpu_id_show(struct text *t, int id)
{
    text_printf(t, "%d\n", id - 1);
}

/* ---------------- the lists ---------------- */

#define FILE_AT(path, show) { path, 0444, show, NULL }

static const struct proc_entry proc_entries[] = {
    FILE_AT("meminfo", meminfo_show),
    FILE_AT("cpuinfo", cpuinfo_show),
    { "slabinfo", 0400, slabinfo_show, NULL },
    FILE_AT("stat", stat_show),
    FILE_AT("loadavg", loadavg_show),
    FILE_AT("uptime", uptime_show),
    FILE_AT("filesystems", filesystems_show),
    { "mounts", S_IFLNK | 0777, mounts_link_show, NULL },
    FILE_AT("self/mounts", mounts_show),
    FILE_AT("self/mountinfo", mountinfo_show),
    FILE_AT("sys/vm/overcommit_memory", overcommit_show),
    FILE_AT("sys/vm/overcommit_ratio", overcommit_ratio_show),
    FILE_AT("sys/vm/max_map_count", max_map_count_show),
    FILE_AT("sys/vm/mmap_min_addr", mmap_min_addr_show),
    FILE_AT("sys/vm/swappiness", swappiness_show),
    FILE_AT("sys/kernel/ostype", ostype_show),
    FILE_AT("sys/kernel/cap_last_cap", cap_last_cap_show),
    FILE_AT("sys/kernel/threads-max", threads_max_show),
    FILE_AT("sys/kernel/pid_max", pid_max_show),
    FILE_AT("sys/kernel/ngroups_max", ngroups_max_show),
    FILE_AT("sys/kernel/random/boot_id", boot_id_show),
    FILE_AT("sys/kernel/random/uuid", uuid_show),
    FILE_AT("sys/net/core/somaxconn", somaxconn_show),
    FILE_AT("sys/fs/file-max", file_max_show),
    FILE_AT("sys/fs/nr_open", nr_open_show),
    FILE_AT("sys/fs/file-nr", file_nr_show),
    FILE_AT("sys/fs/pipe-max-size", pipe_max_show),
    FILE_AT("sys/fs/inotify/max_user_instances", file_max_show),
    FILE_AT("sys/kernel/random/entropy_avail", entropy_show),
    FILE_AT("sys/fs/inotify/max_user_watches", watches_show),
    FILE_AT("sys/fs/inotify/max_queued_events", events_show),
};

#define CPU "devices/system/cpu"
#define CLOCK "devices/system/clocksource/clocksource0"
#define THP "kernel/mm/transparent_hugepage"

static const struct proc_entry sys_entries[] = {
    FILE_AT(CPU "/online", cpus_show),
    FILE_AT(CPU "/possible", cpus_show),
    FILE_AT(CPU "/present", cpus_show),
    FILE_AT(CPU "/kernel_max", kernel_max_show),
    FILE_AT(CLOCK "/current_clocksource", clocksource_show),
    FILE_AT(CLOCK "/available_clocksource", clocksource_show),
    FILE_AT(THP "/enabled", thp_show),
    FILE_AT(THP "/hpage_pmd_size", hpage_show),
};

void fs__proc_entries_add(void)
{
    proc_register(PROC_TREE, proc_entries, ARRAY_LEN(proc_entries));
    proc_register(SYS_TREE, sys_entries, ARRAY_LEN(sys_entries));
}

static void cpu_add(unsigned cpu, const char *leaf,
                    void (*show)(struct text *t, int id))
{
    char path[64];
    snprintf(path, sizeof(path), CPU "/cpu%u/topology/%s", cpu, leaf);
    struct proc_entry e = { kstrdup(path), 0444, show, NULL };
    if (!e.path || proc_register_as(SYS_TREE, &e, (int)cpu + 1))
        log_warn("fs: no memory for /sys of CPU %u", cpu);
}

void fs__sys_cpus_add(void)
{
    static bool done;
    if (done)
        return;
    done = true;
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        cpu_add(cpu, "core_id", cpu_id_show);
        cpu_add(cpu, "core_cpus_list", cpu_id_show);
        cpu_add(cpu, "thread_siblings_list", cpu_id_show);
        cpu_add(cpu, "physical_package_id", zero_show);
        cpu_add(cpu, "core_siblings_list", cpus_show);
        cpu_add(cpu, "package_cpus_list", cpus_show);
    }
}
