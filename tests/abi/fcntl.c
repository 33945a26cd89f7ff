/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors: dup, cloexec, limits, flags, record locks, flock, ioctl. */
#include "t.h"
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

static void dups(int fd)
{
    int low = dup(fd);

    R(dup2(fd, low) == low);
    R(dup2(fd, fd) == fd);
    R(dup2(9000, low));
    R(dup2(fd, 1 << 30));
    R(dup3(fd, fd, 0));
    R(dup3(fd, 100, O_CLOEXEC));
    R(fcntl(100, F_GETFD));
    R(fcntl(fd, F_DUPFD, 200));
    R(fcntl(fd, F_DUPFD_CLOEXEC, 200));
    R(fcntl(201, F_GETFD));
    R(fcntl(201, F_SETFD, 0));
    R(fcntl(201, F_GETFD));
    R(fcntl(fd, F_DUPFD, -1));
    R(dup(-1));
    R(lseek(fd, 7, SEEK_SET));
    R(lseek(100, 0, SEEK_CUR));
    R(fcntl(100, F_SETFL, O_NONBLOCK));
    R((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    R(fcntl(fd, 9999));
    R(fcntl(-1, F_GETFD));
    R(syscall(SYS_close_range, 200, 201, 0));
    R(fcntl(200, F_GETFD));
    R(close(100));
    R(close(low));
}

static void limits(void)
{
    struct rlimit rl;
    int fds[300], n = 0;

    R(getrlimit(RLIMIT_NOFILE, &rl));
    rl.rlim_cur = 64;
    R(setrlimit(RLIMIT_NOFILE, &rl));
    while (n < 300 && (fds[n] = open("/dev/null", O_RDWR)) >= 0)
        n++;
    FACT("last error %s, highest %d", strerrorname_np(errno), fds[n - 1]);
    R(dup2(0, 64));
    R(fcntl(0, F_DUPFD, 64));
    R(pipe((int[2]){ 0, 0 }));
    while (n > 0)
        close(fds[--n]);
    rl.rlim_cur = 128;
    rl.rlim_max = 64;
    R(setrlimit(RLIMIT_NOFILE, &rl));
    R(getrlimit(99, &rl));
    R(getrlimit(RLIMIT_STACK, &rl));
    FACT("stack %ld", (long)rl.rlim_cur);
}

static void locks(int fd)
{
    struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10,
                       .l_len = 10 };

    R(fcntl(fd, F_SETLK, &l));
    R(fcntl(fd, F_SETLKW, &l));
    R(fcntl(fd, F_GETLK, &l));
    FACT("type %d", l.l_type);
    l.l_type = F_RDLCK;
    l.l_start = 0x40000000;
    l.l_len = 1;
    R(fcntl(fd, F_SETLK, &l));
    l.l_type = 77;
    R(fcntl(fd, F_SETLK, &l));
    l.l_type = F_UNLCK;
    l.l_start = 0;
    l.l_len = 0;
    R(fcntl(fd, F_SETLK, &l));
    int other = open("/tmp/lk", O_RDWR);
    R(flock(fd, LOCK_EX));
    R(flock(other, LOCK_SH | LOCK_NB));
    R(flock(fd, LOCK_UN));
    R(flock(other, LOCK_SH | LOCK_NB));
    R(flock(fd, LOCK_SH | LOCK_NB));
    R(flock(fd, LOCK_EX | LOCK_NB));
    R(flock(fd, 77));
    close(other);
    R(flock(fd, LOCK_EX | LOCK_NB));
    struct flock o = { .l_type = F_WRLCK, .l_start = 0, .l_len = 5 };
    R(fcntl(fd, F_OFD_SETLK, &o));
    other = open("/tmp/lk", O_RDWR);
    R(fcntl(other, F_OFD_SETLK, &o));
    close(other);
}

static void ioctls(int fd)
{
    int n = 0;

    R(ioctl(fd, TCGETS, (char[64]){ 0 }));
    R(ioctl(fd, FIONBIO, &n));
    R(ioctl(fd, FIOCLEX));
    R(fcntl(fd, F_GETFD));
    R(ioctl(fd, FIONCLEX));
    R(fcntl(fd, F_GETFD));
    R(ioctl(fd, 0x12345678, &n));
    R(ioctl(-1, FIONBIO, &n));
    R(isatty(fd));
    int p[2];
    R(pipe(p));
    R(write(p[1], "abc", 3));
    R(ioctl(p[0], FIONREAD, &n));
    FACT("n %d", n);
    R(ioctl(p[0], TIOCGWINSZ, (char[64]){ 0 }));
    R(fcntl(p[0], F_SETPIPE_SZ, 4096));
    R(fcntl(p[0], F_GETPIPE_SZ));
    R(fcntl(fd, F_GETPIPE_SZ));
}

int main(void)
{
    t_start();
    int fd = open("/tmp/lk", O_CREAT | O_RDWR, 0600);

    dups(fd);
    locks(fd);
    ioctls(fd);
    limits();
    return 0;
}
