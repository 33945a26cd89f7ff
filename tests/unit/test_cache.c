/* SPDX-License-Identifier: BSD-2-Clause */
/* The page cache: index, filling, waiting, dropping, reclaim; its mappings. */
#include "unit.h"

/* Two threads by hand: mm's waits hand over to the other one. */
struct thread {
    struct arch_thread arch;
};

static struct thread threads[2];
static char thread_stack[64];
static int fills, fill_error;
static void (*fill_hook)(void);
static struct page_cache pc;
static uint64_t file_pages = 1 << 20;

static uint8_t byte_of(uint64_t index)
{
    return (uint8_t)(index * 7 + 1);
}

static int fill(struct page_cache *c, uint64_t index, void *dst)
{
    assert_ptr_equal(c->owner, &fills);
    assert_false(spin_held(&c->lock));
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        assert_int_equal(((uint8_t *)dst)[i], 0);
    fills++;
    memset(dst, byte_of(index), 100);
    if (fill_hook)
        fill_hook();
    return fill_error;
}
static const struct page_cache_ops ops = { .fill = fill };

static int setup(void **state)
{
    (void)state;
    fills = fill_error = 0;
    page_cache_init(&pc, &ops, &fills, false);
    return 0;
}

static int teardown(void **state)
{
    struct mm_stats s;

    (void)state;
    page_cache_release(&pc);
    mm_stats_get(&s);
    assert_int_equal(s.cached, 0);
    assert_int_equal(s.anon, 0);
    return 0;
}

static void get_check(uint64_t index)
{
    struct page *p = page_cache_get(&pc, index);

    assert_false(IS_ERR(p));
    assert_int_equal(*(uint8_t *)page_to_virt(p), byte_of(index));
    page_unref(p);
}

static void index_random(void **state)
{
    static const uint64_t spots[] = { 0, 1, 63, 64, 4095, 4096, 262144,
                                      1ull << 40, 1ull << 62,
                                      UINT64_MAX / PAGE_SIZE, UINT64_MAX };
    struct page *p;

    (void)state;
    for (unsigned i = ARRAY_LEN(spots); i-- > 0;)
        get_check(spots[i]);
    assert_int_equal(pc.nr_pages, ARRAY_LEN(spots));
    assert_int_equal(fills, ARRAY_LEN(spots));
    for (unsigned i = 0; i < ARRAY_LEN(spots); i++)
        get_check(spots[i]);
    assert_int_equal(fills, ARRAY_LEN(spots));
    assert_null(page_cache_peek(&pc, 2));
    p = page_cache_peek(&pc, 4096);
    assert_non_null(p);
    page_unref(p);
    page_cache_drop(&pc, 1, 4096, true);
    assert_int_equal(pc.nr_pages, ARRAY_LEN(spots) - 5);
    page_cache_drop(&pc, 1ull << 63, UINT64_MAX, true);
    page_cache_drop(&pc, 0, 0, true);
    assert_int_equal(pc.nr_pages, ARRAY_LEN(spots) - 7);
    for (unsigned n = 0; n < 3000; n++) {
        uint64_t i = unit_below(500) << unit_below(20);

        if (unit_below(3) == 0)
            page_cache_drop(&pc, i, i + unit_below(10000), true);
        else
            get_check(i);
    }
}

static void errors(void **state)
{
    (void)state;
    fill_error = -EIO;
    assert_int_equal(PTR_ERR(page_cache_get(&pc, 5)), -EIO);
    assert_int_equal(pc.nr_pages, 0);
    assert_null(page_cache_peek(&pc, 5));
    fill_error = 0;
    get_check(5);
    assert_int_equal(fills, 2);
}

static void put_filled(void **state)
{
    static uint8_t data[PAGE_SIZE];

    (void)state;
    memset(data, byte_of(9), sizeof(data));
    assert_int_equal(page_cache_put_filled(&pc, 9, data), 0);
    memset(data, 0, sizeof(data));
    assert_int_equal(page_cache_put_filled(&pc, 9, data), 0);
    get_check(9);
    assert_int_equal(fills, 0);
}

/* ---- two callers at once ---- */

static struct page *second_got;
static bool second_done;

static void hand_over(void)
{
    unsigned me = arch_current() == &threads[1];

    arch_thread_switch(&threads[me], &threads[!me], NULL);
}

