/* SPDX-License-Identifier: BSD-2-Clause */
/* What others ask about an address space. */
#include "mm_priv.h"

void mm_vmas_each(struct mm *mm, bool (*fn)(void *arg, const struct vma *v),
                  void *arg)
{
    struct vma *v;

    mm__read_lock(&mm->lock);
    for (v = vma__first(mm); v && fn(arg, v); v = vma__next(v))
        ;
    mm__read_unlock(&mm->lock);
}

bool mm_vma_find(struct mm *mm, uaddr_t addr, struct vma *out)
{
    struct vma *v;
    bool found;

    mm__read_lock(&mm->lock);
    v = vma__find(mm, addr);
    found = v && v->start <= addr;
    if (found) {
        *out = *v;
        if (v->ops && v->ops->ref)
            v->ops->ref(v->object);
    }
    mm__read_unlock(&mm->lock);
    return found;
}

void mm_usage_get(struct mm *mm, struct mm_usage *out)
{
    mm__read_lock(&mm->lock);
    out->mapped = mm->mapped;
    out->peak = mm->peak;
    out->data = mm->data;
    out->stack = mm->stack;
    out->exec = mm->exec;
    spin_lock(&mm->pt_lock);
    out->resident = (mm->rss_anon + mm->rss_file) << PAGE_SHIFT;
    out->shared = mm->rss_file << PAGE_SHIFT;
    out->peak_resident = mm->rss_peak << PAGE_SHIFT;
    spin_unlock(&mm->pt_lock);
    mm__read_unlock(&mm->lock);
}

int mm_futex_key(struct mm *mm, uaddr_t addr, uint64_t key[2])
{
    struct vma *v;
    int err = 0;

    mm__read_lock(&mm->lock);
    v = vma__find(mm, addr);
    if (!v || v->start > addr) {
        err = -EFAULT;
    } else if ((v->flags & VMA_SHARED) && v->pc) {
        key[0] = (uintptr_t)v->pc;
        key[1] = (vma__pgoff(v, addr) << PAGE_SHIFT) |
                 (addr & (PAGE_SIZE - 1));
    } else {
        key[0] = (uintptr_t)mm;
        key[1] = addr;
    }
    mm__read_unlock(&mm->lock);
    return err;
}
