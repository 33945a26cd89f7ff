/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine: CPUs, memory, load, time, the kernel's settings. */
#include "truth.h"
#include <cpuid.h>
#include <sys/inotify.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#define CPU "/sys/devices/system/cpu"

static void cpu_counts(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    cpu_set_t set;

    sched_getaffinity(0, sizeof(set), &set);
    YES(n >= 1 && CPU_COUNT(&set) == n);
    YES(lines_with(text_of("/proc/cpuinfo"), "processor\t", false) == n);
    YES(lines_with(text_of("/proc/stat"), "cpu", true) == n);
    YES(list_count(text_of(CPU "/online")) == n);
    YES(list_count(text_of(CPU "/possible")) == sysconf(_SC_NPROCESSORS_CONF));
    YES(list_count(text_of(CPU "/present")) <= sysconf(_SC_NPROCESSORS_CONF));
    YES(entries_in(CPU, "cpu") == sysconf(_SC_NPROCESSORS_CONF));
    YES(list_count(strstr(text_of("/proc/self/status"),
                          "Cpus_allowed_list:\t") + 19) == n);
    YES(number_in(CPU "/kernel_max") >= n - 1);
}

static void topology(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN), siblings, cores;
    int own = 0, ids = 0;

    for (int i = 0; i < n; i++) {
        char *list = text_of(CPU "/cpu%d/topology/thread_siblings_list", i);
        char *core = text_of(CPU "/cpu%d/topology/core_id", i);
        char *package = text_of(CPU "/cpu%d/topology/physical_package_id", i);

        own += list_count(list) >= 1 && list_count(list) <= n;
        ids += *core && *package;
    }
    YES(own == n && ids == n);
    YES(list_count(text_of(CPU "/cpu0/topology/core_siblings_list")) <= n);
    siblings = value_of(text_of("/proc/cpuinfo"), "siblings\t: ");
    cores = value_of(text_of("/proc/cpuinfo"), "cpu cores\t: ");
    YES(siblings == list_count(
        text_of(CPU "/cpu0/topology/core_siblings_list")));
    YES(cores >= 1 && cores <= siblings);
}

static void pinned(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    int right = 0, told = 0, stat = 0;
    cpu_set_t all, one;

    sched_getaffinity(0, sizeof(all), &all);
    for (int i = 0; i < n; i++) {
        unsigned cpu;
        char *s;

        CPU_ZERO(&one);
        CPU_SET(i, &one);
        sched_setaffinity(0, sizeof(one), &one);
        getcpu(&cpu, NULL);
        right += (int)cpu == i && sched_getcpu() == i;
        s = strstr(text_of("/proc/self/status"), "Cpus_allowed_list:\t");
        told += s && atoi(s + 19) == i && s[19 + (i > 9 ? 2 : 1)] == '\n';
        s = strrchr(text_of("/proc/self/stat"), ')');
        for (int f = 2; s && f < 39; f++)
            s = strchr(s + 1, ' ');
        stat += s && atoi(s) == i;
    }
    FACT("pinned %d, told %d, stat %d", right == n, told == n, stat == n);
    sched_setaffinity(0, sizeof(all), &all);
}

static void features(void)
{
    static const struct { const char *word; int reg, bit; } known[] = {
        { " fpu ", 3, 0 }, { " tsc ", 3, 4 }, { " cx8 ", 3, 8 },
        { " cmov ", 3, 15 }, { " mmx ", 3, 23 }, { " fxsr ", 3, 24 },
        { " sse ", 3, 25 }, { " sse2 ", 3, 26 }, { " pni ", 2, 0 },
        { " pclmulqdq ", 2, 1 }, { " ssse3 ", 2, 9 }, { " cx16 ", 2, 13 },
        { " sse4_1 ", 2, 19 }, { " sse4_2 ", 2, 20 }, { " movbe ", 2, 22 },
        { " popcnt ", 2, 23 }, { " aes ", 2, 25 }, { " rdrand ", 2, 30 },
    };
    char *text = text_of("/proc/cpuinfo"), *flags, vendor[13] = "";
    unsigned r[4], wrong = 0;

    flags = strstr(text, "\nflags");
    if (!flags)
        return;
    flags[strcspn(flags + 1, "\n") + 1] = ' ';
    flags[strcspn(flags + 1, "\n")] = 0;
    __get_cpuid(1, &r[0], &r[1], &r[2], &r[3]);
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        wrong += !strstr(flags, known[i].word) !=
                 !(r[known[i].reg] >> known[i].bit & 1);
    FACT("%u features wrong", wrong);
    __get_cpuid(0, &r[0], (void *)vendor, (void *)(vendor + 8),
                (void *)(vendor + 4));
    YES(strstr(text_of("/proc/cpuinfo"), vendor));
}

