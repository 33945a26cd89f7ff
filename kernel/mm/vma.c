/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mappings of an address space: a tree by address, augmented with the
 * largest gap in front of any mapping of a subtree, so that room is found in
 * logarithmic time. Nothing here touches page tables but vma__clear_range.
 */
#include "mm_priv.h"

static struct vma *vma_of(struct tree_node *n)
{
    return n ? tree_entry(n, struct vma, node) : NULL;
}

/* The lowest address v keeps others from: a stack has a guard gap. */
static uaddr_t vma_low(const struct vma *v)
{
    if (!(v->flags & VMA_STACK) || v->start < STACK_GUARD)
        return v->start;
    return v->start - STACK_GUARD;
}

void vma__gap_update(struct tree_node *n)
{
    struct vma *v = vma_of(n), *l = vma_of(n->left), *r = vma_of(n->right);

    v->max_gap = v->gap;
    if (l)
        v->max_gap = MAX(v->max_gap, l->max_gap);
    if (r)
        v->max_gap = MAX(v->max_gap, r->max_gap);
}

static uint64_t gap_after(const struct vma *prev, const struct vma *v)
{
    uaddr_t from = prev ? prev->end : 0;

    return vma_low(v) > from ? vma_low(v) - from : 0;
}

static void gap_set(struct mm *mm, struct vma *v)
{
    if (!v)
        return;
    v->gap = gap_after(vma__prev(v), v);
    tree_changed(&mm->vmas, &v->node);
}

struct vma *vma__find(struct mm *mm, uaddr_t addr)
{
    struct vma *v = __atomic_load_n(&mm->hint, __ATOMIC_RELAXED);
    struct vma *best = NULL;
    struct tree_node *n = mm->vmas.root;

    if (v && v->start <= addr && addr < v->end)
        return v;
    while (n) {
        v = vma_of(n);
        if (v->end <= addr) {
            n = n->right;
            continue;
        }
        best = v;
        if (v->start <= addr)
            break;
        n = n->left;
    }
    if (best)
        __atomic_store_n(&mm->hint, best, __ATOMIC_RELAXED);
    return best;
}

struct vma *vma__first(struct mm *mm)
{
    return vma_of(tree_first(&mm->vmas));
}

struct vma *vma__next(struct vma *v)
{
    return vma_of(tree_next(&v->node));
}

struct vma *vma__prev(struct vma *v)
{
    return vma_of(tree_prev(&v->node));
}

void vma__usage(struct mm *mm, const struct vma *v, bool add)
{
    uint64_t n = add ? v->end - v->start : -(v->end - v->start);

    if (v->flags & VMA_SPECIAL)
        return;
    mm->mapped += n;
    mm->peak = MAX(mm->peak, mm->mapped);
    if (v->flags & VMA_STACK)
        mm->stack += n;
    else if ((v->flags & (VMA_WRITE | VMA_SHARED)) == VMA_WRITE)
        mm->data += n;
    else if ((v->flags & (VMA_EXEC | VMA_WRITE)) == VMA_EXEC)
        mm->exec += n;
}

/*
 * Reverse mapping: page_cache_drop and reclaim walk pc->mappings under the
 * cache's lock, so a change of bounds never leaves a mapped page uncovered.
 */
static void pc_lock(struct vma *v)
{
    if (v->pc)
        spin_lock(&v->pc->lock);
}

static void pc_unlock(struct vma *v)
{
    if (v->pc)
        spin_unlock(&v->pc->lock);
}

static void tree_link(struct mm *mm, struct vma *v)
{
    struct tree_node **link = &mm->vmas.root, *parent = NULL;
    struct vma *prev = NULL, *next = NULL;

    v->mm = mm;
    while (*link) {
        parent = *link;
        if (v->start < vma_of(parent)->start) {
            next = vma_of(parent);
            link = &parent->left;
        } else {
            prev = vma_of(parent);
            link = &parent->right;
        }
    }
    /* `next` is above v in the tree: inserting v updates it on the way. */
    v->gap = gap_after(prev, v);
    if (next)
        next->gap = gap_after(v, next);
    tree_insert(&mm->vmas, &v->node, parent, link);
    mm->nr_vmas++;
    vma__usage(mm, v, true);
}

static void tree_unlink(struct mm *mm, struct vma *v)
{
    struct vma *next = vma__next(v);

    tree_remove(&mm->vmas, &v->node);
    gap_set(mm, next);
    mm->nr_vmas--;
    mm->hint = NULL;
}

void vma__insert(struct mm *mm, struct vma *v)
{
    tree_link(mm, v);
    pc_lock(v);
    if (v->pc)
        list_add_tail(&v->pc->mappings, &v->share_link);
    pc_unlock(v);
}

void vma__hide(struct vma *v)
{
    pc_lock(v);
    list_del(&v->share_link);
    pc_unlock(v);
}

void vma__remove(struct mm *mm, struct vma *v)
{
    vma__usage(mm, v, false);
    vma__hide(v);
    tree_unlink(mm, v);
}

void vma__resize(struct mm *mm, struct vma *v, uaddr_t start, uaddr_t end)
{
    vma__usage(mm, v, false);
    pc_lock(v);
    if (v->ops)
        v->pgoff += (uint64_t)((int64_t)(start - v->start) >> PAGE_SHIFT);
    v->start = start;
    v->end = end;
    pc_unlock(v);
    gap_set(mm, v);
    gap_set(mm, vma__next(v));
    mm->hint = NULL;
    vma__usage(mm, v, true);
}

