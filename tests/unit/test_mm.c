/* SPDX-License-Identifier: BSD-2-Clause */
/* Address spaces, case by case: placement, faults, advice, exhaustion. */
#include "unit.h"

#define MIB (1ull << 20)
#define RW (VMA_READ | VMA_WRITE)

static struct mm *mm;
static jmp_buf oom_jump;
static bool oom_armed;

static int setup(void **state)
{
    (void)state;
    mm = mm_create();
    assert_non_null(mm);
    mm_layout_set(mm, ARCH_PROGRAM_END - 64 * MIB, 8 * MIB);
    unit_mm_set(mm);
    return 0;
}

static int teardown(void **state)
{
    struct mm_stats s;

    (void)state;
    assert_true(host_tlb_sound());
    mm_unref(mm);
    unit_mm_set(NULL);
    mm_stats_get(&s);
    assert_int_equal(s.anon, 0);
    assert_int_equal(s.cached, 0);
    assert_int_equal(s.tables, 0);
    return 0;
}

static long map(uaddr_t addr, uint64_t length, unsigned flags)
{
    return mm_map(mm, &(struct mm_map_args){
        .addr = addr, .length = length, .flags = flags | VMA_ANON });
}

static long map_fixed(uaddr_t addr, uint64_t length, unsigned flags)
{
    return mm_map(mm, &(struct mm_map_args){
        .addr = addr, .length = length, .flags = flags | VMA_ANON,
        .fixed = true });
}

static uint64_t resident(void)
{
    struct mm_usage u;

    mm_usage_get(mm, &u);
    return u.resident;
}

static bool count_one(void *arg, const struct vma *v)
{
    (void)v;
    ++*(unsigned *)arg;
    return true;
}

static unsigned count_vmas(void)
{
    unsigned n = 0;

    mm_vmas_each(mm, count_one, &n);
    return n;
}

static void placement(void **state)
{
    long a = map(0, 5000, RW), b = map(0, PAGE_SIZE, VMA_READ), c;

    (void)state;
    assert_int_equal(a, ARCH_PROGRAM_END - 64 * MIB - 2 * PAGE_SIZE);
    assert_int_equal(b, a - (long)PAGE_SIZE);
    /* A hole is found again, from the top. */
    assert_int_equal(mm_unmap(mm, (uaddr_t)a, PAGE_SIZE), 0);
    assert_int_equal(map(0, PAGE_SIZE, VMA_EXEC | VMA_READ), a);
    /* A free hint is honoured exactly, a taken one not at all. */
    assert_int_equal(map(0x123450fff, PAGE_SIZE, RW), 0x123450000);
    c = map(0x123450000, PAGE_SIZE, RW);
    assert_int_equal(c, b - (long)PAGE_SIZE);
    /* Low memory by request. */
    c = mm_map(mm, &(struct mm_map_args){ .length = MIB, .below_2g = true,
                                         .flags = VMA_ANON | RW });
    assert_true(c > 0 && c + (long)MIB <= 1l << 31);
    /* Errors. */
    assert_int_equal(map(0, 0, RW), -EINVAL);
    assert_int_equal(map(0, UINT64_MAX, RW), -ENOMEM);
    assert_int_equal(map(0, ARCH_PROGRAM_END, VMA_NORESERVE), -ENOMEM);
    assert_int_equal(map_fixed(0x1001, PAGE_SIZE, RW), -EINVAL);
    assert_int_equal(map_fixed(ARCH_PROGRAM_END, PAGE_SIZE, RW), -ENOMEM);
    assert_int_equal(map_fixed(0, PAGE_SIZE, RW), -EPERM);
    assert_int_equal(mm_map(mm, &(struct mm_map_args){
        .addr = (uaddr_t)a, .length = PAGE_SIZE, .flags = VMA_ANON,
        .fixed_noreplace = true }), -EEXIST);
    assert_int_equal(mm_unmap(mm, 1, PAGE_SIZE), -EINVAL);
    assert_int_equal(mm_unmap(mm, 0x1000, 0), -EINVAL);
    assert_int_equal(mm_unmap(mm, 0x5000, PAGE_SIZE), 0);
}

