/* SPDX-License-Identifier: BSD-2-Clause */
/* Where virtio-mmio devices are: boot words and bytes of ACPI tables. */
#include "unit.h"

#include "dev/dev_priv.h"

static struct mmio_window w;

static void words(void **state)
{
    (void)state;
    assert_int_equal(virtio_mmio__parse("512@0xfeb00e00:12", &w), 0);
    assert_int_equal(w.addr, 0xfeb00e00);
    assert_int_equal(w.size, 512);
    assert_int_equal(w.gsi, 12);
    assert_false(w.level);
    assert_int_equal(virtio_mmio__parse("4K@0xd0000000:5 quiet", &w), 0);
    assert_int_equal(w.size, 4096);
    assert_int_equal(w.gsi, 5);
    assert_int_equal(virtio_mmio__parse("0x200@0x1000:7:3", &w), 0);
    assert_int_equal(w.gsi, 7);
}

static void bad_words(void **state)
{
    static const char *const bad[] = {
        "", " ", "@", ":", "512", "512@", "512@0x1000", "512@0x1000:",
        "512@0x1000:x", "@0x1000:5", "512:0x1000@5", "512@0x1000:5:",
        "512@0x1000:5:1:2", "512@0x1000:5x", "0@0x1000:5",
        "512@0x1000:1024", "512@0x1000:-1", "512@0xffffffffffffffff:5",
        "99999999999999999999999999@0x1000:5", "512@0x1000:5,",
        "512@0x1ffffffffffffffffffffffffffffffff:5",
    };
    unsigned i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(bad); i++)
        if (virtio_mmio__parse(bad[i], &w) != -EINVAL)
            fail_msg("accepted \"%s\"", bad[i]);
}

/* The device node as QEMU's microvm writes it: Name(_HID, "LNRO0005"),
 * Name(_UID, n), Name(_CCA, 1), Name(_CRS, ResourceTemplate {...}). */
static size_t node(uint8_t *p, uint32_t base, uint8_t flags, uint32_t gsi)
{
    static const uint8_t start[] = {
        0x5b, 0x82, 0x40, 0x05, 'V', 'R', '0', '0',
        0x08, '_', 'H', 'I', 'D', 0x0d, 'L', 'N', 'R', 'O', '0', '0', '0',
        '5', 0, 0x08, '_', 'U', 'I', 'D', 0,
        0x08, '_', 'C', 'R', 'S', 0x11, 0x1a, 0x0a, 0x17,
    };
    uint8_t res[] = {
        0x86, 0x09, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0,
        0x89, 0x06, 0, flags, 1, 0, 0, 0, 0, 0x79, 0,
    };

    memcpy(res + 4, &base, 4);
    memcpy(res + 17, &gsi, 4);
    memcpy(p, start, sizeof(start));
    memcpy(p + sizeof(start), res, sizeof(res));
    return sizeof(start) + sizeof(res);
}

static void nodes(void **state)
{
    uint8_t table[512] = { 0 };
    struct mmio_window found[4];
    size_t n = 40;

    (void)state;
    n += node(table + n, 0xfeb00e00, 1, 23);
    n += node(table + n, 0xfeb00c00, 7, 22);
    n += 30;
    assert_int_equal(acpi__scan_mmio(table, n, found, 4), 2);
    assert_int_equal(found[0].addr, 0xfeb00e00);
    assert_int_equal(found[0].size, 512);
    assert_int_equal(found[0].gsi, 23);
    assert_true(found[0].level);
    assert_false(found[0].active_low);
    assert_int_equal(found[1].addr, 0xfeb00c00);
    assert_false(found[1].level);
    assert_true(found[1].active_low);
    assert_int_equal(acpi__scan_mmio(table, n, found, 1), 1);
    assert_int_equal(acpi__scan_mmio(table, n, found, 0), 0);
}

/* Cut anywhere: what is found is whole. The copy ends where the heap does, so
 * that the sanitizer sees a step too far. */
static void cut_tables(void **state)
{
    uint8_t table[512] = { 0 }, *copy;
    struct mmio_window found[4];
    size_t n = node(table, 0xfeb00e00, 1, 23), i;

    (void)state;
    n += node(table + n, 0xfeb00c00, 1, 22);
    for (i = 0; i <= n; i++) {
        copy = malloc(i ? i : 1);
        memcpy(copy, table, i);
        assert_true(acpi__scan_mmio(copy, i, found, 4) <= 2);
        free(copy);
    }
}

static void hostile_tables(void **state)
{
    static const char pieces[][9] = { "LNRO0005", "\x86\x09\0\1\0\0\0\x10",
                                      "\x89\x06\0\1\1\5\0\0\0", "LLNRO000" };
    struct mmio_window found[8];
    uint8_t *table = malloc(1024);
    unsigned round, i;
    size_t at;

    (void)state;
    for (round = 0; round < 20000; round++) {
        for (at = 0; at < 1024; at++)
            table[at] = unit_below(4) ? 0 : (uint8_t)unit_random();
        for (i = 0; i < 20; i++)
            memcpy(table + unit_below(1024 - 9), pieces[unit_below(4)], 9);
        i = acpi__scan_mmio(table, 1024, found, 8);
        assert_true(i <= 8);
        while (i--)
            assert_true(found[i].addr && found[i].size &&
                        found[i].gsi < 1024);
    }
    free(table);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(bad_words),
        cmocka_unit_test(nodes),
        cmocka_unit_test(cut_tables),
        cmocka_unit_test(hostile_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
