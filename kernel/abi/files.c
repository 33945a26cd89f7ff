/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls on descriptors that move bytes or positions, and the helpers by which
 * all file calls reach descriptors, iovecs and paths of the program.
 */
#include "abi_priv.h"

struct file *fd__get(int fd)
{
    return fdtable_get(process_current()->fds, fd);
}

int fd__limit(void)
{
    uint64_t n = process_current()->limits[RLIMIT_NOFILE].cur;

    return n > FDS_MAX ? FDS_MAX : (int)n;
}

int fd__install(struct file *f, int min, bool cloexec)
{
    int fd = fdtable_install(process_current()->fds, f, min, fd__limit(),
                             cloexec);

    if (fd < 0)
        file_unref(f);
    return fd;
}

ssize_t iov__import(uaddr_t uiov, uint64_t count, struct iovec *fast,
                    struct iovec **iov)
{
    uint64_t total = 0;

    *iov = fast;
    if (count > IOV_MAX)
        return -EINVAL;
    if (count > IOV_FAST) {
        *iov = kmalloc(count * sizeof(**iov));
        if (!*iov) {
            *iov = fast;
            return -ENOMEM;
        }
    }
    if (copy_from_user(*iov, uiov, count * sizeof(**iov)))
        goto out_free;
    for (uint64_t i = 0; i < count; i++) {
        struct iovec *v = &(*iov)[i];

        if (v->len > (uint64_t)INT64_MAX) {
            iov__release(*iov, fast);
            *iov = fast;
            return -EINVAL;
        }
        if (!user_range_ok(v->base, v->len))
            goto out_free;
        if (v->len > 0x7ffff000 - total)
            v->len = 0x7ffff000 - total;    /* as Linux bounds one call */
        total += v->len;
    }
    return (ssize_t)total;
out_free:
    iov__release(*iov, fast);
    *iov = fast;
    return -EFAULT;
}

void iov__release(struct iovec *iov, struct iovec *fast)
{
    if (iov != fast)
        kfree(iov);
}

int path__get(uaddr_t upath, char **out)
{
    char *path = kmalloc(PATH_MAX);
    ssize_t n;

    if (!path)
        return -ENOMEM;
    n = strncpy_from_user(path, upath, PATH_MAX);
    if (n < 0) {
        kfree(path);
        return (int)n;
    }
    *out = path;
    return 0;
}

int dirfd__get(int dirfd, const char *path, struct file **at)
{
    *at = NULL;
    if (path[0] == '/' || dirfd == AT_FDCWD)
        return 0;
    *at = fd__get(dirfd);
    return *at ? 0 : -EBADF;
}

/* One buffer of the program as an iterator. */
static int one_iter(struct iov_iter *it, struct iovec *iov, uaddr_t buf,
                    uint64_t n)
{
    if (n > (uint64_t)INT64_MAX)
        return -EINVAL;
    if (!user_range_ok(buf, n))
        return -EFAULT;
    iov->base = buf;
    iov->len = MIN(n, (uint64_t)0x7ffff000);
    iov_iter_init(it, iov, 1, iov->len);
    return 0;
}

static long pipe_signal(long r)
{
    if (unlikely(r == -EPIPE))
        signal__raise(SIGPIPE);
    return r;
}

long sys_read(int fd, uaddr_t buf, uint64_t n)
{
    struct file *f = fd__get(fd);
    struct iov_iter it;
    struct iovec iov;
    long r;

    if (!f)
        return -EBADF;
    r = one_iter(&it, &iov, buf, n);
    if (!r)
        r = file_read(f, &it);
    fdtable_put(f);
    return r;
}

long sys_write(int fd, uaddr_t buf, uint64_t n)
{
    struct file *f = fd__get(fd);
    struct iov_iter it;
    struct iovec iov;
    long r;

    if (!f)
        return -EBADF;
    r = one_iter(&it, &iov, buf, n);
    if (!r)
        r = file_write(f, &it);
    fdtable_put(f);
    return pipe_signal(r);
}

long sys_pread64(int fd, uaddr_t buf, uint64_t n, int64_t pos)
{
    struct file *f;
    struct iov_iter it;
    struct iovec iov;
    long r;

    if (pos < 0)
        return -EINVAL;
    f = fd__get(fd);
    if (!f)
        return -EBADF;
    r = one_iter(&it, &iov, buf, n);
    if (!r)
        r = file_pread(f, &it, pos);
    fdtable_put(f);
    return r;
}

