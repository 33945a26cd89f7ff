/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io's door: what a descriptor is. struct file and its ops, descriptor tables,
 * iovecs, poll sources; pipes, eventfd, timerfd, epoll.
 *
 * Flag and event numbers are Linux's (x86-64), so that nothing translates.
 */
#ifndef HULL_IO_H
#define HULL_IO_H

#include "../sched/sched.h"

/* ---------------- numbers ---------------- */

#define O_ACCMODE   0003
#define O_RDONLY    00
#define O_WRONLY    01
#define O_RDWR      02
#define O_CREAT     0100
#define O_EXCL      0200
#define O_NOCTTY    0400
#define O_TRUNC     01000
#define O_APPEND    02000
#define O_NONBLOCK  04000
#define O_DSYNC     010000
#define O_ASYNC     020000
#define O_DIRECT    040000
#define O_LARGEFILE 0100000
#define O_DIRECTORY 0200000
#define O_NOFOLLOW  0400000
#define O_NOATIME   01000000
#define O_CLOEXEC   02000000
#define O_SYNC      04010000
#define O_PATH      010000000
#define O_TMPFILE   020200000

#define POLLIN      0x001u
#define POLLPRI     0x002u
#define POLLOUT     0x004u
#define POLLERR     0x008u
#define POLLHUP     0x010u
#define POLLNVAL    0x020u
#define POLLRDNORM  0x040u
#define POLLRDBAND  0x080u
#define POLLWRNORM  0x100u
#define POLLWRBAND  0x200u
#define POLLMSG     0x400u
#define POLLRDHUP   0x2000u

#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#define SEEK_DATA 3
#define SEEK_HOLE 4

#define S_IFMT   0170000
#define S_IFSOCK 0140000
#define S_IFLNK  0120000
#define S_IFREG  0100000
#define S_IFBLK  0060000
#define S_IFDIR  0040000
#define S_IFCHR  0020000
#define S_IFIFO  0010000
#define S_ISUID  04000
#define S_ISGID  02000
#define S_ISVTX  01000

/* What stat, fstat and statx are made from. Times are real time. */
struct kstat {
    uint64_t dev, ino, rdev;
    uint32_t mode, nlink, uid, gid, blksize;
    uint64_t size, blocks;      /* blocks of 512 */
    int64_t atime, mtime, ctime, btime;         /* ns since 1970 */
};

/* ---------------- iovecs ---------------- */

/* Where bytes come from or go: the program's iovec, or kernel memory. Built
 * by abi; each copy advances it. */
struct iovec { uaddr_t base; uint64_t len; };   /* as the program has it */
struct iov_iter {
    const struct iovec *iov;    /* kernel copy; not owned */
    unsigned count;             /* segments left, the current one included */
    size_t offset;              /* into the current one */
    size_t left;                /* bytes in all */
    bool kernel;                /* bases are kernel addresses */
};
static inline void iov_iter_init(struct iov_iter *it, const struct iovec *iov,
                                 unsigned count, size_t total)
{
    it->iov = iov;
    it->count = count;
    it->offset = 0;
    it->left = total;
    it->kernel = false;
}
/* One segment; *iov is storage that lives as long as the iterator. */
void iov_iter_kernel(struct iov_iter *it, struct iovec *iov, void *buf,
                     size_t n);
/* Copy up to n bytes (bounded by it->left). Return the bytes moved; fewer
 * only at a bad address, and then -EFAULT if none at all. */
ssize_t copy_to_iter(struct iov_iter *it, const void *src, size_t n);
ssize_t copy_from_iter(struct iov_iter *it, void *dst, size_t n);
ssize_t zero_iter(struct iov_iter *it, size_t n);
void iov_iter_advance(struct iov_iter *it, size_t n);
/* Advances to the end; how far that was. */
static inline size_t iov_iter_finish(struct iov_iter *it)
{
    size_t n = it->left;

    it->left = 0;
    it->count = 0;
    return n;
}
/* Undo for partial sends: goes back n bytes within what was advanced. */
struct iov_iter iov_iter_save(const struct iov_iter *it);

/* ---------------- poll ---------------- */

/* A caller that wants to hear of later events passes a poll_table; the file's
 * poll calls poll_wait for each wait queue that it will wake with the poll
 * events as key (or ~0). A NULL table only asks. */
struct poll_table {
    void (*add)(struct poll_table *pt, struct waitq *wq);
};
static inline void poll_wait(struct poll_table *pt, struct waitq *wq)
{
    if (pt)
        pt->add(pt, wq);
}

/* ---------------- files ---------------- */

struct file;
struct dir_emit;

/* Unless said otherwise a member is optional, may block, is called with a
 * reference held and no lock, and returns 0 / bytes / -Exxx. Interruptible
 * waits end with -ERESTARTSYS (or -EINTR where Linux never restarts). */
