/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page frames: a buddy allocator over the RAM of the boot memory map, with a
 * small cache of single frames per CPU in front.
 *
 * The array of struct page lies in the memory it describes. It is not
 * initialised at boot: whole 4 MiB blocks wait as `fresh` in their range, and
 * a block's first struct page is written when it enters the free lists, the
 * others when splitting makes them heads. Coalescing never leaves a 4 MiB
 * block, and within one it only looks at heads that a split has written; so
 * boot costs the same with 16 MiB and with 1 TiB.
 */
#include "mm_priv.h"

#define BLOCK_FRAMES (1ull << PAGE_ORDER_MAX)
#define CPU_BATCH_ORDER 4
#define CPU_BATCH (1u << CPU_BATCH_ORDER)
#define FRAMES_PER_ARRAY_FRAME (PAGE_SIZE / sizeof(struct page))
#define RAM_MAX (2 * MEMMAP_MAX + 8)
#define LOW_KEPT 0x10000u       /* arch's, to start CPUs */
#define LOW_END 0x9f000u        /* firmware's data from here to 1 MiB */

struct ram {                    /* frame numbers */
    uint64_t first, end;        /* [I] */
    uint64_t fresh, fresh_end;  /* [zone] blocks not touched yet */
};

static struct zone {
    struct spinlock lock;       /* guards all but total, low, page structs */
    struct list free[PAGE_ORDER_MAX + 1];
    uint64_t nr_free;           /* fresh ones included */
    uint64_t total, low;        /* [I] */
    struct ram ram[RAM_MAX];
    unsigned nr_ram;            /* [I] */
    unsigned fresh_ram;         /* where to look for fresh blocks first */
    struct page *pages;         /* [I] of frame number `base` */
    uint64_t base;              /* [I] */
} zone;

struct cpu_frames {
    struct spinlock lock;       /* interrupts off */
    uint32_t count;
    struct page *head;
    int64_t kinds[PAGE_KINDS];  /* frames that became this kind here */
} __aligned(64);
static struct cpu_frames cpus[CPUS_MAX];

static struct page *page_of(uint64_t pfn)
{
    return &zone.pages[pfn - zone.base];
}

static uint64_t pfn_of(const struct page *p)
{
    return (uint64_t)(p - zone.pages) + zone.base;
}

paddr_t page_to_phys(const struct page *p)
{
    return pfn_of(p) << PAGE_SHIFT;
}

void *page_to_virt(const struct page *p)
{
    return phys_to_virt(page_to_phys(p));
}

struct page *page__of_phys(paddr_t pa)
{
    return page_of(pa >> PAGE_SHIFT);
}

struct page *page__of_virt(const void *p)
{
    return page__of_phys(virt_to_phys(p));
}

struct page *phys_to_page(paddr_t pa)
{
    uint64_t pfn = pa >> PAGE_SHIFT;

    for (unsigned i = 0; i < zone.nr_ram; i++) {
        if (pfn >= zone.ram[i].first && pfn < zone.ram[i].end)
            return page_of(pfn);
    }
    return NULL;
}

/* ---- the free lists; all under zone.lock ---- */

static void list_block(struct page *p, unsigned order)
{
    p->kind = PAGE_FREE;
    p->order = (uint8_t)order;
    p->refs = 0;
    list_add_head(&zone.free[order], &p->link);
}

static void free_block(uint64_t pfn, unsigned order)
{
    zone.nr_free += 1ull << order;
    page_of(pfn)->kind = PAGE_TAIL;
    while (order < PAGE_ORDER_MAX) {
        struct page *buddy = page_of(pfn ^ (1ull << order));

        if (buddy->kind != PAGE_FREE || buddy->order != order)
            break;
        list_del(&buddy->link);
        buddy->kind = PAGE_TAIL;
        pfn &= ~(1ull << order);
        order++;
    }
    list_block(page_of(pfn), order);
}

/* Frees any run of frames as its largest aligned blocks. */
static void free_run(uint64_t pfn, uint64_t n)
{
    while (n > 0) {
        unsigned order = pfn ? (unsigned)__builtin_ctzll(pfn) : 63;

        order = MIN(order, (unsigned)PAGE_ORDER_MAX);
        while ((1ull << order) > n)
            order--;
        free_block(pfn, order);
        pfn += 1ull << order;
        n -= 1ull << order;
    }
}

