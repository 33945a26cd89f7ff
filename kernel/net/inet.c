/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What TCP and UDP sockets share: addresses of both families (IPv4 appears
 * on an AF_INET6 socket as v4-mapped), ports, and lwIP's errors in ours.
 */
#include "net_priv.h"

#include "lwip/ip6_zone.h"


static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

static int addr_get_4(const void *addr, uint32_t len, struct inet_addr *out)
{
    struct sockaddr_in sin;

    if (len < sizeof(sin))
        return -EINVAL;
    memcpy(&sin, addr, sizeof(sin));
    if (sin.family != AF_INET && !(sin.family == AF_UNSPEC && !sin.addr))
        return -EAFNOSUPPORT;
    net__ip4_set(&out->ip, sin.addr);
    out->port = lwip_ntohs(sin.port);
    return 0;
}

static int addr_get_6(const struct inet_sock *is, const void *addr,
                      uint32_t len, struct inet_addr *out)
{
    struct sockaddr_in6 sin6;
    uint32_t v4;

    if (len < 24)               /* RFC 2133's, without scope */
        return -EINVAL;
    memset(&sin6, 0, sizeof(sin6));
    memcpy(&sin6, addr, MIN(len, (uint32_t)sizeof(sin6)));
    if (sin6.family != AF_INET6)
        return -EAFNOSUPPORT;
    out->port = lwip_ntohs(sin6.port);
    if (memcmp(sin6.addr, mapped_prefix, 12) == 0) {
        if (is->v6only)
            return -ENETUNREACH;
        memcpy(&v4, sin6.addr + 12, 4);
        net__ip4_set(&out->ip, v4);
        return 0;
    }
    ip_addr_set_zero_ip6(&out->ip);
    memcpy(ip_2_ip6(&out->ip)->addr, sin6.addr, 16);
    ip6_addr_clear_zone(ip_2_ip6(&out->ip));
    out->scope = sin6.scope;
    if (sin6.scope && ip6_addr_has_scope(ip_2_ip6(&out->ip), IP6_UNKNOWN))
        ip6_addr_set_zone(ip_2_ip6(&out->ip), (u8_t)sin6.scope);
    return 0;
}

int net__inet_addr_get(const struct inet_sock *is, const void *addr,
                       uint32_t len, struct inet_addr *out)
{
    uint16_t family;

    memset(out, 0, sizeof(*out));
    if (!addr || len < sizeof(family))
        return -EINVAL;
    if (is->s.domain == AF_INET)
        return addr_get_4(addr, len, out);
    memcpy(&family, addr, sizeof(family));
    /* UDP's sendto takes IPv4's sockaddr on an AF_INET6 socket too. */
    if (family == AF_INET && !is->v6only)
        return addr_get_4(addr, len, out);
    return addr_get_6(is, addr, len, out);
}

void net__inet_addr_put(const struct inet_sock *is, const struct inet_addr *a,
                        void *addr, uint32_t *len)
{
    struct sockaddr_in sin = { .family = AF_INET };
    struct sockaddr_in6 sin6 = { .family = AF_INET6 };
    uint32_t v4;

    if (is->s.domain == AF_INET) {
        sin.port = lwip_htons(a->port);
        if (IP_IS_V4_VAL(a->ip))
            sin.addr = ip4_addr_get_u32(ip_2_ip4(&a->ip));
        memcpy(addr, &sin, sizeof(sin));
        *len = sizeof(sin);
        return;
    }
    sin6.port = lwip_htons(a->port);
    if (IP_IS_V4_VAL(a->ip)) {
        v4 = ip4_addr_get_u32(ip_2_ip4(&a->ip));
        memcpy(sin6.addr, mapped_prefix, 12);
        memcpy(sin6.addr + 12, &v4, 4);
    } else if (IP_IS_V6_VAL(a->ip)) {
        memcpy(sin6.addr, ip_2_ip6(&a->ip)->addr, 16);
        sin6.scope = ip6_addr_zone(ip_2_ip6(&a->ip));
    }
    memcpy(addr, &sin6, sizeof(sin6));
    *len = sizeof(sin6);
}

int net__inet_name(struct inet_sock *is, bool peer, void *addr, uint32_t *len)
{
    struct inet_addr a;

    net__lock();
    a = peer ? is->peer : is->local;
    net__unlock();
    if (peer && !a.port)
        return -ENOTCONN;
    net__inet_addr_put(is, &a, addr, len);
    return 0;
}

int net__inet_format(const struct inet_addr *a, char *buf, size_t size)
{
    if (ipaddr_ntoa_r(&a->ip, buf, (int)size))
        return 0;
    buf[0] = 0;
    return -EINVAL;
}

uint8_t net__inet_ip_type(const struct inet_sock *is)
{
    if (is->s.domain == AF_INET)
        return IPADDR_TYPE_V4;
    return is->v6only ? IPADDR_TYPE_V6 : IPADDR_TYPE_ANY;
}

void net__inet_any(const struct inet_sock *is, ip_addr_t *out)
{
    switch (net__inet_ip_type(is)) {
    case IPADDR_TYPE_V4: ip_addr_copy(*out, *IP4_ADDR_ANY); break;
    case IPADDR_TYPE_V6: ip_addr_copy(*out, *IP6_ADDR_ANY); break;
    default:             ip_addr_copy(*out, *IP_ANY_TYPE); break;
    }
}

static bool is_local_4(const ip4_addr_t *ip)
{
    struct netif *n;

    if ((ip4_addr_get_u32(ip) & 0xff) == 127)
        return true;
    NETIF_FOREACH(n)
        if (ip4_addr_cmp(netif_ip4_addr(n), ip))
            return true;
    return false;
}

int net__inet_addr_local(const ip_addr_t *ip)
{
    struct netif *n;

    if (ip_addr_isany(ip) || ip_addr_ismulticast(ip))
        return 0;
    if (IP_IS_V4(ip))
        return is_local_4(ip_2_ip4(ip)) ? 0 : -EADDRNOTAVAIL;
    NETIF_FOREACH(n)
        if (netif_get_ip6_addr_match(n, ip_2_ip6(ip)) >= 0)
            return 0;
    return -EADDRNOTAVAIL;
}

uint16_t net__port_random(unsigned attempt)
{
    static uint32_t last;
    uint32_t span = NET_PORT_LAST - NET_PORT_FIRST + 1;

    /* A few random tries, then in a row, so that the last free is found. */
    if (attempt < 32)
        last = net__random32() % span;
    else
        last = (last + 1) % span;
    return (uint16_t)(NET_PORT_FIRST + last);
}

int net__lwip_error(err_t err)
{
    switch (err) {
    case ERR_OK:         return 0;
    case ERR_MEM:
    case ERR_BUF:        return -ENOBUFS;
    case ERR_TIMEOUT:    return -ETIMEDOUT;
    case ERR_RTE:        return -ENETUNREACH;
    case ERR_INPROGRESS: return -EINPROGRESS;
    case ERR_WOULDBLOCK: return -EAGAIN;
    case ERR_USE:        return -EADDRINUSE;
    case ERR_ALREADY:    return -EALREADY;
    case ERR_ISCONN:     return -EISCONN;
    case ERR_CONN:       return -ENOTCONN;
    case ERR_IF:         return -ENETDOWN;
    case ERR_ABRT:       return -ECONNABORTED;
    case ERR_RST:        return -ECONNRESET;
    case ERR_CLSD:       return -ENOTCONN;
    default:             return -EINVAL;
    }
}
