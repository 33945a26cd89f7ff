/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended attributes: the calls by path, by link and by descriptor, which
 * differ only in how they name the file.
 */
#include "abi_priv.h"

#define XATTR_NAME_MAX 255
#define XATTR_SIZE_MAX 65536u
#define XATTR_LIST_MAX 65536u

struct place {
    struct file *file;          /* by descriptor */
    char *path;                 /* kmalloc'd, or "" */
    unsigned walk;
};

static char no_path[1];

static long place_path(struct place *at, uaddr_t upath, unsigned walk)
{
    at->file = NULL;
    at->walk = walk;
    return path__get(upath, &at->path);
}

static long place_fd(struct place *at, int fd)
{
    at->file = fd__get(fd);
    at->path = no_path;
    at->walk = FS_EMPTY;
    if (!at->file)
        return -EBADF;
    if (at->file->flags & O_PATH) {
        fdtable_put(at->file);
        return -EBADF;
    }
    return 0;
}

static void place_put(struct place *at)
{
    if (at->file)
        fdtable_put(at->file);
    else
        kfree(at->path);
}

static struct fs_ctx *ctx(void)
{
    return &process_current()->fs;
}

static long name_get(uaddr_t uname, char name[XATTR_NAME_MAX + 1])
{
    size_t got = copy_from_user_partial(name, uname, XATTR_NAME_MAX + 1);

    if (!memchr(name, 0, got))
        return got <= XATTR_NAME_MAX ? -EFAULT : -ERANGE;
    return *name ? 0 : -ERANGE;
}

static long set_at(struct place *at, uaddr_t uname, uaddr_t uvalue,
                   uint64_t size, uint64_t flags)
{
    char name[XATTR_NAME_MAX + 1];
    struct fs_xattr x = { .name = name, .size = size,
                          .flags = (unsigned)flags };
    long r = flags & ~3ull ? -EINVAL : name_get(uname, name);
    char *value;

    if (!r && size > XATTR_SIZE_MAX)
        r = -E2BIG;
    if (r)
        return r;
    value = kmalloc(size + 1);
    if (!value)
        return -ENOMEM;
    r = copy_from_user(value, uvalue, size);
    x.value = value;
    if (!r)
        r = fs_xattr_set(ctx(), at->file, at->path, at->walk, &x);
    kfree(value);
    return r;
}

/* uname 0: the list of names. */
static long get_at(struct place *at, bool list, uaddr_t uname, uaddr_t out,
                   uint64_t size)
{
    char name[XATTR_NAME_MAX + 1], *buf;
    long r = list ? 0 : name_get(uname, name);

    if (r)
        return r;
    size = MIN(size, (uint64_t)(list ? XATTR_LIST_MAX : XATTR_SIZE_MAX));
    buf = kmalloc(size + 1);
    if (!buf)
        return -ENOMEM;
    r = list ? fs_xattr_list(ctx(), at->file, at->path, at->walk, buf, size) :
        fs_xattr_get(ctx(), at->file, at->path, at->walk, name, buf, size);
    if (r > 0 && size && copy_to_user(out, buf, (size_t)r))
        r = -EFAULT;
    kfree(buf);
    return r;
}

static long remove_at(struct place *at, uaddr_t uname)
{
    char name[XATTR_NAME_MAX + 1];
    struct fs_xattr x = { .name = name, .flags = FS_XATTR_REPLACE };
    long r = name_get(uname, name);

    return r ? r : fs_xattr_set(ctx(), at->file, at->path, at->walk, &x);
}

#define AT(find, what) \
    struct place at; \
    long r = find; \
    if (!r) { \
        r = what; \
        place_put(&at); \
    } \
    return r;

long sys_setxattr(uaddr_t p, uaddr_t n, uaddr_t v, uint64_t s, uint64_t f)
{
    AT(place_path(&at, p, FS_FOLLOW), set_at(&at, n, v, s, f))
}

long sys_lsetxattr(uaddr_t p, uaddr_t n, uaddr_t v, uint64_t s, uint64_t f)
{
    AT(place_path(&at, p, 0), set_at(&at, n, v, s, f))
}

long sys_fsetxattr(int fd, uaddr_t n, uaddr_t v, uint64_t s, uint64_t f)
{
    AT(place_fd(&at, fd), set_at(&at, n, v, s, f))
}

long sys_getxattr(uaddr_t p, uaddr_t n, uaddr_t v, uint64_t s)
{
    AT(place_path(&at, p, FS_FOLLOW), get_at(&at, false, n, v, s))
}

long sys_lgetxattr(uaddr_t p, uaddr_t n, uaddr_t v, uint64_t s)
{
    AT(place_path(&at, p, 0), get_at(&at, false, n, v, s))
}

long sys_fgetxattr(int fd, uaddr_t n, uaddr_t v, uint64_t s)
{
    AT(place_fd(&at, fd), get_at(&at, false, n, v, s))
}

long sys_listxattr(uaddr_t p, uaddr_t list, uint64_t size)
{
    AT(place_path(&at, p, FS_FOLLOW), get_at(&at, true, 0, list, size))
}

long sys_llistxattr(uaddr_t p, uaddr_t list, uint64_t size)
{
    AT(place_path(&at, p, 0), get_at(&at, true, 0, list, size))
}

long sys_flistxattr(int fd, uaddr_t list, uint64_t size)
{
    AT(place_fd(&at, fd), get_at(&at, true, 0, list, size))
}

long sys_removexattr(uaddr_t p, uaddr_t n)
{
    AT(place_path(&at, p, FS_FOLLOW), remove_at(&at, n))
}

long sys_lremovexattr(uaddr_t p, uaddr_t n)
{
    AT(place_path(&at, p, 0), remove_at(&at, n))
}

long sys_fremovexattr(int fd, uaddr_t n)
{
    AT(place_fd(&at, fd), remove_at(&at, n))
}
