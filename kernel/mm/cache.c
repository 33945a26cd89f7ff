/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page cache: an index of pages per file, filled on demand, and reclaim
 * over all caches that are not stores.
 *
 * The index is a radix tree of 64-way nodes that is as high as the largest
 * index needs; with height 0 the root is the page of index 0 itself, so a
 * file of one page costs no node. The cache holds one reference of each page.
 *
 *   absent --page_cache_get--> PGS_FILLING --fill ok--> filled
 *   PGS_FILLING --fill failed--> absent (waiters see PGS_ERROR)
 *   filled --page_cache_drop, page_cache_reclaim--> absent (page->pc NULL)
 *
 * Reclaim goes round all caches, page by page. A page that was used since its
 * last visit is spared once; a mapped one loses its mappings first and goes
 * when its turn comes again.
 */
#include "mm_priv.h"

#define NODE_BITS 6
#define NODE_SLOTS (1u << NODE_BITS)
#define HEIGHT_MAX 11
#define RECLAIM_VICTIMS 32

struct node {
    void *slots[NODE_SLOTS];
    uint32_t count;             /* slots in use */
};

static struct spinlock lru_lock;
static struct list lru = LIST_INIT(lru);        /* [lru_lock] of caches */
static uint64_t lru_caches;                     /* [lru_lock] how many */
static uint64_t reclaimable;                    /* [a] pages in `lru` */

/* ---- the index; under pc->lock ---- */

static bool index_fits(const struct page_cache *pc, uint64_t index)
{
    unsigned bits = pc->height * NODE_BITS;

    return bits >= 64 || index >> bits == 0;
}

static struct page *index_get(const struct page_cache *pc, uint64_t index)
{
    void *at = pc->root;

    if (!index_fits(pc, index))
        return NULL;
    for (unsigned h = pc->height; h > 0 && at; h--)
        at = ((struct node *)at)->slots[index >> ((h - 1) * NODE_BITS) &
                                        (NODE_SLOTS - 1)];
    return at;
}

/* The slots from that of index on, *n of them and at most `want`. None: there
 * is nothing as far as that node would reach. */
static void **index_run(struct page_cache *pc, uint64_t index, unsigned want,
                        unsigned *n)
{
    unsigned at = index % NODE_SLOTS;
    struct node *leaf = pc->root;

    *n = 0;
    if (!index_fits(pc, index))
        return NULL;
    if (pc->height == 0) {
        *n = 1;
        return &pc->root;
    }
    for (unsigned h = pc->height; h > 1 && leaf; h--)
        leaf = leaf->slots[index >> ((h - 1) * NODE_BITS) & (NODE_SLOTS - 1)];
    if (leaf)
        *n = MIN(want, NODE_SLOTS - at);
    return leaf ? leaf->slots + at : NULL;
}

/* Makes the tree high enough. -ENOMEM. */
static int index_grow(struct page_cache *pc, uint64_t index)
{
    while (!index_fits(pc, index)) {
        struct node *n;

        if (pc->root) {
            n = kzalloc(sizeof(*n));
            if (!n)
                return -ENOMEM;
            n->slots[0] = pc->root;
            n->count = 1;
            pc->root = n;
        }
        pc->height++;
    }
    return 0;
}

/* Frees empty nodes from path[depth - 1] upwards. */
static void index_prune(struct page_cache *pc, void **path[], unsigned depth)
{
    while (depth > 0) {
        struct node *n = *path[--depth];

        if (n->count > 0)
            break;
        *path[depth] = NULL;
        kfree(n);
        if (depth > 0)
            ((struct node *)*path[depth - 1])->count--;
    }
    if (!pc->root)
        pc->height = 0;
}

