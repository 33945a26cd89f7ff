/* SPDX-License-Identifier: BSD-2-Clause */
/* The network card's driver over a fake card that is honest or not. */
#include "fake_virtio.h"

#define F_CSUM       (1ull << 0)
#define F_GUEST_CSUM (1ull << 1)
#define F_MTU        (1ull << 3)
#define F_MAC        (1ull << 5)
#define F_GUEST_TSO4 (1ull << 7)
#define F_HOST_TSO4  (1ull << 11)
#define F_MRG_RXBUF  (1ull << 15)
#define F_STATUS     (1ull << 16)
#define RINGS (VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT | VIRTIO_F_EVENT_IDX)
#define ALL (RINGS | F_CSUM | F_GUEST_CSUM | F_MTU | F_MAC | F_GUEST_TSO4 | \
             F_HOST_TSO4 | F_MRG_RXBUF | F_STATUS)
#define HEADER 12

static int no_probe(struct virtio_device *vd)
{
    (void)vd;
    return -ENODEV;
}
const struct virtio_driver virtio_blk_driver = { .id = 2, .probe = no_probe };
const struct virtio_driver virtio_console_driver = { .id = 3,
                                                     .probe = no_probe };
const struct virtio_driver virtio_rng_driver = { .id = 4, .probe = no_probe };

static struct fake card, simple;
static struct netdev *nic;
static unsigned notes, links;

static void on_rx(struct netdev *d)
{
    assert_ptr_equal(d, nic);
    notes++;
}

static void on_link(struct netdev *d)
{
    (void)d;
    links++;
}

static struct netdev *card_new(struct fake *f, uint64_t offers)
{
    static const uint8_t config[12] = { 2, 0, 0, 1, 2, 3, 1, 0, 1, 0,
                                        0x28, 0x23 };   /* link up, mtu 9000 */

    fake_init(f, 1, offers);
    memcpy(f->config, config, sizeof(config));
    assert_int_equal(virtio__start(&f->vd), 0);
    return netdev_get(netdev_count() - 1);
}

static int boot(void **state)
{
    (void)state;
    unit_boot(64ull << 20);
    nic = card_new(&card, ALL);
    nic->rx_notify = on_rx;
    nic->link_notify = on_link;
    return 0;
}

static void config_is_read(void **state)
{
    (void)state;
    assert_memory_equal(nic->mac, card.config, 6);
    assert_int_equal(nic->mtu, 9000);
    assert_true(nic->link && nic->tx_csum && nic->rx_csum && nic->tx_tso4);
    assert_false(nic->tx_tso6);
    card.config[6] = 0;
    virtio__irq_config(&card.vd);
    assert_int_equal(links, 1);
    assert_false(nic->link);
    card.config[6] = 1;
    virtio__irq_config(&card.vd);
    assert_true(nic->link);
}

/* Fills buffers with one frame of n bytes, `claim` of them by the header. */
static bool deliver(struct fake *f, size_t n, unsigned flags, int claim)
{
    struct fake_queue *q = &f->queues[0];
    struct fake_chain c;
    uint8_t *header = NULL;
    unsigned used = 0, at, seq = 0;
    size_t part;

    do {
        if (!fake_take(q, &c))
            return false;
        assert_true(c.out == 0 && c.in == 1);
        at = 0;
        if (!header) {
            header = c.bufs[0].p;
            memset(header, 0, HEADER);
            at = HEADER;
        }
        part = MIN(n, (size_t)c.bufs[0].len - at);
        for (size_t i = 0; i < part; i++)
            c.bufs[0].p[at + i] = (uint8_t)seq++;
        fake_give(q, c.id, (uint32_t)(at + part));
        n -= part;
        used++;
    } while (n);
    header[0] = (uint8_t)flags;
    header[10] = (uint8_t)(claim < 0 ? (int)used : claim);
    return true;
}

static size_t drain(struct netdev *d)
{
    struct netrx *rx;
    size_t n = 0;

    while ((rx = netdev_receive(d))) {
        netrx_free(rx);
        n++;
    }
    return n;
}

static void frames_arrive(void **state)
{
    static const size_t sizes[] = { 14, 60, 1514, 2034, 2035, 9014, 65535 };
    struct netrx *rx, *part;
    unsigned i;
    size_t at, k;

    (void)state;
    for (i = 0; i < ARRAY_LEN(sizes); i++) {
        assert_true(deliver(&card, sizes[i], i & 3, -1));
        rx = netdev_receive(nic);
        assert_non_null(rx);
        assert_int_equal(rx->total, sizes[i]);
        assert_int_equal(rx->csum_partial, i & 1);
        assert_int_equal(rx->csum_ok, (i & 3) != 0);
        for (at = 0, part = rx; part; part = part->next)
            for (k = 0; k < part->len; k++)
                assert_int_equal(part->data[k], (uint8_t)at++);
        assert_int_equal(at, sizes[i]);
        netrx_free(rx);
        assert_null(netdev_receive(nic));
    }
}

