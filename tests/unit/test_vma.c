/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address spaces against a naive model: an array of pages, each with its
 * protection, its expected first byte and what lies behind it. Thousands of
 * random calls, and after each batch every page is compared, the tree's own
 * order is checked, and the pretended TLB must be sound.
 */
#include "unit.h"

#define PAGES 2048u
#define BASE 0x40000000ull
#define FILE_PAGES 64u

enum { NONE, ANON, FILE_PRIVATE, SHARED };

static struct model {
    uint8_t kind;
    uint8_t prot;
    bool own;           /* FILE_PRIVATE: written, so no longer the file's */
    uint8_t value;      /* first byte */
    uint16_t index;     /* FILE_PRIVATE, SHARED: page of the file */
} model[PAGES];

static struct mm *mm;
static uint8_t file_byte[FILE_PAGES], shared_byte[FILE_PAGES];
static struct page_cache file_pc, shared_pc;
static int file_refs;

static int fill(struct page_cache *pc, uint64_t index, void *dst)
{
    (void)pc;
    memset(dst, file_byte[index], PAGE_SIZE);
    return 0;
}
static const struct page_cache_ops file_ops = { .fill = fill };

static struct page_cache *object_cache(struct vma *v) { return v->object; }
static void object_ref(void *object) { (void)object; file_refs++; }
static void object_unref(void *object) { (void)object; file_refs--; }
static uint64_t object_size(void *object)
{
    (void)object;
    return FILE_PAGES * PAGE_SIZE;
}
static const struct vma_ops object_ops = {
    .cache = object_cache, .ref = object_ref, .unref = object_unref,
    .size = object_size,
};

static uaddr_t at(unsigned page)
{
    return BASE + page * PAGE_SIZE;
}

static uint8_t expected(const struct model *m)
{
    if (m->kind == SHARED)
        return shared_byte[m->index];
    if (m->kind == FILE_PRIVATE && !m->own)
        return file_byte[m->index];
    return m->value;
}

static void check_page(unsigned i, bool write)
{
    struct model *m = &model[i];
    uaddr_t va = at(i);
    bool may = m->kind != NONE && (write ? m->prot & VMA_WRITE : m->prot);
    uint8_t *p;

    if (!may) {
        assert_true(unit_traps(mm, va, write ? FAULT_WRITE : 0));
        assert_int_equal(host_trap.signo, 11);
        assert_int_equal(host_trap.code, m->kind == NONE ? 1 : 2);
        return;
    }
    p = unit_at(mm, va, write ? FAULT_WRITE : 0);
    if (*p != expected(m))
        fail_msg("page %u kind %u: %u, not %u", i, m->kind, *p, expected(m));
    if (!write)
        return;
    *p = (uint8_t)unit_random();
    if (m->kind == SHARED)
        shared_byte[m->index] = *p;
    else
        m->value = *p;
    m->own = true;
}

struct walk {
    uaddr_t end;
    uint64_t bytes;
    unsigned n;
};

static bool walk_vma(void *arg, const struct vma *v)
{
    struct walk *w = arg;

    assert_true(v->start >= w->end && v->start < v->end);
    w->end = v->end;
    w->bytes += v->end - v->start;
    w->n++;
    for (uaddr_t va = v->start; va < v->end; va += PAGE_SIZE) {
        struct model *m = &model[(va - BASE) / PAGE_SIZE];

        assert_int_equal(v->flags & 7, m->prot);
        assert_int_not_equal(m->kind, NONE);
        if (v->ops)
            assert_int_equal(v->pgoff + (va - v->start) / PAGE_SIZE, m->index);
    }
    return true;
}

static void check_all(void)
{
    struct walk w = { 0 };
    struct mm_usage u;
    uint64_t bytes = 0;

    mm_vmas_each(mm, walk_vma, &w);
    for (unsigned i = 0; i < PAGES; i++)
        bytes += model[i].kind != NONE ? PAGE_SIZE : 0;
    assert_int_equal(w.bytes, bytes);
    mm_usage_get(mm, &u);
    assert_int_equal(u.mapped, bytes);
    assert_true(host_tlb_sound());
}

