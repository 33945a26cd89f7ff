/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network cards, as net sees them. Frames are Ethernet without the checksum
 * trailer.
 *
 * Receive: the card's interrupt calls rx_notify (interrupt context); net then
 * calls netdev_receive from a thread until it returns NULL, which re-arms the
 * interrupt. Transmit: net fills segments; the driver keeps the buffers until
 * done(arg), called from a later netdev_transmit / netdev_reclaim / receive.
 */
#ifndef HULL_NETDEV_H
#define HULL_NETDEV_H

#include "../sched/sched.h"

struct netdev_stats {
    uint64_t rx_packets, rx_bytes, rx_drops, tx_packets, tx_bytes, tx_drops;
};

struct netdev {
    char name[16];          /* "eth0" */
    uint8_t mac[6];
    uint16_t mtu;
    bool link;              /* [a] */
    bool tx_csum;           /* fills in TCP/UDP checksums (both families) */
    bool rx_csum;           /* marks verified ones */
    bool tx_tso4, tx_tso6;  /* segments large TCP sends (gso_size) */
    uint32_t tx_max_segments;
    struct netdev_stats stats;
    void (*rx_notify)(struct netdev *d);    /* set by net */
    void (*link_notify)(struct netdev *d);  /* set by net, may be NULL */
    void *net_private;      /* net's */
    const struct netdev_ops *ops;           /* the driver's */
    void *driver;
};

/* A received frame: one or more buffers, each `len` bytes at `data`. Owned by
 * net until netrx_free, which gives the memory back to the driver. */
struct netrx {
    struct netrx *next;     /* further buffers of the same frame */
    uint8_t *data;
    uint32_t len;
    uint32_t total;         /* of the frame, in the first buffer */
    bool csum_ok;           /* TCP/UDP checksum verified by the device */
    bool csum_partial;      /* needs none: from a local virtual peer */
    void *driver[2];
};

struct nettx_segment { const void *addr; uint32_t len; };   /* direct map */
struct nettx {
    const struct nettx_segment *segs;
    unsigned count;
    bool csum;              /* fill in at csum_start + csum_offset */
    uint16_t csum_start, csum_offset;
    uint16_t gso_size;      /* 0: an ordinary frame */
    uint16_t header_len;    /* with gso: Ethernet + IP + TCP headers */
    bool gso_ipv6;
    void (*done)(void *arg);
    void *arg;
};

unsigned netdev_count(void);
struct netdev *netdev_get(unsigned i);          /* NULL beyond */
/* The next frame, or NULL, which re-arms the interrupt. One thread at a time;
 * it may run beside transmit. */
struct netrx *netdev_receive(struct netdev *d);
/* Gives rx and every buffer after it by `next` back; to free them one by one,
 * clear `next` first. Any thread. */
void netrx_free(struct netrx *rx);
/* 0; -EAGAIN when the ring is full (tx_drops is the caller's decision):
 * rx_notify is called once there is room; -EIO: the card is broken. With
 * `more` the doorbell may wait for the next one. Callers serialise. After an
 * error done is not called. */
int netdev_transmit(struct netdev *d, const struct nettx *tx, bool more);
void netdev_kick(struct netdev *d);
/* The two halves of kick: the first serialised with transmit, true if the
 * card wants its doorbell rung; that may take long, and needs no lock. */
bool netdev_publish(struct netdev *d);
void netdev_ring(struct netdev *d);
/* Calls done for finished transmissions. Callers serialise with transmit. */
void netdev_reclaim(struct netdev *d);

#endif
