/* SPDX-License-Identifier: BSD-2-Clause */
/* The process: /proc/self against the calls that say the same; mounts. */
#include "truth.h"
#include <sys/auxv.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/times.h>
#include <sys/vfs.h>

/* Field n of a stat text, as proc(5) counts them; from 3 on. */
static long field(char *stat, int n)
{
    char *s = strrchr(stat, ')');

    for (int f = 2; s && f < n; f++)
        s = strchr(s + 1, ' ');
    return s ? strtol(s, NULL, 10) : -1;
}

static const struct { const char *name; int id; } limit_rows[] = {
    { "Max cpu time", RLIMIT_CPU }, { "Max file size", RLIMIT_FSIZE },
    { "Max data size", RLIMIT_DATA }, { "Max stack size", RLIMIT_STACK },
    { "Max core file size", RLIMIT_CORE }, { "Max resident set", RLIMIT_RSS },
    { "Max processes", RLIMIT_NPROC }, { "Max open files", RLIMIT_NOFILE },
    { "Max locked memory", RLIMIT_MEMLOCK },
    { "Max address space", RLIMIT_AS }, { "Max file locks", RLIMIT_LOCKS },
    { "Max pending signals", RLIMIT_SIGPENDING },
    { "Max msgqueue size", RLIMIT_MSGQUEUE },
    { "Max nice priority", RLIMIT_NICE },
    { "Max realtime priority", RLIMIT_RTPRIO },
    { "Max realtime timeout", RLIMIT_RTTIME },
};

static void limits(void)
{
    struct rlimit l = { 123, 456 };
    char *text;
    int right = 0;

    R(setrlimit(RLIMIT_NOFILE, &l));
    YES(sysconf(_SC_OPEN_MAX) == 123);
    text = text_of("/proc/self/limits");
    for (size_t i = 0; i < sizeof(limit_rows) / sizeof(*limit_rows); i++) {
        char want[100], soft[24] = "unlimited", hard[24] = "unlimited";
        char *at = strstr(text, limit_rows[i].name);

        getrlimit(limit_rows[i].id, &l);
        if (l.rlim_cur != RLIM_INFINITY)
            snprintf(soft, sizeof(soft), "%lu", l.rlim_cur);
        if (l.rlim_max != RLIM_INFINITY)
            snprintf(hard, sizeof(hard), "%lu", l.rlim_max);
        snprintf(want, sizeof(want), "%-25s %-20s %-20s", limit_rows[i].name,
                 soft, hard);
        if (at && !strncmp(at, want, strlen(want)))
            right++;
        else
            FACT("wrong: %s", limit_rows[i].name);
    }
    FACT("%d limits right, %d lines", right, lines_with(text, "Max", false));
}

static void identity(void)
{
    char *stat = text_of("/proc/self/stat"), *status, name[17];
    char *text = text_of("/proc/self/status");

    R(prctl(PR_SET_NAME, "truth) (x"));
    stat = text_of("/proc/self/stat");
    YES(atoi(stat) == getpid() && strstr(stat, " (truth) (x) R "));
    YES(field(stat, 4) == getppid() && field(stat, 5) == getpgrp() &&
        field(stat, 6) == getsid(0));
    status = text_of("/proc/self/status");
    YES(value_of(status, "Pid:\t") == getpid() &&
        value_of(status, "Tgid:\t") == getpid() &&
        value_of(status, "PPid:\t") == getppid());
    YES(strstr(status, "Name:\ttruth) (x\n"));
    YES(!strcmp(text_of("/proc/self/comm"), "truth) (x\n"));
    R(prctl(PR_GET_NAME, name));
    umask(027);
    text = text_of("/proc/self/status");
    YES(value_of(text, "Umask:\t") == 027);
    YES(value_of(text, "NoNewPrivs:\t") == prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0,
                                                 0));
    YES(field(stat, 18) == 20 + getpriority(PRIO_PROCESS, 0) &&
        field(stat, 19) == getpriority(PRIO_PROCESS, 0));
    YES(field(stat, 22) / 100 <= (long)seconds(CLOCK_BOOTTIME) + 1);
}

static void handler(int s)
{
    (void)s;
}

