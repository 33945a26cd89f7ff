/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio network cards (virtio 1.1, 5.1): one receive and one transmit queue,
 * mergeable buffers, checksum and segmentation offload both ways.
 *
 * Receive buffers are RX_BYTES each and travel up to net without a copy; the
 * ring is refilled in batches from those that came back, or with new ones up
 * to a bound. While net polls, interrupts are off; receive returning NULL
 * turns them on. Transmit interrupts are off but after a full ring.
 *
 * Who may touch what: the receive queue is the receiving thread's, the
 * transmit queue its caller's (who serialises); the pool has a lock.
 */
#include "virtio_priv.h"

#define F_CSUM        (1ull << 0)
#define F_GUEST_CSUM  (1ull << 1)
#define F_MTU         (1ull << 3)
#define F_MAC         (1ull << 5)
#define F_GUEST_TSO4  (1ull << 7)
#define F_GUEST_TSO6  (1ull << 8)
#define F_HOST_TSO4   (1ull << 11)
#define F_HOST_TSO6   (1ull << 12)
#define F_MRG_RXBUF   (1ull << 15)
#define F_STATUS      (1ull << 16)

/* Configuration: 0/6 MAC, 6/2 status, 10/2 MTU. */
enum { CFG_MAC = 0, CFG_STATUS = 6, CFG_MTU = 10, STATUS_LINK = 1 };

/* Before each frame: 0/1 flags, 1/1 kind of segmentation, 2/2 header length,
 * 4/2 segment size, 6/2 checksum start, 8/2 its offset, 10/2 buffers used. */
struct header {
    uint8_t flags, gso_type;
    uint16_t hdr_len, gso_size, csum_start, csum_offset, buffers;
};
_Static_assert(sizeof(struct header) == 12, "virtio_net_hdr_v1");
enum { H_NEEDS_CSUM = 1, H_DATA_VALID = 2 };
enum { GSO_NONE = 0, GSO_TCPV4 = 1, GSO_TCPV6 = 4 };

#define RX_BYTES    2048
#define RX_PAD      2       /* puts the IP header at a multiple of four */
#define RX_ROOM     (RX_BYTES - RX_PAD)
#define ETH_HEADER  14
#define REFILL      16u     /* buffers put back at once */
#define FILL_FIRST  (3 * REFILL)
/* A card that may merge segments waits until the largest frame has room. */
#define FRAME_MAX   (65535 + 18 + sizeof(struct header))
_Static_assert(FILL_FIRST * RX_ROOM >= FRAME_MAX, "the largest frame fits");
#define MTU_MIN     68u
#define SMALL_RAM   (32ull << 20)

struct rxbuf {
    struct netrx rx;        /* first; driver[0] is the card */
    uint8_t *memory;        /* RX_BYTES */
    struct rxbuf *next_free;
};

struct txslot {
    void (*done)(void *arg);
    void *arg;
    struct header *header;  /* [I] */
    struct txslot *next_free;
};

struct nic {
    struct netdev dev;
    struct virtio_device *vd;
    struct virtq *rx, *tx;
    unsigned in_ring;           /* receive buffers the device has */
    unsigned fill;              /* how many it shall have: grows when it
                                 * nearly ran out, up to the ring's size */

    struct spinlock pool_lock;
    struct rxbuf *pool;         /* [pool_lock] free ones */
    unsigned bufs, bufs_keep, bufs_max;     /* [pool_lock] that exist */
    bool starved;               /* [pool_lock] the ring lacks buffers */

    struct txslot *slots, *slots_free;
};

/* ---------------- receive ---------------- */

static struct rxbuf *rxbuf_new(struct nic *n)
{
    struct rxbuf *b = kzalloc(sizeof(*b));

    if (!b)
        return NULL;
    b->memory = kmalloc(RX_BYTES);
    if (!b->memory) {
        kfree(b);
        return NULL;
    }
    b->rx.driver[0] = &n->dev;
    return b;
}

static void rxbuf_destroy(struct rxbuf *b)
{
    kfree(b->memory);
    kfree(b);
}

static struct rxbuf *rxbuf_get(struct nic *n)
{
    uint64_t flags = spin_lock_irqsave(&n->pool_lock);
    struct rxbuf *b = n->pool;
    bool more = false;

    if (b)
        n->pool = b->next_free;
    else if (n->bufs < n->bufs_max)
        more = ++n->bufs;
    spin_unlock_irqrestore(&n->pool_lock, flags);
    if (!more)
        return b;
    b = rxbuf_new(n);
    if (!b) {
        flags = spin_lock_irqsave(&n->pool_lock);
        n->bufs--;
        spin_unlock_irqrestore(&n->pool_lock, flags);
    }
    return b;
}

