/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mremap: shrink, grow in place, or move. Moving carries the page-table
 * entries over; no byte of the pages is copied.
 */
#include "mm_priv.h"

#define REMAP_MAYMOVE 1u
#define REMAP_FIXED 2u
#define REMAP_DONTUNMAP 4u

#define MOVE_TRIES_MAX 3        /* reclaims for one table */

/* Entries on their way; g keeps a reference of each frame until the flush. */
struct move {
    struct gather g;
    int64_t delta;
    uaddr_t stuck;              /* no table for this one's new place; or 0 */
};

/*
 * arch_pt_unmap's fn. pt_lock is held from the loss of the old entry to the
 * new one, so whoever walks a cache's mappings finds the page in one of the
 * two places (M4): it looks at the new mapping, linked last, after the old.
 */
static bool move_one(void *arg, uaddr_t va, const struct pt_entry *e)
{
    struct move *m = arg;
    struct arch_pt *pt = &m->g.mm->pt;
    int err;

    if (!e->table) {
        err = arch_pt_map(pt, va + (uaddr_t)m->delta, e->pa, e->prot);
        if (err < 0) {
            err = arch_pt_map(pt, va, e->pa, e->prot);
            ASSERT(err == 0);   /* its table is still there */
            m->stuck = va;
            return false;
        }
        page_ref(page__of_phys(e->pa));
    }
    return gather__hold(&m->g, va, e);
}

/*
 * Moves what is mapped in [old,old+length) by delta. Huge pages have been
 * split. When even the tables cannot be had, the program is out of memory:
 * the rest stays, and true tells mm_remap to end the program once the lock is
 * released.
 */
static bool entries_move(struct mm *mm, uaddr_t old, uint64_t length,
                         int64_t delta)
{
    uaddr_t at = old, end = old + length;
    int tries = 0;
    struct move m;

    gather__init(&m.g, mm);
    m.delta = delta;
    while (at < end) {
        m.stuck = 0;
        spin_lock(&mm->pt_lock);
        at = arch_pt_unmap(&mm->pt, at, end, move_one, &m);
        spin_unlock(&mm->pt_lock);
        gather__flush(&m.g);
        if (!m.stuck)
            continue;
        if (tries++ == MOVE_TRIES_MAX || page_cache_reclaim(16) == 0)
            return true;
        at = m.stuck;
    }
    return false;
}

/* Splits every huge page in the range: their alignment may differ there. */
static int huge_split_all(struct mm *mm, uaddr_t start, uaddr_t end)
{
    uaddr_t at = ALIGN_DOWN(start, HUGE_SIZE);
    int err = 0;

    for (; err == 0 && at < end; at += HUGE_SIZE)
        err = mm__split_huge(mm, at + PAGE_SIZE);
    return err;
}

static struct vma *vma_clone(const struct vma *v, uaddr_t start, uaddr_t end,
                             uint64_t pgoff)
{
    struct vma *w = vma__alloc();

    if (!w)
        return NULL;
    w->start = start;
    w->end = end;
    w->flags = v->flags;
    w->ops = v->ops;
    w->object = v->object;
    w->pgoff = v->ops ? pgoff : 0;
    w->label = v->label;
    w->pc = v->pc;
    if (w->ops && w->ops->ref)
        w->ops->ref(w->object);
    return w;
}

struct remap {
    uaddr_t old, to;
    uint64_t old_len, new_len;
    unsigned flags;
    bool lost;                  /* out: no tables for all of its pages */
};

/* What mm_map would refuse, mremap does not give either. */
static bool accounted(const struct vma *v, uint64_t length)
{
    return (v->flags & VMA_SHARED) || !mm__overcommitted(v->flags, length);
}