/* The nearest VMA to the left of v (v itself not counted) with a gap of at
 * least `length`. */
static struct vma *gap_prev(struct vma *v, uint64_t length)
{
    struct tree_node *n = &v->node;

    for (;;) {
        if (n->left && vma_of(n->left)->max_gap >= length) {
            n = n->left;
            while (n->right && vma_of(n->right)->max_gap >= length)
                n = n->right;
        } else {
            while (n->parent && n == n->parent->left)
                n = n->parent;
            n = n->parent;
            if (!n)
                return NULL;
        }
        if (vma_of(n)->gap >= length)
            return vma_of(n);
    }
}

long vma__gap_find(struct mm *mm, uint64_t length, uaddr_t low, uaddr_t high)
{
    struct vma *v, *last;
    uaddr_t from, to;

    if (high < low || high - low < length)
        return -ENOMEM;
    /* The gap that contains `high`, cut there. */
    v = vma__find(mm, high - 1);
    last = v ? vma__prev(v) : vma_of(tree_last(&mm->vmas));
    from = MAX(last ? last->end : 0, low);
    to = v ? MIN(vma_low(v), high) : high;
    if (to > from && to - from >= length)
        return (long)(to - length);
    if (!last)
        return -ENOMEM;
    /* Then the others, from the top. */
    v = last->gap >= length ? last : gap_prev(last, length);
    if (!v || vma_low(v) < low || vma_low(v) - low < length)
        return -ENOMEM;
    return (long)(vma_low(v) - length);
}

struct vma *vma__alloc(void)
{
    struct vma *v = kzalloc(sizeof(*v));

    if (v)
        list_init(&v->share_link);
    return v;
}

void vma__free(struct vma *v)
{
    if (v->ops && v->ops->unref)
        v->ops->unref(v->object);
    kfree(v);
}

int vma__split(struct mm *mm, struct vma *v, uaddr_t addr)
{
    struct vma *w;

    if (addr <= v->start || addr >= v->end)
        return 0;
    if (mm->nr_vmas >= VMAS_MAX)
        return -ENOMEM;
    w = vma__alloc();
    if (!w)
        return -ENOMEM;
    w->start = addr;
    w->end = v->end;
    w->flags = v->flags;
    w->ops = v->ops;
    w->object = v->object;
    w->pgoff = v->ops ? vma__pgoff(v, addr) : 0;
    w->label = v->label;
    w->pc = v->pc;
    if (w->ops && w->ops->ref)
        w->ops->ref(w->object);
    vma__usage(mm, v, false);
    pc_lock(v);
    v->end = addr;
    if (v->pc)
        list_add_tail(&v->pc->mappings, &w->share_link);
    pc_unlock(v);
    vma__usage(mm, v, true);
    mm->hint = NULL;
    tree_link(mm, w);
    return 0;
}

/* Gives v the range of its successor `next`, which goes. */
static void absorb(struct mm *mm, struct vma *v, struct vma *next)
{
    vma__usage(mm, v, false);
    vma__usage(mm, next, false);
    pc_lock(v);
    list_del(&next->share_link);
    v->end = next->end;
    pc_unlock(v);
    vma__usage(mm, v, true);
    tree_unlink(mm, next);
    vma__free(next);
}

static bool joins(const struct vma *a, const struct vma *b)
{
    return a->end == b->start && a->flags == b->flags && a->ops == b->ops &&
           a->object == b->object && a->label == b->label &&
           !(a->flags & (VMA_STACK | VMA_SPECIAL)) &&
           (!a->ops || vma__pgoff(a, a->end) == b->pgoff);
}

struct vma *vma__merge(struct mm *mm, struct vma *v)
{
    struct vma *prev = vma__prev(v), *next = vma__next(v);

    if (next && joins(v, next))
        absorb(mm, v, next);
    if (!prev || !joins(prev, v))
        return v;
    absorb(mm, prev, v);
    return prev;
}

bool vma__range_free(struct mm *mm, uaddr_t start, uaddr_t end)
{
    struct vma *v = vma__find(mm, start);

    return !v || v->start >= end;
}

/*
 * [start,end) has lost its mappings, v is the next one: no table stays that
 * covers only what is unmapped. mm__zap has seen to all but those over its
 * end, whose rest may have been in use when its other parts were unmapped.
 */
static void tables_trim(struct mm *mm, uaddr_t end, struct vma *v)
{
    uaddr_t high = v ? v->start : ARCH_PROGRAM_END;
    struct vma *prev;

    if (ALIGN_UP(end, HUGE_SIZE) > high)
        return;
    prev = v ? vma__prev(v) : vma_of(tree_last(&mm->vmas));
    mm__trim(mm, end - PAGE_SIZE, prev ? prev->end : 0, high);
}

int vma__clear_range(struct mm *mm, uaddr_t start, uaddr_t end)
{
    struct vma *v = vma__find(mm, start);
    int err;

    if (start >= end || !v || v->start >= end)
        return 0;
    err = vma__split(mm, v, start);
    if (err < 0)
        return err;
    v = vma__find(mm, end - 1);
    if (v && v->start < end)
        err = vma__split(mm, v, end);
    if (err == 0)
        err = mm__zap(mm, start, end);
    if (err < 0)
        return err;
    while ((v = vma__find(mm, start)) && v->start < end) {
        vma__remove(mm, v);
        vma__free(v);
    }
    tables_trim(mm, end, v);
    return 0;
}
