/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What /sys/class/net says of an interface and /proc/sys/net of the room's
 * limits. Where the texts hang, abi decides.
 */
#include "net_priv.h"

/* Of a card as the card counts; of the loopback as lwIP does. */
void net__netif_traffic(const struct netif *n, struct netdev_stats *out)
{
    const struct stats_mib2_netif_ctrs *c = &n->mib2_counters;

    for (unsigned i = 0; i < net__card_count; i++) {
        if (&net__cards[i].nif == n) {
            *out = net__cards[i].dev->stats;
            return;
        }
    }
    *out = (struct netdev_stats){
        .rx_packets = c->ifinucastpkts, .rx_bytes = c->ifinoctets,
        .rx_drops = c->ifindiscards, .tx_packets = c->ifoutucastpkts,
        .tx_bytes = c->ifoutoctets, .tx_drops = c->ifoutdiscards,
    };
}

static int address_text(const struct netif *n, char *buf, size_t size)
{
    const uint8_t *a = n->hwaddr;

    if (n->hwaddr_len != 6)
        return scnprintf(buf, size, "00:00:00:00:00:00\n");
    return scnprintf(buf, size, "%02x:%02x:%02x:%02x:%02x:%02x\n", a[0], a[1],
                     a[2], a[3], a[4], a[5]);
}

static int leaf_text(const struct netif *n, enum net_leaf leaf, char *buf,
                     size_t size)
{
    bool lo = net__netif_index(n) == 1, up = net__netif_flags(n) & IFF_RUNNING;
    struct netdev_stats s;
    uint64_t v = 0;

    net__netif_traffic(n, &s);
    switch (leaf) {
    case NET_LEAF_address:
        return address_text(n, buf, size);
    case NET_LEAF_operstate:
        return scnprintf(buf, size, "%s\n", lo ? "unknown" :
                         up ? "up" : "down");
    case NET_LEAF_flags:
        /* Of the flags, those that are set and not found out. */
        return scnprintf(buf, size, "0x%x\n", net__netif_flags(n) &
                         (IFF_UP | IFF_BROADCAST | IFF_LOOPBACK |
                          IFF_MULTICAST));
    case NET_LEAF_mtu: v = net__netif_mtu(n); break;
    case NET_LEAF_type: v = lo ? ARPHRD_LOOPBACK : ARPHRD_ETHER; break;
    case NET_LEAF_ifindex: v = net__netif_index(n); break;
    case NET_LEAF_carrier: v = up; break;
    case NET_LEAF_tx_queue_len: v = 1000; break;
    case NET_LEAF_rx_bytes: v = s.rx_bytes; break;
    case NET_LEAF_rx_packets: v = s.rx_packets; break;
    case NET_LEAF_rx_dropped: v = s.rx_drops; break;
    case NET_LEAF_tx_bytes: v = s.tx_bytes; break;
    case NET_LEAF_tx_packets: v = s.tx_packets; break;
    case NET_LEAF_tx_dropped: v = s.tx_drops; break;
    }
    return scnprintf(buf, size, "%llu\n", (unsigned long long)v);
}

int net_leaf_show(unsigned index, enum net_leaf leaf, char *buf, size_t size)
{
    const struct netif *n;
    int len = 0;

    net__lock();
    n = net__netif_by_index(index);
    if (n)
        len = leaf_text(n, leaf, buf, size);
    net__unlock();
    return len;
}

bool net_interface_name(unsigned index, char out[16])
{
    const struct netif *n;

    net__lock();
    n = net__netif_by_index(index);
    if (n)
        net__netif_name(n, out);
    net__unlock();
    return n != NULL;
}

int net_setting_show(enum net_setting s, char *buf, size_t size)
{
    switch (s) {
    case NET_SET_rmem_default: case NET_SET_wmem_default:
        return scnprintf(buf, size, "%u\n", NET_SOCKBUF_DEFAULT);
    case NET_SET_rmem_max: case NET_SET_wmem_max:
        return scnprintf(buf, size, "%u\n", NET_SOCKBUF_MAX / 2);
    case NET_SET_tcp_rmem:
        return scnprintf(buf, size, "%u\t%u\t%u\n", NET_RCVBUF_MIN,
                         NET_TCP_RCVBUF, TCP_WND);
    case NET_SET_tcp_wmem:
        return scnprintf(buf, size, "%u\t%u\t%u\n", NET_SNDBUF_MIN,
                         TCP_SND_BUF, TCP_SND_BUF);
    case NET_SET_tcp_keepalive_time:
        return scnprintf(buf, size, "%u\n", NET_KEEPIDLE);
    case NET_SET_tcp_keepalive_intvl:
        return scnprintf(buf, size, "%u\n", NET_KEEPINTVL);
    case NET_SET_tcp_keepalive_probes:
        return scnprintf(buf, size, "%u\n", NET_KEEPCNT);
    case NET_SET_ip_local_port_range:
        return scnprintf(buf, size, "%u\t%u\n", NET_PORT_FIRST, NET_PORT_LAST);
    }
    return 0;
}
