/* SPDX-License-Identifier: BSD-2-Clause */
/* What programs read below /proc, /sys, /dev and /etc. */
#include "t.h"
#include <sys/sysmacros.h>

static char *slurp(const char *path)
{
    static char buf[200000];
    int fd = open(path, O_RDONLY);
    ssize_t n, len = 0;

    if (fd < 0)
        return NULL;
    while ((n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
        len += n;
    buf[len] = 0;
    close(fd);
    return buf;
}

static void has(const char *path, const char *text)
{
    char *s = slurp(path);

    FACT("%s %s: %s", path, text, !s ? "no file" : strstr(s, text) ? "yes"
         : "no");
}

static void dev(const char *path)
{
    struct stat st;

    if (stat(path, &st))
        FACT("%s: %s", path, strerrorname_np(errno));
    else
        FACT("%s: type %o %u:%u", path, st.st_mode & S_IFMT,
             major(st.st_rdev), minor(st.st_rdev));
}

static void texts(void)
{
    has("/proc/self/status", "VmRSS:");
    has("/proc/self/status", "Cpus_allowed_list:");
    has("/proc/self/status", "Threads:\t1");
    has("/proc/self/statm", " ");
    has("/proc/self/cmdline", "proc");
    has("/proc/self/mounts", " / ");
    has("/proc/self/mountinfo", " / ");
    has("/proc/mounts", "proc");
    has("/proc/meminfo", "MemTotal:");
    has("/proc/meminfo", "MemAvailable:");
    has("/proc/cpuinfo", "processor\t: 0");
    has("/proc/cpuinfo", "flags\t");
    has("/proc/stat", "cpu0 ");
    has("/proc/stat", "btime ");
    has("/proc/uptime", ".");
    has("/proc/loadavg", "/");
    has("/proc/version", "Linux version");
    has("/proc/filesystems", "tmpfs");
    has("/proc/sys/kernel/ostype", "Linux");
    has("/proc/sys/net/core/somaxconn", "4096");
    has("/proc/sys/vm/max_map_count", "");
    has("/proc/sys/vm/overcommit_memory", "");
    has("/proc/sys/kernel/pid_max", "");
    has("/proc/self/limits", "Max open files");
    has("/proc/self/cgroup", ":/");
    has("/proc/net/dev", "lo:");
    has("/sys/devices/system/cpu/online", "0");
    has("/sys/devices/system/cpu/possible", "0");
    has("/proc/nothing", "");
    has("/proc/self/comm", "proc");
}

static void descriptors(void)
{
    char buf[64], self[4096] = "";

    snprintf(buf, sizeof(buf), "/proc/self/task/%d/comm", gettid());
    int fd = OK(open(buf, O_WRONLY));
    R(write(fd, "changed", 7));
    has("/proc/self/comm", "changed");
    fd = open("/tmp/pf", O_CREAT | O_RDWR, 0600);
    snprintf(buf, sizeof(buf), "/proc/self/fd/%d", fd);
    R(readlink(buf, self, sizeof(self)));
    FACT("%.7s", self);
    OK(open(buf, O_RDWR));
    OK(open("/proc/self/fd/999", O_RDWR));
    OK(open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
    OK(open("/proc/999999/stat", O_RDONLY));
}

static void devices(void)
{
    char buf[4096];
    int fd;

    dev("/dev/null");
    dev("/dev/zero");
    dev("/dev/full");
    dev("/dev/random");
    dev("/dev/urandom");
    dev("/dev/tty");
    dev("/dev/nothing");
    fd = OK(open("/dev/zero", O_RDWR));
    memset(buf, 1, 10);
    R(read(fd, buf, 10));
    FACT("%d", buf[9]);
    R(write(fd, buf, 10));
    fd = OK(open("/dev/full", O_RDWR));
    R(write(fd, buf, 10));
    R(read(fd, buf, 10));
    fd = OK(open("/dev/null", O_RDWR));
    R(read(fd, buf, 10));
    R(write(fd, buf, 10));
    fd = OK(open("/dev/urandom", O_RDONLY));
    R(read(fd, buf, 4096));
    YES(memchr(buf, 1, 4096) && memchr(buf, 255, 4096));
    char *z = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE,
                   open("/dev/zero", O_RDWR), 0);
    YES(z != MAP_FAILED && z[5000] == 0);
    fd = OK(open("/dev/shm/x", O_CREAT | O_RDWR, 0600));
    R(ftruncate(fd, 4096));
    has("/etc/passwd", "root");
    has("/etc/nsswitch.conf", "hosts");
}

int main(int argc, char **argv)
{
    char buf[4096] = "", self[4096] = "";
    unsigned long from, to;

    (void)argc;
    t_start();
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    YES(n > 0 && self[0] == '/');
    YES(strcmp(strrchr(self, '/'), strrchr(argv[0], '/')) == 0);
    YES(open("/proc/self/exe", O_RDONLY) >= 0);
    char *s = slurp("/proc/self/maps");
    char *stack = s ? strstr(s, "[stack]") : NULL;
    YES(stack != NULL);
    while (stack && stack > s && stack[-1] != '\n')
        stack--;
    YES(stack && sscanf(stack, "%lx-%lx", &from, &to) == 2);
    YES((uintptr_t)buf >= from && (uintptr_t)buf < to);
    YES(s && strstr(s, self) && strstr(s, "r-xp"));
    s = slurp("/proc/self/stat");
    int pid = 0;
    char comm[64] = "", state = 0;
    YES(s && sscanf(s, "%d (%63[^)]) %c", &pid, comm, &state) == 3);
    YES(pid == getpid());
    FACT("state %c", state);
    int spaces = 0;
    for (char *p = s; p && *p; p++)
        spaces += *p == ' ';
    FACT("fields %d", spaces + 1);
    texts();
    descriptors();
    devices();
    return 0;
}
