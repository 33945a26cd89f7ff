/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Iterators over the bytes of an I/O call. The program's segments are copied
 * by mm's accessors, the kernel's by memcpy; lengths were checked by abi.
 */
#include "io_priv.h"

enum iov_op { TO_ITER, FROM_ITER, ZERO_ITER };

void iov_iter_kernel(struct iov_iter *it, struct iovec *iov, void *buf,
                     size_t n)
{
    iov->base = (uintptr_t)buf;
    iov->len = n;
    iov_iter_init(it, iov, 1, n);
    it->kernel = true;
}

struct iov_iter iov_iter_save(const struct iov_iter *it)
{
    return *it;
}

static inline void advance(struct iov_iter *it, size_t n)
{
    it->left -= n;
    it->offset += n;
    while (it->count && it->offset >= it->iov->len) {
        it->offset -= it->iov->len;
        it->iov++;
        it->count--;
    }
}

void iov_iter_advance(struct iov_iter *it, size_t n)
{
    ASSERT(n <= it->left);
    advance(it, n);
}

static inline size_t kernel_part(enum iov_op op, void *at, void *buf, size_t n)
{
    if (op == TO_ITER)
        memcpy(at, buf, n);
    else if (op == FROM_ITER)
        memcpy(buf, at, n);
    else
        memset(at, 0, n);
    return n;
}

static inline size_t user_part(enum iov_op op, uaddr_t at, void *buf, size_t n)
{
    if (op == TO_ITER)
        return copy_to_user_partial(at, buf, n);
    if (op == FROM_ITER)
        return copy_from_user_partial(buf, at, n);
    return clear_user_partial(at, n);
}

/* Inlined for each op, so that nothing asks which one it is. */
static inline __attribute__((always_inline))
ssize_t move(struct iov_iter *it, enum iov_op op, void *buf, size_t n)
{
    size_t done = 0;

    n = MIN(n, it->left);
    while (done < n) {
        size_t part = MIN(it->iov->len - it->offset, n - done);
        uaddr_t at = it->iov->base + it->offset;
        void *mem = op == ZERO_ITER ? NULL : (char *)buf + done;
        size_t got = it->kernel
                         ? kernel_part(op, (void *)at, mem, part)
                         : user_part(op, at, mem, part);

        advance(it, got);
        done += got;
        if (got < part)
            return done ? (ssize_t)done : -EFAULT;
    }
    return (ssize_t)done;
}

ssize_t copy_to_iter(struct iov_iter *it, const void *src, size_t n)
{
    return move(it, TO_ITER, (void *)(uintptr_t)src, n);
}

ssize_t copy_from_iter(struct iov_iter *it, void *dst, size_t n)
{
    return move(it, FROM_ITER, dst, n);
}

ssize_t zero_iter(struct iov_iter *it, size_t n)
{
    return move(it, ZERO_ITER, NULL, n);
}
