/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a virtio device (virtio 1.1, 3.1): find the driver, agree on
 * features, make queues, take interrupts. Transports call virtio__start.
 */
#include "virtio_priv.h"

/* Drivers; their order does not matter. */
static const struct virtio_driver *const drivers[] = {
    &virtio_blk_driver,
    &virtio_net_driver,
    &virtio_console_driver,
    &virtio_rng_driver,
};

#define RING_FEATURES (VIRTIO_F_INDIRECT | VIRTIO_F_EVENT_IDX | \
                       VIRTIO_F_VERSION_1 | VIRTIO_F_PLATFORM)
#define RESET_SPINS 1000000

static const struct virtio_driver *driver_find(uint16_t id)
{
    unsigned i;

    for (i = 0; i < ARRAY_LEN(drivers); i++)
        if (drivers[i]->id == id)
            return drivers[i];
    return NULL;
}

bool virtio__driver_exists(uint16_t id)
{
    return driver_find(id) != NULL;
}

static int reset(struct virtio_device *vd)
{
    unsigned i;

    vd->ops->status_set(vd, 0);
    for (i = 0; i < RESET_SPINS; i++) {
        if (!vd->ops->status(vd))
            return 0;
        cpu_relax();
    }
    return -EIO;
}

static int negotiate(struct virtio_device *vd, const struct virtio_driver *d)
{
    uint64_t offered = vd->ops->features(vd);
    uint8_t status = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK;

    if (!(offered & VIRTIO_F_VERSION_1))
        return -ENODEV;
    vd->features = offered & (d->features | RING_FEATURES);
    if (d->agree)
        vd->features = d->agree(vd->features);
    vd->ops->features_set(vd, vd->features);
    vd->ops->status_set(vd, status);
    return vd->ops->status(vd) & VIRTIO_FEATURES_OK ? 0 : -ENODEV;
}

static void queues_release(struct virtio_device *vd)
{
    unsigned i;

    for (i = 0; i < vd->queue_count; i++) {
        if (!vd->queues[i])
            continue;
        virtq__release(vd->queues[i]);
        kfree(vd->queues[i]);
        vd->queues[i] = NULL;
    }
    vd->queue_count = 0;
}

int virtio__start(struct virtio_device *vd)
{
    const struct virtio_driver *d = driver_find(vd->id);
    int err;

    if (!d) {
        log_debug("virtio %s: no driver for kind %u", vd->where, vd->id);
        return -ENODEV;
    }
    err = reset(vd);
    if (!err) {
        vd->ops->status_set(vd, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
        err = negotiate(vd, d);
    }
    if (!err)
        err = d->probe(vd);
    if (!err)
        return 0;
    log_err("virtio %s (%s): cannot be used, error %d", vd->where, d->name,
            -err);
    /* After a reset it no longer writes to memory. If it refuses, the rings
     * stay allocated for its sake. */
    if (reset(vd) == 0)
        queues_release(vd);
    vd->ops->status_set(vd, VIRTIO_FAILED);
    return err;
}

void virtio__ready(struct virtio_device *vd)
{
    vd->ops->status_set(vd, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER |
                            VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
}

uint64_t virtio__config64(struct virtio_device *vd, unsigned off)
{
    uint32_t before, lo, hi;
    unsigned i;

    /* Retried while the device changes it, but not for ever. */
    for (i = 0; i < 100; i++) {
        before = vd->ops->generation(vd);
        lo = vd->ops->config(vd, off, 4);
        hi = vd->ops->config(vd, off + 4, 4);
        if (vd->ops->generation(vd) == before)
            break;
    }
    return (uint64_t)hi << 32 | lo;
}

static unsigned queue_size(unsigned offered, unsigned want)
{
    unsigned size = 1;

    offered = MIN(offered, want);
    offered = MIN(offered, VIRTQ_SIZE_MAX);
    while (size * 2 <= offered)
        size *= 2;
    return size;
}

struct virtq *virtio__queue_add(struct virtio_device *vd, unsigned index,
                                unsigned want, unsigned cpu,
                                void (*callback)(struct virtq *), void *priv)
{
    unsigned offered = vd->ops->queue_max(vd, index);
    struct virtq *vq;
    int err;

    if (!offered)
        return ERR_PTR(-ENODEV);
    if (vd->queue_count >= VIRTIO_QUEUES_MAX)
        return ERR_PTR(-ENOSPC);
    vq = kzalloc(sizeof(*vq));
    if (!vq)
        return ERR_PTR(-ENOMEM);
    vq->vd = vd;
    vq->index = index;
    vq->callback = callback;
    vq->priv = priv;
    err = virtq__init(vq, queue_size(offered, want),
                      vd->features & VIRTIO_F_INDIRECT);
    if (err) {
        kfree(vq);
        return ERR_PTR(err);
    }
    /* On the list first: a failed enable may have told the device already. */
    vd->queues[vd->queue_count++] = vq;
    err = vd->ops->queue_enable(vd, vq, cpu);
    return err ? ERR_PTR(err) : vq;
}

void virtio__irq_queue(void *arg)
{
    struct virtq *vq = arg;

    vq->interrupts++;
    if (vq->callback)
        vq->callback(vq);
}

void virtio__irq_config(void *arg)
{
    struct virtio_device *vd = arg;

    if (vd->config_changed)
        vd->config_changed(vd);
}

void virtio__irq_all(struct virtio_device *vd)
{
    unsigned i;

    for (i = 0; i < vd->queue_count; i++)
        if (virtq__pending(vd->queues[i]))
            virtio__irq_queue(vd->queues[i]);
}