static void interrupts_rest_while_polling(void **state)
{
    unsigned i;

    (void)state;
    drain(nic);
    notes = 0;
    assert_true(deliver(&card, 60, 0, -1));
    fake_interrupt(&card.queues[0]);
    assert_int_equal(notes, 1);
    for (i = 0; i < 1000; i++) {
        assert_true(deliver(&card, 60, 0, -1));
        netrx_free(netdev_receive(nic));
    }
    assert_int_equal(drain(nic), 1);
}

/* Everything net holds is bounded, and comes back. */
static void held_frames(void **state)
{
    struct netrx *held = NULL, *rx;
    struct mm_stats before, after;
    unsigned i, n = 0;

    (void)state;
    drain(nic);
    mm_stats_get(&before);
    for (i = 0; i < 20000; i++) {
        if (!deliver(&card, 100, 0, -1))
            break;
        rx = netdev_receive(nic);
        assert_non_null(rx);
        rx->next = held;
        held = rx;
        n++;
    }
    assert_true(n >= 1000 && n < 20000);    /* a sixteenth of 64 MiB */
    assert_null(netdev_receive(nic));
    /* The ring is empty: only giving back can bring the card to life. */
    notes = 0;
    netrx_free(held);
    assert_true(notes >= 1);
    assert_null(netdev_receive(nic));
    assert_true(deliver(&card, 100, 0, -1));
    assert_int_equal(drain(nic), 1);
    mm_stats_get(&after);
    /* What stays is the ring, grown to its size, and its spares. */
    assert_true(before.free - after.free < 512);
}

static void lies_are_dropped(void **state)
{
    uint64_t drops = nic->stats.rx_drops;
    struct fake_queue *q = &card.queues[0];
    struct fake_chain c;

    (void)state;
    drain(nic);
    assert_true(deliver(&card, 60, 0, 0));      /* no buffer at all */
    assert_true(deliver(&card, 60, 0, 2));      /* one more than it used */
    assert_int_equal(drain(nic), 0);
    assert_int_equal(nic->stats.rx_drops, drops + 2);
    assert_true(deliver(&card, 60, 0, 255));
    assert_true(deliver(&card, 5, 0, -1));      /* not even Ethernet */
    assert_int_equal(drain(nic), 0);
    assert_true(fake_take(q, &c));
    fake_give(q, c.id, 3);                      /* not even a header */
    assert_true(fake_take(q, &c));
    fake_give(q, c.id, 0);
    assert_int_equal(drain(nic), 0);
    assert_true(fake_take(q, &c));
    memset(c.bufs[0].p, 0, HEADER);
    c.bufs[0].p[10] = 1;
    fake_give(q, c.id, UINT32_MAX);             /* more than there is room */
    assert_int_equal(drain(nic), 1);
}

/* ---------------- transmit ---------------- */

static unsigned done_count;

static void sent(void *arg)
{
    (void)arg;
    done_count++;
}

static int transmit(unsigned segments, bool more)
{
    static struct nettx_segment segs[32];
    static uint8_t *bytes;
    struct nettx tx = { .segs = segs, .count = segments, .done = sent,
                        .csum = true, .csum_start = 34, .csum_offset = 16,
                        .gso_size = 1448, .header_len = 54 };
    unsigned i;

    if (!bytes)
        bytes = kzalloc(4096);
    for (i = 0; i < segments; i++)
        segs[i] = (struct nettx_segment){ bytes + i * 64, 64 };
    return netdev_transmit(nic, &tx, more);
}

static void headers_are_right(void **state)
{
    struct fake_queue *q = &card.queues[1];
    struct fake_chain c;

    (void)state;
    assert_int_equal(transmit(3, false), 0);
    assert_true(fake_take(q, &c));
    assert_true(c.out == 4 && c.in == 0);
    assert_int_equal(c.bufs[0].len, HEADER);
    assert_int_equal(c.bufs[0].p[0], 1);                /* needs a checksum */
    assert_int_equal(c.bufs[0].p[1], 1);                /* TCP over IPv4 */
    assert_int_equal(c.bufs[0].p[2], 54);
    assert_int_equal(c.bufs[0].p[4] | c.bufs[0].p[5] << 8, 1448);
    assert_int_equal(c.bufs[0].p[6], 34);
    assert_int_equal(c.bufs[0].p[8], 16);
    assert_int_equal(done_count, 0);
    fake_give(q, c.id, 0);
    netdev_reclaim(nic);
    assert_int_equal(done_count, 1);
}

static void one_doorbell_for_many(void **state)
{
    struct fake_queue *q = &card.queues[1];
    struct fake_chain c;
    unsigned i, before = q->kicks;

    (void)state;
    for (i = 0; i < 20; i++)
        assert_int_equal(transmit(2, true), 0);
    assert_int_equal(q->kicks, before);
    netdev_kick(nic);
    assert_int_equal(q->kicks, before + 1);
    for (i = 0; fake_take(q, &c); i++)
        fake_give(q, c.id, 0);
    assert_int_equal(i, 20);
    netdev_reclaim(nic);
}

