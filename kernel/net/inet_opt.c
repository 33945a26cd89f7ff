/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of the levels IPPROTO_IP and IPPROTO_IPV6, and of SOL_SOCKET as far
 * as lwIP must know of them. TCP and UDP sockets alike.
 */
#include "net_priv.h"

#include "lwip/igmp.h"
#include "lwip/mld6.h"

struct membership {
    struct list link;
    ip_addr_t group;
    uint8_t netif;
};

void net__inet_init(struct inet_sock *is)
{
    is->mc_ttl = 1;
    is->mc_loop = true;
    is->want = WANT_MC_ALL;
    ip_addr_set_any(is->s.domain == AF_INET6, &is->local.ip);
    ip_addr_set_any(is->s.domain == AF_INET6, &is->peer.ip);
    list_init(&is->groups);
}

static void so_option(struct inet_sock *is, uint32_t flag, u8_t so)
{
    if (net__flag(&is->s, flag))
        is->ip->so_options |= so;
    else
        is->ip->so_options &= (u8_t)~so;
}

void net__inet_apply(struct inet_sock *is)
{
    if (!is->ip)
        return;
    so_option(is, SOCK_F_REUSEADDR | SOCK_F_REUSEPORT, SOF_REUSEADDR);
    so_option(is, SOCK_F_KEEPALIVE, SOF_KEEPALIVE);
    so_option(is, SOCK_F_BROADCAST, SOF_BROADCAST);
    is->ip->ttl = is->ttl ? is->ttl : IP_DEFAULT_TTL;
    is->ip->tos = is->tos;
    is->ip->netif_idx = is->bound_if;
}

/* ---------------- multicast ---------------- */

static int group_change(struct netif *n, const ip_addr_t *group, bool join)
{
    err_t err;

    if (IP_IS_V4(group))
        err = join ? igmp_joingroup_netif(n, ip_2_ip4(group))
                   : igmp_leavegroup_netif(n, ip_2_ip4(group));
    else
        err = join ? mld6_joingroup_netif(n, ip_2_ip6(group))
                   : mld6_leavegroup_netif(n, ip_2_ip6(group));
    return err == ERR_OK ? 0 : join ? -ENODEV : -EADDRNOTAVAIL;
}

static struct membership *group_find(struct inet_sock *is,
                                     const ip_addr_t *group, uint8_t idx)
{
    struct membership *m;

    list_for_each(m, &is->groups, link)
        if (ip_addr_cmp(&m->group, group) && (!idx || m->netif == idx))
            return m;
    return NULL;
}

static int group_join(struct inet_sock *is, struct netif *n,
                      const ip_addr_t *group)
{
    struct membership *m;
    int err;

    if (group_find(is, group, netif_get_index(n)))
        return -EADDRINUSE;
    if (is->group_count >= NET_GROUPS_MAX)
        return -ENOBUFS;
    m = kmalloc(sizeof(*m));
    if (!m)
        return -ENOMEM;
    err = group_change(n, group, true);
    if (err) {
        kfree(m);
        return err;
    }
    ip_addr_copy(m->group, *group);
    m->netif = netif_get_index(n);
    list_add_tail(&is->groups, &m->link);
    is->group_count++;
    return 0;
}

static void group_leave(struct inet_sock *is, struct membership *m)
{
    struct netif *n = net__netif_by_index(m->netif);

    if (n)
        group_change(n, &m->group, false);
    list_del(&m->link);
    is->group_count--;
    kfree(m);
}

void net__inet_done(struct inet_sock *is)
{
    while (!list_empty(&is->groups))
        group_leave(is, list_first(&is->groups, struct membership, link));
}

static struct netif *group_netif(uint32_t addr, unsigned index)
{
    struct netif *n;

    if (index)
        return net__netif_by_index(index);
    if (addr) {
        NETIF_FOREACH(n)
            if (ip4_addr_get_u32(netif_ip4_addr(n)) == addr)
                return n;
        return NULL;
    }
    return netif_default ? netif_default : netif_list;
}