/* Moves one fresh block to the free lists. False: there is none. */
static bool fresh_take(void)
{
    for (unsigned i = 0; i < zone.nr_ram; i++) {
        unsigned at = (zone.fresh_ram + i) % zone.nr_ram;
        struct ram *r = &zone.ram[at];

        if (r->fresh == r->fresh_end)
            continue;
        zone.fresh_ram = at;
        list_block(page_of(r->fresh), PAGE_ORDER_MAX);
        r->fresh += BLOCK_FRAMES;
        return true;
    }
    return false;
}

static struct page *take_block(unsigned order)
{
    unsigned o = order;
    struct page *p;

    while (o <= PAGE_ORDER_MAX && list_empty(&zone.free[o]))
        o++;
    if (o > PAGE_ORDER_MAX) {
        if (!fresh_take())
            return NULL;
        o = PAGE_ORDER_MAX;
    }
    p = list_first(&zone.free[o], struct page, link);
    list_del(&p->link);
    while (o > order) {
        o--;
        list_block(p + (1ull << o), o);
    }
    p->kind = PAGE_KERNEL;
    p->order = (uint8_t)order;
    zone.nr_free -= 1ull << order;
    return p;
}

static uint64_t reserve_of(unsigned flags)
{
    if (flags & PAGE_OPTIONAL)
        return zone.low;
    return flags & PAGE_USER ? zone.low / 2 : 0;
}

static struct page *zone_alloc(unsigned order, unsigned flags)
{
    uint64_t irq = spin_lock_irqsave(&zone.lock);
    struct page *p = NULL;

    if (zone.nr_free >= reserve_of(flags) + (1ull << order))
        p = take_block(order);
    spin_unlock_irqrestore(&zone.lock, irq);
    return p;
}

/* ---- per-CPU caches of single frames ---- */

/* Gives the n frames on top of a cache back. Its lock is held. */
static void cpu_drain(struct cpu_frames *c, unsigned n)
{
    spin_lock(&zone.lock);
    while (n-- > 0 && c->head) {
        struct page *p = c->head;

        c->head = p->next;
        c->count--;
        free_block(pfn_of(p), 0);
    }
    spin_unlock(&zone.lock);
}

/* Fetches a batch: one block if there is one, else single frames. */
static void cpu_refill(struct cpu_frames *c, unsigned flags)
{
    uint64_t keep = reserve_of(flags);
    struct page *p = NULL;

    spin_lock(&zone.lock);
    if (zone.nr_free >= keep + CPU_BATCH)
        p = take_block(CPU_BATCH_ORDER);
    for (unsigned i = CPU_BATCH; p && i-- > 0;) {
        p[i].kind = PAGE_KERNEL;
        p[i].refs = 0;
        p[i].next = c->head;
        c->head = &p[i];
        c->count++;
    }
    while (c->count < CPU_BATCH && zone.nr_free > keep &&
           (p = take_block(0))) {
        p->next = c->head;
        c->head = p;
        c->count++;
    }
    spin_unlock(&zone.lock);
}

static void cpus_drain_all(void)
{
    for (unsigned i = 0; i < CPUS_MAX; i++) {
        struct cpu_frames *c = &cpus[i];
        uint64_t irq;

        if (!c->head)
            continue;
        irq = spin_lock_irqsave(&c->lock);
        cpu_drain(c, c->count);
        spin_unlock_irqrestore(&c->lock, irq);
    }
}

static struct page *cpu_alloc(unsigned flags)
{
    uint64_t irq = irq_save();
    struct cpu_frames *c = &cpus[cpu_id()];
    struct page *p;

    spin_lock(&c->lock);
    if (!c->head)
        cpu_refill(c, flags);
    p = c->head;
    if (p) {
        c->head = p->next;
        c->count--;
    }
    spin_unlock(&c->lock);
    irq_restore(irq);
    return p;
}

static void cpu_free(struct page *p)
{
    uint64_t irq = irq_save();
    struct cpu_frames *c = &cpus[cpu_id()];

    spin_lock(&c->lock);
    p->kind = PAGE_KERNEL;
    p->next = c->head;
    c->head = p;
    if (++c->count >= 2 * CPU_BATCH)
        cpu_drain(c, CPU_BATCH);
    spin_unlock(&c->lock);
    irq_restore(irq);
}

/* ---- the door ---- */

static struct page *try_alloc(unsigned order, unsigned flags)
{
    struct page *p;

