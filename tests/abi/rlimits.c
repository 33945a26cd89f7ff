/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits that are kept: file size, CPU time, address space, descriptors; and
 * what prlimit refuses. (Standard output is a file on Linux: the limit of
 * sizes stays above what is printed.) */
#include "t.h"
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

static volatile int xfsz, xcpu, code;

static void on_xfsz(int s) { (void)s; xfsz++; }
static void on_xcpu(int s, siginfo_t *si, void *uc)
{
    (void)s;
    (void)uc;
    code = si->si_code;
    xcpu++;
}

static int soft(int which, rlim_t value)
{
    struct rlimit rl;

    getrlimit(which, &rl);
    rl.rlim_cur = value;
    return setrlimit(which, &rl);
}

static void file_size(void)
{
    static char data[20000];
    int fd = open("/tmp/rl", O_CREAT | O_RDWR | O_TRUNC, 0600);
    struct iovec iov[2] = { { data, 6000 }, { data, 6000 } };

    signal(SIGXFSZ, on_xfsz);
    R(soft(RLIMIT_FSIZE, 10000));
    R(write(fd, data, 9000));
    R(write(fd, data, 9000));
    R(write(fd, data, 1));
    FACT("signals %d", xfsz);
    R(pwrite(fd, data, 100, 9950));
    R(pwrite(fd, data, 100, 10000));
    R(pwrite(fd, data, 0, 20000));
    R(pwritev(fd, iov, 2, 0));
    R(ftruncate(fd, 10001));
    R(ftruncate(fd, 5000));
    R(truncate("/tmp/rl", 20000));
    R(fallocate(fd, 0, 0, 20000));
    FACT("signals %d", xfsz);
    fcntl(fd, F_SETFL, O_APPEND);
    R(write(fd, data, 8000));
    fcntl(fd, F_SETFL, 0);
    signal(SIGXFSZ, SIG_IGN);
    R(pwrite(fd, data, 1, 10000));
    int in = open("/tmp/rl2", O_CREAT | O_RDWR | O_TRUNC, 0600), p[2];
    R(soft(RLIMIT_FSIZE, RLIM_INFINITY));
    write(in, data, sizeof(data));
    R(soft(RLIMIT_FSIZE, 10000));
    lseek(fd, 0, SEEK_SET);
    R(sendfile(fd, in, &(off_t){ 0 }, 15000));
    pipe(p);
    R(write(p[1], data, 12000));
    R(soft(RLIMIT_FSIZE, RLIM_INFINITY));
    R(pwrite(fd, data, 1, 50000));
}

static void cpu_time(void)
{
    struct sigaction sa = { .sa_flags = SA_SIGINFO };
    struct rusage ru;

    sa.sa_sigaction = on_xcpu;
    sigaction(SIGXCPU, &sa, NULL);
    getrusage(RUSAGE_SELF, &ru);
    R(soft(RLIMIT_CPU, ru.ru_utime.tv_sec + ru.ru_stime.tv_sec + 1));
    int64_t t0 = t_now();
    while (!xcpu && t_now() - t0 < 20000000000)
        ;
    FACT("SIGXCPU %d code %d", xcpu > 0, code == SI_KERNEL);
    R(soft(RLIMIT_CPU, RLIM_INFINITY));
}

static void memory(void)
{
    char *p = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                   0);

    R(soft(RLIMIT_AS, 1ul << 28));
    YES(mmap(NULL, 1ul << 28, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        == MAP_FAILED && errno == ENOMEM);
    YES(mremap(p, 1 << 20, 1ul << 28, MREMAP_MAYMOVE) == MAP_FAILED &&
        errno == ENOMEM);
    YES(brk((char *)sbrk(0) + (1ul << 28)) == -1 && errno == ENOMEM);
    R(soft(RLIMIT_AS, RLIM_INFINITY));
    R(soft(RLIMIT_DATA, 1ul << 26));
    YES(brk((char *)sbrk(0) + (1ul << 27)) == -1 && errno == ENOMEM);
    YES(mmap(NULL, 1ul << 28, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    YES(mmap(NULL, 1ul << 28, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        != MAP_FAILED);
    R(soft(RLIMIT_DATA, RLIM_INFINITY));
}

static void refusals(void)
{
    struct rlimit rl = { 10, 5 };

    R(setrlimit(RLIMIT_CORE, &rl));
    R(prlimit(0, 16, NULL, &rl));
    R(prlimit(0, -1, NULL, &rl));
    R(prlimit(999999, RLIMIT_CORE, NULL, &rl));
    R(prlimit(getpid(), RLIMIT_CORE, NULL, NULL));
    R(syscall(SYS_prlimit64, 0, RLIMIT_CORE, 8, 0));
    R(syscall(SYS_setrlimit, RLIMIT_CORE, 8));
    rl.rlim_cur = rl.rlim_max = 1ul << 40;
    R(setrlimit(RLIMIT_NOFILE, &rl));
    getrlimit(RLIMIT_NOFILE, &rl);
    rl.rlim_cur = 50;
    rl.rlim_max = 60;
    R(setrlimit(RLIMIT_NOFILE, &rl));
    R(fcntl(0, F_DUPFD, 49));
    R(fcntl(0, F_DUPFD, 50));
    R(dup2(0, 50));
    R(sysconf(_SC_OPEN_MAX));
    int fd = open("/proc/self/limits", O_RDONLY);
    char text[4096] = "", *at;
    read(fd, text, sizeof(text) - 1);
    at = strstr(text, "Max open files");
    if (at)
        FACT("%.60s", at);
}

int main(void)
{
    t_start();
    file_size();
    cpu_time();
    memory();
    refusals();
    return 0;
}
