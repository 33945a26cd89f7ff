/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux's numbers and memory layouts that only abi knows: what the program
 * passes by pointer, and the constants of calls. x86-64; the structures are
 * the same on every 64-bit little-endian Linux unless marked.
 */
#ifndef HULL_ABI_LINUX_PRIV_H
#define HULL_ABI_LINUX_PRIV_H

#include "../lib/lib.h"

/* --- signals --- */
#define SIGHUP 1
#define SIGINT 2
#define SIGQUIT 3
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGBUS 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGUSR1 10
#define SIGSEGV 11
#define SIGUSR2 12
#define SIGPIPE 13
#define SIGALRM 14
#define SIGTERM 15
#define SIGCHLD 17
#define SIGCONT 18
#define SIGSTOP 19
#define SIGTSTP 20
#define SIGTTIN 21
#define SIGTTOU 22
#define SIGURG 23
#define SIGXCPU 24
#define SIGXFSZ 25
#define SIGVTALRM 26
#define SIGPROF 27
#define SIGWINCH 28
#define SIGIO 29
#define SIGSYS 31
#define SIGRTMIN 32
#define NSIG 64
#define SIGBIT(n) (1ull << ((n) - 1))

#define SIG_DFL 0
#define SIG_IGN 1
#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

#define SA_NOCLDSTOP 1ull
#define SA_NOCLDWAIT 2ull
#define SA_SIGINFO   4ull
#define SA_RESTORER  0x04000000ull
#define SA_ONSTACK   0x08000000ull
#define SA_RESTART   0x10000000ull
#define SA_NODEFER   0x40000000ull
#define SA_RESETHAND 0x80000000ull

#define SI_USER 0
#define SI_KERNEL 0x80
#define SI_QUEUE (-1)
#define SI_TIMER (-2)
#define SI_TKILL (-6)

#define SS_ONSTACK 1
#define SS_DISABLE 2
#define SS_AUTODISARM (1 << 31)
#define MINSIGSTKSZ 2048

#define SIGEV_SIGNAL 0
#define SIGEV_NONE 1
#define SIGEV_THREAD 2
#define SIGEV_THREAD_ID 4

struct linux_sigaction {
    uaddr_t handler;
    uint64_t flags;
    uaddr_t restorer;
    uint64_t mask;
};
struct linux_stack {
    uaddr_t sp;
    int32_t flags;
    int32_t pad;
    uint64_t size;
};
struct linux_siginfo {
    int32_t signo, err, code, pad;
    union {
        struct { int32_t pid; uint32_t uid; uint64_t value; } user;
        struct { int32_t timer, overrun; uint64_t value; } timer;
        struct { uaddr_t addr; } fault;
        uint8_t raw[112];
    };
};
_Static_assert(sizeof(struct linux_siginfo) == 128, "siginfo layout");
struct linux_sigevent {
    uint64_t value;
    int32_t signo;
    int32_t notify;
    int32_t tid;
    int32_t pad[11];
};
_Static_assert(sizeof(struct linux_sigevent) == 64, "sigevent layout");

/* --- time --- */
struct linux_timespec { int64_t sec, nsec; };
struct linux_timeval { int64_t sec, usec; };
struct linux_itimerspec { struct linux_timespec interval, value; };
struct linux_itimerval { struct linux_timeval interval, value; };
#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID 3
#define CLOCK_MONOTONIC_RAW 4
#define CLOCK_REALTIME_COARSE 5
#define CLOCK_MONOTONIC_COARSE 6
#define CLOCK_BOOTTIME 7
#define CLOCK_REALTIME_ALARM 8
#define CLOCK_BOOTTIME_ALARM 9
#define CLOCK_TAI 11
#define TIMER_ABSTIME 1
#define USER_HZ 100

/* --- clone --- */
#define CSIGNAL 0xffull
#define CLONE_VM 0x100ull
#define CLONE_FS 0x200ull
#define CLONE_FILES 0x400ull
#define CLONE_SIGHAND 0x800ull
#define CLONE_PIDFD 0x1000ull
#define CLONE_PTRACE 0x2000ull
#define CLONE_VFORK 0x4000ull
#define CLONE_PARENT 0x8000ull
#define CLONE_THREAD 0x10000ull
#define CLONE_NEWNS 0x20000ull
#define CLONE_SYSVSEM 0x40000ull
#define CLONE_SETTLS 0x80000ull
#define CLONE_PARENT_SETTID 0x100000ull
#define CLONE_CHILD_CLEARTID 0x200000ull
#define CLONE_DETACHED 0x400000ull
#define CLONE_UNTRACED 0x800000ull
#define CLONE_CHILD_SETTID 0x1000000ull
#define CLONE_IO 0x80000000ull
struct linux_clone_args {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack,
             stack_size, tls, set_tid, set_tid_size, cgroup;
};
#define CLONE_ARGS_SIZE_VER0 64

