/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Split virtqueues (virtio 1.1, 2.6), the driver's side.
 *
 * virtq__init, then add / kick / pop in any mix under the driver's lock. What
 * the device may write (the used ring) is never trusted: an id that is not in
 * flight or an index that runs ahead marks the queue broken, and nothing more
 * is taken from it. Chains are freed by the private slots, not by the
 * descriptors that the device can see.
 */
#include "virtio_priv.h"

enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };
enum { AVAIL_NO_INTERRUPT = 1, USED_NO_NOTIFY = 1 };

static bool event_idx(const struct virtq *vq)
{
    return vq->vd->features & VIRTIO_F_EVENT_IDX;
}

/* The event fields lie behind the rings. */
static uint16_t *used_event(const struct virtq *vq)
{
    return &vq->avail->ring[vq->size];
}

static uint16_t *avail_event(const struct virtq *vq)
{
    return (uint16_t *)&vq->used->ring[vq->size];
}

static unsigned order_for(size_t bytes)
{
    unsigned order = 0;

    while ((PAGE_SIZE << order) < bytes)
        order++;
    return order;
}

static int slots_init(struct virtq *vq)
{
    unsigned i;

    vq->slots = kcalloc(vq->size, sizeof(*vq->slots));
    if (!vq->slots)
        return -ENOMEM;
    for (i = 0; i < vq->size; i++) {
        vq->slots[i].next = i + 1;
        vq->slots[i].table = -1;
    }
    vq->free_count = vq->size;
    return 0;
}

/* Made when the first long chain comes: most queues never see one. */
static bool table_left(struct virtq *vq)
{
    unsigned i;

    if (vq->tables || !vq->indirect)
        return vq->tables_left > 0;
    vq->tables = kmalloc(VIRTQ_TABLES * VIRTQ_TABLE_LEN *
                         sizeof(*vq->tables));
    if (!vq->tables)
        return false;
    vq->tables_left = MIN(VIRTQ_TABLES, vq->size);
    for (i = 0; i < vq->tables_left; i++)
        vq->table_free[i] = i;
    return true;
}

/*
 * Between what we tell the device and what we read from it. Before version 8.1
 * QEMU's TCG drops a guest's fences when the guest has one CPU, though the
 * device is another thread: a kick or an interrupt is lost now and then, and
 * with event indexes the queue then stands still for good. Reading the
 * counter takes a lock there, which is a fence that stays.
 */
static bool fences_dropped;

static void fence(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (fences_dropped) {
        arch_cycles();
        __atomic_signal_fence(__ATOMIC_SEQ_CST);
    }
}

int virtq__init(struct virtq *vq, unsigned size, bool indirect)
{
    size_t avail_at = size * sizeof(struct vring_desc);
    size_t used_at = ALIGN_UP(avail_at + 6 + 2 * size, 16);
    size_t total = used_at + 6 + size * sizeof(struct vring_used_elem);
    uint8_t *base;

    ASSERT(size > 0 && size <= VIRTQ_SIZE_MAX && !(size & (size - 1)));
    fences_dropped = strcmp(arch_hypervisor(), "TCG") == 0;
    vq->size = size;
    vq->pages = page_alloc(order_for(total), PAGE_ZERO);
    if (!vq->pages)
        return -ENOMEM;
    base = page_to_virt(vq->pages);
    vq->desc = (struct vring_desc *)base;
    vq->avail = (struct vring_avail *)(base + avail_at);
    vq->used = (struct vring_used *)(base + used_at);
    vq->indirect = indirect;
    if (slots_init(vq)) {
        virtq__release(vq);
        return -ENOMEM;
    }
    if (!vq->callback)
        virtq__irq_off(vq);
    return 0;
}

/* The device must have been reset: it may no longer write here. */
void virtq__release(struct virtq *vq)
{
    kfree(vq->tables);
    kfree(vq->slots);
    if (vq->pages)
        page_unref(vq->pages);
    vq->tables = NULL;
    vq->slots = NULL;
    vq->pages = NULL;
}

static void desc_fill(struct vring_desc *d, const struct virtq_buf *b,
                      bool write, bool last, uint16_t next)
{
    d->addr = virt_to_phys(b->addr);
    d->len = b->len;
    d->flags = (write ? DESC_WRITE : 0) | (last ? 0 : DESC_NEXT);
    d->next = last ? 0 : next;
}

static void add_indirect(struct virtq *vq, uint16_t head,
                         const struct virtq_buf *bufs, unsigned out,
                         unsigned n)
{
    uint16_t nr = vq->table_free[--vq->tables_left];
    struct vring_desc *t = vq->tables + nr * VIRTQ_TABLE_LEN;
    struct virtq_buf whole = { t, n * sizeof(*t) };
    unsigned i;

    for (i = 0; i < n; i++)
        desc_fill(&t[i], &bufs[i], i >= out, i == n - 1, i + 1);
    desc_fill(&vq->desc[head], &whole, false, true, 0);
    vq->desc[head].flags = DESC_INDIRECT;
    vq->slots[head].table = nr;
    vq->slots[head].count = 1;
    vq->free_head = vq->slots[head].next;
    vq->free_count--;
}

