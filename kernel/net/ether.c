/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network card of dev as an interface of lwIP.
 *
 * Receive: a long frame is wrapped, not copied: the driver's buffer is the
 * pbuf's memory until lwIP and the socket are done with it. Transmit: the
 * card reads the pbufs' own memory; a reference keeps them until it is done,
 * and lwIP does not touch a segment that the card still holds. All under the
 * net lock.
 */
#include "net_priv.h"

#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/prot/ethernet.h"
#include "lwip/prot/ip4.h"
#include "lwip/prot/ip6.h"
#include "lwip/prot/tcp.h"
#include "netif/ethernet.h"

#define FRAME_MIN 60    /* without the checksum */
#define CHECK_L4 (NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP)

struct net_card net__cards[NICS_MAX];
unsigned net__card_count;
uint64_t net__drops;

/* ---------------- receive ---------------- */

struct rx_pbuf {
    struct pbuf_custom custom;      /* first: lwIP gives it back */
    struct netrx *rx;
};

static void rx_pbuf_free(struct pbuf *p)
{
    struct rx_pbuf *r = (struct rx_pbuf *)p;

    netrx_free(r->rx);
    kfree(r);
    __atomic_sub_fetch(&net__mem.pbufs, 1, __ATOMIC_RELAXED);
}

/* A frame shorter than Ethernet's least is padded to it, as on a real wire:
 * lwIP reads ARP and IP headers before it looks at the length. */
static struct pbuf *rx_copy(struct netrx *rx)
{
    uint32_t size = MAX(rx->total, (uint32_t)FRAME_MIN);
    struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)size, PBUF_RAM);
    uint8_t *to;

    if (p) {
        to = p->payload;
        for (struct netrx *r = rx; r; r = r->next) {
            memcpy(to, r->data, r->len);
            to += r->len;
        }
        memset(to, 0, size - rx->total);
    }
    netrx_free(rx);
    return p;
}

/* Takes rx over; NULL when memory is out. */
static struct pbuf *rx_to_pbuf(struct netrx *rx)
{
    struct rx_pbuf *r;

    if (rx->total <= NET_COPYBREAK || rx->next)
        return rx_copy(rx);
    r = kmalloc(sizeof(*r));
    if (!r) {
        netrx_free(rx);
        return NULL;
    }
    __atomic_add_fetch(&net__mem.pbufs, 1, __ATOMIC_RELAXED);
    r->rx = rx;
    r->custom.custom_free_function = rx_pbuf_free;
    return pbuf_alloced_custom(PBUF_RAW, (u16_t)rx->len, PBUF_REF,
                               &r->custom, rx->data, (u16_t)rx->len);
}

/* The pieces of a frame must add up to its stated length. */
static bool rx_sane(const struct netrx *rx)
{
    uint64_t sum = 0;

    for (const struct netrx *r = rx; r; r = r->next)
        sum += r->len;
    return sum == rx->total && sum >= SIZEOF_ETH_HDR && sum <= 65535;
}

static void card_input(struct net_card *c, struct netrx *rx)
{
    bool ok = rx->csum_ok || rx->csum_partial;
    struct pbuf *p;

    if (!rx_sane(rx)) {
        netrx_free(rx);
        c->rx_errors++;
        return;
    }
    p = rx_to_pbuf(rx);
    if (!p) {
        __atomic_add_fetch(&net__drops, 1, __ATOMIC_RELAXED);
        return;
    }
    if (ok)
        c->nif.chksum_flags &= (u16_t)~CHECK_L4;
    else
        c->nif.chksum_flags |= CHECK_L4;
    if (c->nif.input(p, &c->nif) != ERR_OK)
        pbuf_free(p);
}

/* True: the budget is used up and more may wait. */
bool net__card_poll(struct net_card *c, unsigned budget)
{
    struct netrx *rx;
    unsigned n = 0;

    while (n < budget && (rx = netdev_receive(c->dev)) != NULL) {
        card_input(c, rx);
        n++;
    }
    return n == budget;
}

/* ---------------- transmit ---------------- */

static void tx_done(void *arg)
{
    pbuf_free(arg);
}

static uint32_t sum_words(uint32_t sum, const uint8_t *p, unsigned bytes)
{
    for (unsigned i = 0; i + 1 < bytes; i += 2)
        sum += (uint32_t)p[i] | (uint32_t)p[i + 1] << 8;
    return sum;
}

/* lwIP leaves TCP's checksum 0 when the card fills it in; what the card wants
 * there is the sum over the pseudo header. */
static void tx_csum_prepare(struct pbuf *p, struct nettx *tx)
{
    uint8_t *eth = p->payload;
    uint8_t *ip = eth + SIZEOF_ETH_HDR;
    unsigned type = (unsigned)eth[12] << 8 | eth[13];
    unsigned hlen, l4len;
    uint32_t sum;

    if (p->len < SIZEOF_ETH_HDR + IP_HLEN)
        return;
    if (type == ETHTYPE_IP) {
        hlen = (ip[0] & 15u) * 4u;
        /* Fragments have no checksum of their own. */
        if (ip[9] != IP_PROTO_TCP || ((ip[6] & 0x3fu) | ip[7]))
            return;
        sum = sum_words(0, ip + 12, 8);
    } else if (type == ETHTYPE_IPV6) {
        hlen = IP6_HLEN;
        if (p->len < SIZEOF_ETH_HDR + IP6_HLEN || ip[6] != IP6_NEXTH_TCP)
            return;
        sum = sum_words(0, ip + 8, 32);
    } else {
        return;
    }
    if (p->len < SIZEOF_ETH_HDR + hlen + TCP_HLEN)
        return;
    l4len = p->tot_len - SIZEOF_ETH_HDR - hlen;
    sum += lwip_htons(IP_PROTO_TCP);
    sum += lwip_htons((uint16_t)l4len);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    ip[hlen + 16] = (uint8_t)sum;
    ip[hlen + 17] = (uint8_t)(sum >> 8);
    tx->csum = true;
    tx->csum_start = (uint16_t)(SIZEOF_ETH_HDR + hlen);
    tx->csum_offset = 16;
}