    if (order > 0)
        return zone_alloc(order, flags);
    if ((flags & PAGE_OPTIONAL) && zone.nr_free < zone.low)
        return NULL;
    p = cpu_alloc(flags);
    return p;
}

/*
 * The last of the cache is the code that runs. Were it taken for the program's
 * pages too, a program that is out of memory would spend its life reading
 * itself from the disk instead of being told so.
 */
static bool cache_to_spare(void)
{
    return page_cache__pages() > zone.total / CACHE_KEPT_DIV;
}

/* Drops caches until the block can be had or nothing more comes. */
static struct page *alloc_hard(unsigned order, unsigned flags)
{
    struct page *p;

    cpus_drain_all();
    p = try_alloc(order, flags);
    for (int tries = 0; !p && tries < 16; tries++) {
        uint64_t freed = 0;

        if (flags & PAGE_OPTIONAL)
            break;
        if (!(flags & PAGE_USER) || cache_to_spare())
            freed = page_cache__reclaim(MAX(64ull, 1ull << order), UINT64_MAX,
                                        !(flags & PAGE_NOWAIT));
        if (!(flags & PAGE_NOWAIT))
            freed += kstack__shrink();
        freed += heap__shrink();
        cpus_drain_all();
        p = try_alloc(order, flags);
        if (freed == 0)
            break;
    }
    return p;
}

struct page *page_alloc(unsigned order, unsigned flags)
{
    struct page *p;

    ASSERT(order <= PAGE_ORDER_MAX);
    if (fault_should_fail(FAULT_ALLOC))
        return NULL;
    p = try_alloc(order, flags);
    if (!p)
        p = alloc_hard(order, flags);
    if (!p)
        return NULL;
    if (zone.nr_free < zone.low && !(flags & (PAGE_NOWAIT | PAGE_OPTIONAL)) &&
        cache_to_spare())
        page_cache__reclaim(CPU_BATCH, 4, true);
    p->refs = 1;
    p->state = 0;
    p->order = (uint8_t)order;
    p->kind = PAGE_KERNEL;
    MEM_UNPOISON(page_to_virt(p), PAGE_SIZE << order);
    if (flags & PAGE_ZERO)
        memset(page_to_virt(p), 0, PAGE_SIZE << order);
    return p;
}

void page__kind_set(struct page *p, enum page_kind kind)
{
    int64_t n = 1ll << p->order;
    uint64_t irq = irq_save();
    struct cpu_frames *c = &cpus[cpu_id()];

    /* Only interrupts off: each CPU writes its own counters. */
    c->kinds[p->kind] -= n;
    c->kinds[kind] += n;
    p->kind = (uint8_t)kind;
    irq_restore(irq);
}

void page__heap_count(int64_t n)
{
    uint64_t irq = irq_save();

    cpus[cpu_id()].kinds[PAGE_LARGE] += n;
    irq_restore(irq);
}

static void free_frames(struct page *p)
{
    unsigned order = p->order;
    uint64_t irq;

    if (p->kind != PAGE_KERNEL)
        page__kind_set(p, PAGE_KERNEL);
    MEM_POISON(page_to_virt(p), PAGE_SIZE << order);
    if (order == 0) {
        cpu_free(p);
        return;
    }
    irq = spin_lock_irqsave(&zone.lock);
    free_block(pfn_of(p), order);
    spin_unlock_irqrestore(&zone.lock, irq);
}

void page_ref(struct page *p)
{
    uint32_t old = __atomic_fetch_add(&p->refs, 1, __ATOMIC_RELAXED);

    ASSERT(old > 0);
}

