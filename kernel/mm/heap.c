/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel heap: slabs of one frame cut into objects of one size class,
 * with a small stack of free objects per CPU and class in front; beyond half
 * a frame, whole frames.
 *
 * A slab's free objects are linked through their first two bytes by offset;
 * its struct page counts them. Slabs with some free objects are on their
 * class's list; full ones are on none; empty ones go back beyond the last.
 */
#include "mm_priv.h"

static const uint16_t class_size[] = {
    16, 32, 48, 64, 128, 192, 256, 320, 448, 576, 768, 1024, 1344, 2048
};
#define CLASSES ARRAY_LEN(class_size)
#define SMALL_MAX 2048
#define CPU_BYTES 2048u         /* kept free per CPU and class, about */

static struct heap_class {
    struct spinlock lock;       /* interrupts off */
    bool ready;
    uint32_t empty;             /* slabs with every object free */
    uint32_t slabs;
    uint64_t objects;           /* in use, or on a CPU's stack */
    struct list partial;
} classes[CLASSES];

struct cpu_stack {
    void *head;                 /* linked through the first word */
    uint32_t count;
};
static struct cpu_heap {
    struct cpu_stack stacks[CLASSES];
} __aligned(64) cpu_heaps[CPUS_MAX];

static unsigned class_of(size_t size)
{
    unsigned c = 0;

    if (size > 256)
        c = 7;
    else if (size > 64)
        c = 4;
    while (class_size[c] < size)
        c++;
    return c;
}

static uint32_t per_slab(unsigned c)
{
    return PAGE_SIZE / class_size[c];
}

static uint32_t cpu_max(unsigned c)
{
    return MIN(MAX(CPU_BYTES / class_size[c], 4u), 32u);
}

/* ---- slabs; under the class's lock ---- */

static struct heap_class *class_lock(unsigned c)
{
    struct heap_class *hc = &classes[c];

    spin_lock(&hc->lock);
    if (!hc->ready) {
        list_init(&hc->partial);
        hc->ready = true;
    }
    return hc;
}

static void *slab_pop(struct heap_class *hc, struct page *p)
{
    uint16_t *obj = (void *)((char *)page_to_virt(p) + p->free_head * 16u);

    if (p->free_count == per_slab(p->size_class))
        hc->empty--;
    p->free_head = *obj;
    hc->objects++;
    if (--p->free_count == 0)
        list_del(&p->link);
    return obj;
}

/* Returns the slab if it should be given back: the second empty one. */
static struct page *slab_push(struct heap_class *hc, void *obj)
{
    struct page *p = page__of_virt(obj);

    *(uint16_t *)obj = p->free_head;
    p->free_head = (uint16_t)(((uintptr_t)obj & (PAGE_SIZE - 1)) / 16);
    hc->objects--;
    if (p->free_count++ == 0)
        list_add_head(&hc->partial, &p->link);
    if (p->free_count < per_slab(p->size_class))
        return NULL;
    if (hc->empty > 0) {
        list_del(&p->link);
        hc->slabs--;
        return p;
    }
    hc->empty++;
    return NULL;
}

/* Cuts a new frame up; interrupts may be off. */
static struct page *slab_new(unsigned c)
{
    struct page *p = page_alloc(0, PAGE_NOWAIT);
    char *base;

    if (!p)
        return NULL;
    page__kind_set(p, PAGE_SLAB);
    base = page_to_virt(p);
    p->size_class = (uint8_t)c;
    p->free_count = (uint16_t)per_slab(c);
    p->free_head = 0;
    for (uint32_t i = 0; i < per_slab(c); i++)
        *(uint16_t *)(base + i * class_size[c]) =
            (uint16_t)((i + 1) * class_size[c] / 16);
    return p;
}

/* ---- per-CPU stacks; interrupts off ---- */

/* Objects on a stack are poisoned but for their first word. */
static void stack_push(struct cpu_stack *s, void *obj)
{
    *(void **)obj = s->head;
    s->head = obj;
    s->count++;
}

static void *stack_pop(struct cpu_stack *s)
{
    void *obj = s->head;

    if (obj) {
        s->head = *(void **)obj;
        s->count--;
    }
    return obj;
}

static void stack_refill(struct cpu_stack *s, unsigned c)
{
    struct page *fresh = NULL;
    struct heap_class *hc = class_lock(c);

    if (list_empty(&hc->partial)) {
        /* Without the lock: page_alloc may reclaim, which frees. */
        spin_unlock(&hc->lock);
        fresh = slab_new(c);
        hc = class_lock(c);
    }
    if (fresh) {
        list_add_tail(&hc->partial, &fresh->link);
        hc->empty++;
        hc->slabs++;
    }
    while (s->count < (cpu_max(c) + 1) / 2 && !list_empty(&hc->partial))
        stack_push(s, slab_pop(hc, list_first(&hc->partial, struct page,
                                              link)));
    spin_unlock(&hc->lock);
}

static void stack_flush(struct cpu_stack *s, unsigned c, uint32_t keep)
{
    struct heap_class *hc = class_lock(c);
    struct list gone = LIST_INIT(gone);

    while (s->count > keep) {
        struct page *p = slab_push(hc, stack_pop(s));

        if (p)
            list_add_tail(&gone, &p->link);
    }
    spin_unlock(&hc->lock);
    while (!list_empty(&gone)) {
        struct page *p = list_first(&gone, struct page, link);

        list_del(&p->link);
        page_unref(p);
    }
}