static void add_direct(struct virtq *vq, uint16_t head,
                       const struct virtq_buf *bufs, unsigned out,
                       unsigned n)
{
    uint16_t at = head;
    unsigned i;

    for (i = 0; i < n; i++) {
        desc_fill(&vq->desc[at], &bufs[i], i >= out, i == n - 1,
                  vq->slots[at].next);
        at = vq->slots[at].next;
    }
    vq->slots[head].count = n;
    vq->free_head = at;
    vq->free_count -= n;
}

int virtq__add(struct virtq *vq, const struct virtq_buf *bufs, unsigned out,
               unsigned in, void *cookie)
{
    unsigned n = out + in, i;
    uint16_t head = vq->free_head;
    struct virtq_slot *s;
    bool table;

    ASSERT(n > 0 && cookie);
    if (vq->broken)
        return -EIO;
    /* Short chains are cheaper for the device to read in place. */
    table = n <= VIRTQ_TABLE_LEN && (n > 4 || n > vq->free_count) &&
            table_left(vq);
    if (vq->free_count < (table ? 1 : n))
        return -EAGAIN;
    s = &vq->slots[head];
    if (table)
        add_indirect(vq, head, bufs, out, n);
    else
        add_direct(vq, head, bufs, out, n);
    s->cookie = cookie;
    s->in_len = 0;
    for (i = out; i < n; i++)
        s->in_len += bufs[i].len;
    vq->avail->ring[vq->avail_idx & (vq->size - 1)] = head;
    vq->avail_idx++;
    return 0;
}

bool virtq__publish(struct virtq *vq)
{
    uint16_t old = vq->kicked_idx, now = vq->avail_idx, event;

    if (old == now || vq->broken)
        return false;
    __atomic_store_n(&vq->avail->idx, now, __ATOMIC_RELEASE);
    vq->kicked_idx = now;
    /* The index must be visible before we look whether it is watched. */
    fence();
    if (event_idx(vq)) {
        event = __atomic_load_n(avail_event(vq), __ATOMIC_RELAXED);
        if ((uint16_t)(now - event - 1) >= (uint16_t)(now - old))
            return false;
    } else if (__atomic_load_n(&vq->used->flags, __ATOMIC_RELAXED) &
               USED_NO_NOTIFY) {
        return false;
    }
    vq->kicks++;
    return true;
}

void virtq__ring(struct virtq *vq)
{
    vq->vd->ops->kick(vq);
}

void virtq__kick(struct virtq *vq)
{
    if (virtq__publish(vq))
        virtq__ring(vq);
}

bool virtq__pending(const struct virtq *vq)
{
    return !vq->broken &&
           __atomic_load_n(&vq->used->idx, __ATOMIC_ACQUIRE) != vq->used_idx;
}

static void *broken(struct virtq *vq, const char *what, uint32_t value)
{
    vq->broken = true;
    log_err("virtio %s: queue %u: the device gave a bad %s (%u); "
            "the queue is closed", vq->vd->where, vq->index, what, value);
    return NULL;
}

static void chain_free(struct virtq *vq, uint16_t head)
{
    struct virtq_slot *s = &vq->slots[head];
    uint16_t last = head;
    unsigned i;

    for (i = 1; i < s->count; i++)
        last = vq->slots[last].next;
    vq->slots[last].next = vq->free_head;
    vq->free_head = head;
    vq->free_count += s->count;
    if (s->table >= 0)
        vq->table_free[vq->tables_left++] = s->table;
    s->table = -1;
    s->cookie = NULL;
}

void *virtq__pop(struct virtq *vq, uint32_t *len)
{
    struct vring_used_elem e;
    struct virtq_slot *s;
    uint16_t idx;
    void *cookie;

    if (vq->broken)
        return NULL;
    idx = __atomic_load_n(&vq->used->idx, __ATOMIC_ACQUIRE);
    if (idx == vq->used_idx)
        return NULL;
    if ((uint16_t)(idx - vq->used_idx) > vq->size)
        return broken(vq, "used index", idx);
    /* Read once: the device may change it under us. */
    e.id = __atomic_load_n(&vq->used->ring[vq->used_idx & (vq->size - 1)].id,
                           __ATOMIC_RELAXED);
    e.len = __atomic_load_n(&vq->used->ring[vq->used_idx & (vq->size - 1)].len,
                            __ATOMIC_RELAXED);
    if (e.id >= vq->size || !vq->slots[e.id].cookie)
        return broken(vq, "id", e.id);
    s = &vq->slots[e.id];
    cookie = s->cookie;
    if (len)
        *len = MIN(e.len, s->in_len);
    chain_free(vq, e.id);
    vq->used_idx++;
    return cookie;
}

void virtq__irq_off(struct virtq *vq)
{
    /* With event indexes the flag means nothing: name a far-away one. */
    if (event_idx(vq))
        __atomic_store_n(used_event(vq), (uint16_t)(vq->used_idx + 0x8000),
                         __ATOMIC_RELAXED);
    else
        vq->avail->flags = AVAIL_NO_INTERRUPT;
}

bool virtq__irq_on(struct virtq *vq)
{
    if (event_idx(vq))
        __atomic_store_n(used_event(vq), vq->used_idx, __ATOMIC_RELAXED);
    else
        __atomic_store_n(&vq->avail->flags, 0, __ATOMIC_RELAXED);
    /* Armed before we look once more, or a completion slips through. */
    fence();
    return !virtq__pending(vq);
}
