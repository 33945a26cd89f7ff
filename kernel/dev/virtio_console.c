/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtio console (virtio 1.1, 5.3): port 0. A write is copied to a buffer
 * that the device may see, and costs one doorbell; it ends when the device has
 * taken everything.
 *
 * A device that may have many ports can lack port 0 (it then carries, say, a
 * guest agent's channel): it becomes the console only once it has said, over
 * its control queues, that port 0 is one:
 *   DEVICE_READY > ; < DEVICE_ADD ; PORT_READY > ; < CONSOLE_PORT ; PORT_OPEN >
 *
 * Threads sleep until the device took a write; the log, in any context, looks
 * at the ring instead, and gives up on a device that does not move.
 */
#include "virtio_priv.h"

#define F_SIZE      (1ull << 0)
#define F_MULTIPORT (1ull << 1)

enum { CFG_COLS = 0, CFG_ROWS = 2 };
enum { Q_RX = 0, Q_TX = 1, Q_CONTROL_RX = 2, Q_CONTROL_TX = 3 };
#define RX_BUFFERS  2
#define RX_BYTES    512
#define TX_BUFFERS  8
#define TX_BYTES    1024
#define CTL_BUFFERS 4
#define CTL_BYTES   64
#define FULL_SPINS  1000000     /* looks at a ring that does not move */

/* A control message: 0/4 port, 4/2 event, 6/2 value. */
struct control { uint32_t port; uint16_t event, value; };
enum { DEVICE_READY = 0, DEVICE_ADD = 1, PORT_READY = 3, CONSOLE_PORT = 4,
       PORT_OPEN = 6 };

struct tx {
    char *bytes;                /* [I] TX_BYTES */
    struct tx *next_free;
};

static struct {
    struct virtio_device *vd;   /* [I] NULL: none */
    struct virtq *rx, *tx, *control_rx, *control_tx;    /* [I] */
    struct spinlock rx_lock;    /* rx and the next two */
    char *rx_held[RX_BUFFERS];  /* not with the device */
    unsigned rx_nheld;
    struct spinlock lock;       /* the queues but the receiving ones; below */
    struct tx buffers[TX_BUFFERS];
    struct tx *free;
    struct control *messages;   /* CTL_BUFFERS to send */
    unsigned messages_sent;
    bool stuck;                 /* the log gave up; until something moves */
    struct waitq moved;         /* the device took a buffer */
    uint16_t cols, rows;
} con;

/* ---------------- output ---------------- */

static void reap_locked(void)
{
    struct tx *t;

    while ((t = virtq__pop(con.tx, NULL))) {
        t->next_free = con.free;
        con.free = t;
        con.stuck = false;
    }
}

static void unlock(bool locked, uint64_t flags)
{
    if (locked)
        spin_unlock(&con.lock);
    irq_restore(flags);
}

/* Copies up to TX_BYTES and offers them. How much went; 0 when full. */
static size_t send(const char *buf, size_t n, bool may_sleep)
{
    uint64_t flags = irq_save();
    bool locked = dev__output_lock(&con.lock, may_sleep);
    struct tx *t = con.free;
    struct virtq_buf b;

    n = MIN(n, (size_t)TX_BYTES);
    if (t) {
        memcpy(t->bytes, buf, n);
        b = (struct virtq_buf){ t->bytes, n };
    }
    if (t && !virtq__add(con.tx, &b, 1, 0, t)) {
        con.free = t->next_free;
        virtq__kick(con.tx);
    } else {
        n = 0;
    }
    unlock(locked, flags);
    return n;
}

/* Whether there is room (or, with `all`, nothing in flight); if not and the
 * caller may sleep, an interrupt will tell. */
static bool taken(bool all, bool may_sleep)
{
    uint64_t flags = irq_save();
    bool locked = dev__output_lock(&con.lock, may_sleep), ok;

    do {
        reap_locked();
        ok = con.tx->broken ||
             (all ? con.tx->free_count == con.tx->size : con.free != NULL);
    } while (!ok && may_sleep && !virtq__irq_on(con.tx));
    unlock(locked, flags);
    return ok;
}

static bool wait_taken(bool all, bool may_sleep)
{
    unsigned i;

    if (may_sleep)
        return waitq_wait(&con.moved, taken(all, true), NSEC_FOREVER, 0) == 0;
    for (i = 0; i < FULL_SPINS && !con.stuck; i++) {
        if (taken(all, false))
            return true;
        cpu_relax();
    }
    con.stuck = true;
    return false;
}

static void con_write(const char *buf, size_t n, bool may_sleep)
{
    size_t part;

    while (n && !con.tx->broken) {
        part = send(buf, n, may_sleep);
        if (!part && !wait_taken(false, may_sleep))
            return;
        buf += part;
        n -= part;
    }
    wait_taken(true, may_sleep);
}

static void tx_irq(struct virtq *vq)
{
    virtq__irq_off(vq);
    waitq_wake_all(&con.moved);
}

static void con_size(unsigned *cols, unsigned *rows)
{
    uint16_t c = __atomic_load_n(&con.cols, __ATOMIC_RELAXED);
    uint16_t r = __atomic_load_n(&con.rows, __ATOMIC_RELAXED);

    if (c && r) {
        *cols = c;
        *rows = r;
    }
}

/* ---------------- input, and the control queues ---------------- */

/* Offers one buffer (a page's part, its own cookie) to be filled. */
static void rx_offer(struct virtq *vq, void *bytes, uint32_t size)
{
    struct virtq_buf b = { bytes, size };

    if (virtq__add(vq, &b, 0, 1, bytes) == 0)
        virtq__kick(vq);
}

/* The device gets buffers only for what there is room for, so that the host
 * keeps the rest instead of the guest losing it. */
static void rx_fill_locked(void)
{
    unsigned offered = con.rx->size - con.rx_nheld;

    while (con.rx_nheld && console__room() >= (offered + 1) * RX_BYTES) {
        rx_offer(con.rx, con.rx_held[--con.rx_nheld], RX_BYTES);
        offered++;
    }
}

static void rx_irq(struct virtq *vq)
{
    uint64_t flags = spin_lock_irqsave(&con.rx_lock);
    uint32_t len;
    char *bytes;

    do {
        while ((bytes = virtq__pop(vq, &len))) {
            console__input(bytes, len);
            con.rx_held[con.rx_nheld++] = bytes;
        }
        rx_fill_locked();
    } while (!virtq__irq_on(vq));
    spin_unlock_irqrestore(&con.rx_lock, flags);
}

static void con_resume(void)
{
    uint64_t flags = spin_lock_irqsave(&con.rx_lock);

    rx_fill_locked();
    spin_unlock_irqrestore(&con.rx_lock, flags);
}

static const struct console_ops con_ops = {
    .write = con_write,
    .size = con_size,
    .resume = con_resume,
};

static void control_send(uint32_t port, uint16_t event, uint16_t value)
{
    uint64_t flags = spin_lock_irqsave(&con.lock);
    struct control *m = &con.messages[con.messages_sent % CTL_BUFFERS];
    struct virtq_buf b = { m, sizeof(*m) };

    while (virtq__pop(con.control_tx, NULL))
        ;
    *m = (struct control){ port, event, value };
    if (virtq__add(con.control_tx, &b, 1, 0, m) == 0) {
        con.messages_sent++;
        virtq__kick(con.control_tx);
    }
    spin_unlock_irqrestore(&con.lock, flags);
}

static void control_message(const struct control *m)
{
    if (m->port != 0)
        return;
    if (m->event == DEVICE_ADD) {
        control_send(0, PORT_READY, 1);
    } else if (m->event == CONSOLE_PORT) {
        control_send(0, PORT_OPEN, 1);
        console__set(&con_ops);
    }
}

static void control_irq(struct virtq *vq)
{
    struct control m;
    uint32_t len;
    void *bytes;

    do {
        while ((bytes = virtq__pop(vq, &len))) {
            memcpy(&m, bytes, sizeof(m));
            if (len >= sizeof(m))
                control_message(&m);
            rx_offer(vq, bytes, CTL_BYTES);
        }
    } while (!virtq__irq_on(vq));
}

static void size_read(struct virtio_device *vd)
{
    if (!virtio__has(vd, F_SIZE))
        return;
    __atomic_store_n(&con.cols, vd->ops->config(vd, CFG_COLS, 2),
                     __ATOMIC_RELAXED);
    __atomic_store_n(&con.rows, vd->ops->config(vd, CFG_ROWS, 2),
                     __ATOMIC_RELAXED);
}

/* ---------------- start ---------------- */

static int queue_get(struct virtq **out, unsigned index, unsigned size,
                     void (*callback)(struct virtq *))
{
    struct virtq *vq = virtio__queue_add(con.vd, index, size, 0, callback,
                                         NULL);

    if (IS_ERR(vq))
        return PTR_ERR(vq);
    *out = vq;
    return 0;
}

static int queues_init(bool ports)
{
    int err = queue_get(&con.rx, Q_RX, RX_BUFFERS, rx_irq);

    if (!err)
        err = queue_get(&con.tx, Q_TX, TX_BUFFERS, tx_irq);
    if (!err && ports)
        err = queue_get(&con.control_rx, Q_CONTROL_RX, CTL_BUFFERS,
                        control_irq);
    if (!err && ports)
        err = queue_get(&con.control_tx, Q_CONTROL_TX, CTL_BUFFERS, NULL);
    if (!err)
        virtq__irq_off(con.tx);
    return err;
}

/* One allocation holds every buffer; it is never given back. */
static int start(bool ports)
{
    char *mem = kzalloc(TX_BUFFERS * TX_BYTES + RX_BUFFERS * RX_BYTES +
                        CTL_BUFFERS * (CTL_BYTES + sizeof(struct control)));
    int err = mem ? queues_init(ports) : -ENOMEM;
    unsigned i;

    if (err) {
        kfree(mem);
        return err;
    }
    for (i = 0; i < TX_BUFFERS; i++, mem += TX_BYTES) {
        con.buffers[i].bytes = mem;
        con.buffers[i].next_free = con.free;
        con.free = &con.buffers[i];
    }
    virtio__ready(con.vd);
    for (i = 0; i < con.rx->size; i++, mem += RX_BYTES)
        con.rx_held[con.rx_nheld++] = mem;
    con_resume();
    if (!ports)
        return 0;
    for (i = 0; i < con.control_rx->size; i++, mem += CTL_BYTES)
        rx_offer(con.control_rx, mem, CTL_BYTES);
    con.messages = (struct control *)mem;
    control_send(0, DEVICE_READY, 1);
    return 0;
}

static int console_probe(struct virtio_device *vd)
{
    bool ports = virtio__has(vd, F_MULTIPORT);
    int err;

    if (con.vd)
        return -EBUSY;      /* one is enough */
    con.vd = vd;
    waitq_init(&con.moved);
    size_read(vd);
    if (virtio__has(vd, F_SIZE))
        vd->config_changed = size_read;
    err = start(ports);
    if (err) {
        con.vd = NULL;
        return err;
    }
    log_debug("console: %s%s", vd->where, ports ? ", by port" : "");
    if (!ports)
        console__set(&con_ops);
    return 0;
}

const struct virtio_driver virtio_console_driver = {
    .id = VIRTIO_CONSOLE,
    .name = "console",
    .features = F_SIZE | F_MULTIPORT,
    .probe = console_probe,
};