static int index_put(struct page_cache *pc, uint64_t index, struct page *p)
{
    void **path[HEIGHT_MAX + 1];
    unsigned depth = 0;

    if (index_grow(pc, index) < 0)
        return -ENOMEM;
    path[0] = &pc->root;
    for (unsigned h = pc->height; h > 0; h--, depth++) {
        if (!*path[depth]) {
            *path[depth] = kzalloc(sizeof(struct node));
            if (!*path[depth]) {
                index_prune(pc, path, depth);
                return -ENOMEM;
            }
            if (depth > 0)
                ((struct node *)*path[depth - 1])->count++;
        }
        path[depth + 1] = &((struct node *)*path[depth])->slots[
            index >> ((h - 1) * NODE_BITS) & (NODE_SLOTS - 1)];
    }
    ASSERT(!*path[depth]);
    *path[depth] = p;
    if (depth > 0)
        ((struct node *)*path[depth - 1])->count++;
    pc->nr_pages++;
    return 0;
}

/* Removes what is at index and the nodes that become empty. */
static void index_del(struct page_cache *pc, uint64_t index)
{
    void **path[HEIGHT_MAX + 1];
    unsigned depth = 0;

    path[0] = &pc->root;
    for (unsigned h = pc->height; h > 0; h--, depth++)
        path[depth + 1] = &((struct node *)*path[depth])->slots[
            index >> ((h - 1) * NODE_BITS) & (NODE_SLOTS - 1)];
    *path[depth] = NULL;
    if (depth > 0)
        ((struct node *)*path[depth - 1])->count--;
    index_prune(pc, path, depth);
    pc->nr_pages--;
}

/* The first page at or after *index; sets *index to its own. */
static struct page *index_next(const struct page_cache *pc, uint64_t *index)
{
    uint64_t i = *index;

    while (index_fits(pc, i)) {
        void *at = pc->root;
        unsigned h = pc->height;
        uint64_t step;

        for (; h > 0 && at; h--)
            at = ((struct node *)at)->slots[i >> ((h - 1) * NODE_BITS) &
                                            (NODE_SLOTS - 1)];
        if (at) {
            *index = i;
            return at;
        }
        /* Nothing below the node of level h: skip what it would cover. */
        step = h * NODE_BITS >= 64 ? 0 : 1ull << (h * NODE_BITS);
        i = (i & ~(step - 1)) + step;
        if (step == 0 || i == 0)
            return NULL;
    }
    return NULL;
}

/* ---- membership ---- */

static void lru_join(struct page_cache *pc)
{
    uint64_t irq;

    if (pc->store || !list_empty(&pc->lru_link))
        return;
    irq = spin_lock_irqsave(&lru_lock);
    if (list_empty(&pc->lru_link)) {
        list_add_tail(&lru, &pc->lru_link);
        lru_caches++;
    }
    spin_unlock_irqrestore(&lru_lock, irq);
}

/* Under lru_lock. */
static void lru_leave(struct page_cache *pc)
{
    if (list_empty(&pc->lru_link))
        return;
    list_del(&pc->lru_link);
    lru_caches--;
}

/* Takes a page out of its cache; the cache's reference goes to the caller. */
static void detach_locked(struct page_cache *pc, struct page *p)
{
    index_del(pc, p->index);
    __atomic_store_n(&p->pc, NULL, __ATOMIC_RELEASE);
    if (!pc->store)
        __atomic_fetch_sub(&reclaimable, 1, __ATOMIC_RELAXED);
}

/* Puts p in unless a page is there already, which is then returned with a
 * reference; ERR_PTR(-ENOMEM). p itself on success, with one more. */
static struct page *attach(struct page_cache *pc, uint64_t index,
                           struct page *p)
{
    struct page *other;
    int err;

    page__kind_set(p, PAGE_CACHE);
    p->pc = pc;
    p->index = index;
    p->mapped = 0;
    p->error = 0;
    spin_lock(&pc->lock);
    other = index_get(pc, index);
    if (other) {
        page_ref(other);
        spin_unlock(&pc->lock);
        return other;
    }
    err = index_put(pc, index, p);
    if (err == 0) {
        page_ref(p);
        if (!pc->store)
            __atomic_fetch_add(&reclaimable, 1, __ATOMIC_RELAXED);
    }
    spin_unlock(&pc->lock);
    if (err < 0)
        return ERR_PTR(err);
    lru_join(pc);
    return p;
}