long sys_pwrite64(int fd, uaddr_t buf, uint64_t n, int64_t pos)
{
    struct file *f;
    struct iov_iter it;
    struct iovec iov;
    long r;

    if (pos < 0)
        return -EINVAL;
    f = fd__get(fd);
    if (!f)
        return -EBADF;
    r = one_iter(&it, &iov, buf, n);
    if (!r)
        r = file_pwrite(f, &it, pos);
    fdtable_put(f);
    return pipe_signal(r);
}

/* All vector calls: at pos, or at the file's position with pos == -1. */
static long vector(int fd, uaddr_t uiov, int count, int64_t pos, bool write)
{
    struct file *f = fd__get(fd);
    struct iovec fast[IOV_FAST], *iov;
    struct iov_iter it;
    long r;

    if (!f)
        return -EBADF;
    r = count < 0 ? -EINVAL : iov__import(uiov, (uint64_t)count, fast, &iov);
    if (r < 0)
        goto out_put;
    iov_iter_init(&it, iov, (unsigned)count, (size_t)r);
    if (pos == -1)
        r = write ? file_write(f, &it) : file_read(f, &it);
    else
        r = write ? file_pwrite(f, &it, pos) : file_pread(f, &it, pos);
    iov__release(iov, fast);
out_put:
    fdtable_put(f);
    return write ? pipe_signal(r) : r;
}

long sys_readv(int fd, uaddr_t iov, int count)
{
    return vector(fd, iov, count, -1, false);
}

long sys_writev(int fd, uaddr_t iov, int count)
{
    return vector(fd, iov, count, -1, true);
}

long sys_preadv(int fd, uaddr_t iov, int count, int64_t pos, uint64_t high)
{
    (void)high;                 /* 32-bit machines only */
    return pos < 0 ? -EINVAL : vector(fd, iov, count, pos, false);
}

long sys_pwritev(int fd, uaddr_t iov, int count, int64_t pos, uint64_t high)
{
    (void)high;
    return pos < 0 ? -EINVAL : vector(fd, iov, count, pos, true);
}

/* RWF_*: hints are accepted where ignoring them keeps the meaning; those that
 * would change the result are refused. */
#define RWF_HIPRI 1u
#define RWF_DSYNC 2u
#define RWF_SYNC 4u
#define RWF_KNOWN 0x1fu

long sys_preadv2(int fd, uaddr_t iov, int count, int64_t pos, uint64_t high,
                 uint64_t flags)
{
    (void)high;
    if (flags & ~(uint64_t)RWF_KNOWN)
        return -EOPNOTSUPP;
    if (flags & ~(uint64_t)(RWF_HIPRI | RWF_DSYNC | RWF_SYNC))
        return abi__partial("preadv2", flags, -EOPNOTSUPP);
    return pos < -1 ? -EINVAL : vector(fd, iov, count, pos, false);
}

long sys_pwritev2(int fd, uaddr_t iov, int count, int64_t pos, uint64_t high,
                  uint64_t flags)
{
    long r = -EINVAL;

    (void)high;
    if (flags & ~(uint64_t)RWF_KNOWN)
        return -EOPNOTSUPP;
    if (flags & ~(uint64_t)(RWF_HIPRI | RWF_DSYNC | RWF_SYNC))
        return abi__partial("pwritev2", flags, -EOPNOTSUPP);
    if (pos >= -1)
        r = vector(fd, iov, count, pos, true);
    if (r > 0 && (flags & (RWF_DSYNC | RWF_SYNC)))
        r = (flags & RWF_SYNC ? sys_fsync(fd) : sys_fdatasync(fd)) ? : r;
    return r;
}

long sys_lseek(int fd, int64_t off, int whence)
{
    struct file *f = fd__get(fd);
    long r;

    if (!f)
        return -EBADF;
    r = whence < 0 || whence > SEEK_HOLE ? -EINVAL :
        file_seek(f, off, whence);
    fdtable_put(f);
    return r;
}

long sys_close(int fd)
{
    return fdtable_close(process_current()->fds, fd);
}

long sys_close_range(uint32_t first, uint32_t last, uint64_t flags)
{
    if (flags & ~6ull || first > last)
        return -EINVAL;
    /* CLOSE_RANGE_UNSHARE (2) has nobody to unshare from. */
    return fdtable_close_range(process_current()->fds, first, last,
                               flags & 4);
}