static void *small_alloc(unsigned c)
{
    uint64_t irq = irq_save();
    struct cpu_stack *s = &cpu_heaps[cpu_id()].stacks[c];
    void *obj;

    if (!s->head)
        stack_refill(s, c);
    obj = stack_pop(s);
    irq_restore(irq);
    return obj;
}

static void small_free(void *obj, unsigned c)
{
    uint64_t irq = irq_save();
    struct cpu_stack *s = &cpu_heaps[cpu_id()].stacks[c];

    stack_push(s, obj);
    if (s->count > cpu_max(c))
        stack_flush(s, c, cpu_max(c) / 2);
    irq_restore(irq);
}

/* ---- whole frames ---- */

static void *large_alloc(size_t size)
{
    uint64_t n = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;
    struct page *p;

    if (size > (PAGE_SIZE << PAGE_ORDER_MAX))
        return NULL;
    p = page__alloc_exact(n, PAGE_NOWAIT);
    if (!p)
        return NULL;
    p->kind = PAGE_LARGE;
    p->frames = n;
    page__heap_count((int64_t)n);
    return page_to_virt(p);
}

/* ---- the door ---- */

void *kmalloc(size_t size)
{
    void *obj;
    unsigned c;

    if (size == 0)
        size = 1;
    if (size > SMALL_MAX)
        return large_alloc(size);
    if (fault_should_fail(FAULT_ALLOC))
        return NULL;
    c = class_of(size);
    obj = small_alloc(c);
    if (obj) {
        MEM_UNPOISON(obj, ALIGN_UP(size, 8));
        MEM_POISON((char *)obj + ALIGN_UP(size, 8),
                   class_size[c] - ALIGN_UP(size, 8));
    }
    return obj;
}

void *kzalloc(size_t size)
{
    void *p = kmalloc(size);

    if (p)
        memset(p, 0, size);
    return p;
}

void *kcalloc(size_t n, size_t size)
{
    size_t all;

    if (__builtin_mul_overflow(n, size, &all))
        return NULL;
    return kzalloc(all);
}

static size_t usable(const void *p)
{
    const struct page *pg = page__of_virt(p);

    if (pg->kind == PAGE_LARGE && IS_ALIGNED((uintptr_t)p, PAGE_SIZE))
        return pg->frames << PAGE_SHIFT;
    ASSERT(pg->kind == PAGE_SLAB);
    return class_size[pg->size_class];
}

size_t kmalloc_size(const void *p)
{
    size_t n = usable(p);

    MEM_UNPOISON(p, n);
    return n;
}

void *krealloc(void *p, size_t size)
{
    size_t old;
    void *q;

    if (!p)
        return kmalloc(size);
    old = usable(p);
    if (size <= old && size * 2 >= old) {
        MEM_UNPOISON(p, old);
        return p;
    }
    q = kmalloc(size);
    if (!q)
        return NULL;
    MEM_UNPOISON(p, old);
    memcpy(q, p, MIN(old, size));
    kfree(p);
    return q;
}

void kfree(void *p)
{
    struct page *pg;

    if (!p)
        return;
    pg = page__of_virt(p);
    if (pg->kind == PAGE_LARGE && IS_ALIGNED((uintptr_t)p, PAGE_SIZE)) {
        uint64_t n = pg->frames;

        page__heap_count(-(int64_t)n);
        pg->kind = PAGE_KERNEL;
        page__free_exact(pg, n);
        return;
    }
    ASSERT(pg->kind == PAGE_SLAB);
    MEM_UNPOISON(p, 8);
    MEM_POISON((char *)p + 8, class_size[pg->size_class] - 8u);
    small_free(p, pg->size_class);
}

char *kstrdup(const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = kmalloc(n);

    if (p)
        memcpy(p, s, n);
    return p;
}

bool heap_class_get(unsigned n, struct heap_class_stats *out)
{
    uint64_t irq = irq_save();
    struct heap_class *hc;

    if (n >= CLASSES) {
        irq_restore(irq);
        return false;
    }
    hc = class_lock(n);
    *out = (struct heap_class_stats){
        .size = class_size[n], .per_slab = per_slab(n), .slabs = hc->slabs,
        .objects = hc->objects,
    };
    spin_unlock(&hc->lock);
    irq_restore(irq);
    return true;
}

uint64_t heap__shrink(void)
{
    uint64_t irq = irq_save(), freed = 0;

    for (unsigned c = 0; c < CLASSES; c++) {
        struct heap_class *hc;
        struct page *p, *tmp;
        struct list gone = LIST_INIT(gone);

        stack_flush(&cpu_heaps[cpu_id()].stacks[c], c, 0);
        hc = class_lock(c);
        list_for_each_safe(p, tmp, &hc->partial, link) {
            if (p->free_count < per_slab(c))
                continue;
            list_del(&p->link);
            list_add_tail(&gone, &p->link);
            hc->empty--;
            hc->slabs--;
        }
        spin_unlock(&hc->lock);
        while (!list_empty(&gone)) {
            p = list_first(&gone, struct page, link);
            list_del(&p->link);
            page_unref(p);
            freed++;
        }
    }
    irq_restore(irq);
    return freed;
}
