/* SPDX-License-Identifier: BSD-2-Clause */
/* The disk driver and the door above it, over a fake device that answers from
 * timers, in any order, or wrongly. */
#include "fake_virtio.h"

#include "unit_sched.h"

#define F_RO       (1ull << 5)
#define F_BLK_SIZE (1ull << 6)
#define F_FLUSH    (1ull << 9)
#define RINGS (VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT | VIRTIO_F_EVENT_IDX)
#define SECTORS    4096
#define WORKERS    50
#define ROUNDS     40

static int no_probe(struct virtio_device *vd)
{
    (void)vd;
    return -ENODEV;
}
const struct virtio_driver virtio_net_driver = { .id = 1, .probe = no_probe };
const struct virtio_driver virtio_console_driver = { .id = 3,
                                                     .probe = no_probe };
const struct virtio_driver virtio_rng_driver = { .id = 4, .probe = no_probe };

static uint8_t store[SECTORS * 512];
static unsigned flushes, served;

/* How the device answers. */
static enum { HONEST, FAILS, LIES_ID, SILENT, STATUS_LEFT } mood;
static bool shuffles;           /* answers in any order */

struct disk_fake {
    struct fake f;              /* first */
    struct timer timer;
    struct fake_chain held[64];
    unsigned held_count;
};

static uint32_t serve(const struct fake_chain *c)
{
    uint32_t type, done = 0;
    uint64_t sector;
    unsigned i, last = c->out + c->in - 1;
    uint8_t *disk;

    assert_true(c->out >= 1 && c->in >= 1 && c->bufs[last].len == 1);
    assert_int_equal(c->bufs[0].len, 16);
    memcpy(&type, c->bufs[0].p, 4);
    memcpy(&sector, c->bufs[0].p + 8, 8);
    served++;
    if (mood == STATUS_LEFT)
        return 0;
    if (type == 4)
        flushes++;
    if (type == 8)
        memcpy(c->bufs[1].p, "disk-of-the-test\0\0\0", 20);
    for (i = 1; type <= 1 && i < last; i++) {
        disk = store + sector * 512 + done;
        assert_true(disk + c->bufs[i].len <= store + sizeof(store));
        if (type == 0)
            memcpy(c->bufs[i].p, disk, c->bufs[i].len);
        else
            memcpy(disk, c->bufs[i].p, c->bufs[i].len);
        done += c->bufs[i].len;
    }
    c->bufs[last].p[0] = mood == FAILS;
    return done + 1;
}

static void answer(struct timer *t)
{
    struct disk_fake *d = t->arg;
    struct fake_queue *q = &d->f.queues[0];
    struct fake_chain *c;
    unsigned i;

    while (d->held_count) {
        i = shuffles ? (unsigned)unit_below(d->held_count) : 0;
        c = &d->held[i];
        fake_give(q, mood == LIES_ID ? 12345 : c->id, serve(c));
        d->held[i] = d->held[--d->held_count];
    }
    fake_interrupt(q);
}

static void kicked(struct fake *f, struct fake_queue *q)
{
    struct disk_fake *d = container_of(f, struct disk_fake, f);

    while (fake_take(q, &d->held[d->held_count]))
        d->held_count++;
    if (mood != SILENT && d->held_count)
        timer_set(&d->timer, arch_clock() + 1000 + unit_below(100000));
}

static struct block_device *disk_new(struct disk_fake *d, uint64_t offers,
                                     uint16_t ring)
{
    uint64_t sectors = SECTORS;

    mood = HONEST;
    shuffles = false;
    memset(d, 0, sizeof(*d));
    fake_init(&d->f, 2, offers);
    d->f.queue_max[0] = ring;
    d->f.kicked = kicked;
    timer_init(&d->timer, answer, d);
    memcpy(d->f.config, &sectors, 8);
    d->f.config[21] = 2;        /* block size 512 */
    assert_int_equal(virtio__start(&d->f.vd), 0);
    return block_device_get(block_device_count() - 1);
}

static struct disk_fake plain, full, tiny, bad, lying;

static int boot(void **state)
{
    (void)state;
    unit_sched_boot();
    disk_new(&plain, RINGS | F_FLUSH | F_BLK_SIZE, 256);
    return 0;
}

