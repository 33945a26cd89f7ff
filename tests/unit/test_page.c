/* SPDX-License-Identifier: BSD-2-Clause */
/* Page frames and the heap. */
#include "unit.h"

#define BLOCKS 2000

static int boot(void **state)
{
    (void)state;
    host_init(48ull << 20);
    /* RAM in pieces, unsorted, with a reserved hole and ragged ends. */
    boot_info.map_count = 5;
    boot_info.map[0] = (struct memmap_range){ 0x2000000, 0xfff000, MEMMAP_RAM };
    boot_info.map[1] = (struct memmap_range){ 0, 0x9fc00, MEMMAP_RAM };
    boot_info.map[2] = (struct memmap_range){ 0x100000, 0x1701800,
                                              MEMMAP_RAM };
    boot_info.map[3] = (struct memmap_range){ 0x234567, 0x1000,
                                              MEMMAP_RESERVED };
    boot_info.map[4] = (struct memmap_range){ 0x9fc00, 0x400,
                                              MEMMAP_RESERVED };
    boot_info.module = 0x800100;
    boot_info.module_size = 0x2000;
    mm_init(&boot_info);
    return 0;
}

static uint64_t free_frames(void)
{
    struct mm_stats s;

    mm_stats_get(&s);
    return s.free;
}

static void memory_map(void **state)
{
    (void)state;
    assert_null(phys_to_page(0x5000));
    assert_null(phys_to_page(0x234000));
    assert_null(phys_to_page(0x235000));
    assert_null(phys_to_page(0x800000));
    assert_null(phys_to_page(0x802000));
    assert_null(phys_to_page(0x1801000));
    assert_null(phys_to_page(0x1900000));
    assert_null(phys_to_page(0x2fff000));
    assert_non_null(phys_to_page(0x100000));
    assert_non_null(phys_to_page(0x236000));
    assert_non_null(phys_to_page(0x803000));
    assert_non_null(phys_to_page(0x2000000));
}

static struct page *blocks[BLOCKS];
static unsigned orders[BLOCKS];
static uint8_t owner[48 << 8];     /* a frame's block, coarsely */

static void claim(struct page *p, unsigned order, uint8_t who)
{
    uint64_t pfn = page_to_phys(p) >> PAGE_SHIFT;

    assert_true(IS_ALIGNED(pfn, 1ull << order));
    for (uint64_t i = 0; i < 1ull << order; i++) {
        assert_int_equal(owner[pfn + i], who ? 0 : 1);
        owner[pfn + i] = who;
        assert_non_null(phys_to_page((pfn + i) << PAGE_SHIFT));
    }
}

static void drop(unsigned i)
{
    claim(blocks[i], orders[i], 0);
    page_unref(blocks[i]);
    blocks[i] = NULL;
}

static void buddy_random(void **state)
{
    uint64_t before = free_frames();

    (void)state;
    for (unsigned n = 0; n < 100000; n++) {
        unsigned i = (unsigned)unit_below(BLOCKS);
        unsigned order = (unsigned)unit_below(4) * (unsigned)unit_below(4);

        if (blocks[i]) {
            drop(i);
            continue;
        }
        blocks[i] = page_alloc(order, 0);
        orders[i] = order;
        if (blocks[i]) {
            claim(blocks[i], order, 1);
            *(uint64_t *)page_to_virt(blocks[i]) = i;
        }
    }
    for (unsigned i = 0; i < BLOCKS; i++) {
        if (blocks[i])
            drop(i);
    }
    assert_int_equal(free_frames(), before);
}

/* Takes everything in single frames, then as large blocks: all coalesced. */
static void exhaustion(void **state)
{
    uint64_t before = free_frames(), n = 0, large = 0, small;
    struct page *list = NULL, *p;

    (void)state;
    for (p = page_alloc(PAGE_ORDER_MAX, 0); p;
         p = page_alloc(PAGE_ORDER_MAX, 0), large++) {
        *(struct page **)page_to_virt(p) = list;
        list = p;
    }
    for (; list; list = p) {
        p = *(struct page **)page_to_virt(list);
        page_unref(list);
    }
    assert_true(large >= 7);
    for (p = page_alloc(0, PAGE_ZERO); p; p = page_alloc(0, PAGE_ZERO), n++) {
        *(struct page **)page_to_virt(p) = list;
        list = p;
    }
    assert_int_equal(n, before);
    assert_null(page_alloc(0, PAGE_NOWAIT));
    assert_null(kmalloc(100000));
    assert_int_equal(free_frames(), 0);
    for (; list; list = p) {
        p = *(struct page **)page_to_virt(list);
        page_unref(list);
    }
    assert_int_equal(free_frames(), before);
    for (small = 0, list = NULL;
         (p = page_alloc(PAGE_ORDER_MAX, 0)) != NULL; small++) {
        *(struct page **)page_to_virt(p) = list;
        list = p;
    }
    /* Per-CPU caches may keep a few frames, hence a block or two. */
    assert_true(small + 1 >= large);
    for (; list; list = p) {
        p = *(struct page **)page_to_virt(list);
        page_unref(list);
    }
}

static void optional_fails_early(void **state)
{
    struct page *list = NULL, *p;
    struct mm_stats s;

    (void)state;
    while ((p = page_alloc(0, PAGE_OPTIONAL))) {
        *(struct page **)page_to_virt(p) = list;
        list = p;
    }
    mm_stats_get(&s);
    assert_in_range(s.free, s.total / 32 - 40, s.total / 32 + 40);
    for (; list; list = p) {
        p = *(struct page **)page_to_virt(list);
        page_unref(list);
    }
}

