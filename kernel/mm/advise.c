/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * madvise, msync and mincore. Advice that frees memory acts at once; what
 * only hints at readahead or dumps is checked and needs no action.
 */
#include "mm_priv.h"

enum {
    ADV_NORMAL = 0, ADV_RANDOM = 1, ADV_SEQUENTIAL = 2, ADV_WILLNEED = 3,
    ADV_DONTNEED = 4, ADV_FREE = 8, ADV_REMOVE = 9, ADV_DONTFORK = 10,
    ADV_DOFORK = 11, ADV_MERGEABLE = 12, ADV_UNMERGEABLE = 13,
    ADV_HUGEPAGE = 14, ADV_NOHUGEPAGE = 15, ADV_DONTDUMP = 16,
    ADV_DODUMP = 17, ADV_WIPEONFORK = 18, ADV_KEEPONFORK = 19,
    ADV_COLD = 20, ADV_PAGEOUT = 21, ADV_POPULATE_READ = 22,
    ADV_POPULATE_WRITE = 23, ADV_COLLAPSE = 25,
};

#define SYNC_ASYNC 1
#define SYNC_INVALIDATE 2
#define SYNC_SYNC 4

/* Sets and clears flags on the part of v in [start,end). */
static int flags_change(struct mm *mm, struct vma **vp, uaddr_t start,
                        uaddr_t end, unsigned set, unsigned clear)
{
    struct vma *v = *vp;
    unsigned flags = (v->flags | set) & ~clear;
    int err;

    if (flags == v->flags)
        return 0;
    err = vma__split(mm, v, start);
    if (err == 0 && v->start < start)
        v = vma__next(v);
    if (err == 0)
        err = vma__split(mm, v, end);
    if (err < 0)
        return err;
    v->flags = flags;
    *vp = vma__merge(mm, v);
    return 0;
}

/* One mapping's part of the advised range. */
static int advise_one(struct mm *mm, struct vma **vp, uaddr_t start,
                      uaddr_t end, int advice)
{
    struct vma *v = *vp;

    switch (advice) {
    case ADV_DONTNEED:
        if (v->flags & (VMA_SPECIAL | VMA_LOCKED))
            return -EINVAL;
        return mm__zap(mm, start, end);
    case ADV_FREE:
        /* Zero at once is one of the moments Linux may choose. */
        if (v->ops)
            return -EINVAL;
        return mm__zap(mm, start, end);
    case ADV_HUGEPAGE:
        return flags_change(mm, vp, start, end, VMA_HUGE, VMA_NOHUGE);
    case ADV_NOHUGEPAGE:
        return flags_change(mm, vp, start, end, VMA_NOHUGE, VMA_HUGE);
    case ADV_DONTFORK:
        return flags_change(mm, vp, start, end, VMA_DONTFORK, 0);
    case ADV_DOFORK:
        return flags_change(mm, vp, start, end, 0, VMA_DONTFORK);
    default:
        return 0;
    }
}

static bool advice_known(int advice)
{
    return (advice >= ADV_NORMAL && advice <= ADV_DONTNEED) ||
           (advice >= ADV_FREE && advice <= ADV_PAGEOUT &&
            advice != ADV_WIPEONFORK) ||
           advice == ADV_COLLAPSE;
}

/* Applies advice to each mapping of the range; holes are skipped, and make
 * the result -ENOMEM, as on Linux. */
static int advise_range(struct mm *mm, uaddr_t at, uaddr_t end, int advice)
{
    int err = 0;
    bool hole = false;

    while (err == 0 && at < end) {
        struct vma *v = vma__find(mm, at);

        if (!v || v->start > at)
            hole = true;
        if (!v || v->start >= end)
            break;
        err = advise_one(mm, &v, MAX(at, v->start), MIN(v->end, end), advice);
        at = v->end;
    }
    return err == 0 && hole ? -ENOMEM : err;
}

/* MADV_REMOVE: the object frees what the range shows. Its lock comes before
 * mm's, so each mapping is looked up, and its object held, by itself. */
static int remove_range(struct mm *mm, uaddr_t at, uaddr_t end)
{
    bool hole = false;
    int err = 0;

    while (err == 0 && at < end) {
        struct vma *v, copy;

        mm__read_lock(&mm->lock);
        v = vma__find(mm, at);
        hole = hole || !v || v->start > at;
        if (!v || v->start >= end) {
            mm__read_unlock(&mm->lock);
            break;
        }
        copy = *v;
        if ((v->flags & VMA_LOCKED) || !v->ops || !v->ops->punch)
            err = -EINVAL;
        else if (!(v->flags & VMA_SHARED) || !(v->flags & VMA_MAYWRITE))
            err = -EACCES;
        else
            v->ops->ref(v->object);
        mm__read_unlock(&mm->lock);
        at = MAX(at, copy.start);
        if (err == 0) {
            err = copy.ops->punch(copy.object, vma__pgoff(&copy, at),
                                  (MIN(copy.end, end) - at) >> PAGE_SHIFT);
            copy.ops->unref(copy.object);
        }
        at = copy.end;
    }
    return err == 0 && hole ? -ENOMEM : err;
}