/* Full: -EAGAIN, and a note once the card has moved on. */
static void full_ring(void **state)
{
    struct fake_queue *q = &card.queues[1];
    struct fake_chain c;
    unsigned n = 0;

    (void)state;
    done_count = 0;
    while (transmit(19, false) == 0)
        n++;
    assert_true(n >= 12 && n <= 256);
    assert_int_equal(transmit(19, false), -EAGAIN);
    assert_int_equal(done_count, 0);
    assert_true(fake_take(q, &c));
    fake_give(q, c.id, 0);
    notes = 0;
    fake_interrupt(q);
    assert_int_equal(notes, 1);
    assert_int_equal(transmit(19, false), 0);
    assert_int_equal(done_count, 1);
    while (fake_take(q, &c))
        fake_give(q, c.id, 0);
    netdev_reclaim(nic);
    assert_int_equal(done_count, n + 1);
}

static void failures(void *arg)
{
    unsigned before = done_count;
    struct fake_chain c;
    int err = transmit(1, false);

    (void)arg;
    assert_true(err == 0 || err == -EAGAIN);
    while (fake_take(&card.queues[1], &c))
        fake_give(&card.queues[1], c.id, 0);
    netdev_reclaim(nic);
    assert_int_equal(done_count, before + (err == 0));
}

static void injection(void **state)
{
    (void)state;
    unit_step_failures(FAULT_NET, failures, NULL);
}

/* Without mergeable buffers large frames must not be agreed upon. */
static void simple_card(void **state)
{
    struct netdev *d = card_new(&simple, RINGS | F_MTU | F_GUEST_CSUM |
                                F_GUEST_TSO4 | F_HOST_TSO4);
    uint8_t zero[6] = { 0 };

    (void)state;
    assert_false(simple.agreed & (F_GUEST_TSO4 | F_HOST_TSO4));
    assert_true(d->mtu >= 1500 && d->mtu < 2048);
    assert_memory_not_equal(d->mac, zero, 6);
    assert_int_equal(d->mac[0] & 3, 2);
    assert_true(d->link);
    assert_true(deliver(&simple, 1514, 0, 0));  /* the count means nothing */
    assert_int_equal(drain(d), 1);
}

static void start_card(void *arg)
{
    static struct fake f;
    int err;

    (void)arg;
    fake_init(&f, 1, ALL);
    err = virtio__start(&f.vd);
    /* A short first fill is no failure; so the list of cards may fill up. */
    assert_true(err == 0 || err == -ENOMEM || err == -ENOSPC);
    assert_int_equal(f.status & VIRTIO_DRIVER_OK,
                     err ? 0 : VIRTIO_DRIVER_OK);
}

static void memory_may_run_out(void **state)
{
    unsigned count = netdev_count();

    (void)state;
    log_level_set(0);
    unit_step_failures(FAULT_ALLOC, start_card, NULL);
    log_level_set(LOG_WARN);
    assert_true(netdev_count() > count);
}

/* Random headers and lengths for a long while. */
static void fuzz(void **state)
{
    struct fake_queue *q = &card.queues[0];
    struct netrx *rx, *part;
    struct fake_chain c;
    unsigned i, k, total;

    (void)state;
    for (i = 0; i < 100000; i++) {
        k = (unsigned)unit_below(4);
        while (k-- && fake_take(q, &c)) {
            memset(c.bufs[0].p, 0, HEADER);
            c.bufs[0].p[0] = (uint8_t)unit_random();
            c.bufs[0].p[10] = (uint8_t)unit_below(6);
            fake_give(q, c.id, (uint32_t)(unit_below(8)
                                          ? unit_below(2100)
                                          : unit_random()));
        }
        while ((rx = netdev_receive(nic))) {
            for (total = 0, part = rx; part; part = part->next)
                total += part->len;
            assert_int_equal(total, rx->total);
            assert_true(total >= 14);
            netrx_free(rx);
        }
    }
    assert_false(card.queues[0].vq->broken);
    assert_true(deliver(&card, 100, 0, -1));
    assert_int_equal(drain(nic), 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_is_read),
        cmocka_unit_test(frames_arrive),
        cmocka_unit_test(interrupts_rest_while_polling),
        cmocka_unit_test(held_frames),
        cmocka_unit_test(lies_are_dropped),
        cmocka_unit_test(headers_are_right),
        cmocka_unit_test(one_doorbell_for_many),
        cmocka_unit_test(full_ring),
        cmocka_unit_test(injection),
        cmocka_unit_test(simple_card),
        cmocka_unit_test(memory_may_run_out),
        cmocka_unit_test(fuzz),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