static void door_checks(void **state)
{
    struct block_device *d = block_device_get(0);
    struct block_segment segs[2];
    uint8_t *b = kmalloc(8192);

    (void)state;
    assert_ptr_equal(block_device_find("disk-of-the-test"), d);
    assert_ptr_equal(block_device_find("vda"), d);
    assert_null(block_device_find(""));
    assert_null(block_device_find("vdz"));
    assert_null(block_device_get(block_device_count()));
    assert_int_equal(d->size, SECTORS * 512);
    assert_int_equal(block_read(d, 1, b, 512), -EINVAL);
    assert_int_equal(block_read(d, 0, b, 100), -EINVAL);
    assert_int_equal(block_read(d, d->size, b, 512), -EINVAL);
    assert_int_equal(block_read(d, d->size - 512, b, 1024), -EINVAL);
    assert_int_equal(block_read(d, UINT64_MAX - 511, b, 512), -EINVAL);
    assert_int_equal(block_read(d, 0, b, 1ull << 32), -EINVAL);
    assert_int_equal(block_read(d, d->size, b, 0), 0);
    segs[0] = (struct block_segment){ b, 512 };
    segs[1] = (struct block_segment){ b + 512, 0 };
    assert_int_equal(block_rw_segments(d, false, 0, segs, 2), -EINVAL);
    assert_int_equal(block_read(d, d->size - 512, b, 512), 0);
    assert_int_equal(block_flush(d), 0);
    assert_int_equal(flushes, 1);
    kfree(b);
}

static void writes_are_read(void **state)
{
    struct block_device *d = block_device_get(0);
    struct block_segment segs[50];
    uint8_t *b = kmalloc(50 * 512);
    unsigned i;

    (void)state;
    for (i = 0; i < 50; i++)
        segs[i] = (struct block_segment){ b + i * 512, 512 };
    for (i = 0; i < 50 * 512; i++)
        b[i] = (uint8_t)(i * 7 + i / 512);
    served = 0;
    assert_int_equal(block_rw_segments(d, true, 512 * 9, segs, 50), 0);
    assert_true(served >= 3);           /* more than one request's worth */
    assert_memory_equal(store + 512 * 9, b, 50 * 512);
    memset(b, 0, 50 * 512);
    assert_int_equal(block_read(d, 512 * 9, b, 50 * 512), 0);
    assert_memory_equal(store + 512 * 9, b, 50 * 512);
    kfree(b);
}

static struct block_device *target;
static unsigned finished, failed;

static void worker(void *arg)
{
    uintptr_t id = (uintptr_t)arg;
    uint64_t off = id * 4096;
    uint8_t *b = kmalloc(4096);
    struct block_segment segs[8];
    unsigned i, k;
    int err;

    for (i = 0; i < ROUNDS; i++) {
        memset(b, (int)(id * 31 + i), 4096);
        for (k = 0; k < 8; k++)
            segs[k] = (struct block_segment){ b + k * 512, 512 };
        err = block_rw_segments(target, true, off, segs, 8);
        memset(b, 0, 4096);
        if (!err)
            err = block_read(target, off, b, 4096);
        for (k = 0; !err && k < 4096; k++)
            if (b[k] != (uint8_t)(id * 31 + i))
                err = -EIO;
        failed += err != 0;
    }
    kfree(b);
    finished++;
}

static void run_workers(struct block_device *d)
{
    uintptr_t i;

    target = d;
    finished = failed = 0;
    for (i = 0; i < WORKERS; i++)
        assert_non_null(kthread_create("worker", worker, (void *)i));
    while (finished < WORKERS)
        thread_sleep_until(arch_clock() + NSEC_PER_MSEC, 0);
}

/* More threads than slots; then a ring that holds one request only. */
static void parallel(void **state)
{
    struct block_device *d;

    (void)state;
    shuffles = true;
    run_workers(block_device_get(0));
    assert_int_equal(failed, 0);
    d = disk_new(&full, RINGS, 16);
    shuffles = true;
    run_workers(d);
    assert_int_equal(failed, 0);
    d = disk_new(&tiny, VIRTIO_F_VERSION_1, 4);
    shuffles = true;
    run_workers(d);
    assert_int_equal(failed, 0);
}

