/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving bytes between two descriptors: sendfile and copy_file_range, by way
 * of a kernel buffer. The input's position moves only by what was written.
 */
#include "abi_priv.h"

#define COPY_BUFFER 65536u

/* Copies up to n bytes from in at *pos to out, at *out_pos or at its own
 * position (NULL). Bytes, or why not even one was copied. */
static long copy_bytes(struct file *in, off_t *pos, struct file *out,
                       off_t *out_pos, uint64_t n)
{
    size_t size = MIN(n, (uint64_t)COPY_BUFFER);
    char *buf = kmalloc(size ? size : 1);
    uint64_t done = 0;
    long r = buf ? 0 : -ENOMEM;

    while (!r && done < n) {
        struct iov_iter it;
        struct iovec iov;
        ssize_t got, put;

        iov_iter_kernel(&it, &iov, buf, MIN((uint64_t)size, n - done));
        got = file_pread(in, &it, *pos);
        if (got <= 0) {
            r = got;
            break;
        }
        iov_iter_kernel(&it, &iov, buf, (size_t)got);
        put = out_pos ? file_pwrite(out, &it, *out_pos) :
            file_write(out, &it);
        if (put <= 0) {
            r = put;
            break;
        }
        *pos += put;
        if (out_pos)
            *out_pos += put;
        done += (uint64_t)put;
        if (put < got)
            break;              /* the output takes no more now */
    }
    kfree(buf);
    return done ? (long)done : r;
}

static bool reads(const struct file *f)
{
    return (f->flags & O_ACCMODE) != O_WRONLY && !(f->flags & O_PATH);
}

static bool writes(const struct file *f)
{
    return (f->flags & O_ACCMODE) != O_RDONLY && !(f->flags & O_PATH);
}

/* The position to use: the program's, or the file's own. */
static int position_get(struct file *f, uaddr_t upos, off_t *pos)
{
    if (upos) {
        if (get_user(pos, upos))
            return -EFAULT;
        return *pos < 0 ? -EINVAL : 0;
    }
    *pos = file_seek(f, 0, SEEK_CUR);
    return *pos < 0 ? (int)*pos : 0;
}

static int position_put(struct file *f, uaddr_t upos, off_t pos)
{
    off_t r;

    if (upos)
        return put_user(upos, pos);
    r = file_seek(f, pos, SEEK_SET);
    return r < 0 ? (int)r : 0;
}

long sys_sendfile(int out_fd, int in_fd, uaddr_t upos, uint64_t n)
{
    struct file *in = fd__get(in_fd), *out = fd__get(out_fd);
    long r = -EBADF;
    off_t pos;
    int err;

    if (!in || !out || !reads(in) || !writes(out))
        goto out_put;
    r = position_get(in, upos, &pos);
    if (r == -ESPIPE)
        r = -EINVAL;
    else if (!r && (out->flags & O_APPEND))
        r = -EINVAL;
    if (r)
        goto out_put;
    r = copy_bytes(in, &pos, out, NULL, MIN(n, 0x7ffff000ull));
    if (r > 0) {
        err = position_put(in, upos, pos);
        if (err)
            r = err;
    }
    if (r == -EPIPE)
        signal__raise(SIGPIPE);
out_put:
    if (out)
        fdtable_put(out);
    if (in)
        fdtable_put(in);
    return r;
}

static int regular(struct file *f)
{
    struct kstat st;
    int err = file_stat(f, &st);

    if (err)
        return err;
    if ((st.mode & S_IFMT) == S_IFDIR)
        return -EISDIR;
    return (st.mode & S_IFMT) == S_IFREG ? 0 : -EINVAL;
}

long sys_copy_file_range(int in_fd, uaddr_t uin, int out_fd, uaddr_t uout,
                         uint64_t n, uint64_t flags)
{
    struct file *in, *out;
    off_t pin, pout;
    long r = -EBADF;
    int err;

    if (flags)
        return -EINVAL;
    in = fd__get(in_fd);
    out = fd__get(out_fd);
    if (!in || !out || !reads(in) || !writes(out) || (out->flags & O_APPEND))
        goto out_put;
    r = regular(in) ? : regular(out);
    if (!r)
        r = position_get(in, uin, &pin) ? : position_get(out, uout, &pout);
    n = MIN(n, 0x7ffff000ull);
    if (!r && in->vnode == out->vnode && pin < pout + (off_t)n &&
        pout < pin + (off_t)n)
        r = -EINVAL;            /* overlapping parts of one file */
    if (r)
        goto out_put;
    r = copy_bytes(in, &pin, out, &pout, n);
    if (r > 0) {
        err = position_put(in, uin, pin) ? : position_put(out, uout, pout);
        if (err)
            r = err;
    }
out_put:
    if (out)
        fdtable_put(out);
    if (in)
        fdtable_put(in);
    return r;
}