/* Fills the space below the base with single pages, and finds every gap. */
static void gaps(void **state)
{
    uaddr_t base = ARCH_PROGRAM_END - 64 * MIB;

    (void)state;
    for (unsigned i = 1; i <= 600; i++)
        assert_int_equal(map_fixed(base - 4 * i * PAGE_SIZE, PAGE_SIZE,
                                   i % 2 ? RW : VMA_READ),
                         base - 4 * i * PAGE_SIZE);
    for (unsigned i = 1; i <= 600; i++)
        assert_int_equal(map(0, 3 * PAGE_SIZE, VMA_EXEC),
                         base - (4 * i - 1) * PAGE_SIZE);
    assert_int_equal(map(0, 2 * PAGE_SIZE, VMA_EXEC | VMA_READ),
                     base - 4 * 600 * PAGE_SIZE - 2 * PAGE_SIZE);
}

static void merging(void **state)
{
    (void)state;
    assert_int_equal(map_fixed(16 * MIB, MIB, RW), 16 * MIB);
    assert_int_equal(map_fixed(17 * MIB, MIB, RW), 17 * MIB);
    assert_int_equal(count_vmas(), 1);
    assert_int_equal(mm_protect(mm, 16 * MIB + PAGE_SIZE, PAGE_SIZE, 0), 0);
    assert_int_equal(count_vmas(), 3);
    assert_int_equal(mm_protect(mm, 16 * MIB + PAGE_SIZE, PAGE_SIZE, 3), 0);
    assert_int_equal(count_vmas(), 1);
    assert_int_equal(mm_advise(mm, 16 * MIB, PAGE_SIZE, 10), 0);
    assert_int_equal(count_vmas(), 2);
    assert_int_equal(mm_advise(mm, 16 * MIB, 2 * MIB, 11), 0);
    assert_int_equal(count_vmas(), 1);
    assert_int_equal(mm_unmap(mm, 16 * MIB + PAGE_SIZE, MIB), 0);
    assert_int_equal(count_vmas(), 2);
}

static void terabyte(void **state)
{
    long a = map(0, 1ull << 40, RW | VMA_NORESERVE);
    unsigned long flushes;

    (void)state;
    assert_true(a > 0);
    assert_int_equal(map(0, 1ull << 40, RW), -ENOMEM);
    for (unsigned i = 0; i < 5; i++)
        *unit_at(mm, (uaddr_t)a + i * (200ull << 30), FAULT_WRITE) = 9;
    assert_int_equal(mm_protect(mm, (uaddr_t)a, 1ull << 40, 1), 0);
    assert_true(unit_traps(mm, (uaddr_t)a, FAULT_WRITE));
    assert_int_equal(*unit_at(mm, (uaddr_t)a + (800ull << 30), 0), 9);
    flushes = host_tlb_flushes;
    assert_int_equal(mm_unmap(mm, (uaddr_t)a, 1ull << 40), 0);
    assert_int_equal(host_tlb_flushes, flushes + 1);
    assert_int_equal(resident(), 0);
}

static void huge_pages(void **state)
{
    uaddr_t a = 1ull << 30;
    unsigned long faults = host_faults;

    (void)state;
    assert_int_equal(map_fixed(a, 8 * MIB, RW), a);
    for (uaddr_t va = a; va < a + 8 * MIB; va += PAGE_SIZE)
        *unit_at(mm, va, FAULT_WRITE) = (uint8_t)(va >> 12);
    assert_int_equal(host_faults - faults, 4);
    assert_int_equal(resident(), 8 * MIB);
    /* Holes split; the rest keeps its contents. */
    assert_int_equal(mm_unmap(mm, a + 3 * PAGE_SIZE, PAGE_SIZE), 0);
    assert_int_equal(mm_protect(mm, a + 2 * MIB, PAGE_SIZE, VMA_READ), 0);
    assert_int_equal(mm_advise(mm, a + 6 * MIB + PAGE_SIZE, MIB, 4), 0);
    assert_int_equal(resident(), 7 * MIB - PAGE_SIZE);
    assert_true(unit_traps(mm, a + 3 * PAGE_SIZE, 0));
    assert_true(unit_traps(mm, a + 2 * MIB, FAULT_WRITE));
    assert_int_equal(*unit_at(mm, a + 2 * PAGE_SIZE, 0), 2);
    assert_int_equal(*unit_at(mm, a + 2 * MIB, 0), 0);
    assert_int_equal(*unit_at(mm, a + 2 * MIB + PAGE_SIZE, 0), 1);
    assert_int_equal(*unit_at(mm, a + 6 * MIB + PAGE_SIZE, 0), 0);
    assert_int_equal(*unit_at(mm, a + 8 * MIB - PAGE_SIZE, 0), 255);
    /* Moving to a place of other alignment. */
    assert_int_equal(mm_remap(mm, a + 4 * MIB, 2 * MIB, 2 * MIB, 3,
                              2 * a + PAGE_SIZE), 2 * a + PAGE_SIZE);
    assert_int_equal(*unit_at(mm, 2 * a + 6 * PAGE_SIZE, 0), 5);
    assert_int_equal(map_fixed(a, 2 * MIB, RW | VMA_NOHUGE), a);
    unit_at(mm, a, FAULT_WRITE);
    assert_true(resident() < 8 * MIB);
}

