/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that the C library hides behind newer ones, and rare ones, by their
 * numbers: older names of files and times, protection keys, locking memory,
 * scheduling, reading ahead, openat2. */
#include "t.h"
#include <linux/openat2.h>
#include <sys/sem.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <utime.h>

#define S(nr, ...) R(syscall(SYS_##nr, ##__VA_ARGS__))
#define SYS_fchmodat2 452         /* younger than the headers */
#define SOK(nr, ...) OK(syscall(SYS_##nr, ##__VA_ARGS__))

static int dir;

/* Times that were set are small; others are told apart only from those. */
static long set_time(const struct timespec *ts)
{
    return ts->tv_sec < 100000 ? ts->tv_sec * 1000000 + ts->tv_nsec / 1000 :
        -1;
}

static void show(const char *path)
{
    struct stat st;

    if (lstat(path, &st))
        FACT("%s: %s", path, strerrorname_np(errno));
    else
        FACT("%s: mode %o nlink %ld uid %d gid %d mtime %ld", path,
             st.st_mode, S_ISDIR(st.st_mode) ? 0 : (long)st.st_nlink,
             st.st_uid, st.st_gid, set_time(&st.st_mtim));
}

static void old_times(void)
{
    struct utimbuf ut = { 1000, 2000 };
    struct timeval tv[2] = { { 3000, 5 }, { 4000, 6 } };

    S(utime, "/tmp/c/f", &ut);
    show("/tmp/c/f");
    S(utimes, "/tmp/c/f", tv);
    show("/tmp/c/f");
    tv[0].tv_sec = 5000;
    S(futimesat, dir, "f", tv);
    show("/tmp/c/f");
    tv[0].tv_usec = 1000000;
    S(utimes, "/tmp/c/f", tv);
    tv[0].tv_usec = -1;
    S(futimesat, dir, "f", tv);
    S(utime, "/tmp/c/none", NULL);
    S(utime, "/tmp/c/f", (void *)8);
    S(utimes, "/tmp/c/f", (void *)8);
    S(futimesat, -1, "f", NULL);
    time_t t = 0;
    SOK(time, &t);
    YES(labs(t - time(NULL)) <= 1);
    S(time, (void *)8);
}

static void old_names(void)
{
    char buf[1024];
    int p[2], fd;

    SOK(creat, "/tmp/c/made", 0640);
    S(creat, "/tmp/c", 0640);
    show("/tmp/c/d");
    S(pipe, p);
    write(p[1], "x", 1);
    R(read(p[0], buf, 10));
    S(pipe, 8);
    SOK(eventfd, 5);
    SOK(inotify_init);
    sigset_t set;
    sigemptyset(&set);
    SOK(signalfd, -1, &set, 8);
    S(signalfd, -1, &set, 4);
    S(signalfd, 0, &set, 8);
    struct stat st;
    S(lstat, "/tmp/c/l", &st);
    FACT("link %d size %ld", S_ISLNK(st.st_mode), (long)st.st_size);
    S(lstat, "/tmp/c/none", &st);
    fd = open("/tmp/c/list", O_RDONLY | O_DIRECTORY);
    SOK(getdents, fd, buf, sizeof(buf));
    S(getdents, fd, buf, sizeof(buf));
    lseek(fd, 0, SEEK_SET);
    S(getdents, fd, buf, 10);
    S(getdents, p[0], buf, 1000);
    S(getdents, fd, 8, 1000);
    unsigned cpu = 99, node = 99;
    S(getcpu, &cpu, &node, NULL);
    YES(cpu < 64 && node == 0);
    S(getcpu, NULL, NULL, NULL);
    S(getcpu, 8, NULL, NULL);
}