static void memory_totals(void)
{
    char *info = text_of("/proc/meminfo");
    long total = value_of(info, "MemTotal:"), pg = sysconf(_SC_PAGESIZE);
    static const char *const keys[] = { "MemFree:", "MemAvailable:",
        "Buffers:", "Cached:", "SwapCached:", "SwapTotal:", "SwapFree:",
        "Dirty:", "Writeback:", "AnonPages:", "Shmem:", "Slab:",
        "SReclaimable:", "SUnreclaim:", "KernelStack:", "PageTables:",
        "CommitLimit:", "HugePages_Total:", "Hugepagesize:" };
    struct sysinfo si;

    sysinfo(&si);
    YES((long)si.totalram * si.mem_unit / 1024 == total);
    YES(sysconf(_SC_PHYS_PAGES) == total / (pg / 1024));
    YES(sysconf(_SC_AVPHYS_PAGES) * (pg / 1024) <= total);
    YES((long)(si.totalswap * si.mem_unit / 1024) ==
        value_of(info, "SwapTotal:"));
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        long v = value_of(info, keys[i]);

        if (v < 0 || v > total + value_of(info, "SwapTotal:"))
            FACT("%s %s", keys[i], v < 0 ? "missing" : "more than all");
    }
    YES(value_of(info, "Slab:") == value_of(info, "SReclaimable:") +
                                   value_of(info, "SUnreclaim:"));
}

/* KiB of frames in Linux's lists of each CPU, which are neither free nor taken:
 * what one try frees the next one takes from there. */
static long in_lists(void)
{
    FILE *f = fopen("/proc/zoneinfo", "re");
    long sum = 0, n;
    char line[256];

    while (f && fgets(line, sizeof(line), f))
        sum += sscanf(line, " count: %ld", &n) == 1 ? n * 4 : 0;
    if (f)
        fclose(f);
    return sum;
}

/* Others may free much meanwhile, on Linux: many tries. */
static void memory_moves(void)
{
    const size_t size = 48 << 20;
    bool left = false, anon = false, shared = false, info = false;

    for (int i = 0; i < 250 && !(left && anon && shared && info); i++) {
        char *before = text_of("/proc/meminfo"), *after, *p;
        struct sysinfo a, b;
        int fd = memfd_create("truth", 0);
        long lists = in_lists();

        sysinfo(&a);
        p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        for (int k = 0; k < 256; k++)
            if (write(fd, p, 65536) < 0)
                FACT("write: %s", strerrorname_np(errno));
        after = text_of("/proc/meminfo");
        sysinfo(&b);
        left |= value_of(before, "MemAvailable:") + lists -
                value_of(after, "MemAvailable:") - in_lists() >= 40 << 10;
        anon |= value_of(after, "AnonPages:") -
                value_of(before, "AnonPages:") >= 40 << 10;
        shared |= value_of(after, "Shmem:") - value_of(before, "Shmem:") >=
                  12 << 10;
        info |= (long)(b.sharedram - a.sharedram) * b.mem_unit >= 12l << 20;
        munmap(p, size);
        close(fd);
        t_sleep_ms(i ? 100 : 0);
    }
    FACT("taken: available %d, anonymous %d, shared %d, sysinfo %d", left,
         anon, shared, info);
}

static void *busy(void *stop)
{
    while (!*(volatile int *)stop)
        burn(0.01);
    return NULL;
}

static void load(void)
{
    double end = seconds(CLOCK_MONOTONIC) + 60, avg[3] = { 0 }, one = 0;
    int stop = 0, running, total, last;
    pthread_t t = t_thread(busy, &stop);
    struct sysinfo si;

    while (avg[0] < 0.05 && seconds(CLOCK_MONOTONIC) < end) {
        t_sleep_ms(100);
        getloadavg(avg, 3);
    }
    YES(avg[0] >= 0.05);
    sysinfo(&si);
    R(sscanf(text_of("/proc/loadavg"), "%lf %*f %*f %d/%d %d", &one, &running,
             &total, &last));
    YES(near(one, (double)si.loads[0] / 65536, 0.5));
    YES(running >= 2 && total >= running);
    YES(last >= gettid());
    stop = 1;
    pthread_join(t, NULL);
}

static double busy_jiffies(const char *line)
{
    long v[8] = { 0 };

    sscanf(line, "%*s %ld %ld %ld %ld %ld %ld %ld %ld", &v[0], &v[1], &v[2],
           &v[3], &v[4], &v[5], &v[6], &v[7]);
    return (double)(v[0] + v[1] + v[2] + v[5] + v[6] + v[7]);
}