static void stack(void **state)
{
    uaddr_t top = ARCH_PROGRAM_END - MIB;
    struct mm_usage u;

    (void)state;
    assert_int_equal(map_fixed(top - 4 * PAGE_SIZE, 4 * PAGE_SIZE,
                               RW | VMA_STACK), top - 4 * PAGE_SIZE);
    *unit_at(mm, top - 5 * PAGE_SIZE, FAULT_WRITE) = 1;
    *unit_at(mm, top - 7 * MIB, FAULT_WRITE) = 1;
    mm_usage_get(mm, &u);
    assert_int_equal(u.stack, 7 * MIB);
    assert_true(unit_traps(mm, top - 8 * MIB - 1, FAULT_WRITE));
    assert_int_equal(host_trap.code, 1);
    /* It keeps away from a mapping, and a mapping from it. */
    assert_int_equal(map_fixed(top - 9 * MIB, MIB + MIB / 2, RW),
                     top - 9 * MIB);
    assert_true(unit_traps(mm, top - 7 * MIB - MIB / 4, FAULT_WRITE));
}

static void brk(void **state)
{
    uaddr_t b = 0x5000000, end;

    (void)state;
    mm_brk_init(mm, b - 100);
    assert_int_equal(mm_brk(mm, 0), b);
    assert_int_equal(mm_brk(mm, b + 10), b + 10);
    *unit_at(mm, b + 10, FAULT_WRITE) = 7;
    assert_int_equal(mm_brk(mm, b + 10 * PAGE_SIZE), b + 10 * PAGE_SIZE);
    *unit_at(mm, b + 10 * PAGE_SIZE - 1, FAULT_WRITE) = 7;
    assert_int_equal(count_vmas(), 1);
    assert_int_equal(mm_brk(mm, b + PAGE_SIZE), b + PAGE_SIZE);
    assert_true(unit_traps(mm, b + PAGE_SIZE, 0));
    assert_int_equal(mm_brk(mm, b + 2 * PAGE_SIZE), b + 2 * PAGE_SIZE);
    assert_int_equal(*unit_at(mm, b + PAGE_SIZE, 0), 0);
    assert_int_equal(mm_brk(mm, b - 1), b + 2 * PAGE_SIZE);
    assert_int_equal(mm_brk(mm, 1ull << 40), b + 2 * PAGE_SIZE);
    assert_int_equal(mm_brk(mm, UINT64_MAX), b + 2 * PAGE_SIZE);
    assert_int_equal(map_fixed(b + 5 * PAGE_SIZE, PAGE_SIZE, RW),
                     b + 5 * PAGE_SIZE);
    end = mm_brk(mm, b + 6 * PAGE_SIZE);
    assert_int_equal(end, b + 2 * PAGE_SIZE);
    assert_int_equal(mm_brk(mm, b), b);
    assert_int_equal(count_vmas(), 1);
}

static void advice(void **state)
{
    uaddr_t a = 16 * MIB;
    static const int known[] = { 0, 1, 2, 3, 10, 11, 12, 13, 14, 15, 16, 17,
                                 19, 20, 21, 25 };

    (void)state;
    assert_int_equal(map_fixed(a, 16 * PAGE_SIZE, RW), a);
    for (unsigned i = 0; i < ARRAY_LEN(known); i++)
        assert_int_equal(mm_advise(mm, a, 16 * PAGE_SIZE, known[i]), 0);
    assert_int_equal(mm_advise(mm, a, PAGE_SIZE, 99), -EINVAL);
    assert_int_equal(mm_advise(mm, a, PAGE_SIZE, 7), -EINVAL);
    assert_int_equal(mm_advise(mm, a + 1, PAGE_SIZE, 4), -EINVAL);
    assert_int_equal(mm_advise(mm, a, 0, 4), 0);
    assert_int_equal(mm_advise(mm, 0, 0, 23), 0);
    assert_int_equal(mm_advise(mm, a, 17 * PAGE_SIZE, 4), -ENOMEM);
    assert_int_equal(mm_advise(mm, a, 16 * PAGE_SIZE, 23), 0);
    assert_int_equal(resident(), 16 * PAGE_SIZE);
    *unit_at(mm, a, FAULT_WRITE) = 5;
    assert_int_equal(mm_advise(mm, a, 4 * PAGE_SIZE, 8), 0);
    assert_int_equal(resident(), 12 * PAGE_SIZE);
    assert_int_equal(*unit_at(mm, a, 0), 0);
    assert_int_equal(mm_advise(mm, a, 17 * PAGE_SIZE, 22), -ENOMEM);
    assert_int_equal(mm_sync(mm, a, 16 * PAGE_SIZE, 4), 0);
    assert_int_equal(mm_sync(mm, a, 17 * PAGE_SIZE, 4), -ENOMEM);
    assert_int_equal(mm_sync(mm, a, PAGE_SIZE, 5), -EINVAL);
}