int mm_advise(struct mm *mm, uaddr_t addr, uint64_t length, int advice)
{
    uint64_t len = ALIGN_UP(length, PAGE_SIZE);
    int err;

    if (advice == ADV_POPULATE_READ || advice == ADV_POPULATE_WRITE) {
        if (!IS_ALIGNED(addr, PAGE_SIZE))
            return -EINVAL;
        if (!mm__range_ok(addr, len))
            return len ? -ENOMEM : 0;
        err = mm__populate(mm, addr, addr + len,
                           advice == ADV_POPULATE_WRITE);
        if (err == -EACCES)
            return -EINVAL;
        return err == -EFAULT ? -ENOMEM : err == -ENXIO ? -EFAULT : err;
    }
    if (!advice_known(advice) || !IS_ALIGNED(addr, PAGE_SIZE) ||
        len < length)
        return -EINVAL;
    if (len == 0)
        return 0;
    if (!mm__range_ok(addr, len))
        return addr + len < addr ? -EINVAL : -ENOMEM;
    if (advice == ADV_REMOVE)
        return remove_range(mm, addr, addr + len);
    mm__write_lock(&mm->lock);
    err = advise_range(mm, addr, addr + len, advice);
    mm__write_unlock(&mm->lock);
    return err;
}

int mm_sync(struct mm *mm, uaddr_t addr, uint64_t length, int flags)
{
    uint64_t len = ALIGN_UP(length, PAGE_SIZE);
    uaddr_t end = addr + len;
    int err = 0;

    if ((flags & ~(SYNC_ASYNC | SYNC_INVALIDATE | SYNC_SYNC)) ||
        (flags & SYNC_ASYNC && flags & SYNC_SYNC) ||
        !IS_ALIGNED(addr, PAGE_SIZE))
        return -EINVAL;
    if (len < length || end < addr)
        return -ENOMEM;
    mm__read_lock(&mm->lock);
    while (addr < end) {
        struct vma *v = vma__find(mm, addr);

        if (!v || v->start > addr)
            err = -ENOMEM;
        if (!v || v->start >= end)
            break;
        if ((flags & SYNC_INVALIDATE) && (v->flags & VMA_LOCKED)) {
            err = -EBUSY;
            break;
        }
        /* Files that can be written are stores: nothing lies behind. */
        addr = v->end;
    }
    mm__read_unlock(&mm->lock);
    return err;
}

/* 1: the page at addr is in memory. Under the lock for reading. */
static uint8_t incore_one(struct mm *mm, struct vma *v, uaddr_t addr)
{
    struct pt_entry e;
    struct page *p;
    bool there;

    spin_lock(&mm->pt_lock);
    there = arch_pt_query(&mm->pt, addr, &e);
    spin_unlock(&mm->pt_lock);
    if (there || !v->pc)
        return there;
    p = page_cache_peek(v->pc, vma__pgoff(v, addr));
    if (p)
        page_unref(p);
    return p != NULL;
}

/* Fills buf for n pages from addr. -ENOMEM: a hole. */
static int incore_chunk(struct mm *mm, uaddr_t addr, size_t n, uint8_t *buf)
{
    int err = 0;

    mm__read_lock(&mm->lock);
    for (size_t i = 0; i < n; i++, addr += PAGE_SIZE) {
        struct vma *v = vma__find(mm, addr);

        if (!v || v->start > addr) {
            err = -ENOMEM;
            break;
        }
        buf[i] = incore_one(mm, v, addr);
    }
    mm__read_unlock(&mm->lock);
    return err;
}

int mm_incore(struct mm *mm, uaddr_t addr, uint64_t length, uaddr_t vec)
{
    uint64_t pages = ALIGN_UP(length, PAGE_SIZE) >> PAGE_SHIFT;
    uint8_t buf[256];

    if (!IS_ALIGNED(addr, PAGE_SIZE))
        return -EINVAL;
    if (!mm__range_ok(addr, length))
        return -ENOMEM;
    if (!user_range_ok(vec, pages))
        return -EFAULT;
    while (pages > 0) {
        size_t n = MIN(pages, sizeof(buf));
        int err = incore_chunk(mm, addr, n, buf);

        if (err == 0)
            err = copy_to_user(vec, buf, n);
        if (err < 0)
            return err;
        addr += n * PAGE_SIZE;
        vec += n;
        pages -= n;
    }
    return 0;
}