static void at_calls(void)
{
    char buf[64] = "";

    S(mkdirat, dir, "sub", 0700);
    S(mkdirat, dir, "sub", 0700);
    S(mkdirat, -1, "sub2", 0700);
    S(mknodat, dir, "fifo", S_IFIFO | 0600, 0);
    S(mknodat, dir, "file", S_IFREG | 0640, 0);
    S(mknodat, dir, "file", S_IFREG | 0640, 0);
    S(mknodat, dir, "odd", S_IFDIR | 0640, 0);
    S(mknod, "/tmp/c/sock", S_IFSOCK | 0600, 0);
    S(mknod, "/tmp/c/null", S_IFMT, 0);
    show("/tmp/c/fifo");
    show("/tmp/c/sock");
    S(linkat, dir, "f", dir, "hard", 0);
    S(linkat, dir, "l", dir, "hard2", 0);
    S(linkat, dir, "l", dir, "hard3", AT_SYMLINK_FOLLOW);
    S(linkat, dir, "f", dir, "hard4", 0x8000);
    S(linkat, dir, "", dir, "hard5", 0);
    show("/tmp/c/hard2");
    show("/tmp/c/hard3");
    S(symlinkat, "target", dir, "sym");
    S(symlinkat, "target", dir, "sym");
    S(readlinkat, dir, "sym", buf, sizeof(buf));
    FACT("%s", buf);
    S(readlinkat, dir, "f", buf, sizeof(buf));
    S(renameat, dir, "sym", dir, "sym2");
    S(renameat, dir, "sym", dir, "sym3");
    S(fchmodat, dir, "f", 0604);
    S(fchmodat, dir, "none", 0604);
    S(fchmodat2, dir, "f", 0640, 0);
    S(fchmodat2, dir, "l", 0640, AT_SYMLINK_NOFOLLOW);
    S(fchmodat2, dir, "f", 0640, 0x8000);
    S(fchownat, dir, "f", 3, 4, 0);
    S(fchownat, dir, "l", 5, 6, AT_SYMLINK_NOFOLLOW);
    S(fchownat, dir, "", 7, -1, AT_EMPTY_PATH);
    S(fchownat, dir, "f", 3, 4, 0x8000);
    show("/tmp/c/f");
    show("/tmp/c/l");
    S(faccessat, dir, "f", R_OK);
    S(faccessat, dir, "f", 8);
    S(faccessat, dir, "none", F_OK);
    S(faccessat2, dir, "f", X_OK, 0);
    S(faccessat2, dir, "f", R_OK, 0x8000);
    int f = open("/tmp/c/f", O_RDWR);
    S(fchown, f, 8, 9);
    S(fchown, -1, 8, 9);
    S(fchown, f, 0, 0);
    show("/tmp/c/f");
    struct statfs sf;
    S(fstatfs, f, &sf);
    YES(sf.f_type == 0x01021994 && sf.f_bsize == 4096);
    S(fstatfs, -1, &sf);
    S(fstatfs, f, 8);
}

static int how(const char *path, uint64_t flags, uint64_t mode,
               uint64_t resolve)
{
    struct open_how h = { flags, mode, resolve };

    return (int)syscall(SYS_openat2, dir, path, &h, sizeof(h));
}

static void open_how(void)
{
    OK(how("f", O_RDONLY, 0, 0));
    R(how("f", O_RDONLY, 0600, 0));
    R(how("f", 1ull << 40, 0, 0));
    R(how("f", O_RDONLY, 0, 0x1000));
    R(how("none", O_RDONLY, 0, 0));
    OK(how("new", O_CREAT | O_RDWR, 0600, 0));
    R(how("new2", O_CREAT | O_RDWR, 010000, 0));
    struct open_how h = { 0 };
    S(openat2, dir, "f", &h, 8);
    S(openat2, dir, "f", 8, sizeof(h));
    char big[40] = "";
    SOK(openat2, dir, "f", big, sizeof(big));
    big[39] = 1;
    S(openat2, dir, "f", big, sizeof(big));
}

static void data(void)
{
    int f = open("/tmp/c/f", O_RDWR), p[2];
    struct iovec iov = { "abc", 3 };

    pipe(p);
    S(pwritev2, f, &iov, 1, 0, 0, 0);
    S(pwritev2, f, &iov, 1, -1l, 0, 0);
    S(pwritev2, f, &iov, 1, -2l, 0, 0);
    S(pwritev2, f, &iov, 1, 0, 0, RWF_DSYNC | RWF_SYNC);
    S(pwritev2, f, &iov, 1, 0, 0, 0x10000);
    R(lseek(f, 0, SEEK_END));
    S(preadv2, f, &iov, 0, 0, 0, 0);
    S(fadvise64, f, 0, 0, POSIX_FADV_WILLNEED);
    S(fadvise64, f, 0, -1l, POSIX_FADV_WILLNEED);
    S(fadvise64, f, 0, 0, 99);
    S(fadvise64, p[0], 0, 0, POSIX_FADV_NORMAL);
    S(fadvise64, -1, 0, 0, 0);
    S(readahead, f, 0, 4096);
    S(readahead, p[0], 0, 4096);
    S(readahead, -1, 0, 4096);
    S(sync_file_range, f, 0, 0, SYNC_FILE_RANGE_WRITE);
    S(sync_file_range, f, 0, 0, 99);
    S(sync_file_range, f, -1l, 0, 0);
    S(sync_file_range, p[0], 0, 0, 0);
    S(sync_file_range, -1, 0, 0, 0);
    S(sync);
    S(syncfs, f);
    S(syncfs, -1);
}