static void sleep_wait(void *addr, bool (*cond)(void *addr))
{
    while (!cond(addr))
        hand_over();
}
static void sleep_wake(void *addr) { (void)addr; }
static const struct mm_sleep_ops sleep_ops = { sleep_wait, sleep_wake };

static void second(void *arg)
{
    second_got = page_cache_get(&pc, (uintptr_t)arg);
    second_done = true;
    for (;;)
        hand_over();
}

static void start_second(void)
{
    fill_hook = NULL;
    hand_over();                /* it finds the page being filled */
    assert_false(second_done);
}

static void drop_meanwhile(void)
{
    start_second();
    page_cache_drop(&pc, 0, 100, true);
}

static struct page *get_twice(uint64_t index, void (*hook)(void))
{
    struct page *first;

    mm_sleep_ops_set(&sleep_ops);
    arch_current_set(&threads[0]);
    second_done = false;
    assert_int_equal(arch_thread_init(&threads[1].arch, thread_stack + 64,
                                      second, (void *)(uintptr_t)index), 0);
    fill_hook = hook;
    first = page_cache_get(&pc, index);
    while (!second_done)
        hand_over();
    arch_thread_release(&threads[1].arch);
    return first;
}

static void waiting(void **state)
{
    struct page *p = get_twice(3, start_second);

    (void)state;
    assert_ptr_equal(p, second_got);
    assert_int_equal(fills, 1);
    page_unref(p);
    page_unref(p);
    fill_error = -EIO;
    p = get_twice(4, start_second);
    assert_int_equal(PTR_ERR(p), -EIO);
    assert_int_equal(PTR_ERR(second_got), -EIO);
    fill_error = 0;
    /* Dropped while being filled: both still get their page. */
    p = get_twice(5, drop_meanwhile);
    assert_ptr_equal(p, second_got);
    assert_int_equal(pc.nr_pages, 0);
    page_unref(p);
    page_unref(p);
    fill_error = -EIO;
    p = get_twice(5, drop_meanwhile);
    assert_int_equal(PTR_ERR(p), -EIO);
}

/* ---- reclaim ---- */

static void reclaim(void **state)
{
    struct page *held = page_cache_get(&pc, 7);

    (void)state;
    for (uint64_t i = 0; i < 300; i++)
        get_check(i);
    assert_int_equal(page_cache_reclaim(100), 100);
    assert_int_equal(pc.nr_pages, 200);
    assert_int_equal(page_cache_reclaim(1000), 199);
    assert_int_equal(pc.nr_pages, 1);
    assert_int_equal(page_cache_reclaim(1), 0);
    page_unref(held);
    assert_int_equal(page_cache_reclaim(1), 1);
}

/* Many small files beside a large one: all of them get their turn. */
static void reclaim_many(void **state)
{
    static struct page_cache small[500];

    (void)state;
    for (unsigned i = 0; i < 500; i++) {
        page_cache_init(&small[i], &ops, &fills, false);
        page_unref(page_cache_get(&small[i], 0));
    }
    for (uint64_t i = 0; i < 1000; i++)
        get_check(i);
    assert_int_equal(page_cache_reclaim(1), 1);
    assert_int_equal(page_cache_reclaim(100), 100);
    assert_int_equal(page_cache_reclaim(2000), 1399);
    assert_int_equal(page_cache_reclaim(1), 0);
    for (unsigned i = 0; i < 500; i++)
        page_cache_release(&small[i]);
}

/* A file larger than memory can be read; a store is never reclaimed. */
static void pressure(void **state)
{
    struct page_cache store;
    struct page *p;
    uint64_t n;

    (void)state;
    page_cache_init(&store, NULL, NULL, true);
    for (uint64_t i = 0; i < 1000; i++) {
        p = page_cache_get(&store, i);
        *(uint64_t *)page_to_virt(p) = i;
        page_unref(p);
    }
    for (uint64_t i = 0; i < 40000; i++)
        get_check(i);
    assert_int_equal(fills, 40000);
    for (n = 1000; !IS_ERR(p = page_cache_get(&store, n)); n++)
        page_unref(p);
    assert_int_equal(PTR_ERR(p), -ENOMEM);
    /* But for the share that running programs need. */
    assert_true(pc.nr_pages <= (64 << 20) / PAGE_SIZE / CACHE_KEPT_DIV);
    for (uint64_t i = 0; i < 1000; i++) {
        p = page_cache_peek(&store, i);
        assert_int_equal(*(uint64_t *)page_to_virt(p), i);
        page_unref(p);
    }
    page_cache_release(&store);
}