static void rxbuf_put(struct nic *n, struct rxbuf *b)
{
    uint64_t flags = spin_lock_irqsave(&n->pool_lock);
    bool wanted = n->starved, surplus = n->bufs > n->bufs_keep;

    if (surplus) {
        n->bufs--;
    } else {
        b->next_free = n->pool;
        n->pool = b;
        n->starved = false;
    }
    spin_unlock_irqrestore(&n->pool_lock, flags);
    if (surplus)
        rxbuf_destroy(b);
    /* With an empty ring no frame will ever wake net: wake it ourselves. */
    else if (wanted && n->dev.rx_notify)
        n->dev.rx_notify(&n->dev);
}

static void nic_rx_free(struct netrx *rx)
{
    struct netdev *d = rx->driver[0];
    struct netrx *next;

    for (; rx; rx = next) {
        next = rx->next;
        rxbuf_put(d->driver, container_of(rx, struct rxbuf, rx));
    }
}

static void refill(struct nic *n)
{
    struct virtq_buf buf = { NULL, RX_ROOM };
    struct rxbuf *b;
    uint64_t flags;

    while (n->in_ring < n->fill && (b = rxbuf_get(n))) {
        buf.addr = b->memory + RX_PAD;
        if (virtq__add(n->rx, &buf, 0, 1, b)) {
            rxbuf_put(n, b);
            break;
        }
        n->in_ring++;
    }
    virtq__kick(n->rx);
    if (n->in_ring >= MIN((unsigned)n->rx->size, FILL_FIRST))
        return;
    flags = spin_lock_irqsave(&n->pool_lock);
    n->starved = true;
    spin_unlock_irqrestore(&n->pool_lock, flags);
}

/* The next buffer from the device, or NULL. */
static struct rxbuf *rx_pop(struct nic *n)
{
    uint32_t len;
    struct rxbuf *b = virtq__pop(n->rx, &len);

    if (!b)
        return NULL;
    n->in_ring--;
    b->rx.next = NULL;
    b->rx.data = b->memory + RX_PAD;
    b->rx.len = len;
    b->rx.total = 0;
    b->rx.csum_ok = b->rx.csum_partial = false;
    return b;
}

/* Appends what the header says belongs to the frame. False: it lied. */
static bool rx_gather(struct nic *n, struct netrx *first, unsigned buffers)
{
    struct netrx *last = first;
    struct rxbuf *b;

    first->total = first->len;
    while (--buffers) {
        b = rx_pop(n);
        if (!b)
            return false;
        last->next = &b->rx;
        last = &b->rx;
        first->total += last->len;
    }
    return first->total >= ETH_HEADER;
}

static struct netrx *rx_frame(struct nic *n, struct rxbuf *b)
{
    struct netrx *rx = &b->rx;
    struct header h;
    unsigned buffers = 1;

    if (rx->len <= sizeof(h))
        return NULL;
    memcpy(&h, rx->data, sizeof(h));
    rx->data += sizeof(h);
    rx->len -= sizeof(h);
    if (virtio__has(n->vd, F_MRG_RXBUF))
        buffers = h.buffers;
    if (buffers < 1 || buffers > n->rx->size || !rx_gather(n, rx, buffers))
        return NULL;
    if (n->dev.rx_csum) {
        rx->csum_partial = h.flags & H_NEEDS_CSUM;
        rx->csum_ok = h.flags & (H_NEEDS_CSUM | H_DATA_VALID);
    }
    return rx;
}

static struct netrx *nic_receive(struct netdev *d)
{
    struct nic *n = d->driver;
    struct rxbuf *b;
    struct netrx *rx;

    for (;;) {
        b = rx_pop(n);
        if (!b) {
            refill(n);
            if (virtq__irq_on(n->rx))
                return NULL;
            continue;
        }
        rx = rx_frame(n, b);
        if (n->in_ring < n->fill / 4)
            n->fill = MIN(n->fill * 2, (unsigned)n->rx->size);
        if (n->in_ring + REFILL <= n->fill)
            refill(n);
        if (rx)
            break;
        d->stats.rx_drops++;
        nic_rx_free(&b->rx);
    }
    d->stats.rx_packets++;
    d->stats.rx_bytes += rx->total;
    return rx;
}

static void rx_irq(struct virtq *vq)
{
    struct nic *n = vq->priv;

    virtq__irq_off(vq);
    if (n->dev.rx_notify)
        n->dev.rx_notify(&n->dev);
}

/* ---------------- transmit ---------------- */

static void nic_reclaim(struct netdev *d)
{
    struct nic *n = d->driver;
    struct txslot *s;

    while ((s = virtq__pop(n->tx, NULL))) {
        if (s->done)
            s->done(s->arg);
        s->next_free = n->slots_free;
        n->slots_free = s;
    }
}