long sys_dup(int fd)
{
    struct file *f = fd__get(fd);
    long r;

    if (!f)
        return -EBADF;
    r = fd__install(file_ref(f), 0, false);
    fdtable_put(f);
    return r;
}

static long dup_to(int old, int new_, bool cloexec)
{
    struct file *f = fd__get(old);
    long r;

    if (!f)
        return -EBADF;
    r = new_ < 0 || new_ >= fd__limit() ? -EBADF :
        fdtable_replace(process_current()->fds, f, new_, fd__limit(),
                        cloexec);
    fdtable_put(f);
    return r < 0 ? r : new_;
}

long sys_dup2(int old, int new_)
{
    struct file *f;

    if (old != new_)
        return dup_to(old, new_, false);
    f = fd__get(old);
    if (!f)
        return -EBADF;
    fdtable_put(f);
    return new_;
}

long sys_dup3(int old, int new_, int flags)
{
    if (flags & ~O_CLOEXEC || old == new_)
        return -EINVAL;
    return dup_to(old, new_, flags & O_CLOEXEC);
}

static long fd_call(int fd, int (*fn)(struct file *f))
{
    struct file *f = fd__get(fd);
    long r;

    if (!f)
        return -EBADF;
    r = fn(f);
    fdtable_put(f);
    return r;
}

static int sync_all(struct file *f)
{
    return f->ops->sync ? f->ops->sync(f, false) : -EINVAL;
}

static int sync_data(struct file *f)
{
    return f->ops->sync ? f->ops->sync(f, true) : -EINVAL;
}

long sys_fsync(int fd)
{
    return fd_call(fd, sync_all);
}

long sys_fdatasync(int fd)
{
    return fd_call(fd, sync_data);
}

long sys_sync(void)
{
    fs_sync_all();
    return 0;
}

static int sync_its_fs(struct file *f)
{
    (void)f;
    return fs_sync_all();
}

long sys_syncfs(int fd)
{
    return fd_call(fd, sync_its_fs);
}

static int sync_range(struct file *f)
{
    return !f->vnode || file_is_pipe(f) ? -ESPIPE : sync_data(f);
}

long sys_sync_file_range(int fd, int64_t off, int64_t n, uint64_t flags)
{
    if (flags & ~7ull || off < 0 || n < 0)
        return -EINVAL;
    return fd_call(fd, sync_range);
}

long sys_ftruncate(int fd, int64_t size)
{
    struct file *f;
    long r;

    if (size < 0)
        return -EINVAL;
    f = fd__get(fd);
    if (!f)
        return -EBADF;
    if (f->flags & O_PATH)
        r = -EBADF;
    else if ((f->flags & O_ACCMODE) == O_RDONLY || !f->ops->truncate)
        r = -EINVAL;
    else
        r = f->ops->truncate(f, (uint64_t)size);
    fdtable_put(f);
    return r;
}

long sys_fallocate(int fd, int mode, int64_t off, int64_t n)
{
    struct file *f;
    long r;

    if (off < 0 || n <= 0)
        return -EINVAL;
    if (off + n < 0)
        return -EFBIG;
    f = fd__get(fd);
    if (!f)
        return -EBADF;
    if ((f->flags & O_ACCMODE) == O_RDONLY)
        r = -EBADF;
    else if (!f->ops->allocate)
        r = file_is_pipe(f) ? -ESPIPE : f->vnode ? -EOPNOTSUPP : -ENODEV;
    else
        r = f->ops->allocate(f, mode, off, n);
    fdtable_put(f);
    return r;
}

long sys_fadvise64(int fd, int64_t off, uint64_t n, int advice)
{
    struct file *f = fd__get(fd);
    long r = 0;

    (void)off;
    if (!f)
        return -EBADF;
    if (file_is_pipe(f))
        r = -ESPIPE;
    else if (advice < 0 || advice > 5 || (int64_t)n < 0)
        r = -EINVAL;
    fdtable_put(f);
    return r;                   /* advice: the page cache decides itself */
}

long sys_readahead(int fd, int64_t off, uint64_t n)
{
    struct file *f = fd__get(fd);
    long r;

    (void)off;
    (void)n;
    if (!f)
        return -EBADF;
    r = (f->flags & O_ACCMODE) == O_WRONLY ? -EBADF :
        f->ops->mmap ? 0 : -EINVAL;
    fdtable_put(f);
    return r;
}
