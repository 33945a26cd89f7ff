/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio block devices (virtio 1.1, 5.2): reads, writes, flush, the serial
 * number; several queues, a CPU's requests go to "its" one.
 *
 * A request is a slot of its queue: taken by slot_get (sleeping when all are
 * out), offered by submit, marked by the interrupt in complete, and given
 * back by its thread, who alone waits for it:
 *   FREE --slot_get--> TAKEN --submit--> FLYING --complete--> DONE
 *   --slot_put--> FREE
 * Order of locks: a queue's lock, then sched's.
 */
#include "virtio_priv.h"

#define F_SIZE_MAX  (1ull << 1)
#define F_SEG_MAX   (1ull << 2)
#define F_RO        (1ull << 5)
#define F_BLK_SIZE  (1ull << 6)
#define F_FLUSH     (1ull << 9)
#define F_MQ        (1ull << 12)

/* Configuration: 0/8 capacity in 512-byte units, 8/4 largest segment, 12/4
 * most segments, 20/4 block size, 34/2 queues. */
enum { CFG_CAPACITY = 0, CFG_SIZE_MAX = 8, CFG_SEG_MAX = 12,
       CFG_BLK_SIZE = 20, CFG_QUEUES = 34 };

enum { REQ_IN = 0, REQ_OUT = 1, REQ_FLUSH = 4, REQ_GET_ID = 8 };
enum { STATUS_OK = 0, STATUS_NONE = 0xff };
#define ID_BYTES    20
#define RING_WANTED 64
#define SLOTS       32
#define SEGS_MAX    (VIRTQ_TABLE_LEN - 2)   /* header and status */
#define LATE        (30 * NSEC_PER_SEC)
_Static_assert(SLOTS * 2 <= RING_WANTED, "a slot is at least two descriptors");

/* What the device reads and writes beside the data. 0/4 type, 8/8 sector;
 * then the status byte. One cache line each. */
struct wire {
    uint32_t type, reserved;
    uint64_t sector;
    uint8_t status;
} __aligned(64);

struct slot {
    struct wire *wire;          /* [I] */
    struct thread *waiter;
    bool flying, done;
    struct slot *next_free;
};

struct queue {
    struct spinlock lock;       /* everything below but room */
    struct virtq *vq;
    struct slot slots[SLOTS];
    struct slot *free;
    struct waitq room;          /* for a slot, or for descriptors */
};

struct disk {
    struct block_device dev;
    struct virtio_device *vd;
    struct queue *queues[DISK_QUEUES_MAX];
    unsigned queue_count;
    uint32_t segs_max, seg_bytes;
};

/* The device broke the rules. A reset takes our memory from it, so that what
 * was in flight may end, without an answer: -EIO. */
static void disk_fail(struct disk *k)
{
    struct queue *q;
    unsigned i, j;

    k->vd->ops->status_set(k->vd, 0);
    for (i = 0; i < k->queue_count; i++) {
        q = k->queues[i];
        spin_lock(&q->lock);
        q->vq->broken = true;
        for (j = 0; j < SLOTS; j++) {
            if (!q->slots[j].flying)
                continue;
            q->slots[j].flying = false;
            q->slots[j].done = true;
            thread_wake(q->slots[j].waiter);
        }
        spin_unlock(&q->lock);
        waitq_wake_all(&q->room);
    }
}

static void complete_locked(struct queue *q)
{
    struct slot *s;

    do {
        while ((s = virtq__pop(q->vq, NULL))) {
            s->flying = false;
            s->done = true;
            /* Under the lock: its thread cannot leave before we let go. */
            thread_wake(s->waiter);
        }
    } while (!virtq__irq_on(q->vq));
}

static void complete(struct virtq *vq)
{
    struct queue *q = vq->priv;
    bool failed;

    spin_lock(&q->lock);
    complete_locked(q);
    failed = vq->broken;
    spin_unlock(&q->lock);
    if (failed)
        disk_fail(vq->vd->priv);
}

static struct slot *slot_take(struct queue *q)
{
    uint64_t flags = spin_lock_irqsave(&q->lock);
    struct slot *s = q->free;

    if (s)
        q->free = s->next_free;
    spin_unlock_irqrestore(&q->lock, flags);
    return s;
}

static struct slot *slot_get(struct queue *q)
{
    struct slot *s = slot_take(q);

