/* SPDX-License-Identifier: BSD-2-Clause */
/* The door to network cards: the list of them, and the way to the driver. */
#include "dev_priv.h"

static struct netdev *cards[NICS_MAX];
static unsigned card_count;     /* grows at start-up only */

int netdev__register(struct netdev *d)
{
    if (card_count == NICS_MAX)
        return -ENOSPC;
    snprintf(d->name, sizeof(d->name), "eth%u", card_count);
    cards[card_count++] = d;
    return 0;
}

unsigned netdev_count(void)
{
    return card_count;
}

struct netdev *netdev_get(unsigned i)
{
    return i < card_count ? cards[i] : NULL;
}

struct netrx *netdev_receive(struct netdev *d)
{
    return d->ops->receive(d);
}

void netrx_free(struct netrx *rx)
{
    struct netdev *d = rx->driver[0];

    d->ops->rx_free(rx);
}

int netdev_transmit(struct netdev *d, const struct nettx *tx, bool more)
{
    ASSERT(tx->count > 0 && tx->count <= d->tx_max_segments);
    if (fault_should_fail(FAULT_NET))
        return -EAGAIN;
    return d->ops->transmit(d, tx, more);
}

bool netdev_publish(struct netdev *d)
{
    return d->ops->publish(d);
}

void netdev_ring(struct netdev *d)
{
    d->ops->ring(d);
}

void netdev_kick(struct netdev *d)
{
    if (netdev_publish(d))
        netdev_ring(d);
}

void netdev_reclaim(struct netdev *d)
{
    d->ops->reclaim(d);
}