bool page__ref_unless_zero(struct page *p)
{
    uint32_t refs = __atomic_load_n(&p->refs, __ATOMIC_RELAXED);

    while (refs > 0) {
        if (__atomic_compare_exchange_n(&p->refs, &refs, refs + 1, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return true;
    }
    return false;
}

void page_unref(struct page *p)
{
    uint32_t old = __atomic_fetch_sub(&p->refs, 1, __ATOMIC_ACQ_REL);

    ASSERT(old > 0);
    if (old == 1)
        free_frames(p);
}

unsigned page_refs(const struct page *p)
{
    return __atomic_load_n(&p->refs, __ATOMIC_RELAXED);
}

void page__split(struct page *p)
{
    uint64_t n = 1ull << p->order;
    uint8_t kind = p->kind;

    ASSERT(p->refs == 1);
    for (uint64_t i = 0; i < n; i++) {
        p[i].refs = 1;
        p[i].kind = kind;
        p[i].order = 0;
        p[i].state = 0;
    }
}

struct page *page__alloc_exact(uint64_t n, unsigned flags)
{
    unsigned order = 0;
    struct page *p;
    uint64_t irq;

    while ((1ull << order) < n)
        order++;
    if (order > PAGE_ORDER_MAX)
        return NULL;
    p = page_alloc(order, flags);
    if (!p || (1ull << order) == n)
        return p;
    MEM_POISON((char *)page_to_virt(p) + n * PAGE_SIZE,
               ((1ull << order) - n) * PAGE_SIZE);
    irq = spin_lock_irqsave(&zone.lock);
    /* Coalescing the tail looks at heads no split has written yet. */
    for (uint64_t i = 1; i < 1ull << order; i++)
        p[i].kind = PAGE_TAIL;
    free_run(pfn_of(p) + n, (1ull << order) - n);
    spin_unlock_irqrestore(&zone.lock, irq);
    p->order = 0;
    return p;
}

void page__free_exact(struct page *p, uint64_t n)
{
    uint64_t irq;

    MEM_POISON(page_to_virt(p), n * PAGE_SIZE);
    irq = spin_lock_irqsave(&zone.lock);
    free_run(pfn_of(p), n);
    spin_unlock_irqrestore(&zone.lock, irq);
}

uint64_t page__free_frames(void)
{
    return __atomic_load_n(&zone.nr_free, __ATOMIC_RELAXED);
}

bool page__low(void)
{
    return page__free_frames() < zone.low + CPU_BATCH;
}

uint64_t page__total_frames(void)
{
    return zone.total;
}

static uint64_t kind_sum(enum page_kind kind)
{
    int64_t n = 0;

    for (unsigned i = 0; i < CPUS_MAX; i++)
        n += __atomic_load_n(&cpus[i].kinds[kind], __ATOMIC_RELAXED);
    return n > 0 ? (uint64_t)n : 0;
}

void mm_stats_get(struct mm_stats *out)
{
    out->total = zone.total;
    out->free = page__free_frames();
    for (unsigned i = 0; i < CPUS_MAX; i++)
        out->free += __atomic_load_n(&cpus[i].count, __ATOMIC_RELAXED);
    out->cached = kind_sum(PAGE_CACHE);
    out->anon = kind_sum(PAGE_ANON);
    out->heap = kind_sum(PAGE_SLAB) + kind_sum(PAGE_LARGE);
    out->tables = kind_sum(PAGE_TABLE);
}

/* ---- start-up ---- */

struct hole {
    uint64_t first, end;        /* frame numbers */
};

/* The lowest hole that reaches into [first, end); NULL: none does. */
static const struct hole *hole_in(const struct hole *h, unsigned n,
                                  uint64_t first, uint64_t end)
{
    const struct hole *best = NULL;

    for (unsigned i = 0; i < n; i++) {
        if (h[i].end <= first || h[i].first >= end || h[i].first == h[i].end)
            continue;
        if (!best || h[i].first < best->first)
            best = &h[i];
    }
    return best;
}

/* Keeps zone.ram sorted. */
static void ram_add(uint64_t first, uint64_t end)
{
    unsigned i = zone.nr_ram;

    if (first >= end || zone.nr_ram == RAM_MAX)
        return;
    for (; i > 0 && zone.ram[i - 1].first > first; i--)
        zone.ram[i] = zone.ram[i - 1];
    zone.ram[i] = (struct ram){ .first = first, .end = end };
    zone.nr_ram++;
}

static bool ram_known(uint64_t pfn)
{
    for (unsigned i = 0; i < zone.nr_ram; i++) {
        if (pfn >= zone.ram[i].first && pfn < zone.ram[i].end)
            return true;
    }
    return false;
}

/* Adds what of [first, end) lies in no hole. */
static void ram_add_around(const struct hole *h, unsigned n, uint64_t first,
                           uint64_t end)
{
    while (first < end) {
        const struct hole *next = hole_in(h, n, first, end);
        uint64_t stop = next ? MAX(next->first, first) : end;

        if (!ram_known(first))
            ram_add(first, stop);
        first = next ? next->end : end;
    }
}

static struct hole hole_of(paddr_t start, uint64_t size)
{
    return (struct hole){ start >> PAGE_SHIFT,
                          (start + size + PAGE_SIZE - 1) >> PAGE_SHIFT };
}

static void ram_find(const struct boot_info *info)
{
    static struct hole holes[MEMMAP_MAX + 4];
    unsigned n = 0;

    holes[n++] = hole_of(0, LOW_KEPT);
    holes[n++] = hole_of(LOW_END, (1 << 20) - LOW_END);
    holes[n++] = hole_of(arch_image_start(),
                         arch_image_end() - arch_image_start());
    if (info->module_size > 0)
        holes[n++] = hole_of(info->module, info->module_size);
    for (unsigned i = 0; i < info->map_count; i++) {
        const struct memmap_range *r = &info->map[i];

        if (r->type != MEMMAP_RAM && r->size > 0)
            holes[n++] = hole_of(r->start, r->size);
    }
    for (unsigned i = 0; i < info->map_count; i++) {
        const struct memmap_range *r = &info->map[i];

        if (r->type == MEMMAP_RAM)
            ram_add_around(holes, n,
                           ALIGN_UP(r->start, PAGE_SIZE) >> PAGE_SHIFT,
                           (r->start + r->size) >> PAGE_SHIFT);
    }
}

/*
 * Places the array at the end of the largest range. It spans the holes
 * between ranges too; what it would need there goes back to the pool.
 */
static void pages_place(void)
{
    static struct hole gaps[RAM_MAX];
    unsigned big = 0, n = zone.nr_ram;
    uint64_t top, frames;

    ASSERT(n > 0);
    zone.base = ALIGN_DOWN(zone.ram[0].first, BLOCK_FRAMES);
    top = ALIGN_UP(zone.ram[n - 1].end, BLOCK_FRAMES);
    for (unsigned i = 1; i < n; i++) {
        gaps[i].first = ALIGN_UP(zone.ram[i - 1].end, BLOCK_FRAMES);
        gaps[i].end = ALIGN_DOWN(zone.ram[i].first, BLOCK_FRAMES);
        if (zone.ram[i].end - zone.ram[i].first >
            zone.ram[big].end - zone.ram[big].first)
            big = i;
    }
    frames = (top - zone.base) / FRAMES_PER_ARRAY_FRAME;
    if (zone.ram[big].end - zone.ram[big].first <= frames)
        panic("no room for the page array: %llu frames",
              (unsigned long long)frames);
    zone.ram[big].end -= frames;
    frames = zone.ram[big].end;     /* the array's first frame */
    zone.pages = phys_to_virt(frames << PAGE_SHIFT);
    for (unsigned i = 1; i < n; i++) {
        if (gaps[i].first < gaps[i].end)
            ram_add(frames + (gaps[i].first - zone.base) /
                             FRAMES_PER_ARRAY_FRAME,
                    frames + (gaps[i].end - zone.base) /
                             FRAMES_PER_ARRAY_FRAME);
    }
}

/* Feeds a range: its whole blocks stay fresh, its ends are freed now. */
static void ram_seed(struct ram *r, uint64_t *written)
{
    uint64_t a = ALIGN_UP(r->first, BLOCK_FRAMES);
    uint64_t b = ALIGN_DOWN(r->end, BLOCK_FRAMES);
    uint64_t ends[2] = { ALIGN_DOWN(r->first, BLOCK_FRAMES), b };

    zone.total += r->end - r->first;
    if (a > b)
        a = b = r->end;         /* inside one block */
    for (unsigned i = 0; i < 2; i++) {
        /* Struct pages of a block that several ranges share: once. */
        if (ends[i] >= *written && !IS_ALIGNED(i ? r->end : r->first,
                                               BLOCK_FRAMES)) {
            memset(page_of(ends[i]), 0, BLOCK_FRAMES * sizeof(struct page));
            *written = ends[i] + BLOCK_FRAMES;
        }
    }
    r->fresh = a;
    r->fresh_end = b;
    zone.nr_free += b - a;
    if (a == b) {
        free_run(r->first, r->end - r->first);
        return;
    }
    free_run(r->first, a - r->first);
    free_run(b, r->end - b);
}

void mm_init(const struct boot_info *info)
{
    uint64_t written = 0;

    for (unsigned i = 0; i <= PAGE_ORDER_MAX; i++)
        list_init(&zone.free[i]);
    ram_find(info);
    pages_place();
    for (unsigned i = 0; i < zone.nr_ram; i++)
        ram_seed(&zone.ram[i], &written);
    zone.low = MIN(MAX(zone.total / 32, 32ull), 4096ull);
}
