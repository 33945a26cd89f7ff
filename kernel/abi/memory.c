/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory calls: checks and translation of flags; mm does the work.
 */
#include "abi_priv.h"

#define PROT_SEM 8ull
#define MS_ASYNC 1u
#define MS_INVALIDATE 2u
#define MS_SYNC 4u
#define MADV_POPULATE_READ 22
#define MAP_KNOWN (MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_32BIT | \
                   MAP_GROWSDOWN | MAP_DENYWRITE | MAP_EXECUTABLE | \
                   MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | \
                   MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB | \
                   MAP_FIXED_NOREPLACE)

static bool aligned(uint64_t x)
{
    return IS_ALIGNED(x, PAGE_SIZE);
}

/* RLIMIT_AS and RLIMIT_DATA against a mapping of this many bytes more. */
static int limit_check(struct process *p, uint64_t length, bool data)
{
    uint64_t as = p->limits[RLIMIT_AS].cur, dl = p->limits[RLIMIT_DATA].cur;
    struct mm_usage u;

    if (likely(as == RLIM_INFINITY && (!data || dl == RLIM_INFINITY)))
        return 0;
    mm_usage_get(p->mm, &u);
    if (as != RLIM_INFINITY && (length > as || u.mapped > as - length))
        return -ENOMEM;
    if (data && dl != RLIM_INFINITY && (length > dl || u.data > dl - length))
        return -ENOMEM;
    return 0;
}

static long map_file(struct process *p, struct mm_map_args *a, struct file *f)
{
    unsigned mode = f->flags & O_ACCMODE;
    int err;

    if (f->flags & O_PATH)
        return -EBADF;
    if (mode == O_WRONLY)
        return -EACCES;
    if (a->flags & VMA_SHARED) {
        if ((a->flags & VMA_WRITE) && mode != O_RDWR)
            return -EACCES;
        if (mode == O_RDWR)
            a->flags |= VMA_MAYWRITE;
    }
    if (!f->ops->mmap)
        return -ENODEV;
    err = f->ops->mmap(f, a);
    return err ? err : mm_map(p->mm, a);
}

static int map_flags(uint64_t prot, uint64_t flags, struct mm_map_args *a)
{
    uint64_t type = flags & MAP_TYPE;

    if (type == MAP_SHARED_VALIDATE && (flags & ~MAP_KNOWN))
        return -EOPNOTSUPP;
    if (type != MAP_SHARED && type != MAP_PRIVATE &&
        type != MAP_SHARED_VALIDATE)
        return -EINVAL;
    a->flags = (prot & (PROT_READ_BIT | PROT_WRITE_BIT | PROT_EXEC_BIT));
    if (type != MAP_PRIVATE)
        a->flags |= VMA_SHARED;
    if (flags & MAP_NORESERVE)
        a->flags |= VMA_NORESERVE;
    if (flags & MAP_GROWSDOWN)
        a->flags |= VMA_STACK;
    if (flags & MAP_STACK)
        a->flags |= VMA_NOHUGE; /* a thread touches little of its stack */
    if (flags & MAP_LOCKED)
        a->flags |= VMA_LOCKED;
    a->fixed_noreplace = flags & MAP_FIXED_NOREPLACE;
    a->fixed = (flags & MAP_FIXED) && !a->fixed_noreplace;
    a->below_2g = flags & MAP_32BIT;
    a->populate = (flags & MAP_POPULATE) && !(flags & MAP_NONBLOCK);
    return 0;
}

/* With f NULL: anonymous memory. */
static long map_checked(struct mm_map_args *a, uint64_t prot, uint64_t flags,
                        struct file *f)
{
    struct process *p = process_current();
    long r;

    if (!a->length)
        return -EINVAL;
    r = map_flags(prot, flags, a);
    if (r)
        return r;
    if (a->length > ARCH_PROGRAM_END)
        return -ENOMEM;
    if ((a->pgoff << PAGE_SHIFT) + a->length < a->length)
        return -EOVERFLOW;
    if ((a->fixed || a->fixed_noreplace) && !aligned(a->addr))
        return -EINVAL;
    a->addr = ALIGN_DOWN(a->addr, PAGE_SIZE);
    if (f || (a->flags & VMA_SHARED))
        a->flags &= ~(unsigned)VMA_STACK;   /* only what is all zeros grows */
    if ((flags & MAP_HUGETLB) && !f)
        return -ENOMEM;         /* no pages are set aside for it */
    r = limit_check(p, ALIGN_UP(a->length, PAGE_SIZE),
                    (a->flags & VMA_WRITE) && !(a->flags & VMA_SHARED));
    if (r)
        return r;
    if (f)
        return map_file(p, a, f);
    a->flags |= VMA_ANON;
    a->pgoff = 0;
    return mm_map(p->mm, a);
}

long sys_mmap(uaddr_t addr, uint64_t length, uint64_t prot, uint64_t flags,
              int fd, int64_t off)
{
    struct mm_map_args a = { .addr = addr, .length = length,
                             .pgoff = (uint64_t)off >> PAGE_SHIFT };
    struct file *f = NULL;
    long r;

    if (!aligned((uint64_t)off))
        return -EINVAL;
    if (!(flags & MAP_ANONYMOUS)) {
        f = fd__get(fd);
        if (!f)
            return -EBADF;
    }
    r = map_checked(&a, prot, flags, f);
    if (f)
        fdtable_put(f);
    return r;
}