/* Moves [old, old+old_len) of v to r->to, which is free. Lock for writing. */
static long move_to(struct mm *mm, struct vma *v, struct remap *r)
{
    uint64_t keep = MIN(r->old_len, r->new_len);
    struct vma *w;
    int err;

    if (mm->nr_vmas >= VMAS_MAX || !accounted(v, r->new_len))
        return -ENOMEM;
    w = vma_clone(v, r->to, r->to + r->new_len, vma__pgoff(v, r->old));
    if (!w)
        return -ENOMEM;
    err = huge_split_all(mm, r->old, r->old + keep);
    /* Cut the old range out while failing is still easy. */
    if (err == 0)
        err = vma__split(mm, v, r->old);
    if (err == 0)
        err = vma__split(mm, vma__find(mm, r->old), r->old + r->old_len);
    if (err < 0) {
        vma__free(w);
        return err;
    }
    vma__insert(mm, w);
    r->lost = entries_move(mm, r->old, keep, (int64_t)(r->to - r->old));
    vma__merge(mm, w);
    if (!(r->flags & REMAP_DONTUNMAP))
        vma__clear_range(mm, r->old, r->old + r->old_len);
    return (long)r->to;
}

/* True when v ends where the range does and there is room behind it. */
static bool grows_here(struct vma *v, const struct remap *r)
{
    struct vma *next = vma__next(v);
    uaddr_t end = r->old + r->new_len;

    return v->end == r->old + r->old_len && mm__range_ok(r->old, r->new_len) &&
           (!next || next->start >= end);
}

static long remap_fixed(struct mm *mm, struct remap *r)
{
    struct vma *v;
    int err;

    if (!IS_ALIGNED(r->to, PAGE_SIZE) || !mm__range_ok(r->to, r->new_len) ||
        r->to < MM_MIN_ADDR || (r->to < r->old + r->old_len &&
                                r->old < r->to + r->new_len))
        return -EINVAL;
    err = vma__clear_range(mm, r->to, r->to + r->new_len);
    if (err < 0)
        return err;
    v = vma__find(mm, r->old);
    return move_to(mm, v, r);
}

static long remap_locked(struct mm *mm, struct remap *r)
{
    struct vma *v = vma__find(mm, r->old);
    long at;

    if (!v || v->start > r->old || r->old + r->old_len > v->end)
        return -EFAULT;
    if (v->flags & VMA_SPECIAL)
        return -EINVAL;
    if (r->flags & REMAP_DONTUNMAP && (v->ops || r->old_len != r->new_len))
        return -EINVAL;
    if (r->old_len == 0 && !(v->flags & VMA_SHARED))
        return -EINVAL;
    if (r->flags & REMAP_FIXED)
        return remap_fixed(mm, r);
    if (r->new_len <= r->old_len && r->old_len > 0 &&
        !(r->flags & REMAP_DONTUNMAP)) {
        int err = r->new_len == r->old_len ? 0 :
            vma__clear_range(mm, r->old + r->new_len, r->old + r->old_len);

        return err < 0 ? err : (long)r->old;
    }
    if (r->old_len > 0 && r->new_len > r->old_len && grows_here(v, r)) {
        if (!accounted(v, r->new_len - r->old_len))
            return -ENOMEM;
        vma__resize(mm, v, v->start, r->old + r->new_len);
        vma__merge(mm, v);
        return (long)r->old;
    }
    if (!(r->flags & REMAP_MAYMOVE))
        return -ENOMEM;
    at = mm__place(mm, r->new_len);
    if (at < 0)
        return at;
    r->to = (uaddr_t)at;
    return move_to(mm, v, r);
}

long mm_remap(struct mm *mm, uaddr_t old, uint64_t old_len, uint64_t new_len,
              unsigned flags, uaddr_t new_addr)
{
    struct remap r = {
        .old = old, .to = new_addr, .flags = flags,
        .old_len = ALIGN_UP(old_len, PAGE_SIZE),
        .new_len = ALIGN_UP(new_len, PAGE_SIZE),
    };
    long at;

    if (!IS_ALIGNED(old, PAGE_SIZE) || r.new_len == 0 || r.old_len < old_len ||
        (flags & ~(REMAP_MAYMOVE | REMAP_FIXED | REMAP_DONTUNMAP)) ||
        ((flags & (REMAP_FIXED | REMAP_DONTUNMAP)) &&
         !(flags & REMAP_MAYMOVE)))
        return -EINVAL;
    if (!mm__range_ok(old, r.old_len))
        return -EFAULT;
    if (!mm__range_ok(0, r.new_len))
        return -ENOMEM;
    mm__write_lock(&mm->lock);
    at = remap_locked(mm, &r);
    mm__write_unlock(&mm->lock);
    if (r.lost)
        mm__oom("no memory left for the page tables of mremap");
    return at;
}
