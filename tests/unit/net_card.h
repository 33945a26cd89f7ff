/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For unit tests of net: a network card whose wire is the test. What the room
 * sends is kept, the last frame whole; what it receives is put on the wire by
 * frame_add. Include it in one source file.
 */
#ifndef HULL_NET_CARD_H
#define HULL_NET_CARD_H

#include "unit_sched.h"

#include "net/net.h"
#include "dev/dev.h"

#define MS NSEC_PER_MSEC

/* ---------------- the card ---------------- */

static struct netdev card = {
    .name = "eth0", .mac = { 0x52, 0x54, 0, 1, 2, 3 }, .mtu = 1500,
    .link = true, .tx_max_segments = 8,
};
static struct netrx *wire;              /* frames to be received */
static unsigned long sent_frames;
static uint8_t last_frame[2048];
static unsigned last_len;
static unsigned long rx_held;

unsigned netdev_count(void) { return 1; }
struct netdev *netdev_get(unsigned i) { return i ? NULL : &card; }
void netdev_kick(struct netdev *d) { (void)d; }
bool netdev_publish(struct netdev *d) { (void)d; return true; }
void netdev_ring(struct netdev *d) { (void)d; }
void netdev_reclaim(struct netdev *d) { (void)d; }

struct netrx *netdev_receive(struct netdev *d)
{
    struct netrx *rx = wire;

    (void)d;
    if (rx)
        wire = rx->driver[0];
    return rx;
}

void netrx_free(struct netrx *rx)
{
    rx_held--;
    free(rx->data);
    free(rx);
}

int netdev_transmit(struct netdev *d, const struct nettx *tx, bool more)
{
    (void)d;
    (void)more;
    sent_frames++;
    last_len = 0;
    for (unsigned i = 0; i < tx->count; i++) {
        if (last_len + tx->segs[i].len <= sizeof(last_frame))
            memcpy(last_frame + last_len, tx->segs[i].addr, tx->segs[i].len);
        last_len += tx->segs[i].len;
    }
    tx->done(tx->arg);
    return 0;
}

void random_bytes(void *buf, size_t n)
{
    uint8_t *p = buf;

    while (n--)
        *p++ = (uint8_t)unit_random();
}

static void frame_add(const void *data, size_t n)
{
    struct netrx *rx = calloc(1, sizeof(*rx)), **at = &wire;

    rx->data = malloc(n ? n : 1);       /* ASan sees a byte too many */
    memcpy(rx->data, data, n);
    rx->len = rx->total = (uint32_t)n;
    while (*at)
        at = (struct netrx **)&(*at)->driver[0];
    *at = rx;
    rx_held++;
}

static void frames_deliver(void)
{
    card.rx_notify(&card);
    while (wire)
        thread_sleep_until(arch_clock() + MS / 10, 0);
    thread_yield();
}

static void net_boot(const struct net_config *c)
{
    unit_sched_boot();
    assert_int_equal(net_init(c), 0);
    thread_sleep_until(arch_clock() + 5 * MS, 0);
}

/* ---------------- frames ---------------- */

static uint16_t csum(const uint8_t *p, size_t n, uint32_t sum)
{
    for (size_t i = 0; i + 1 < n; i += 2)
        sum += (uint32_t)p[i] << 8 | p[i + 1];
    if (n & 1)
        sum += (uint32_t)p[n - 1] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

/* Makes every checksum of an IPv4 frame right again where it can be. */
static void fix_sums(uint8_t *f, size_t n)
{
    size_t hlen, total, l4;
    uint32_t sum = 0;
    unsigned at;

    if (n < 34 || f[12] != 8 || f[13] != 0)
        return;
    hlen = (f[14] & 15u) * 4u;
    total = (size_t)f[16] << 8 | f[17];
    if (hlen < 20 || total < hlen || 14 + total > n)
        return;
    put16(f + 24, 0);
    put16(f + 24, csum(f + 14, hlen, 0));
    l4 = total - hlen;
    at = f[23] == 6 ? 16 : f[23] == 17 ? 6 : f[23] == 1 ? 2 : 99;
    if (at + 2 > l4)
        return;
    if (at != 2) {
        for (int i = 26; i < 34; i += 2)
            sum += (uint32_t)f[i] << 8 | f[i + 1];
        sum += f[23] + (uint32_t)l4;
    }
    put16(f + 14 + hlen + at, 0);
    put16(f + 14 + hlen + at, csum(f + 14 + hlen, l4, sum));
}

#endif