struct file_ops {
    const char *type;           /* "pipe", "socket"...: for tools. Required */
    /* *pos is the position to use and to advance; NULL for streams. Absent:
     * -EINVAL. Must honour file->flags & O_NONBLOCK. */
    ssize_t (*read)(struct file *f, struct iov_iter *it, off_t *pos);
    ssize_t (*write)(struct file *f, struct iov_iter *it, off_t *pos);
    /* Events ready now (POLL*), never blocks. Absent: always in and out, and
     * epoll refuses the file with -EPERM. */
    uint32_t (*poll)(struct file *f, struct poll_table *pt);
    long (*ioctl)(struct file *f, unsigned cmd, uaddr_t arg); /* -ENOTTY */
    off_t (*seek)(struct file *f, off_t off, int whence);     /* -ESPIPE */
    bool seek_noop;             /* without seek: lseek answers 0, as Linux's
                                 * anonymous files do */
    bool pos_unused;            /* with seek: read and write look at no
                                 * position and get NULL */
    /* Fills in args->ops/object/pgoff and may refuse; then abi calls mm_map.
     * Absent: -ENODEV. */
    int (*mmap)(struct file *f, struct mm_map_args *args);
    int (*stat)(struct file *f, struct kstat *st);
    int (*sync)(struct file *f, bool data_only);
    int (*truncate)(struct file *f, uint64_t size);
    int (*allocate)(struct file *f, int mode, off_t off, off_t len);
    /* Emits entries from f->pos on until emit returns false (buffer full). */
    int (*readdir)(struct file *f, struct dir_emit *emit);
    int (*set_flags)(struct file *f, uint32_t flags); /* O_NONBLOCK changed */
    int (*name)(struct file *f, char *buf, size_t size); /* /proc/self/fd */
    /* The last reference is gone; frees f->private. Required if it has any. */
    void (*release)(struct file *f);
    /* A descriptor that refers to it was closed (posix locks, epoll). */
    void (*closed)(struct file *f, void *table);
};

struct dir_emit {
    /* False: does not fit, stop and leave pos at this entry. */
    bool (*fn)(struct dir_emit *e, const char *name, size_t len, uint64_t ino,
               unsigned dtype, off_t next_pos);
};

struct file {
    const struct file_ops *ops; /* [I] */
    void *private;              /* [I] the ops' own */
    uint32_t refs;              /* [a] */
    uint32_t flags;             /* [a] O_* status flags and access mode */
    off_t pos;                  /* [pos_lock] */
    struct mutex pos_lock;
    struct list epoll_items;    /* [epoll's lock] sets that watch it */
    struct file *next_free;     /* [pool's lock], or of what is to end */
    void *vnode;                /* [I] fs's, NULL otherwise */
    int owner_pid, owner_sig;   /* F_SETOWN, F_SETSIG */
};

/* A new file with one reference, or NULL. release is not called by NULL. */
struct file *file_create(const struct file_ops *ops, void *private,
                         uint32_t flags);
struct file *file_ref(struct file *f);
/* The last one releases the file; when that is within the release of another
 * (a socket whose queue held files), it happens after that one. */
void file_unref(struct file *f);
/* What fs does for a file whose `vnode` is set but whose ops are another
 * room's (a FIFO, a terminal): stat is the node's, put drops its reference
 * after release. Set once at start-up. */
struct file_vnode_ops {
    void (*put)(struct file *f);
    int (*stat)(struct file *f, struct kstat *st);
};
void file_vnode_ops_set(const struct file_vnode_ops *ops);
/* Wrappers: check access mode, position locks, absent members. */
ssize_t file_read(struct file *f, struct iov_iter *it);
ssize_t file_write(struct file *f, struct iov_iter *it);
ssize_t file_pread(struct file *f, struct iov_iter *it, off_t pos);
ssize_t file_pwrite(struct file *f, struct iov_iter *it, off_t pos);
off_t file_seek(struct file *f, off_t off, int whence);
long file_ioctl(struct file *f, unsigned cmd, uaddr_t arg);
uint32_t file_poll(struct file *f, struct poll_table *pt);
int file_stat(struct file *f, struct kstat *st);
uint64_t file_count(void);                  /* open ones */
/* F_SETFL: only O_APPEND, O_NONBLOCK, O_DIRECT, O_NOATIME, O_ASYNC change. */
int file_set_flags(struct file *f, uint32_t flags);

/* ---------------- descriptor tables ---------------- */

struct fdtable;                 /* one a process; refcounted */
struct fdtable *fdtable_create(void);
void fdtable_unref(struct fdtable *t);      /* closes all at the last one */
/* The file at fd, or NULL; given back by fdtable_put in the same call. While
 * the table has one thread (fdtable_single_set) no reference is counted: who
 * keeps the file beyond the call takes a file_ref of its own. */
struct file *fdtable_get(struct fdtable *t, int fd);
void fdtable_put(struct file *f);
/* One program thread alone uses t: true only where no second one exists,
 * false before a second one starts. Off at first. */
void fdtable_single_set(struct fdtable *t, bool single);
/* Lowest free descriptor >= min below limit. Takes over the caller's
 * reference on success. fd, -EMFILE, -ENOMEM. */