static void references(void **state)
{
    struct page *p = page_alloc(3, 0);
    uint64_t before = free_frames();

    (void)state;
    page_ref(p);
    assert_int_equal(page_refs(p), 2);
    page_unref(p);
    assert_int_equal(free_frames(), before);
    page_unref(p);
    assert_int_equal(free_frames(), before + 8);
}

static size_t random_size(void)
{
    switch (unit_below(10)) {
    case 0: return unit_below(100000);
    case 1: return unit_below(9000);
    case 2: return unit_below(2100);
    default: return unit_below(300);
    }
}

static void pattern(uint8_t *p, size_t n, uint8_t seed, bool check)
{
    for (size_t i = 0; i < n; i += check && n > 512 ? 61 : 1) {
        if (check)
            assert_int_equal(p[i], (uint8_t)(seed + i));
        else
            p[i] = (uint8_t)(seed + i);
    }
}

static void heap_random(void **state)
{
    static uint8_t *objs[1000];
    static size_t sizes[1000];
    struct mm_stats s;

    (void)state;
    for (unsigned n = 0; n < 60000; n++) {
        unsigned i = (unsigned)unit_below(1000);
        size_t size = random_size();

        if (objs[i] && unit_below(4) == 0) {
            uint8_t *q = krealloc(objs[i], size + 1);

            if (!q)
                continue;
            objs[i] = q;
            pattern(q, MIN(sizes[i], size + 1), (uint8_t)i, true);
            sizes[i] = size + 1;
            pattern(q, sizes[i], (uint8_t)i, false);
        } else if (objs[i]) {
            pattern(objs[i], sizes[i], (uint8_t)i, true);
            kfree(objs[i]);
            objs[i] = NULL;
        } else if ((objs[i] = kmalloc(size))) {
            uintptr_t at = (uintptr_t)objs[i];

            sizes[i] = size;
            assert_true(IS_ALIGNED(at, size >= PAGE_SIZE ? PAGE_SIZE
                                       : size >= 64 ? 64 : 16));
            pattern(objs[i], size, (uint8_t)i, false);
        }
    }
    for (unsigned i = 0; i < 1000; i++)
        kfree(objs[i]);
    mm_stats_get(&s);
    /* Empty slabs kept: at most one a class and what per-CPU stacks hold. */
    assert_true(s.heap < 150);
}

static void heap_edges(void **state)
{
    char *p;

    (void)state;
    kfree(NULL);
    p = kmalloc(0);
    assert_non_null(p);
    kfree(p);
    assert_null(kcalloc(SIZE_MAX / 2, 3));
    assert_null(kmalloc(SIZE_MAX));
    assert_null(kmalloc((PAGE_SIZE << PAGE_ORDER_MAX) + 1));
    p = kmalloc(PAGE_SIZE << PAGE_ORDER_MAX);
    assert_non_null(p);
    assert_int_equal(kmalloc_size(p), PAGE_SIZE << PAGE_ORDER_MAX);
    kfree(p);
    p = kmalloc(5 * PAGE_SIZE);
    assert_int_equal(kmalloc_size(p), 5 * PAGE_SIZE);
    kfree(p);
    p = kstrdup("hull");
    assert_string_equal(p, "hull");
    kfree(p);
    p = kzalloc(777);
    for (int i = 0; i < 777; i++)
        assert_int_equal(p[i], 0);
    kfree(p);
}

static uint64_t objects_of(size_t size)
{
    struct heap_class_stats c;

    for (unsigned n = 0; heap_class_get(n, &c); n++)
        if (c.size == size) {
            assert_true(c.objects <= (uint64_t)c.slabs * c.per_slab);
            return c.objects;
        }
    fail();
    return 0;
}

/* A CPU's stack holds some objects that are free: 32 at most. */
static void heap_counts(void **state)
{
    static void *p[1000];
    uint64_t before = objects_of(64);

    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        assert_non_null(p[i] = kmalloc(50));
    assert_in_range(objects_of(64), before + 1000 - 32, before + 1000 + 32);
    for (unsigned i = 0; i < 1000; i++)
        kfree(p[i]);
    assert_in_range(objects_of(64), 0, before + 32);
}

static void heap_injection_body(void *arg)
{
    void *a = kmalloc(100), *b = kmalloc(10000), *c = kzalloc(3000);
    void *d = a ? krealloc(a, 5000) : NULL;

    (void)arg;
    kfree(d ? d : a);
    kfree(b);
    kfree(c);
}

static void heap_injection(void **state)
{
    struct mm_stats before, after;

    (void)state;
    heap_injection_body(NULL);
    mm_stats_get(&before);
    unit_step_failures(FAULT_ALLOC, heap_injection_body, NULL);
    mm_stats_get(&after);
    assert_int_equal(before.heap, after.heap);
}

static void stacks(void **state)
{
    static void *s[100];
    uint64_t before;

    (void)state;
    s[0] = kstack_alloc();
    kstack_free(s[0]);
    before = free_frames();
    for (unsigned i = 0; i < 100; i++) {
        s[i] = kstack_alloc();
        assert_non_null(s[i]);
        memset(s[i], (int)i, KSTACK_SIZE);
    }
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(((uint8_t *)s[i])[KSTACK_SIZE - 1], i);
        kstack_free(s[i]);
    }
    assert_true(free_frames() + 4 * 32 >= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_map),
        cmocka_unit_test(buddy_random),
        cmocka_unit_test(exhaustion),
        cmocka_unit_test(optional_fails_early),
        cmocka_unit_test(references),
        cmocka_unit_test(heap_random),
        cmocka_unit_test(heap_edges),
        cmocka_unit_test(heap_counts),
        cmocka_unit_test(heap_injection),
        cmocka_unit_test(stacks),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