static void do_map(unsigned first, unsigned n)
{
    struct mm_map_args a = {
        .addr = at(first), .length = n * PAGE_SIZE - unit_below(2) * 100,
        .fixed = true, .flags = (unsigned)unit_below(8),
    };
    unsigned kind = ANON + (unsigned)unit_below(3);
    unsigned index = (unsigned)unit_below(FILE_PAGES);

    if (kind != ANON) {
        n = MIN(n, FILE_PAGES - index);
        a.length = n * PAGE_SIZE;
        a.ops = &object_ops;
        a.object = kind == SHARED ? &shared_pc : &file_pc;
        a.pgoff = index;
        a.flags |= kind == SHARED ? VMA_SHARED | VMA_MAYWRITE : 0;
    } else {
        a.flags |= VMA_ANON;
    }
    assert_int_equal(mm_map(mm, &a), at(first));
    for (unsigned i = 0; i < n; i++)
        model[first + i] = (struct model){
            .kind = (uint8_t)kind, .prot = a.flags & 7,
            .index = (uint16_t)(kind == ANON ? 0 : index + i),
        };
}

static void do_unmap(unsigned first, unsigned n)
{
    assert_int_equal(mm_unmap(mm, at(first), n * PAGE_SIZE), 0);
    memset(&model[first], 0, n * sizeof(model[0]));
}

static void do_protect(unsigned first, unsigned n)
{
    unsigned prot = (unsigned)unit_below(8), i;
    int want = 0;

    for (i = 0; i < n; i++) {
        if (model[first + i].kind == NONE) {
            want = -ENOMEM;
            break;
        }
        model[first + i].prot = (uint8_t)prot;
    }
    assert_int_equal(mm_protect(mm, at(first), n * PAGE_SIZE, prot), want);
}

static void do_dontneed(unsigned first, unsigned n)
{
    int want = 0;

    for (unsigned i = first; i < first + n; i++) {
        if (model[i].kind == NONE)
            want = -ENOMEM;
        model[i].own = false;
        model[i].value = 0;
    }
    assert_int_equal(mm_advise(mm, at(first), n * PAGE_SIZE, 4), want);
}

static bool uniform(unsigned first, unsigned n)
{
    for (unsigned i = 1; i < n; i++) {
        const struct model *a = &model[first], *b = &model[first + i];

        if (a->kind != b->kind || a->prot != b->prot)
            return false;
        if (a->kind != ANON && b->index != a->index + i)
            return false;
    }
    return model[first].kind != NONE;
}

/* mremap to a fixed place, within what one VMA surely covers. */
static void do_remap(unsigned first, unsigned n)
{
    unsigned to = (unsigned)unit_below(PAGES - 64);
    unsigned grown = n;
    static struct model moved[64];

    if (n > 64 || !uniform(first, n) || (to < first + n && first < to + 64))
        return;
    memcpy(moved, &model[first], n * sizeof(model[0]));
    if (model[first].kind == ANON) {
        grown = 1 + (unsigned)unit_below(64);
        for (unsigned i = n; i < grown; i++)
            moved[i] = (struct model){ .kind = ANON,
                                       .prot = model[first].prot };
    }
    assert_int_equal(mm_remap(mm, at(first), n * PAGE_SIZE,
                              grown * PAGE_SIZE, 3, at(to)), at(to));
    memset(&model[first], 0, n * sizeof(model[0]));
    memcpy(&model[to], moved, grown * sizeof(model[0]));
}