/* ---- the door ---- */

void page_cache_init(struct page_cache *pc, const struct page_cache_ops *ops,
                     void *owner, bool store)
{
    ASSERT(store || (ops && ops->fill));
    memset(pc, 0, sizeof(*pc));
    pc->ops = ops;
    pc->owner = owner;
    pc->store = store;
    spin_init(&pc->lock);
    list_init(&pc->mappings);
    list_init(&pc->lru_link);
}

void page_cache_release(struct page_cache *pc)
{
    uint64_t irq = spin_lock_irqsave(&lru_lock);

    lru_leave(pc);
    spin_unlock_irqrestore(&lru_lock, irq);
    ASSERT(list_empty(&pc->mappings));
    page_cache_drop(pc, 0, UINT64_MAX, true);
    ASSERT(pc->nr_pages == 0);
}

static struct page *lookup(struct page_cache *pc, uint64_t index)
{
    struct page *p;

    spin_lock(&pc->lock);
    p = index_get(pc, index);
    if (p)
        page_ref(p);
    spin_unlock(&pc->lock);
    return p;
}

static bool page_settled(void *arg)
{
    const struct page *p = arg;

    return !(__atomic_load_n(&p->state, __ATOMIC_ACQUIRE) & PGS_FILLING);
}

/* Waits until somebody else has filled p. Consumes the reference on error. */
static struct page *settle(struct page *p)
{
    int err;

    if (unlikely(!page_settled(p)))
        mm__wait(p, page_settled);
    if (unlikely(p->state & PGS_ERROR)) {
        err = p->error;
        page_unref(p);
        return ERR_PTR(err);
    }
    if (!(p->state & PGS_ACCESSED))
        __atomic_fetch_or(&p->state, PGS_ACCESSED, __ATOMIC_RELAXED);
    return p;
}

/* Fills p, which is in the cache as PGS_FILLING and has a reference. */
static struct page *fill(struct page_cache *pc, uint64_t index,
                         struct page *p)
{
    int err = pc->ops->fill(pc, index, page_to_virt(p));
    bool mine;

    if (err == 0) {
        __atomic_fetch_and(&p->state, (uint8_t)~PGS_FILLING, __ATOMIC_SEQ_CST);
        mm__wake(p);
        return p;
    }
    spin_lock(&pc->lock);
    mine = p->pc == pc;
    if (mine)
        detach_locked(pc, p);
    spin_unlock(&pc->lock);
    p->error = err;
    __atomic_store_n(&p->state, PGS_ERROR, __ATOMIC_SEQ_CST);
    mm__wake(p);
    if (mine)
        page_unref(p);
    page_unref(p);
    return ERR_PTR(err);
}

struct page *page_cache_get(struct page_cache *pc, uint64_t index)
{
    struct page *p = lookup(pc, index), *in;

    if (likely(p != NULL))
        return settle(p);
    p = page_alloc(0, PAGE_ZERO | PAGE_USER);
    if (!p)
        return ERR_PTR(-ENOMEM);
    p->state = pc->store ? PGS_ACCESSED : PGS_ACCESSED | PGS_FILLING;
    in = attach(pc, index, p);
    if (in != p) {
        p->pc = NULL;
        page_unref(p);
        return IS_ERR(in) ? in : settle(in);
    }
    return pc->store ? p : fill(pc, index, p);
}

struct page *page_cache_peek(struct page_cache *pc, uint64_t index)
{
    struct page *p;

    spin_lock(&pc->lock);
    p = index_get(pc, index);
    if (p && (p->state & (PGS_FILLING | PGS_ERROR)))
        p = NULL;
    if (p)
        page_ref(p);
    spin_unlock(&pc->lock);
    return p;
}

