/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving bytes between two descriptors: sendfile and copy_file_range, by way
 * of a kernel buffer; splice, tee and vmsplice, by way of a pipe's own memory.
 * Bytes are always copied. The input's position moves only by what was
 * written.
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

static void ends_put(struct file *in, struct file *out)
{
    if (out)
        fdtable_put(out);
    if (in)
        fdtable_put(in);
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
    if (r == -EISDIR)
        r = -EINVAL;
    if (r == -EPIPE)
        signal__raise(SIGPIPE);
out_put:
    ends_put(in, out);
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
    if (!r && in->vnode == out->vnode &&
        (uint64_t)(pin > pout ? pin - pout : pout - pin) < n)
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
    ends_put(in, out);
    return r;
}

/* ---------------- splice ---------------- */

#define SPLICE_F_NONBLOCK 2u
#define SPLICE_F_ALL 15u        /* MOVE, NONBLOCK, MORE, GIFT */

struct splice_end {
    struct file *file;
    off_t *pos;                 /* NULL: the file's own */
};

/* The end's position, or none, goes on by what was moved. */
static ssize_t moved(struct splice_end *e, ssize_t n)
{
    if (n > 0 && e->pos)
        *e->pos += n;
    return n;
}

static ssize_t splice_from(void *arg, struct iov_iter *it)
{
    struct splice_end *e = arg;
    ssize_t n = moved(e, e->pos ? file_pread(e->file, it, *e->pos) :
                      file_read(e->file, it));

    return n == -EISDIR ? -EINVAL : n;
}

static ssize_t splice_to(void *arg, struct iov_iter *it)
{
    struct splice_end *e = arg;

    return moved(e, e->pos ? file_pwrite(e->file, it, *e->pos) :
                 file_write(e->file, it));
}

static long splice_files(struct splice_end *in, struct splice_end *out,
                         size_t n, uint64_t flags)
{
    bool from = file_is_pipe(in->file), to = file_is_pipe(out->file);
    bool nonblock = flags & SPLICE_F_NONBLOCK;

    if (!from && !to)
        return -EINVAL;
    if (from && to)
        return pipe_pour(in->file, out->file, n, false, nonblock ||
                         ((in->file->flags | out->file->flags) & O_NONBLOCK));
    if (from) {
        if (out->file->flags & O_APPEND)
            return -EINVAL;
        return pipe_drain(in->file, n, nonblock ||
                          (in->file->flags & O_NONBLOCK), splice_to, out);
    }
    return pipe_feed(out->file, n, nonblock ||
                     (out->file->flags & O_NONBLOCK), splice_from, in);
}

/* The position that the program gave: pipes have none. */
static int splice_pos(struct splice_end *e, uaddr_t upos, off_t *pos)
{
    e->pos = NULL;
    if (!upos)
        return 0;
    if (file_is_pipe(e->file))
        return -ESPIPE;
    if (get_user(pos, upos))
        return -EFAULT;
    e->pos = pos;
    return *pos < 0 ? -EINVAL : 0;
}

static long signal_pipe(long r)
{
    if (r == -EPIPE)
        signal__raise(SIGPIPE);
    return r;
}

long sys_splice(int in_fd, uaddr_t uin, int out_fd, uaddr_t uout, uint64_t n,
                uint64_t flags)
{
    struct splice_end in = { 0 }, out = { 0 };
    off_t pin = 0, pout = 0;
    long r = -EBADF;

    if (!n)
        return 0;
    if (flags & ~(uint64_t)SPLICE_F_ALL)
        return -EINVAL;
    in.file = fd__get(in_fd);
    out.file = fd__get(out_fd);
    if (in.file && out.file) {
        r = splice_pos(&out, uout, &pout) ? : splice_pos(&in, uin, &pin);
        if (!r && (!reads(in.file) || !writes(out.file)))
            r = -EBADF;
        if (!r)
            r = splice_files(&in, &out, MIN(n, 0x7ffff000ull), flags);
        if (r > 0 && ((in.pos && put_user(uin, pin)) ||
                      (out.pos && put_user(uout, pout))))
            r = -EFAULT;
    }
    ends_put(in.file, out.file);
    return signal_pipe(r);
}

long sys_tee(int in_fd, int out_fd, uint64_t n, uint64_t flags)
{
    struct file *in, *out;
    long r = -EBADF;

    if (flags & ~(uint64_t)SPLICE_F_ALL)
        return -EINVAL;
    if (!n)
        return 0;
    in = fd__get(in_fd);
    out = fd__get(out_fd);
    if (in && out && reads(in) && writes(out))
        r = file_is_pipe(in) && file_is_pipe(out) ?
            pipe_pour(in, out, MIN(n, 0x7ffff000ull), true,
                      (flags & SPLICE_F_NONBLOCK) ||
                      ((in->flags | out->flags) & O_NONBLOCK)) : -EINVAL;
    ends_put(in, out);
    return signal_pipe(r);
}

struct memory_end {
    struct iov_iter *memory;    /* the program's */
    bool from_pipe;
};

/* Between the program's memory and the pipe's, a segment at a time. */
static ssize_t copy_program(void *arg, struct iov_iter *it)
{
    const struct memory_end *e = arg;
    ssize_t done = 0, n = 1;

    while (it->left && n > 0) {
        size_t part = MIN(it->iov->len - it->offset, it->left);
        void *at = (void *)(it->iov->base + it->offset);

        n = e->from_pipe ? copy_to_iter(e->memory, at, part) :
            copy_from_iter(e->memory, at, part);
        if (n > 0) {
            iov_iter_advance(it, (size_t)n);
            done += n;
        }
    }
    return done ? done : n;
}

static long vmsplice_iter(struct file *f, struct iov_iter *it, bool nonblock)
{
    struct memory_end e = { it, (f->flags & O_ACCMODE) == O_RDONLY };
    long done = 0, r = 1;

    nonblock |= !!(f->flags & O_NONBLOCK);
    while (it->left && r > 0) {
        r = e.from_pipe ?
            pipe_drain(f, it->left, nonblock || done, copy_program, &e) :
            pipe_feed(f, it->left, nonblock, copy_program, &e);
        if (r > 0)
            done += r;
    }
    return done ? done : r;
}

long sys_vmsplice(int fd, uaddr_t uiov, uint64_t count, uint64_t flags)
{
    struct iovec fast[IOV_FAST], *iov;
    struct iov_iter it;
    struct file *f;
    ssize_t total;
    long r = -EBADF;

    if (flags & ~(uint64_t)SPLICE_F_ALL)
        return -EINVAL;
    f = fd__get(fd);
    if (!f)
        return -EBADF;
    if (file_is_pipe(f)) {
        total = iov__import(uiov, count, fast, &iov);
        r = total;
        if (total > 0) {
            iov_iter_init(&it, iov, (unsigned)count, (size_t)total);
            r = vmsplice_iter(f, &it, flags & SPLICE_F_NONBLOCK);
        }
        if (total >= 0)
            iov__release(iov, fast);
    }
    fdtable_put(f);
    return signal_pipe(r);
}
