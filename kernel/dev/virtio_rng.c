/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtio entropy device (virtio 1.1, 5.4). One buffer, asked for when
 * random.c wants it; the answer is mixed in from the interrupt.
 */
#include "virtio_priv.h"

#define SEED_BYTES 64

static struct rng {
    struct spinlock lock;
    struct virtq *vq;
    uint8_t *seed;
    bool asked;
} rng;

static void rng_ask(void)
{
    struct virtq_buf buf = { rng.seed, SEED_BYTES };
    uint64_t flags = spin_lock_irqsave(&rng.lock);

    if (!rng.asked && !virtq__add(rng.vq, &buf, 0, 1, &rng)) {
        rng.asked = true;
        virtq__kick(rng.vq);
    }
    spin_unlock_irqrestore(&rng.lock, flags);
}

static void rng_answer(struct virtq *vq)
{
    uint32_t len = 0;
    bool got;

    spin_lock(&rng.lock);
    got = virtq__pop(vq, &len);
    if (got) {
        random_add(rng.seed, len);
        memset(rng.seed, 0, SEED_BYTES);
        rng.asked = false;
    }
    virtq__irq_on(vq);
    spin_unlock(&rng.lock);
    if (got && len >= 32)
        random__seeded();
}

static int rng_probe(struct virtio_device *vd)
{
    if (rng.vq)
        return -EBUSY;      /* one is enough */
    rng.seed = kzalloc(SEED_BYTES);
    if (!rng.seed)
        return -ENOMEM;
    rng.vq = virtio__queue_add(vd, 0, 4, 0, rng_answer, &rng);
    if (IS_ERR(rng.vq)) {
        int err = PTR_ERR(rng.vq);

        rng.vq = NULL;
        return err;
    }
    virtio__ready(vd);
    random__source_set(rng_ask);
    return 0;
}

const struct virtio_driver virtio_rng_driver = {
    .id = VIRTIO_RNG,
    .name = "entropy",
    .probe = rng_probe,
};