/* ---- mappings ---- */

static struct mm *mm;
static int refs, mkwrites;

static struct page_cache *object_cache(struct vma *v) { return v->object; }
static void object_ref(void *o) { (void)o; refs++; }
static void object_unref(void *o) { (void)o; refs--; }
static uint64_t object_size(void *o)
{
    (void)o;
    return file_pages * PAGE_SIZE - 100;
}
static int object_mkwrite(void *o, uint64_t pgoff)
{
    (void)o;
    (void)pgoff;
    mkwrites++;
    return 0;
}
static const struct vma_ops object_ops = {
    .cache = object_cache, .ref = object_ref, .unref = object_unref,
    .size = object_size, .mkwrite = object_mkwrite,
};

static uaddr_t map_file(uint64_t pages, uint64_t pgoff, unsigned flags)
{
    long at = mm_map(mm, &(struct mm_map_args){
        .length = pages * PAGE_SIZE, .flags = flags, .ops = &object_ops,
        .object = &pc, .pgoff = pgoff });

    assert_true(at > 0);
    return (uaddr_t)at;
}

static int setup_mm(void **state)
{
    setup(state);
    mm = mm_create();
    mm_layout_set(mm, ARCH_PROGRAM_END / 2, 1 << 20);
    unit_mm_set(mm);
    mkwrites = 0;
    return 0;
}

static int teardown_mm(void **state)
{
    assert_true(host_tlb_sound());
    mm_unref(mm);
    unit_mm_set(NULL);
    assert_int_equal(refs, 0);
    file_pages = 1 << 20;
    return teardown(state);
}

static void fault_around(void **state)
{
    uaddr_t a = map_file(64, 0, VMA_READ);
    unsigned long faults;

    (void)state;
    for (uint64_t i = 0; i < 64; i++)
        get_check(i);
    faults = host_faults;
    for (uint64_t i = 0; i < 64; i++)
        assert_int_equal(*unit_at(mm, a + i * PAGE_SIZE, 0), byte_of(i));
    assert_true(host_faults - faults <= 8);
}

static void copy_on_write(void **state)
{
    uaddr_t a = map_file(4, 10, VMA_READ | VMA_WRITE), b = map_file(4, 10, 1);

    (void)state;
    assert_int_equal(*unit_at(mm, a, 0), byte_of(10));
    *unit_at(mm, a, FAULT_WRITE) = 99;
    *unit_at(mm, a + PAGE_SIZE, FAULT_WRITE) = 98;      /* no read before */
    assert_int_equal(*unit_at(mm, a, 0), 99);
    assert_int_equal(*unit_at(mm, b, 0), byte_of(10));
    assert_int_equal(*unit_at(mm, b + PAGE_SIZE, 0), byte_of(11));
    get_check(10);
    /* The copy survives changes of protection, and not DONTNEED. */
    assert_int_equal(mm_protect(mm, a, PAGE_SIZE, 1), 0);
    assert_true(unit_traps(mm, a, FAULT_WRITE));
    assert_int_equal(mm_protect(mm, a, PAGE_SIZE, 3), 0);
    *unit_at(mm, a, FAULT_WRITE) += 1;
    assert_int_equal(*unit_at(mm, a, 0), 100);
    assert_int_equal(mm_advise(mm, a, PAGE_SIZE, 4), 0);
    assert_int_equal(*unit_at(mm, a, 0), byte_of(10));
    assert_int_equal(mkwrites, 0);
}

static void shared_file(void **state)
{
    uaddr_t a = map_file(4, 0, VMA_READ | VMA_WRITE | VMA_SHARED |
                         VMA_MAYWRITE);
    uaddr_t b = map_file(4, 0, VMA_READ | VMA_SHARED);
    struct page *p;

    (void)state;
    assert_int_equal(*unit_at(mm, a, 0), byte_of(0));
    *unit_at(mm, a, FAULT_WRITE) = 77;
    *unit_at(mm, a, FAULT_WRITE) = 78;
    assert_int_equal(mkwrites, 1);
    assert_int_equal(*unit_at(mm, b, 0), 78);
    p = page_cache_get(&pc, 0);
    assert_int_equal(*(uint8_t *)page_to_virt(p), 78);
    page_unref(p);
    assert_int_equal(mm_protect(mm, b, PAGE_SIZE, 3), -EACCES);
    assert_int_equal(page_cache_reclaim(10), 0);        /* dirty, unwritten */
}