static void times(void)
{
    double up = 0, idle = 0, was, sum = 0, boot[2], real[2];
    struct sysinfo si;
    char *stat;
    long btime, ctxt;

    boot[0] = seconds(CLOCK_BOOTTIME);
    real[0] = seconds(CLOCK_REALTIME);
    sscanf(text_of("/proc/uptime"), "%lf %lf", &up, &idle);
    sysinfo(&si);
    stat = text_of("/proc/stat");
    real[1] = seconds(CLOCK_REALTIME);
    boot[1] = seconds(CLOCK_BOOTTIME);
    YES(between(boot[0], up, boot[1], 0.1));
    YES(between(boot[0], (double)si.uptime, boot[1], 1.1));
    YES(idle <= up * (double)sysconf(_SC_NPROCESSORS_ONLN) + 2);
    btime = value_of(stat, "btime ");
    YES(between(real[0] - boot[1], (double)btime, real[1] - boot[0], 1.5));
    ctxt = value_of(stat, "ctxt ");
    was = busy_jiffies(stat);
    burn(0.5);
    t_sleep_ms(20);
    stat = text_of("/proc/stat");
    YES(busy_jiffies(stat) - was >= 40);
    YES(value_of(stat, "ctxt ") > ctxt);
    YES(value_of(stat, "procs_running ") >= 1);
    YES(value_of(stat, "processes ") >= 1);
    for (char *s = stat; (s = strstr(s, "\ncpu")) != NULL; s++)
        sum += busy_jiffies(s + 1);
    YES(near(sum, busy_jiffies(stat),
             100.0 * (double)sysconf(_SC_NPROCESSORS_CONF)));
}

static void *hold_fd(void *arg)
{
    return arg;
}

static void settings(void)
{
    struct utsname u;
    char host[65], *s;
    int low = 0, high = 0, used = 0, spare = 0, max = 0, p[2];

    uname(&u);
    gethostname(host, sizeof(host));
    s = text_of("/proc/sys/kernel/osrelease");
    YES(!strncmp(s, u.release, strlen(u.release)));
    s = text_of("/proc/sys/kernel/version");
    YES(!strncmp(s, u.version, strlen(u.version)));
    s = text_of("/proc/sys/kernel/hostname");
    YES(!strncmp(s, host, strlen(host)) && s[strlen(host)] == '\n');
    s = text_of("/proc/sys/kernel/domainname");
    YES(!strncmp(s, u.domainname, strlen(u.domainname)));
    YES(strstr(text_of("/proc/version"), u.release));
    YES(number_in("/proc/sys/kernel/pid_max") > gettid());
    YES(number_in("/proc/sys/kernel/threads-max") >= 100);
    YES(number_in("/proc/sys/kernel/random/entropy_avail") > 0);
    YES(strlen(text_of("/proc/sys/kernel/random/uuid")) == 37);
    YES(strcmp(text_of("/proc/sys/kernel/random/uuid"),
               text_of("/proc/sys/kernel/random/uuid")));
    YES(!strcmp(text_of("/proc/sys/kernel/random/boot_id"),
                text_of("/proc/sys/kernel/random/boot_id")));
    YES(number_in("/proc/sys/vm/max_map_count") >= 65530);
    YES(number_in("/proc/sys/vm/overcommit_memory") <= 2);
    YES(number_in("/proc/sys/fs/nr_open") >= 4096);
    sscanf(text_of("/proc/sys/fs/file-nr"), "%d %d %d", &used, &spare, &max);
    YES(used >= 1 && max == number_in("/proc/sys/fs/file-max"));
    s = text_of("/proc/sys/net/ipv4/ip_local_port_range");
    R(sscanf(s, "%d %d", &low, &high));
    YES(low > 0 && high <= 65535 && low < high);
    R(pipe(p));
    s = text_of("/proc/sys/fs/pipe-max-size");
    YES(fcntl(p[0], F_SETPIPE_SZ, atoi(s)) == atoi(s));
    pthread_join(t_thread(hold_fd, NULL), NULL);
}

static void instances(void)
{
    char *s = text_of("/proc/sys/fs/inotify/max_user_instances");
    long max = atol(s), n = 0;
    int fds[256];

    while (n < 256 && n <= max && (fds[n] = inotify_init()) >= 0)
        n++;
    YES(max > 0 && n >= 100);
    while (n-- > 0)
        close(fds[n]);
    YES(number_in("/proc/sys/fs/inotify/max_user_watches") >= 8192);
}

int main(void)
{
    t_start();
    cpu_counts();
    topology();
    pinned();
    features();
    memory_totals();
    memory_moves();
    load();
    times();
    settings();
    instances();
    return 0;
}
