/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel stacks: slots at the start of the kmap range, each an unmapped guard
 * page and KSTACK_SIZE bytes above it. Freed stacks stay mapped in a small
 * cache. The slots of unmapped ones are stale: other CPUs may still have the
 * old translation, and it takes every CPU's attention to forget it, so slots
 * are used again only STALE_MAX at a time.
 */
#include "mm_priv.h"

#define STACK_PAGES (KSTACK_SIZE / PAGE_SIZE)
#define SLOT_SIZE (KSTACK_SIZE + PAGE_SIZE)
#define CACHE_MAX 32
#define STALE_MAX 512
#define SLOTS (THREADS_MAX + CPUS_MAX + STALE_MAX)

_Static_assert(ARCH_KMAP_END - ARCH_KMAP_START >= SLOTS * SLOT_SIZE,
               "room for every thread's stack");

static struct spinlock lock;
static uint64_t used[BITMAP_WORDS(SLOTS)];      /* [lock] */
static size_t lowest;                           /* [lock] no free slot below */
static void *cache[CACHE_MAX];                  /* [lock] */
static unsigned cached;                         /* [lock] */
static uint16_t stale[STALE_MAX];               /* [lock] slots, still used */
static unsigned stale_nr;                       /* [lock] */
_Static_assert(SLOTS <= UINT16_MAX, "stale holds slot numbers");

static char *slot_stack(size_t slot)
{
    return (char *)(uintptr_t)(ARCH_KMAP_START + slot * SLOT_SIZE + PAGE_SIZE);
}

static void slots_clear(const uint16_t *slots, unsigned n)
{
    uint64_t irq = spin_lock_irqsave(&lock);

    for (unsigned i = 0; i < n; i++) {
        bitmap_clear(used, slots[i]);
        lowest = MIN(lowest, (size_t)slots[i]);
    }
    spin_unlock_irqrestore(&lock, irq);
}

static void slot_release(size_t slot)
{
    uint16_t batch[STALE_MAX];
    unsigned n = 0;
    uint64_t irq = spin_lock_irqsave(&lock);

    stale[stale_nr++] = (uint16_t)slot;
    if (stale_nr == STALE_MAX) {
        memcpy(batch, stale, sizeof(batch));
        n = stale_nr;
        stale_nr = 0;
    }
    spin_unlock_irqrestore(&lock, irq);
    if (!n)
        return;
    arch_kmap_flush();
    slots_clear(batch, n);
}

/* Unmaps and frees the first n pages of a stack, and its slot. */
static void stack_destroy(void *stack, unsigned n)
{
    while (n-- > 0)
        page_unref(page__of_phys(arch_kunmap((char *)stack + n * PAGE_SIZE)));
    slot_release(((uintptr_t)stack - ARCH_KMAP_START) / SLOT_SIZE);
}

static void *stack_build(size_t slot)
{
    char *stack = slot_stack(slot);

    for (unsigned i = 0; i < STACK_PAGES; i++) {
        struct page *p = page_alloc(0, PAGE_NOWAIT);

        if (!p || arch_kmap(stack + i * PAGE_SIZE, page_to_phys(p),
                            PROT_READ_BIT | PROT_WRITE_BIT) < 0) {
            if (p)
                page_unref(p);
            stack_destroy(stack, i);
            return NULL;
        }
    }
    return stack;
}

void *kstack_alloc(void)
{
    uint64_t irq;
    size_t slot;
    void *stack = NULL;

    if (fault_should_fail(FAULT_ALLOC))
        return NULL;
    irq = spin_lock_irqsave(&lock);
    if (cached > 0)
        stack = cache[--cached];
    slot = stack ? SLOTS : bitmap_find_clear(used, SLOTS, lowest);
    if (slot < SLOTS) {
        bitmap_set(used, slot);
        lowest = slot + 1;
    }
    spin_unlock_irqrestore(&lock, irq);
    if (stack || slot == SLOTS)
        return stack;
    return stack_build(slot);
}

void kstack_free(void *stack)
{
    uint64_t irq;

    if (!stack)
        return;
    irq = spin_lock_irqsave(&lock);
    if (cached < CACHE_MAX && page__free_frames() > page__total_frames() / 16) {
        cache[cached++] = stack;
        stack = NULL;
    }
    spin_unlock_irqrestore(&lock, irq);
    if (stack)
        stack_destroy(stack, STACK_PAGES);
}

uint64_t kstack__shrink(void)
{
    uint64_t freed = 0;

    for (;;) {
        uint64_t irq = spin_lock_irqsave(&lock);
        void *stack = cached > 0 ? cache[--cached] : NULL;

        spin_unlock_irqrestore(&lock, irq);
        if (!stack)
            return freed;
        stack_destroy(stack, STACK_PAGES);
        freed += STACK_PAGES;
    }
}