/* Whoever started the program may ignore signals, even libc's own two. */
static void signals_default(void)
{
    static const uint64_t none[4];      /* the kernel's struct sigaction */
    sigset_t set;

    for (int s = 1; s <= 64; s++)
        syscall(SYS_rt_sigaction, s, none, NULL, 8);
    sigemptyset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
}

static void signals(void)
{
    char *text;
    sigset_t set;

    signals_default();
    signal(SIGUSR1, handler);
    signal(SIGUSR2, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGWINCH);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGTERM);
    kill(getpid(), SIGWINCH);
    text = text_of("/proc/self/status");
    for (char *s = text; (s = strstr(s, "\nS")) != NULL; s++)
        if (!strncmp(s + 1, "Sig", 3) || !strncmp(s + 1, "Shd", 3))
            if (s[4] != 'Q')
                printf("%.24s\n", s + 1);
    signal(SIGTERM, SIG_IGN);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void memory(void)
{
    const size_t size = 32 << 20;
    long pages = 0, before = 0, after = 0;
    char *status, *p;

    sscanf(text_of("/proc/self/statm"), "%ld %ld", &pages, &before);
    status = text_of("/proc/self/status");
    YES(near((double)value_of(status, "VmSize:"), (double)pages * 4, 300));
    YES(near((double)field(text_of("/proc/self/stat"), 23) / 4096,
             (double)pages, 80));
    YES(near((double)value_of(status, "VmRSS:"), (double)before * 4, 1000));
    YES(value_of(status, "VmPeak:") >= value_of(status, "VmSize:") &&
        value_of(status, "VmHWM:") >= value_of(status, "VmRSS:"));
    YES(near((double)value_of(status, "RssAnon:") +
             (double)value_of(status, "RssFile:") +
             (double)value_of(status, "RssShmem:"),
             (double)value_of(status, "VmRSS:"), 400));
    p = mmap(NULL, size, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    sscanf(text_of("/proc/self/statm"), "%*d %ld", &after);
    YES(near((double)(after - before) * 4096, (double)size, 2e6));
    status = text_of("/proc/self/status");
    YES(value_of(status, "VmData:") >= 32 << 10 &&
        value_of(status, "RssAnon:") >= 32 << 10);
    munmap(p, size);
    sscanf(text_of("/proc/self/statm"), "%*d %ld", &after);
    YES(near((double)(after - before) * 4096, 0, 2e6));
    struct rusage ru;
    getrusage(RUSAGE_SELF, &ru);
    YES(near((double)ru.ru_maxrss,
             (double)value_of(text_of("/proc/self/status"), "VmHWM:"), 2000));
}

static unsigned long lowest(const char *maps, const char *what, int *n)
{
    unsigned long from = 0, at;
    *n = 0;
    for (const char *s = maps; s && *s; s = strchr(s, '\n'), s += !!s) {
        const char *end = strchrnul(s, '\n');
        char line[400];

        snprintf(line, sizeof(line), "%.*s", (int)(end - s), s);
        at = strtoul(line, NULL, 16);
        if (strstr(line, what) && (!(*n)++ || at < from))
            from = at;
    }
    return from;
}

static void maps(void)
{
    int fd = open("/tmp/mapped file", O_CREAT | O_RDWR, 0600), n;
    unsigned long total = 0, from, to;
    struct stat st;
    char want[200], *text, *p;

    ftruncate(fd, 40960);
    fstat(fd, &st);
    p = mmap(NULL, 12288, PROT_READ, MAP_SHARED, fd, 8192);
    mprotect(p + 4096, 4096, PROT_NONE);
    text = text_of("/proc/self/maps");
    snprintf(want, sizeof(want), "%08lx-%08lx r--s 00002000 %02x:%02x %lu ",
             (long)p, (long)p + 4096, major(st.st_dev), minor(st.st_dev),
             st.st_ino);
    YES(strstr(text, want));
    snprintf(want, sizeof(want), "%08lx-%08lx ---s 00003000", (long)p + 4096,
             (long)p + 8192);
    YES(strstr(text, want));
    lowest(text, "/tmp/mapped file", &n);
    FACT("three pieces: %d", n == 3);
    for (char *s = text; s && *s; s = strchr(s, '\n'), s += !!s) {
        sscanf(s, "%lx-%lx", &from, &to);
        if (from < 0x800000000000)
            total += to - from;
    }
    YES(near((double)total / 1024,
             (double)value_of(text_of("/proc/self/status"), "VmSize:"), 300));
    YES(lowest(text, "[vdso]", &n) == getauxval(AT_SYSINFO_EHDR));
    YES(lowest(text, "[stack]", &n) <= (unsigned long)&n);
    free(malloc(1000));
    text = text_of("/proc/self/maps");
    from = lowest(text, "[heap]", &n);
    YES(n == 1 && from <= (unsigned long)sbrk(0));
    unlink("/tmp/mapped file");
    YES(strstr(text_of("/proc/self/maps"), "/tmp/mapped file (deleted)"));
    munmap(p, 12288);
    YES(!strstr(text_of("/proc/self/maps"), "mapped file"));
    close(fd);
}

static void descriptors(void)
{
    char path[60], to[200] = "", want[60];
    int s = socket(AF_UNIX, SOCK_STREAM, 0), e = eventfd(0, 0), p[2], n;
    int f = open("/tmp/positions", O_CREAT | O_RDWR | O_APPEND, 0600);
    struct stat st;
    char *info;

    pipe(p);
    n = entries_in("/proc/self/fd", "");
    YES(n == entries_in("/proc/self/fdinfo", ""));
    int d = dup(f);
    YES(entries_in("/proc/self/fd", "") == n + 1);
    fstat(s, &st);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", s);
    snprintf(want, sizeof(want), "socket:[%lu]", st.st_ino);
    readlink(path, to, sizeof(to));
    YES(!strcmp(to, want));
    fstat(p[0], &st);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", p[1]);
    snprintf(want, sizeof(want), "pipe:[%lu]", st.st_ino);
    memset(to, 0, sizeof(to));
    readlink(path, to, sizeof(to));
    YES(!strcmp(to, want));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", e);
    memset(to, 0, sizeof(to));
    readlink(path, to, sizeof(to));
    FACT("%s", to);
    write(f, "12345", 5);
    info = text_of("/proc/self/fdinfo/%d", d);
    FACT("pos %ld flags %lo", value_of(info, "pos:\t"),
         value_of(info, "flags:\t") & ~0100000l);      /* O_LARGEFILE */
    YES(value_of(text_of("/proc/self/status"), "FDSize:\t") >= n);
    close(f);
    close(d);
    close(s);
    close(e);
    close(p[0]);
    close(p[1]);
    YES(entries_in("/proc/self/fd", "") == n - 5);
}

static void *wait_here(void *arg)
{
    prctl(PR_SET_NAME, "second");
    YES(!strcmp(text_of("/proc/thread-self/comm"), "second\n"));
    YES(field(text_of("/proc/thread-self/stat"), 4) == getppid());
    YES(atoi(text_of("/proc/thread-self/stat")) == gettid());
    pthread_barrier_wait(arg);
    pthread_barrier_wait(arg);
    return (void *)(long)gettid();
}

static void threads(void)
{
    pthread_barrier_t b;
    pthread_t t;
    void *tid;
    char *s;

    pthread_barrier_init(&b, NULL, 2);
    t = t_thread(wait_here, &b);
    pthread_barrier_wait(&b);
    YES(entries_in("/proc/self/task", "") == 2);
    YES(value_of(text_of("/proc/self/status"), "Threads:\t") == 2);
    YES(field(text_of("/proc/self/stat"), 20) == 2);
    pthread_barrier_wait(&b);
    pthread_join(t, &tid);
    while (entries_in("/proc/self/task", "") != 1)
        t_sleep_ms(1);
    FACT("one left: %ld", field(text_of("/proc/self/stat"), 20));
    s = text_of("/proc/self/task/%d/status", gettid());
    long was = value_of(s, "voluntary_ctxt_switches:\t");
    for (int i = 0; i < 5; i++)
        t_sleep_ms(30);
    s = text_of("/proc/thread-self/status");
    YES(value_of(s, "voluntary_ctxt_switches:\t") > was);
}

static void cpu_time(void)
{
    struct rusage ru;
    struct tms tms;
    double sum, cpu[2];
    char *stat;

    burn(0.3);
    cpu[0] = seconds(CLOCK_PROCESS_CPUTIME_ID);
    stat = text_of("/proc/self/stat");
    getrusage(RUSAGE_SELF, &ru);
    times(&tms);
    cpu[1] = seconds(CLOCK_PROCESS_CPUTIME_ID);
    sum = (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
          (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
    YES(between(cpu[0], sum, cpu[1], 0.05));
    YES(between(cpu[0], (double)(field(stat, 14) + field(stat, 15)) / 100,
                cpu[1], 0.05));
    YES(between(cpu[0], (double)(tms.tms_utime + tms.tms_stime) / 100, cpu[1],
                0.05));
    YES(ru.ru_minflt > 0 && near((double)ru.ru_minflt,
                                 (double)field(stat, 10), 200));
}

static void start(char **argv)
{
    char to[300] = "", *s = text_of("/proc/self/cmdline");
    unsigned long *aux = (void *)text_of("/proc/self/auxv");

    YES(!strcmp(s, argv[0]) && !strcmp(s + strlen(s) + 1, argv[1]));
    readlink("/proc/self/exe", to, sizeof(to));
    YES(strstr(to, "truth_process"));
    YES(!strcmp(strrchr(to, '/'), strrchr((char *)getauxval(AT_EXECFN), '/')));
    chdir("/tmp");
    memset(to, 0, sizeof(to));
    readlink("/proc/self/cwd", to, sizeof(to));
    YES(!strcmp(to, "/tmp"));
    while (aux[0] && aux[0] != AT_PAGESZ)
        aux += 2;
    YES(aux[1] == (unsigned long)sysconf(_SC_PAGESIZE));
}

static void one_mount(const char *at, const char *type, unsigned long magic)
{
    char *line = text_of("/proc/self/mountinfo"), *last = NULL, key[60];
    unsigned dev[2] = { 0 };
    struct statfs fs;
    struct stat st;

    snprintf(key, sizeof(key), " / %s ", at);
    for (char *s = line; (s = strstr(s, key)) != NULL; s++)
        last = s;
    statfs(at, &fs);
    stat(at, &st);
    FACT("%s: %d %d", at, last != NULL,
         !magic || (unsigned long)fs.f_type == magic);
    if (!last)
        return;
    while (last > line && last[-1] != '\n')
        last--;
    sscanf(last, "%*d %*d %u:%u", &dev[0], &dev[1]);
    YES(makedev(dev[0], dev[1]) == st.st_dev);
    last[strcspn(last, "\n")] = 0;
    last = strstr(last, " - ");
    YES(last && (!type || !strncmp(last + 3, type, strlen(type))));
}

static void mounts(void)
{
    char *text = text_of("/proc/self/mounts");
    char *info = text_of("/proc/self/mountinfo");
    struct statvfs was, now;
    static char block[1 << 20];
    int fd;

    YES(!strcmp(text, text_of("/proc/mounts")));
    YES(lines_with(text, "", false) == lines_with(info, "", false));
    one_mount("/tmp", "tmpfs", 0x01021994);
    one_mount("/proc", "proc", 0x9fa0);
    one_mount("/sys", "sysfs", 0x62656572);
    YES(strstr(text_of("/proc/filesystems"), "\ttmpfs\n"));
    YES(strstr(text_of("/proc/filesystems"), "\tproc\n"));
    statvfs("/tmp", &was);
    fd = open("/tmp/space", O_CREAT | O_RDWR, 0600);
    for (int i = 0; i < 4; i++)
        write(fd, memset(block, 1, sizeof(block)), sizeof(block));
    statvfs("/tmp", &now);
    YES((was.f_bfree - now.f_bfree) * now.f_frsize >= 4 << 20);
    YES(was.f_ffree == now.f_ffree + 1);
    close(fd);
    unlink("/tmp/space");
    statvfs("/tmp", &now);
    YES(was.f_bfree == now.f_bfree);
}

int main(int argc, char **argv)
{
    (void)argc;
    t_start();
    start(argv);
    limits();
    identity();
    signals();
    memory();
    maps();
    descriptors();
    threads();
    cpu_time();
    mounts();
    return 0;
}
