/* SPDX-License-Identifier: BSD-2-Clause */
/* boot's readers of the manifest and the command line, with hostile input. */
#include "unit.h"

#include "boot/config.h"

#include <hull/manifest.h>

static uint8_t image[4096];
static size_t image_size;

static void begin(void)
{
    struct hull_manifest_header h = { HULL_MANIFEST_MAGIC,
                                      HULL_MANIFEST_VERSION, 0, 0 };

    memset(image, 0, sizeof(image));
    memcpy(image, &h, sizeof(h));
    image_size = sizeof(h);
}

static void add(uint32_t type, const char *text)
{
    struct hull_manifest_header h;
    struct hull_record rec = { type, (uint32_t)strlen(text) };

    memcpy(image + image_size, &rec, sizeof(rec));
    memcpy(image + image_size + sizeof(rec), text, rec.size);
    image_size += sizeof(rec) + (ALIGN_UP(rec.size, 8u));
    memcpy(&h, image, sizeof(h));
    h.records++;
    h.size = (uint32_t)image_size;
    memcpy(image, &h, sizeof(h));
}

static void sample(void)
{
    begin();
    add(HULL_REC_ARG, "/bin/server");
    add(HULL_REC_ARG, "");
    add(HULL_REC_ARG, "-v");
    add(HULL_REC_ENV, "A=1");
    add(HULL_REC_ENV, "B=2");
    add(HULL_REC_ENV, "A=3");
    add(HULL_REC_WORKDIR, "/srv");
    add(HULL_REC_HOSTNAME, "box");
    add(HULL_REC_NET, "dhcp");
    add(HULL_REC_OPTION, "loglevel=3");
    add(HULL_REC_OPTION, "strace");
    add(99, "skipped");
}

/* The reader in a copy of exact size, so that the sanitizer sees overruns. */
static int read_copy(struct boot_config *c, const uint8_t *data, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);
    int err;

    assert_non_null(copy);
    memcpy(copy, data, n);
    config_init(c);
    err = config_read_manifest(c, copy, n);
    free(copy);
    return err;
}

static void whole(void **state)
{
    struct boot_config c;

    (void)state;
    sample();
    assert_int_equal(read_copy(&c, image, image_size), 0);
    assert_int_equal(c.argv.count, 3);
    assert_string_equal(c.argv.at[0], "/bin/server");
    assert_string_equal(c.argv.at[1], "");
    assert_string_equal(c.argv.at[2], "-v");
    assert_null(c.argv.at[3]);
    assert_int_equal(c.env.count, 2);
    assert_string_equal(c.env.at[0], "A=3");
    assert_string_equal(c.workdir, "/srv");
    assert_string_equal(c.hostname, "box");
    assert_string_equal(c.net, "dhcp");
    assert_int_equal(c.loglevel, 3);
    assert_true(c.strace);
    assert_int_equal(config_read_cmdline(&c,
        " cwd=/x env=B=9 env=C= hostname=\"a \\\"b\\\\\" nonsense "
        "virtio_mmio.device=512@0xfeb00e00:12 exit=isa ip=10.0.0.2/24 "
        "-- one \"two words\" \"\""), 0);
    assert_int_equal(c.argv.count, 4);
    assert_string_equal(c.argv.at[0], "/bin/server");
    assert_string_equal(c.argv.at[2], "two words");
    assert_string_equal(c.argv.at[3], "");
    assert_string_equal(c.workdir, "/x");
    assert_string_equal(c.hostname, "a \"b\\");
    assert_string_equal(c.net, "ip=10.0.0.2/24");
    assert_string_equal(c.env.at[1], "B=9");
    assert_string_equal(c.env.at[2], "C=");
    assert_true(c.exit_isa);
    assert_int_equal(config_read_cmdline(&c, "--cmd /bin/other x"), 0);
    assert_int_equal(c.argv.count, 2);
    assert_string_equal(c.argv.at[0], "/bin/other");
    config_release(&c);
}

static void words_refused(void **state)
{
    struct boot_config c;

    (void)state;
    config_init(&c);
    assert_int_equal(config_read_cmdline(&c, ""), 0);
    assert_int_equal(config_read_cmdline(&c, "cwd=\"/x"), -EINVAL);
    assert_int_equal(config_read_cmdline(&c, "loglevel=8"), -EINVAL);
    assert_int_equal(config_read_cmdline(&c, "loglevel=-1"), -EINVAL);
    assert_int_equal(config_read_cmdline(&c, "loglevel="), -EINVAL);
    assert_int_equal(config_read_cmdline(&c, "stats=0"), -EINVAL);
    assert_int_equal(config_read_cmdline(&c, "stats=x"), -EINVAL);
    config_release(&c);
}

static void must_refused(void **state)
{
    struct boot_config c;

    (void)state;
    begin();
    add(77 | HULL_REC_MUST, "x");
    assert_int_equal(read_copy(&c, image, image_size), -EINVAL);
    config_release(&c);
}

/* Every truncation, and random damage: an error or an answer, no overrun. */
static void damaged(void **state)
{
    struct boot_config c;
    uint8_t bad[sizeof(image)];

    (void)state;
    sample();
    for (size_t n = 0; n < image_size; n++) {
        assert_int_equal(read_copy(&c, image, n), -EINVAL);
        config_release(&c);
    }
    for (unsigned round = 0; round < unit_rounds(20000); round++) {
        memcpy(bad, image, image_size);
        for (uint64_t flips = unit_below(4) + 1; flips > 0; flips--)
            bad[unit_below(image_size)] = (uint8_t)unit_random();
        read_copy(&c, bad, image_size);
        config_release(&c);
    }
}

static void body_starved(void *arg)
{
    struct boot_config c;
    int err;

    (void)arg;
    err = read_copy(&c, image, image_size);
    assert_true(err == 0 || err == -ENOMEM);
    if (!err)
        err = config_read_cmdline(&c, "env=Q=1 cwd=/q -- a b c d e f g h");
    assert_true(err == 0 || err == -ENOMEM);
    config_release(&c);
}

static void starved(void **state)
{
    (void)state;
    sample();
    unit_step_failures(FAULT_ALLOC, body_starved, NULL);
}

static void random_words(void **state)
{
    static const char letters[] = "ab=\"\\ -ip.cwdenvx";
    char line[64];
    struct boot_config c;

    (void)state;
    for (unsigned round = 0; round < unit_rounds(20000); round++) {
        size_t n = unit_below(sizeof(line) - 1);

        for (size_t i = 0; i < n; i++)
            line[i] = letters[unit_below(sizeof(letters) - 1)];
        line[n] = '\0';
        config_init(&c);
        config_read_cmdline(&c, line);
        config_release(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole),        cmocka_unit_test(words_refused),
        cmocka_unit_test(must_refused), cmocka_unit_test(damaged),
        cmocka_unit_test(starved),      cmocka_unit_test(random_words),
    };

    log_level_set(0);
    return cmocka_run_group_tests(tests, unit_boot_default, NULL);
}