/* One reference on the result is the card's. */
static struct pbuf *tx_flatten(struct pbuf *p, unsigned max)
{
    struct pbuf *q;
    unsigned n = 0;

    for (q = p; q; q = q->next)
        n++;
    if (n <= max) {
        pbuf_ref(p);
        return p;
    }
    return pbuf_clone(PBUF_RAW, PBUF_RAM, p);
}

static err_t card_output(struct netif *nif, struct pbuf *p)
{
    struct net_card *c = nif->state;
    struct nettx_segment segs[NET_TX_SEGMENTS_MAX];
    struct nettx tx = { .segs = segs, .done = tx_done };
    unsigned max = MIN(c->dev->tx_max_segments,
                       (uint32_t)NET_TX_SEGMENTS_MAX);

    p = tx_flatten(p, MAX(max, 1u));
    if (!p)
        return ERR_MEM;
    for (struct pbuf *q = p; q; q = q->next) {
        if (!q->len)
            continue;
        segs[tx.count].addr = q->payload;
        segs[tx.count++].len = q->len;
    }
    tx.arg = p;
    if (c->dev->tx_csum)
        tx_csum_prepare(p, &tx);
    if (netdev_transmit(c->dev, &tx, true) != 0) {
        netdev_kick(c->dev);
        netdev_reclaim(c->dev);
        if (netdev_transmit(c->dev, &tx, true) != 0) {
            c->tx_errors++;
            pbuf_free(p);
            return ERR_MEM;
        }
    }
    c->kick = true;
    return ERR_OK;
}

uint32_t net__cards_publish(void)
{
    uint32_t bells = 0;

    for (unsigned i = 0; i < net__card_count; i++) {
        if (!net__cards[i].kick)
            continue;
        net__cards[i].kick = false;
        if (netdev_publish(net__cards[i].dev))
            bells |= 1u << i;
    }
    return bells;
}

void net__cards_ring(uint32_t bells)
{
    for (; bells; bells &= bells - 1)
        netdev_ring(net__cards[__builtin_ctz(bells)].dev);
}

void net__cards_reclaim(void)
{
    for (unsigned i = 0; i < net__card_count; i++)
        netdev_reclaim(net__cards[i].dev);
}

/* ---------------- interfaces ---------------- */

static err_t card_init(struct netif *nif)
{
    struct net_card *c = nif->state;

    nif->name[0] = 'e';
    nif->name[1] = 't';
    nif->output = etharp_output;
    nif->output_ip6 = ethip6_output;
    nif->linkoutput = card_output;
    nif->mtu = c->dev->mtu;
    nif->mtu6 = c->dev->mtu;
    nif->hwaddr_len = 6;
    memcpy(nif->hwaddr, c->dev->mac, 6);
    nif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
                 NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    nif->chksum_flags = NETIF_CHECKSUM_ENABLE_ALL;
    if (c->dev->tx_csum)
        nif->chksum_flags &= (u16_t)~NETIF_CHECKSUM_GEN_TCP;
    return ERR_OK;
}

int net__card_add(struct netdev *d)
{
    struct net_card *c = &net__cards[net__card_count];

    if (net__card_count == NICS_MAX) {
        log_warn("net: %s ignored, more than %d cards", d->name,
                 NICS_MAX);
        return -ENOSPC;
    }
    c->dev = d;
    if (!netif_add_noaddr(&c->nif, c, card_init, ethernet_input))
        return -ENOMEM;
    d->net_private = c;
    d->rx_notify = net__rx_notify;
    net__card_count++;
    if (net__card_count == 1)
        netif_set_default(&c->nif);
    netif_create_ip6_linklocal_address(&c->nif, 1);
    c->nif.ip6_autoconfig_enabled = 1;
    netif_set_link_up(&c->nif);
    netif_set_up(&c->nif);
    return 0;
}

static struct net_card *card_of(const struct netif *n)
{
    for (unsigned i = 0; i < net__card_count; i++)
        if (&net__cards[i].nif == n)
            return &net__cards[i];
    return NULL;
}

void net__netif_name(const struct netif *n, char out[16])
{
    struct net_card *c = card_of(n);

    strlcpy(out, c ? c->dev->name : "lo", 16);
}

struct netif *net__netif_by_name(const char *name)
{
    struct netif *n;
    char buf[16];

    NETIF_FOREACH(n) {
        net__netif_name(n, buf);
        if (strcmp(buf, name) == 0)
            return n;
    }
    return NULL;
}

/* lwIP numbers from 1 in the order of netif_add: the loopback is first. */
unsigned net__netif_index(const struct netif *n)
{
    return n ? netif_get_index(n) : 0;
}

struct netif *net__netif_by_index(unsigned index)
{
    return index && index < 256 ? netif_get_by_index((u8_t)index) : NULL;
}
