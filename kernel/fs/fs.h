/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fs's door: paths, mounts, vnodes and the file systems. Everything a process
 * owns (root, working directory, umask, identity) comes in struct fs_ctx; fs
 * keeps none of it.
 *
 * Path arguments are kernel strings. `at` is the directory for relative
 * paths: an open directory, or NULL for ctx->cwd.
 */
#ifndef HULL_FS_H
#define HULL_FS_H

#include "../io/io.h"
#include "../dev/block.h"

struct vnode;                   /* an object in a file system; refcounted */
struct mount;
struct dentry;

/* A place in the tree: a vnode as seen under a mount. */
struct path {
    struct mount *mount;
    struct vnode *vnode;
    struct dentry *dentry;      /* if the implementation keeps names */
};

/* [I] unless guarded by the process's lock. One a process. */
struct fs_ctx {
    struct path root, cwd;      /* referenced */
    uint32_t umask;
    uint32_t uid, gid;          /* effective, for new files and checks */
    struct mutex lock;          /* guards root, cwd, umask */
};
void fs_ctx_init(struct fs_ctx *ctx);       /* at the namespace's root */
void fs_ctx_release(struct fs_ctx *ctx);
void fs_ctx_copy(struct fs_ctx *dst, struct fs_ctx *src);   /* for fork */

enum fs_walk_flags {
    FS_FOLLOW    = 1,           /* follow a symlink at the end */
    FS_EMPTY     = 2,           /* AT_EMPTY_PATH: "" names `at` itself */
    FS_DIRECTORY = 4,           /* must be a directory */
};

/* All return 0 or -Exxx as the system call of that name; may block; take the
 * locks they need; bounds: PATH_MAX, NAME_MAX, SYMLINKS_MAX (-ELOOP). */
/* ERR_PTR. The file has one reference. Devices and FIFOs open through. */
struct file *fs_open(struct fs_ctx *ctx, struct file *at, const char *path,
                     uint32_t flags, uint32_t mode);
int fs_stat(struct fs_ctx *ctx, struct file *at, const char *path,
            unsigned walk, struct kstat *st);
int fs_access(struct fs_ctx *ctx, struct file *at, const char *path,
              unsigned mode, unsigned walk);
ssize_t fs_readlink(struct fs_ctx *ctx, struct file *at, const char *path,
                    char *buf, size_t size);            /* not terminated */
int fs_mkdir(struct fs_ctx *ctx, struct file *at, const char *path,
             uint32_t mode);
int fs_rmdir(struct fs_ctx *ctx, struct file *at, const char *path);
int fs_unlink(struct fs_ctx *ctx, struct file *at, const char *path);
int fs_rename(struct fs_ctx *ctx, struct file *from_at, const char *from,
              struct file *to_at, const char *to, unsigned flags);
int fs_link(struct fs_ctx *ctx, struct file *from_at, const char *from,
            struct file *to_at, const char *to, unsigned walk);
int fs_symlink(struct fs_ctx *ctx, const char *target, struct file *at,
               const char *path);
/* Regular files, FIFOs, sockets (S_IFSOCK: see fs_socket_key). */
int fs_mknod(struct fs_ctx *ctx, struct file *at, const char *path,
             uint32_t mode, uint64_t rdev);
int fs_chmod(struct fs_ctx *ctx, struct file *at, const char *path,
             uint32_t mode, unsigned walk);
int fs_chown(struct fs_ctx *ctx, struct file *at, const char *path,
             uint32_t uid, uint32_t gid, unsigned walk);    /* ~0: keep */
/* ns since 1970; FS_TIME_OMIT keeps, FS_TIME_NOW takes the clock. */
#define FS_TIME_OMIT INT64_MIN
#define FS_TIME_NOW  INT64_MAX
int fs_utimes(struct fs_ctx *ctx, struct file *at, const char *path,
              int64_t atime, int64_t mtime, unsigned walk);
int fs_truncate(struct fs_ctx *ctx, const char *path, uint64_t size);
int fs_chdir(struct fs_ctx *ctx, const char *path);
int fs_fchdir(struct fs_ctx *ctx, struct file *dir);
int fs_chroot(struct fs_ctx *ctx, const char *path);
/* The working directory's path. Length with the NUL; -ERANGE, -ENOENT. */
ssize_t fs_getcwd(struct fs_ctx *ctx, char *buf, size_t size);
/* The path a file was opened by, as /proc/self/fd shows it. */
int fs_file_path(struct file *f, char *buf, size_t size);
struct kstatfs {
    uint64_t type, bsize, blocks, bfree, bavail, files, ffree, namelen, flags;
};
int fs_statfs(struct fs_ctx *ctx, const char *path, struct kstatfs *out);
int fs_fstatfs(struct file *f, struct kstatfs *out);
/* Extended attributes of files in memory; -EOPNOTSUPP for others. `file` and
 * path name the file as elsewhere ("" and FS_EMPTY: the open file itself). A
 * NULL value removes. size 0 of get and list asks for the length, else
 * -ERANGE when it is too small. */
#define FS_XATTR_CREATE 1u
#define FS_XATTR_REPLACE 2u
struct fs_xattr {
    const char *name;
    const void *value;
    size_t size;
    unsigned flags;
};
int fs_xattr_set(struct fs_ctx *ctx, struct file *file, const char *path,
                 unsigned walk, const struct fs_xattr *x);