static void errors_are_said(void **state)
{
    struct block_device *d = block_device_get(0);
    uint8_t *b = kmalloc(4096);

    (void)state;
    mood = FAILS;
    assert_int_equal(block_read(d, 0, b, 4096), -EIO);
    assert_int_equal(block_write(d, 0, b, 4096), -EIO);
    assert_int_equal(block_flush(d), -EIO);
    mood = STATUS_LEFT;         /* done, it says, and wrote no status */
    assert_int_equal(block_read(d, 0, b, 4096), -EIO);
    mood = HONEST;
    assert_int_equal(block_read(d, 0, b, 4096), 0);
    kfree(b);
}

static void read_only(void **state)
{
    static struct disk_fake ro;
    struct block_device *d = disk_new(&ro, RINGS | F_RO, 64);
    uint8_t *b = kzalloc(512);

    (void)state;
    assert_true(d->read_only);
    assert_int_equal(block_write(d, 0, b, 512), -EROFS);
    assert_int_equal(block_read(d, 0, b, 512), 0);
    assert_int_equal(block_flush(d), 0);        /* nothing to flush */
    kfree(b);
}

static void injected(void *arg)
{
    struct block_device *d = block_device_get(0);
    int err = block_write(d, 0, arg, 512);

    assert_true(err == 0 || err == -EIO);
    err = block_flush(d);
    assert_true(err == 0 || err == -EIO);
    err = block_read(d, 0, arg, 512);
    assert_true(err == 0 || err == -EIO);
}

static void injection(void **state)
{
    uint8_t *b = kzalloc(512);

    (void)state;
    unit_step_failures(FAULT_BLOCK, injected, b);
    kfree(b);
}

static void speak_up(struct timer *t)
{
    struct disk_fake *d = t->arg;

    mood = HONEST;
    timer_set(&d->timer, arch_clock() + 1);
}

/* Late answers are waited for, with a line in the log. */
static void late(void **state)
{
    struct timer t;
    uint8_t *b = kzalloc(512);
    nsec_t before = arch_clock();

    (void)state;
    log_level_set(0);
    mood = SILENT;
    timer_init(&t, speak_up, &plain);
    timer_set(&t, arch_clock() + 100 * NSEC_PER_SEC);
    assert_int_equal(block_read(block_device_get(0), 0, b, 512), 0);
    assert_true(arch_clock() >= before + 100 * NSEC_PER_SEC);
    log_level_set(LOG_WARN);
    kfree(b);
}

/* A device that breaks the rules loses everything in flight; nobody hangs. */
static void liars_are_closed(void **state)
{
    struct block_device *d = disk_new(&lying, RINGS, 64);

    (void)state;
    log_level_set(0);
    mood = LIES_ID;
    run_workers(d);
    assert_int_equal(failed, WORKERS * ROUNDS);
    assert_int_equal(lying.f.status, 0);        /* reset: it lost our memory */
    log_level_set(LOG_WARN);
}

static void bad_config(void **state)
{
    static const uint32_t sizes[] = { 0, 1, 100, 1024, 8192, UINT32_MAX };
    unsigned i, count = block_device_count();

    (void)state;
    log_level_set(0);
    for (i = 0; i < ARRAY_LEN(sizes); i++) {
        fake_init(&bad.f, 2, RINGS | F_BLK_SIZE);
        memcpy(bad.f.config + 20, &sizes[i], 4);
        assert_int_equal(virtio__start(&bad.f.vd), -EINVAL);
    }
    fake_init(&bad.f, 2, RINGS);
    memset(bad.f.config, 0xff, 8);              /* 2^73 bytes */
    assert_int_equal(virtio__start(&bad.f.vd), -EINVAL);
    fake_init(&bad.f, 2, VIRTIO_F_VERSION_1);
    bad.f.queue_max[0] = 2;                     /* not one request fits */
    assert_int_equal(virtio__start(&bad.f.vd), -EINVAL);
    assert_int_equal(block_device_count(), count);
    log_level_set(LOG_WARN);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(door_checks),
        cmocka_unit_test(writes_are_read),
        cmocka_unit_test(parallel),
        cmocka_unit_test(errors_are_said),
        cmocka_unit_test(read_only),
        cmocka_unit_test(injection),
        cmocka_unit_test(late),
        cmocka_unit_test(liars_are_closed),
        cmocka_unit_test(bad_config),
    };

    return cmocka_run_group_tests(tests, boot, NULL);
}