void page_cache_peek_range(struct page_cache *pc, uint64_t index, unsigned n,
                           struct page **out)
{
    void **slot = NULL;
    unsigned run = 0;

    spin_lock(&pc->lock);
    for (unsigned i = 0; i < n; i++, index++) {
        struct page *p = NULL;

        if (run == 0 && (i == 0 || index % NODE_SLOTS == 0))
            slot = index_run(pc, index, n - i, &run);
        if (run > 0) {
            p = *slot++;
            run--;
        }
        if (p && (p->state & (PGS_FILLING | PGS_ERROR)))
            p = NULL;
        if (p)
            page_ref(p);
        out[i] = p;
    }
    spin_unlock(&pc->lock);
}

bool page_cache_next(struct page_cache *pc, uint64_t *index)
{
    bool found;

    spin_lock(&pc->lock);
    found = index_next(pc, index) != NULL;
    spin_unlock(&pc->lock);
    return found;
}

int page_cache_put_filled(struct page_cache *pc, uint64_t index,
                          const void *data)
{
    struct page *p = lookup(pc, index), *in;

    if (p) {
        page_unref(p);
        return 0;
    }
    /* What was read along is worth more than what was idle for long: without
     * it each page of a compressed cluster costs the whole cluster again. Not
     * of a small cache: that is what runs, and would push itself out. */
    if (page__low() && page_cache__pages() > page__total_frames() / 16)
        page_cache__reclaim(RECLAIM_VICTIMS, 4, true);
    p = page_alloc(0, PAGE_OPTIONAL);
    if (!p)
        return -ENOMEM;
    memcpy(page_to_virt(p), data, PAGE_SIZE);
    p->state = PGS_ACCESSED;
    in = attach(pc, index, p);
    if (in != p)
        p->pc = NULL;
    page_unref(p);
    if (IS_ERR(in))
        return -ENOMEM;
    if (in != p)
        page_unref(in);
    return 0;
}

/* ---- unmapping by the reverse map ---- */

/* Pages just taken out of a cache. */
struct dropped {
    unsigned n;
    struct { uint64_t index; struct page *page; } at[RECLAIM_VICTIMS];
};

/* The same as below, of these pages alone. */
static bool unmap_dropped(struct vma *v, const struct dropped *d,
                          struct gather *g)
{
    uint64_t n = (v->end - v->start) >> PAGE_SHIFT;
    bool all = true;

    g->mm = v->mm;
    spin_lock(&v->mm->pt_lock);
    for (unsigned i = 0; all && i < d->n; i++) {
        uint64_t off = d->at[i].index - v->pgoff;
        uaddr_t va = v->start + off * PAGE_SIZE;
        struct pt_entry e;

        if (off < n && arch_pt_query(&v->mm->pt, va, &e) &&
            e.pa == page_to_phys(d->at[i].page))
            all = arch_pt_unmap(&v->mm->pt, va, va + PAGE_SIZE, gather__add,
                                g) > va;
    }
    spin_unlock(&v->mm->pt_lock);
    return all;
}

/*
 * Collects into g the entries of one mapping of [first,last], up to g's size.
 * False: there are (or may be) more. Under pc->lock.
 */
static bool unmap_from(struct vma *v, uint64_t first, uint64_t last,
                       struct gather *g)
{
    uint64_t n = (v->end - v->start) >> PAGE_SHIFT;
    uaddr_t start, end, at;

    if (last < v->pgoff || first >= v->pgoff + n)
        return true;
    start = v->start + (first > v->pgoff ? first - v->pgoff : 0) * PAGE_SIZE;
    end = last - v->pgoff >= n ? v->end
              : v->start + (last - v->pgoff + 1) * PAGE_SIZE;
    g->mm = v->mm;
    spin_lock(&v->mm->pt_lock);
    at = arch_pt_unmap(&v->mm->pt, start, end, gather__add, g);
    spin_unlock(&v->mm->pt_lock);
    return at >= end;
}

