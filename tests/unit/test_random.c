/* SPDX-License-Identifier: BSD-2-Clause */
/* The generator: ChaCha20 against RFC 8439, and what it promises. */
#include "unit.h"

#include "dev/dev_priv.h"

/* RFC 8439, 2.3.2. */
static void rfc_vector(void **state)
{
    static const uint32_t in[16] = {
        0x61707865, 0x3320646e, 0x79622d32, 0x6b206574,
        0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c,
        0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c,
        0x00000001, 0x09000000, 0x4a000000, 0x00000000,
    };
    static const uint32_t want[16] = {
        0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3,
        0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
        0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
        0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2,
    };
    uint32_t out[16];

    (void)state;
    chacha20__block(out, in);
    assert_memory_equal(out, want, sizeof(want));
}

static int boot(void **state)
{
    (void)state;
    unit_boot(16ull << 20);
    random_init();
    return 0;
}

/* Any size, no byte beyond it, and no two alike. */
static void sizes(void **state)
{
    uint8_t a[300], b[300];
    size_t n, i;

    (void)state;
    for (n = 0; n <= 256; n++) {
        memset(a, 0, sizeof(a));
        memset(b, 0, sizeof(b));
        random_bytes(a, n);
        random_bytes(b, n);
        for (i = n; i < sizeof(a); i++)
            assert_int_equal(a[i] | b[i], 0);
        if (n >= 8)
            assert_memory_not_equal(a, b, n);
    }
}

static void bits_are_even(void **state)
{
    static uint64_t words[4096];
    unsigned ones[64] = { 0 }, i, bit;

    (void)state;
    random_bytes(words, sizeof(words));
    for (i = 0; i < 4096; i++)
        for (bit = 0; bit < 64; bit++)
            ones[bit] += words[i] >> bit & 1;
    for (bit = 0; bit < 64; bit++)      /* six sigma */
        assert_in_range(ones[bit], 2048 - 192, 2048 + 192);
}

static void seeds_change_it(void **state)
{
    uint8_t seed[100] = { 0 };
    uint64_t before, after;

    (void)state;
    random_add(seed, 0);
    random_add(seed, 1);
    random_bytes(&before, 8);
    random_add(seed, sizeof(seed));
    random_bytes(&after, 8);
    assert_true(before != after);
}

static unsigned asked;
static void ask(void) { asked++; }

/* The source is asked at once, and again once the seed has aged. */
static void seeds_age(void **state)
{
    uint8_t byte;

    (void)state;
    random__source_set(ask);
    assert_int_equal(asked, 1);
    random__seeded();
    random_bytes(&byte, 1);
    assert_int_equal(asked, 1);
    host_clock_advance(301 * NSEC_PER_SEC);
    random_bytes(&byte, 1);
    random_bytes(&byte, 1);
    assert_int_equal(asked, 2);
    assert_true(random_seeded());
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_vector),
        cmocka_unit_test(sizes),
        cmocka_unit_test(bits_are_even),
        cmocka_unit_test(seeds_change_it),
        cmocka_unit_test(seeds_age),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