static void beyond_the_end(void **state)
{
    uaddr_t a = map_file(8, 0, VMA_READ);

    (void)state;
    file_pages = 3;
    assert_int_equal(*unit_at(mm, a + 3 * PAGE_SIZE - 1, 0), 0);
    assert_true(unit_traps(mm, a + 3 * PAGE_SIZE, 0));
    assert_int_equal(host_trap.signo, 7);
    assert_int_equal(host_trap.code, 2);
    /* Truncation takes mapped pages away, private copies too. */
    assert_int_equal(mm_protect(mm, a, 8 * PAGE_SIZE, 3), 0);
    *unit_at(mm, a + 2 * PAGE_SIZE, FAULT_WRITE) = 1;
    file_pages = 1;
    page_cache_drop(&pc, 1, UINT64_MAX, true);
    assert_true(host_tlb_sound());
    assert_int_equal(*unit_at(mm, a, 0), byte_of(0));
    assert_true(unit_traps(mm, a + PAGE_SIZE, 0));
    assert_true(unit_traps(mm, a + 2 * PAGE_SIZE, 0));
    fill_error = -EIO;
    file_pages = 8;
    assert_true(unit_traps(mm, a + 5 * PAGE_SIZE, 0));
    assert_int_equal(host_trap.signo, 7);
    fill_error = 0;
}

static void reclaim_mapped(void **state)
{
    uaddr_t a = map_file(500, 0, VMA_READ | VMA_WRITE);
    struct mm_usage u;

    (void)state;
    for (uint64_t i = 0; i < 500; i++)
        unit_at(mm, a + i * PAGE_SIZE, 0);
    for (uint64_t i = 0; i < 500; i += 10)
        *unit_at(mm, a + i * PAGE_SIZE, FAULT_WRITE) = 3;
    assert_true(page_cache_reclaim(500) >= 450);
    assert_true(host_tlb_sound());
    mm_usage_get(mm, &u);
    assert_true(u.resident <= 100 * PAGE_SIZE);
    for (uint64_t i = 0; i < 500; i++)
        assert_int_equal(*unit_at(mm, a + i * PAGE_SIZE, 0),
                         i % 10 ? byte_of(i) : 3);
}

/* ---- what another CPU does while this one flushes ---- */

static uaddr_t spot;
static bool spot_mapped;

static void drop_hook(void)
{
    page_cache_drop(&pc, 1, 2, true);
}

/* A page that is cut off while mremap moves it is mapped nowhere after (M4),
 * and not freed before mremap's own flush (M2). */
static void dropped_while_moved(void **state)
{
    uaddr_t a = map_file(4, 0, VMA_READ | VMA_WRITE), b;

    (void)state;
    for (uint64_t i = 0; i < 4; i++)
        unit_at(mm, a + i * PAGE_SIZE, i & 2 ? FAULT_WRITE : 0);
    host_tlb_flush_hook = drop_hook;
    b = (uaddr_t)mm_remap(mm, a, 4 * PAGE_SIZE, 8 * PAGE_SIZE, 3,
                          a - 64 * PAGE_SIZE);
    assert_int_equal(b, a - 64 * PAGE_SIZE);
    assert_null(host_tlb_flush_hook);
    file_pages = 1;
    for (uint64_t i = 0; i < 4; i++) {
        struct pt_entry e;

        assert_int_equal(arch_pt_query(mm_pt(mm), b + i * PAGE_SIZE, &e),
                         i == 0 || i == 3);
        assert_false(arch_pt_query(mm_pt(mm), a + i * PAGE_SIZE, &e));
    }
}

static void spot_hook(void)
{
    struct pt_entry e;

    spot_mapped = arch_pt_query(mm_pt(mm), spot, &e);
}

/* Nobody can write to a private copy while another CPU may still read the
 * page it was made of. */