/* Removes every mapping of [first,last] of pc, private copies included; or
 * with d only what shows its pages. */
static void unmap_all(struct page_cache *pc, uint64_t first, uint64_t last,
                      const struct dropped *d)
{
    struct vma *v;
    struct mm *mm;

    for (bool more = true; more;) {
        struct gather g;

        more = false;
        mm = NULL;
        spin_lock(&pc->lock);
        list_for_each(v, &pc->mappings, share_link) {
            gather__init(&g, v->mm);
            more = d ? !unmap_dropped(v, d, &g)
                     : !unmap_from(v, first, last, &g);
            if (g.n > 0) {
                mm = v->mm;
                mm__pin(mm);
                more = true;
                break;
            }
        }
        spin_unlock(&pc->lock);
        if (mm) {
            gather__flush(&g);
            mm__unpin(mm);
        }
    }
}

/* Takes out the next pages from *index to last. True: mappings are to be
 * looked at. */
static bool take_out(struct page_cache *pc, uint64_t *index, uint64_t last,
                     struct dropped *d)
{
    bool mapped;

    d->n = 0;
    spin_lock(&pc->lock);
    mapped = !list_empty(&pc->mappings);
    while (d->n < ARRAY_LEN(d->at)) {
        struct page *p = index_next(pc, index);

        if (!p || *index > last)
            break;
        detach_locked(pc, p);           /* M4: before the walk of mappings */
        d->at[d->n].index = *index;
        d->at[d->n++].page = p;
    }
    spin_unlock(&pc->lock);
    return mapped;
}

void page_cache_drop(struct page_cache *pc, uint64_t first, uint64_t last,
                     bool copies)
{
    uint64_t index = first;
    bool mapped = false;
    struct dropped d;

    do {
        mapped |= take_out(pc, &index, last, &d);
        if (mapped && !copies)
            unmap_all(pc, first, last, &d);
        for (unsigned i = 0; i < d.n; i++)
            page_unref(d.at[i].page);
    } while (d.n > 0);
    if (mapped && copies)
        unmap_all(pc, first, last, NULL);
}

/* ---- reclaim ---- */

struct victims {
    unsigned n;
    struct page *pages[RECLAIM_VICTIMS];
};

/* Looks at one page: frees, spares or marks it. Under pc->lock. True if it
 * was taken out into `out`. */
static bool consider(struct page_cache *pc, struct page *p,
                     struct victims *out)
{
    if (p->state & (PGS_FILLING | PGS_DIRTY))
        return false;
    if (p->state & PGS_ACCESSED) {
        __atomic_fetch_and(&p->state, (uint8_t)~PGS_ACCESSED,
                           __ATOMIC_RELAXED);
        return false;
    }
    if (page_refs(p) != 1)
        return false;
    detach_locked(pc, p);
    out->pages[out->n++] = p;
    return true;
}

/* Visits up to 256 pages of a cache from its cursor on. Sets *mapped to the
 * index of an idle page whose mappings keep it. True: it came to the end.
 * Under lru_lock. */
static bool scan_cache(struct page_cache *pc, struct victims *out,
                       uint64_t want, uint64_t *mapped)
{
    uint64_t index = pc->cursor;
    bool end = false;

    if (!spin_trylock(&pc->lock))
        return true;
    for (int i = 0; i < 256 && out->n < RECLAIM_VICTIMS && out->n < want;
         i++) {
        struct page *p = index_next(pc, &index);

        if (!p) {
            index = 0;
            end = true;
            break;
        }
        if (!consider(pc, p, out) && *mapped == UINT64_MAX &&
            !(p->state & (PGS_ACCESSED | PGS_FILLING | PGS_DIRTY)) &&
            p->mapped > 0)
            *mapped = index;
        index++;
    }
    pc->cursor = index;
    if (pc->nr_pages == 0)
        lru_leave(pc);
    spin_unlock(&pc->lock);
    return end;
}