static void header_fill(struct header *h, const struct nettx *tx)
{
    memset(h, 0, sizeof(*h));
    if (tx->csum) {
        h->flags = H_NEEDS_CSUM;
        h->csum_start = tx->csum_start;
        h->csum_offset = tx->csum_offset;
    }
    if (tx->gso_size) {
        h->gso_type = tx->gso_ipv6 ? GSO_TCPV6 : GSO_TCPV4;
        h->gso_size = tx->gso_size;
        h->hdr_len = tx->header_len;
    }
}

static int tx_add(struct nic *n, const struct nettx *tx, uint32_t *bytes)
{
    struct virtq_buf bufs[VIRTQ_TABLE_LEN];
    struct txslot *s = n->slots_free;
    unsigned i;
    int err;

    if (!s)
        return -EAGAIN;
    header_fill(s->header, tx);
    bufs[0] = (struct virtq_buf){ s->header, sizeof(*s->header) };
    *bytes = 0;
    for (i = 0; i < tx->count; i++) {
        bufs[i + 1].addr = tx->segs[i].addr;
        bufs[i + 1].len = tx->segs[i].len;
        *bytes += tx->segs[i].len;
    }
    err = virtq__add(n->tx, bufs, tx->count + 1, 0, s);
    if (err)
        return err;
    n->slots_free = s->next_free;
    s->done = tx->done;
    s->arg = tx->arg;
    return 0;
}

static int nic_transmit(struct netdev *d, const struct nettx *tx, bool more)
{
    struct nic *n = d->driver;
    uint32_t bytes;
    int err;

    nic_reclaim(d);
    err = tx_add(n, tx, &bytes);
    if (err == -EAGAIN) {
        virtq__kick(n->tx);
        /* tx_irq tells net when there is room; unless there is already. */
        if (!virtq__irq_on(n->tx)) {
            nic_reclaim(d);
            err = tx_add(n, tx, &bytes);
        }
    }
    if (err)
        return err;
    d->stats.tx_packets++;
    d->stats.tx_bytes += bytes;
    if (!more)
        virtq__kick(n->tx);
    return 0;
}

static bool nic_publish(struct netdev *d)
{
    struct nic *n = d->driver;

    return virtq__publish(n->tx);
}

static void nic_ring(struct netdev *d)
{
    struct nic *n = d->driver;

    virtq__ring(n->tx);
}

static void tx_irq(struct virtq *vq)
{
    struct nic *n = vq->priv;

    virtq__irq_off(vq);
    if (n->dev.rx_notify)
        n->dev.rx_notify(&n->dev);
}

static const struct netdev_ops nic_ops = {
    .receive = nic_receive,
    .rx_free = nic_rx_free,
    .transmit = nic_transmit,
    .publish = nic_publish,
    .ring = nic_ring,
    .reclaim = nic_reclaim,
};

/* ---------------- start ---------------- */

static void link_read(struct virtio_device *vd)
{
    struct nic *n = vd->priv;
    bool link = true;

    if (virtio__has(vd, F_STATUS))
        link = vd->ops->config(vd, CFG_STATUS, 2) & STATUS_LINK;
    __atomic_store_n(&n->dev.link, link, __ATOMIC_RELEASE);
}

static void config_changed(struct virtio_device *vd)
{
    struct nic *n = vd->priv;
    bool before = n->dev.link;

    link_read(vd);
    if (n->dev.link != before && n->dev.link_notify)
        n->dev.link_notify(&n->dev);
}

static void config_read(struct nic *n)
{
    struct virtio_device *vd = n->vd;
    struct netdev *d = &n->dev;
    uint32_t low;
    unsigned mtu = 1500;

    if (virtio__has(vd, F_MAC)) {
        low = vd->ops->config(vd, CFG_MAC, 4);
        memcpy(d->mac, &low, 4);
        low = vd->ops->config(vd, CFG_MAC + 4, 2);
        memcpy(d->mac + 4, &low, 2);
    } else {
        random_bytes(d->mac, sizeof(d->mac));
        d->mac[0] = (d->mac[0] & 0xfe) | 2;     /* local, not a group */
    }
    if (virtio__has(vd, F_MTU))
        mtu = vd->ops->config(vd, CFG_MTU, 2);
    if (!virtio__has(vd, F_MRG_RXBUF))
        mtu = MIN(mtu, RX_ROOM - sizeof(struct header) - ETH_HEADER);
    d->mtu = MAX(mtu, MTU_MIN);
    d->tx_csum = virtio__has(vd, F_CSUM);
    d->rx_csum = virtio__has(vd, F_GUEST_CSUM);
    d->tx_tso4 = virtio__has(vd, F_CSUM | F_HOST_TSO4);
    d->tx_tso6 = virtio__has(vd, F_CSUM | F_HOST_TSO6);
}