/* --- limits --- */
#define RLIMIT_CPU 0
#define RLIMIT_FSIZE 1
#define RLIMIT_DATA 2
#define RLIMIT_STACK 3
#define RLIMIT_CORE 4
#define RLIMIT_RSS 5
#define RLIMIT_NPROC 6
#define RLIMIT_NOFILE 7
#define RLIMIT_MEMLOCK 8
#define RLIMIT_AS 9
#define RLIMIT_LOCKS 10
#define RLIMIT_SIGPENDING 11
#define RLIMIT_MSGQUEUE 12
#define RLIMIT_NICE 13
#define RLIMIT_RTPRIO 14
#define RLIMIT_RTTIME 15
#define RLIM_NLIMITS 16
#define RLIM_INFINITY (~0ull)
struct linux_rlimit { uint64_t cur, max; };
struct linux_rusage {
    struct linux_timeval utime, stime;
    int64_t maxrss, ixrss, idrss, isrss, minflt, majflt, nswap, inblock,
            oublock, msgsnd, msgrcv, nsignals, nvcsw, nivcsw;
};
_Static_assert(sizeof(struct linux_rusage) == 144, "rusage layout");

/* --- mmap --- */
#define PROT_GROWSDOWN 0x01000000ull
#define PROT_GROWSUP 0x02000000ull
#define MAP_SHARED 1ull
#define MAP_PRIVATE 2ull
#define MAP_SHARED_VALIDATE 3ull
#define MAP_TYPE 0xfull
#define MAP_FIXED 0x10ull
#define MAP_ANONYMOUS 0x20ull
#define MAP_32BIT 0x40ull           /* x86 */
#define MAP_GROWSDOWN 0x100ull
#define MAP_DENYWRITE 0x800ull
#define MAP_EXECUTABLE 0x1000ull
#define MAP_LOCKED 0x2000ull
#define MAP_NORESERVE 0x4000ull
#define MAP_POPULATE 0x8000ull
#define MAP_NONBLOCK 0x10000ull
#define MAP_STACK 0x20000ull
#define MAP_HUGETLB 0x40000ull
#define MAP_SYNC 0x80000ull
#define MAP_FIXED_NOREPLACE 0x100000ull

/* --- files --- */
#define AT_FDCWD (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_EACCESS 0x200            /* faccessat */
#define AT_REMOVEDIR 0x200          /* unlinkat */
#define AT_SYMLINK_FOLLOW 0x400
#define AT_NO_AUTOMOUNT 0x800
#define AT_EMPTY_PATH 0x1000
#define AT_STATX_SYNC_TYPE 0x6000
#define UTIME_NOW 0x3fffffff
#define UTIME_OMIT 0x3ffffffe

struct linux_stat {                 /* x86-64's */
    uint64_t dev, ino, nlink;
    uint32_t mode, uid, gid, pad0;
    uint64_t rdev;
    int64_t size, blksize, blocks;
    struct linux_timespec atime, mtime, ctime;
    int64_t reserved[3];
};
_Static_assert(sizeof(struct linux_stat) == 144, "stat layout");
struct linux_statx_time { int64_t sec; uint32_t nsec; int32_t pad; };
struct linux_statx {
    uint32_t mask, blksize;
    uint64_t attributes;
    uint32_t nlink, uid, gid;
    uint16_t mode, pad0;
    uint64_t ino, size, blocks, attributes_mask;
    struct linux_statx_time atime, btime, ctime, mtime;
    uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
    uint64_t mnt_id;
    uint64_t spare[13];
};
_Static_assert(sizeof(struct linux_statx) == 256, "statx layout");
struct linux_statfs {
    int64_t type, bsize;
    uint64_t blocks, bfree, bavail, files, ffree;
    int32_t fsid[2];
    int64_t namelen, frsize, flags, spare[4];
};
_Static_assert(sizeof(struct linux_statfs) == 120, "statfs layout");
struct linux_flock {
    int16_t type, whence;
    int32_t pad;
    int64_t start, len;
    int32_t pid, pad2;
};
_Static_assert(sizeof(struct linux_flock) == 32, "flock layout");

/* --- sockets --- */
#define AF_UNIX 1
#define SOL_SOCKET 1
#define SCM_RIGHTS 1
#define SOCK_NONBLOCK O_NONBLOCK
#define SOCK_CLOEXEC O_CLOEXEC
#define MSG_CTRUNC 8u
#define MSG_TRUNC 0x20u
#define MSG_DONTWAIT 0x40u
#define MSG_WAITALL 0x100u
#define MSG_NOSIGNAL 0x4000u
#define MSG_WAITFORONE 0x10000u
#define MSG_CMSG_CLOEXEC 0x40000000u
struct linux_msghdr {
    uaddr_t name;
    uint32_t namelen, pad;
    uaddr_t iov;
    uint64_t iovlen;
    uaddr_t control;
    uint64_t controllen;
    uint32_t flags, pad2;
};
_Static_assert(sizeof(struct linux_msghdr) == 56, "msghdr layout");
struct linux_cmsghdr { uint64_t len; int32_t level, type; };

#endif