/* Unmaps from v those of 64 idle pages from `index` on that it shows; its
 * private copies stay. Under pc->lock. */
static void unmap_idle(struct vma *v, uint64_t index, struct gather *g)
{
    uint64_t end = v->pgoff + ((v->end - v->start) >> PAGE_SHIFT);
    uint64_t i = MAX(index, v->pgoff);
    struct mm *mm = v->mm;

    spin_lock(&mm->pt_lock);
    for (; i < MIN(index + 64, end); i++) {
        uaddr_t va = v->start + (i - v->pgoff) * PAGE_SIZE;
        struct page *p = index_get(v->pc, i);
        struct pt_entry e;

        if (!p || (p->state & (PGS_FILLING | PGS_DIRTY)) ||
            !arch_pt_query(&mm->pt, va, &e) || e.pa != page_to_phys(p))
            continue;
        if (arch_pt_unmap(&mm->pt, va, va + PAGE_SIZE, gather__add, g) == va)
            break;
    }
    spin_unlock(&mm->pt_lock);
}

/* Takes mappings of 64 idle pages away, so that a later round can free them,
 * and goes on behind those. Under lru_lock, which keeps pc alive; the flush is
 * left to the caller. */
static void unmap_window(struct page_cache *pc, uint64_t index,
                         struct gather *g, struct mm **mm)
{
    struct vma *v;

    if (!spin_trylock(&pc->lock))
        return;
    list_for_each(v, &pc->mappings, share_link) {
        g->mm = v->mm;
        unmap_idle(v, index, g);
        if (g->n > 0) {
            *mm = v->mm;
            mm__pin(*mm);
            pc->cursor = index + 64;
            break;
        }
    }
    spin_unlock(&pc->lock);
}

/* One round over the cache whose turn it is. Returns pages freed. */
static uint64_t reclaim_round(uint64_t want, bool may_unmap)
{
    uint64_t irq = irq_save(), mapped = UINT64_MAX;
    struct victims out = { .n = 0 };
    struct page_cache *pc;
    struct mm *mm = NULL;
    struct gather g;
    bool end;

    gather__init(&g, NULL);
    if (!spin_trylock(&lru_lock)) {
        irq_restore(irq);
        return 0;
    }
    if (!list_empty(&lru)) {
        pc = list_first(&lru, struct page_cache, lru_link);
        end = scan_cache(pc, &out, want, &mapped);
        if (may_unmap && out.n == 0 && mapped != UINT64_MAX)
            unmap_window(pc, mapped, &g, &mm);
        if (end && !mm && !list_empty(&pc->lru_link)) {
            list_del(&pc->lru_link);
            list_add_tail(&lru, &pc->lru_link);
        }
    }
    spin_unlock(&lru_lock);
    irq_restore(irq);
    for (unsigned i = 0; i < out.n; i++)
        page_unref(out.pages[i]);
    if (mm) {
        gather__flush(&g);
        mm__unpin(mm);
    }
    return out.n;
}

uint64_t page_cache__pages(void)
{
    return __atomic_load_n(&reclaimable, __ATOMIC_RELAXED);
}

uint64_t page_cache__reclaim(uint64_t n, uint64_t rounds, bool may_unmap)
{
    uint64_t pages = __atomic_load_n(&reclaimable, __ATOMIC_RELAXED);
    uint64_t freed = 0;

    /* Round everything: to age it, to unmap it, to take it; and once more for
     * the part of a turn that is behind the first cursor. */
    rounds = MIN(rounds, 4 * (__atomic_load_n(&lru_caches, __ATOMIC_RELAXED) +
                              pages / 64 + 1));
    while (freed < n && rounds-- > 0 &&
           __atomic_load_n(&reclaimable, __ATOMIC_RELAXED) > 0)
        freed += reclaim_round(n - freed, may_unmap);
    return freed;
}

uint64_t page_cache_reclaim(uint64_t n)
{
    return page_cache__reclaim(n, UINT64_MAX, true);
}
