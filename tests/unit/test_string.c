/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's own memcpy, memmove and memset, which host programs do not
 * use: here under other names, against the C library's. */
#include "unit.h"

#define memcpy      kernel_memcpy
#define memmove     kernel_memmove
#define memset      kernel_memset
#define memcmp      kernel_memcmp
#define memchr      kernel_memchr
#define strlen      kernel_strlen
#define strnlen     kernel_strnlen
#define strcmp      kernel_strcmp
#define strncmp     kernel_strncmp
#define strchr      kernel_strchr
#define strrchr     kernel_strrchr
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "../../kernel/lib/mem.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr

#define SIZE 1500
#define EDGE 80                 /* around what is written */

static uint8_t had[SIZE + 2 * EDGE], want[SIZE + 2 * EDGE];

static void refill(void)
{
    for (size_t i = 0; i < sizeof(had); i++)
        had[i] = (uint8_t)unit_random();
    memcpy(want, had, sizeof(had));
}

static size_t some_size(unsigned round)
{
    return round < 600 ? round % 300 : unit_below(SIZE);
}

/* Each with string instructions from 512 bytes on, and without. */
static void both_ways(void (*fn)(size_t n))
{
    static const size_t from[] = { 512, SIZE_MAX };

    for (unsigned way = 0; way < 2; way++) {
        mem_string_from = from[way];
        for (unsigned round = 0; round < 3000; round++) {
            refill();
            fn(some_size(round));
            assert_memory_equal(had, want, sizeof(had));
        }
    }
}

static void copy_once(size_t n)
{
    static uint8_t from[SIZE + EDGE];
    size_t at = unit_below(EDGE), src = unit_below(EDGE);

    for (size_t i = 0; i < sizeof(from); i++)
        from[i] = (uint8_t)unit_random();
    memcpy(want + at, from + src, n);
    assert_ptr_equal(kernel_memcpy(had + at, from + src, n), had + at);
}

static void copies(void **state)
{
    (void)state;
    both_ways(copy_once);
}

/* Both ways, mostly by less than a block. */
static void move_once(size_t n)
{
    size_t to = unit_below(EDGE), from = unit_below(2) ? unit_below(EDGE)
                                                       : to + unit_below(9);

    memmove(want + to, want + from, n);
    assert_ptr_equal(kernel_memmove(had + to, had + from, n), had + to);
}

static void moves(void **state)
{
    (void)state;
    both_ways(move_once);
}

static void fill_once(size_t n)
{
    size_t at = unit_below(EDGE);
    int c = (int)unit_below(1000) - 300;

    memset(want + at, c, n);
    assert_ptr_equal(kernel_memset(had + at, c, n), had + at);
}

static void fills(void **state)
{
    (void)state;
    both_ways(fill_once);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies),
        cmocka_unit_test(moves),
        cmocka_unit_test(fills),
    };

    return cmocka_run_group_tests_name("string", tests, NULL, NULL);
}