int fdtable_install(struct fdtable *t, struct file *f, int min, int limit,
                    bool cloexec);
/* dup2/dup3: replaces what is at fd. Takes a reference of its own. */
int fdtable_replace(struct fdtable *t, struct file *f, int fd, int limit,
                    bool cloexec);
int fdtable_close(struct fdtable *t, int fd);               /* -EBADF */
/* close_range; cloexec_only sets the flag instead. */
int fdtable_close_range(struct fdtable *t, unsigned first, unsigned last,
                        bool cloexec_only);
int fdtable_cloexec_get(struct fdtable *t, int fd);         /* 0/1/-EBADF */
int fdtable_cloexec_set(struct fdtable *t, int fd, bool on);
unsigned fdtable_count(struct fdtable *t);
/* How many numbers the table has room for now; select looks no further. */
unsigned fdtable_size(struct fdtable *t);
/* The lowest open descriptor >= fd, or -1: for /proc/self/fd. */
int fdtable_next(struct fdtable *t, int fd);

/* ---------------- objects of this room ---------------- */

/* flags: O_NONBLOCK, O_CLOEXEC is the caller's. Read end, write end. */
int pipe_create(struct file *ends[2], uint32_t flags);
/* A FIFO in a file system: *slot is a pointer kept in the vnode, NULL at
 * first; `lock` guards it and is taken here. Opens with Linux's blocking
 * rules. ERR_PTR: -ENXIO, -ENOMEM, -ERESTARTSYS. */
struct file *fifo_open(void **slot, struct mutex *lock, uint32_t flags);
/* The vnode goes: drops what is in the slot (NULL is fine). */
void fifo_release(void *slot);
long pipe_size(struct file *f, long set);   /* F_GETPIPE_SZ; set > 0 sets */
bool file_is_pipe(const struct file *f);
/* splice. Each waits for bytes (room) unless nonblock, moves at most n bytes,
 * 1 at least, and returns how many; 0 when none will come; -EAGAIN, -EPIPE
 * (the signal is the caller's), -ERESTARTSYS, or what sink or source said.
 * Those see the pipe's own memory and run with its lock held. */
ssize_t pipe_drain(struct file *f, size_t n, bool nonblock,
                   ssize_t (*sink)(void *arg, struct iov_iter *it), void *arg);
ssize_t pipe_feed(struct file *f, size_t n, bool nonblock,
                  ssize_t (*source)(void *arg, struct iov_iter *it),
                  void *arg);
/* From one pipe to another; keep: they stay in the first one as well (tee).
 * -EINVAL for the two ends of one pipe. */
ssize_t pipe_pour(struct file *from, struct file *to, size_t n, bool keep,
                  bool nonblock);
bool file_is_epoll(const struct file *f);
struct file *eventfd_create(uint32_t initial, bool semaphore, uint32_t flags);
/* clock: 0 realtime, 1 monotonic, 7 boottime. Settings are Linux's itimerspec
 * in nsec: value absolute if abs; interval 0 is one shot. */
struct file *timerfd_create_file(int clock, uint32_t flags);
int timerfd_set(struct file *f, bool absolute, nsec_t value, nsec_t interval,
                nsec_t *old_value, nsec_t *old_interval);   /* -EINVAL */
int timerfd_get(struct file *f, nsec_t *value, nsec_t *interval);

/* epoll. Events and operations are Linux's numbers. */
#define EPOLL_CTL_ADD 1
#define EPOLL_CTL_DEL 2
#define EPOLL_CTL_MOD 3
#define EPOLLEXCLUSIVE (1u << 28)
#define EPOLLWAKEUP    (1u << 29)
#define EPOLLONESHOT   (1u << 30)
#define EPOLLET        (1u << 31)
struct epoll_event { uint32_t events; uint64_t data; } __packed; /* x86 */
struct file *epoll_create_file(uint32_t flags);
/* -EEXIST -ENOENT -EPERM -EINVAL -ELOOP -ENOMEM. (f, fd) is the key. */
int epoll_control(struct file *ep, int op, struct file *f, int fd,
                  const struct epoll_event *ev);
/* Fills up to max events in kernel memory; their number, 0 at the deadline,
 * -EINTR, -EINVAL when ep is no epoll file. deadline 0: do not wait. A file
 * leaves every set when its last reference goes, as on Linux. */
/* How many files it watches: what one wait can report. 0: no epoll file. */
unsigned epoll_watched(const struct file *ep);
int epoll_wait_events(struct file *ep, struct epoll_event *out, int max,
                      nsec_t deadline);
/* poll and select. Fills revents; how many are ready, 0 at the deadline,
 * -EINTR, -ENOMEM. NULL files give POLLNVAL; fd < 0 is skipped by abi. */
struct poll_item { struct file *file; uint32_t events, revents; };
int io_poll(struct poll_item *items, unsigned n, nsec_t deadline);

#endif