static void incore(void **state)
{
    uaddr_t a = 16 * MIB, vec = 64 * MIB;
    uint8_t got[600];

    (void)state;
    map_fixed(a, 600 * PAGE_SIZE, RW | VMA_NOHUGE);
    map_fixed(vec, PAGE_SIZE, RW);
    unit_at(mm, a + 300 * PAGE_SIZE, FAULT_WRITE);
    assert_int_equal(mm_incore(mm, a, 600 * PAGE_SIZE, vec), 0);
    assert_int_equal(copy_from_user(got, vec, 600), 0);
    for (unsigned i = 0; i < 600; i++)
        assert_int_equal(got[i], i == 300);
    assert_int_equal(mm_incore(mm, a, 601 * PAGE_SIZE, vec), -ENOMEM);
    assert_int_equal(mm_incore(mm, a, PAGE_SIZE, 8 * MIB), -EFAULT);
    assert_int_equal(mm_incore(mm, a + 1, PAGE_SIZE, vec), -EINVAL);
}

static void remap(void **state)
{
    uaddr_t a = 16 * MIB;
    long b;

    (void)state;
    map_fixed(a, 4 * PAGE_SIZE, RW);
    map_fixed(a + 8 * PAGE_SIZE, PAGE_SIZE, VMA_READ);
    for (unsigned i = 0; i < 4; i++)
        *unit_at(mm, a + i * PAGE_SIZE, FAULT_WRITE) = (uint8_t)(i + 1);
    assert_int_equal(mm_remap(mm, a, 4 * PAGE_SIZE, 8 * PAGE_SIZE, 0, 0), a);
    assert_int_equal(mm_remap(mm, a, 8 * PAGE_SIZE, 9 * PAGE_SIZE, 0, 0),
                     -ENOMEM);
    b = mm_remap(mm, a, 8 * PAGE_SIZE, 9 * PAGE_SIZE, 1, 0);
    assert_true(b > 0 && b != (long)a);
    assert_true(unit_traps(mm, a, 0));
    assert_int_equal(*unit_at(mm, (uaddr_t)b + 3 * PAGE_SIZE, 0), 4);
    assert_int_equal(mm_remap(mm, (uaddr_t)b, 9 * PAGE_SIZE, PAGE_SIZE, 0, 0),
                     b);
    assert_true(unit_traps(mm, (uaddr_t)b + PAGE_SIZE, 0));
    /* DONTUNMAP leaves an empty range behind. */
    a = (uaddr_t)mm_remap(mm, (uaddr_t)b, PAGE_SIZE, PAGE_SIZE, 5, 0);
    assert_int_equal(*unit_at(mm, a, 0), 1);
    assert_int_equal(*unit_at(mm, (uaddr_t)b, 0), 0);
    /* Errors. */
    assert_int_equal(mm_remap(mm, a + 1, 1, 1, 0, 0), -EINVAL);
    assert_int_equal(mm_remap(mm, a, PAGE_SIZE, 0, 0, 0), -EINVAL);
    assert_int_equal(mm_remap(mm, a, PAGE_SIZE, PAGE_SIZE, 2, 0), -EINVAL);
    assert_int_equal(mm_remap(mm, a, PAGE_SIZE, PAGE_SIZE, 3, a), -EINVAL);
    assert_int_equal(mm_remap(mm, 0x1000, PAGE_SIZE, PAGE_SIZE, 0, 0),
                     -EFAULT);
    assert_int_equal(mm_remap(mm, a, 0, PAGE_SIZE, 1, 0), -EINVAL);
    assert_int_equal(mm_remap(mm, a, PAGE_SIZE, UINT64_MAX, 1, 0), -EINVAL);
    assert_int_equal(mm_remap(mm, a, PAGE_SIZE, ARCH_PROGRAM_END, 1, 0),
                     -ENOMEM);
    /* What mmap would refuse, as more than all of memory: moved or not. */
    assert_int_equal(mm_remap(mm, a, PAGE_SIZE, 8192 * MIB, 1, 0), -ENOMEM);
    map_fixed(64 * MIB, PAGE_SIZE, RW);
    assert_int_equal(mm_remap(mm, 64 * MIB, PAGE_SIZE, 8192 * MIB, 0, 0),
                     -ENOMEM);
    map_fixed(64 * MIB, PAGE_SIZE, RW | VMA_NORESERVE);
    assert_int_equal(mm_remap(mm, 64 * MIB, PAGE_SIZE, 8192 * MIB, 0, 0),
                     64 * MIB);
}

