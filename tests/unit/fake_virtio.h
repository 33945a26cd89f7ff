/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio device in the test's hands: a transport whose registers are fields,
 * and the device's side of the queues. Tests make it behave or lie.
 */
#ifndef HULL_FAKE_VIRTIO_H
#define HULL_FAKE_VIRTIO_H

#include "unit.h"

#include "dev/virtio_priv.h"

#define FAKE_QUEUES 4
#define FAKE_BUFS   64

struct fake_queue {
    struct virtq *vq;       /* NULL until the driver enabled it */
    uint16_t next_avail;    /* the device's position */
    unsigned kicks;
};

struct fake {
    struct virtio_device vd;    /* first */
    uint64_t offers, agreed;
    uint8_t status;
    bool stuck_in_reset, refuses_features, refuses_queues;
    bool unsettled;             /* the generation changes at each look */
    uint32_t generations;
    uint16_t queue_max[FAKE_QUEUES];
    struct fake_queue queues[FAKE_QUEUES];
    uint8_t config[64];
    void (*kicked)(struct fake *f, struct fake_queue *q);   /* or NULL */
};

/* A chain as the device sees it. */
struct fake_chain {
    uint16_t id;
    unsigned out, in;
    struct { uint8_t *p; uint32_t len; } bufs[FAKE_BUFS];   /* out first */
};

/* A clean device of this kind with four queues of 256. */
void fake_init(struct fake *f, uint16_t kind, uint64_t offers);
/* Frees what a started device left: its queues. */
void fake_release(struct fake *f);
/* Takes the next offered chain. False: none. Fails the test when the driver
 * built a bad one. */
bool fake_take(struct fake_queue *q, struct fake_chain *c);
/* Answers; no interrupt yet. */
void fake_give(struct fake_queue *q, uint32_t id, uint32_t len);
/* As a device's interrupt: calls the queue's handler, interrupts off. */
void fake_interrupt(struct fake_queue *q);

#endif
