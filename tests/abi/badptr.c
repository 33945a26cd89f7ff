/* SPDX-License-Identifier: BSD-2-Clause */
/* Bad pointers to every call that takes one: EFAULT, never a crash. */
#include "t.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define BAD ((void *)0x10)
#define KERNEL ((void *)0xffffffff80100000)
#define S(nr, ...) R(syscall(SYS_##nr, __VA_ARGS__))

static char *edge;
static int p[2], s[2], fd, ep;

static void waits(void)
{
    S(poll, BAD, 1, 0);
    S(select, 5, BAD, 0, 0, 0);
    S(epoll_ctl, ep, EPOLL_CTL_ADD, p[0], BAD);
    write(p[1], "x", 1);
    epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &(struct epoll_event){ EPOLLIN, { 0 } });
    S(epoll_wait, ep, BAD, 1, 0);
    S(nanosleep, BAD, 0);
    S(clock_gettime, 1, BAD);
    S(clock_nanosleep, 1, 0, BAD, 0);
    S(futex, BAD, 1, 1, 0, 0, 0);
    S(futex, KERNEL, 0, 1, 0, 0, 0);
    S(rt_sigaction, 10, BAD, 0, 8);
    S(rt_sigaction, 10, 0, BAD, 8);
    S(rt_sigprocmask, 0, BAD, 0, 8);
    S(rt_sigprocmask, 0, 0, 0, 4);
    S(sigaltstack, BAD, 0);
    S(setitimer, 0, BAD, 0);
    S(timer_create, 1, BAD, 0);
}

static void sockets(void)
{
    S(connect, s[0], BAD, 16);
    S(bind, s[0], BAD, 16);
    S(sendto, s[0], BAD, 10, 0, 0, 0);
    S(sendmsg, s[0], BAD, 0);
    S(recvmsg, s[0], BAD, 0);
    write(s[1], "abc", 3);
    S(recvfrom, s[0], BAD, 3, 0, 0, 0);
    S(getsockname, s[0], BAD, BAD);
    S(getsockopt, s[0], 1, 4, BAD, BAD);
    S(setsockopt, s[0], 1, 2, BAD, 4);
}

static void others(void)
{
    S(uname, BAD);
    S(sysinfo, BAD);
    S(getrusage, 0, BAD);
    S(times, BAD);
    S(prlimit64, 0, 7, BAD, 0);
    S(getrlimit, 7, BAD);
    S(getrandom, BAD, 10, 0);
    S(sched_getaffinity, 0, 8, BAD);
    S(sched_setaffinity, 0, 8, BAD);
    S(prctl, 15, BAD);
    S(prctl, 16, BAD);
    S(getgroups, 10, BAD);
    S(getresuid, BAD, BAD, BAD);
    S(utimensat, AT_FDCWD, "/tmp", BAD, 0);
    S(mkdir, BAD, 0);
    S(rename, BAD, "/tmp/x");
    S(symlink, BAD, "/tmp/x");
    S(unlink, BAD);
    S(chdir, BAD);
    S(statfs, "/tmp", BAD);
    S(sendfile, fd, fd, BAD, 10);
    S(mincore, edge, 4096, BAD);
    S(inotify_add_watch, fd, BAD, 1);
    S(memfd_create, BAD, 0);
    S(eventfd2, 0, 0xffff);
    S(timerfd_settime, fd, 0, BAD, 0);
    S(set_robust_list, BAD, 24);
    S(rt_sigtimedwait, BAD, 0, 0, 8);
    S(rt_sigpending, BAD, 8);
    S(ppoll, 0, 0, BAD, 0, 8);
    S(getitimer, 0, BAD);
    S(gettimeofday, BAD, 0);
    S(accept4, fd, BAD, BAD, 0);
}

/* Copies that reach past the end of the memory say exactly how far they came,
 * whatever their size and place. */
static void ends(void)
{
    static const int before[] = { 1, 7, 8, 9, 63, 64, 65, 71, 72, 127, 128,
                                  129, 200, 511, 512, 513, 599, 600, 601,
                                  1023, 1025, 4095 };
    static char back[8192];

    for (unsigned i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
        char *at = edge + 4096 - before[i];

        for (int j = 0; j < 4096; j++)
            edge[j] = (char)('a' + j % 26);
        ftruncate(fd, 0);
        S(pwrite64, fd, at, before[i] + 90, 0);
        memset(back, 0, sizeof(back));
        S(pread64, fd, back, sizeof(back), 0);
        R(memcmp(back, at, (size_t)before[i]));
        memset(back, 'z', sizeof(back));
        pwrite(fd, back, sizeof(back), 0);
        S(pread64, fd, at, before[i] + 90, 0);
        R(memcmp(back, at, (size_t)before[i]));
    }
}

int main(void)
{
    edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    fd = open("/tmp/bad", O_CREAT | O_RDWR, 0600);
    ep = epoll_create1(0);
    t_start();
    munmap(edge + 4096, 4096);
    pipe(p);
    socketpair(AF_UNIX, SOCK_STREAM, 0, s);
    memset(edge, 'e', 4096);
    write(fd, edge, 4096);
    S(write, fd, BAD, 10);
    S(write, fd, KERNEL, 10);
    S(write, p[1], BAD, 10);
    S(pwrite64, fd, edge + 4000, 200, 0);
    S(pread64, fd, BAD, 10, 0);
    S(pread64, fd, KERNEL, 10, 0);
    S(pread64, fd, edge + 4000, 200, 0);
    write(p[1], "abcdef", 6);
    S(read, p[0], BAD, 6);
    S(read, p[0], edge, 6);
    S(open, BAD, 0);
    S(open, KERNEL, 0);
    S(open, edge, 0);
    S(stat, BAD, edge);
    S(stat, "/tmp", BAD);
    S(fstat, fd, BAD);
    S(newfstatat, AT_FDCWD, "/tmp", KERNEL, 0);
    S(statx, AT_FDCWD, "/tmp", 0, 0xfff, BAD);
    S(readlink, "/proc/self/exe", BAD, 10);
    S(getcwd, BAD, 100);
    S(getdents64, open("/tmp", O_RDONLY), BAD, 1000);
    S(pipe2, BAD, 0);
    S(socketpair, AF_UNIX, SOCK_STREAM, 0, BAD);
    S(readv, p[0], BAD, 1);
    S(writev, fd, BAD, 1);
    waits();
    sockets();
    others();
    ends();
    puts("alive");
    return 0;
}
