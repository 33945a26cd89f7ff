/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vDSO's place in the program: its pages, the shared data page that the
 * kernel keeps true, and the two mappings. The object itself is built from
 * vdso/ and carried in the kernel's image.
 */
#include "abi_priv.h"
#include "vdso/vdso_data.h"

#define VDSO_PAGES_MAX 4

extern const uint8_t abi__vdso_start[], abi__vdso_end[];

static struct spinlock lock = SPINLOCK_INIT;    /* writers of the data page */
static struct page *pages[1 + VDSO_PAGES_MAX];  /* [I] data, then the object */
static unsigned page_count;                     /* [I] */

static void data_update(void)
{
    struct vdso_data *d = page_to_virt(pages[0]);
    struct arch_vdso_clock c;
    uint64_t flags = spin_lock_irqsave(&lock);

    arch_vdso_clock_get(&c);
    __atomic_store_n(&d->seq, d->seq + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    d->usable = c.usable;
    d->cpu_known = c.cpu_known;
    d->cycle_base = c.cycle_base;
    d->mult = c.mult;
    d->shift = c.shift;
    d->mono_base = c.mono_base;
    d->real_offset = clock_realtime_offset();
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    __atomic_store_n(&d->seq, d->seq + 1, __ATOMIC_RELAXED);
    spin_unlock_irqrestore(&lock, flags);
}

int vdso__init(void)
{
    size_t size = (size_t)(abi__vdso_end - abi__vdso_start);
    unsigned n = 1 + (unsigned)((size + PAGE_SIZE - 1) / PAGE_SIZE);

    ASSERT(n <= ARRAY_LEN(pages));
    for (unsigned i = 0; i < n; i++) {
        size_t at = (i - 1ul) * PAGE_SIZE;

        pages[i] = page_alloc(0, PAGE_ZERO);
        if (!pages[i])
            return -ENOMEM;
        if (i)
            memcpy(page_to_virt(pages[i]), abi__vdso_start + at,
                   MIN(size - at, (size_t)PAGE_SIZE));
    }
    page_count = n;
    data_update();
    clock_change_hook_set(data_update);
    return 0;
}

static struct page_cache *no_cache(struct vma *v)
{
    (void)v;
    return NULL;
}

static struct page *page_at(struct vma *v, uint64_t pgoff)
{
    (void)v;
    if (pgoff >= page_count)
        return ERR_PTR(-EFAULT);
    page_ref(pages[pgoff]);
    return pages[pgoff];
}

static const struct vma_ops vdso_ops = {
    .cache = no_cache,
    .fault = page_at,
};

int vdso__map(struct process *p)
{
    struct mm_map_args a = {
        .length = page_count * PAGE_SIZE,
        .flags = VMA_READ | VMA_EXEC | VMA_SPECIAL,
        .ops = &vdso_ops,
        .label = "[vdso]",
    };
    long at = mm_map(p->mm, &a), r;

    if (at < 0)
        return (int)at;
    a.addr = (uaddr_t)at;
    a.length = PAGE_SIZE;
    a.flags = VMA_READ | VMA_SPECIAL;
    a.fixed = true;
    a.label = "[vvar]";
    r = mm_map(p->mm, &a);
    if (r < 0)
        return (int)r;
    p->vdso = (uaddr_t)at + PAGE_SIZE;
    return 0;
}
