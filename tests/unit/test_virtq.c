/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtqueues against a device that behaves, and one that does not. */
#include "fake_virtio.h"

#define RINGS (VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT | VIRTIO_F_EVENT_IDX)

/* The drivers' place is taken by nobody. */
static int no_probe(struct virtio_device *vd)
{
    (void)vd;
    return -ENODEV;
}
const struct virtio_driver virtio_blk_driver = { .id = 2, .probe = no_probe };
const struct virtio_driver virtio_net_driver = { .id = 1, .probe = no_probe };
const struct virtio_driver virtio_console_driver = { .id = 3,
                                                     .probe = no_probe };
const struct virtio_driver virtio_rng_driver = { .id = 4, .probe = no_probe };

static struct fake dev;
static uint8_t *memory;         /* in the arena, for buffers */
static int cookies[512];

static struct fake_queue *open_queue(unsigned size, uint64_t features)
{
    struct virtq *vq;

    fake_init(&dev, 99, features);
    dev.vd.features = features;
    dev.queue_max[0] = size;
    vq = virtio__queue_add(&dev.vd, 0, 256, 0, NULL, NULL);
    assert_false(IS_ERR(vq));
    return &dev.queues[0];
}

static int boot(void **state)
{
    (void)state;
    unit_boot(16ull << 20);
    memory = kmalloc(65536);
    return memory ? 0 : -1;
}

static int add(struct fake_queue *q, unsigned out, unsigned in, void *cookie)
{
    struct virtq_buf bufs[64];
    unsigned i;

    for (i = 0; i < out + in; i++)
        bufs[i] = (struct virtq_buf){ memory + 64 * i, 64 };
    return virtq__add(q->vq, bufs, out, in, cookie);
}

static void round_trips(void **state)
{
    struct fake_queue *q = open_queue(8, VIRTIO_F_VERSION_1);
    struct fake_chain c;
    uint32_t len;
    unsigned i;

    (void)state;
    for (i = 0; i < 100000; i++) {      /* the indexes wrap */
        assert_int_equal(add(q, 1, 2, &cookies[i % 512]), 0);
        assert_false(fake_take(q, &c));         /* not before the kick */
        virtq__kick(q->vq);
        assert_true(fake_take(q, &c));
        assert_int_equal(c.out, 1);
        assert_int_equal(c.in, 2);
        assert_ptr_equal(c.bufs[2].p, memory + 128);
        assert_null(virtq__pop(q->vq, &len));
        fake_give(q, c.id, 100);
        assert_ptr_equal(virtq__pop(q->vq, &len), &cookies[i % 512]);
        assert_int_equal(len, 100);
        assert_int_equal(q->vq->free_count, 8);
    }
    fake_release(&dev);
}

static void full_is_said(void **state)
{
    struct fake_queue *q = open_queue(8, VIRTIO_F_VERSION_1);
    struct fake_chain c;
    unsigned i;

    (void)state;
    assert_int_equal(add(q, 4, 5, &cookies[0]), -EAGAIN);
    for (i = 0; i < 4; i++)
        assert_int_equal(add(q, 1, 1, &cookies[i]), 0);
    assert_int_equal(add(q, 1, 0, &cookies[4]), -EAGAIN);
    virtq__kick(q->vq);
    assert_int_equal(q->kicks, 1);
    assert_true(fake_take(q, &c));
    fake_give(q, c.id, 0);
    assert_ptr_equal(virtq__pop(q->vq, NULL), &cookies[0]);
    assert_int_equal(add(q, 1, 1, &cookies[4]), 0);
    fake_release(&dev);
}

/* Long chains take one entry of the ring while there are tables. */
static void tables_hold_long_chains(void **state)
{
    struct fake_queue *q = open_queue(8, RINGS);
    struct fake_chain c;
    unsigned i, round;
    uint32_t len;

    (void)state;
    for (round = 0; round < 1000; round++) {
        for (i = 0; i < 8; i++)
            assert_int_equal(add(q, 3, 17, &cookies[i]), 0);
        assert_int_equal(add(q, 1, 0, &cookies[8]), -EAGAIN);
        virtq__kick(q->vq);
        for (i = 0; i < 8; i++) {
            assert_true(fake_take(q, &c));
            assert_int_equal(c.out, 3);
            assert_int_equal(c.in, 17);
            fake_give(q, c.id, UINT32_MAX);
        }
        for (i = 0; i < 8; i++) {
            assert_ptr_equal(virtq__pop(q->vq, &len), &cookies[i]);
            assert_int_equal(len, 17 * 64);     /* not what it claimed */
        }
        assert_int_equal(q->vq->tables_left, 8);
    }
    fake_release(&dev);
}