static int slots_init(struct nic *n)
{
    unsigned count = n->tx->size, i;
    struct header *headers = kcalloc(count, sizeof(*headers));

    n->slots = kcalloc(count, sizeof(*n->slots));
    if (!n->slots || !headers) {
        kfree(headers);
        return -ENOMEM;
    }
    for (i = 0; i < count; i++) {
        n->slots[i].header = &headers[i];
        n->slots[i].next_free = n->slots_free;
        n->slots_free = &n->slots[i];
    }
    return 0;
}

static int queues_init(struct nic *n)
{
    struct mm_stats mem;
    unsigned want = VIRTQ_SIZE_MAX, i;
    struct rxbuf *b;

    mm_stats_get(&mem);
    if (mem.total * PAGE_SIZE < SMALL_RAM)
        want = 64;
    n->rx = virtio__queue_add(n->vd, 0, want, 0, rx_irq, n);
    if (IS_ERR(n->rx))
        return PTR_ERR(n->rx);
    n->tx = virtio__queue_add(n->vd, 1, want, 0, tx_irq, n);
    if (IS_ERR(n->tx))
        return PTR_ERR(n->tx);
    virtq__irq_off(n->tx);
    n->dev.tx_max_segments = VIRTQ_TABLE_LEN - 1;
    if (!(n->vd->features & VIRTIO_F_INDIRECT))
        n->dev.tx_max_segments = MIN(n->tx->size - 1u, VIRTQ_TABLE_LEN - 1);
    if (n->rx->size < REFILL || !n->dev.tx_max_segments)
        return -EINVAL;
    if (n->vd->features & (F_GUEST_TSO4 | F_GUEST_TSO6) &&
        n->rx->size < FILL_FIRST)
        return -EINVAL;
    n->bufs_keep = n->rx->size + n->rx->size / 2;
    n->bufs_max = MIN(NET_RX_BUFS_MAX, mem.total * PAGE_SIZE / 16 / RX_BYTES);
    n->bufs_max = MAX(n->bufs_max, n->bufs_keep);
    /* At least these always exist, so that the ring never dries up for good. */
    for (i = 0; i < REFILL; i++) {
        b = rxbuf_new(n);
        if (!b)
            return -ENOMEM;
        n->bufs++;
        rxbuf_put(n, b);
    }
    return slots_init(n);
}

static void pool_release(struct nic *n)
{
    struct rxbuf *b;

    while ((b = n->pool)) {
        n->pool = b->next_free;
        rxbuf_destroy(b);
    }
}

static int net_probe(struct virtio_device *vd)
{
    struct nic *n = kzalloc(sizeof(*n));
    int err;

    if (!n)
        return -ENOMEM;
    n->vd = vd;
    vd->priv = n;
    config_read(n);
    link_read(vd);
    n->dev.ops = &nic_ops;
    n->dev.driver = n;
    err = queues_init(n);
    if (!err)
        err = netdev__register(&n->dev);
    if (err) {
        pool_release(n);
        return err;         /* n stays: an interrupt may be on its way */
    }
    if (virtio__has(vd, F_STATUS))
        vd->config_changed = config_changed;
    virtio__ready(vd);
    n->fill = MIN((unsigned)n->rx->size, FILL_FIRST);
    refill(n);
    log_info("%s: %02x:%02x:%02x:%02x:%02x:%02x, mtu %u%s (%s)", n->dev.name,
             n->dev.mac[0], n->dev.mac[1], n->dev.mac[2], n->dev.mac[3],
             n->dev.mac[4], n->dev.mac[5], n->dev.mtu,
             n->dev.link ? "" : ", no link", vd->where);
    return 0;
}

/* What depends on what (5.1.3.1), and on our buffers' size. */
static uint64_t net_agree(uint64_t f)
{
    if (!(f & F_CSUM))
        f &= ~(F_HOST_TSO4 | F_HOST_TSO6);
    if (!(f & F_GUEST_CSUM) || !(f & F_MRG_RXBUF))
        f &= ~(F_GUEST_TSO4 | F_GUEST_TSO6);
    return f;
}

const struct virtio_driver virtio_net_driver = {
    .id = VIRTIO_NET,
    .name = "network card",
    .features = F_CSUM | F_GUEST_CSUM | F_MTU | F_MAC | F_GUEST_TSO4 |
                F_GUEST_TSO6 | F_HOST_TSO4 | F_HOST_TSO6 | F_MRG_RXBUF |
                F_STATUS,
    .agree = net_agree,
    .probe = net_probe,
};