static int membership_set(struct inet_sock *is, int level, bool join,
                          const void *val, uint32_t len)
{
    uint32_t req[5] = { 0 };
    ip_addr_t group;
    struct netif *n;
    struct membership *m;

    if (!val || len < (level == IPPROTO_IP ? 8u : 20u))
        return -EINVAL;
    memcpy(req, val, MIN(len, (uint32_t)sizeof(req)));
    if (level == IPPROTO_IP) {
        net__ip4_set(&group, req[0]);
        n = group_netif(req[1], len >= 12 ? req[2] : 0);
    } else {
        ip_addr_set_zero_ip6(&group);
        memcpy(ip_2_ip6(&group)->addr, req, 16);
        n = group_netif(0, req[4]);
    }
    if (!net__is_multicast(&group))
        return -EINVAL;
    if (!n)
        return -ENODEV;
    if (join)
        return group_join(is, n, &group);
    m = group_find(is, &group, netif_get_index(n));
    if (!m)
        return -EADDRNOTAVAIL;
    group_leave(is, m);
    return 0;
}

static struct udp_pcb *udp_of(struct inet_sock *is)
{
    return is->s.type == SOCK_DGRAM ? (struct udp_pcb *)is->ip : NULL;
}

static int multicast_if_set(struct inet_sock *is, int level, const void *val,
                            uint32_t len)
{
    uint32_t req[3] = { 0 };
    struct udp_pcb *pcb = udp_of(is);
    struct netif *n;

    if (!val || len < 4)
        return -EINVAL;
    if (!pcb)
        return -ENOPROTOOPT;
    memcpy(req, val, MIN(len, (uint32_t)sizeof(req)));
    if (level == IPPROTO_IPV6)
        n = group_netif(0, req[0]);
    else if (len >= 8)
        n = group_netif(req[1], len >= 12 ? req[2] : 0);
    else
        n = group_netif(req[0], 0);
    if (!n)
        return -EADDRNOTAVAIL;
    udp_set_multicast_netif_index(pcb, netif_get_index(n));
    if (level == IPPROTO_IP)
        udp_set_multicast_netif_addr(pcb, netif_ip4_addr(n));
    return 0;
}

/* ---------------- plain values ---------------- */

static const struct {
    int level, name;
    uint32_t want;
} want_options[] = {
    { IPPROTO_IP, IP_PKTINFO, WANT_PKTINFO },
    { IPPROTO_IP, IP_RECVTTL, WANT_TTL },
    { IPPROTO_IP, IP_RECVTOS, WANT_TOS },
    { IPPROTO_IP, IP_RECVERR, WANT_RECVERR },
    { IPPROTO_IP, IP_MULTICAST_ALL, WANT_MC_ALL },
    { IPPROTO_IP, IP_FREEBIND, WANT_FREEBIND },
    { IPPROTO_IPV6, IPV6_RECVPKTINFO, WANT_PKTINFO6 },
    { IPPROTO_IPV6, IPV6_RECVHOPLIMIT, WANT_HOPLIMIT },
    { IPPROTO_IPV6, IPV6_RECVTCLASS, WANT_TCLASS },
    { IPPROTO_IPV6, IPV6_RECVERR, WANT_RECVERR6 },
    { IPPROTO_IPV6, IPV6_MULTICAST_ALL, WANT_MC_ALL },
};

static uint32_t want_of(int level, int name)
{
    for (unsigned i = 0; i < ARRAY_LEN(want_options); i++)
        if (want_options[i].level == level && want_options[i].name == name)
            return want_options[i].want;
    return 0;
}

/* Linux takes a byte as well as an int here. */
static int small_int(const void *val, uint32_t len, int *out)
{
    if (!val || !len)
        return -EINVAL;
    if (len >= sizeof(int))
        memcpy(out, val, sizeof(int));
    else
        *out = *(const uint8_t *)val;
    return 0;
}