static void doorbell_only_when_watched(void **state)
{
    struct fake_queue *q = open_queue(16, RINGS);
    struct fake_chain c;

    (void)state;
    assert_int_equal(add(q, 1, 0, &cookies[0]), 0);
    virtq__kick(q->vq);
    virtq__kick(q->vq);                 /* nothing new: no doorbell */
    assert_int_equal(q->kicks, 1);
    assert_int_equal(add(q, 1, 0, &cookies[1]), 0);
    virtq__kick(q->vq);                 /* the device has not looked yet */
    assert_int_equal(q->kicks, 1);
    while (fake_take(q, &c))
        fake_give(q, c.id, 0);
    assert_int_equal(add(q, 1, 0, &cookies[2]), 0);
    virtq__kick(q->vq);
    assert_int_equal(q->kicks, 2);
    fake_release(&dev);
}

static void nothing_slips_past_arming(void **state)
{
    struct fake_queue *q = open_queue(16, RINGS);
    struct fake_chain c;

    (void)state;
    assert_true(virtq__irq_on(q->vq));
    assert_int_equal(add(q, 0, 1, &cookies[0]), 0);
    virtq__kick(q->vq);
    assert_true(fake_take(q, &c));
    fake_give(q, c.id, 1);
    assert_false(virtq__irq_on(q->vq));
    assert_non_null(virtq__pop(q->vq, NULL));
    assert_true(virtq__irq_on(q->vq));
    assert_int_equal(q->vq->avail->ring[16], 1);        /* used_event */
    fake_release(&dev);
}

/* ---------------- a device that lies ---------------- */

static void bad_ids_close_the_queue(void **state)
{
    static const uint32_t bad[] = { 3, 7, 8, 0xffff, 0x10000, UINT32_MAX };
    struct fake_queue *q;
    unsigned i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(bad); i++) {
        q = open_queue(8, RINGS);
        assert_int_equal(add(q, 1, 1, &cookies[0]), 0);     /* takes 0, 1 */
        virtq__kick(q->vq);
        fake_give(q, bad[i], 0);
        assert_null(virtq__pop(q->vq, NULL));
        assert_true(q->vq->broken);
        assert_int_equal(add(q, 1, 0, &cookies[1]), -EIO);
        assert_false(virtq__pending(q->vq));
        fake_release(&dev);
    }
}

static void twice_done_closes_the_queue(void **state)
{
    struct fake_queue *q = open_queue(8, RINGS);
    struct fake_chain c;

    (void)state;
    assert_int_equal(add(q, 1, 1, &cookies[0]), 0);
    virtq__kick(q->vq);
    assert_true(fake_take(q, &c));
    fake_give(q, c.id, 0);
    fake_give(q, c.id, 0);
    assert_ptr_equal(virtq__pop(q->vq, NULL), &cookies[0]);
    assert_null(virtq__pop(q->vq, NULL));
    assert_true(q->vq->broken);
    fake_release(&dev);
}

static void index_that_runs_ahead(void **state)
{
    struct fake_queue *q = open_queue(8, RINGS);

    (void)state;
    assert_int_equal(add(q, 1, 1, &cookies[0]), 0);
    virtq__kick(q->vq);
    q->vq->used->idx = 9;
    assert_null(virtq__pop(q->vq, NULL));
    assert_true(q->vq->broken);
    fake_release(&dev);
}

/* The device scribbles over everything it can reach. Whatever comes out must
 * be a cookie that was in flight, once. */