    if (!s)
        waitq_wait(&q->room, (s = slot_take(q)), NSEC_FOREVER, 0);
    s->done = false;
    s->waiter = thread_current();
    s->wire->status = STATUS_NONE;
    return s;
}

static void slot_put(struct queue *q, struct slot *s)
{
    uint64_t flags = spin_lock_irqsave(&q->lock);

    s->next_free = q->free;
    q->free = s;
    spin_unlock_irqrestore(&q->lock, flags);
    if (waitq_busy(&q->room))
        waitq_wake_all(&q->room);
}

static int submit(struct queue *q, struct slot *s,
                  const struct virtq_buf *bufs, unsigned out, unsigned in)
{
    uint64_t flags = spin_lock_irqsave(&q->lock);
    int err = virtq__add(q->vq, bufs, out, in, s);

    if (!err) {
        s->flying = true;
        virtq__kick(q->vq);
    }
    spin_unlock_irqrestore(&q->lock, flags);
    return err;
}

/* Sleeps at once: measured under TCG, looking at the ring for a while first is
 * 4 to 40 times slower, for the device needs the CPU that the looking burns. */
static void slot_wait(struct disk *k, struct queue *q, struct slot *s)
{
    nsec_t deadline = clock_monotonic() + LATE;
    uint64_t flags = spin_lock_irqsave(&q->lock);

    while (!s->done) {
        thread_wait_prepare("disk");
        spin_unlock_irqrestore(&q->lock, flags);
        if (thread_wait_commit(deadline, 0) == -ETIMEDOUT) {
            log_err("%s: a request has waited 30 s and is waiting on",
                    k->dev.name);
            deadline = NSEC_FOREVER;
        }
        flags = spin_lock_irqsave(&q->lock);
    }
    spin_unlock_irqrestore(&q->lock, flags);
}

/* One request: bufs[0] and the last are left free for header and status; of
 * the n between, the device writes all when `in`. */
static int request(struct disk *k, uint32_t type, uint64_t sector,
                   struct virtq_buf *bufs, unsigned n, bool in)
{
    struct queue *q = k->queues[cpu_id() % k->queue_count];
    struct slot *s = slot_get(q);
    unsigned out = in ? 1 : 1 + n;
    int err;

    s->wire->type = type;
    s->wire->sector = sector;
    bufs[0] = (struct virtq_buf){ s->wire, 16 };
    bufs[n + 1] = (struct virtq_buf){ &s->wire->status, 1 };
    err = submit(q, s, bufs, out, n + 2 - out);
    if (err == -EAGAIN)
        waitq_wait(&q->room,
                   (err = submit(q, s, bufs, out, n + 2 - out)) != -EAGAIN,
                   NSEC_FOREVER, 0);
    if (!err) {
        slot_wait(k, q, s);
        if (__atomic_load_n(&s->wire->status, __ATOMIC_ACQUIRE) != STATUS_OK)
            err = -EIO;
    }
    slot_put(q, s);
    return err;
}

static int disk_rw(struct block_device *d, bool write, uint64_t off,
                   const struct block_segment *segs, unsigned n)
{
    struct disk *k = d->driver;
    struct virtq_buf bufs[SEGS_MAX + 2];
    unsigned i = 0, count, len;
    uint32_t in_seg = 0;
    uint64_t bytes;
    int err;

    while (i < n) {
        bytes = 0;
        for (count = 0; i < n && count < k->segs_max; count++) {
            len = MIN(segs[i].len - in_seg, k->seg_bytes);
            bufs[count + 1].addr = (uint8_t *)segs[i].addr + in_seg;
            bufs[count + 1].len = len;
            bytes += len;
            in_seg += len;
            if (in_seg == segs[i].len) {
                in_seg = 0;
                i++;
            }
        }
        err = request(k, write ? REQ_OUT : REQ_IN, off >> 9, bufs, count,
                      !write);
        if (err)
            return err;
        off += bytes;
    }
    return 0;
}

static int disk_flush(struct block_device *d)
{
    struct virtq_buf bufs[2];

    return request(d->driver, REQ_FLUSH, 0, bufs, 0, false);
}

static const struct block_ops disk_ops = {
    .rw = disk_rw,
    .flush = disk_flush,
};