static void memory(void)
{
    char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    S(mlock2, m, 4096, 0);
    S(mlock2, m, 4096, MLOCK_ONFAULT);
    S(mlock2, m, 4096, 8);
    S(mlock2, 0x10000, 4096, 0);
    S(mlockall, 0);
    S(mlockall, 16);
    S(mlockall, MCL_CURRENT | MCL_FUTURE);
    S(munlockall);
    S(mlockall, MCL_ONFAULT);
    S(pkey_free, 77);
    S(pkey_alloc, 1, 0);
    S(pkey_alloc, 0, 99);
    S(pkey_mprotect, m, 4096, PROT_READ, 99);
    S(pkey_mprotect, m, 4096, PROT_READ, -1);
    S(pkey_mprotect, m, 4096, PROT_READ | PROT_WRITE, -1);
    m[0] = 1;
    S(personality, 0xffffffff);
    S(personality, 0x0040000);
    S(personality, 0xffffffff);
    S(personality, 0);
}

static volatile int signals, value;
static void on_usr1(int s, siginfo_t *si, void *uc)
{
    (void)s;
    (void)uc;
    signals++;
    value = si->si_value.sival_int;
}

static void threads(void)
{
    struct sigaction sa = { .sa_flags = SA_SIGINFO };
    siginfo_t si = { .si_signo = SIGUSR1, .si_code = SI_QUEUE };
    struct sched_param sp = { 0 };

    sa.sa_sigaction = on_usr1;
    sigaction(SIGUSR1, &sa, NULL);
    S(tkill, gettid(), SIGUSR1);
    S(tkill, 999999, SIGUSR1);
    S(tkill, -1, SIGUSR1);
    S(tkill, gettid(), 99);
    si.si_value.sival_int = 42;
    S(rt_tgsigqueueinfo, getpid(), gettid(), SIGUSR1, &si);
    FACT("signals %d value %d", signals, value);
    S(rt_tgsigqueueinfo, getpid(), 999999, SIGUSR1, &si);
    S(rt_tgsigqueueinfo, -1, gettid(), SIGUSR1, &si);
    S(rt_tgsigqueueinfo, getpid(), gettid(), SIGUSR1, 8);
    S(sched_setparam, 0, &sp);
    sp.sched_priority = 5;
    S(sched_setparam, 0, &sp);
    S(sched_setparam, 999999, &sp);
    S(sched_setparam, 0, NULL);
    sp.sched_priority = 0;
    S(sched_setscheduler, 0, SCHED_BATCH, &sp);
    S(sched_getscheduler, 0);
    S(sched_setscheduler, 0, SCHED_OTHER, &sp);
    S(sched_setscheduler, 0, SCHED_FIFO, &sp);
    S(sched_setscheduler, 0, 99, &sp);
    S(sched_setscheduler, -1, SCHED_OTHER, &sp);
    S(sched_getscheduler, -1);
    /* not the flags of a thread: refused before anything is made */
    S(clone, CLONE_THREAD, 0, 0, 0, 0);
    S(clone, CLONE_SIGHAND, 0, 0, 0, 0);
    S(clone3, NULL, 64);
    S(clone3, 8, 64);
    S(clone3, 8, 8);
}

static void sems(void)
{
    int id = semget(IPC_PRIVATE, 1, 0600);
    struct sembuf op = { 0, 2, 0 };

    S(semop, id, &op, 1);
    S(semop, id, 8, 1);
    R(semctl(id, 0, GETVAL));
    R(semctl(id, 0, IPC_RMID));
}

int main(void)
{
    t_start();
    umask(022);
    mkdir("/tmp/c", 0755);
    mkdir("/tmp/c/d", 02755);
    mkdir("/tmp/c/list", 0755);
    close(open("/tmp/c/f", O_CREAT | O_RDWR, 0644));
    symlink("f", "/tmp/c/l");
    struct timespec ts[2] = { { 1, 0 }, { 2, 0 } };
    dir = open("/tmp/c", O_RDONLY | O_DIRECTORY);
    old_times();
    utimensat(dir, "d", ts, 0);
    old_names();
    utimensat(dir, "l", ts, AT_SYMLINK_NOFOLLOW);
    mknodat(dir, "x", S_IFREG | 0600, 0);
    at_calls();
    open_how();
    data();
    memory();
    threads();
    sems();
    R(chroot("/tmp/c/none"));
    R(chroot("/tmp/c/f"));
    R(chroot("/tmp/c"));
    OK(open("/f", O_RDONLY));
    OK(open("/../../f", O_RDONLY));
    OK(open("/tmp", O_RDONLY));
    YES(setsid() > 0 || errno == EPERM);
    return 0;
}