/* Where mremap in place or a move to a chosen address leads. */
static void do_resize(unsigned first, unsigned n)
{
    unsigned grown = 1 + (unsigned)unit_below(64);
    long got;

    if (n > 64 || !uniform(first, n) || model[first].kind != ANON ||
        first + grown > PAGES)
        return;
    got = mm_remap(mm, at(first), n * PAGE_SIZE, grown * PAGE_SIZE, 0, 0);
    if (got < 0) {
        assert_int_equal(got, -ENOMEM);
        return;
    }
    assert_int_equal(got, at(first));
    for (unsigned i = grown; i < n; i++)
        memset(&model[first + i], 0, sizeof(model[0]));
    for (unsigned i = n; i < grown; i++)
        model[first + i] = (struct model){ .kind = ANON,
                                           .prot = model[first].prot };
}

static void step(void)
{
    unsigned n = 1 + (unsigned)unit_below(unit_below(8) ? 40 : 1100);
    unsigned first = (unsigned)unit_below(PAGES - n);

    switch (unit_below(12)) {
    case 0: case 1: case 2: do_map(first, n); break;
    case 3: do_unmap(first, n); break;
    case 4: case 5: do_protect(first, n); break;
    case 6: do_dontneed(first, n); break;
    case 7: do_remap(first, n); break;
    case 8: do_resize(first, n); break;
    case 9:
        for (unsigned i = 0; i < n; i += 7)
            check_page(first + i, true);
        break;
    case 10: page_cache_reclaim(20); break;
    default:
        for (unsigned i = 0; i < n; i++)
            check_page(first + i, unit_below(2));
    }
}

static void random_calls(void **state)
{
    struct mm_stats s0, s1;

    (void)state;
    for (unsigned i = 0; i < FILE_PAGES; i++)
        file_byte[i] = (uint8_t)(200 + i % 50);
    page_cache_init(&file_pc, &file_ops, NULL, false);
    page_cache_init(&shared_pc, NULL, NULL, true);
    mm = mm_create();
    unit_mm_set(mm);
    mm_stats_get(&s0);
    for (unsigned round = 0; round < 8000; round++) {
        for (unsigned i = 0; i < 20; i++)
            step();
        check_all();
    }
    for (unsigned i = 0; i < PAGES; i++)
        check_page(i, false);
    mm_unref(mm);
    assert_int_equal(file_refs, 0);
    page_cache_release(&file_pc);
    page_cache_release(&shared_pc);
    mm_stats_get(&s1);
    assert_int_equal(s1.anon, 0);
    assert_int_equal(s1.cached, 0);
    assert_int_equal(s1.tables, 0);
    unit_mm_set(NULL);
}

/* Neighbours in one table, or far apart, unmapped in any order: when nothing
 * is mapped any more, only the root is left. */
static void tables_go(void **state)
{
    struct mm_stats s;

    (void)state;
    mm = mm_create();
    unit_mm_set(mm);
    for (unsigned round = 0; round < 200; round++) {
        uaddr_t pieces[40];
        unsigned n = 0;

        while (n < ARRAY_LEN(pieces)) {
            struct mm_map_args a = {
                .addr = unit_random() % 3 * (700ull << 30) +
                        unit_random() % 3 * (1ull << 30) +
                        (1 + unit_random() % 1000) * (16 * PAGE_SIZE),
                .length = 8 * PAGE_SIZE, .fixed_noreplace = true,
                .flags = VMA_READ | VMA_WRITE | VMA_ANON,
            };

            if (mm_map(mm, &a) < 0)
                continue;
            assert_non_null(host_touch(mm_pt(mm), a.addr, FAULT_WRITE));
            pieces[n++] = a.addr;
        }
        while (n > 0) {
            unsigned i = unit_random() % n;

            assert_int_equal(mm_unmap(mm, pieces[i], 8 * PAGE_SIZE), 0);
            pieces[i] = pieces[--n];
        }
        mm_stats_get(&s);
        assert_int_equal(s.tables, 1);
        assert_true(host_tlb_sound());
    }
    mm_unref(mm);
    unit_mm_set(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_go),
        cmocka_unit_test(random_calls),
    };

    return cmocka_run_group_tests(tests, unit_boot_default, NULL);
}
