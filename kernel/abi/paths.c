/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that name files by path: they copy the path in, find the directory
 * descriptor and hand over to fs. stat and its family are in stat.c.
 */
#include "abi_priv.h"

/* A path of the program with the directory it is relative to. */
struct at {
    char *path;
    struct file *dir;           /* NULL: the working directory */
};

static int at_get(struct at *a, int dirfd, uaddr_t upath)
{
    int err = path__get(upath, &a->path);

    if (err)
        return err;
    err = dirfd__get(dirfd, a->path, &a->dir);
    if (err)
        kfree(a->path);
    return err;
}

static void at_put(struct at *a)
{
    if (a->dir)
        fdtable_put(a->dir);
    kfree(a->path);
}

static struct fs_ctx *ctx(void)
{
    return &process_current()->fs;
}

#define OPEN_KNOWN (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | \
                    O_APPEND | O_NONBLOCK | O_SYNC | O_DSYNC | O_ASYNC | \
                    O_DIRECT | O_LARGEFILE | O_TMPFILE | O_DIRECTORY | \
                    O_NOFOLLOW | O_CLOEXEC | O_PATH | O_NOATIME)

long sys_openat(int dirfd, uaddr_t upath, int flags, uint32_t mode)
{
    struct file *f;
    struct at a;
    int err = at_get(&a, dirfd, upath);

    if (err)
        return err;
    f = fs_open(ctx(), a.dir, a.path, (uint32_t)flags & OPEN_KNOWN &
                ~(uint32_t)O_CLOEXEC, mode & 07777);
    at_put(&a);
    if (IS_ERR(f))
        return PTR_ERR(f);
    return fd__install(f, 0, flags & O_CLOEXEC);
}

long sys_open(uaddr_t path, int flags, uint32_t mode)
{
    return sys_openat(AT_FDCWD, path, flags, mode);
}