static void copy_after_flush(void **state)
{
    struct mm_usage u;

    (void)state;
    spot = map_file(4, 0, VMA_READ | VMA_WRITE);
    assert_int_equal(*unit_at(mm, spot, 0), byte_of(0));
    spot_mapped = true;
    host_tlb_flush_hook = spot_hook;
    *unit_at(mm, spot, FAULT_WRITE) = 9;
    assert_null(host_tlb_flush_hook);
    assert_false(spot_mapped);
    assert_int_equal(*unit_at(mm, spot, 0), 9);
    mm_usage_get(mm, &u);
    assert_int_equal(u.resident, PAGE_SIZE);
    assert_int_equal(u.shared, 0);
}

static uint64_t punched_at, punched_n;

static int object_punch(void *o, uint64_t pgoff, uint64_t n)
{
    assert_ptr_equal(o, &pc);
    assert_int_equal(refs, 2);
    punched_at = pgoff;
    punched_n += n;
    return 0;
}

/* MADV_REMOVE leaves the work, and its lock, to the object. */
static void punch(void **state)
{
    static const struct vma_ops punch_ops = {
        .cache = object_cache, .ref = object_ref, .unref = object_unref,
        .size = object_size, .punch = object_punch };
    struct mm_map_args args = {
        .length = 8 * PAGE_SIZE, .ops = &punch_ops, .object = &pc,
        .flags = VMA_READ | VMA_SHARED, .pgoff = 5 };
    uaddr_t a = (uaddr_t)mm_map(mm, &args);

    (void)state;
    assert_int_equal(mm_advise(mm, a, PAGE_SIZE, 9), -EACCES);
    assert_int_equal(mm_unmap(mm, a, 8 * PAGE_SIZE), 0);
    args.flags |= VMA_MAYWRITE;
    a = (uaddr_t)mm_map(mm, &args);
    assert_int_equal(mm_advise(mm, a + PAGE_SIZE, 2 * PAGE_SIZE, 9), 0);
    assert_int_equal(punched_at, 6);
    assert_int_equal(punched_n, 2);
    assert_int_equal(mm_advise(mm, a - PAGE_SIZE, 2 * PAGE_SIZE, 9), -ENOMEM);
    assert_int_equal(punched_at, 5);
    assert_int_equal(punched_n, 3);
    spot = map_file(1, 0, VMA_READ | VMA_SHARED | VMA_MAYWRITE);
    assert_int_equal(mm_advise(mm, spot, PAGE_SIZE, 9), -EINVAL);
}

static void injected(void *arg)
{
    uaddr_t a;
    long at;

    (void)arg;
    for (uint64_t i = 0; i < 200; i += 67) {
        struct page *p = page_cache_get(&pc, i);

        if (!IS_ERR(p))
            page_unref(p);
    }
    at = mm_map(mm, &(struct mm_map_args){
        .length = 300 * PAGE_SIZE, .flags = VMA_READ | VMA_WRITE,
        .ops = &object_ops, .object = &pc });
    if (at > 0) {
        a = (uaddr_t)at;
        unit_traps(mm, a + 67 * PAGE_SIZE, 0);
        unit_traps(mm, a + 68 * PAGE_SIZE, FAULT_WRITE);
        unit_traps(mm, a + 290 * PAGE_SIZE, FAULT_WRITE);
        mm_protect(mm, a + 68 * PAGE_SIZE, PAGE_SIZE, 1);
        while (mm_unmap(mm, a, 300 * PAGE_SIZE) < 0)
            ;
    }
    page_cache_drop(&pc, 0, UINT64_MAX, true);
    assert_int_equal(pc.nr_pages, 0);
    assert_null(pc.root);
}

static void oom_ignored(const char *what) { (void)what; }

static void injection(void **state)
{
    (void)state;
    mm_oom_hook_set(oom_ignored);
    unit_step_failures(FAULT_ALLOC, injected, NULL);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define MAPPED(f) cmocka_unit_test_setup_teardown(f, setup_mm, teardown_mm)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(index_random), CASE(errors), CASE(put_filled), CASE(waiting),
        CASE(reclaim), CASE(reclaim_many), CASE(pressure), MAPPED(fault_around),
        MAPPED(dropped_while_moved), MAPPED(copy_after_flush), MAPPED(punch),
        MAPPED(copy_on_write), MAPPED(shared_file), MAPPED(beyond_the_end),
        MAPPED(reclaim_mapped), MAPPED(injection),
    };

    return cmocka_run_group_tests(tests, unit_boot_default, NULL);
}
