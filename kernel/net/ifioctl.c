/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ioctl on sockets: what interfaces there are (the SIOCGIF calls), and how
 * much waits. A struct ifreq is 40 bytes: 16 of name, then a union.
 */
#include "net_priv.h"

#define IFREQ_SIZE 40
#define IFREQ_DATA 16

struct ifreq_bytes { uint8_t b[IFREQ_SIZE]; };

static void put_inet(uint8_t *at, uint32_t addr)
{
    struct sockaddr_in sin = { .family = AF_INET, .addr = addr };

    memcpy(at, &sin, sizeof(sin));
}

uint32_t net__netif_flags(const struct netif *n)
{
    uint32_t f = IFF_MULTICAST;

    if (netif_is_up(n))
        f |= IFF_UP;
    if (netif_is_link_up(n))
        f |= IFF_RUNNING | IFF_LOWER_UP;
    if (net__netif_index(n) == 1)
        return (f & ~IFF_MULTICAST) | IFF_LOOPBACK | IFF_UP | IFF_RUNNING |
               IFF_LOWER_UP;
    return f | IFF_BROADCAST;
}

uint32_t net__netif_mtu(const struct netif *n)
{
    return n->mtu ? n->mtu : NET_LOOPBACK_MTU;
}

static int name_by_index(struct ifreq_bytes *r)
{
    int32_t index;
    struct netif *n;

    memcpy(&index, r->b + IFREQ_DATA, sizeof(index));
    n = index > 0 ? net__netif_by_index((unsigned)index) : NULL;
    if (!n)
        return -ENODEV;
    net__netif_name(n, (char *)r->b);
    return 0;
}

static int fill_hwaddr(struct netif *n, uint8_t *data)
{
    uint16_t type = net__netif_index(n) == 1 ? ARPHRD_LOOPBACK
                                             : ARPHRD_ETHER;

    memset(data, 0, 24);
    memcpy(data, &type, sizeof(type));
    memcpy(data + 2, n->hwaddr, MIN(n->hwaddr_len, (u8_t)6));
    return 0;
}

static int fill_int(uint8_t *data, int32_t v)
{
    memcpy(data, &v, sizeof(v));
    return 0;
}

static int fill_address(struct netif *n, unsigned cmd, uint8_t *data)
{
    uint32_t ip = ip4_addr_get_u32(netif_ip4_addr(n));
    uint32_t mask = ip4_addr_get_u32(netif_ip4_netmask(n));

    if (!ip)
        return -EADDRNOTAVAIL;
    if (cmd == SIOCGIFNETMASK)
        put_inet(data, mask);
    else if (cmd == SIOCGIFBRDADDR)
        put_inet(data, net__netif_index(n) == 1 ? 0 : ip | ~mask);
    else
        put_inet(data, ip);
    return 0;
}

static int fill(struct ifreq_bytes *r, unsigned cmd)
{
    uint8_t *data = r->b + IFREQ_DATA;
    struct netif *n;

    if (cmd == SIOCGIFNAME)
        return name_by_index(r);
    r->b[15] = 0;
    n = net__netif_by_name((char *)r->b);
    if (!n)
        return -ENODEV;
    switch (cmd) {
    case SIOCGIFINDEX:   return fill_int(data, (int)net__netif_index(n));
    case SIOCGIFMTU:     return fill_int(data, (int)net__netif_mtu(n));
    case SIOCGIFMETRIC:  return fill_int(data, 0);
    case SIOCGIFTXQLEN:  return fill_int(data, 1000);
    case SIOCGIFFLAGS:   return fill_int(data, (uint16_t)net__netif_flags(n));
    case SIOCGIFHWADDR:  return fill_hwaddr(n, data);
    default:             return fill_address(n, cmd, data);
    }
}

static long one_interface(unsigned cmd, uaddr_t arg)
{
    struct ifreq_bytes r;
    int err;

    if (copy_from_user(&r, arg, sizeof(r)))
        return -EFAULT;
    net__lock();
    err = fill(&r, cmd);
    net__unlock();
    if (err)
        return err;
    return copy_to_user(arg, &r, sizeof(r));
}

/* struct ifconf: int len, then a pointer at 8. Only interfaces with IPv4. */
static long all_interfaces(uaddr_t arg)
{
    struct { int32_t len, pad; uaddr_t buf; } conf;
    struct ifreq_bytes r[NICS_MAX + 1];
    unsigned count = 0, room;
    struct netif *n;

    if (copy_from_user(&conf, arg, sizeof(conf)))
        return -EFAULT;
    memset(r, 0, sizeof(r));
    net__lock();
    for (unsigned i = 1; i <= NICS_MAX + 1; i++) {
        n = net__netif_by_index(i);
        if (!n || ip4_addr_isany(netif_ip4_addr(n)))
            continue;
        net__netif_name(n, (char *)r[count].b);
        put_inet(r[count++].b + IFREQ_DATA,
                 ip4_addr_get_u32(netif_ip4_addr(n)));
    }
    net__unlock();
    if (conf.buf) {
        room = conf.len < 0 ? 0 : (unsigned)conf.len / IFREQ_SIZE;
        count = MIN(count, room);
        if (count && copy_to_user(conf.buf, r, count * IFREQ_SIZE))
            return -EFAULT;
    }
    conf.len = (int32_t)(count * IFREQ_SIZE);
    return copy_to_user(arg, &conf, sizeof(conf));
}

static long queue_length(long n, uaddr_t arg)
{
    int32_t v = (int32_t)n;

    if (n < 0)
        return n;
    return put_user(arg, v);
}

long net__ioctl(struct net_sock *s, unsigned cmd, uaddr_t arg)
{
    switch (cmd) {
    case FIONREAD:
        return s->ops->inq ? queue_length(s->ops->inq(s), arg) : -EINVAL;
    case SIOCOUTQ:
        return s->ops->outq ? queue_length(s->ops->outq(s), arg) : -EINVAL;
    case SIOCATMARK:
        return queue_length(0, arg);
    case SIOCGIFCONF:
        return all_interfaces(arg);
    case SIOCGIFNAME: case SIOCGIFFLAGS: case SIOCGIFADDR:
    case SIOCGIFDSTADDR: case SIOCGIFBRDADDR: case SIOCGIFNETMASK:
    case SIOCGIFMETRIC: case SIOCGIFMTU: case SIOCGIFHWADDR:
    case SIOCGIFINDEX: case SIOCGIFTXQLEN:
        return one_interface(cmd, arg);
    default:
        return -ENOTTY;
    }
}