long sys_creat(uaddr_t path, uint32_t mode)
{
    return sys_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

#define RESOLVE_KNOWN 0x3fu

/* A structure of a later version is fine as long as what is new is 0. */
static int rest_is_zero(uaddr_t from, uint64_t n)
{
    uint8_t byte = 0;
    int err = 0;

    if (n > PAGE_SIZE)
        return -E2BIG;
    for (; n && !err && !byte; n--)
        err = get_user(&byte, from++);
    return err ? err : byte ? -E2BIG : 0;
}

long sys_openat2(int dirfd, uaddr_t path, uaddr_t uhow, uint64_t size)
{
    uint64_t how[3] = { 0 };
    int err;

    if (size < sizeof(how))
        return -EINVAL;
    if (copy_from_user(how, uhow, sizeof(how)))
        return -EFAULT;
    err = rest_is_zero(uhow + sizeof(how), size - sizeof(how));
    if (err)
        return err;
    if ((how[0] & ~(uint64_t)OPEN_KNOWN) || how[1] & ~07777ull ||
        (how[2] & ~(uint64_t)RESOLVE_KNOWN) ||
        (how[1] && !(how[0] & (O_CREAT | 020000000))))
        return -EINVAL;
    if (how[2])                 /* confined walks are not there */
        return abi__partial("openat2", how[2], -EINVAL);
    return sys_openat(dirfd, path, (int)how[0], (uint32_t)how[1]);
}

static long access_call(int dirfd, uaddr_t upath, uint32_t mode, int flags)
{
    struct at a;
    int err;

    if (mode & ~7u)
        return -EINVAL;
    if (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    err = at_get(&a, dirfd, upath);
    if (err)
        return err;
    err = fs_access(ctx(), a.dir, a.path, mode,
                    (flags & AT_SYMLINK_NOFOLLOW ? 0 : FS_FOLLOW) |
                    (flags & AT_EMPTY_PATH ? FS_EMPTY : 0));
    at_put(&a);
    return err;
}

long sys_access(uaddr_t path, uint32_t mode)
{
    return access_call(AT_FDCWD, path, mode, 0);
}

long sys_faccessat(int dirfd, uaddr_t path, uint32_t mode)
{
    return access_call(dirfd, path, mode, 0);
}

long sys_faccessat2(int dirfd, uaddr_t path, uint32_t mode, int flags)
{
    return access_call(dirfd, path, mode, flags);
}

long sys_readlinkat(int dirfd, uaddr_t upath, uaddr_t out, uint64_t size)
{
    char *buf;
    struct at a;
    long r;

    if ((int)size <= 0)
        return -EINVAL;
    r = at_get(&a, dirfd, upath);
    if (r)
        return r;
    buf = kmalloc(PATH_MAX);
    r = buf ? fs_readlink(ctx(), a.dir, a.path, buf,
                          MIN(size, (uint64_t)PATH_MAX)) : -ENOMEM;
    if (r > 0 && copy_to_user(out, buf, (size_t)r))
        r = -EFAULT;
    kfree(buf);
    at_put(&a);
    return r;
}

long sys_readlink(uaddr_t path, uaddr_t out, uint64_t size)
{
    return sys_readlinkat(AT_FDCWD, path, out, size);
}

/* One path and one function that takes it. */
static long one_path(int dirfd, uaddr_t upath,
                     int (*fn)(struct fs_ctx *c, struct file *at,
                               const char *path))
{
    struct at a;
    long r = at_get(&a, dirfd, upath);

    if (r)
        return r;
    r = fn(ctx(), a.dir, a.path);
    at_put(&a);
    return r;
}

long sys_mkdirat(int dirfd, uaddr_t upath, uint32_t mode)
{
    struct at a;
    long r = at_get(&a, dirfd, upath);

    if (r)
        return r;
    r = fs_mkdir(ctx(), a.dir, a.path, mode & 01777);
    at_put(&a);
    return r;
}

long sys_mkdir(uaddr_t path, uint32_t mode)
{
    return sys_mkdirat(AT_FDCWD, path, mode);
}

long sys_rmdir(uaddr_t path)
{
    return one_path(AT_FDCWD, path, fs_rmdir);
}

long sys_unlink(uaddr_t path)
{
    return one_path(AT_FDCWD, path, fs_unlink);
}

long sys_unlinkat(int dirfd, uaddr_t path, int flags)
{
    if (flags & ~AT_REMOVEDIR)
        return -EINVAL;
    return one_path(dirfd, path, flags ? fs_rmdir : fs_unlink);
}

long sys_mknodat(int dirfd, uaddr_t upath, uint32_t mode, uint64_t rdev)
{
    struct at a;
    long r = at_get(&a, dirfd, upath);

    if (r)
        return r;
    if (!(mode & S_IFMT))
        mode |= S_IFREG;
    r = fs_mknod(ctx(), a.dir, a.path, mode, rdev);
    at_put(&a);
    return r;
}

long sys_mknod(uaddr_t path, uint32_t mode, uint64_t rdev)
{
    return sys_mknodat(AT_FDCWD, path, mode, rdev);
}

/* ---------------- two paths ---------------- */

static int at_get_two(struct at *a, int da, uaddr_t pa, struct at *b, int db,
                      uaddr_t pb)
{
    int err = at_get(a, da, pa);

    if (err)
        return err;
    err = at_get(b, db, pb);
    if (err)
        at_put(a);
    return err;
}

long sys_renameat2(int da, uaddr_t pa, int db, uaddr_t pb, uint64_t flags)
{
    struct at a, b;
    long r;

    if (flags & ~7ull || ((flags & 1) && (flags & 2)))
        return -EINVAL;
    r = at_get_two(&a, da, pa, &b, db, pb);
    if (r)
        return r;
    r = fs_rename(ctx(), a.dir, a.path, b.dir, b.path, (unsigned)flags);
    at_put(&b);
    at_put(&a);
    return r;
}

long sys_renameat(int da, uaddr_t pa, int db, uaddr_t pb)
{
    return sys_renameat2(da, pa, db, pb, 0);
}

long sys_rename(uaddr_t pa, uaddr_t pb)
{
    return sys_renameat2(AT_FDCWD, pa, AT_FDCWD, pb, 0);
}

long sys_linkat(int da, uaddr_t pa, int db, uaddr_t pb, int flags)
{
    struct at a, b;
    long r;

    if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    r = at_get_two(&a, da, pa, &b, db, pb);
    if (r)
        return r;
    r = fs_link(ctx(), a.dir, a.path, b.dir, b.path,
                (flags & AT_SYMLINK_FOLLOW ? FS_FOLLOW : 0) |
                (flags & AT_EMPTY_PATH ? FS_EMPTY : 0));
    at_put(&b);
    at_put(&a);
    return r;
}

long sys_link(uaddr_t pa, uaddr_t pb)
{
    return sys_linkat(AT_FDCWD, pa, AT_FDCWD, pb, 0);
}

long sys_symlinkat(uaddr_t utarget, int dirfd, uaddr_t upath)
{
    char *target;
    struct at a;
    long r = path__get(utarget, &target);

    if (r)
        return r;
    r = at_get(&a, dirfd, upath);
    if (!r) {
        r = *target ? fs_symlink(ctx(), target, a.dir, a.path) : -ENOENT;
        at_put(&a);
    }
    kfree(target);
    return r;
}

long sys_symlink(uaddr_t target, uaddr_t path)
{
    return sys_symlinkat(target, AT_FDCWD, path);
}

/* ---------------- mode, owner, times, size ---------------- */

static long chmod_call(int dirfd, uaddr_t upath, uint32_t mode, unsigned walk)
{
    struct at a;
    long r = at_get(&a, dirfd, upath);

    if (r)
        return r;
    r = fs_chmod(ctx(), a.dir, a.path, mode & 07777, walk);
    at_put(&a);
    return r;
}

long sys_chmod(uaddr_t path, uint32_t mode)
{
    return chmod_call(AT_FDCWD, path, mode, FS_FOLLOW);
}

long sys_fchmodat(int dirfd, uaddr_t path, uint32_t mode)
{
    return chmod_call(dirfd, path, mode, FS_FOLLOW);
}

long sys_fchmodat2(int dirfd, uaddr_t path, uint32_t mode, int flags)
{
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return chmod_call(dirfd, path, mode,
                      (flags & AT_SYMLINK_NOFOLLOW ? 0 : FS_FOLLOW) |
                      (flags & AT_EMPTY_PATH ? FS_EMPTY : 0));
}

long sys_fchmod(int fd, uint32_t mode)
{
    struct file *f = fd__get(fd);
    long r;

    if (!f)
        return -EBADF;
    r = f->flags & O_PATH ? -EBADF :
        fs_chmod(ctx(), f, "", mode & 07777, FS_EMPTY);
    fdtable_put(f);
    return r;
}

static long chown_call(int dirfd, uaddr_t upath, uint32_t uid, uint32_t gid,
                       unsigned walk)
{
    struct at a;
    long r = at_get(&a, dirfd, upath);

    if (r)
        return r;
    r = fs_chown(ctx(), a.dir, a.path, uid, gid, walk);
    at_put(&a);
    return r;
}

long sys_chown(uaddr_t path, uint32_t uid, uint32_t gid)
{
    return chown_call(AT_FDCWD, path, uid, gid, FS_FOLLOW);
}

long sys_lchown(uaddr_t path, uint32_t uid, uint32_t gid)
{
    return chown_call(AT_FDCWD, path, uid, gid, 0);
}

long sys_fchownat(int dirfd, uaddr_t path, uint32_t uid, uint32_t gid,
                  int flags)
{
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return chown_call(dirfd, path, uid, gid,
                      (flags & AT_SYMLINK_NOFOLLOW ? 0 : FS_FOLLOW) |
                      (flags & AT_EMPTY_PATH ? FS_EMPTY : 0));
}

long sys_fchown(int fd, uint32_t uid, uint32_t gid)
{
    struct file *f = fd__get(fd);
    long r;

    if (!f)
        return -EBADF;
    r = f->flags & O_PATH ? -EBADF :
        fs_chown(ctx(), f, "", uid, gid, FS_EMPTY);
    fdtable_put(f);
    return r;
}

static int time_from(const struct linux_timespec *ts, int64_t *out)
{
    if (ts->nsec == UTIME_NOW)
        *out = FS_TIME_NOW;
    else if (ts->nsec == UTIME_OMIT)
        *out = FS_TIME_OMIT;
    else if ((uint64_t)ts->nsec >= NSEC_PER_SEC)
        return -EINVAL;
    else
        *out = ts->sec * (int64_t)NSEC_PER_SEC + ts->nsec;
    return 0;
}

/* ts NULL: both now. path 0: the descriptor itself. */
static long utimes_call(int dirfd, uaddr_t upath,
                        const struct linux_timespec *ts, int flags)
{
    int64_t atime = FS_TIME_NOW, mtime = FS_TIME_NOW;
    struct at a = { 0 };
    long r = 0;

    if (ts)
        r = time_from(&ts[0], &atime) ? : time_from(&ts[1], &mtime);
    if (r)
        return r;
    if (!upath) {
        struct file *f = fd__get(dirfd);

        if (!f)
            return -EBADF;
        r = fs_utimes(ctx(), f, "", atime, mtime, FS_EMPTY);
        fdtable_put(f);
        return r;
    }
    r = at_get(&a, dirfd, upath);
    if (r)
        return r;
    r = fs_utimes(ctx(), a.dir, a.path, atime, mtime,
                  (flags & AT_SYMLINK_NOFOLLOW ? 0 : FS_FOLLOW) |
                  (flags & AT_EMPTY_PATH ? FS_EMPTY : 0));
    at_put(&a);
    return r;
}

long sys_utimensat(int dirfd, uaddr_t path, uaddr_t times, int flags)
{
    struct linux_timespec ts[2];

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (times && copy_from_user(ts, times, sizeof(ts)))
        return -EFAULT;
    return utimes_call(dirfd, path, times ? ts : NULL, flags);
}

long sys_futimesat(int dirfd, uaddr_t path, uaddr_t times)
{
    struct linux_timeval tv[2];
    struct linux_timespec ts[2];

    if (times) {
        if (copy_from_user(tv, times, sizeof(tv)))
            return -EFAULT;
        for (int i = 0; i < 2; i++) {
            if ((uint64_t)tv[i].usec >= 1000000)
                return -EINVAL;
            ts[i].sec = tv[i].sec;
            ts[i].nsec = tv[i].usec * 1000;
        }
    }
    return utimes_call(dirfd, path, times ? ts : NULL, 0);
}

long sys_utimes(uaddr_t path, uaddr_t times)
{
    return sys_futimesat(AT_FDCWD, path, times);
}

long sys_utime(uaddr_t path, uaddr_t times)
{
    struct linux_timespec ts[2] = { { 0 } };
    int64_t t[2];

    if (times && copy_from_user(t, times, sizeof(t)))
        return -EFAULT;
    if (times) {
        ts[0].sec = t[0];
        ts[1].sec = t[1];
    }
    return utimes_call(AT_FDCWD, path, times ? ts : NULL, 0);
}

/* A path with a function that knows no directory. */
static long plain_path(uaddr_t upath, int (*fn)(struct fs_ctx *c,
                                                const char *path))
{
    char *path;
    long r = path__get(upath, &path);

    if (r)
        return r;
    r = fn(ctx(), path);
    kfree(path);
    return r;
}

long sys_truncate(uaddr_t upath, int64_t size)
{
    char *path;
    long r;

    if (size < 0)
        return -EINVAL;
    r = path__get(upath, &path);
    if (r)
        return r;
    r = fs_truncate(ctx(), path, (uint64_t)size);
    kfree(path);
    return r;
}

long sys_chdir(uaddr_t path)
{
    return plain_path(path, fs_chdir);
}

long sys_chroot(uaddr_t path)
{
    if (process_current()->creds.euid)
        return -EPERM;
    return plain_path(path, fs_chroot);
}

long sys_fchdir(int fd)
{
    struct file *f = fd__get(fd);
    long r;

    if (!f)
        return -EBADF;
    r = fs_fchdir(ctx(), f);
    fdtable_put(f);
    return r;
}

long sys_getcwd(uaddr_t out, uint64_t size)
{
    char *buf = kmalloc(PATH_MAX);
    long r;

    if (!buf)
        return -ENOMEM;
    r = fs_getcwd(ctx(), buf, MIN(size, (uint64_t)PATH_MAX));
    if (r > 0 && copy_to_user(out, buf, (size_t)r))
        r = -EFAULT;
    kfree(buf);
    return r;
}

/* ---------------- mounting ---------------- */

long sys_mount(uaddr_t usource, uaddr_t utarget, uaddr_t utype,
               uint64_t flags, uaddr_t data)
{
    char *source = NULL, *target = NULL, *type = NULL;
    long r = 0;

    (void)data;
    if (process_current()->creds.euid)
        return -EPERM;
    if (usource)
        r = path__get(usource, &source);
    if (!r)
        r = path__get(utarget, &target);
    if (!r)
        r = utype ? path__get(utype, &type) : -EINVAL;
    if (!r)
        r = fs_mount(ctx(), type, target, source ? source : "none",
                     (unsigned)flags);
    kfree(source);
    kfree(target);
    kfree(type);
    return r;
}

/* ---------------- inotify ---------------- */

long sys_inotify_init1(int flags)
{
    struct file *f;

    if (flags & ~(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    f = inotify_create((uint32_t)flags & O_NONBLOCK);
    if (IS_ERR(f))
        return PTR_ERR(f);
    return fd__install(f, 0, flags & O_CLOEXEC);
}

long sys_inotify_init(void)
{
    return sys_inotify_init1(0);
}

long sys_inotify_add_watch(int fd, uaddr_t upath, uint64_t mask)
{
    struct file *f = fd__get(fd);
    char *path;
    long r;

    if (!f)
        return -EBADF;
    r = strcmp(f->ops->type, "inotify") ? -EINVAL : path__get(upath, &path);
    if (!r) {
        r = inotify_add(ctx(), f, path, (uint32_t)mask);
        kfree(path);
    }
    fdtable_put(f);
    return r;
}

long sys_inotify_rm_watch(int fd, int wd)
{
    struct file *f = fd__get(fd);
    long r;

    if (!f)
        return -EBADF;
    r = inotify_remove(f, wd);
    fdtable_put(f);
    return r;
}

/* ---------------- unnamed files ---------------- */

long sys_memfd_create(uaddr_t uname, uint64_t flags)
{
    char name[250];
    struct file *f;
    ssize_t n;

    if (flags & ~0x1full)
        return -EINVAL;
    if (flags & 4)
        return -EOPNOTSUPP;     /* MFD_HUGETLB */
    n = strncpy_from_user(name, uname, sizeof(name));
    if (n < 0)
        return n == -ENAMETOOLONG ? -EINVAL : n;
    f = memfd_create_file(name, O_RDWR, flags & 2);
    if (IS_ERR(f))
        return PTR_ERR(f);
    return fd__install(f, 0, flags & 1);
}
