/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended attributes: no file system has them, so lists are empty and the
 * rest is refused, once the file itself has been found.
 */
#include "abi_priv.h"

static long xattr_path(uaddr_t upath, unsigned walk, long answer)
{
    struct kstat st;
    char *path;
    long r = path__get(upath, &path);

    if (r)
        return r;
    r = fs_stat(&process_current()->fs, NULL, path, walk, &st);
    kfree(path);
    return r ? r : answer;
}

static long xattr_fd(int fd, long answer)
{
    struct file *f = fd__get(fd);

    if (!f)
        return -EBADF;
    fdtable_put(f);
    return answer;
}

long sys_setxattr(uaddr_t p, uaddr_t n, uaddr_t v, uint64_t s, uint64_t f)
{
    (void)n; (void)v; (void)s; (void)f;
    return xattr_path(p, FS_FOLLOW, -EOPNOTSUPP);
}

long sys_lsetxattr(uaddr_t p, uaddr_t n, uaddr_t v, uint64_t s, uint64_t f)
{
    (void)n; (void)v; (void)s; (void)f;
    return xattr_path(p, 0, -EOPNOTSUPP);
}

long sys_getxattr(uaddr_t p, uaddr_t n, uaddr_t v, uint64_t s)
{
    (void)n; (void)v; (void)s;
    return xattr_path(p, FS_FOLLOW, -EOPNOTSUPP);
}

long sys_lgetxattr(uaddr_t p, uaddr_t n, uaddr_t v, uint64_t s)
{
    (void)n; (void)v; (void)s;
    return xattr_path(p, 0, -EOPNOTSUPP);
}

long sys_fsetxattr(int fd, uaddr_t n, uaddr_t v, uint64_t s, uint64_t f)
{
    (void)n; (void)v; (void)s; (void)f;
    return xattr_fd(fd, -EOPNOTSUPP);
}

long sys_fgetxattr(int fd, uaddr_t n, uaddr_t v, uint64_t s)
{
    (void)n; (void)v; (void)s;
    return xattr_fd(fd, -EOPNOTSUPP);
}

long sys_listxattr(uaddr_t p, uaddr_t list, uint64_t size)
{
    (void)list; (void)size;
    return xattr_path(p, FS_FOLLOW, 0);
}

long sys_llistxattr(uaddr_t p, uaddr_t list, uint64_t size)
{
    (void)list; (void)size;
    return xattr_path(p, 0, 0);
}

long sys_flistxattr(int fd, uaddr_t list, uint64_t size)
{
    (void)list; (void)size;
    return xattr_fd(fd, 0);
}

long sys_removexattr(uaddr_t p, uaddr_t n)
{
    (void)n;
    return xattr_path(p, FS_FOLLOW, -EOPNOTSUPP);
}

long sys_lremovexattr(uaddr_t p, uaddr_t n)
{
    (void)n;
    return xattr_path(p, 0, -EOPNOTSUPP);
}

long sys_fremovexattr(int fd, uaddr_t n)
{
    (void)n;
    return xattr_fd(fd, -EOPNOTSUPP);
}
