/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mremap: shrink, grow in place, or move. Moving carries the page-table
 * entries over; no byte of the pages is copied.
 */
#include "mm_priv.h"

#define REMAP_MAYMOVE 1u
#define REMAP_FIXED 2u
#define REMAP_DONTUNMAP 4u

#define MOVE_BATCH 96

/* Entries taken off the old range, to be set in the new one. */
struct moved {
    unsigned n, nr_tables;
    struct {
        uaddr_t va;
        paddr_t pa;
        unsigned prot;
    } at[MOVE_BATCH];
    paddr_t tables[MOVE_BATCH];
};

static bool move_take(void *arg, uaddr_t va, const struct pt_entry *e)
{
    struct moved *m = arg;

    if (e->table) {
        m->tables[m->nr_tables++] = e->pa;
    } else {
        m->at[m->n].va = va;
        m->at[m->n].pa = e->pa;
        m->at[m->n].prot = e->prot;
        m->n++;
    }
    return m->n < MOVE_BATCH - PT_UNMAP_EXTRA &&
           m->nr_tables < MOVE_BATCH - PT_UNMAP_EXTRA;
}

/* Sets one entry at its new place. -ENOMEM when no table can be had. */
static int move_put(struct mm *mm, uaddr_t va, paddr_t pa, unsigned prot)
{
    for (int tries = 0;; tries++) {
        int err;

        spin_lock(&mm->pt_lock);
        err = arch_pt_map(&mm->pt, va, pa, prot);
        spin_unlock(&mm->pt_lock);
        if (err != -ENOMEM || tries == 3 || page_cache_reclaim(16) == 0)
            return err;
    }
}

/*
 * Moves what is mapped in [old,old+length) by delta. Huge pages have been
 * split. When even the tables cannot be had, the program is out of memory:
 * the pages that have no place are freed, and true tells mm_remap to end the
 * program once the lock is released.
 */
static bool entries_move(struct mm *mm, uaddr_t old, uint64_t length,
                         int64_t delta, struct moved *m)
{
    uaddr_t at = old, end = old + length;
    bool lost = false;

    while (at < end) {
        uaddr_t from = at;

        m->n = m->nr_tables = 0;
        spin_lock(&mm->pt_lock);
        at = arch_pt_unmap(&mm->pt, at, end, move_take, m);
        spin_unlock(&mm->pt_lock);
        if (m->n > 0 || m->nr_tables > 0)
            arch_tlb_flush(&mm->pt, from, at);
        for (unsigned i = 0; i < m->nr_tables; i++)
            mm_pt_free(m->tables[i]);
        for (unsigned i = 0; i < m->n; i++) {
            if (!lost && move_put(mm, m->at[i].va + (uaddr_t)delta,
                                  m->at[i].pa, m->at[i].prot) == 0)
                continue;
            lost = true;
            mm__entry_lost(mm, m->at[i].pa);
        }
    }
    return lost;
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
    bool lost;                  /* out: pages were lost for want of tables */
};

/* Moves [old, old+old_len) of v to r->to, which is free. Lock for writing. */
static long move_to(struct mm *mm, struct vma *v, struct remap *r)
{
    uint64_t keep = MIN(r->old_len, r->new_len);
    struct moved *m = kmalloc(sizeof(*m));
    struct vma *w = vma_clone(v, r->to, r->to + r->new_len,
                              vma__pgoff(v, r->old));
    int err = m && w ? 0 : -ENOMEM;

    if (err == 0)
        err = huge_split_all(mm, r->old, r->old + keep);
    /* Cut the old range out while failing is still easy. */
    if (err == 0)
        err = vma__split(mm, v, r->old);
    if (err == 0)
        err = vma__split(mm, vma__find(mm, r->old), r->old + r->old_len);
    if (err < 0) {
        if (w)
            vma__free(w);
        kfree(m);
        return err;
    }
    vma__insert(mm, w);
    r->lost = entries_move(mm, r->old, keep, (int64_t)(r->to - r->old), m);
    kfree(m);
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
