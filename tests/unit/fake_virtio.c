/* SPDX-License-Identifier: BSD-2-Clause */
/* What fake_virtio.h promises. */
#include "fake_virtio.h"

static struct fake *fake_of(struct virtio_device *vd)
{
    return container_of(vd, struct fake, vd);
}

static uint8_t fake_status(struct virtio_device *vd)
{
    return fake_of(vd)->status;
}

static void fake_status_set(struct virtio_device *vd, uint8_t v)
{
    struct fake *f = fake_of(vd);

    if (f->stuck_in_reset && !v)
        v = 1;
    if (f->refuses_features)
        v &= (uint8_t)~VIRTIO_FEATURES_OK;
    f->status = v;
}

static uint64_t fake_features(struct virtio_device *vd)
{
    return fake_of(vd)->offers;
}

static void fake_features_set(struct virtio_device *vd, uint64_t v)
{
    fake_of(vd)->agreed = v;
}

static uint32_t fake_generation(struct virtio_device *vd)
{
    struct fake *f = fake_of(vd);

    return f->unsettled ? f->generations++ : f->generations;
}

static uint32_t fake_config(struct virtio_device *vd, unsigned off, unsigned n)
{
    uint32_t v = 0;

    assert_true(off + n <= sizeof(fake_of(vd)->config));
    memcpy(&v, fake_of(vd)->config + off, n);
    return v;
}

static uint16_t fake_queue_max(struct virtio_device *vd, unsigned index)
{
    return index < FAKE_QUEUES ? fake_of(vd)->queue_max[index] : 0;
}

static int fake_queue_enable(struct virtio_device *vd, struct virtq *vq,
                             unsigned cpu)
{
    struct fake *f = fake_of(vd);

    (void)cpu;
    if (f->refuses_queues)
        return -EIO;
    f->queues[vq->index] = (struct fake_queue){ .vq = vq };
    return 0;
}

static void fake_kick(struct virtq *vq)
{
    struct fake *f = fake_of(vq->vd);
    struct fake_queue *q = &f->queues[vq->index];

    q->kicks++;
    if (f->kicked)
        f->kicked(f, q);
}

static const struct virtio_transport ops = {
    .status = fake_status,
    .status_set = fake_status_set,
    .features = fake_features,
    .features_set = fake_features_set,
    .generation = fake_generation,
    .config = fake_config,
    .queue_max = fake_queue_max,
    .queue_enable = fake_queue_enable,
    .kick = fake_kick,
};

void fake_init(struct fake *f, uint16_t kind, uint64_t offers)
{
    unsigned i;

    memset(f, 0, sizeof(*f));
    f->vd.ops = &ops;
    f->vd.id = kind;
    f->offers = offers;
    for (i = 0; i < FAKE_QUEUES; i++)
        f->queue_max[i] = 256;
    memcpy(f->vd.where, "fake", 5);
}

void fake_release(struct fake *f)
{
    unsigned i;

    for (i = 0; i < f->vd.queue_count; i++) {
        if (!f->vd.queues[i])
            continue;
        virtq__release(f->vd.queues[i]);
        kfree(f->vd.queues[i]);
    }
    f->vd.queue_count = 0;
}

static void chain_add(struct fake_chain *c, const struct vring_desc *d)
{
    unsigned n = c->out + c->in;

    assert_true(n < FAKE_BUFS);
    c->bufs[n].p = phys_to_virt(d->addr);
    c->bufs[n].len = d->len;
    if (d->flags & 2)
        c->in++;
    else
        c->out++;
    /* What the device reads comes first (2.6.4.2). */
    assert_true(d->flags & 2 || !c->in);
}

bool fake_take(struct fake_queue *q, struct fake_chain *c)
{
    struct virtq *vq = q->vq;
    const struct vring_desc *table = vq->desc, *d;
    unsigned limit = vq->size, at;

    if (q->next_avail == vq->avail->idx)
        return false;
    memset(c, 0, sizeof(*c));
    c->id = vq->avail->ring[q->next_avail++ % vq->size];
    assert_true(c->id < vq->size);
    at = c->id;
    if (table[at].flags & 4) {
        d = &table[at];
        assert_false(d->flags & 1);
        limit = d->len / sizeof(*d);
        table = phys_to_virt(d->addr);
        at = 0;
    }
    for (;;) {
        assert_true(limit-- > 0 && c->out + c->in < FAKE_BUFS);
        chain_add(c, &table[at]);
        if (!(table[at].flags & 1))
            break;
        at = table[at].next;
    }
    /* From now on the driver must say when it wants to be told. */
    *(uint16_t *)&vq->used->ring[vq->size] = q->next_avail;
    return true;
}

void fake_give(struct fake_queue *q, uint32_t id, uint32_t len)
{
    struct vring_used *used = q->vq->used;

    used->ring[used->idx % q->vq->size] = (struct vring_used_elem){ id, len };
    used->idx++;
}

void fake_interrupt(struct fake_queue *q)
{
    uint64_t flags = irq_save();

    virtio__irq_queue(q->vq);
    irq_restore(flags);
}
