/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies from and to the program (K5): the range check here, the copy and its
 * recovery from faults in arch.
 */
#include "mm_priv.h"

/* How much of the range lies in the program's half. */
static size_t user_part(uaddr_t addr, size_t n)
{
    if (addr >= ARCH_PROGRAM_END)
        return 0;
    return MIN(n, (size_t)(ARCH_PROGRAM_END - addr));
}

static void *user_ptr(uaddr_t addr)
{
    return (void *)(uintptr_t)addr;
}

size_t copy_from_user_partial(void *dst, uaddr_t src, size_t n)
{
    n = user_part(src, n);
    return n - (n ? arch_user_copy(dst, user_ptr(src), n) : 0);
}

size_t copy_to_user_partial(uaddr_t dst, const void *src, size_t n)
{
    n = user_part(dst, n);
    return n - (n ? arch_user_copy(user_ptr(dst), src, n) : 0);
}

size_t clear_user_partial(uaddr_t dst, size_t n)
{
    n = user_part(dst, n);
    return n - (n ? arch_user_zero(user_ptr(dst), n) : 0);
}

int copy_from_user(void *dst, uaddr_t src, size_t n)
{
    if (n == 0)
        return 0;
    if (!user_range_ok(src, n))
        return -EFAULT;
    return arch_user_copy(dst, user_ptr(src), n) ? -EFAULT : 0;
}

int copy_to_user(uaddr_t dst, const void *src, size_t n)
{
    if (n == 0)
        return 0;
    if (!user_range_ok(dst, n))
        return -EFAULT;
    return arch_user_copy(user_ptr(dst), src, n) ? -EFAULT : 0;
}

int clear_user(uaddr_t dst, size_t n)
{
    if (n == 0)
        return 0;
    if (!user_range_ok(dst, n))
        return -EFAULT;
    return arch_user_zero(user_ptr(dst), n) ? -EFAULT : 0;
}

ssize_t strncpy_from_user(char *dst, uaddr_t src, size_t size)
{
    size_t max = user_part(src, size);
    ssize_t len;

    if (max == 0)
        return -EFAULT;
    len = arch_user_strnlen(user_ptr(src), max);
    if (len < 0)
        return -EFAULT;
    if ((size_t)len == max)
        return max == size ? -ENAMETOOLONG : -EFAULT;
    if (arch_user_copy(dst, user_ptr(src), (size_t)len) != 0)
        return -EFAULT;
    dst[len] = '\0';            /* the program may have changed it meanwhile */
    return len;
}