/* IPV6_MTU: fragments may be no larger. lwIP's are as large as the interface
 * allows: a limit below that is said once, and not kept. */
static int fragments_limit(int v)
{
    static bool said;           /* [net] */

    if (v != 0 && v < IPV6_MTU_LEAST)
        return -EINVAL;
    if (v && !said)
        log_warn("net: IPV6_MTU %d: fragments stay as large as the interface "
                 "allows", v);
    said |= v != 0;
    return 0;
}

static int value_set(struct inet_sock *is, int level, int name, int v)
{
    struct udp_pcb *pcb = udp_of(is);

    if ((level == IPPROTO_IP && name == IP_TTL) ||
        (level == IPPROTO_IPV6 && name == IPV6_UNICAST_HOPS)) {
        if (v != -1 && (v < 1 || v > 255))
            return -EINVAL;
        is->ttl = v == -1 ? 0 : (uint8_t)v;
    } else if ((level == IPPROTO_IP && name == IP_TOS) ||
               (level == IPPROTO_IPV6 && name == IPV6_TCLASS)) {
        if (v < -1 || v > 255)
            return level == IPPROTO_IP ? 0 : -EINVAL;
        is->tos = v == -1 ? 0 : (uint8_t)v;
    } else if ((level == IPPROTO_IP && name == IP_MULTICAST_TTL) ||
               (level == IPPROTO_IPV6 && name == IPV6_MULTICAST_HOPS)) {
        if (v < -1 || v > 255)
            return -EINVAL;
        is->mc_ttl = v == -1 ? 1 : (uint8_t)v;
    } else if ((level == IPPROTO_IP && name == IP_MULTICAST_LOOP) ||
               (level == IPPROTO_IPV6 && name == IPV6_MULTICAST_LOOP)) {
        is->mc_loop = v != 0;
    } else if (level == IPPROTO_IP && name == IP_BIND_ADDRESS_NO_PORT) {
        return 0;
    } else if (level == IPPROTO_IP ? name == IP_MTU_DISCOVER
                                   : name == IPV6_MTU_DISCOVER) {
        is->accepted_opts = (uint32_t)v;
        return v < 0 || v > 5 ? -EINVAL : 0;
    } else if (level == IPPROTO_IPV6 && name == IPV6_MTU) {
        return fragments_limit(v);
    } else {
        return -ENOPROTOOPT;
    }
    net__inet_apply(is);
    if (pcb) {
        udp_set_multicast_ttl(pcb, is->mc_ttl);
        if (is->mc_loop)
            udp_set_flags(pcb, UDP_FLAGS_MULTICAST_LOOP);
        else
            udp_clear_flags(pcb, UDP_FLAGS_MULTICAST_LOOP);
    }
    return 0;
}

static int setopt_locked(struct inet_sock *is, int level, int name,
                         const void *val, uint32_t len)
{
    uint32_t want = want_of(level, name);
    bool join;
    int v, err;

    if (level == IPPROTO_IP ? name == IP_ADD_MEMBERSHIP ||
                              name == IP_DROP_MEMBERSHIP
                            : name == IPV6_ADD_MEMBERSHIP ||
                              name == IPV6_DROP_MEMBERSHIP) {
        join = name == (level == IPPROTO_IP ? IP_ADD_MEMBERSHIP
                                            : IPV6_ADD_MEMBERSHIP);
        return membership_set(is, level, join, val, len);
    }
    if (name == (level == IPPROTO_IP ? IP_MULTICAST_IF : IPV6_MULTICAST_IF))
        return multicast_if_set(is, level, val, len);
    err = small_int(val, len, &v);
    if (err)
        return err;
    if (want) {
        is->want = v ? is->want | want : is->want & ~want;
        return 0;
    }
    if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY) {
        if (is->bound)
            return -EINVAL;
        is->v6only = v != 0;
        return 0;
    }
    return value_set(is, level, name, v);
}

