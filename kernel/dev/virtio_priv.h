/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio 1.x inside dev: the device's life (virtio.c), split virtqueues
 * (virtq.c), the transports (virtio_pci.c, virtio_mmio.c) and the drivers.
 *
 * A transport finds a device and calls virtio__start(). That looks for the
 * driver, negotiates features and calls probe, which reads the configuration,
 * adds queues and ends with virtio__ready().
 *
 *   reset --start--> ACKNOWLEDGE|DRIVER --features agreed--> FEATURES_OK
 *   --virtio__ready--> DRIVER_OK;   any step --error--> FAILED
 *
 * Whatever a device says is checked: it may be wrong or hostile.
 */
#ifndef HULL_VIRTIO_PRIV_H
#define HULL_VIRTIO_PRIV_H

#include "dev_priv.h"

enum virtio_id { VIRTIO_NET = 1, VIRTIO_BLOCK = 2, VIRTIO_CONSOLE = 3,
                 VIRTIO_RNG = 4 };

enum virtio_status { VIRTIO_ACKNOWLEDGE = 1, VIRTIO_DRIVER = 2,
                     VIRTIO_DRIVER_OK = 4, VIRTIO_FEATURES_OK = 8,
                     VIRTIO_FAILED = 128 };

#define VIRTIO_F_INDIRECT   (1ull << 28)
#define VIRTIO_F_EVENT_IDX  (1ull << 29)
#define VIRTIO_F_VERSION_1  (1ull << 32)
#define VIRTIO_F_PLATFORM   (1ull << 33)

/* virtqueue memory (virtio 1.1, 2.6), little-endian:
 * descriptor: 0/8 address, 8/4 length, 12/2 flags, 14/2 next
 * avail: 0/2 flags, 2/2 index, 4/2n ring, then 2 used_event
 * used:  0/2 flags, 2/2 index, 4/8n ring of {id, length}, 2 avail_event */
struct vring_desc { uint64_t addr; uint32_t len; uint16_t flags, next; };
struct vring_avail { uint16_t flags, idx, ring[]; };
struct vring_used_elem { uint32_t id, len; };
struct vring_used { uint16_t flags, idx; struct vring_used_elem ring[]; };
_Static_assert(sizeof(struct vring_desc) == 16, "descriptor");

struct virtio_device;
struct virtq;

/* What the driver knows of a descriptor; the device cannot reach it. */
struct virtq_slot {
    void *cookie;           /* of the chain that starts here, or NULL */
    uint32_t in_len;        /* how much the device may write */
    uint16_t next;          /* in the chain or the free list */
    uint16_t count;         /* descriptors of the chain */
    int16_t table;          /* its indirect table, or -1 */
};

/* Guarded by the driver's own lock; callback runs in interrupt context. */
struct virtq {
    struct virtio_device *vd;       /* [I] */
    void (*callback)(struct virtq *vq); /* [I] NULL: no interrupts */
    void *priv;                     /* [I] the driver's */
    uint16_t index, size;           /* [I] */
    struct vring_desc *desc;        /* [I] shared with the device */
    struct vring_avail *avail;      /* [I] */
    struct vring_used *used;        /* [I] */
    struct page *pages;             /* [I] that hold the three */
    volatile void *doorbell;        /* [I] set by the transport */
    struct virtq_slot *slots;
    bool indirect;                  /* [I] agreed on */
    struct vring_desc *tables;      /* indirect, VIRTQ_TABLE_LEN each */
    uint16_t table_free[VIRTQ_TABLES];
    uint16_t tables_left;
    uint16_t free_head, free_count;
    uint16_t avail_idx;             /* next to publish */
    uint16_t kicked_idx;            /* avail_idx at the last kick */
    uint16_t used_idx;              /* next to take */
    bool broken;                    /* the device broke the rules */
    uint64_t kicks, interrupts;
};

struct virtq_buf { const void *addr; uint32_t len; };   /* direct map */