ssize_t fs_xattr_get(struct fs_ctx *ctx, struct file *file, const char *path,
                     unsigned walk, const char *name, void *buf, size_t size);
ssize_t fs_xattr_list(struct fs_ctx *ctx, struct file *file, const char *path,
                      unsigned walk, char *buf, size_t size);
int fs_sync_all(void);

/* By open file (fchmod, fchown, futimens act as path calls with FS_EMPTY). */
/* A directory's entries as Linux's getdents64 records into kernel memory;
 * bytes, 0 at the end, -ENOTDIR, -EINVAL when not even one fits. */
ssize_t fs_getdents(struct file *f, void *buf, size_t size);

/* POSIX record locks and flock, all within one process today but kept by
 * owner, so that several work later. type: F_RDLCK 0, F_WRLCK 1, F_UNLCK 2. */
struct fs_lock { int type; uint64_t start, end; int pid; };  /* end inclusive */
int fs_lock_get(struct file *f, const void *owner, struct fs_lock *lock);
int fs_lock_set(struct file *f, const void *owner, const struct fs_lock *lock,
                bool wait);
int fs_flock(struct file *f, int op);
void fs_locks_drop(struct file *f, const void *owner);      /* at close */

/* inotify (abi only decodes). */
struct file *inotify_create(uint32_t flags);
int inotify_add(struct fs_ctx *ctx, struct file *in, const char *path,
                uint32_t mask);                             /* wd or -Exxx */
int inotify_remove(struct file *in, int wd);

/* AF_UNIX names: net never sees fs. bind makes the node and gets its key;
 * connect finds the key of a node (-ECONNREFUSED when it is no socket). */
struct fs_key { uint64_t dev, ino; };
int fs_socket_make(struct fs_ctx *ctx, const char *path, uint32_t mode,
                   struct fs_key *key);
int fs_socket_find(struct fs_ctx *ctx, const char *path, struct fs_key *key);

/* An unnamed tmpfs file: memfd_create, O_TMPFILE, shared memory. ERR_PTR. */
struct file *memfd_create_file(const char *name, uint32_t flags,
                               bool allow_sealing);
int memfd_seals(struct file *f, bool add, unsigned seals);

/* How large the running program may make a file (RLIMIT_FSIZE): set by abi.
 * exceeded tells the program; the call ends with -EFBIG. Called with a
 * vnode's lock held: they only spin. */
struct fs_size_ops {
    uint64_t (*limit)(void);
    void (*exceeded)(void);
};
void fs_size_ops_set(const struct fs_size_ops *ops);

/* ---------------- what /proc asks the rooms above (handed down) --------- */

/* Text generators append to a growing buffer. */
struct text;                    /* in fs.h's sense: a bounded, growing string */
void text_printf(struct text *t, const char *fmt, ...) __printf_like(2, 3);
void text_write(struct text *t, const char *s, size_t n);

/* A file of /proc or /sys: `path` below its mount ("self/stat", "meminfo",
 * "sys/vm/overcommit_memory"). `show` makes the whole content at open; `store`
 * (optional) takes a write. link: instead a symlink, content by show. Rooms
 * register at start-up; parents come by themselves. "self" stands for the
 * process; "self/task/TID" for its threads: `id` is the TID, else 0. A later
 * registration of a path takes the place of an earlier one. */
struct proc_entry {
    const char *path;
    uint32_t mode;              /* permission bits; S_IFLNK for links */
    void (*show)(struct text *t, int id);
    int (*store)(const char *buf, size_t n, int id);
};
enum proc_tree { PROC_TREE, SYS_TREE };
int proc_register(enum proc_tree tree, const struct proc_entry *entries,
                  unsigned n);
/* One entry, whose show and store are called with this id (not 0). Its path
 * must stay. */
int proc_register_as(enum proc_tree tree, const struct proc_entry *e, int id);
uint64_t fs_memory_pages(void);             /* of all files in memory */
/* What proc must know of processes: set by abi. */
struct proc_ops {
    int (*self_pid)(void);
    bool (*task_exists)(int tid);
    int (*task_next)(int tid);              /* the next TID above, or 0 */
    struct fdtable *(*fds)(void);           /* of the current process */
    int (*current_tid)(void);               /* optional: thread-self */
    int (*last_tid)(void);                  /* optional: the newest one's */
};
void proc_ops_set(const struct proc_ops *ops);

/* ---------------- devices of /dev ---------------- */

/* Adds a character device to devfs: abi/boot add the console's tty. open
 * gives a file with one reference or ERR_PTR. */
int devfs_register(const char *name, uint32_t mode, uint64_t rdev,
                   struct file *(*open)(uint32_t flags));

/* ---------------- start-up ---------------- */

/* Registers file systems; mounts nothing. */
void fs_init(void);
/* Mounts the root: the EROFS in [off, off+size) of dev under a memory overlay
 * (writable), then /dev, /proc, /sys, /dev/shm, /tmp and /run as tmpfs where
 * the image has the folder (made in the overlay if missing). -EIO, -EINVAL
 * (not EROFS, unsupported features, named in the log). */
int fs_mount_root(struct block_device *dev, uint64_t off, uint64_t size);
/* A root of memory only, for tests and images without a disk. */
int fs_mount_empty_root(void);
/* Mounts by name ("tmpfs", "proc", "erofs"...). For mount(2) and volumes. */
int fs_mount(struct fs_ctx *ctx, const char *type, const char *path,
             const char *source, unsigned flags);

#endif