static int bind_device(struct inet_sock *is, const void *val, uint32_t len)
{
    char name[16] = "";
    struct netif *n;

    memcpy(name, val, MIN(len, (uint32_t)sizeof(name) - 1));
    n = net__netif_by_name(name);
    if (name[0] && !n)
        return -ENODEV;
    is->bound_if = name[0] ? netif_get_index(n) : 0;
    net__inet_apply(is);
    return 0;
}

int net__inet_setopt(struct inet_sock *is, int level, int name,
                     const void *val, uint32_t len)
{
    int err = -ENOPROTOOPT;

    net__lock();
    if (level == SOL_SOCKET && name == SO_BINDTODEVICE) {
        err = val || !len ? bind_device(is, val, len) : -EFAULT;
    } else if (level == SOL_SOCKET) {
        net__inet_apply(is);
        err = 0;
    } else if (level == IPPROTO_IP ||
               (level == IPPROTO_IPV6 && is->s.domain == AF_INET6)) {
        err = setopt_locked(is, level, name, val, len);
    }
    net__unlock();
    return err;
}

/* To a connected peer, by the interface that leads there; at most what the
 * protocol's packets hold. */
static int path_mtu(const struct inet_sock *is, int most, int *v)
{
    const struct netif *n = ip_route(&is->local.ip, &is->peer.ip);

    if (!is->peer.port || !n)
        return -ENOTCONN;
    *v = net__inet_addr_local(&is->peer.ip) == 0 ? NET_LOOPBACK_MTU
                                                 : (int)net__netif_mtu(n);
    *v = MIN(*v, most);
    return 0;
}

static int value_get(struct inet_sock *is, int level, int name, int *v)
{
    uint32_t want = want_of(level, name);

    if (want) {
        *v = (is->want & want) != 0;
        return 0;
    }
    if (level == IPPROTO_IP) {
        switch (name) {
        case IP_TTL:            *v = is->ttl ? is->ttl : IP_DEFAULT_TTL; break;
        case IP_TOS:            *v = is->tos; break;
        case IP_MULTICAST_TTL:  *v = is->mc_ttl; break;
        case IP_MULTICAST_LOOP: *v = is->mc_loop; break;
        case IP_MTU_DISCOVER:   *v = (int)is->accepted_opts; break;
        case IP_MTU:            return path_mtu(is, IP_MTU_MOST, v);
        case IP_BIND_ADDRESS_NO_PORT: *v = 0; break;
        default:                return -ENOPROTOOPT;
        }
        return 0;
    }
    switch (name) {
    case IPV6_UNICAST_HOPS:   *v = is->ttl ? is->ttl : IP_DEFAULT_TTL; break;
    case IPV6_TCLASS:         *v = is->tos; break;
    case IPV6_MULTICAST_HOPS: *v = is->mc_ttl; break;
    case IPV6_MULTICAST_LOOP: *v = is->mc_loop; break;
    case IPV6_V6ONLY:         *v = is->v6only; break;
    case IPV6_MTU_DISCOVER:   *v = (int)is->accepted_opts; break;
    case IPV6_MTU:            return path_mtu(is, NET_LOOPBACK_MTU, v);
    default:                  return -ENOPROTOOPT;
    }
    return 0;
}

int net__inet_getopt(struct inet_sock *is, int level, int name, void *val,
                     uint32_t *len)
{
    char dev[16] = "";
    int v = 0, err = -ENOPROTOOPT;

    net__lock();
    if (level == SOL_SOCKET && name == SO_BINDTODEVICE) {
        if (is->bound_if)
            net__netif_name(net__netif_by_index(is->bound_if), dev);
        err = 1;
    } else if (level == IPPROTO_IP ||
               (level == IPPROTO_IPV6 && is->s.domain == AF_INET6)) {
        err = value_get(is, level, name, &v);
    }
    net__unlock();
    if (err == 1)
        return net__opt_put(val, len, dev, (uint32_t)strlen(dev) + !!dev[0]);
    return err ? err : net__opt_put_int(val, len, v);
}
