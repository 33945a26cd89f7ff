/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The DHCP client against a server that answers every question in time, with
 * options of its own making: first a sound lease, then thousands that are
 * not. What comes of it must be printable, and the machine must go on.
 */
#include "net_card.h"

#define DHCP 42                 /* where the message begins in a frame */
#define OPTIONS (DHCP + 240)

static struct net_settings settings;
static unsigned leases;

static void on_settings(const struct net_settings *s)
{
    settings = *s;
    leases += s->address[0] != 0;
}

/* The kind of the DHCP message that the card sent last; 0: none new. */
static unsigned asked(void)
{
    static unsigned long seen;
    const uint8_t *f = last_frame;

    if (seen == sent_frames || last_len < OPTIONS + 3 || f[23] != 17 ||
        f[36] != 0 || f[37] != 67)
        return 0;
    seen = sent_frames;
    return f[OPTIONS] == 53 ? f[OPTIONS + 2] : 0;
}

/* An answer of kind 2 (offer) or 5 (ack); options from `text` on. */
static size_t answer(uint8_t *f, unsigned kind, const uint8_t *options,
                     size_t n)
{
    static const uint8_t head[42] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x55, 10, 0, 2, 2, 8, 0,
        0x45, 0, 0, 0, 0, 1, 0, 0, 64, 17, 0, 0,
        10, 0, 2, 2, 255, 255, 255, 255, 0, 67, 0, 68 };
    static const uint8_t server[] = { 54, 4, 10, 0, 2, 2 };
    size_t at = OPTIONS;

    memset(f, 0, OPTIONS);
    memcpy(f, head, sizeof(head));
    f[DHCP] = 2;
    f[DHCP + 1] = 1;
    f[DHCP + 2] = 6;
    memcpy(f + DHCP + 4, last_frame + DHCP + 4, 4);     /* xid */
    memcpy(f + DHCP + 16, "\x0a\0\2\x0f", 4);           /* yours */
    memcpy(f + DHCP + 28, card.mac, 6);
    memcpy(f + DHCP + 236, "\x63\x82\x53\x63", 4);
    f[at++] = 53;
    f[at++] = 1;
    f[at++] = (uint8_t)kind;
    memcpy(f + at, server, sizeof(server));
    at += sizeof(server);
    memcpy(f + at, options, n);
    at += n;
    put16(f + 16, (unsigned)at - 14);
    put16(f + 38, (unsigned)at - 34);
    fix_sums(f, at);
    return at;
}

static const uint8_t good[] = {
    1, 4, 255, 255, 255, 0, 3, 4, 10, 0, 2, 2, 6, 8, 10, 0, 2, 3, 1, 1, 1, 1,
    15, 5, 'a', '.', 'o', 'r', 'g', 26, 2, 0x05, 0x14,
    51, 4, 0, 1, 0x51, 0x80, 255 };

static void leased(void **state)
{
    uint8_t f[600];
    unsigned kind;

    (void)state;
    for (int i = 0; i < 200 && !leases; i++) {
        kind = asked();
        if (kind) {
            frame_add(f, answer(f, kind == 1 ? 2 : 5, good, sizeof(good)));
            frames_deliver();
        }
        thread_sleep_until(arch_clock() + 100 * MS, 0);
    }
    assert_string_equal(settings.address, "10.0.2.15");
    assert_string_equal(settings.domain, "a.org");
    assert_int_equal(settings.dns_count, 2);
    assert_string_equal(settings.dns[1], "1.1.1.1");
    assert_int_equal(net_wait_configured(arch_clock() + MS), 0);
}

/* Options that look like some, of any length, often beyond the end. */
static size_t options_make(uint8_t *o)
{
    static const uint8_t kinds[] = { 0, 1, 3, 6, 12, 15, 26, 28, 42, 43, 51,
                                     52, 53, 54, 58, 59, 255 };
    size_t n = 0, want = unit_below(300);

    while (n < want) {
        size_t len = unit_below(4) ? unit_below(9) : unit_below(256);

        o[n++] = unit_below(8) ? kinds[unit_below(sizeof(kinds))]
                               : (uint8_t)unit_random();
        o[n++] = (uint8_t)(unit_below(8) ? len : unit_random());
        for (size_t i = 0; i < len && n < 300; i++)
            o[n++] = (uint8_t)unit_random();
        if (unit_below(16) == 0)
            break;
    }
    /* A short lease, so that the client asks again soon. */
    if (unit_below(4)) {
        memmove(o + 6, o, n);
        memcpy(o, "\x33\x04\0\0\0\x14", 6);
        n += 6;
    }
    return n;
}

static void hostile_options(void **state)
{
    uint8_t f[1000], o[320];
    unsigned answers = 0, kind;

    (void)state;
    unit_seed(11);
    /* The good lease runs out first. */
    thread_sleep_until(arch_clock() + 100000 * NSEC_PER_SEC, 0);
    for (unsigned i = 0; i < unit_rounds(20000); i++) {
        size_t n;

        kind = asked();
        if (!kind) {
            thread_sleep_until(arch_clock() + 4000 * MS, 0);
            continue;
        }
        answers++;
        n = answer(f, unit_below(8) ? (kind == 1 ? 2 : 5)
                                    : (unsigned)unit_below(9),
                   o, options_make(o));
        while (unit_below(4) == 0)
            f[DHCP + unit_below(n - DHCP)] = (uint8_t)unit_random();
        if (unit_below(8) == 0)
            n = 1 + unit_below(n);
        fix_sums(f, n);
        frame_add(f, n);
        frames_deliver();
        assert_int_equal(rx_held, 0);
    }
    print_message("%u answers, %u leases\n", answers, leases);
    assert_true(answers > 100);
    for (const char *c = settings.domain; *c; c++)
        assert_true(*c > ' ' && *c < 127);
}

static int boot(void **state)
{
    struct net_config c = { .dhcp = true, .hostname = "unit" };

    (void)state;
    net_settings_hook_set(on_settings);
    net_boot(&c);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(leased), cmocka_unit_test(hostile_options),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