static void shared_anonymous(void **state)
{
    long a = map(0, 64 * PAGE_SIZE, RW | VMA_SHARED), b;
    uint64_t key[2], other[2];

    (void)state;
    assert_true(a > 0);
    *unit_at(mm, (uaddr_t)a + 5 * PAGE_SIZE, FAULT_WRITE) = 42;
    /* DONTNEED only drops the mapping; old size 0 maps it a second time. */
    assert_int_equal(mm_advise(mm, (uaddr_t)a, 64 * PAGE_SIZE, 4), 0);
    assert_int_equal(*unit_at(mm, (uaddr_t)a + 5 * PAGE_SIZE, 0), 42);
    b = mm_remap(mm, (uaddr_t)a, 0, 64 * PAGE_SIZE, 1, 0);
    assert_true(b > 0 && b != a);
    *unit_at(mm, (uaddr_t)b + 5 * PAGE_SIZE, FAULT_WRITE) = 43;
    assert_int_equal(*unit_at(mm, (uaddr_t)a + 5 * PAGE_SIZE, 0), 43);
    assert_int_equal(mm_futex_key(mm, (uaddr_t)a + 4, key), 0);
    assert_int_equal(mm_futex_key(mm, (uaddr_t)b + 4, other), 0);
    assert_memory_equal(key, other, sizeof(key));
    assert_int_equal(mm_futex_key(mm, 0x1000, key), -EFAULT);
    /* REMOVE punches a hole for both. */
    assert_int_equal(mm_advise(mm, (uaddr_t)a, 64 * PAGE_SIZE, 9), 0);
    assert_int_equal(*unit_at(mm, (uaddr_t)b + 5 * PAGE_SIZE, 0), 0);
    assert_int_equal(mm_unmap(mm, (uaddr_t)a, 64 * PAGE_SIZE), 0);
    *unit_at(mm, (uaddr_t)b, FAULT_WRITE) = 1;
}

static void user_copies(void **state)
{
    uaddr_t a = 16 * MIB;
    char buf[3 * PAGE_SIZE] = "hello";

    (void)state;
    map_fixed(a, 2 * PAGE_SIZE, RW);
    map_fixed(a + 2 * PAGE_SIZE, PAGE_SIZE, VMA_READ);
    assert_int_equal(copy_to_user(a + PAGE_SIZE - 3, buf, 6), 0);
    memset(buf, 0, sizeof(buf));
    assert_int_equal(strncpy_from_user(buf, a + PAGE_SIZE - 3, 100), 5);
    assert_string_equal(buf, "hello");
    assert_int_equal(strncpy_from_user(buf, a + PAGE_SIZE - 3, 5),
                     -ENAMETOOLONG);
    assert_int_equal(copy_to_user(a + PAGE_SIZE, buf, 2 * PAGE_SIZE), -EFAULT);
    assert_int_equal(copy_to_user_partial(a + PAGE_SIZE, buf, 2 * PAGE_SIZE),
                     PAGE_SIZE);
    assert_int_equal(copy_from_user(buf, a, 3 * PAGE_SIZE), 0);
    assert_int_equal(copy_from_user_partial(buf, a + 3 * PAGE_SIZE - 5, 10),
                     5);
    assert_int_equal(clear_user(a, 2 * PAGE_SIZE), 0);
    assert_int_equal(clear_user(a, 3 * PAGE_SIZE), -EFAULT);
    assert_int_equal(copy_from_user(buf, ARCH_PROGRAM_END - 4, 8), -EFAULT);
    assert_int_equal(copy_from_user(buf, UINT64_MAX - 3, 8), -EFAULT);
    assert_int_equal(copy_from_user(buf, (uintptr_t)buf, 1), -EFAULT);
    assert_int_equal(copy_from_user(buf, 0, 0), 0);
    unit_mm_set(NULL);
    assert_int_equal(copy_from_user(buf, a, 1), -EFAULT);
    unit_mm_set(mm);
    memset(buf, 'x', sizeof(buf));
    assert_int_equal(copy_to_user(a, buf, 2 * PAGE_SIZE), 0);
    assert_int_equal(mm_unmap(mm, a + 2 * PAGE_SIZE, PAGE_SIZE), 0);
    assert_int_equal(strncpy_from_user(buf, a, sizeof(buf)), -EFAULT);
}