static void serial_read(struct disk *k)
{
    struct virtq_buf bufs[3];
    char *id = kzalloc(ID_BYTES);
    unsigned i;

    if (!id)
        return;
    bufs[1] = (struct virtq_buf){ id, ID_BYTES };
    if (request(k, REQ_GET_ID, 0, bufs, 1, true) == 0)
        for (i = 0; i < ID_BYTES && id[i] > ' ' && id[i] < 127; i++)
            k->dev.serial[i] = id[i];
    kfree(id);
}

static int config_read(struct disk *k)
{
    struct virtio_device *vd = k->vd;
    struct block_device *d = &k->dev;
    uint64_t sectors = virtio__config64(vd, CFG_CAPACITY);
    uint32_t v;

    d->sector = 512;
    if (virtio__has(vd, F_BLK_SIZE))
        d->sector = vd->ops->config(vd, CFG_BLK_SIZE, 4);
    if ((d->sector != 512 && d->sector != 4096) || sectors >> 54)
        return -EINVAL;
    d->size = ALIGN_DOWN(sectors * 512, d->sector);
    d->read_only = virtio__has(vd, F_RO);
    d->flush = virtio__has(vd, F_FLUSH);
    k->segs_max = SEGS_MAX;
    if (virtio__has(vd, F_SEG_MAX)) {
        v = vd->ops->config(vd, CFG_SEG_MAX, 4);
        k->segs_max = v ? MIN(v, SEGS_MAX) : 1;
    }
    k->seg_bytes = 1u << 30;
    if (virtio__has(vd, F_SIZE_MAX)) {
        v = vd->ops->config(vd, CFG_SIZE_MAX, 4);
        k->seg_bytes = MIN(ALIGN_DOWN(v, d->sector), k->seg_bytes);
    }
    return k->seg_bytes ? 0 : -EINVAL;
}

static int queue_add(struct disk *k, unsigned index)
{
    struct queue *q = kzalloc(sizeof(*q));
    struct wire *wires = kcalloc(SLOTS, sizeof(*wires));
    unsigned i;

    if (!q || !wires) {
        kfree(q);
        kfree(wires);
        return -ENOMEM;
    }
    waitq_init(&q->room);
    for (i = 0; i < SLOTS; i++) {
        q->slots[i].wire = &wires[i];
        q->slots[i].next_free = q->free;
        q->free = &q->slots[i];
    }
    q->vq = virtio__queue_add(k->vd, index, RING_WANTED,
                              index % cpu_count(), complete, q);
    if (IS_ERR(q->vq)) {
        i = -PTR_ERR(q->vq);
        kfree(wires);
        kfree(q);
        return -(int)i;
    }
    k->queues[k->queue_count++] = q;
    if (k->vd->features & VIRTIO_F_INDIRECT)
        return 0;
    if (q->vq->size < 3)
        return -EINVAL;
    k->segs_max = MIN(k->segs_max, q->vq->size - 2u);
    return 0;
}

static int disk_start(struct disk *k)
{
    unsigned queues = 1, i;
    int err = config_read(k);

    if (!err && virtio__has(k->vd, F_MQ))
        queues = k->vd->ops->config(k->vd, CFG_QUEUES, 2);
    queues = MIN(queues, cpu_count());
    queues = MIN(queues, DISK_QUEUES_MAX);
    for (i = 0; !err && i < MAX(queues, 1u); i++)
        err = queue_add(k, i);
    if (err)
        return err;
    k->dev.ops = &disk_ops;
    k->dev.driver = k;
    err = block__register(&k->dev);
    if (err)
        return err;
    virtio__ready(k->vd);
    serial_read(k);
    return 0;
}

static int blk_probe(struct virtio_device *vd)
{
    struct disk *k = kzalloc(sizeof(*k));
    int err;

    if (!k)
        return -ENOMEM;
    k->vd = vd;
    vd->priv = k;
    err = disk_start(k);
    if (err)
        return err;     /* k stays: an interrupt may be on its way */
    log_info("%s: %llu MiB%s, %u queue%s, serial \"%s\" (%s)", k->dev.name,
             (unsigned long long)(k->dev.size >> 20),
             k->dev.read_only ? ", read-only" : "", k->queue_count,
             k->queue_count == 1 ? "" : "s", k->dev.serial, vd->where);
    return 0;
}

const struct virtio_driver virtio_blk_driver = {
    .id = VIRTIO_BLOCK,
    .name = "disk",
    .features = F_SIZE_MAX | F_SEG_MAX | F_RO | F_BLK_SIZE | F_FLUSH | F_MQ,
    .probe = blk_probe,
};
