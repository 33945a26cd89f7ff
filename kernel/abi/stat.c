/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stat in its forms, statfs, and directory entries: what fs and files know in
 * kernel form, written out in Linux's.
 */
#include "abi_priv.h"

#define STATX_BASIC 0x7ffu
#define STATX_BTIME 0x800u
#define GETDENTS_MAX 32768u     /* bytes taken from fs at a time */

/* Linux's packing of a device number for user space. */
static uint64_t dev_major(uint64_t dev)
{
    return (dev >> 8 & 0xfff) | (dev >> 32 & ~0xfffull);
}

static uint64_t dev_minor(uint64_t dev)
{
    return (dev & 0xff) | (dev >> 12 & ~0xffull);
}

static struct linux_timespec spec_of(int64_t ns)
{
    struct linux_timespec ts = { ns / (int64_t)NSEC_PER_SEC,
                                 ns % (int64_t)NSEC_PER_SEC };

    if (ts.nsec < 0) {
        ts.nsec += NSEC_PER_SEC;
        ts.sec--;
    }
    return ts;
}

static struct linux_statx_time statx_time(int64_t ns)
{
    struct linux_timespec ts = spec_of(ns);
    struct linux_statx_time t = { ts.sec, (uint32_t)ts.nsec, 0 };

    return t;
}

static long stat_out(uaddr_t out, const struct kstat *k)
{
    struct linux_stat s;

    memset(&s, 0, sizeof(s));
    s.dev = k->dev;
    s.ino = k->ino;
    s.nlink = k->nlink;
    s.mode = k->mode;
    s.uid = k->uid;
    s.gid = k->gid;
    s.rdev = k->rdev;
    s.size = (int64_t)k->size;
    s.blksize = k->blksize;
    s.blocks = (int64_t)k->blocks;
    s.atime = spec_of(k->atime);
    s.mtime = spec_of(k->mtime);
    s.ctime = spec_of(k->ctime);
    return copy_to_user(out, &s, sizeof(s));
}

static int stat_fd(int fd, struct kstat *k)
{
    struct file *f = fd__get(fd);
    int err;

    if (!f)
        return -EBADF;
    err = file_stat(f, k);
    fdtable_put(f);
    return err;
}

static int stat_path(int dirfd, uaddr_t upath, int flags, struct kstat *k)
{
    struct file *dir;
    char *path, first;
    int err;

    if (flags & AT_EMPTY_PATH) {
        if (upath && get_user(&first, upath))
            return -EFAULT;
        if ((!upath || !first) && dirfd >= 0)
            return stat_fd(dirfd, k);
    }
    err = path__get(upath, &path);
    if (err)
        return err;
    err = dirfd__get(dirfd, path, &dir);
    if (!err) {
        err = fs_stat(&process_current()->fs, dir, path,
                      (flags & AT_SYMLINK_NOFOLLOW ? 0 : FS_FOLLOW) |
                      (flags & AT_EMPTY_PATH ? FS_EMPTY : 0), k);
        if (dir)
            fdtable_put(dir);
    }
    kfree(path);
    return err;
}

long sys_stat(uaddr_t path, uaddr_t out)
{
    struct kstat k;
    int err = stat_path(AT_FDCWD, path, 0, &k);

    return err ? err : stat_out(out, &k);
}

long sys_lstat(uaddr_t path, uaddr_t out)
{
    struct kstat k;
    int err = stat_path(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &k);

    return err ? err : stat_out(out, &k);
}

long sys_fstat(int fd, uaddr_t out)
{
    struct kstat k;
    int err = stat_fd(fd, &k);

    return err ? err : stat_out(out, &k);
}

long sys_newfstatat(int dirfd, uaddr_t path, uaddr_t out, int flags)
{
    struct kstat k;
    int err;

    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT))
        return -EINVAL;
    err = stat_path(dirfd, path, flags, &k);
    return err ? err : stat_out(out, &k);
}