static void oom(const char *what)
{
    (void)what;
    if (oom_armed)
        longjmp(oom_jump, 1);
    fail_msg("out of memory hook");
}

/* Touches more than there is: the hook is called, and unmapping frees all. */
static void exhaustion(void **state)
{
    static long a;
    static volatile uint64_t touched;
    struct mm_stats before, now;

    (void)state;
    mm_stats_get(&before);
    a = map(0, 1024 * MIB, RW | VMA_NORESERVE);
    oom_armed = true;
    mm_oom_hook_set(oom);
    if (setjmp(oom_jump) == 0) {
        for (touched = 0; touched < 1024 * MIB; touched += PAGE_SIZE)
            *unit_at(mm, (uaddr_t)a + touched, FAULT_WRITE) = 1;
        fail_msg("never out of memory");
    }
    oom_armed = false;
    mm_stats_get(&now);
    assert_true(now.free > 0 && now.free < before.total / 16);
    assert_non_null(kmalloc(1) ? (void *)1 : NULL);
    assert_int_equal(mm_unmap(mm, (uaddr_t)a, 1024 * MIB), 0);
    mm_stats_get(&now);
    assert_true(now.free + 16 >= before.free);
}

/* A life of many calls, each of which may find no memory. */
static void injected_life(void *arg)
{
    struct mm *m = mm_create();
    char buf[64];

    (void)arg;
    if (!m)
        return;
    unit_mm_set(m);
    mm_map(m, &(struct mm_map_args){ .addr = 32 * MIB, .length = 6 * MIB,
                                     .fixed = true, .flags = VMA_ANON | RW });
    copy_to_user(32 * MIB, "abc", 4);
    copy_to_user(34 * MIB, "abc", 4);
    mm_map(m, &(struct mm_map_args){ .addr = 40 * MIB, .length = MIB,
                                     .fixed = true,
                                     .flags = VMA_ANON | VMA_SHARED | RW });
    copy_to_user(40 * MIB + 100 * PAGE_SIZE, "abc", 4);
    copy_to_user(40 * MIB + 70 * PAGE_SIZE, "abc", 4);
    mm_protect(m, 32 * MIB + PAGE_SIZE, PAGE_SIZE, VMA_READ);
    mm_unmap(m, 33 * MIB, PAGE_SIZE);
    mm_advise(m, 34 * MIB + PAGE_SIZE, PAGE_SIZE, 4);
    if (mm_remap(m, 34 * MIB, MIB, 2 * MIB, 3, 48 * MIB) == (long)(48 * MIB))
        copy_from_user(buf, 48 * MIB, 4);
    mm_brk_init(m, 64 * MIB);
    mm_brk(m, 65 * MIB);
    copy_to_user(64 * MIB, "abc", 4);
    unit_mm_set(mm);
    mm_unref(m);
}

static void oom_ignored(const char *what)
{
    (void)what;
}

static void injection(void **state)
{
    struct mm_stats before, now;

    (void)state;
    mm_oom_hook_set(oom_ignored);
    injected_life(NULL);
    mm_stats_get(&before);
    unit_step_failures(FAULT_ALLOC, injected_life, NULL);
    mm_stats_get(&now);
    assert_int_equal(now.anon, before.anon);
    assert_int_equal(now.tables, before.tables);
    assert_int_equal(now.cached, before.cached);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(placement), CASE(gaps), CASE(merging), CASE(terabyte),
        CASE(huge_pages), CASE(stack), CASE(brk), CASE(advice), CASE(incore),
        CASE(remap), CASE(shared_anonymous), CASE(user_copies),
        CASE(exhaustion), CASE(injection),
    };

    return cmocka_run_group_tests(tests, unit_boot_default, NULL);
}
