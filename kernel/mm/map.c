/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address spaces: their life, and the calls that map, unmap and protect.
 * Each takes mm->lock for writing, so a fault meanwhile waits and sees the
 * range either as before or as after (MAP_FIXED leaves no hole in between).
 */
#include "mm_priv.h"

struct mm *mm_create(void)
{
    struct mm *mm = kzalloc(sizeof(*mm));

    if (!mm)
        return NULL;
    if (arch_pt_init(&mm->pt) < 0) {
        kfree(mm);
        return NULL;
    }
    mm->refs = 1;
    tree_init(&mm->vmas, vma__gap_update);
    spin_init(&mm->pt_lock);
    mm->mmap_base = ARCH_PROGRAM_END;
    mm->stack_limit = 8ull << 20;
    return mm;
}

void mm_ref(struct mm *mm)
{
    __atomic_fetch_add(&mm->refs, 1, __ATOMIC_RELAXED);
}

void mm_unref(struct mm *mm)
{
    struct vma *v;

    if (!mm || __atomic_fetch_sub(&mm->refs, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    for (v = vma__first(mm); v; v = vma__next(v))
        vma__hide(v);
    /* M6. A holder does not block, so it is at work on another CPU. */
    while (__atomic_load_n(&mm->pins, __ATOMIC_ACQUIRE))
        cpu_relax();
    /* Nobody runs in it: bounds of huge pages need no split. */
    mm__zap(mm, 0, ARCH_PROGRAM_END);
    while ((v = vma__first(mm))) {
        vma__remove(mm, v);
        vma__free(v);
    }
    arch_pt_release(&mm->pt);
    kfree(mm);
}

struct arch_pt *mm_pt(struct mm *mm)
{
    return &mm->pt;
}

paddr_t mm_pt_alloc(void)
{
    struct page *p = page_alloc(0, PAGE_ZERO | PAGE_NOWAIT);

    if (!p)
        return 0;
    page__kind_set(p, PAGE_TABLE);
    return page_to_phys(p);
}

void mm_pt_free(paddr_t pa)
{
    page_unref(page__of_phys(pa));
}

void mm_layout_set(struct mm *mm, uaddr_t mmap_base, uint64_t stack_limit)
{
    mm__write_lock(&mm->lock);
    mm->mmap_base = ALIGN_DOWN(mmap_base, PAGE_SIZE);
    mm->stack_limit = stack_limit;
    mm__write_unlock(&mm->lock);
}

void mm_huge_set(struct mm *mm, bool on)
{
    __atomic_store_n(&mm->small_only, !on, __ATOMIC_RELAXED);
}

bool mm_huge_get(const struct mm *mm)
{
    return !__atomic_load_n(&mm->small_only, __ATOMIC_RELAXED);
}

/* ---- mapping ---- */

bool mm__overcommitted(unsigned flags, uint64_t length)
{
    bool counted = (flags & (VMA_WRITE | VMA_SHARED)) == VMA_WRITE ||
                   (flags & (VMA_ANON | VMA_SHARED)) ==
                       (VMA_ANON | VMA_SHARED);

    return counted && !(flags & VMA_NORESERVE) &&
           length >> PAGE_SHIFT > page__total_frames();
}

bool mm__range_ok(uaddr_t addr, uint64_t length)
{
    return addr < ARCH_PROGRAM_END && length <= ARCH_PROGRAM_END - addr;
}

long mm__place(struct mm *mm, uint64_t length)
{
    long at = vma__gap_find(mm, length, MM_MIN_ADDR, mm->mmap_base);

    if (at < 0)
        at = vma__gap_find(mm, length, MM_MIN_ADDR, ARCH_PROGRAM_END);
    return at;
}

static long choose(struct mm *mm, const struct mm_map_args *a,
                   uint64_t length)
{
    uaddr_t hint = ALIGN_DOWN(a->addr, PAGE_SIZE);
    uaddr_t end = a->below_2g ? 1ull << 31 : ARCH_PROGRAM_END;

    if (a->fixed || a->fixed_noreplace) {
        if (!IS_ALIGNED(a->addr, PAGE_SIZE))
            return -EINVAL;
        if (!mm__range_ok(a->addr, length))
            return -ENOMEM;
        if (a->addr < MM_MIN_ADDR)
            return -EPERM;
        if (a->fixed_noreplace &&
            !vma__range_free(mm, a->addr, a->addr + length))
            return -EEXIST;
        return (long)a->addr;
    }
    if (hint >= MM_MIN_ADDR && hint < end && length <= end - hint &&
        vma__range_free(mm, hint, hint + length))
        return (long)hint;
    if (a->below_2g)
        return vma__gap_find(mm, length, MM_MIN_ADDR, end);
    return mm__place(mm, length);
}

static struct vma *vma_of_args(const struct mm_map_args *a)
{
    struct vma *v = vma__alloc();

    if (!v)
        return NULL;
    v->flags = a->flags;
    v->ops = a->ops;
    v->object = a->object;
    v->pgoff = a->pgoff;
    v->label = a->label;
    if ((a->flags & VMA_ANON) && (a->flags & VMA_SHARED)) {
        v->object = shm__create(a->length);
        if (!v->object) {
            kfree(v);
            return NULL;
        }
        v->ops = &shm__ops;
        v->pgoff = 0;
        v->flags |= VMA_MAYWRITE;
    } else if (v->ops && v->ops->ref) {
        v->ops->ref(v->object);
    }
    if (!v->ops)
        v->pgoff = 0;
    else if (v->ops->cache)
        v->pc = v->ops->cache(v);
    return v;
}

long mm_map(struct mm *mm, const struct mm_map_args *args)
{
    uint64_t length = ALIGN_UP(args->length, PAGE_SIZE);
    struct vma *v;
    long at;
    int err;

    if (args->length == 0)
        return -EINVAL;
    if (length == 0 || !mm__range_ok(0, length) ||
        mm__overcommitted(args->flags, length))
        return -ENOMEM;
    v = vma_of_args(args);
    if (!v)
        return -ENOMEM;
    mm__write_lock(&mm->lock);
    at = choose(mm, args, length);
    if (at > 0 && mm->nr_vmas >= VMAS_MAX)
        at = -ENOMEM;
    if (at > 0) {
        err = vma__clear_range(mm, (uaddr_t)at, (uaddr_t)at + length);
        at = err < 0 ? err : at;
    }
    if (at > 0) {
        v->start = (uaddr_t)at;
        v->end = v->start + length;
        vma__insert(mm, v);
        vma__merge(mm, v);
    }
    mm__write_unlock(&mm->lock);
    if (at < 0)
        vma__free(v);
    else if (args->populate || (args->flags & VMA_LOCKED))
        mm__populate(mm, (uaddr_t)at, (uaddr_t)at + length,
                     (args->flags & (VMA_WRITE | VMA_SHARED)) == VMA_WRITE);
    return at;
}

int mm_unmap(struct mm *mm, uaddr_t addr, uint64_t length)
{
    int err;

    length = ALIGN_UP(length, PAGE_SIZE);
    if (!IS_ALIGNED(addr, PAGE_SIZE) || length == 0 ||
        !mm__range_ok(addr, length))
        return -EINVAL;
    mm__write_lock(&mm->lock);
    err = vma__clear_range(mm, addr, addr + length);
    mm__write_unlock(&mm->lock);
    return err;
}

/* ---- protection ---- */

_Static_assert((PROT_READ_BIT | PROT_WRITE_BIT | PROT_EXEC_BIT) == 7 &&
               PROT_READ_BIT == VMA_READ && PROT_WRITE_BIT == VMA_WRITE &&
               PROT_EXEC_BIT == VMA_EXEC, "rights are a VMA's low flags");

unsigned vma__prot(const struct vma *v)
{
    unsigned prot = v->flags & 7u;

    /* What can be written or run can be read, as on every CPU so far. */
    return prot ? prot | PROT_READ_BIT : 0;
}

unsigned vma__prot_shared(const struct vma *v)
{
    bool track = v->ops && (!(v->flags & VMA_SHARED) || v->ops->mkwrite);

    return vma__prot(v) & ~(track ? PROT_WRITE_BIT : 0u);
}

static int protect_check(const struct vma *v, unsigned prot, uint64_t length)
{
    if ((prot & PROT_WRITE_BIT) && (v->flags & VMA_SHARED) &&
        !(v->flags & VMA_MAYWRITE))
        return -EACCES;
    if (mm__overcommitted((v->flags & ~7u) | prot, length) &&
        !(v->flags & VMA_WRITE))
        return -ENOMEM;
    return 0;
}

/* Protects the part of v in [start,end). Returns the VMA that covers it. */
static int protect_one(struct mm *mm, struct vma **vp, uaddr_t start,
                       uaddr_t end, unsigned prot)
{
    struct vma *v = *vp;
    int err = protect_check(v, prot, end - start);
    bool lost;

    if (err < 0 || (v->flags & 7u) == prot)
        return err;
    err = vma__split(mm, v, start);
    if (err == 0 && v->start < start)
        v = vma__next(v);
    if (err == 0)
        err = vma__split(mm, v, end);
    if (err == 0)
        err = mm__split_huge(mm, start);
    if (err == 0)
        err = mm__split_huge(mm, end);
    if (err < 0)
        return err;
    vma__usage(mm, v, false);
    v->flags = (v->flags & ~7u) | prot;
    vma__usage(mm, v, true);
    spin_lock(&mm->pt_lock);
    lost = arch_pt_protect(&mm->pt, v->start, v->end, vma__prot_shared(v));
    spin_unlock(&mm->pt_lock);
    if (lost)
        arch_tlb_flush(&mm->pt, v->start, v->end);
    *vp = vma__merge(mm, v);
    return 0;
}

int mm_protect(struct mm *mm, uaddr_t addr, uint64_t length, unsigned prot)
{
    uaddr_t end, at = addr;
    struct vma *v;
    int err = 0;

    if (!IS_ALIGNED(addr, PAGE_SIZE) || (prot & ~7u))
        return -EINVAL;
    if (length == 0)
        return 0;
    length = ALIGN_UP(length, PAGE_SIZE);
    if (length == 0 || !mm__range_ok(addr, length))
        return -ENOMEM;
    end = addr + length;
    mm__write_lock(&mm->lock);
    while (err == 0 && at < end) {
        v = vma__find(mm, at);
        if (!v || v->start > at) {
            err = -ENOMEM;
            break;
        }
        err = protect_one(mm, &v, at, MIN(v->end, end), prot);
        at = v->end;
    }
    mm__write_unlock(&mm->lock);
    return err;
}

/* ---- brk ---- */

void mm_brk_init(struct mm *mm, uaddr_t start)
{
    mm->brk_start = mm->brk_end = ALIGN_UP(start, PAGE_SIZE);
}

/* Maps the pages between the old and the new end. The lock is held. */
static int brk_grow(struct mm *mm, uaddr_t from, uaddr_t to)
{
    struct vma *v, *next = vma__find(mm, from);

    if (next && next->start < to + PAGE_SIZE)
        return -ENOMEM;
    if (mm__overcommitted(VMA_WRITE, to - mm->brk_start))
        return -ENOMEM;
    v = vma__alloc();
    if (!v)
        return -ENOMEM;
    v->start = from;
    v->end = to;
    v->flags = VMA_READ | VMA_WRITE | VMA_ANON;
    v->label = "[heap]";
    vma__insert(mm, v);
    vma__merge(mm, v);
    return 0;
}

uaddr_t mm_brk(struct mm *mm, uaddr_t end)
{
    uaddr_t from, to;
    int err = 0;

    mm__write_lock(&mm->lock);
    from = ALIGN_UP(mm->brk_end, PAGE_SIZE);
    to = ALIGN_UP(end, PAGE_SIZE);
    if (end < mm->brk_start || end >= ARCH_PROGRAM_END - PAGE_SIZE)
        err = -EINVAL;
    else if (to > from)
        err = brk_grow(mm, from, to);
    else if (to < from)
        err = vma__clear_range(mm, to, from);
    if (err == 0)
        mm->brk_end = end;
    end = mm->brk_end;
    mm__write_unlock(&mm->lock);
    return end;
}