static void scribbler(unsigned size)
{
    struct fake_queue *q = open_queue(size, unit_below(2) ? RINGS
                                            : VIRTIO_F_VERSION_1);
    bool flying[64] = { false };
    size_t bytes = (uint8_t *)&q->vq->used->ring[size] + 2 -
                   (uint8_t *)q->vq->desc;
    unsigned i, k;
    int *cookie;
    uint32_t len;

    for (i = 0; i < 200 && !q->vq->broken; i++) {
        k = (unsigned)unit_below(64);
        if (!flying[k] && !add(q, 1 + (unsigned)unit_below(3),
                               (unsigned)unit_below(6), &cookies[k]))
            flying[k] = true;
        if (unit_below(3) == 0)
            ((uint8_t *)q->vq->desc)[unit_below(bytes)] =
                (uint8_t)unit_random();
        virtq__kick(q->vq);
        if (unit_below(2))
            fake_give(q, (uint32_t)unit_below(size), (uint32_t)unit_random());
        while ((cookie = virtq__pop(q->vq, &len))) {
            assert_true(flying[cookie - cookies]);
            assert_true(len <= 64 * 6);
            flying[cookie - cookies] = false;
        }
    }
    fake_release(&dev);
}

static void scribbling_is_survived(void **state)
{
    unsigned i;

    (void)state;
    log_level_set(0);
    for (i = 0; i < 3000; i++)
        scribbler(1u << unit_below(6));
    log_level_set(LOG_WARN);
}

/* ---------------- start ---------------- */

static void sizes_are_bounded(void **state)
{
    static const struct { uint16_t offered, size; } cases[] = {
        { 1, 1 }, { 2, 2 }, { 3, 2 }, { 255, 128 }, { 256, 256 },
        { 1024, 256 }, { 65535, 256 },
    };
    unsigned i;

    (void)state;
    for (i = 0; i < ARRAY_LEN(cases); i++) {
        open_queue(cases[i].offered, RINGS);
        assert_int_equal(dev.queues[0].vq->size, cases[i].size);
        fake_release(&dev);
    }
    fake_init(&dev, 99, RINGS);
    dev.queue_max[0] = 0;
    assert_int_equal(PTR_ERR(virtio__queue_add(&dev.vd, 0, 8, 0, NULL, NULL)),
                     -ENODEV);
}

static void bad_devices_are_refused(void **state)
{
    (void)state;
    log_level_set(0);
    fake_init(&dev, 2, RINGS & ~VIRTIO_F_VERSION_1);
    assert_int_equal(virtio__start(&dev.vd), -ENODEV);
    assert_int_equal(dev.status, VIRTIO_FAILED);
    fake_init(&dev, 2, RINGS);
    dev.refuses_features = true;
    assert_int_equal(virtio__start(&dev.vd), -ENODEV);
    fake_init(&dev, 2, RINGS);
    dev.stuck_in_reset = true;
    assert_int_equal(virtio__start(&dev.vd), -EIO);
    fake_init(&dev, 77, RINGS);
    assert_int_equal(virtio__start(&dev.vd), -ENODEV);
    dev.unsettled = true;
    dev.config[0] = 5;
    assert_int_equal(virtio__config64(&dev.vd, 0), 5);      /* and ends */
    log_level_set(LOG_WARN);
}

static void add_and_release(void *arg)
{
    struct virtq *vq;

    (void)arg;
    fake_init(&dev, 99, RINGS);
    dev.vd.features = RINGS;
    vq = virtio__queue_add(&dev.vd, 0, 64, 0, NULL, NULL);
    assert_true(!IS_ERR(vq) || PTR_ERR(vq) == -ENOMEM);
    fake_release(&dev);
}

static void memory_may_run_out(void **state)
{
    struct mm_stats before, after;

    (void)state;
    add_and_release(NULL);
    mm_stats_get(&before);
    unit_step_failures(FAULT_ALLOC, add_and_release, NULL);
    mm_stats_get(&after);
    assert_int_equal(before.free, after.free);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(full_is_said),
        cmocka_unit_test(tables_hold_long_chains),
        cmocka_unit_test(doorbell_only_when_watched),
        cmocka_unit_test(nothing_slips_past_arming),
        cmocka_unit_test(bad_ids_close_the_queue),
        cmocka_unit_test(twice_done_closes_the_queue),
        cmocka_unit_test(index_that_runs_ahead),
        cmocka_unit_test(scribbling_is_survived),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(bad_devices_are_refused),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
