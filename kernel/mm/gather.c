/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Removing page-table entries: collect the frames, flush, give them back
 * (M2), in batches.
 */
#include "mm_priv.h"

void gather__init(struct gather *g, struct mm *mm)
{
    g->mm = mm;
    g->start = UINT64_MAX;
    g->end = 0;
    g->n = 0;
}

/* A removed entry no longer counts. Under pt_lock. */
static void uncount(struct mm *mm, struct page *p)
{
    if (p->kind == PAGE_ANON) {
        mm->rss_anon -= 1ull << p->order;
        return;
    }
    mm->rss_file--;
    if (p->kind == PAGE_CACHE)
        __atomic_fetch_sub(&p->mapped, 1, __ATOMIC_RELAXED);
}

bool gather__hold(struct gather *g, uaddr_t va, const struct pt_entry *e)
{
    uint64_t size = e->huge || e->table ? HUGE_SIZE : PAGE_SIZE;

    g->frames[g->n++] = e->pa | e->table;
    g->start = MIN(g->start, ALIGN_DOWN(va, size));
    g->end = MAX(g->end, ALIGN_DOWN(va, size) + size);
    return g->n < GATHER_MAX - PT_UNMAP_EXTRA;
}

bool gather__add(void *arg, uaddr_t va, const struct pt_entry *e)
{
    struct gather *g = arg;

    if (!e->table) {
        struct page *p = page__of_phys(e->pa);

        uncount(g->mm, p);
        if (e->dirty && p->kind == PAGE_CACHE)
            __atomic_fetch_or(&p->state, PGS_DIRTY, __ATOMIC_RELAXED);
    }
    return gather__hold(g, va, e);
}

void gather__flush(struct gather *g)
{
    if (g->n == 0)
        return;
    arch_tlb_flush(&g->mm->pt, g->start, g->end);
    for (unsigned i = 0; i < g->n; i++) {
        if (g->frames[i] & 1)
            mm_pt_free(g->frames[i] & ~1ull);
        else
            page_unref(page__of_phys(g->frames[i]));
    }
    gather__init(g, g->mm);
}

int mm__split_huge(struct mm *mm, uaddr_t addr)
{
    struct pt_entry e;
    int err;

    if (IS_ALIGNED(addr, HUGE_SIZE))
        return 0;
    for (int tries = 0;; tries++) {
        err = 0;
        spin_lock(&mm->pt_lock);
        if (arch_pt_query(&mm->pt, addr, &e) && e.huge) {
            err = arch_pt_split(&mm->pt, addr);
            if (err == 0)
                page__split(page__of_phys(ALIGN_DOWN(e.pa, HUGE_SIZE)));
        }
        spin_unlock(&mm->pt_lock);
        if (err == 0 || tries == 3 || page_cache_reclaim(64) == 0)
            break;
    }
    return err;
}

int mm__zap(struct mm *mm, uaddr_t start, uaddr_t end)
{
    struct gather g;
    int err = mm__split_huge(mm, start);

    if (err == 0)
        err = mm__split_huge(mm, end);
    if (err < 0)
        return err;
    gather__init(&g, mm);
    while (start < end) {
        spin_lock(&mm->pt_lock);
        start = arch_pt_unmap(&mm->pt, start, end, gather__add, &g);
        spin_unlock(&mm->pt_lock);
        gather__flush(&g);
    }
    return 0;
}

void mm__trim(struct mm *mm, uaddr_t last, uaddr_t low, uaddr_t high)
{
    struct gather g;

    gather__init(&g, mm);
    spin_lock(&mm->pt_lock);
    arch_pt_trim(&mm->pt, last, low, high, gather__add, &g);
    spin_unlock(&mm->pt_lock);
    gather__flush(&g);
}