long sys_statx(int dirfd, uaddr_t path, int flags, uint64_t mask, uaddr_t out)
{
    struct linux_statx s;
    struct kstat k;
    int err;

    if (mask & 0x80000000u || (flags & AT_STATX_SYNC_TYPE) == 0x6000)
        return -EINVAL;
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT |
                  AT_STATX_SYNC_TYPE))
        return -EINVAL;
    err = stat_path(dirfd, path, flags, &k);
    if (err)
        return err;
    memset(&s, 0, sizeof(s));
    s.mask = STATX_BASIC | (k.btime ? STATX_BTIME : 0);
    s.blksize = k.blksize;
    s.nlink = k.nlink;
    s.uid = k.uid;
    s.gid = k.gid;
    s.mode = (uint16_t)k.mode;
    s.ino = k.ino;
    s.size = k.size;
    s.blocks = k.blocks;
    s.atime = statx_time(k.atime);
    s.mtime = statx_time(k.mtime);
    s.ctime = statx_time(k.ctime);
    s.btime = statx_time(k.btime);
    s.rdev_major = (uint32_t)dev_major(k.rdev);
    s.rdev_minor = (uint32_t)dev_minor(k.rdev);
    s.dev_major = (uint32_t)dev_major(k.dev);
    s.dev_minor = (uint32_t)dev_minor(k.dev);
    return copy_to_user(out, &s, sizeof(s));
}

static long statfs_out(uaddr_t out, const struct kstatfs *k)
{
    struct linux_statfs s;

    memset(&s, 0, sizeof(s));
    s.type = (int64_t)k->type;
    s.bsize = s.frsize = (int64_t)k->bsize;
    s.blocks = k->blocks;
    s.bfree = k->bfree;
    s.bavail = k->bavail;
    s.files = k->files;
    s.ffree = k->ffree;
    s.namelen = (int64_t)k->namelen;
    s.flags = (int64_t)k->flags;
    return copy_to_user(out, &s, sizeof(s));
}

long sys_statfs(uaddr_t upath, uaddr_t out)
{
    struct kstatfs k = { 0 };
    char *path;
    long r = path__get(upath, &path);

    if (r)
        return r;
    r = fs_statfs(&process_current()->fs, path, &k);
    kfree(path);
    return r ? r : statfs_out(out, &k);
}

long sys_fstatfs(int fd, uaddr_t out)
{
    struct kstatfs k = { 0 };
    struct file *f = fd__get(fd);
    long r;

    if (!f)
        return -EBADF;
    r = fs_fstatfs(f, &k);
    fdtable_put(f);
    return r ? r : statfs_out(out, &k);
}

/* ---------------- directories ---------------- */

/* getdents64's records have the type before the name, the old ones behind it
 * in the last byte; the sizes are the same. */
static void to_old_records(uint8_t *buf, size_t n)
{
    for (size_t at = 0; at + 19 <= n;) {
        uint16_t len;
        uint8_t type = buf[at + 18];

        memcpy(&len, buf + at + 16, 2);
        if (len < 20 || len > n - at)
            return;
        memmove(buf + at + 18, buf + at + 19, len - 19u);
        buf[at + len - 1] = type;
        at += len;
    }
}

static long getdents(int fd, uaddr_t out, uint64_t size, bool old)
{
    struct file *f = fd__get(fd);
    uint8_t *buf = NULL;
    long r;

    if (!f)
        return -EBADF;
    size = MIN(size, (uint64_t)GETDENTS_MAX);
    buf = size ? kmalloc(size) : NULL;
    if (!buf)
        r = size ? -ENOMEM : -EINVAL;
    else
        r = fs_getdents(f, buf, size);
    if (r > 0 && old)
        to_old_records(buf, (size_t)r);
    if (r > 0 && copy_to_user(out, buf, (size_t)r))
        r = -EFAULT;
    kfree(buf);
    fdtable_put(f);
    return r;
}

long sys_getdents64(int fd, uaddr_t out, uint64_t size)
{
    return getdents(fd, out, (uint32_t)size, false);
}

long sys_getdents(int fd, uaddr_t out, uint64_t size)
{
    return getdents(fd, out, (uint32_t)size, true);
}