long sys_munmap(uaddr_t addr, uint64_t length)
{
    if (!aligned(addr) || !length || addr > ARCH_PROGRAM_END ||
        length > ARCH_PROGRAM_END - addr)
        return -EINVAL;
    return mm_unmap(process_current()->mm, addr, length);
}

long sys_mprotect(uaddr_t addr, uint64_t length, uint64_t prot)
{
    if (!aligned(addr))
        return -EINVAL;
    if (prot & ~(7ull | PROT_SEM | PROT_GROWSDOWN | PROT_GROWSUP))
        return -EINVAL;
    if ((prot & PROT_GROWSDOWN) && (prot & PROT_GROWSUP))
        return -EINVAL;
    if (!length)
        return 0;
    if (addr + length < addr || addr + length > ARCH_PROGRAM_END)
        return -ENOMEM;
    return mm_protect(process_current()->mm, addr, length,
                      (unsigned)prot & 7);
}

long sys_brk(uaddr_t end)
{
    struct process *p = process_current();
    uaddr_t now;

    if (unlikely(p->limits[RLIMIT_DATA].cur != RLIM_INFINITY ||
                 p->limits[RLIMIT_AS].cur != RLIM_INFINITY)) {
        now = mm_brk(p->mm, 0);
        if (end > now && limit_check(p, end - now, true))
            return (long)now;
    }
    return (long)mm_brk(p->mm, end);
}

#define MREMAP_MAYMOVE 1u
#define MREMAP_FIXED 2u
#define MREMAP_DONTUNMAP 4u

long sys_mremap(uaddr_t old, uint64_t old_len, uint64_t new_len,
                uint64_t flags, uaddr_t new_addr)
{
    struct process *p = process_current();
    int err;

    if (flags & ~7ull || !aligned(old) || !new_len)
        return -EINVAL;
    if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) &&
        !(flags & MREMAP_MAYMOVE))
        return -EINVAL;
    if ((flags & MREMAP_FIXED) && !aligned(new_addr))
        return -EINVAL;
    if ((flags & MREMAP_DONTUNMAP) && old_len != new_len)
        return -EINVAL;
    if (new_len > ARCH_PROGRAM_END || old_len > ARCH_PROGRAM_END)
        return -ENOMEM;
    if (new_len > old_len) {
        err = limit_check(p, new_len - old_len, false);
        if (err)
            return err;
    }
    return mm_remap(p->mm, old, old_len, new_len, (unsigned)flags, new_addr);
}

long sys_msync(uaddr_t addr, uint64_t length, uint64_t flags)
{
    if (flags & ~7ull || !aligned(addr) ||
        (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
        return -EINVAL;
    if (addr + ALIGN_UP(length, PAGE_SIZE) < addr)
        return -ENOMEM;
    if (!length)
        return 0;
    return mm_sync(process_current()->mm, addr, length, (int)flags);
}

long sys_mincore(uaddr_t addr, uint64_t length, uaddr_t vec)
{
    if (!aligned(addr))
        return -EINVAL;
    if (addr > ARCH_PROGRAM_END || length > ARCH_PROGRAM_END - addr)
        return -ENOMEM;
    if (!length)
        return 0;
    return mm_incore(process_current()->mm, addr, length, vec);
}

long sys_madvise(uaddr_t addr, uint64_t length, int advice)
{
    uint64_t len = ALIGN_UP(length, PAGE_SIZE);

    if (!aligned(addr) || (length && !len) || addr + len < addr)
        return -EINVAL;
    return mm_advise(process_current()->mm, addr, len, advice);
}

/* Memory is never written to a swap device, so what is present is locked;
 * locking only has to make it present. */
static long lock_range(uaddr_t addr, uint64_t length)
{
    uaddr_t start = ALIGN_DOWN(addr, PAGE_SIZE);
    uaddr_t end = ALIGN_UP(addr + length, PAGE_SIZE);

    if (end < start)
        return -EINVAL;
    if (end == start)
        return 0;
    return mm_advise(process_current()->mm, start, end - start,
                     MADV_POPULATE_READ);
}

long sys_mlock(uaddr_t addr, uint64_t length)
{
    return lock_range(addr, length);
}

long sys_mlock2(uaddr_t addr, uint64_t length, uint64_t flags)
{
    if (flags & ~1ull)
        return -EINVAL;
    return flags ? 0 : lock_range(addr, length);
}

long sys_munlock(uaddr_t addr, uint64_t length)
{
    return addr + length < addr ? -EINVAL : 0;
}

long sys_mlockall(uint64_t flags)
{
    return !flags || (flags & ~7ull) || flags == 4 ? -EINVAL : 0;
}

long sys_munlockall(void)
{
    return 0;
}

/* Protection keys: as on Linux with a CPU that has none of them. */
long sys_pkey_alloc(uint64_t flags, uint64_t rights)
{
    return flags || (rights & ~3ull) ? -EINVAL : -ENOSPC;
}

long sys_pkey_free(int key)
{
    (void)key;
    return -EINVAL;
}

long sys_pkey_mprotect(uaddr_t addr, uint64_t length, uint64_t prot, int key)
{
    return key == -1 ? sys_mprotect(addr, length, prot) : -EINVAL;
}