/* A transport. All required. */
struct virtio_transport {
    uint8_t (*status)(struct virtio_device *vd);
    void (*status_set)(struct virtio_device *vd, uint8_t v);
    uint64_t (*features)(struct virtio_device *vd);
    void (*features_set)(struct virtio_device *vd, uint64_t v);
    uint32_t (*generation)(struct virtio_device *vd);
    /* One access of 1, 2 or 4 bytes. */
    uint32_t (*config)(struct virtio_device *vd, unsigned off, unsigned n);
    /* Selects a queue and says its largest size; 0: it does not exist. */
    uint16_t (*queue_max)(struct virtio_device *vd, unsigned index);
    /* The selected queue: addresses, interrupt, doorbell, go. */
    int (*queue_enable)(struct virtio_device *vd, struct virtq *vq,
                        unsigned cpu);
    void (*kick)(struct virtq *vq);
};

struct virtio_driver {
    uint16_t id;
    const char *name;
    uint64_t features;      /* understood, beyond the rings' own */
    /* Optional: takes away what makes no sense without the rest. */
    uint64_t (*agree)(uint64_t features);
    /* 0, or an error after undoing everything but its queues. */
    int (*probe)(struct virtio_device *vd);
};

struct virtio_device {
    const struct virtio_transport *ops;     /* [I] */
    uint16_t id;                            /* [I] */
    char where[24];                         /* [I] "pci 00:03.0" */
    uint64_t features;                      /* [I] agreed */
    struct virtq *queues[VIRTIO_QUEUES_MAX];
    unsigned queue_count;
    void (*config_changed)(struct virtio_device *vd);   /* or NULL */
    void *priv;                             /* the driver's */
};

bool virtio__driver_exists(uint16_t id);
/* Runs a freshly found device; logs why when it cannot be used. */
int virtio__start(struct virtio_device *vd);
void virtio__ready(struct virtio_device *vd);
static inline bool virtio__has(const struct virtio_device *vd, uint64_t f)
{
    return (vd->features & f) == f;
}
uint64_t virtio__config64(struct virtio_device *vd, unsigned off);

/* Adds queue `index` with at most `want` entries (a power of two); cpu is
 * where its interrupt goes. -ENODEV: there is none; -ENOMEM; -EINVAL. */
struct virtq *virtio__queue_add(struct virtio_device *vd, unsigned index,
                                unsigned want, unsigned cpu,
                                void (*callback)(struct virtq *), void *priv);
/* Interrupt bodies for the transports. */
void virtio__irq_queue(void *vq);
void virtio__irq_config(void *vd);
void virtio__irq_all(struct virtio_device *vd);

/* --- virtq.c --- */
int virtq__init(struct virtq *vq, unsigned size, bool indirect);
void virtq__release(struct virtq *vq);
/* Offers a chain: `out` buffers the device reads, then `in` it writes. Not
 * visible to the device before virtq__kick. -EAGAIN: no room; -EIO: broken. */
int virtq__add(struct virtq *vq, const struct virtq_buf *bufs, unsigned out,
               unsigned in, void *cookie);
/* Publishes what was added and rings when the device asked for it. */
void virtq__kick(struct virtq *vq);
/* Its halves: the first under the driver's lock, true if the device asked;
 * the second, which may leave the guest for long, needs none. */
bool virtq__publish(struct virtq *vq);
void virtq__ring(struct virtq *vq);
/* The next finished chain's cookie, NULL when none. *len is how much the
 * device wrote, never more than the chain's room. */
void *virtq__pop(struct virtq *vq, uint32_t *len);
bool virtq__pending(const struct virtq *vq);
void virtq__irq_off(struct virtq *vq);
/* False: something finished meanwhile, take it first (interrupt stays on). */
bool virtq__irq_on(struct virtq *vq);

extern const struct virtio_driver virtio_blk_driver, virtio_net_driver,
    virtio_console_driver, virtio_rng_driver;

#endif
